//! What staff do about alerts: the target of the forms on their page, where it ends.

use leptos::prelude::*;
#[cfg(feature = "ssr")]
use types::alert::{AlertChange, AlertTab, MUTE_HOURS};
#[cfg(feature = "ssr")]
use types::staff::Right;
#[cfg(feature = "ssr")]
use types::{AlertId, Problem};

use super::ApiError;

/// The page of the alerts.
pub const ALERTS: &str = "/admin/alerts";

/// A page of the alerts under a tab.
#[cfg(feature = "ssr")]
pub fn address(tab: AlertTab, page: u64) -> String {
    match (tab == AlertTab::default(), page) {
        (true, 0) => ALERTS.to_owned(),
        (_, 0) => format!("{ALERTS}?tab={}", tab.into_str()),
        _ => format!("{ALERTS}?tab={}&page={page}", tab.into_str()),
    }
}

/// Acknowledges an alert, gives it to somebody, mutes or resolves it: `what` says which of these.
#[server(prefix = "/api", endpoint = "change_alert")]
pub async fn change_alert(
    #[server(default)] alert_id: String,
    #[server(default)] what: String,
    #[server(default)] to: String,
    #[server(default)] hours: String,
    #[server(default)] tab: String,
    #[server(default)] page: String,
) -> Result<(), ApiError> {
    let changed = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Alerts)?);
        let malformed = |error: &dyn std::fmt::Display| Problem::malformed(error.to_string());
        let id: AlertId = alert_id.parse().map_err(|error| malformed(&error))?;
        let change = match what.as_str() {
            "acknowledge" => AlertChange::Acknowledge,
            "assign" => AlertChange::Assign { to },
            "resolve" => AlertChange::Resolve,
            "mute" => {
                let hours = hours.parse().ok();
                let hours = hours.filter(|hours| MUTE_HOURS.contains(hours));
                let message = "Choose for how long.";
                let hours = hours.ok_or_else(|| Problem::invalid_field("hours", message))?;
                let until_us = shop.now_us() + hours * 60 * 60 * 1_000_000;
                AlertChange::Mute { until_us }
            }
            _ => {
                let expected = "what: expected acknowledge, assign, mute or resolve";
                return Err(Problem::malformed(expected));
            }
        };
        shop.change_alert(&staff, id, change).await
    };
    let back = address(tab.parse().unwrap_or_default(), page.parse().unwrap_or(0));
    match changed.await {
        Ok(()) => {
            leptos_axum::redirect(&back, false);
            Ok(())
        }
        Err(problem) => {
            super::flash::keep(ALERTS, &back, problem.clone().into());
            Err(ApiError(problem))
        }
    }
}
