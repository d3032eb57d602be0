//! The loop of a [`Consumer`]: batches, each in one transaction with the consumer's position. That of a
//! decider brings it to the head of the log, leaves it to the [turns](crate::turn) there, and takes it
//! back when it leaves them.

use std::sync::Arc;
use std::time::Instant;

use crate::panics::caught;
use crate::parked::{self, Parked, Row};
use crate::subscription::{Cursor, Pace, Subscription};
use crate::turn::Join;
use crate::{Consumer, Failure, Recorded, Step, Tx, dead_letters, decisions, states};

/// Where the consumer stands.
#[derive(Debug)]
struct State {
    cursor: Cursor,
    parked: Parked,
    /// After a batch failed, this many events come one by one: the good ones get through, and the bad
    /// one is known.
    one_by_one: usize,
    /// When the last batch was committed.
    committed: Option<Instant>,
}

pub(crate) async fn run<C: Consumer>(consumer: Arc<C>, subscription: Subscription) {
    let mut pace = Pace::new(&subscription);
    let mut state = None;
    while !pace.is_stopped() {
        let due_us = state
            .as_ref()
            .and_then(|state: &State| state.parked.next_due_us());
        match subscription.leave_to_turns(due_us).await {
            Ok(false) => {}
            Ok(true) => {
                // What is in memory is as old as the turns.
                state = None;
                continue;
            }
            Err(failure) => {
                pace.failed(&failure).await;
                continue;
            }
        }
        match step(&*consumer, &subscription, &mut state).await {
            Ok(true) => pace.went_well(),
            Ok(false) => {
                let Some(at) = &mut state else { continue };
                if pace.rest(at.cursor, at.parked.next_due_us()).await
                    && let Err(failure) = subscription.settle(&mut at.cursor).await
                {
                    state = None;
                    pace.failed(&failure).await;
                }
            }
            Err(failure) => {
                // What is in memory may not be what is in the database.
                state = None;
                pace.failed(&failure).await;
            }
        }
    }
}

/// Does one thing; says whether there was anything to do.
async fn step<C: Consumer>(
    consumer: &C,
    subscription: &Subscription,
    state: &mut Option<State>,
) -> Result<bool, Failure> {
    let state = match state {
        Some(state) => state,
        None => state.insert(State {
            cursor: subscription.cursor().await?,
            parked: subscription.parked().await?,
            one_by_one: 0,
            committed: None,
        }),
    };
    if let Some(position) = state.parked.due(subscription.steady_us()) {
        retry(consumer, subscription, state, position).await?;
        return Ok(true);
    }
    if let Some(committed) = state.committed {
        tokio::time::sleep(
            subscription
                .settings
                .min_gap
                .saturating_sub(committed.elapsed()),
        )
        .await;
    }
    let limit = if state.one_by_one > 0 {
        1
    } else {
        subscription.settings.batch
    };
    let (batch, to) = subscription.read(state.cursor.read, limit).await?;
    // Under load there is always something new: the last batch and the way into the turns are one.
    let is_near = state.one_by_one == 0 && to >= subscription.log.head();
    if is_near && subscription.takes_part.is_some() && join(consumer, subscription, state).await? {
        state.committed = Some(Instant::now());
        return Ok(true);
    }
    if batch.is_empty() {
        let moved = to > state.cursor.read;
        state.cursor.read = to;
        return Ok(moved);
    }
    let handled = batch.len();
    subscription.reach(Step::Read).await;
    match advance(consumer, subscription, state, &batch, to).await {
        Ok(()) => {
            state.one_by_one = state.one_by_one.saturating_sub(handled);
            state.committed = Some(Instant::now());
        }
        Err(failure) if failure.is_transient() => return Err(failure),
        Err(failure) if handled > 1 => {
            tracing::warn!(consumer = subscription.name, %failure, "a batch failed; one by one now");
            state.one_by_one = handled;
        }
        Err(failure) => park(subscription, state, &batch[0], to, &failure).await?,
    }
    Ok(true)
}

/// Handles a batch and moves on: position, state and emitted events in one transaction.
async fn advance<C: Consumer>(
    consumer: &C,
    subscription: &Subscription,
    state: &mut State,
    batch: &[Arc<Recorded>],
    to: u64,
) -> Result<(), Failure> {
    let mut tx = subscription.begin().await?;
    let parked = handle(consumer, subscription, state, &mut tx, batch, to).await?;
    tx.commit().await?;
    state.moved(to, parked);
    Ok(())
}

/// Lets a decider take part in turns, if it has come to the head: what came since it last looked is
/// handled in the same transaction. Says whether it has come to that.
async fn join<C: Consumer>(
    consumer: &C,
    subscription: &Subscription,
    state: &mut State,
) -> Result<bool, Failure> {
    let mut tx = subscription.begin().await?;
    let head = tx.hold_head().await?;
    let (batch, to) = subscription
        .read(state.cursor.read, subscription.settings.batch)
        .await?;
    if to < head {
        // There is more than one batch of it.
        return Ok(false);
    }
    let parked = handle(consumer, subscription, state, &mut tx, &batch, to).await;
    let parked = match parked {
        Ok(parked) => parked,
        // The plain way finds out which one it is.
        Err(_) if !batch.is_empty() => return Ok(false),
        Err(failure) => return Err(failure),
    };
    if parked.is_nothing() {
        let generation = states::generation(&mut tx, subscription.name).await?;
        tx.join(Join {
            decider: subscription.name,
            generation,
            blocked: state.parked.keys().map(str::to_owned).collect(),
        });
    }
    tx.commit().await?;
    state.moved(to, parked);
    Ok(true)
}

/// What a batch did to the parked events.
#[derive(Debug)]
struct ParkedChanges {
    held: Vec<(u64, Row)>,
    decided: Vec<dead_letters::Change>,
}

impl ParkedChanges {
    fn is_nothing(&self) -> bool {
        self.held.is_empty() && self.decided.is_empty()
    }
}

impl State {
    /// Takes in what was committed.
    fn moved(&mut self, to: u64, parked: ParkedChanges) {
        self.cursor = Cursor {
            stored: to,
            read: to,
        };
        for change in parked.decided {
            self.parked.change(change);
        }
        for (position, row) in parked.held {
            self.parked.put(position, row);
        }
    }
}

/// Handles a batch inside `tx` and moves the stored position. What must wait behind a parked event is
/// held in the same transaction.
async fn handle<C: Consumer>(
    consumer: &C,
    subscription: &Subscription,
    state: &State,
    tx: &mut Tx,
    batch: &[Arc<Recorded>],
    to: u64,
) -> Result<ParkedChanges, Failure> {
    subscription
        .store_position(tx, state.cursor.stored, to)
        .await?;
    subscription.reach(Step::Moved).await;
    let mut free = Vec::with_capacity(batch.len());
    let mut held = Vec::new();
    let mut decided = Vec::new();
    for event in batch {
        if decisions::concerns(event, subscription.name) {
            let change = dead_letters::follow(tx, event, subscription.log.environment()).await?;
            if let Some(dead_letters::Change::Remove(position)) = change {
                make_up(consumer, subscription, tx, position).await?;
            }
            decided.extend(change);
        } else if state.parked.blocks(&event.key) {
            held.push((event.position, Row::held(&event.key)));
        } else {
            free.push(event.clone());
        }
    }
    parked::store(tx, subscription.name, &held, subscription.log.environment()).await?;
    if !free.is_empty() {
        caught(consumer.handle(tx, &free)).await?;
    }
    subscription.reach(Step::Handled).await;
    Ok(ParkedChanges { held, decided })
}

/// Makes up for an event that is given up. What cannot be made up for is given up all the same.
async fn make_up<C: Consumer>(
    consumer: &C,
    subscription: &Subscription,
    tx: &mut Tx,
    position: u64,
) -> Result<(), Failure> {
    let event = match subscription.log.read_one(position).await {
        Ok(event) => event,
        Err(error @ crate::Error::Database(_)) => return Err(error.into()),
        Err(error) => {
            tracing::warn!(consumer = subscription.name, position, %error, "nothing makes up for it");
            return Ok(());
        }
    };
    if event.is_stand_in() {
        return Ok(());
    }
    let appended = tx.appended();
    match caught(consumer.discarded(tx, &event)).await {
        Err(failure @ Failure::Other(_)) => {
            tracing::warn!(consumer = subscription.name, position, %failure, "nothing makes up for it");
            tx.forget_appended(appended);
            Ok(())
        }
        done => done,
    }
}

/// Puts an event that failed aside and moves on.
async fn park(
    subscription: &Subscription,
    state: &mut State,
    event: &Recorded,
    to: u64,
    failure: &Failure,
) -> Result<(), Failure> {
    subscription.reach(Step::Failed).await;
    let mut tx = subscription.begin().await?;
    subscription
        .store_position(&mut tx, state.cursor.stored, to)
        .await?;
    let row = subscription.after_failure(&mut tx, event, 0, failure)?;
    parked::store(
        &mut tx,
        subscription.name,
        &[(event.position, row.clone())],
        subscription.log.environment(),
    )
    .await?;
    subscription.reach(Step::Parked).await;
    tx.commit().await?;
    state.cursor = Cursor {
        stored: to,
        read: to,
    };
    state.parked.put(event.position, row);
    state.one_by_one = state.one_by_one.saturating_sub(1);
    Ok(())
}

/// Tries a parked event once more.
async fn retry<C: Consumer>(
    consumer: &C,
    subscription: &Subscription,
    state: &mut State,
    position: u64,
) -> Result<(), Failure> {
    subscription.reach(Step::Retrying).await;
    let stored = state.cursor.stored;
    let known = (state.parked.get(position).cloned()).ok_or(Failure::Moved)?;
    let event = match subscription.log.read_one(position).await {
        Ok(event) => event,
        Err(error) if error.is_damage() => {
            return bury(subscription, state, position, &known, error.into()).await;
        }
        Err(error) => return Err(error.into()),
    };
    let attempt = async {
        let mut tx = subscription.begin().await?;
        subscription.store_position(&mut tx, stored, stored).await?;
        parked::claim(&mut tx, subscription.name, position, &known).await?;
        if !event.is_stand_in() {
            let appended = tx.appended();
            caught(consumer.handle(&mut tx, std::slice::from_ref(&event))).await?;
            if subscription.takes_part.is_some() && tx.appended() == appended {
                // A state may have changed: the head tells the other processes that know it.
                let (consumer, by) = (subscription.name.to_owned(), "retry".to_owned());
                let handled = decisions::Decision {
                    consumer,
                    position,
                    by,
                };
                tx.append(
                    decisions::event(decisions::HANDLED, subscription.name, &handled)?,
                    Some(&event),
                );
            }
        }
        parked::delete(&mut tx, subscription.name, position).await?;
        subscription.reach(Step::Handled).await;
        tx.commit().await?;
        Ok(())
    };
    let failure = match attempt.await {
        Ok(()) => {
            state.parked.remove(position);
            return Ok(());
        }
        Err(failure @ (Failure::Log(_) | Failure::Moved)) if failure.is_transient() => {
            return Err(failure);
        }
        Err(failure) => failure,
    };
    subscription.reach(Step::Failed).await;
    let mut tx = subscription.begin().await?;
    subscription.store_position(&mut tx, stored, stored).await?;
    parked::claim(&mut tx, subscription.name, position, &known).await?;
    let row = subscription.after_failure(&mut tx, &event, known.attempts, &failure)?;
    parked::store(
        &mut tx,
        subscription.name,
        &[(position, row.clone())],
        subscription.log.environment(),
    )
    .await?;
    subscription.reach(Step::Parked).await;
    tx.commit().await?;
    state.parked.put(position, row);
    Ok(())
}

/// Gives up a parked event that cannot be read, until somebody decides about it. Only its key waits.
async fn bury(
    subscription: &Subscription,
    state: &mut State,
    position: u64,
    known: &Row,
    damage: Failure,
) -> Result<(), Failure> {
    let mut tx = subscription.begin().await?;
    let stored = state.cursor.stored;
    subscription.store_position(&mut tx, stored, stored).await?;
    let row = subscription
        .bury_parked(&mut tx, position, known, &damage)
        .await?;
    tx.commit().await?;
    state.parked.put(position, row);
    Ok(())
}
