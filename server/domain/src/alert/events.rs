//! What happens to alerts.

use types::AlertId;
use types::alert::{AlertChange, AlertKind, Severity};

use crate::alert::Refusal;
use crate::event::declare;

declare! {
    /// A rule has found something that staff are to look at.
    AlertReported ("alert.reported" on "alerts", ordered by subject) {
        kind: AlertKind,
        subject: String,
        severity: Severity,
        /// Ids of the events that show it.
        evidence: Vec<String>,
    }

    /// What a rule has found is over.
    AlertCauseGone ("alert.cause_gone" on "alerts", ordered by subject) {
        kind: AlertKind,
        subject: String,
    }

    /// There is a new alert.
    AlertRaised ("alert.raised" on "alerts", ordered by subject) {
        kind: AlertKind,
        subject: String,
        alert_id: AlertId,
        severity: Severity,
        evidence: Vec<String>,
        /// The last one of the same was muted until then, unix microseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        muted_until_us: Option<i64>,
    }

    /// The same was reported again while the alert is open.
    AlertRepeated ("alert.repeated" on "alerts", ordered by subject) {
        kind: AlertKind,
        subject: String,
        alert_id: AlertId,
        severity: Severity,
        evidence: Vec<String>,
        /// It has become worse than what somebody acknowledged: it waits for somebody again.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        reopens: bool,
    }

    /// A member of staff does something about an alert.
    AlertChangeRequested ("alert.change_requested" on "alerts", ordered by subject) {
        kind: AlertKind,
        subject: String,
        alert_id: AlertId,
        change: AlertChange,
        by: String,
    }

    /// It is done.
    AlertChanged ("alert.changed" on "alerts", ordered by subject) {
        kind: AlertKind,
        subject: String,
        alert_id: AlertId,
        change: AlertChange,
        by: String,
    }

    /// The alert stays as it is.
    AlertChangeRefused ("alert.change_refused" on "alerts", ordered by subject) {
        kind: AlertKind,
        subject: String,
        alert_id: AlertId,
        refusal: Refusal,
        by: String,
    }

    /// The time is over for which an alert was muted.
    AlertMuteElapsed ("alert.mute_elapsed" on "alerts", ordered by subject) {
        kind: AlertKind,
        subject: String,
        alert_id: AlertId,
        /// Unix microseconds.
        until_us: i64,
    }

    /// An alert was resolved so long ago that nothing is known of it any more.
    AlertForgotten ("alert.forgotten" on "alerts", ordered by subject) {
        kind: AlertKind,
        subject: String,
        alert_id: AlertId,
    }

    /// The house was written to about an alert.
    AlertMailed ("alert.mailed" on "alerts", ordered by subject) {
        kind: AlertKind,
        subject: String,
        alert_id: AlertId,
        /// Why the mail server did not take it; it is not tried again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
    }

    /// A system of the house was told of an alert.
    AlertPosted ("alert.posted" on "alerts", ordered by subject) {
        kind: AlertKind,
        subject: String,
        alert_id: AlertId,
        /// Why it did not take the message; it is not tried again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
    }
}
