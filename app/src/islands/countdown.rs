//! How long the shopper's own pieces stay reserved.

use leptos::prelude::*;

/// Browser clocks that differ by more than this are not believed; the server's is counted on.
#[cfg(feature = "hydrate")]
const TRUSTED_SKEW_US: i64 = 30_000_000;

/// Minutes and seconds until `until_us`, counted down each second in the browser. `now_us` is the
/// server's clock when the page was made. Not a live region: a clock that speaks is a nuisance.
#[component]
pub fn Countdown(#[prop(into)] until_us: Signal<i64>, now_us: i64) -> impl IntoView {
    let now = RwSignal::new(now_us);
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        let clock = || (js_sys::Date::now() * 1_000.0) as i64;
        let skew = clock() - now_us;
        let skew = if skew.abs() < TRUSTED_SKEW_US {
            0
        } else {
            skew
        };
        let tick = move || now.set(clock() - skew);
        tick();
        if let Ok(timer) = set_interval(tick, std::time::Duration::from_secs(1)) {
            on_cleanup(move || timer.clear());
        }
    });
    let left = move || (until_us.get() - now.get()).max(0) / 1_000_000;
    view! {
        <span class="countdown" role="timer" aria-label="Time left">
            {move || minutes(left())}
        </span>
    }
}

/// `14:05`
pub fn minutes(seconds: i64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::minutes;

    #[test]
    fn time_left_is_written_in_minutes_and_seconds() {
        assert_eq!(minutes(905), "15:05");
        assert_eq!(minutes(0), "0:00");
    }
}
