//! What staff are to look at. Of one kind and subject one alert is open: further reports add to it.
//!
//! A new kind is a variant of [`AlertKind`] and an arm of [`Report::of`]; what a rule over many events has
//! found is an [`AlertReported`].

pub mod events;

use serde::{Deserialize, Serialize};
use types::AlertId;
use types::alert::{AlertChange, AlertKind, AlertStatus, Severity};

use crate::event::{
    AlertCauseGone, AlertChangeRefused, AlertChangeRequested, AlertChanged, AlertForgotten,
    AlertMuteElapsed, AlertRaised, AlertRepeated, AlertReported, Event,
};

/// Events that are kept as evidence, at most: the newest. The count goes on.
pub const MAX_EVIDENCE: usize = 20;
/// For how long an alert can be muted, at most: 31 days.
pub const LONGEST_MUTE_US: i64 = 31 * 24 * 60 * 60 * 1_000_000;
/// For how long a resolved alert is remembered: 90 days.
pub const KEPT_US: i64 = 90 * 24 * 60 * 60 * 1_000_000;
/// Who does what nobody asked for, as the log says.
pub const BY_ITSELF: &str = "shop";

/// What an alert is about: by this two reports are of one alert.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct About {
    pub kind: AlertKind,
    pub subject: String,
}

impl About {
    fn new(kind: AlertKind, subject: &impl ToString) -> Self {
        Self {
            kind,
            subject: subject.to_string(),
        }
    }

    /// `low_stock/AS-VEG-WG-50`
    pub fn key(&self) -> String {
        format!("{}/{}", self.kind.into_str(), self.subject)
    }
}

/// That something is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub about: About,
    pub severity: Severity,
    /// Ids of the events that show it, when it is not the event that was read.
    pub evidence: Vec<String>,
}

impl Report {
    /// What of an event is an alert; `None` for nearly all.
    pub fn of(event: &Event) -> Option<Self> {
        let (kind, subject, severity) = match event {
            Event::RestockThresholdCrossed(crossed) => {
                let severity = match crossed.reckoning.unsold {
                    ..=0 => Severity::Critical,
                    _ => Severity::Warning,
                };
                (AlertKind::LowStock, crossed.sku.to_string(), severity)
            }
            Event::RestockSoldOut(gone) => (
                AlertKind::LowStock,
                gone.sku.to_string(),
                Severity::Critical,
            ),
            Event::PurchaseOrderNoticeAnswered(told) if told.refused.is_some() => {
                let subject = told.order_id.to_string();
                (AlertKind::CancellationNotTold, subject, Severity::Warning)
            }
            Event::PurchaseOrderOverdue(overdue) => {
                let subject = overdue.order_id.to_string();
                (AlertKind::PurchaseOverdue, subject, Severity::Warning)
            }
            Event::PurchaseOrderSendFailed(failed) => {
                let subject = failed.order_id.to_string();
                (AlertKind::PurchaseNotSent, subject, Severity::Warning)
            }
            Event::PaymentSettlementDiffers(differs) => {
                let subject = differs.line.clone();
                (AlertKind::SettlementDiffers, subject, Severity::Critical)
            }
            Event::ConsumerFellBehind(behind) => {
                let severity = match behind.dead {
                    0 => Severity::Warning,
                    _ => Severity::Critical,
                };
                (AlertKind::ConsumerBehind, behind.consumer.clone(), severity)
            }
            Event::PaymentCaptureFailed(failed) => (
                AlertKind::MoneyNotMoved,
                failed.order_id.to_string(),
                Severity::Critical,
            ),
            Event::PaymentReauthorizationFailed(failed) => (
                AlertKind::MoneyNotMoved,
                failed.order_id.to_string(),
                Severity::Critical,
            ),
            Event::PaymentRefundFailed(failed) => (
                AlertKind::MoneyNotMoved,
                failed.order_id.to_string(),
                Severity::Critical,
            ),
            Event::ShipmentLost(lost) => (
                AlertKind::ParcelAstray,
                lost.order_id.to_string(),
                Severity::Warning,
            ),
            Event::ShipmentCameBack(back) => (
                AlertKind::ParcelAstray,
                back.order_id.to_string(),
                Severity::Warning,
            ),
            Event::ShipmentDelivered(arrived)
                if (arrived.turned_up.as_ref()).is_some_and(|it| it.is_settled) =>
            {
                let subject = arrived.order_id.to_string();
                (AlertKind::ParcelTurnedUp, subject, Severity::Warning)
            }
            Event::AlertReported(reported) => {
                return Some(Self {
                    about: About::new(reported.kind, &reported.subject),
                    severity: reported.severity,
                    evidence: reported.evidence.clone(),
                });
            }
            _ => return None,
        };
        Some(Self {
            about: About { kind, subject },
            severity,
            evidence: Vec::new(),
        })
    }
}

/// The alerts whose cause an event has taken away.
pub fn ended_by(event: &Event) -> Vec<About> {
    let of = |kind, subject: &dyn ToString| About {
        kind,
        subject: subject.to_string(),
    };
    match event {
        Event::RestockRecovered(recovered) => vec![of(AlertKind::LowStock, &recovered.sku)],
        Event::PurchaseOrderConfirmed(confirmed) => {
            vec![of(AlertKind::PurchaseOverdue, &confirmed.order_id)]
        }
        Event::PurchaseOrderReceived(received) if received.status.is_ended() => {
            vec![of(AlertKind::PurchaseOverdue, &received.order_id)]
        }
        // Somebody has seen to it; what fails again is told again.
        Event::PaymentCaptureRetryRequested(asked) => {
            vec![of(AlertKind::MoneyNotMoved, &asked.order_id)]
        }
        Event::PaymentRefundRequested(asked) => {
            vec![of(AlertKind::MoneyNotMoved, &asked.order_id)]
        }
        // Somebody has said what becomes of the last parcel of the order that was lost or came back.
        Event::ShipmentGivenUp(told) if told.undecided == 0 => {
            vec![of(AlertKind::ParcelAstray, &told.order_id)]
        }
        Event::ShipmentPacked(packed)
            if (packed.replaces.as_ref()).is_some_and(|it| it.undecided == 0) =>
        {
            vec![of(AlertKind::ParcelAstray, &packed.order_id)]
        }
        // It was the last one to decide about, and has arrived.
        Event::ShipmentDelivered(arrived)
            if (arrived.turned_up.as_ref())
                .is_some_and(|it| !it.is_settled && it.undecided == 0) =>
        {
            vec![of(AlertKind::ParcelAstray, &arrived.order_id)]
        }
        Event::AlertCauseGone(gone) => vec![of(gone.kind, &gone.subject)],
        // Who counts a SKU knows what is there.
        Event::StockCorrected(counted) => vec![of(AlertKind::PiecesNotCounted, &counted.sku)],
        Event::PurchaseOrderSent(sent) => vec![of(AlertKind::PurchaseNotSent, &sent.order_id)],
        Event::PurchaseOrderCancelled(cancelled) => vec![
            of(AlertKind::PurchaseOverdue, &cancelled.order_id),
            of(AlertKind::PurchaseNotSent, &cancelled.order_id),
        ],
        Event::ConsumerCaughtUp(caught_up) => {
            vec![of(AlertKind::ConsumerBehind, &caught_up.consumer)]
        }
        _ => Vec::new(),
    }
}

/// The alert that an event has made milder, without taking its cause away.
pub fn eased_by(event: &Event) -> Option<About> {
    match event {
        Event::RestockThereAgain(some) => Some(About::new(AlertKind::LowStock, &some.sku)),
        _ => None,
    }
}

/// Whether an event changes how an alert stands.
pub const fn changes(event: &Event) -> bool {
    matches!(
        event,
        Event::AlertRaised(_)
            | Event::AlertRepeated(_)
            | Event::AlertChanged(_)
            | Event::AlertMuteElapsed(_)
            | Event::AlertForgotten(_)
    )
}

/// All that an event is about.
pub fn abouts(event: &Event) -> Vec<About> {
    let one = |kind, subject: &String| vec![About::new(kind, subject)];
    match event {
        Event::AlertRaised(it) => one(it.kind, &it.subject),
        Event::AlertRepeated(it) => one(it.kind, &it.subject),
        Event::AlertChangeRequested(it) => one(it.kind, &it.subject),
        Event::AlertChanged(it) => one(it.kind, &it.subject),
        Event::AlertChangeRefused(it) => one(it.kind, &it.subject),
        Event::AlertMuteElapsed(it) => one(it.kind, &it.subject),
        Event::AlertForgotten(it) => one(it.kind, &it.subject),
        event => match Report::of(event) {
            Some(report) => vec![report.about],
            None => ended_by(event).into_iter().chain(eased_by(event)).collect(),
        },
    }
}

/// The last alert of a kind and subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    pub id: AlertId,
    pub kind: AlertKind,
    pub subject: String,
    pub severity: Severity,
    pub status: AlertStatus,
    /// Until when it is not counted and nobody is written to, unix microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted_until_us: Option<i64>,
    /// Who takes care of it, as the log names members of staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<String>,
    /// How often it was reported; 0 once it is forgotten.
    pub count: u64,
    /// Unix microseconds.
    pub raised_at_us: i64,
    pub last_at_us: i64,
    /// Ids of the newest events that it was reported for, the oldest first.
    pub evidence: Vec<String>,
    /// Since when it is resolved, unix microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at_us: Option<i64>,
    /// Whether the house was written to, for the list alone: the decider does not hear of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailed: Option<Mailed>,
}

/// What became of the mail about an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailed {
    /// Unix microseconds.
    pub at_us: i64,
    /// Why the mail server did not take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// Why an alert stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    #[error("there is no such alert any more; a newer one of the same may be there")]
    Unknown,
    #[error("it is resolved already")]
    Resolved,
    #[error("it is so already")]
    NothingChanged,
    #[error("it can be muted from now on for 31 days at most")]
    MuteOutOfReach,
}

impl Alert {
    /// Raises an alert, or adds to the one that is open.
    pub fn report(known: Option<&Self>, report: Report, event_id: AlertId, at_us: i64) -> Event {
        let Report {
            about: About { kind, subject },
            severity,
            mut evidence,
        } = report;
        if evidence.is_empty() {
            evidence.push(event_id.to_string());
        }
        let more = evidence.len().saturating_sub(MAX_EVIDENCE);
        evidence.drain(..more);
        match known {
            Some(open) if open.status != AlertStatus::Resolved => AlertRepeated {
                kind,
                subject,
                alert_id: open.id,
                severity: severity.max(open.severity),
                evidence,
                reopens: open.status == AlertStatus::Acknowledged && severity > open.severity,
            }
            .into(),
            before => AlertRaised {
                kind,
                subject,
                alert_id: event_id,
                severity,
                evidence,
                // Who has muted it does not want to hear of it again before then.
                muted_until_us: before
                    .and_then(|before| before.muted_until_us)
                    .filter(|until_us| *until_us > at_us),
            }
            .into(),
        }
    }

    /// Does what staff ask, or says why not.
    pub fn change(known: Option<&Self>, asked: &AlertChangeRequested, at_us: i64) -> Event {
        let AlertChangeRequested {
            kind,
            subject,
            alert_id,
            change,
            by,
        } = asked.clone();
        let checked = known
            .filter(|known| known.id == alert_id && !known.is_forgotten())
            .ok_or(Refusal::Unknown)
            .and_then(|known| known.check(&change, at_us));
        match checked {
            Ok(()) => AlertChanged {
                kind,
                subject,
                alert_id,
                change,
                by,
            }
            .into(),
            Err(refusal) => AlertChangeRefused {
                kind,
                subject,
                alert_id,
                refusal,
                by,
            }
            .into(),
        }
    }

    fn check(&self, change: &AlertChange, at_us: i64) -> Result<(), Refusal> {
        let is_same = match change {
            _ if self.status == AlertStatus::Resolved => return Err(Refusal::Resolved),
            AlertChange::Acknowledge => self.status == AlertStatus::Acknowledged,
            AlertChange::Assign { to } => self.assigned_to.as_ref() == Some(to),
            AlertChange::Mute { until_us } => {
                let longest = at_us.saturating_add(LONGEST_MUTE_US);
                if !(at_us + 1..=longest).contains(until_us) {
                    return Err(Refusal::MuteOutOfReach);
                }
                self.muted_until_us == Some(*until_us)
            }
            AlertChange::Resolve => false,
        };
        match is_same {
            true => Err(Refusal::NothingChanged),
            false => Ok(()),
        }
    }

    /// Ends an alert whose cause has gone; `None` where none is open.
    pub fn end(known: Option<&Self>) -> Option<Event> {
        let open = known.filter(|known| known.status != AlertStatus::Resolved)?;
        let changed = AlertChanged {
            kind: open.kind,
            subject: open.subject.clone(),
            alert_id: open.id,
            change: AlertChange::Resolve,
            by: BY_ITSELF.to_owned(),
        };
        Some(changed.into())
    }

    /// Makes a critical alert a warning, since an event says that it is not as bad any more; `None` where none is.
    pub fn ease(known: Option<&Self>, event_id: AlertId) -> Option<Event> {
        let open = known.filter(|known| known.status != AlertStatus::Resolved)?;
        let repeated = AlertRepeated {
            kind: open.kind,
            subject: open.subject.clone(),
            alert_id: open.id,
            severity: Severity::Warning,
            evidence: vec![event_id.to_string()],
            reopens: false,
        };
        (open.severity == Severity::Critical).then(|| repeated.into())
    }

    /// Takes note of what has happened; `None` before the first report.
    pub fn evolve(known: Option<Self>, event: &Event, at_us: i64) -> Option<Self> {
        match (known, event) {
            (_, Event::AlertRaised(raised)) => Some(Self {
                id: raised.alert_id,
                kind: raised.kind,
                subject: raised.subject.clone(),
                severity: raised.severity,
                status: AlertStatus::Open,
                muted_until_us: raised.muted_until_us,
                assigned_to: None,
                count: 1,
                raised_at_us: at_us,
                last_at_us: at_us,
                evidence: raised.evidence.clone(),
                resolved_at_us: None,
                mailed: None,
            }),
            (Some(mut alert), event) => {
                alert.follow(event, at_us);
                Some(alert)
            }
            (None, _) => None,
        }
    }

    fn follow(&mut self, event: &Event, at_us: i64) {
        match event {
            Event::AlertRepeated(again) if again.alert_id == self.id => {
                self.severity = again.severity;
                if again.reopens {
                    self.status = AlertStatus::Open;
                }
                self.count += 1;
                self.last_at_us = at_us;
                self.evidence.extend(again.evidence.iter().cloned());
                let more = self.evidence.len().saturating_sub(MAX_EVIDENCE);
                self.evidence.drain(..more);
            }
            Event::AlertChanged(changed) if changed.alert_id == self.id => match &changed.change {
                AlertChange::Acknowledge => self.status = AlertStatus::Acknowledged,
                AlertChange::Assign { to } => self.assigned_to = Some(to.clone()),
                AlertChange::Mute { until_us } => self.muted_until_us = Some(*until_us),
                AlertChange::Resolve => {
                    self.status = AlertStatus::Resolved;
                    self.resolved_at_us = Some(at_us);
                }
            },
            Event::AlertForgotten(gone) if gone.alert_id == self.id => self.count = 0,
            Event::AlertMailed(told) if told.alert_id == self.id => {
                self.mailed = Some(Mailed {
                    at_us,
                    refused: told.refused.clone(),
                });
            }
            Event::AlertMuteElapsed(elapsed) if self.muted_until_us == Some(elapsed.until_us) => {
                self.muted_until_us = None;
            }
            _ => {}
        }
    }

    /// Whether it says no more than none would.
    pub const fn is_forgotten(&self) -> bool {
        self.count == 0
    }

    /// When it is heard again, or forgotten.
    pub fn deadline(&self) -> Option<i64> {
        let forgotten = self.resolved_at_us.filter(|_| !self.is_forgotten());
        let forgotten = forgotten.map(|resolved_us| resolved_us.saturating_add(KEPT_US));
        self.muted_until_us.or(forgotten)
    }

    /// That it is.
    pub fn elapsed(&self) -> Option<Event> {
        self.deadline()?;
        let (kind, subject) = (self.kind, self.subject.clone());
        let elapsed = match self.muted_until_us {
            Some(until_us) => AlertMuteElapsed {
                kind,
                subject,
                alert_id: self.id,
                until_us,
            }
            .into(),
            None => AlertForgotten {
                kind,
                subject,
                alert_id: self.id,
            }
            .into(),
        };
        Some(elapsed)
    }
}

/// What a rule over many events has found.
pub fn found(
    kind: AlertKind,
    subject: &impl ToString,
    severity: Severity,
    evidence: Vec<String>,
) -> Event {
    AlertReported {
        kind,
        subject: subject.to_string(),
        severity,
        evidence,
    }
    .into()
}

/// That what a rule has found is over.
pub fn over(kind: AlertKind, subject: &impl ToString) -> Event {
    AlertCauseGone {
        kind,
        subject: subject.to_string(),
    }
    .into()
}

#[cfg(test)]
mod tests;
