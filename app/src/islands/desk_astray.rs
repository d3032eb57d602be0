//! What is decided about a parcel that was lost or came back: sent again, or paid back. Part of the desk's lazy
//! island; without the script each is a plain form.

use leptos::prelude::*;
use types::desk::DeskOrder;
use types::fulfilment::{Astray, Parcel, Pieces};

use super::desk_about::About;
use super::desk_returns::Received;
use super::posted::Posting;

/// `parcel` is one that was lost or came back.
#[component]
pub fn Decide(parcel: Parcel, order: RwSignal<DeskOrder>, posting: Posting) -> impl IntoView {
    let number = parcel.number;
    match parcel.astray {
        Some(Astray::Open {
            has_pieces,
            is_settled,
        }) => {
            let again = (!is_settled).then(|| {
                let from = match has_pieces {
                    true => "The pieces that came back are packed once more, at no cost to the customer.",
                    false => "The same pieces are taken from the shelf, at no cost to the customer.",
                };
                let parcel = parcel.clone();
                view! { <Again parcel from order posting /> }
            });
            view! {
                {again}
                <GiveUp parcel has_pieces is_settled order posting />
            }
            .into_any()
        }
        Some(Astray::Asked) => {
            view! { <p role="status">"Pieces to send it again are being held."</p> }.into_any()
        }
        Some(Astray::SentAgain(other)) => {
            view! { <p>{format!("Parcel {other} goes in its place.")}</p> }.into_any()
        }
        Some(Astray::GivenUp) => {
            let told = format!("Parcel {number} is settled: nobody waits for it any more.");
            view! { <p>{told}</p> }.into_any()
        }
        Some(Astray::TurnedUp) => {
            let told = "It was settled as lost and has arrived after all: the customer has more \
                        than the order says. Ask for it back, or let it be.";
            view! { <p>{told}</p> }.into_any()
        }
        None => ().into_any(),
    }
}

/// Packs the same pieces into another parcel.
#[component]
fn Again(
    parcel: Parcel,
    from: &'static str,
    order: RwSignal<DeskOrder>,
    posting: Posting,
) -> impl IntoView {
    let number = parcel.number;
    // As of the newest answer: another parcel may have been packed meanwhile.
    let next = move || order.with(|order| order.next_parcel.to_string());
    view! {
        <form
            class="desk-act"
            method="post"
            action="/api/send_again"
            aria-label=format!("Send parcel {number} again")
            on:submit=move |event| posting.send(&event)
        >
            <About order />
            <input type="hidden" name="shipment_id" value=parcel.id.to_string() />
            <input type="hidden" name="replacement_id" value=next />
            <p class="desk-act__words">{from}</p>
            <button class="desk-button desk-button--strong" type="submit">
                {format!("Send parcel {number} again")}
            </button>
        </form>
    }
}

/// Takes in what came back, and gives money back.
#[component]
fn GiveUp(
    parcel: Parcel,
    has_pieces: bool,
    is_settled: bool,
    order: RwSignal<DeskOrder>,
    posting: Posting,
) -> impl IntoView {
    let number = parcel.number;
    let worth = match is_settled {
        true => "0".to_owned(),
        false => worth(order, &parcel.lines),
    };
    let lines = has_pieces.then(|| {
        let lines = parcel.lines.iter().enumerate();
        let lines = lines.map(|(at, line)| {
            let (sku, quantity) = (line.sku.clone(), line.quantity);
            view! { <Received at sku quantity order /> }
        });
        view! { <ul role="list">{lines.collect_view()}</ul> }
    });
    // What was settled before it came costs nothing more.
    let amount = match is_settled {
        true => view! { <input type="hidden" name="amount" value=worth /> }.into_any(),
        false => view! {
            <label class="desk-field">
                "Amount to give back, or nothing"
                <input type="text" name="amount" inputmode="decimal" value=worth />
            </label>
        }
        .into_any(),
    };
    let words = match (has_pieces, is_settled) {
        (true, true) => format!("Take in parcel {number}"),
        (true, false) => format!("Take in and pay back parcel {number}"),
        (false, _) => format!("Pay back parcel {number}"),
    };
    let name = words.clone();
    view! {
        <form
            class="desk-pack"
            method="post"
            action="/api/give_up_parcel"
            aria-label=name
            on:submit=move |event| posting.send(&event)
        >
            <About order />
            <input type="hidden" name="shipment_id" value=parcel.id.to_string() />
            {lines}
            {amount}
            <button class="desk-button" type="submit">{words}</button>
        </form>
    }
}

/// What pieces have cost, and the delivery where they are all that was sent, as it is typed; no more than can be
/// given back.
fn worth(order: RwSignal<DeskOrder>, lines: &[Pieces]) -> String {
    order.with_untracked(|order| {
        let price = |line: &Pieces| {
            let ordered = order.order.lines.iter().find(|it| it.sku == line.sku);
            let price = ordered.map_or(0, |it| it.unit_price.minor);
            price.saturating_mul(line.quantity.into())
        };
        let pieces: i64 = lines.iter().map(price).sum();
        let is_all = order.order.totals.subtotal.minor == pieces;
        let delivery = if is_all {
            order.order.totals.delivery.minor
        } else {
            0
        };
        let minor = pieces
            .saturating_add(delivery)
            .min(order.money.refundable.minor);
        format!("{}.{:02}", minor / 100, minor % 100)
    })
}
