//! Gives events of a subscription to a reader, who has them for as long as the lease lasts. Two readers share the work:
//! what one has nobody else gets, and of one key nobody gets anything while another reader has some of it.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use crate::parked::{self, ParkedState, Row};
use crate::pull_leases;
use crate::pull_subscriptions::hold;
use crate::{Failure, GroupCommit, Log, PullSubscription, Reach, Recorded, Result, Tx, positions};

/// What is looked through for one answer.
const POSITIONS: u64 = 20_000;
const TIME: Duration = Duration::from_millis(500);
/// Events that readers of one subscription may have at once. Who answers none gets no more.
const MOST_LEASED: usize = 1_000;
/// A position that has passed so much of what was for others is stored, although nothing was given.
const SETTLE: u64 = 1_024;
/// How often it is tried anew when another reader was faster.
const TRIES: usize = 16;

/// An event that a reader has now.
#[derive(Debug, Clone)]
pub struct GivenEvent {
    pub event: Arc<Recorded>,
    /// 1 for the first time.
    pub attempt: u32,
}

/// What a reader has now.
#[derive(Debug, Clone)]
pub struct Given {
    /// To be shown with the answer.
    pub lease: String,
    /// Unix microseconds: from then on others may get them.
    pub until_us: i64,
    /// In the order of the log, but for those that are given again, which come first.
    pub events: Vec<GivenEvent>,
}

/// What came of asking.
#[derive(Debug, Clone)]
pub enum Pulled {
    Given(Given),
    Nothing {
        /// Everything up to here was looked at.
        at: u64,
        /// When something that failed or was not answered is given again.
        next_due_us: Option<i64>,
    },
    /// There is no such subscription (any more).
    Gone,
}

/// What was found before the transaction.
#[derive(Debug, Clone)]
struct Found {
    position: u64,
    fresh: Vec<Arc<Recorded>>,
    to: u64,
}

/// What the transaction made of it.
enum Step {
    Given {
        again: Vec<(u64, u32)>,
        fresh: Vec<Arc<Recorded>>,
        lease: String,
        until_us: i64,
    },
    Nothing {
        at: u64,
        next_due_us: Option<i64>,
        /// Whether there may be more: some waits behind others, and what is behind that was not looked at.
        goes_on: bool,
    },
    Moved,
    Gone,
}

impl Log {
    /// Gives a reader up to `limit` events that it `may` have. `is_last` says that nobody waits for more, so that the
    /// position passes what was for others.
    ///
    /// # Errors
    /// As [`Log::read_after`], when the next event cannot be read; the database's.
    pub async fn pull(
        &self,
        writer: &GroupCommit,
        subscription: &PullSubscription,
        limit: usize,
        is_last: bool,
        may: impl Fn(&Recorded) -> bool,
    ) -> Result<Pulled> {
        let consumer = &subscription.consumer;
        let mut hash = DefaultHasher::new();
        consumer.hash(&mut hash);
        // Two writers that lock two subscriptions crosswise would wait for each other.
        let writer = writer.of_owner(hash.finish());
        let reach = Reach {
            events: limit,
            positions: POSITIONS,
            time: TIME,
        };
        let mut nothing = (0, None);
        for _ in 0..TRIES {
            self.stored_head().await?;
            let position = self.position_of(consumer).await?;
            let is_for_it = |event: &Recorded| subscription.hears(event) && may(event);
            let (fresh, to) = match self.search_on(position, reach, is_for_it).await {
                Ok(found) => found,
                // What was given before the damage can still come again.
                Err(error) if error.is_damage() && self.has_due(consumer).await? => {
                    tracing::warn!(consumer, %error, "a subscription waits before a damaged event");
                    (Vec::new(), position)
                }
                Err(error) => return Err(error),
            };
            let is_worth = (is_last && to > position) || to - position >= SETTLE;
            if fresh.is_empty() && !is_worth && !self.has_due(consumer).await? {
                let next_due_us = self.next_due(consumer).await?;
                return Ok(Pulled::Nothing {
                    at: to,
                    next_due_us,
                });
            }
            let found = Found {
                position,
                fresh,
                to,
            };
            let of = subscription.clone();
            let given =
                writer.run(move |tx| Box::pin(async move { give(tx, &of, &found, limit).await }));
            match given.await.map_err(Failure::into_error)? {
                Step::Moved => {}
                Step::Gone => return Ok(Pulled::Gone),
                Step::Nothing {
                    at,
                    next_due_us,
                    goes_on,
                } => {
                    nothing = (at, next_due_us);
                    if !goes_on {
                        break;
                    }
                }
                Step::Given {
                    again,
                    fresh,
                    lease,
                    until_us,
                } => {
                    let again = self.read_again(&writer, subscription, &again, &may).await?;
                    let fresh = fresh
                        .into_iter()
                        .map(|event| GivenEvent { event, attempt: 1 });
                    let events: Vec<GivenEvent> = again.into_iter().chain(fresh).collect();
                    if !events.is_empty() {
                        return Ok(Pulled::Given(Given {
                            lease,
                            until_us,
                            events,
                        }));
                    }
                }
            }
        }
        let (at, next_due_us) = nothing;
        Ok(Pulled::Nothing { at, next_due_us })
    }

    async fn has_due(&self, consumer: &str) -> Result<bool> {
        let now_us = self.environment().now_us();
        Ok(self
            .next_due(consumer)
            .await?
            .is_some_and(|due| due <= now_us))
    }

    /// When something is given again: the first of its key, or what was held behind one that is handled.
    async fn next_due(&self, consumer: &str) -> Result<Option<i64>> {
        let row = db::query(
            "select min(p.due_us) from parked p where p.consumer = $1 and p.state <> 'dead' \
             and not exists (select 1 from parked b where b.consumer = p.consumer \
             and b.key = p.key and b.position < p.position)",
        )
        .bind(consumer)
        .fetch_one(self.db().reader())
        .await?;
        Ok(db::Columns::try_get(&row, 0)?)
    }

    /// Reads what is given again. What cannot be read (any more) is a dead letter; what was quarantined is passed.
    async fn read_again(
        &self,
        writer: &GroupCommit,
        subscription: &PullSubscription,
        again: &[(u64, u32)],
        may: &impl Fn(&Recorded) -> bool,
    ) -> Result<Vec<GivenEvent>> {
        let mut events = Vec::with_capacity(again.len());
        for (position, attempt) in again {
            let (position, attempt) = (*position, *attempt);
            let damage = match self.read_one(position).await {
                Ok(event) if event.is_stand_in() => None,
                Ok(event) => {
                    if may(&event) {
                        events.push(GivenEvent { event, attempt });
                    }
                    continue;
                }
                Err(error) if error.is_damage() => Some(error.to_string()),
                Err(error) => return Err(error),
            };
            let of = subscription.clone();
            let settled = writer.run(move |tx| {
                Box::pin(async move { settle_unreadable(tx, &of, position, damage).await })
            });
            settled.await.map_err(Failure::into_error)?;
        }
        Ok(events)
    }
}

/// Gives out what can be, in one transaction with the position.
async fn give(
    tx: &mut Tx,
    subscription: &PullSubscription,
    found: &Found,
    limit: usize,
) -> std::result::Result<Step, Failure> {
    let consumer = &subscription.consumer;
    if !hold(tx, consumer).await? {
        return Ok(Step::Gone);
    }
    // Nobody else moves it from here on. Another reader may have, since it was looked.
    if !positions::move_one(tx, consumer, found.position, found.position).await? {
        return Ok(Step::Moved);
    }
    let environment = tx.log().environment().clone();
    let now_us = environment.now_us();
    let known = pull_leases::unhandled(tx, consumer).await?;
    let leased = known.iter().filter(|row| row.is_leased(now_us)).count();
    let limit = limit.min(MOST_LEASED.saturating_sub(leased));
    let lease_us = i64::try_from(subscription.lease.as_micros()).unwrap_or(i64::MAX);
    let due_us = environment.steady_us().saturating_add(lease_us);

    let mut rows: Vec<(u64, Row)> = Vec::new();
    let mut again: Vec<(u64, u32)> = Vec::new();
    // Keys of which something stays behind: what follows waits.
    let mut blocked: HashSet<&str> = HashSet::new();
    let mut next_due_us: Option<i64> = None;
    for row in &known {
        let is_first = !blocked.contains(&*row.key);
        let is_due = row.state != ParkedState::Dead && row.due_us <= now_us;
        if !(is_first && is_due && again.len() < limit) {
            if is_first && row.state != ParkedState::Dead {
                next_due_us = Some(next_due_us.map_or(row.due_us, |due| due.min(row.due_us)));
            }
            blocked.insert(&row.key);
            continue;
        }
        let mut attempts = row.attempts;
        let mut error = row.error.clone();
        if row.lease.is_some() && row.state == ParkedState::Retrying {
            let seconds = subscription.lease.as_secs();
            let unanswered = format!("no answer came within {seconds} seconds");
            let event = tx.log().read_one(row.position).await.ok();
            let after =
                pull_leases::after_failure(tx, subscription, row, unanswered, event.as_deref())?;
            if after.state == ParkedState::Dead {
                pull_leases::release(tx, consumer, row.position).await?;
                rows.push((row.position, after));
                blocked.insert(&row.key);
                continue;
            }
            (attempts, error) = (after.attempts, after.error);
        }
        let state = ParkedState::Retrying;
        let key = row.key.clone();
        rows.push((
            row.position,
            Row {
                key,
                state,
                attempts,
                due_us,
                error,
            },
        ));
        again.push((row.position, attempts + 1));
    }

    let mut fresh = Vec::new();
    let mut to = found.to;
    let mut before = found.position;
    let mut was_held = false;
    let mut is_full = false;
    // Of more than is looked at nobody knows which keys have to wait.
    let is_overfull = known.len() >= pull_leases::ROWS;
    for event in &found.fresh {
        let row = if !is_overfull && blocked.contains(&*event.key) {
            was_held = true;
            Row::held(&event.key)
        } else if !is_overfull && again.len() + fresh.len() < limit {
            fresh.push(event.clone());
            Row {
                due_us,
                attempts: 0,
                state: ParkedState::Retrying,
                ..Row::held(&event.key)
            }
        } else {
            // The position stays before it.
            is_full = true;
            to = before;
            break;
        };
        rows.push((event.position, row));
        before = event.position;
    }
    positions::move_one(tx, consumer, found.position, to).await?;
    parked::store(tx, consumer, &rows, &environment).await?;
    if again.is_empty() && fresh.is_empty() {
        return Ok(Step::Nothing {
            at: to,
            next_due_us,
            goes_on: was_held && !is_full,
        });
    }
    let lease = environment.new_id().to_string();
    let positions: Vec<u64> = (again.iter().map(|(position, _)| *position))
        .chain(fresh.iter().map(|event| event.position))
        .collect();
    pull_leases::lease(tx, consumer, &positions, &lease).await?;
    Ok(Step::Given {
        again,
        fresh,
        lease,
        until_us: now_us.saturating_add(lease_us),
    })
}

/// Has an event that cannot be read be a dead letter, or passes one that was quarantined.
async fn settle_unreadable(
    tx: &mut Tx,
    subscription: &PullSubscription,
    position: u64,
    damage: Option<String>,
) -> std::result::Result<(), Failure> {
    let consumer = &subscription.consumer;
    hold(tx, consumer).await?;
    let known = pull_leases::unhandled(tx, consumer).await?;
    let Some(known) = known.into_iter().find(|row| row.position == position) else {
        return Ok(());
    };
    pull_leases::release(tx, consumer, position).await?;
    let Some(damage) = damage else {
        return parked::delete(tx, consumer, position).await;
    };
    let row = pull_leases::bury(tx, subscription, &known, damage, None)?;
    let environment = tx.log().environment().clone();
    parked::store(tx, consumer, &[(position, row)], &environment).await
}
