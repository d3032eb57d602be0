//! The parcels of an order, and what can be done with them: packed whole or in part, sent, arrived or not.
//! Part of the desk's lazy island; without the script each is a plain form.

use leptos::prelude::*;
use types::OrderId;
use types::desk::DeskOrder;
use types::fulfilment::{Parcel, ParcelLabel, Pieces, ShipmentState};

use super::desk_about::{About, may_change};
use super::desk_astray::Decide;
use super::desk_labels::{LabelOf, Strays, number as tracking_number};
use super::desk_titles::title;
use super::posted::Posting;
use crate::components::LocalTime;

#[component]
pub fn Parcels(order: RwSignal<DeskOrder>, posting: Posting) -> impl IntoView {
    let parcels = Memo::new(move |_| order.with(with_labels));
    let left = Memo::new(move |_| order.with(|order| order.left.clone()));
    let never = Memo::new(move |_| order.with(|order| order.never.clone()));
    let is_empty = move || parcels.with(Vec::is_empty) && left.with(Vec::is_empty);
    let none = Signal::derive(is_empty);
    view! {
        <section class="desk-parcels" id="parcels" aria-labelledby="parcels-title">
            <h2 id="parcels-title">"Parcels"</h2>
            <Show when=none>
                <p class="desk-order__none">"There is nothing to pack."</p>
            </Show>
            <ul role="list">
                <For
                    each=move || parcels.get()
                    // A parcel that moves on has other things to be done with it.
                    key=|(parcel, label)| {
                        let label = label.as_ref().map(|label| (label.state, label.asked_at_us));
                        (parcel.id, parcel.state.words(), parcel.transit, parcel.astray, label)
                    }
                    children=move |(parcel, label)| {
                        view! { <OneParcel parcel label order posting /> }
                    }
                />
            </ul>
            <Strays order posting />
            {move || {
                let never = never.get();
                (!never.is_empty())
                    .then(|| {
                        view! { <p class="desk-order__none">"Never to be sent: " {list(order, &never)}</p> }
                    })
            }}
            {move || {
                let left = left.get();
                (!left.is_empty()).then(|| view! { <Pack left order posting /> })
            }}
        </section>
    }
}

fn list(order: RwSignal<DeskOrder>, pieces: &[Pieces]) -> String {
    let lines = pieces.iter();
    let lines = lines.map(|line| format!("{} × {}", line.quantity, title(order, &line.sku)));
    lines.collect::<Vec<_>>().join("; ")
}

/// Each parcel with its label, if it has one.
fn with_labels(order: &DeskOrder) -> Vec<(Parcel, Option<ParcelLabel>)> {
    let label = |parcel: &Parcel| {
        let mut labels = order.labels.iter();
        labels.find(|label| label.shipment_id == parcel.id).cloned()
    };
    let parcels = order.parcels.iter();
    parcels
        .map(|parcel| (parcel.clone(), label(parcel)))
        .collect()
}

#[component]
fn OneParcel(
    parcel: Parcel,
    label: Option<ParcelLabel>,
    order: RwSignal<DeskOrder>,
    posting: Posting,
) -> impl IntoView {
    let papers = order.with_untracked(|order| order.order.id);
    let whole = parcel.clone();
    let Parcel {
        id,
        number,
        state,
        lines,
        tracking,
        transit,
        astray,
        replaces,
    } = parcel;
    let name = format!("parcel {number}");
    let tracked = tracking.map(|tracking| {
        view! { <p>"Tracking number " {tracking_number(tracking)}</p> }
    });
    let moved = transit.filter(|_| state == ShipmentState::Shipped);
    let moved = moved.map(|(transit, since_us)| {
        view! { <p>{transit.words()} " since " <LocalTime at_us=since_us short=true /></p> }
    });
    let replaces = replaces.map(|other| view! { <p>{format!("In place of parcel {other}.")}</p> });
    let slip = format!("/admin/print/slips?order={papers}&parcel={id}");
    let decide = astray.map(|_| view! { <Decide parcel=whole order posting /> });
    let shipment =
        move || view! { <input type="hidden" name="shipment_id" value=id.to_string() /> };
    let acts = match state {
        _ if !may_change(order) => ().into_any(),
        ShipmentState::Packed => view! {
            <LabelOf parcel=id number label order posting />
            <form
                class="desk-act"
                method="post"
                action="/api/ship_order"
                aria-label=format!("Send {name}")
                on:submit=move |event| posting.send(&event)
            >
                <About order />
                {shipment()}
                <label class="desk-field">
                    "Tracking number"
                    <input type="text" name="tracking_number" maxlength="60" autocomplete="off" />
                </label>
                <label class="desk-field desk-field--wide">
                    "Tracking page (optional)"
                    <input type="url" name="tracking_url" placeholder="https://" maxlength="500" />
                </label>
                <button class="desk-button desk-button--strong" type="submit">
                    {format!("Send {name}")}
                </button>
            </form>
            <form
                class="desk-act"
                method="post"
                action="/api/unpack_order"
                on:submit=move |event| posting.send(&event)
            >
                <About order />
                {shipment()}
                <button class="desk-button" type="submit">{format!("Open {name} again")}</button>
            </form>
        }
        .into_any(),
        ShipmentState::Shipped | ShipmentState::Lost => {
            let outcomes = [
                ("delivered", "Delivered"),
                ("lost", "Lost"),
                ("came_back", "Came back"),
            ];
            let buttons = outcomes.into_iter().filter(|(outcome, _)| {
                // What is lost may turn up after all.
                state == ShipmentState::Shipped || *outcome != "lost"
            });
            let buttons = buttons.map(|(outcome, words)| {
                view! {
                    <button
                        class="desk-button"
                        type="submit"
                        name="outcome"
                        value=outcome
                        aria-label=format!("{words}: {name}")
                    >
                        {words}
                    </button>
                }
            });
            view! {
                <form
                    class="desk-act"
                    method="post"
                    action="/api/end_shipment"
                    aria-label=format!("What became of {name}")
                    on:submit=move |event| posting.send(&event)
                >
                    <About order />
                    {shipment()}
                    {buttons.collect_view()}
                </form>
            }
            .into_any()
        }
        ShipmentState::Delivered | ShipmentState::CameBack => ().into_any(),
    };
    view! {
        <li class="desk-parcel">
            <p class="desk-parcel__head">
                <strong>{format!("Parcel {number}")}</strong>
                " "
                <span>{state.words()}</span>
            </p>
            <p>{list(order, &lines)}</p>
            {replaces}
            {tracked}
            {moved}
            <p>
                <a href=slip>{format!("Packing slip of {name}")}</a>
            </p>
            {acts}
            {decide}
        </li>
    }
}

/// Packs what is left, or less of it.
#[component]
fn Pack(left: Vec<Pieces>, order: RwSignal<DeskOrder>, posting: Posting) -> impl IntoView {
    let next = order.with_untracked(|order| order.next_parcel);
    let lines = left.into_iter().enumerate().map(|(at, line)| {
        let id = format!("pack-{at}");
        view! {
            <li>
                <input type="hidden" name=format!("lines[{at}][sku]") value=line.sku.to_string() />
                <label for=id.clone()>
                    {title(order, &line.sku)}
                    " "
                    <span class="desk-line__sku">{line.sku.to_string()}</span>
                </label>
                <input
                    id=id
                    r#type="number"
                    name=format!("lines[{at}][quantity]")
                    inputmode="numeric"
                    min="0"
                    max=line.quantity.to_string()
                    step="1"
                    value=line.quantity.to_string()
                />
                <span class="desk-pack__of">{format!("of {}", line.quantity)}</span>
            </li>
        }
    });
    view! {
        <form
            class="desk-pack"
            method="post"
            action="/api/pack_order"
            aria-label="Pack a parcel"
            on:submit=move |event| posting.send(&event)
        >
            <About order />
            <input type="hidden" name="shipment_id" value=next.to_string() />
            <ul role="list">{lines.collect_view()}</ul>
            <button
                class="desk-button desk-button--strong"
                type="submit"
                aria-disabled=move || posting.busy.get().then_some("true")
            >
                "Pack"
            </button>
        </form>
    }
}

/// Ends an order, or what of it has not left. Asked once.
#[component]
pub fn Cancel(id: OrderId, order: RwSignal<DeskOrder>, posting: Posting) -> impl IntoView {
    let can_cancel = Memo::new(move |_| order.with(|order| order.can_cancel));
    let part = move || order.with(|order| !order.parcels.is_empty());
    view! {
        <Show when=can_cancel>
            <details class="desk-cancel">
                <summary class="desk-button">"Cancel order\u{2026}"</summary>
                <form
                    method="post"
                    action="/api/cancel_for_shopper"
                    on:submit=move |event| posting.send(&event)
                >
                    <About order />
                    <p>
                        {move || match part() {
                            true => {
                                "What has not left the house is never sent, and what is not collected for \
                                 it is let go. This cannot be undone."
                            }
                            false => {
                                "The stock is released, and the money let go or given back. This cannot be \
                                 undone."
                            }
                        }}
                    </p>
                    <button
                        class="desk-button desk-button--danger"
                        type="submit"
                        data-order=id.to_string()
                    >
                        "Yes, cancel it"
                    </button>
                </form>
            </details>
        </Show>
    }
}
