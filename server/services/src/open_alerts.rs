//! How many alerts wait for somebody, as of the newest event this process has seen: the number that stands on
//! every page of the admin.

use std::collections::HashMap;

use broker::{Decider, Log};
use domain::Event;
use domain::alert::{self, Alert};
use parking_lot::RwLock;
use types::alert::{AlertKind, AlertStatus};

use crate::alerts::Alerts;
use crate::rows_in::newest_position;

const NEWEST: &str = "select coalesce(max(position), 0) from alerts";

/// A view of the log: the alerts that are not resolved, and the position of the newest event about any.
#[derive(Debug, Default)]
pub(crate) struct OpenAlerts(RwLock<(HashMap<String, Alert>, u64)>);

fn is_current(alert: &Alert) -> bool {
    alert.status != AlertStatus::Resolved
}

impl OpenAlerts {
    /// Reads the decider's states. Events that are in them already do no harm when they come again.
    pub async fn load(log: &Log) -> Result<Self, broker::Error> {
        let view = Self::default();
        view.reload(log).await?;
        // What an open page knows from before a restart is compared with this.
        view.0.write().1 = newest_position(log, NEWEST).await?;
        Ok(view)
    }

    pub async fn reload(&self, log: &Log) -> Result<(), broker::Error> {
        let states = log.states_of(Alerts::NAME).await?.into_iter();
        let alerts = states.filter_map(|(key, state)| {
            let alert: Alert = serde_json::from_str(&state).ok()?;
            is_current(&alert).then_some((key, alert))
        });
        self.0.write().0 = alerts.collect();
        Ok(())
    }

    /// Follows one event. Says whether it was about an alert.
    pub fn apply(&self, event: &Event, at_us: i64, position: u64) -> bool {
        // That the house was written to changes what the page shows, and nothing else.
        let is_mail = matches!(event, Event::AlertMailed(_));
        if !is_mail && !alert::changes(event) {
            return false;
        }
        let mut view = self.0.write();
        for about in alert::abouts(event) {
            let key = about.key();
            let known = view.0.remove(&key);
            let alert = Alert::evolve(known, event, at_us);
            if let Some(alert) = alert.filter(is_current) {
                view.0.insert(key, alert);
            }
        }
        view.1 = position;
        true
    }

    /// Whether an alert of this is there and not resolved.
    pub fn is_open(&self, kind: AlertKind, subject: &str) -> bool {
        let key = format!("{}/{subject}", kind.into_str());
        self.0.read().0.contains_key(&key)
    }

    /// Alerts that nobody has looked at and that are not muted.
    pub fn count(&self) -> u64 {
        let view = self.0.read();
        let waiting = view
            .0
            .values()
            .filter(|alert| alert.status == AlertStatus::Open && alert.muted_until_us.is_none());
        waiting.count() as u64
    }

    /// Of the newest event about an alert that this process has seen; 0 before any.
    pub fn position(&self) -> u64 {
        self.0.read().1
    }
}
