//! What staff see and decide of the log: lags, dead letters, the past.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use broker::{Lag, Log, ParkedState, REPLAYED, Role, Roster};
use types::Problem;
use types::admin::EventRow;
use types::log::{
    self, Circuit, ConsumerRole, ConsumerRow, DamageRow, DeadLetterDecision, LogView, LookBack,
    ParkedRow, RebuildRow,
};
use types::staff::Right;

use crate::events::internal;
use crate::look_back::look_back;
use crate::shop::Shop;
use crate::summary::{event_row, subject};
use crate::visitor::Staff;

/// Parked events that are shown, at most.
const PARKED: usize = 200;
/// Rebuilds that are listed, and how far back they are looked for.
const REBUILDS: usize = 5;
const REBUILT_REACH: u64 = 200_000;
/// How long a page waits for the consumer to follow a decision.
const PATIENCE: Duration = Duration::from_secs(2);

/// How the log and its consumers stand.
pub async fn log_view(log: &Log, roster: &Roster) -> crate::Result<LogView> {
    let read = async {
        let lags = log.lags().await?;
        let parked = log.parked(false, PARKED).await?;
        let rebuilt = log.rebuilds().await?;
        let damage = first_damage(log, &lags).await?;
        let subscriptions = log.pull_subscriptions().await?;
        let head = log.stored_head().await?;
        Ok::<_, broker::Error>((head, lags, parked, rebuilt, damage, subscriptions))
    };
    let (head, lags, parked, rebuilt, damage, subscriptions) = read.await.map_err(internal)?;
    let mut failures: HashMap<&str, (u64, &str)> = HashMap::new();
    for event in &parked {
        let (failed, last) = failures.entry(&event.consumer).or_default();
        *failed += u64::from(event.attempts);
        if last.is_empty() {
            *last = &event.error;
        }
    }
    let reactors = log.reactors();
    let consumer = |lag: Lag| {
        let (failures, error) = failures.get(&*lag.consumer).copied().unwrap_or_default();
        let of_it = reactors.iter().find(|known| known.name == lag.consumer);
        let rebuilt = rebuilt.iter().find(|known| known.consumer == lag.consumer);
        let role = roster.members().find(|(name, _)| *name == lag.consumer);
        ConsumerRow {
            position: lag.position,
            behind: lag.behind,
            role: match role {
                Some((_, Role::Decider)) => ConsumerRole::Decider,
                Some((_, Role::Consumer)) => ConsumerRole::View,
                Some((_, Role::Reactor)) => ConsumerRole::Reactor,
                None if subscriptions.iter().any(|it| it.consumer == lag.consumer) => {
                    ConsumerRole::Subscription
                }
                None => ConsumerRole::Unknown,
            },
            rate_milli: None,
            parked: lag.parked,
            dead: lag.dead,
            failures,
            error: (!error.is_empty()).then(|| error.to_owned()),
            circuit: of_it.map(|reactor| Circuit {
                is_open: reactor.is_circuit_open,
                in_flight: reactor.in_flight as u64,
            }),
            rebuilt_to: rebuilt.map(|rebuilt| rebuilt.folded_to),
            name: lag.consumer,
        }
    };
    let consumers = lags.into_iter().map(consumer).collect();
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
        consumers,
        parked: parked.into_iter().map(row).collect(),
        damage,
        rebuilds: Vec::new(),
    })
}

/// The first record that cannot be read among those that consumers come to next.
async fn first_damage(log: &Log, lags: &[Lag]) -> broker::Result<Option<DamageRow>> {
    let behind = lags.iter().filter(|lag| lag.behind > 0);
    let at: BTreeSet<u64> = behind.map(|lag| lag.position).collect();
    for position in at {
        match log.read_after(position, 1).await {
            Err(error) if error.is_damage() => {
                return Ok(Some(DamageRow {
                    position: position + 1,
                    what: error.to_string(),
                }));
            }
            read => drop(read?),
        }
    }
    Ok(None)
}

impl Shop {
    /// How the log and its consumers stand.
    pub async fn log_view(&self, staff: &Staff, roster: &Roster) -> crate::Result<LogView> {
        staff.may(Right::See)?;
        let mut view = self.log_now(roster).await?;
        self.staff_names().refresh(self.log()).await?;
        let rebuilt = self.log().last_of(REPLAYED, REBUILDS, REBUILT_REACH).await;
        let rebuilt = rebuilt.map_err(internal)?;
        let row = |event: &broker::Recorded| {
            let row = event_row(event, self.staff_names());
            RebuildRow {
                position: row.position,
                at_us: row.at_us,
                consumer: row.subject,
                summary: row.summary,
            }
        };
        view.rebuilds = rebuilt.iter().map(row).collect();
        Ok(view)
    }

    /// How the consumers stand, for whoever follows them.
    pub async fn consumers_now(&self, roster: &Roster) -> crate::Result<(Vec<ConsumerRow>, u64)> {
        let view = self.log_now(roster).await?;
        Ok((view.consumers, view.head))
    }

    async fn log_now(&self, roster: &Roster) -> crate::Result<LogView> {
        let mut view = log_view(self.log(), roster).await?;
        let (now_us, failed) = (self.now_us(), self.rebuilds().failures());
        for row in &mut view.consumers {
            let rates = self.consumer_rates();
            row.rate_milli = rates.milli(&row.name, now_us, row.position);
            if let Some(why) = failed.get(&row.name) {
                row.error = Some(format!("not built anew: {why}"));
            }
        }
        Ok(view)
    }

    /// Takes note of where the consumers are, for how fast they go.
    pub fn saw_consumers(&self, lags: &[Lag]) {
        self.consumer_rates().note(lags, self.now_us());
    }

    /// Has everybody step over a damaged record, in the name of who decides. Answers with the damage.
    ///
    /// # Errors
    /// 404 for a position that the log has not come to, 409 for a record that can be read.
    pub async fn quarantine(&self, staff: &Staff, position: u64) -> crate::Result<String> {
        let by = staff.may(Right::Log)?;
        let done = self.log().quarantine(position, by).await;
        done.map_err(|error| match error {
            broker::Error::NoSuchEvent(_) => Problem::not_found(format!("{error}.")),
            broker::Error::NotDamaged(_) => Problem::conflict(
                "not-damaged",
                "Nothing is wrong with it",
                format!("{error}."),
            ),
            error => internal(error),
        })
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
