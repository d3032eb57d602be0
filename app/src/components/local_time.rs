//! A moment by the reader's own clock.

use leptos::prelude::*;

use super::when;

/// `22 November 2026, 14:05`, or `22 Nov 2026, 14:05` where room is short.
#[component]
pub fn LocalTime(at_us: i64, #[prop(optional)] short: bool) -> impl IntoView {
    let shown = shown_by_here(at_us);
    let words = move || {
        let (at_us, zone) = shown.get();
        let date = match short {
            true => when::short_date(at_us),
            false => when::date(at_us),
        };
        [&date, ", ", &when::minute(at_us), zone].concat()
    };
    view! { <time datetime=when::machine(at_us)>{words}</time> }
}

/// `14:05`
#[component]
pub fn LocalClock(at_us: i64) -> impl IntoView {
    let shown = shown_by_here(at_us);
    let words = move || {
        let (at_us, zone) = shown.get();
        [&when::minute(at_us), zone].concat()
    };
    view! { <time datetime=when::machine(at_us)>{words}</time> }
}

/// A moment as a clock shows it, and the name of that clock. The server, which does not know the
/// reader's clock, writes UTC and says so; inside an island the browser puts its own in the place.
fn shown_by_here(at_us: i64) -> RwSignal<(i64, &'static str)> {
    let shown = RwSignal::new((at_us, " UTC"));
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        let date = js_sys::Date::new(&((at_us / 1_000) as f64).into());
        let behind_us = date.get_timezone_offset() as i64 * 60_000_000;
        shown.set((at_us - behind_us, ""));
    });
    shown
}
