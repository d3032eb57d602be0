//! What staff see and decide of the log: lags, dead letters, the past.

use std::time::Duration;

use broker::{Log, ParkedState};
use types::Problem;
use types::admin::EventRow;
use types::log::{self, ConsumerRow, DeadLetterDecision, LogView, LookBack, ParkedRow};
use types::staff::Right;

use crate::events::internal;
use crate::look_back::look_back;
use crate::shop::Shop;
use crate::summary::{event_row, subject};
use crate::visitor::Staff;

/// Parked events that are shown, at most.
const PARKED: usize = 200;
/// How long a page waits for the consumer to follow a decision.
const PATIENCE: Duration = Duration::from_secs(2);

/// How the log and its consumers stand.
pub async fn log_view(log: &Log) -> crate::Result<LogView> {
    let read = async {
        let consumers = log.lags().await?;
        let parked = log.parked(false, PARKED).await?;
        Ok::<_, broker::Error>((log.stored_head().await?, consumers, parked))
    };
    let (head, consumers, parked) = read.await.map_err(internal)?;
    let consumer = |lag: broker::Lag| ConsumerRow {
        name: lag.consumer,
        position: lag.position,
        behind: lag.behind,
        parked: lag.parked,
        dead: lag.dead,
    };
    let row = |parked: broker::ParkedEvent| {
        let (kind, data, unreadable) = match parked.event {
            Ok(event) => (event.kind, event.data, None),
            Err(why) => ("damaged".to_owned(), String::new(), Some(why)),
        };
        ParkedRow {
            consumer: parked.consumer,
            position: parked.position,
            subject: subject(&parked.key),
            state: match parked.state {
                ParkedState::Retrying => log::ParkedState::Retrying,
                ParkedState::Held => log::ParkedState::Held,
                ParkedState::Dead => log::ParkedState::Dead,
            },
            attempts: parked.attempts,
            error: unreadable.unwrap_or(parked.error),
            parked_at_us: parked.parked_at_us,
            kind,
            data,
        }
    };
    Ok(LogView {
        head,
        consumers: consumers.into_iter().map(consumer).collect(),
        parked: parked.into_iter().map(row).collect(),
    })
}

impl Shop {
    /// How the log and its consumers stand.
    pub async fn log_view(&self, staff: &Staff) -> crate::Result<LogView> {
        staff.may(Right::See)?;
        log_view(self.log()).await
    }

    /// Redrives or discards a dead letter, in the name of who decides, and waits a moment for the
    /// consumer to follow.
    ///
    /// # Errors
    /// 404 when the consumer has no dead letter there (any more).
    pub async fn decide_dead_letter(
        &self,
        staff: &Staff,
        consumer: &str,
        position: u64,
        decision: DeadLetterDecision,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Log)?;
        let (log, by) = (self.log(), by);
        let from = log.head();
        let asked = match decision {
            DeadLetterDecision::Redrive => log.redrive(consumer, position, by).await,
            DeadLetterDecision::Discard => log.discard(consumer, position, by).await,
        };
        let asked = asked.map_err(|error| match error {
            broker::Error::NoSuchDeadLetter { .. } => {
                Problem::not_found(format!("{error}. Somebody may have decided already."))
            }
            error => internal(error),
        })?;
        let followed = async {
            let mut tail = log.tail(from);
            while let Ok(events) = tail.next(256).await {
                if events.iter().any(|event| event.causation_id == Some(asked)) {
                    return;
                }
            }
        };
        // The request is in the log and will be followed; only this page stops waiting.
        let _ = tokio::time::timeout(PATIENCE, followed).await;
        Ok(())
    }

    /// An order or a SKU as of a past position; see [`look_back`].
    ///
    /// # Errors
    /// 404 when there was no such thing.
    pub async fn look_back(
        &self,
        staff: &Staff,
        what: &str,
        at: Option<u64>,
    ) -> crate::Result<LookBack> {
        staff.may(Right::See)?;
        look_back(self.log(), what, at).await
    }

    /// The last events of the log, newest first.
    pub async fn recent_events(&self, staff: &Staff, limit: usize) -> crate::Result<Vec<EventRow>> {
        staff.may(Right::See)?;
        let events = self
            .log()
            .read_last(limit.min(500))
            .await
            .map_err(internal)?;
        self.staff_names().refresh(self.log()).await?;
        Ok(events
            .iter()
            .map(|event| event_row(event, self.staff_names()))
            .collect())
    }

    /// The events after `position`, oldest first; of many only the last `limit`. Also the position at
    /// which that is true.
    pub async fn events_after(
        &self,
        position: u64,
        limit: usize,
    ) -> crate::Result<(Vec<EventRow>, u64)> {
        let mut events = self.log().read_last(limit).await.map_err(internal)?;
        let newest = events.first().map_or(0, |event| event.position);
        events.retain(|event| event.position > position);
        let rows = events.iter().rev();
        let rows = rows.map(|event| event_row(event, self.staff_names()));
        Ok((rows.collect(), newest))
    }
}
