//! `/admin/alerts`: what staff are to look at, the open ones first.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use services::Staff;
use strum::VariantArray;
use types::alert::{AlertPage, AlertRow, AlertStatus, AlertTab, Evidence, MUTE_HOURS};
use types::staff::Right;

use crate::api::alerts::{ALERTS, address};
use crate::api::may;
use crate::api::{flash, shop};
use crate::components::admin_frame::for_staff;
use crate::components::{AdminFrame, DeskPages, ProblemNote, when};
use crate::live::LivePage;
use crate::pages::page_problem::PageProblem;

#[component]
pub fn AdminAlertsPage() -> impl IntoView {
    for_staff(Right::See, |staff| view! { <Desk staff /> })
}

/// What the address asks for.
#[derive(Debug, Clone, Copy)]
struct Asked {
    tab: AlertTab,
    page: u64,
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let shop = shop();
    let email = staff.email.clone();
    let query = use_query_map().get_untracked();
    let tab: Option<String> = query.get("tab");
    let page: Option<String> = query.get("page");
    let asked = Asked {
        tab: tab.and_then(|tab| tab.parse().ok()).unwrap_or_default(),
        page: page.and_then(|page| page.parse().ok()).unwrap_or(0),
    };
    let problem = flash::take(ALERTS).and_then(|flash| flash.problem);
    // What is newer than this is fetched again.
    let version = shop.alerts_position();
    let read = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, staff) = (shop.clone(), staff.clone());
            async move { shop.alert_page(&staff, asked.tab, asked.page).await }
        },
    );
    let content = move || {
        Suspend::new(async move {
            match read.await {
                Ok(page) => view! { <Alerts page asked /> }.into_any(),
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <AdminFrame title="Alerts" here=ALERTS email follows=(LivePage::Alerts, version)>
            {problem.map(|problem| view! { <ProblemNote problem /> })}
            <section class="watch" aria-labelledby="alerts-title">
                <h1 id="alerts-title">"Alerts"</h1>
                <div data-live="">
                    <Suspense>{content}</Suspense>
                </div>
            </section>
        </AdminFrame>
    }
}

#[component]
fn Alerts(page: AlertPage, asked: Asked) -> impl IntoView {
    let tabs = AlertTab::VARIANTS.iter().map(|&tab| {
        view! {
            <li>
                <a href=address(tab, 0) aria-current=(tab == asked.tab).then_some("page")>
                    {tab.title()}
                </a>
            </li>
        }
    });
    let none = match asked.tab {
        AlertTab::Current | AlertTab::Open => "Nothing waits for anybody.",
        _ => "There is no such alert.",
    };
    let AlertPage {
        rows,
        found,
        pages,
        staff,
        ..
    } = page;
    let noun = if found == 1 { "alert" } else { "alerts" };
    let is_empty = rows.is_empty();
    let to = |page| address(asked.tab, page);
    let before = asked.page.checked_sub(1).map(|page| ("Previous", to(page)));
    let after = (asked.page + 1 < pages).then(|| ("Next", to(asked.page + 1)));
    view! {
        <nav class="desk-tabs" aria-label="Alerts by state">
            <ul role="list">{tabs.collect_view()}</ul>
        </nav>
        <p class="watch__count">{format!("{found} {noun}. Times are UTC.")}</p>
        {is_empty.then(|| view! { <p class="watch__none">{none}</p> })}
        <ul class="watch__list" role="list">
            {rows
                .into_iter()
                .map(|row| view! { <Row row asked staff=staff.clone() /> })
                .collect_view()}
        </ul>
        <DeskPages before after />
    }
}

#[component]
fn Row(row: AlertRow, asked: Asked, staff: Vec<(String, String)>) -> impl IntoView {
    let AlertRow {
        id,
        kind,
        subject,
        name,
        severity,
        status,
        muted_until_us,
        assigned_to,
        count,
        raised_at_us,
        last_at_us,
        evidence,
        mailed,
    } = row;
    let moment = |at_us| {
        let words = format!("{}, {}", when::short_date(at_us), when::minute(at_us));
        view! { <time datetime=when::machine(at_us)>{words}</time> }
    };
    let again = (count > 1).then(|| {
        view! { <span>{format!(" {count} times, last ")} {moment(last_at_us)}</span> }
    });
    let muted = (muted_until_us > 0 && status != AlertStatus::Resolved)
        .then(|| view! { <span>" Muted until " {moment(muted_until_us)} "."</span> });
    let whose = assigned_to.map(|email| format!(" {email} takes care of it."));
    let is_over = status == AlertStatus::Resolved;
    let words: &str = severity.into_str();
    let title = kind.title_of(severity);
    let told = format!("{title} {name}");
    let mailed = mailed.map(|(at_us, refused)| match refused {
        None => view! { <span>" The house was written to " {moment(at_us)} "."</span> }.into_any(),
        Some(why) => view! { <span>{format!(" The house could not be written to: {why}.")}</span> }
            .into_any(),
    });
    let hidden = move || {
        view! {
            <input type="hidden" name="alert_id" value=id.to_string() />
            <input type="hidden" name="tab" value=asked.tab.into_str() />
            <input type="hidden" name="page" value=asked.page.to_string() />
        }
    };
    let press = |what: &'static str, words: &'static str| {
        view! {
            <form method="post" action="/api/change_alert">
                {hidden()}
                <button
                    id=format!("{what}-{id}")
                    class="desk-button"
                    name="what"
                    value=what
                    aria-label=format!("{words}: {told}")
                >
                    {words}
                </button>
            </form>
        }
    };
    let acknowledge = (status == AlertStatus::Open).then(|| press("acknowledge", "Acknowledge"));
    let resolve = (!is_over).then(|| press("resolve", "Resolve"));
    let more = (!is_over).then(|| {
        let options = staff.into_iter().map(|(id, email)| {
            view! { <option value=id>{email}</option> }
        });
        let hours = MUTE_HOURS.into_iter().map(|hours| {
            let words = match hours {
                1 => "1 hour".to_owned(),
                168 => "1 week".to_owned(),
                hours => format!("{hours} hours"),
            };
            view! { <option value=hours.to_string()>{words}</option> }
        });
        view! {
            <form method="post" action="/api/change_alert">
                {hidden()}
                <label class="desk-field">
                    <span class="visually-hidden">{format!("Whom to give it to: {told}")}</span>
                    <select name="to">{options.collect_view()}</select>
                </label>
                <button id=format!("give-{id}") class="desk-button" name="what" value="assign">
                    "Give"
                </button>
            </form>
            <form method="post" action="/api/change_alert">
                {hidden()}
                <label class="desk-field">
                    <span class="visually-hidden">{format!("For how long to mute: {told}")}</span>
                    <select name="hours">{hours.collect_view()}</select>
                </label>
                <button id=format!("mute-{id}") class="desk-button" name="what" value="mute">
                    "Mute"
                </button>
            </form>
        }
    });
    view! {
        <li class="alert" id=format!("alert-{id}") data-row="" data-severity=words>
            <div class="alert__what">
                <p class="alert__title">
                    <span class="alert__severity">{words}</span>
                    " "
                    <a href=kind.page(&subject)>{format!("{title}: {name}")}</a>
                </p>
                <p class="alert__when">
                    {format!("{}, since ", status.title())} {moment(raised_at_us)} "." {again} {muted} {whose} {mailed}
                </p>
                <ul class="alert__evidence" role="list">
                    {evidence.into_iter().map(shown).collect_view()}
                </ul>
            </div>
            {may(Right::Alerts)
                .then(|| view! { <div class="alert__do">{acknowledge} {resolve} {more}</div> })}
        </li>
    }
}

/// An event that it was reported for, with the way to it.
fn shown(event: Evidence) -> impl IntoView {
    let words = format!("#{} {}", event.position, event.kind);
    let link = match event.page.is_empty() {
        true => words.into_any(),
        false => view! { <a href=event.page>{words}</a> }.into_any(),
    };
    view! {
        <li>
            <span class="alert__event">{link}</span>
            " "
            {event.summary}
        </li>
    }
}
