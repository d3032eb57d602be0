//! One order at the desk: what was ordered, by whom, where it stands, what happened, and who else looks at
//! it. One lazy island. Whatever changes is told by the socket, and the page asks for the order anew.

use leptos::prelude::*;
use types::checkout::BillingAddress;
use types::desk::{DeskOrder, DeskQuery, Present, Tab, status_words};
use types::order::{Order, OrderLine};
use types::{OrderId, Problem};

use super::desk_about::{About, may_change};
use super::desk_address::CorrectAddress;
use super::desk_money::DeskMoney;
use super::desk_notes::Notes;
use super::desk_parcels::{Cancel, Parcels};
use super::desk_returns::Returns;
use super::posted::Posting;
use crate::api::address_form::TypedAddress;
use crate::components::{LinePicture, LocalClock, LocalTime, Story};
use crate::live;

/// `me` is who is signed in; `problem` and `typed` and `address` what a plain form came back with.
#[island(lazy)]
pub fn DeskOrderPage(
    order: DeskOrder,
    present: Vec<Present>,
    me: String,
    problem: Option<Problem>,
    typed: Option<String>,
    /// An address that was typed in vain.
    address: Option<TypedAddress>,
) -> impl IntoView {
    let id = order.order.id;
    let number = order.order.number.clone();
    let newest = live::desk(id, order.order.position);
    let placed_at_us = order.order.placed_at_us;
    let fixed = order.order.clone();
    let order = RwSignal::new(order);
    follow(id, order, move || newest.get().version);
    let status = Memo::new(move |_| order.with(|order| order.status));
    // The refusal of a note is told beside it.
    let posting = Posting::new(problem.clone().filter(|_| typed.is_none()));
    let told = posting.problem;
    let has_invoice = Signal::derive(move || order.with(|order| order.papers.has_invoice));
    let papers = move |kind| format!("/admin/print/{kind}?order={id}");
    view! {
        <article class="desk-order" aria-labelledby="order-title">
            <p class="desk-order__back">
                <a href="/admin/orders">"Orders"</a>
            </p>
            <div class="desk-order__head">
                <h1 id="order-title">
                    <span class="visually-hidden">"Order "</span>
                    {number}
                </h1>
                <span
                    class="order-state"
                    data-tab=move || Tab::of(status.get()).into_str()
                    role="status"
                >
                    {move || status_words(status.get())}
                </span>
                <p class="desk-order__placed">"Placed " <LocalTime at_us=placed_at_us /></p>
                <div class="desk-order__papers">
                    <Show when=move || status.get().is_paid()>
                        <a class="desk-button" href=papers("slips")>"Packing slips"</a>
                    </Show>
                    <Show when=has_invoice>
                        <a class="desk-button" href=papers("invoices")>"Invoice"</a>
                    </Show>
                    <Cancel id order posting />
                </div>
            </div>
            <Held order posting />
            <Others id present me />
            <div role="alert">
                {move || told.get().map(|problem| view! { <Refused problem /> })}
            </div>
            <div class="desk-order__parts">
                <div class="desk-order__main">
                    <Lines order=fixed.clone() />
                    <Parcels order posting />
                    <Returns order posting />
                    <DeskMoney order posting />
                    <Notes id order problem typed />
                </div>
                <Customer order posting address />
            </div>
            <WhatHappened order />
        </article>
    }
}

/// Asks for the order anew whenever something newer is known of it.
fn follow(
    id: OrderId,
    order: RwSignal<DeskOrder>,
    newest: impl Fn() -> u64 + Copy + Send + Sync + 'static,
) {
    #[cfg(feature = "hydrate")]
    {
        let asking = StoredValue::new(false);
        Effect::new(move |_| {
            newest();
            if asking.get_value() {
                return;
            }
            asking.set_value(true);
            leptos::task::spawn_local(async move {
                // What comes while it is asked for is asked for again.
                while order.try_with_untracked(|order| order.order.position < newest())
                    == Some(true)
                {
                    match crate::api::desk::desk_order(id.to_string()).await {
                        Ok(now) => {
                            let _ = order.try_set(now);
                        }
                        Err(_) => break,
                    }
                }
                let _ = asking.try_set_value(false);
            });
        });
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (id, order, newest);
}

/// What was not done, and why.
#[component]
fn Refused(problem: Problem) -> impl IntoView {
    view! {
        <div class="notice notice--problem desk-order__refused">
            <p class="notice__title">{problem.title}</p>
            <p>{problem.detail}</p>
        </div>
    }
}

/// Why the order is held, and the way on.
#[component]
fn Held(order: RwSignal<DeskOrder>, posting: Posting) -> impl IntoView {
    let held = Memo::new(move |_| order.with(|order| order.held.clone()));
    view! {
        <div role="status">
            {move || {
                held.get()
                    .map(|held| {
                        view! {
                            <div class="notice notice--warn desk-order__held">
                                <p class="notice__title">"Held for review"</p>
                                <p>
                                    {format!("{}: {}. ", held.rule.title(), held.name)}
                                    <a href="/admin/alerts">"See the alert and its evidence"</a>
                                    ". Nothing is packed before somebody has released the order."
                                </p>
                                {may_change(order).then(|| view! {
                                    <form
                                        method="post"
                                        action="/api/release_order"
                                        on:submit=move |event| posting.send(&event)
                                    >
                                        <About order />
                                        <button class="desk-button" type="submit">
                                            "Release it"
                                        </button>
                                    </form>
                                })}
                            </div>
                        }
                    })
            }}
        </div>
    }
}

/// Who else has the order open.
#[component]
fn Others(id: OrderId, present: Vec<Present>, me: String) -> impl IntoView {
    let present = live::present(id, present);
    let others = move || {
        present.with(|now| {
            let others = now.staff.iter().filter(|other| other.email != me);
            others.cloned().collect::<Vec<_>>()
        })
    };
    view! {
        <div class="desk-order__others" role="status">
            {move || {
                others()
                    .into_iter()
                    .map(|other| {
                        view! {
                            <p>
                                <strong>{other.email}</strong>
                                " is on this order, too, since "
                                <LocalClock at_us=other.since_us />
                            </p>
                        }
                    })
                    .collect_view()
            }}
        </div>
    }
}

/// What was ordered and what it costs.
#[component]
fn Lines(order: Order) -> impl IntoView {
    let Order {
        lines,
        totals,
        delivery,
        ..
    } = order;
    let delivered = match totals.delivery.minor {
        0 => "Free".to_owned(),
        _ => totals.delivery.to_string(),
    };
    view! {
        <section aria-labelledby="lines-title">
            <h2 id="lines-title">"Ordered"</h2>
            <ul class="desk-lines" role="list">{lines.into_iter().map(line).collect_view()}</ul>
            <dl class="desk-sums">
                <div>
                    <dt>"Subtotal"</dt>
                    <dd>{totals.subtotal.to_string()}</dd>
                </div>
                <div>
                    <dt>{delivery.title()}</dt>
                    <dd>{delivered}</dd>
                </div>
                <div class="desk-sums__total">
                    <dt>"Total"</dt>
                    <dd>{totals.total.to_string()}</dd>
                </div>
            </dl>
        </section>
    }
}

fn line(line: OrderLine) -> impl IntoView {
    let price = line.unit_price.checked_mul(line.quantity);
    let inventory = format!("/admin/inventory?filter={}", line.sku);
    view! {
        <li class="desk-line">
            <LinePicture image=line.image />
            <div>
                <p class="desk-line__title">
                    <a href=format!("/p/{}?variant={}", line.product, line.sku)>{line.title}</a>
                </p>
                <p>
                    {line.variant}
                    " "
                    <a class="desk-line__sku" href=inventory>{line.sku.to_string()}</a>
                </p>
                {line
                    .gift_note
                    .map(|note| {
                        view! { <p class="desk-line__gift">"Gift note: \u{201c}" {note} "\u{201d}"</p> }
                    })}
            </div>
            <p class="desk-line__price">
                {format!("{} × {}", line.quantity, line.unit_price)}
                <strong>{price.map(|price| price.to_string())}</strong>
            </p>
        </li>
    }
}

/// Who ordered, and where it goes.
#[component]
fn Customer(
    order: RwSignal<DeskOrder>,
    posting: Posting,
    address: Option<TypedAddress>,
) -> impl IntoView {
    let whole = order;
    let order = order.with_untracked(|order| order.order.clone());
    let typed = address;
    let address = |to: BillingAddress| {
        let second = (!to.street_2.is_empty()).then(|| view! { {to.street_2} <br /> });
        view! {
            <address>
                {to.name} <br /> {to.street} <br /> {second} {to.postal_code} " " {to.city} <br />
                {to.country}
            </address>
        }
    };
    let billed = order.billing.clone().map(|billing| {
        view! {
            <h2>"Bill"</h2>
            {address(billing)}
        }
    });
    let shipped = move || whole.with(|order| address(order.order.ship_to()));
    let correct = Signal::derive(move || whole.with(|order| order.can_correct_address));
    let phone = (!order.phone.is_empty()).then(|| {
        let href = format!("tel:{}", order.phone.replace(' ', ""));
        view! {
            <p>
                <a href=href>{order.phone}</a>
            </p>
        }
    });
    let others = DeskQuery {
        tab: Tab::All,
        search: order.email.clone(),
        ..DeskQuery::default()
    };
    // An email has none of the letters that end a part of an address but these.
    let escape = |text: &str| {
        let text = text.replace('%', "%25").replace('&', "%26");
        text.replace('#', "%23").replace('+', "%2B")
    };
    view! {
        <section class="desk-order__customer" aria-labelledby="customer-title">
            <h2 id="customer-title">"Customer"</h2>
            {shipped}
            <Show when=correct>
                <CorrectAddress order=whole posting typed=typed.clone() />
            </Show>
            <p>
                <a href=format!("mailto:{}", order.email)>{order.email.clone()}</a>
            </p>
            {phone}
            <p>
                <a href=others.address(escape)>"All orders of this email"</a>
            </p>
            {billed}
            <h2>"Delivery"</h2>
            <p>{order.delivery.title()} ". " {order.delivery.promise()}</p>
        </section>
    }
}

/// The tree of what caused what.
#[component]
fn WhatHappened(order: RwSignal<DeskOrder>) -> impl IntoView {
    let story = Memo::new(move |_| order.with(|order| order.story.clone()));
    let of = order.with_untracked(|order| order.order.number.clone());
    view! {
        <section class="desk-order__story" aria-labelledby="story-title">
            <h2 id="story-title">"What happened"</h2>
            {move || {
                let story = story.get();
                let newest = story.iter().map(|event| event.position).max().unwrap_or_default();
                view! { <Story story position=newest of=of.clone() /> }
            }}
        </section>
    }
}
