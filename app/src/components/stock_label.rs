//! How many are left, as the ledger says at this moment.

use leptos::prelude::*;
use types::catalogue::Availability;

/// `In stock`, `3 left` or `Sold out`. A change is marked for a moment without moving anything.
#[component]
pub fn StockLabel(#[prop(into)] available: Signal<i64>) -> impl IntoView {
    let shown = Memo::new(move |_| Availability::of(available.get()));
    let level = move || match shown.get() {
        Availability::SoldOut => "out",
        Availability::Few(_) => "few",
        Availability::InStock => "in",
    };
    // Alternates between two names of one animation, which is how CSS starts it anew.
    let beat = RwSignal::new(None::<bool>);
    Effect::new(move |before: Option<Availability>| {
        let now = shown.get();
        if before.is_some_and(|before| before != now) {
            beat.update(|beat| *beat = Some(!beat.unwrap_or_default()));
        }
        now
    });
    let beat = move || beat.get().map(|odd| if odd { "odd" } else { "even" });
    view! {
        <span class="stock" data-level=level data-beat=beat>
            {move || shown.get().label()}
        </span>
    }
}
