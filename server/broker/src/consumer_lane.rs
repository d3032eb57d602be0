//! The loop of a [`Consumer`]: batches, each in one transaction with the consumer's position.

use std::sync::Arc;
use std::time::Instant;

use crate::lane::{Cursor, Lane, Pace, caught};
use crate::parked::{self, Parked, ParkedState, Row};
use crate::{Consumer, Failure, Recorded, Step, decisions};

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

pub(crate) async fn run<C: Consumer>(consumer: Arc<C>, lane: Lane) {
    let mut pace = Pace::new(&lane);
    let mut state = None;
    while !pace.is_stopped() {
        match step(&*consumer, &lane, &mut state).await {
            Ok(true) => pace.went_well(),
            Ok(false) => {
                let Some(at) = &mut state else { continue };
                if pace.rest(at.cursor, at.parked.next_due_us()).await
                    && let Err(failure) = lane.settle(&mut at.cursor).await
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
    lane: &Lane,
    state: &mut Option<State>,
) -> Result<bool, Failure> {
    let state = match state {
        Some(state) => state,
        None => state.insert(State {
            cursor: lane.cursor().await?,
            parked: Parked::load(&lane.log, lane.name).await?,
            one_by_one: 0,
            committed: None,
        }),
    };
    if let Some(position) = state.parked.due(lane.now_us()) {
        retry(consumer, lane, state, position).await?;
        return Ok(true);
    }
    if let Some(committed) = state.committed {
        tokio::time::sleep(lane.settings.min_gap.saturating_sub(committed.elapsed())).await;
    }
    let limit = if state.one_by_one > 0 {
        1
    } else {
        lane.settings.batch
    };
    let (batch, to) = lane.read(state.cursor.read, limit).await?;
    if batch.is_empty() {
        let moved = to > state.cursor.read;
        state.cursor.read = to;
        return Ok(moved);
    }
    let handled = batch.len();
    lane.reach(Step::Read).await;
    match advance(consumer, lane, state, &batch, to).await {
        Ok(()) => {
            state.one_by_one = state.one_by_one.saturating_sub(handled);
            state.committed = Some(Instant::now());
        }
        Err(failure) if failure.is_transient() => return Err(failure),
        Err(failure) if handled > 1 => {
            tracing::warn!(consumer = lane.name, %failure, "a batch failed; one by one now");
            state.one_by_one = handled;
        }
        Err(failure) => park(lane, state, &batch[0], to, &failure).await?,
    }
    Ok(true)
}

/// Handles a batch and moves on: position, state and emitted events in one transaction. What must
/// wait behind a parked event is held in the same one.
async fn advance<C: Consumer>(
    consumer: &C,
    lane: &Lane,
    state: &mut State,
    batch: &[Arc<Recorded>],
    to: u64,
) -> Result<(), Failure> {
    let mut tx = lane.log.begin(C::NAME).await?;
    lane.store_position(&mut tx, state.cursor.stored, to)
        .await?;
    lane.reach(Step::Moved).await;
    let mut free = Vec::with_capacity(batch.len());
    let mut held = Vec::new();
    let mut changes = Vec::new();
    for event in batch {
        if decisions::concerns(event, lane.name) {
            changes.extend(decisions::follow(&mut tx, event, lane.now_us()).await?);
        } else if state.parked.blocks(&event.key) {
            held.push((event.position, Row::held(&event.key)));
        } else {
            free.push(event.clone());
        }
    }
    parked::store(&mut tx, lane.name, &held, lane.now_us()).await?;
    if !free.is_empty() {
        caught(consumer.handle(&mut tx, &free)).await?;
    }
    lane.reach(Step::Handled).await;
    tx.commit().await?;
    state.cursor = Cursor {
        stored: to,
        read: to,
    };
    for change in changes {
        state.parked.change(change);
    }
    for (position, row) in held {
        state.parked.put(position, row);
    }
    Ok(())
}

/// Puts an event that failed aside and moves on.
async fn park(
    lane: &Lane,
    state: &mut State,
    event: &Recorded,
    to: u64,
    failure: &Failure,
) -> Result<(), Failure> {
    lane.reach(Step::Failed).await;
    let mut tx = lane.log.begin(lane.name).await?;
    lane.store_position(&mut tx, state.cursor.stored, to)
        .await?;
    let row = lane.after_failure(&mut tx, event, 1, failure)?;
    parked::store(
        &mut tx,
        lane.name,
        &[(event.position, row.clone())],
        lane.now_us(),
    )
    .await?;
    lane.reach(Step::Parked).await;
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
    lane: &Lane,
    state: &mut State,
    position: u64,
) -> Result<(), Failure> {
    lane.reach(Step::Retrying).await;
    let event = lane.log.read_one(position).await?;
    let stored = state.cursor.stored;
    let known = (state.parked.get(position).cloned()).ok_or(Failure::Moved)?;
    let attempt = async {
        let mut tx = lane.log.begin(C::NAME).await?;
        lane.store_position(&mut tx, stored, stored).await?;
        parked::claim(&mut tx, lane.name, position, &known).await?;
        caught(consumer.handle(&mut tx, std::slice::from_ref(&event))).await?;
        parked::delete(&mut tx, lane.name, position).await?;
        lane.reach(Step::Handled).await;
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
    let attempts = known.attempts + 1;
    lane.reach(Step::Failed).await;
    let mut tx = lane.log.begin(lane.name).await?;
    lane.store_position(&mut tx, stored, stored).await?;
    parked::claim(&mut tx, lane.name, position, &known).await?;
    let row = lane.after_failure(&mut tx, &event, attempts, &failure)?;
    parked::store(
        &mut tx,
        lane.name,
        &[(position, row.clone())],
        lane.now_us(),
    )
    .await?;
    lane.reach(Step::Parked).await;
    tx.commit().await?;
    if row.state == ParkedState::Dead {
        tracing::error!(consumer = lane.name, position, attempts, %failure, "dead letter");
    }
    state.parked.put(position, row);
    Ok(())
}
