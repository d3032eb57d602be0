//! `/admin/mails`: what was written to customers and what became of it, for staff.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use services::Staff;
use types::Problem;
use types::mail::{MailCursor, MailPage, MailRow, MailState};
use types::staff::Right;

use crate::api::alerts::ALERTS;
use crate::api::mails::MAILS;
use crate::api::purchasing::PURCHASE_ORDERS;
use crate::api::{flash, may, shop};
use crate::components::admin_frame::for_staff;
use crate::components::{AdminFrame, Holds, ProblemNote, Subject, desk_field, when};
use crate::pages::page_problem::PageProblem;

/// Characters of an order's number, at most.
const LONGEST: usize = 20;

#[component]
pub fn AdminMailsPage() -> impl IntoView {
    for_staff(Right::See, |staff| view! { <Desk staff /> })
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let shop = shop();
    let email = staff.email.clone();
    let refused = flash::take(MAILS).and_then(|flash| flash.problem);
    let query = use_query_map().get_untracked();
    let order: String = query.get("order").unwrap_or_default();
    let order: String = order.trim().chars().take(LONGEST).collect();
    let before = query
        .get("before")
        .and_then(|text| MailCursor::parse(&text));
    let asked = order.clone();
    let read = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, staff, asked) = (shop.clone(), staff.clone(), asked.clone());
            async move { shop.mails(&staff, &asked, before).await }
        },
    );
    let content = move || {
        let (refused, order) = (refused.clone(), order.clone());
        Suspend::new(async move {
            let (page, wrong) = match read.await {
                Ok(page) => (page, None),
                Err(problem) if problem.status == 422 => {
                    let none = MailPage {
                        rows: Vec::new(),
                        older: None,
                    };
                    (none, Some(problem))
                }
                Err(problem) => return view! { <PageProblem problem /> }.into_any(),
            };
            let is_first = before.is_none();
            view! {
                {refused.map(|problem| view! { <ProblemNote problem /> })}
                <section class="mails" aria-labelledby="mails-title">
                    <h1 id="mails-title">"Mails"</h1>
                    <p class="mails__none">
                        "Mails to customers. Whether the house was written to is said at each "
                        <a href=ALERTS>"alert"</a>
                        ", what a supplier got at each "
                        <a href=PURCHASE_ORDERS>"purchase order"</a>
                        "."
                    </p>
                    <OfOrder order=order.clone() wrong />
                    <Mails page order is_first />
                </section>
            }
            .into_any()
        })
    };
    view! {
        <AdminFrame title="Mails" here=MAILS email>
            <Suspense>{content}</Suspense>
        </AdminFrame>
    }
}

/// The form that leaves only the mails of one order.
#[component]
fn OfOrder(order: String, wrong: Option<Problem>) -> impl IntoView {
    let field = desk_field(
        wrong.as_ref(),
        "mails-order".to_owned(),
        ("order", "Order number"),
        Holds::Code { longest: LONGEST },
        order.clone(),
    );
    let all =
        (!order.is_empty()).then(|| view! { <a class="mails__all" href=MAILS>"All mails"</a> });
    view! {
        <form class="look-up__form" method="get" action=MAILS aria-label="Mails of an order">
            {field}
            <button class="desk-button" type="submit">"Show"</button>
            {all}
        </form>
    }
}

#[component]
fn Mails(page: MailPage, order: String, is_first: bool) -> impl IntoView {
    let MailPage { rows, older } = page;
    if rows.is_empty() {
        let words = match (order.is_empty(), is_first) {
            (true, true) => "No mail was written yet. The first order brings the first.",
            (true, false) => "There are no older mails.",
            (false, _) => "There are no mails about this order.",
        };
        return view! { <p class="mails__none">{words}</p> }.into_any();
    }
    let newest = (!is_first).then(|| {
        let href = address(&order, None);
        view! { <a href=href>"Newest"</a> }
    });
    let older = older.map(|older| {
        let href = address(&order, Some(older));
        view! { <a href=href rel="next">"Older mails"</a> }
    });
    view! {
        <table class="desk-table mails__table">
            <caption>"Newest first. Times are UTC."</caption>
            <thead>
                <tr>
                    <th scope="col">"Mail"</th>
                    <th scope="col">"About"</th>
                    <th scope="col">"Written (UTC)"</th>
                    <th scope="col">"State"</th>
                    <th scope="col">"Error"</th>
                </tr>
            </thead>
            <tbody>{rows.into_iter().map(row).collect_view()}</tbody>
        </table>
        <p class="mails__pages">{newest} {older}</p>
    }
    .into_any()
}

/// The list's address. A number is letters, digits and dashes, or it is answered with a complaint.
fn address(order: &str, before: Option<MailCursor>) -> String {
    let mut address = format!("{MAILS}?");
    if !order.is_empty() {
        address.push_str(&format!("order={order}&"));
    }
    if let Some(before) = before {
        address.push_str(&format!("before={}", before.as_text()));
    }
    address.trim_end_matches(['?', '&']).to_owned()
}

fn row(row: MailRow) -> impl IntoView {
    let again = row
        .resend_of
        .map(|_| view! { <span class="mails__again">" (sent again)"</span> });
    let written = format!(
        "{}, {}",
        when::date(row.queued_at_us),
        when::minute(row.queued_at_us)
    );
    view! {
        <tr>
            <th scope="row">
                {match may(Right::Mails) {
                    true => view! { <a href=format!("{MAILS}/{}", row.id)>{row.kind}</a> }.into_any(),
                    false => row.kind.into_any(),
                }}
                {again}
            </th>
            <td class="mails__order">
                <Subject subject=row.subject />
            </td>
            <td class="mails__time">{written}</td>
            <td class="mails__state">
                <State state=row.state attempts=row.attempts />
            </td>
            <td class="mails__error">{row.error}</td>
        </tr>
    }
}

/// What became of a mail.
#[component]
pub fn State(state: MailState, attempts: u32) -> impl IntoView {
    let level = match state {
        MailState::Sent => "done",
        MailState::Queued | MailState::Sending => "now",
        MailState::Failed | MailState::Bounced => "bad",
        MailState::Moot => "over",
    };
    let attempts = (attempts > 1).then(|| format!(", {attempts} attempts"));
    view! {
        <span class="mail-state" data-level=level>{state.title()}</span>
        {attempts}
    }
}
