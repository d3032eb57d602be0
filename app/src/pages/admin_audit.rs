//! `/admin/audit`: what everybody of the staff has done, for owners.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use leptos_router::location::Url;
use services::Staff;
use types::audit::{AuditPage, AuditRow};
use types::staff::Right;

use crate::api::shop;
use crate::api::staff::{AUDIT, STAFF, audit_query};
use crate::components::admin_frame::for_staff;
use crate::components::{AdminFrame, DeskPages, Subject, when};
use crate::live::LivePage;
use crate::pages::page_problem::PageProblem;

/// What was asked for, as it stood in the address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Asked {
    by: String,
    noun: String,
    day: String,
    before: String,
}

impl Asked {
    fn to(&self, page: &str, before: Option<u64>) -> String {
        let mut address = format!("{page}?");
        for (name, value) in [("by", &self.by), ("noun", &self.noun), ("day", &self.day)] {
            if !value.is_empty() {
                address.push_str(&format!("{name}={}&", Url::escape(value)));
            }
        }
        if let Some(before) = before {
            address.push_str(&format!("before={before}"));
        }
        address.trim_end_matches(['?', '&']).to_owned()
    }
}

#[component]
pub fn AdminAuditPage() -> impl IntoView {
    for_staff(Right::Audit, |staff| view! { <Desk staff /> })
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let shop = shop();
    let email = staff.email.clone();
    let query = use_query_map().get_untracked();
    let value = |name: &str| {
        let value: Option<String> = query.get(name);
        let value = value.unwrap_or_default();
        value.trim().chars().take(100).collect::<String>()
    };
    let asked = Asked {
        by: value("by"),
        noun: value("noun"),
        day: value("day"),
        before: value("before"),
    };
    let version = shop.acts_position();
    let wanted = audit_query(&asked.by, &asked.noun, &asked.day, &asked.before);
    let read = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, staff, wanted) = (shop.clone(), staff.clone(), wanted.clone());
            async move { shop.audit(&staff, &wanted).await }
        },
    );
    let content = move || {
        let asked = asked.clone();
        Suspend::new(async move {
            match read.await {
                Ok(page) => view! { <Acts page asked /> }.into_any(),
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <AdminFrame title="Audit" here=STAFF email follows=(LivePage::Audit, version)>
            <section class="watch staff" aria-labelledby="audit-title">
                <h1 id="audit-title">"Audit"</h1>
                <div data-live="">
                    <Suspense>{content}</Suspense>
                </div>
            </section>
        </AdminFrame>
    }
}

#[component]
fn Acts(page: AuditPage, asked: Asked) -> impl IntoView {
    let AuditPage {
        rows,
        older,
        people,
        nouns,
    } = page;
    let file = asked.to(&format!("{AUDIT}/export.csv"), None);
    let none = rows.is_empty().then(|| {
        view! { <p class="watch__none">"Nobody has done anything of that kind."</p> }
    });
    let before = (!asked.before.is_empty()).then(|| ("Newest", asked.to(AUDIT, None)));
    let after = older.map(|older| ("Older", asked.to(AUDIT, Some(older))));
    let table = (!rows.is_empty()).then(|| {
        view! {
            <table class="watch__table staff__acts" aria-labelledby="audit-title">
                <thead>
                    <tr>
                        <th scope="col">"When (UTC)"</th>
                        <th scope="col">"Who"</th>
                        <th scope="col">"About"</th>
                        <th scope="col">"What"</th>
                    </tr>
                </thead>
                <tbody>{rows.into_iter().map(row).collect_view()}</tbody>
            </table>
        }
    });
    view! {
        <Choice asked people nouns />
        <p class="watch__count">
            "The newest first. Who fails to sign in is nobody we know. "
            <a href=file>"Download as a file (CSV)"</a>
        </p>
        {none}
        {table}
        <DeskPages before after />
    }
}

#[component]
fn Choice(asked: Asked, people: Vec<(String, String)>, nouns: Vec<String>) -> impl IntoView {
    let Asked { by, noun, day, .. } = asked.clone();
    let is_any = by.is_empty() && noun.is_empty() && day.is_empty();
    let people = people.into_iter().map(|(id, name)| {
        let is_chosen = id == by;
        view! { <option value=id selected=is_chosen>{name}</option> }
    });
    let nouns = nouns.into_iter().map(|it| {
        let is_chosen = it == noun;
        let words = it.replace('_', " ");
        view! { <option value=it selected=is_chosen>{words}</option> }
    });
    let all = (!is_any).then(|| view! { <a href=AUDIT>"Everything"</a> });
    view! {
        <form class="staff__form" method="get" action=AUDIT aria-label="What to show">
            <div class="desk-field">
                <label for="audit-by">"Who"</label>
                <select id="audit-by" name="by">
                    <option value="">"Everybody"</option>
                    {people.collect_view()}
                </select>
            </div>
            <div class="desk-field">
                <label for="audit-noun">"What"</label>
                <select id="audit-noun" name="noun">
                    <option value="">"Everything"</option>
                    {nouns.collect_view()}
                </select>
            </div>
            <div class="desk-field">
                <label for="audit-day">"Day (UTC)"</label>
                <input id="audit-day" type="date" name="day" value=day />
            </div>
            <button class="desk-button" type="submit">"Show"</button>
            {all}
        </form>
    }
}

fn row(row: AuditRow) -> impl IntoView {
    let at_us = row.at_us;
    view! {
        <tr id=format!("act-{}", row.position) data-row="">
            <td data-label="When (UTC)">
                <time datetime=when::machine(at_us)>
                    {format!("{} {}", when::short_date(at_us), when::clock(at_us))}
                </time>
            </td>
            <td data-label="Who" class="staff__who">{row.who}</td>
            <td data-label="About">
                <Subject subject=row.subject />
            </td>
            <td data-label="What">
                <span class="watch__soft">{row.kind}</span>
                " "
                {row.what}
            </td>
        </tr>
    }
}
