//! State and events in one transaction.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use db::Columns;
use tokio::sync::OwnedMutexGuard;
use tracing::Instrument;
use uuid::Uuid;

use crate::chain::Link;
use crate::event::{COLUMN_COUNT, COLUMNS};
use crate::states::Changed;
use crate::timers::Due;
use crate::turn::{Join, Turn};
use crate::{Error, Failure, Log, NewEvent, Recorded, Result, Step, states};

/// A transaction of the database plus the events that it will append. Positions are taken at the
/// very end, so that they follow the order of commits and no reader can pass one that comes late.
#[derive(Debug)]
pub struct Tx {
    inner: db::Tx,
    log: Log,
    source: &'static str,
    pending: Vec<Recorded>,
    /// Held from [`Tx::hold_head`] on.
    held: Option<(OwnedMutexGuard<Turn>, u64)>,
    due: Vec<Due>,
    join: Option<Join>,
    release: Option<&'static str>,
    /// States that a decider's own loop has written.
    changed: Vec<Changed>,
}

impl Log {
    /// Begins a transaction for state and events. `source` says who appends.
    pub async fn begin(&self, source: &'static str) -> Result<Tx> {
        let tx = Tx::new(self.db().begin().await?, self.clone(), source);
        self.environment().reach(Step::Begun, source).await;
        Ok(tx)
    }
}

impl Tx {
    fn new(inner: db::Tx, log: Log, source: &'static str) -> Self {
        Self {
            inner,
            log,
            source,
            pending: Vec::new(),
            held: None,
            due: Vec::new(),
            join: None,
            release: None,
            changed: Vec::new(),
        }
    }

    /// Appends an event that `cause` led to, or that a command did (`None`). Answers with its id.
    pub fn append(&mut self, event: NewEvent, cause: Option<&Recorded>) -> Uuid {
        self.record(event, cause).id
    }

    /// Appends as [`Tx::append`]; the event has no position yet.
    pub(crate) fn record(&mut self, event: NewEvent, cause: Option<&Recorded>) -> &Recorded {
        let environment = self.log.environment();
        let id = environment.new_id();
        let recorded = event.recorded(id, environment.now_us(), self.source, cause);
        let at = self.pending.len();
        self.pending.push(recorded);
        &self.pending[at]
    }

    pub(crate) const fn log(&self) -> &Log {
        &self.log
    }

    /// Events appended so far; with [`Tx::forget_appended`], the events' half of a savepoint.
    pub(crate) fn appended(&self) -> usize {
        self.pending.len()
    }

    pub(crate) fn forget_appended(&mut self, from: usize) {
        self.pending.truncate(from);
    }

    /// Keeps everybody else from appending until the commit. Answers with the head. To be called
    /// before any row of a decider's is touched: a turn takes them in this order.
    ///
    /// # Errors
    /// The database's; [`Error::WentBack`] when the log has lost its end.
    pub async fn hold_head(&mut self) -> Result<u64> {
        if let Some((_, head)) = &self.held {
            return Ok(*head);
        }
        let turn = self.log.turn().await;
        let head = self.move_head(0).await?;
        self.log.saw_head(head);
        self.held = Some((turn, head));
        Ok(head)
    }

    /// Moves the log's head, and holds it. Answers with where it is now.
    async fn move_head(&mut self, by: i64) -> Result<u64> {
        // Before the database is asked: what is known here was committed, so it has it.
        let known = self.log.head();
        let row = db::query(
            "update log_head set position = position + $1 where id = 1 returning position",
        )
        .bind(by)
        .fetch_one(self.inner.conn())
        .await?;
        let head = row.try_get::<i64, _>(0)?.unsigned_abs();
        // Fewer events than were decided before another process was met move it back.
        let found = head.saturating_add_signed(by.saturating_neg());
        if found < known {
            self.log.went_back();
            return Err(Error::WentBack { known, found });
        }
        Ok(head)
    }

    /// Has these deadlines told at the commit, those that still stand.
    pub(crate) fn tell_deadlines(&mut self, due: Vec<Due>) {
        self.due = due;
    }

    /// Writes states, the deadlines of which are followed from the commit on.
    pub(crate) async fn store_states(
        &mut self,
        changes: Vec<Changed>,
    ) -> std::result::Result<(), Failure> {
        states::store(&mut self.inner, &changes).await?;
        self.changed.extend(changes);
        Ok(())
    }

    /// Lets a decider take part in turns from this one on. The head is held, and the decider has come
    /// to it.
    pub(crate) fn join(&mut self, join: Join) {
        self.join = Some(join);
    }

    /// Sends a decider back to its own loop, to read anew what this transaction changes.
    pub(crate) fn release(&mut self, decider: &'static str) {
        self.release = Some(decider);
    }

    /// Writes the events, and all that deciders answer them with, and returns when all of it is
    /// durable. Answers with the position of the last event, if there was one.
    pub async fn commit(mut self) -> Result<Option<u64>> {
        let has_turn = !self.pending.is_empty() || self.held.is_some();
        if !has_turn {
            self.inner.commit().await?;
            self.log
                .environment()
                .reach(Step::Durable, self.source)
                .await;
            return Ok(None);
        }
        let (mut turn, held) = match self.held.take() {
            Some((turn, head)) => (turn, Some(head)),
            None => (self.log.turn().await, None),
        };
        turn.begin();
        let span = tracing::debug_span!(
            "turn",
            source = self.source,
            appended = self.pending.len(),
            events = tracing::field::Empty,
            correlation_id = tracing::field::Empty,
        );
        match self.take_turn(&mut turn, held).instrument(span).await {
            Ok(last) => Ok(last),
            Err(error) => {
                turn.end(None);
                Err(error)
            }
        }
    }

    async fn take_turn(mut self, turn: &mut Turn, held: Option<u64>) -> Result<Option<u64>> {
        let log = self.log.clone();
        let environment = log.environment();
        if let Some(decider) = self.release {
            turn.release(decider);
        }
        if let Some(head) = held
            && turn.has_members()
            && turn.head() != head
        {
            turn.catch_up(&mut self.inner, head).await?;
        }
        if let (Some(join), Some(head)) = (self.join.take(), held) {
            turn.join(join, head);
        }
        let mut told = Vec::new();
        if !self.due.is_empty() {
            for (event, due) in turn.tell_deadlines(&mut self.inner, &self.due).await? {
                self.record(event, None);
                told.push(due);
            }
        }
        let before = self.decide(turn, held).await?;
        let count = self.pending.len() as u64;
        let last = before + count;
        let span = tracing::Span::current();
        span.record("events", count);
        if let Some(first) = self.pending.first() {
            span.record(
                "correlation_id",
                tracing::field::display(first.correlation_id),
            );
        }
        for (position, event) in (before + 1..).zip(&mut self.pending) {
            event.position = position;
        }
        if count > 0 {
            let link = turn.link_before_next(&mut self.inner, before).await?;
            let link = self.insert_events(link).await?;
            turn.remember_link(last, link);
        }
        let changes = turn.take_changes();
        states::store(&mut self.inner, &changes)
            .await
            .map_err(Failure::into_error)?;
        if count > 0 {
            turn.store_positions(&mut self.inner, before, last).await?;
            self.inner.moved_head(last);
        }
        environment.reach(Step::Appended, self.source).await;
        self.inner.commit().await?;
        environment.reach(Step::Durable, self.source).await;
        for due in told {
            if turn.still_stands(&due) {
                turn.timers.spend(due);
            }
        }
        turn.timers.follow(&self.changed, environment);
        turn.timers.follow(&changes, environment);
        turn.end(Some(last));
        let committed: Vec<Arc<Recorded>> = self.pending.into_iter().map(Arc::new).collect();
        log.committed(&committed);
        Ok((count > 0).then_some(last))
    }

    /// Lets the deciders decide, and takes the head. Answers with where it was before.
    async fn decide(&mut self, turn: &mut Turn, held: Option<u64>) -> Result<u64> {
        let log = self.log.clone();
        let environment = log.environment();
        let own = self.pending.len();
        let mut taken = 0;
        loop {
            turn.decide(&mut self.inner, environment, &mut self.pending)
                .await?;
            environment.reach(Step::Decided, self.source).await;
            let count = i64::try_from(self.pending.len()).unwrap_or(i64::MAX);
            let last = match held {
                Some(head) if count == 0 => head,
                _ => self.move_head(count - taken).await?,
            };
            environment.reach(Step::HeadTaken, self.source).await;
            let before = last - self.pending.len() as u64;
            if !turn.has_members() || turn.head() == before {
                return Ok(before);
            }
            // Another process has appended meanwhile; from here on it cannot.
            taken = count;
            turn.catch_up(&mut self.inner, before).await?;
            self.pending.truncate(own);
        }
    }

    /// Writes the events behind the one with this link, and answers with the link of the last.
    async fn insert_events(&mut self, mut link: Link) -> Result<Link> {
        let chained = self.pending.iter().map(|event| {
            link = link.next(event);
            (event, link.to_string())
        });
        let chained: Vec<(&Recorded, String)> = chained.collect();
        for (tuples, chunk) in self.inner.place_rows(&chained, COLUMN_COUNT + 1) {
            let sql = format!("insert into events ({COLUMNS}, chain) values {tuples}");
            let mut insert = db::query(db::trusted_sql(sql));
            for (event, link) in chunk {
                insert = insert
                    .bind(i64::try_from(event.position).unwrap_or(i64::MAX))
                    .bind(event.id.to_string())
                    .bind(&event.source)
                    .bind(&event.kind)
                    .bind(&event.subject)
                    .bind(event.time_us)
                    .bind(&event.topic)
                    .bind(&event.key)
                    .bind(event.correlation_id.to_string())
                    .bind(event.causation_text())
                    .bind(event.attributes_text())
                    .bind(&event.data)
                    .bind(event.checksum())
                    .bind(link);
            }
            insert.execute(self.inner.conn()).await?;
        }
        Ok(link)
    }
}

impl Deref for Tx {
    type Target = db::Tx;

    fn deref(&self) -> &db::Tx {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut db::Tx {
        &mut self.inner
    }
}
