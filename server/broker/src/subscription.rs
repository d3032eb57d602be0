//! What a consumer or reactor hears, and what their loops share: reading ahead, positions, waiting,
//! failing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use db::Columns;
use tokio::sync::watch;

use crate::decider::AnyDecider;
use crate::decisions::{self, DEAD_LETTERED, DeadLettered};
use crate::head::POLL;
use crate::parked::{self, Parked, ParkedState, Row};
use crate::{
    Beginning, Begins, Failure, Filter, Log, Recorded, Result, Settings, Step, Tx, positions,
};

/// How long a consumer has nothing to do before its position passes what was for others.
const REST: Duration = Duration::from_secs(1);

/// How long a decider that has caught up with another process leaves the head to others.
const CATCH_UP: Duration = Duration::from_millis(20);

/// One consumer's name, what it hears, and the log it hears it from.
#[derive(Debug, Clone)]
pub(crate) struct Subscription {
    pub log: Log,
    pub settings: Settings,
    pub name: &'static str,
    pub hears: Filter<'static>,
    pub stop: watch::Receiver<bool>,
    /// Tells whether this decider takes part in turns; `None` for what is no decider.
    pub takes_part: Option<watch::Receiver<bool>>,
    /// Where it begins when the database does not know it.
    pub begins: Begins,
}

/// How far a consumer has come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor {
    /// What the database holds.
    pub stored: u64,
    /// Read up to here: beyond `stored` when what followed was for others. That alone is not worth a
    /// commit at once; the stored position catches up with the next event that is handled, or at rest.
    pub read: u64,
}

impl Subscription {
    /// Microseconds of the clock that nobody sets: what a wait is measured by.
    pub fn steady_us(&self) -> i64 {
        self.log.environment().steady_us()
    }

    /// Says that this consumer has come to `step`.
    pub async fn reach(&self, step: Step) {
        self.log.environment().reach(step, self.name).await;
    }

    /// Begins a transaction of this consumer's. A decider's holds the head first, as a turn does: two
    /// processes that took the same rows in another order would wait for each other.
    pub async fn begin(&self) -> Result<Tx> {
        let mut tx = self.log.begin(self.name).await?;
        if self.takes_part.is_some() {
            tx.hold_head().await?;
        }
        Ok(tx)
    }

    /// Waits while this decider takes part in turns, but no longer than until `due_us`. Answers whether
    /// it did.
    pub async fn leave_to_turns(&self, due_us: Option<i64>) -> std::result::Result<bool, Failure> {
        let Some(mut takes_part) = self.takes_part.clone() else {
            return Ok(false);
        };
        let mut stop = self.stop.clone();
        if takes_part.has_changed().is_err() {
            // The decider was started again, and this loop has nothing to do any more.
            let _ = stop.wait_for(|stop| *stop).await;
            return Ok(true);
        }
        if !*takes_part.borrow_and_update() {
            return Ok(false);
        }
        let due = until(due_us, self.steady_us());
        tokio::pin!(due);
        let mut others = self.log.watch_others();
        // What they appended before this is looked for at once.
        others.mark_changed();
        let mut rested = tokio::time::Instant::now();
        loop {
            let appended = async {
                tokio::time::sleep_until(rested).await;
                others.changed().await
            };
            let is_due = tokio::select! {
                () = &mut due => true,
                _ = takes_part.wait_for(|takes_part| !takes_part) => return Ok(true),
                _ = stop.wait_for(|stop| *stop) => return Ok(true),
                _ = appended => false,
                () = tokio::time::sleep(POLL) => false,
            };
            if is_due {
                self.log.turn().await.release(self.name);
                return Ok(true);
            }
            // What another process appends begins no turn of this one.
            let head = self.log.polled_head().await?;
            if self.log.turn().await.head() < head {
                let mut tx = self.log.begin(self.name).await?;
                tx.hold_head().await?;
                tx.commit().await?;
                // Two busy processes would wait for each other's head all the time.
                rested = tokio::time::Instant::now() + CATCH_UP;
            }
        }
    }

    /// Up to `limit` events for this consumer after `position`, and how far that reaches.
    pub async fn read(&self, position: u64, limit: usize) -> Result<(Vec<Arc<Recorded>>, u64)> {
        if position >= self.log.head() {
            return Ok((Vec::new(), position));
        }
        // Most of what is read may be for others: read ahead of the batch.
        let read = self
            .log
            .read_after(position, limit.saturating_mul(4).max(64))
            .await?;
        let Some(last) = read.last() else {
            return Ok((Vec::new(), position));
        };
        let mut to = last.position;
        let mut batch: Vec<Arc<Recorded>> = read
            .iter()
            .filter(|event| self.hears.matches(event) || decisions::concerns(event, self.name))
            .cloned()
            .collect();
        if batch.len() > limit {
            batch.truncate(limit);
            to = batch[limit - 1].position;
        }
        Ok((batch, to))
    }

    /// Builds the states of a decider that has come some way before the broker kept any.
    pub async fn build_states(
        &self,
        decider: Box<dyn AnyDecider>,
    ) -> std::result::Result<(), Failure> {
        let row = db::query(
            "select position from consumers where name = $1 and generation = 0 and position > 0",
        )
        .bind(self.name)
        .fetch_optional(self.log.db().reader())
        .await?;
        if row.is_none() {
            return Ok(());
        }
        if self.is_built_elsewhere().await? {
            return Ok(());
        }
        tracing::info!(consumer = self.name, "builds its states out of the log");
        self.log
            .rebuild(decider, Beginning::Nothing, "upgrade", |_, _| {})
            .await?;
        Ok(())
    }

    /// Waits for another process that builds the states of this decider, as long as it comes on.
    async fn is_built_elsewhere(&self) -> std::result::Result<bool, Failure> {
        const PATIENCE: u32 = 30;
        let (mut rows, mut still) = (-1, 0);
        let mut stop = self.stop.clone();
        while still < PATIENCE {
            let row = db::query(
                "select c.generation, (select count(*) from replays where consumer = $1), \
                 (select count(*) from decider_states where decider = $2) \
                 from consumers c where c.name = $3",
            )
            .bind(self.name)
            .bind(self.name)
            .bind(self.name)
            .fetch_one(self.log.db().reader())
            .await?;
            let (generation, replays): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
            if generation != 0 || replays == 0 {
                return Ok(generation != 0);
            }
            let found = row.try_get::<i64, _>(2)?;
            still = if found == rows { still + 1 } else { 0 };
            rows = found;
            tokio::select! {
                () = tokio::time::sleep(REST) => {}
                _ = stop.wait_for(|stop| *stop) => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Where the consumer stands; a new one begins where it says.
    pub async fn cursor(&self) -> Result<Cursor> {
        let row = db::query("select position from consumers where name = $1")
            .bind(self.name)
            .fetch_optional(self.log.db().reader())
            .await?;
        if let Some(row) = row {
            let stored = row.try_get::<i64, _>(0)?.unsigned_abs();
            return Ok(Cursor {
                stored,
                read: stored,
            });
        }
        // The first generation of a decider's states is 1: before there were any, there was 0.
        let generation = i64::from(self.takes_part.is_some());
        let mut tx = self.log.db().begin().await?;
        let stored = positions::introduce(&mut tx, self.name, self.begins, generation).await?;
        tx.commit().await?;
        Ok(Cursor {
            stored,
            read: stored,
        })
    }

    /// The events that this consumer has parked.
    pub async fn parked(&self) -> Result<Parked> {
        let longest = self.settings.max_backoff;
        Parked::load(self.log.db(), self.log.environment(), self.name, longest).await
    }

    /// Moves the stored position inside `tx`. Holds the consumer's row until the commit, so that two
    /// processes that run the same consumer take turns; the one that comes second finds it moved, and
    /// reads anew.
    pub async fn store_position(
        &self,
        tx: &mut Tx,
        from: u64,
        to: u64,
    ) -> std::result::Result<(), Failure> {
        match positions::move_one(tx, self.name, from, to).await? {
            true => Ok(()),
            false => Err(Failure::Moved),
        }
    }

    /// Moves the stored position to what was read.
    pub async fn settle(&self, cursor: &mut Cursor) -> std::result::Result<(), Failure> {
        let mut tx = self.begin().await?;
        self.store_position(&mut tx, cursor.stored, cursor.read)
            .await?;
        tx.commit().await?;
        cursor.stored = cursor.read;
        Ok(())
    }

    /// The row of an event that failed once more, after so many attempts: later, or dead, which is
    /// also told. What says nothing about the event uses up no attempt.
    pub fn after_failure(
        &self,
        tx: &mut Tx,
        event: &Recorded,
        attempts: u32,
        failure: &Failure,
    ) -> std::result::Result<Row, Failure> {
        let attempts = attempts + u32::from(!failure.is_transient());
        if attempts >= self.settings.max_attempts && !failure.is_transient() {
            return self.bury(
                tx,
                (event.position, &event.key),
                attempts,
                failure,
                Some(event),
            );
        }
        Ok(Row {
            key: event.key.clone(),
            state: ParkedState::Retrying,
            attempts,
            due_us: self.retry_us(attempts),
            error: short(failure),
        })
    }

    /// The row of an event that is dead, which is told.
    pub fn bury(
        &self,
        tx: &mut Tx,
        (position, key): (u64, &str),
        attempts: u32,
        failure: &Failure,
        event: Option<&Recorded>,
    ) -> std::result::Result<Row, Failure> {
        let error = short(failure);
        tracing::error!(consumer = self.name, position, attempts, %failure, "dead letter");
        let told = DeadLettered {
            consumer: self.name.to_owned(),
            position,
            attempts,
            error: error.clone(),
        };
        tx.append(decisions::event(DEAD_LETTERED, self.name, &told)?, event);
        Ok(Row {
            key: key.to_owned(),
            state: ParkedState::Dead,
            attempts,
            due_us: 0,
            error,
        })
    }

    /// Makes a dead letter of a parked event that cannot be read; answers with its row.
    pub async fn bury_parked(
        &self,
        tx: &mut Tx,
        position: u64,
        known: &Row,
        damage: &Failure,
    ) -> std::result::Result<Row, Failure> {
        parked::claim(tx, self.name, position, known).await?;
        let row = self.bury(tx, (position, &known.key), known.attempts + 1, damage, None)?;
        let rows = [(position, row.clone())];
        parked::store(tx, self.name, &rows, self.log.environment()).await?;
        Ok(row)
    }

    /// When to try again what was tried so often, by the clock that nobody sets.
    pub fn retry_us(&self, attempts: u32) -> i64 {
        let wait = i64::try_from(self.settings.backoff_after(attempts).as_micros());
        self.steady_us().saturating_add(wait.unwrap_or(i64::MAX))
    }
}

fn short(failure: &Failure) -> String {
    failure.to_string().chars().take(2_000).collect()
}

/// When a loop goes on: at news, when something is due, after a pause, or not at all.
#[derive(Debug)]
pub(crate) struct Pace<'a> {
    subscription: &'a Subscription,
    head: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
    failures: u32,
    /// Read up to here, and nothing came since then.
    resting: Option<(u64, Instant)>,
}

impl<'a> Pace<'a> {
    pub fn new(subscription: &'a Subscription) -> Self {
        Self {
            subscription,
            head: subscription.log.watch_head(),
            stop: subscription.stop.clone(),
            failures: 0,
            resting: None,
        }
    }

    pub fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    pub fn went_well(&mut self) {
        self.failures = 0;
    }

    /// Waits as [`Pace::wait`]. Says then what [`Pace::is_at_rest`] does.
    pub async fn rest(&mut self, cursor: Cursor, due_us: Option<i64>) -> bool {
        self.is_at_rest(cursor);
        self.wait(cursor.read, due_us).await;
        self.is_at_rest(cursor)
    }

    /// Says whether nothing has come for a while: then the stored position is to pass what was read, so
    /// that the lag people see is what is left to do.
    pub fn is_at_rest(&mut self, cursor: Cursor) -> bool {
        let since = match self.resting {
            Some((read, since)) if read == cursor.read => since,
            _ => self.resting.insert((cursor.read, Instant::now())).1,
        };
        cursor.read > cursor.stored && since.elapsed() >= REST && !self.is_stopped()
    }

    /// Waits for an event after `read`, for `due_us`, or for the end.
    pub async fn wait(&mut self, read: u64, due_us: Option<i64>) {
        self.failures = 0;
        tokio::select! {
            () = self.subscription.log.wait_past(read, &mut self.head) => {}
            () = until(due_us, self.subscription.steady_us()) => {}
            _ = self.stop.wait_for(|stop| *stop) => {}
        }
    }

    /// Pauses after a failure that is nobody's fault: the database is away, the log cannot be read.
    pub async fn failed(&mut self, failure: &Failure) {
        if matches!(failure, Failure::Moved) {
            tracing::debug!(
                consumer = self.subscription.name,
                "another process moved the position"
            );
            return;
        }
        self.failures += 1;
        let failures = self.failures;
        tracing::error!(consumer = self.subscription.name, failures, %failure, "will try again");
        tokio::select! {
            () = tokio::time::sleep(self.subscription.settings.backoff_after(failures)) => {}
            _ = self.stop.wait_for(|stop| *stop) => {}
        }
    }
}

/// Waits until `due_us`, if it comes at all. Both are of the same clock.
pub(crate) async fn until(due_us: Option<i64>, now_us: i64) {
    let Some(due_us) = due_us else {
        return std::future::pending().await;
    };
    let wait = due_us.saturating_sub(now_us).max(0).unsigned_abs();
    tokio::time::sleep(Duration::from_micros(wait)).await;
}
