//! How many are left, as the ledger says at this moment.

use leptos::prelude::*;
use types::catalogue::{Availability, Edition};

/// `In stock`, `3 left`, `7 of 12 left`, `In your checkout` or `Sold out`. A change is marked for a moment, and its number
/// rolls, without moving anything.
#[component]
pub fn StockLabel(
    #[prop(into)] available: Signal<i64>,
    /// Of a limited piece.
    #[prop(into)]
    edition: Signal<Option<Edition>>,
    /// Pieces that the shopper's own checkout holds.
    #[prop(optional, into)]
    held: Signal<u32>,
    /// What it is the stock of, where that can be chosen: a choice is no change.
    #[prop(optional, into)]
    of: Signal<usize>,
) -> impl IntoView {
    let shown =
        Memo::new(move |_| Availability::to_holder(available.get(), edition.get(), held.get()));
    let level = move || match shown.get() {
        Availability::SoldOut => "out",
        Availability::InOwnCheckout => "own",
        other if other.is_few() => "few",
        _ => "in",
    };
    let number = |shown: Availability| {
        let number = shown.number();
        number.map_or_else(String::new, |number| number.to_string())
    };
    // The number that rolls away, and which of two names of one animation is next: another name is how
    // CSS starts it anew.
    let change = RwSignal::new(None::<(String, bool)>);
    Effect::new(move |before: Option<(usize, Availability)>| {
        let now = (of.get(), shown.get());
        match before {
            Some(before) if before.0 != now.0 => change.set(None),
            Some(before) if before.1 != now.1 => change.update(|change| {
                let odd = change.as_ref().is_none_or(|(_, odd)| !odd);
                *change = Some((number(before.1), odd));
            }),
            _ => {}
        }
        now
    });
    let beat = move || {
        change.with(|change| {
            let odd = change.as_ref()?.1;
            Some(if odd { "odd" } else { "even" })
        })
    };
    let gone = move || change.with(|change| Some(change.as_ref()?.0.clone()));
    view! {
        <span class="stock" data-level=level data-beat=beat>
            <span class="stock__words">
                <span class="roll" data-gone=gone>
                    {move || number(shown.get())}
                </span>
                {move || shown.get().words()}
            </span>
        </span>
    }
}
