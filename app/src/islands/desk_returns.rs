//! What the customer of an order sends back: accepted or declined, then unpacked, sold again or written
//! off, and paid back. Part of the desk's lazy island; without the script each is a plain form.

use leptos::prelude::*;
use types::Sku;
use types::desk::{DeskOrder, ReturnRow};
use types::returns::{BackLabel, ReturnState};

use super::desk_about::{About, may_change};
use super::desk_labels::number as tracking_number;
use super::desk_titles::title;
use super::posted::Posting;
use crate::components::LocalTime;

/// Comes into sight with the first return.
#[component]
pub fn Returns(order: RwSignal<DeskOrder>, posting: Posting) -> impl IntoView {
    let returns = Memo::new(move |_| order.with(|order| order.returns.clone()));
    view! {
        <Show when=Signal::derive(move || returns.with(|returns| !returns.is_empty()))>
            <section class="desk-parcels" aria-labelledby="returns-title">
                <h2 id="returns-title">"Returns"</h2>
                <ul role="list">
                    <For
                        each=move || returns.get()
                        // A return that moves on has other things to be done with it.
                        key=|it| {
                            let label = it.label.as_ref();
                            let label = label.map(|it| (it.tracking.is_some(), it.reason.clone(), it.transit));
                            (it.id, it.state.words(), label)
                        }
                        children=move |it| view! { <OneReturn it order posting /> }
                    />
                </ul>
            </section>
        </Show>
    }
}

#[component]
fn OneReturn(it: ReturnRow, order: RwSignal<DeskOrder>, posting: Posting) -> impl IntoView {
    let ReturnRow {
        id,
        number,
        state,
        lines,
        label,
    } = it;
    let named = move || view! { <input type="hidden" name="return_id" value=id.to_string() /> };
    let acts = match state {
        _ if !may_change(order) => ().into_any(),
        ReturnState::Asked => view! {
            <form
                class="desk-act"
                method="post"
                action="/api/answer_return"
                aria-label=format!("Answer return {number}")
                on:submit=move |event| posting.send(&event)
            >
                <About order />
                {named()}
                <button
                    class="desk-button desk-button--strong"
                    type="submit"
                    name="answer"
                    value="accept"
                >
                    "Accept"
                </button>
                <button class="desk-button" type="submit" name="answer" value="decline">
                    "Decline"
                </button>
            </form>
        }
        .into_any(),
        ReturnState::Accepted => {
            let lines = lines.clone();
            view! {
                <form
                    class="desk-pack"
                    method="post"
                    action="/api/receive_return"
                    aria-label=format!("Receive return {number}")
                    on:submit=move |event| posting.send(&event)
                >
                    <About order />
                    {named()}
                    <ul role="list">
                        {lines
                            .into_iter()
                            .enumerate()
                            .map(|(at, line)| {
                                let (sku, quantity) = (line.sku, line.quantity);
                                view! { <Received at sku quantity order /> }
                            })
                            .collect_view()}
                    </ul>
                    <label class="desk-field">
                        "Amount to give back, or nothing"
                        <input type="text" name="amount" inputmode="decimal" value=worth(order, id) />
                    </label>
                    <button class="desk-button desk-button--strong" type="submit">"Received"</button>
                </form>
            }
            .into_any()
        }
        ReturnState::Declined | ReturnState::Received => ().into_any(),
    };
    let told = lines.into_iter().map(|line| {
        let what = format!("{} × {}", line.quantity, title(order, &line.sku));
        view! { <p>{what} ": " {line.reason.words()}</p> }
    });
    view! {
        <li class="desk-parcel">
            <p class="desk-parcel__head">
                <strong>{format!("Return {number}")}</strong>
                " "
                <span>{state.words()}</span>
            </p>
            {told.collect_view()}
            {label.map(|label| view! { <CarrierLabel label id state order posting /> })}
            {acts}
        </li>
    }
}

/// The carrier's label, and where the carrier has it.
#[component]
fn CarrierLabel(
    label: BackLabel,
    id: types::ReturnId,
    state: ReturnState,
    order: RwSignal<DeskOrder>,
    posting: Posting,
) -> impl IntoView {
    let has_failed = !label.reason.is_empty() && state == ReturnState::Accepted;
    let told = match (label.tracking, label.reason) {
        (Some(tracking), _) => view! { <p>"Label " {tracking_number(tracking)}</p> }.into_any(),
        (None, reason) if reason.is_empty() => {
            view! { <p>"The carrier is being asked for a label."</p> }.into_any()
        }
        (None, reason) => view! { <p role="status">"No label: " {reason}</p> }.into_any(),
    };
    let moved = label.transit.map(|(transit, since_us)| {
        view! {
            <p role="status">
                "The carrier says: " {transit.words()} ", " <LocalTime at_us=since_us short=true />
            </p>
        }
    });
    let again = (has_failed && may_change(order)).then(|| {
        view! {
            <form
                class="desk-act"
                method="post"
                action="/api/buy_return_label"
                on:submit=move |event| posting.send(&event)
            >
                <About order />
                <input type="hidden" name="return_id" value=id.to_string() />
                <button class="desk-button" type="submit">"Ask the carrier again"</button>
            </form>
        }
    });
    view! {
        {told}
        {moved}
        {again}
    }
}

/// What the pieces of a return have cost, as it is typed.
fn worth(order: RwSignal<DeskOrder>, id: types::ReturnId) -> String {
    order.with_untracked(|order| {
        let it = order.returns.iter().find(|it| it.id == id);
        let lines = it.into_iter().flat_map(|it| &it.lines);
        let minor: i64 = lines
            .map(|line| {
                let mut ordered = order.order.lines.iter();
                let price = ordered
                    .find(|it| it.sku == line.sku)
                    .map(|it| it.unit_price);
                price.map_or(0, |price| price.minor.saturating_mul(line.quantity.into()))
            })
            .sum();
        let minor = minor.min(order.money.refundable.minor);
        format!("{}.{:02}", minor / 100, minor % 100)
    })
}

/// How many of a SKU go back on sale, and how many cannot.
#[component]
pub fn Received(at: usize, sku: Sku, quantity: u32, order: RwSignal<DeskOrder>) -> impl IntoView {
    let field = |name: &'static str, words: &'static str, value: u32| {
        view! {
            <label class="desk-field desk-field--count">
                {words}
                <input
                    type="number"
                    name=format!("lines[{at}][{name}]")
                    inputmode="numeric"
                    min="0"
                    max=quantity.to_string()
                    step="1"
                    value=value.to_string()
                />
            </label>
        }
    };
    view! {
        <li class="desk-received">
            <input type="hidden" name=format!("lines[{at}][sku]") value=sku.to_string() />
            <span>{title(order, &sku)}</span>
            {field("restocked", "Back on sale", quantity)}
            {field("written_off", "Written off", 0)}
        </li>
    }
}
