//! What a reader says of the events that it has: handled, or not, and why.

use std::collections::HashMap;

use crate::parked::{self, ParkedState, Row};
use crate::pull_leases::{self, Unhandled};
use crate::pull_subscriptions::hold;
use crate::{Failure, Log, PullSubscription, Recorded, Tx, positions};

/// Letters of a reason that are kept.
const REASON: usize = 2_000;

/// What a reader says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// Under which it has the events.
    pub lease: String,
    /// Positions of those that are handled.
    pub acknowledged: Vec<u64>,
    /// Those that are not, and why.
    pub failed: Vec<(u64, String)>,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    Handled,
    /// It was handled before, or given up.
    HandledBefore,
    /// It is given again, after so many attempts, from then on (unix microseconds).
    Retrying {
        attempts: u32,
        due_us: i64,
    },
    /// It waits for a person.
    Dead {
        attempts: u32,
    },
    /// Another reader has it: the lease ended before the answer came.
    OfAnother {
        attempts: u32,
    },
    /// The lease ended, and it waits to be given again, or for a person.
    Elapsed {
        attempts: u32,
    },
    /// It was never given out.
    NotGiven,
}

impl Fate {
    /// Whether what was said of it counts.
    pub const fn is_taken(&self) -> bool {
        !matches!(
            self,
            Self::OfAnother { .. } | Self::Elapsed { .. } | Self::NotGiven
        )
    }
}

impl Log {
    /// Follows what a reader says, in one transaction; answers with what became of each event. What it says of events
    /// that it does not have (any more) changes nothing. `None` when there is no such subscription.
    ///
    /// # Errors
    /// The database's.
    pub async fn answer_pulled(
        &self,
        subscription: &PullSubscription,
        answers: &Answers,
    ) -> Result<Option<Vec<(u64, Fate)>>, Failure> {
        // Read before anything is held: a failure names its event as the cause of the dead letter.
        let mut events = HashMap::new();
        for (position, _) in &answers.failed {
            if let Ok(event) = self.read_one(*position).await {
                events.insert(*position, event);
            }
        }
        let mut tx = self.begin("subscriptions").await?;
        if !hold(&mut tx, &subscription.consumer).await? {
            return Ok(None);
        }
        let known = pull_leases::unhandled(&mut tx, &subscription.consumer).await?;
        let mut known: HashMap<u64, Unhandled> =
            known.into_iter().map(|row| (row.position, row)).collect();
        let position = positions::of(&mut tx, &subscription.consumer).await?;
        let mut fates = Vec::new();
        for at in &answers.acknowledged {
            let fate = match whose(&known, *at, position, &answers.lease) {
                Some(fate) => fate,
                None => {
                    pull_leases::release(&mut tx, &subscription.consumer, *at).await?;
                    parked::delete(&mut tx, &subscription.consumer, *at).await?;
                    known.remove(at);
                    Fate::Handled
                }
            };
            fates.push((*at, fate));
        }
        for (at, reason) in &answers.failed {
            let fate = match whose(&known, *at, position, &answers.lease) {
                Some(fate) => fate,
                None => {
                    let event = events.get(at).map(AsRef::as_ref);
                    fail(&mut tx, subscription, &mut known, *at, reason, event).await?
                }
            };
            fates.push((*at, fate));
        }
        tx.commit().await?;
        self.was_answered();
        Ok(Some(fates))
    }
}

/// Why an event is not the reader's; `None` when it is. A lease that has ended is good until another one begins.
fn whose(known: &HashMap<u64, Unhandled>, at: u64, position: u64, lease: &str) -> Option<Fate> {
    let Some(row) = known.get(&at) else {
        return Some(match at == 0 || at > position {
            true => Fate::NotGiven,
            false => Fate::HandledBefore,
        });
    };
    let attempts = row.attempts;
    match &row.lease {
        Some(of) if of == lease => None,
        Some(_) => Some(Fate::OfAnother { attempts }),
        None if row.state == ParkedState::Held && attempts == 0 => Some(Fate::NotGiven),
        None => Some(Fate::Elapsed { attempts }),
    }
}

/// An event is not handled: it is given again later, or dead. What the reader has of the same key comes after it.
async fn fail(
    tx: &mut Tx,
    subscription: &PullSubscription,
    known: &mut HashMap<u64, Unhandled>,
    at: u64,
    reason: &str,
    event: Option<&Recorded>,
) -> Result<Fate, Failure> {
    let consumer = &subscription.consumer;
    let environment = tx.log().environment().clone();
    let Some(row) = known.remove(&at) else {
        return Ok(Fate::NotGiven);
    };
    let reason: String = reason.chars().take(REASON).collect();
    let after = pull_leases::after_failure(tx, subscription, &row, reason, event)?;
    let fate = match after.state {
        ParkedState::Dead => Fate::Dead {
            attempts: after.attempts,
        },
        _ => Fate::Retrying {
            attempts: after.attempts,
            due_us: (environment.now_us())
                .saturating_add(after.due_us.saturating_sub(environment.steady_us())),
        },
    };
    let mut rows = vec![(at, after)];
    pull_leases::release(tx, consumer, at).await?;
    for behind in known.values_mut() {
        let is_behind = behind.position > at && behind.key == row.key;
        if is_behind && behind.lease.is_some() && behind.lease == row.lease {
            behind.lease = None;
            behind.state = ParkedState::Held;
            pull_leases::release(tx, consumer, behind.position).await?;
            let held = Row {
                attempts: behind.attempts,
                error: behind.error.clone(),
                ..Row::held(&behind.key)
            };
            rows.push((behind.position, held));
        }
    }
    parked::store(tx, consumer, &rows, &environment).await?;
    Ok(fate)
}
