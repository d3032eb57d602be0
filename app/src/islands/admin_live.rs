//! What lives on every page of the admin: how many alerts wait. On pages that are plain HTML it also has what has
//! changed fetched again: the page is asked for once more, and what of it is marked `data-live` takes the place of
//! what stood there. Not while somebody works in it, see [`super::live_region`]: then the page says that there is
//! more, and shows it once they are done.

use leptos::prelude::*;
use types::live::AlertNews;

use crate::live::{self, LivePage};

/// `follows` is the page and the position that it was rendered from.
#[island(lazy)]
pub fn AdminLive(news: AlertNews, follows: Option<(LivePage, u64)>) -> impl IntoView {
    let alerts = live::alerts(news);
    if let Some((page, version)) = follows {
        match page {
            // One topic is followed once.
            LivePage::Alerts => keep_fresh(version, move || alerts.get().version),
            page => {
                let newest = live::page_version(page, version);
                keep_fresh(version, move || newest.get().version);
            }
        }
    }
    leave_when_signed_out();
    let open = Memo::new(move |_| alerts.with(|news| news.open));
    view! {
        <span class="admin__alerts" data-open=move || open.get().to_string()>
            {move || open.get()}
            <span class="visually-hidden">" open"</span>
        </span>
    }
}

#[cfg(not(feature = "hydrate"))]
fn leave_when_signed_out() {}

/// What a page shows is not for whoever is signed out, or has another role by now: it is asked for again, and the
/// server says where to go. Not while something is typed in it: that would be lost, and sending it says the same.
#[cfg(feature = "hydrate")]
fn leave_when_signed_out() {
    use super::live_region;

    let is_out = live::signed_out();
    Effect::new(move |_| {
        if !is_out.get() {
            return;
        }
        match live_region::is_idle() {
            true => {
                let _ = window().location().reload();
            }
            false => {
                live_region::say("You are signed out. Keep what you have typed, and sign in again.")
            }
        }
    });
}

#[cfg(not(feature = "hydrate"))]
pub(super) fn keep_fresh(_: u64, _: impl Fn() -> u64 + Copy + Send + Sync + 'static) {}

/// After a page that was fetched, and between two looks at whether somebody still works in it.
#[cfg(feature = "hydrate")]
const PAUSE: std::time::Duration = std::time::Duration::from_millis(300);

/// Seconds until a page that could not be fetched is tried again, after so many failures in a row.
#[cfg(any(feature = "hydrate", test))]
fn pause_after(failures: u32) -> u64 {
    const FIRST: u64 = 5;
    const LONGEST: u64 = 60;
    let doubled = failures.saturating_sub(1).min(8);
    (FIRST << doubled).min(LONGEST)
}

/// Fetches the page anew whenever something newer is known than what it shows.
#[cfg(feature = "hydrate")]
pub(super) fn keep_fresh(shown: u64, newest: impl Fn() -> u64 + Copy + Send + Sync + 'static) {
    use std::time::Duration;

    use super::live_region::{self, Renewal};

    let shown = StoredValue::new(shown);
    let asking = StoredValue::new(false);
    let failures = StoredValue::new(0_u32);
    // Grows when another look is due.
    let look = RwSignal::new(0_u32);
    Effect::new(move |_| {
        look.get();
        let version = newest();
        if asking.get_value() || version <= shown.get_value() {
            return;
        }
        asking.set_value(true);
        leptos::task::spawn_local(async move {
            let pause = match live_region::renew().await {
                Renewal::Done => {
                    shown.set_value(version);
                    failures.set_value(0);
                    live_region::say("");
                    PAUSE
                }
                Renewal::Busy => {
                    live_region::say("This page has changed. You see it when you are done here.");
                    PAUSE
                }
                Renewal::Gone => {
                    let _ = window().location().reload();
                    return;
                }
                Renewal::Failed => {
                    failures.update_value(|failures| *failures += 1);
                    live_region::say("This page may be old: it could not be fetched again.");
                    Duration::from_secs(pause_after(failures.get_value()))
                }
            };
            // Not more often, whatever happens; and again where somebody was busy, or more has come.
            let again = move || {
                let _ = asking.try_set_value(false);
                let _ = look.try_update(|look| *look += 1);
            };
            let _ = set_timeout(again, pause);
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_answer_is_asked_less_and_less_often() {
        let pauses: Vec<u64> = (1..=7).map(pause_after).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 60, 60, 60]);
        assert_eq!(pause_after(u32::MAX), 60);
    }
}
