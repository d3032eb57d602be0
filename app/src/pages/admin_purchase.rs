//! `/admin/purchase-orders/:id`: one order to a supplier, and what can be done with it.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use services::Staff;
use types::log::StoryEvent;
use types::purchasing::{PurchaseLineView, PurchaseStatus, PurchaseView, SentWay};
use types::staff::Right;
use types::{Problem, PurchaseOrderId};

use crate::api::purchasing::PURCHASE_ORDERS;
use crate::api::{flash, may, shop};
use crate::components::admin_frame::for_staff;
use crate::components::{AdminFrame, ProblemNote, when};
use crate::live::LivePage;
use crate::pages::admin_purchases::expected;
use crate::pages::page_problem::PageProblem;

#[component]
pub fn AdminPurchasePage() -> impl IntoView {
    for_staff(Right::See, |staff| view! { <Desk staff /> })
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let shop = shop();
    let email = staff.email.clone();
    let id: String = use_params_map()
        .get_untracked()
        .get("id")
        .unwrap_or_default();
    let id = id.parse::<PurchaseOrderId>();
    let problem = id.as_ref().ok().and_then(|id| {
        let page = format!("{PURCHASE_ORDERS}/{id}");
        flash::take(&page).and_then(|flash| flash.problem)
    });
    let version = shop.purchasing_position();
    let read = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, staff, id) = (shop.clone(), staff.clone(), id.clone());
            async move {
                let id = id.map_err(|_| Problem::not_found("There is no such purchase order."))?;
                shop.purchase_order(&staff, id).await
            }
        },
    );
    let content = move || {
        Suspend::new(async move {
            match read.await {
                Ok(order) => view! { <Order order /> }.into_any(),
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <AdminFrame
            title="Purchase order"
            here=PURCHASE_ORDERS
            email
            follows=(LivePage::Purchasing, version)
        >
            {problem.map(|problem| view! { <ProblemNote problem /> })}
            <article class="watch" aria-labelledby="purchase-title">
                <p class="desk-order__back">
                    <a href=PURCHASE_ORDERS>"Purchase orders"</a>
                </p>
                <div data-live="">
                    <Suspense>{content}</Suspense>
                </div>
            </article>
        </AdminFrame>
    }
}

#[component]
fn Order(order: PurchaseView) -> impl IntoView {
    let PurchaseView {
        row,
        supplier,
        lines,
        revision,
        is_sending,
        way: sent_way,
        approve_at_us,
        story,
        ..
    } = order;
    let id = row.id;
    let status = row.status;
    let file = |name: &str| format!("{PURCHASE_ORDERS}/{id}/order.{name}");
    let said = match status {
        PurchaseStatus::Approved if is_sending => {
            "On its way to the supplier. This page says when it is there.".to_owned()
        }
        PurchaseStatus::Draft if approve_at_us > 0 => format!(
            "Approved by itself at {} UTC on {}, if it costs no more than {} then.",
            when::minute(approve_at_us),
            when::short_date(approve_at_us),
            row.total.map_or_else(String::new, |total| {
                types::Money::new(supplier.approve_up_to_minor, total.currency).to_string()
            })
        ),
        _ if row.is_overdue => {
            format!("It was expected by {}.", expected(row.expected_us))
        }
        _ if row.expected_us > 0 => format!("Expected by {}.", expected(row.expected_us)),
        _ => String::new(),
    };
    let way = match (supplier.webhook.is_empty(), supplier.email.is_empty()) {
        (false, _) => format!("Orders are posted to {}, signed.", supplier.webhook),
        (true, false) => format!("Orders are mailed to {}.", supplier.email),
        (true, true) => {
            "There is neither an email nor an address of its system: tell the supplier \
                         some other way, and mark the order as sent."
                .to_owned()
        }
    };
    let state = match row.is_overdue {
        true => "Overdue",
        false => status.title(),
    };
    let total = row.total.map(|total| total.to_string());
    view! {
        <div class="watch__head">
            <h1 id="purchase-title">
                <span class="visually-hidden">"Purchase order "</span>
                {row.number}
            </h1>
            <span
                class="purchase-state"
                id="purchase-state"
                data-row=""
                data-overdue=row.is_overdue.then_some("")
            >
                {state}
            </span>
            <a class="desk-button" href=file("pdf")>"PDF"</a>
            <a class="desk-button" href=file("csv")>"CSV"</a>
        </div>
        <p class="watch__count">
            <strong>{row.supplier_name}</strong>
            ". "
            {way}
            " "
            {said}
        </p>
        <Lines id lines status revision />
        <p class="purchase__total">
            "Cost in all: " <strong>{total}</strong>
            {format!(" · {} of {} pieces received", row.received, row.ordered)}
        </p>
        {may(Right::Purchasing)
            .then(|| view! { <Steps id status revision is_sending way=sent_way /> })}
        <Happened story />
    }
}

/// What every form of the order says.
fn hidden(id: PurchaseOrderId, revision: u32) -> impl IntoView {
    view! {
        <input type="hidden" name="order_id" value=id.to_string() />
        <input type="hidden" name="seen" value=revision.to_string() />
    }
}

/// The lines; a draft's quantities can be edited, and what has come is said here.
#[component]
fn Lines(
    id: PurchaseOrderId,
    lines: Vec<PurchaseLineView>,
    status: PurchaseStatus,
    revision: u32,
) -> impl IntoView {
    let is_draft = status == PurchaseStatus::Draft;
    let is_incoming = status.is_incoming();
    let edits = may(Right::Purchasing) && (is_draft || is_incoming);
    let heading = match is_draft {
        true => "Order",
        false => "Came now",
    };
    let rows = lines.into_iter().enumerate().map(|(at, it)| {
        let PurchaseLineView {
            line,
            title,
            variant,
        } = it;
        let missing = line.missing();
        let field = (edits && (is_draft || missing > 0)).then(|| {
            let label = match is_draft {
                true => format!("Pieces of {} to order; 0 takes it off", line.sku),
                false => format!("Pieces of {} that came now", line.sku),
            };
            let value = if is_draft { line.ordered } else { missing };
            let most = if is_draft { 100_000 } else { missing };
            view! {
                <input
                    type="hidden"
                    name=format!("lines[{at}][sku]")
                    value=line.sku.to_string()
                />
                <input
                    type="number"
                    name=format!("lines[{at}][quantity]")
                    aria-label=label
                    value=value.to_string()
                    min="0"
                    max=most.to_string()
                    step="1"
                    inputmode="numeric"
                    autocomplete="off"
                />
            }
        });
        let sum = line.unit_cost.checked_mul(line.ordered);
        view! {
            <tr id=format!("line-{}", line.sku) data-row="">
                <th scope="row">
                    {title}
                    " "
                    <span class="watch__soft">
                        {variant} " · " <a href=format!("/admin/restock?q={}", line.sku)>
                            {line.sku.to_string()}
                        </a>
                    </span>
                </th>
                <td data-number="" data-label="Ordered">{line.ordered}</td>
                <td data-number="" data-label="Received">{line.received}</td>
                <td data-number="" data-label="Each">{line.unit_cost.to_string()}</td>
                <td data-number="" data-label="Sum">{sum.map(|sum| sum.to_string())}</td>
                {edits.then(|| view! { <td class="purchase__edit" data-label=heading>{field}</td> })}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let (what, words) = match is_draft {
        true => ("set_lines", "Save quantities"),
        false => ("receive", "Receive"),
    };
    let press = edits.then(|| {
        view! {
            <p class="purchase__press">
                <button class="desk-button desk-button--strong" name="what" value=what>
                    {words}
                </button>
            </p>
        }
    });
    view! {
        <form method="post" action="/api/change_purchase_order" aria-label="Lines">
            {hidden(id, revision)}
            <div class="events__scroll" role="region" aria-label="Lines of the order" tabindex="0">
                <table class="desk-table watch__table">
                    <caption class="visually-hidden">"Lines of the order"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Piece"</th>
                            <th scope="col" data-number="">"Ordered"</th>
                            <th scope="col" data-number="">"Received"</th>
                            <th scope="col" data-number="">"Each"</th>
                            <th scope="col" data-number="">"Sum"</th>
                            {edits.then(|| view! { <th scope="col">{heading}</th> })}
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {press}
        </form>
    }
}

/// What can be done with the order as it stands.
#[component]
fn Steps(
    id: PurchaseOrderId,
    status: PurchaseStatus,
    revision: u32,
    is_sending: bool,
    /// How the supplier got it.
    way: Option<SentWay>,
) -> impl IntoView {
    let press = |what: &'static str, words: &'static str, is_strong: bool| {
        let class = match is_strong {
            true => "desk-button desk-button--strong",
            false => "desk-button",
        };
        view! {
            <form method="post" action="/api/change_purchase_order">
                {hidden(id, revision)}
                <button id=format!("do-{what}") class=class name="what" value=what>{words}</button>
            </form>
        }
    };
    let approve = (status == PurchaseStatus::Draft).then(|| press("approve", "Approve", true));
    let is_approved = status == PurchaseStatus::Approved;
    let send = (is_approved && !is_sending).then(|| press("send", "Send to the supplier", true));
    let by_hand = is_approved.then(|| press("mark_sent", "Mark as sent", false));
    let confirm = status.is_incoming().then(|| {
        view! {
            <form method="post" action="/api/change_purchase_order">
                {hidden(id, revision)}
                <label class="desk-field">
                    "Comes by" <input type="date" name="expected" required=true />
                </label>
                <button class="desk-button" name="what" value="confirm">"Confirm"</button>
            </form>
        }
    });
    let cancel = (!status.is_ended()).then(|| {
        let words = match status {
            PurchaseStatus::PartlyReceived => "Close without the rest",
            _ => "Cancel the order",
        };
        let told = match way {
            _ if is_sending => {
                "It is on its way to the supplier: should it arrive, there is an alert, and you tell \
                 the supplier."
            }
            Some(SentWay::Mail) => "The supplier is told by mail.",
            Some(SentWay::System) => "The supplier's system is told.",
            Some(SentWay::Hand) => {
                "The supplier got it from you, and is not told by the shop: tell it yourself."
            }
            None if status.is_incoming() => {
                "Nobody knows how the supplier got it: tell the supplier yourself."
            }
            None => "The supplier does not know of it.",
        };
        view! {
            <details>
                <summary id="open-cancel">{words}</summary>
                <p class="watch__soft">"There is no way back. " {told}</p>
                {press("cancel", words, false)}
            </details>
        }
    });
    view! { <div class="purchase__steps">{approve} {send} {by_hand} {confirm} {cancel}</div> }
}

/// What happened to it, the oldest first.
#[component]
fn Happened(story: Vec<StoryEvent>) -> impl IntoView {
    let rows = story.into_iter().map(|event| {
        let at = format!(
            "{}, {}",
            when::short_date(event.at_us),
            when::clock(event.at_us)
        );
        view! {
            <tr>
                <td data-label="Time">{at}</td>
                <th scope="row">{event.kind}</th>
                <td data-label="What">{event.summary}</td>
                <td data-label="By">{event.source}</td>
            </tr>
        }
    });
    view! {
        <section aria-labelledby="happened-title">
            <h2 id="happened-title">"What happened"</h2>
            <div class="events__scroll" role="region" aria-label="What happened" tabindex="0">
                <table class="desk-table watch__table">
                    <caption>"Times are UTC."</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Time"</th>
                            <th scope="col">"Event"</th>
                            <th scope="col">"What"</th>
                            <th scope="col">"By"</th>
                        </tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
}
