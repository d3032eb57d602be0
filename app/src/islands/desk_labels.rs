//! The label of a parcel: bought of the carrier, printed, given back. Part of the desk's lazy island; without
//! the script each is a plain form.

use leptos::prelude::*;
use types::desk::DeskOrder;
use types::fulfilment::{LabelState, ParcelLabel, Tracking};
use types::{OrderId, ShipmentId};

use super::desk_about::{About, may_change};
use super::posted::Posting;
use crate::components::LocalTime;

/// A carrier that has not answered for so long is said to be late, milliseconds.
const LATE_MS: i64 = 5_000;

/// What can be done about the label of a packed parcel.
#[component]
pub fn LabelOf(
    parcel: ShipmentId,
    number: u32,
    label: Option<ParcelLabel>,
    order: RwSignal<DeskOrder>,
    posting: Posting,
) -> impl IntoView {
    let (id, seller) = order.with_untracked(|order| (order.order.id, order.carrier));
    let name = seller.map_or("", |seller| seller.name());
    let buy = move |words: String| seller.map(|_| view! { <Buy parcel words order posting /> });
    let first = format!("Buy a label of {name} for parcel {number}");
    let Some(label) = label else {
        return buy(first).into_any();
    };
    let again = format!("Ask {name} again for parcel {number}");
    match label.state {
        LabelState::Cancelled => {
            view! { <p>"Its label was given back."</p> {buy(first)} }.into_any()
        }
        LabelState::Failed => {
            view! { <p role="status">"No label: " {label.reason}</p> {buy(again)} }.into_any()
        }
        LabelState::Requested => view! { <Awaited label order /> }.into_any(),
        LabelState::CancelRequested => view! { <Bought id label /> }.into_any(),
        LabelState::Bought | LabelState::Kept => {
            let bought = label.clone();
            view! {
                <Bought id label=bought />
                <GiveBack label order posting />
            }
            .into_any()
        }
    }
}

#[component]
fn Buy(
    parcel: ShipmentId,
    words: String,
    order: RwSignal<DeskOrder>,
    posting: Posting,
) -> impl IntoView {
    view! {
        <form
            class="desk-act"
            method="post"
            action="/api/buy_label"
            on:submit=move |event| posting.send(&event)
        >
            <About order />
            <input type="hidden" name="shipment_id" value=parcel.to_string() />
            <button class="desk-button desk-button--strong" type="submit">
                {words}
            </button>
        </form>
    }
}

/// The carrier was asked, and has not answered yet.
#[component]
fn Awaited(label: ParcelLabel, order: RwSignal<DeskOrder>) -> impl IntoView {
    let asked_at_us = label.asked_at_us;
    let waited_ms = order.with_untracked(|order| (order.at_us - asked_at_us) / 1_000);
    let is_late = RwSignal::new(waited_ms >= LATE_MS);
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        let left = (LATE_MS - waited_ms).clamp(0, LATE_MS).unsigned_abs();
        let late = move || {
            let _ = is_late.try_set(true);
        };
        // Without a timer it is said at the next news.
        let _ = set_timeout(late, std::time::Duration::from_millis(left));
    });
    view! {
        <p role="status">
            {label.carrier.name()} " was asked for a label " <LocalTime at_us=asked_at_us short=true />
            {move || {
                is_late
                    .get()
                    .then_some(
                        ". It has not answered yet. The shop asks again by itself until it does, and \
                         buys one label. The parcel can also be sent by hand.",
                    )
            }}
        </p>
    }
}

/// Its number, and the file to print.
#[component]
fn Bought(id: OrderId, label: ParcelLabel) -> impl IntoView {
    let file = format!("/admin/orders/{id}/parcels/{}/label.pdf", label.shipment_id);
    let state = match label.state {
        LabelState::CancelRequested => "The carrier is being asked to take it back.".to_owned(),
        LabelState::Kept => ["It was not taken back: ", &label.reason].concat(),
        _ => String::new(),
    };
    view! {
        <p>
            "Label of " {label.carrier.name()} ": " {label.tracking.map(number)} ", "
            <a href=file rel="external" target="_blank">
                {format!("label of parcel {} (PDF)", label.number)}
            </a>
        </p>
        {(!state.is_empty()).then(|| view! { <p role="status">{state}</p> })}
    }
}

/// A tracking number, with the page of its carrier.
pub fn number(tracking: Tracking) -> AnyView {
    let Tracking { number, url } = tracking;
    match url {
        Some(href) => {
            view! { <a href=href rel="noreferrer external" target="_blank">{number}</a> }.into_any()
        }
        None => number.into_any(),
    }
}

#[component]
fn GiveBack(label: ParcelLabel, order: RwSignal<DeskOrder>, posting: Posting) -> impl IntoView {
    let words = match label.state {
        LabelState::Kept => format!("Ask once more to take label {} back", label.number),
        _ => format!("Cancel label {}", label.number),
    };
    view! {
        <form
            class="desk-act"
            method="post"
            action="/api/cancel_label"
            on:submit=move |event| posting.send(&event)
        >
            <About order />
            <input type="hidden" name="shipment_id" value=label.shipment_id.to_string() />
            <button class="desk-button" type="submit">{words}</button>
        </form>
    }
}

/// Labels whose parcels there are not any more, as long as somebody may have to do with them.
#[component]
pub fn Strays(order: RwSignal<DeskOrder>, posting: Posting) -> impl IntoView {
    let strays = Memo::new(move |_| order.with(strays_of));
    move || {
        let strays = strays.get();
        (!strays.is_empty()).then(|| {
            let shown = strays
                .into_iter()
                .map(|label| view! { <Stray label order posting /> });
            view! { <ul role="list">{shown.collect_view()}</ul> }
        })
    }
}

#[component]
fn Stray(label: ParcelLabel, order: RwSignal<DeskOrder>, posting: Posting) -> impl IntoView {
    let tracking = label.tracking.clone().map(number);
    let is_kept = label.state == LabelState::Kept;
    let words = match is_kept {
        true => ["was not taken back: ", &label.reason].concat(),
        false => "is being given back".to_owned(),
    };
    view! {
        <li class="desk-parcel">
            <p role="status">"Label " {tracking} " of a parcel that is not sent " {words}</p>
            {(is_kept && may_change(order)).then(|| view! { <GiveBack label order posting /> })}
        </li>
    }
}

fn strays_of(order: &DeskOrder) -> Vec<ParcelLabel> {
    let has_parcel =
        |label: &ParcelLabel| order.parcels.iter().any(|it| it.id == label.shipment_id);
    let matters = |label: &ParcelLabel| {
        matches!(
            label.state,
            LabelState::Bought | LabelState::CancelRequested | LabelState::Kept
        )
    };
    let labels = order.labels.iter();
    let strays = labels.filter(|label| !has_parcel(label) && matters(label));
    strays.cloned().collect()
}
