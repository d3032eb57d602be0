//! Runs consumers and reactors: wakes them, batches for them, keeps their positions, tries again.

use std::any::Any;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use db::Columns;
use futures::{FutureExt, StreamExt, stream};
use rand::Rng;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::{Consumer, Failure, Filter, Log, NewEvent, Reactor, Recorded, Result};

#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Events of one transaction, at most.
    pub batch: usize,
    /// Keys that a reactor works on at once.
    pub parallel_keys: usize,
    /// Wait before the second try; doubles up to `max_backoff`, with jitter.
    pub backoff: Duration,
    pub max_backoff: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch: 256,
            parallel_keys: 256,
            backoff: Duration::from_millis(50),
            max_backoff: Duration::from_secs(10),
        }
    }
}

/// The consumers of one process. Each runs in a task of its own and stops between two batches.
#[derive(Debug)]
pub struct Runner {
    log: Log,
    settings: Settings,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Runner {
    pub fn new(log: Log, settings: Settings) -> Self {
        Self {
            log,
            settings,
            stop: watch::channel(false).0,
            tasks: JoinSet::new(),
        }
    }

    pub fn consumer<C: Consumer>(&mut self, consumer: C) -> &mut Self {
        let name = C::NAME;
        self.spawn(name, C::HEARS, ConsumerWork { consumer })
    }

    pub fn reactor<R: Reactor>(&mut self, reactor: R) -> &mut Self {
        let parallel_keys = self.settings.parallel_keys;
        self.spawn(
            R::NAME,
            R::HEARS,
            ReactorWork {
                reactor,
                parallel_keys,
            },
        )
    }

    fn spawn(&mut self, name: &'static str, hears: Filter, work: impl Work) -> &mut Self {
        let lane = Lane {
            log: self.log.clone(),
            settings: self.settings,
            name,
            hears,
            work,
            stop: self.stop.subscribe(),
        };
        self.tasks.spawn(lane.run());
        self
    }

    /// Lets every consumer finish its batch, and waits for that.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Moves a batch through a handler and its result, with the new position, into the database.
trait Work: Send + Sync + 'static {
    /// Handles a prefix of `batch` and commits it with its position. Answers how many events it was;
    /// fewer than all only when the next one failed, which is then tried alone.
    fn advance(
        &self,
        lane: &Advance<'_>,
        batch: &[Arc<Recorded>],
    ) -> impl Future<Output = std::result::Result<usize, Failure>> + Send;
}

/// The position to move, and from where.
struct Advance<'a> {
    log: &'a Log,
    name: &'static str,
    from: u64,
    /// The position after the whole batch: beyond its last event when uninteresting ones follow it.
    to: u64,
}

impl Advance<'_> {
    /// Moves the stored position inside `tx`. Holds the consumer's row until the commit, so that two
    /// processes running the same consumer take turns; the one that comes second finds it moved.
    async fn store(&self, tx: &mut db::Tx, to: u64) -> std::result::Result<(), Failure> {
        let moved =
            db::query("update consumers set position = $1 where name = $2 and position = $3")
                .bind(i64::try_from(to).unwrap_or(i64::MAX))
                .bind(self.name)
                .bind(i64::try_from(self.from).unwrap_or(i64::MAX))
                .execute(tx.conn())
                .await?
                .rows_affected();
        if moved == 1 {
            Ok(())
        } else {
            Err(Failure::Other(MOVED.to_owned()))
        }
    }
}

/// Another process ran the same consumer meanwhile; the batch is rolled back and read anew.
const MOVED: &str = "another process moved this consumer's position";

struct ConsumerWork<C> {
    consumer: C,
}

impl<C: Consumer> Work for ConsumerWork<C> {
    async fn advance(
        &self,
        lane: &Advance<'_>,
        batch: &[Arc<Recorded>],
    ) -> std::result::Result<usize, Failure> {
        let mut tx = lane.log.begin(C::NAME).await?;
        lane.store(&mut tx, lane.to).await?;
        caught(self.consumer.handle(&mut tx, batch)).await?;
        tx.commit().await?;
        Ok(batch.len())
    }
}

struct ReactorWork<R> {
    reactor: R,
    parallel_keys: usize,
}

impl<R: Reactor> Work for ReactorWork<R> {
    async fn advance(
        &self,
        lane: &Advance<'_>,
        batch: &[Arc<Recorded>],
    ) -> std::result::Result<usize, Failure> {
        let (answers, failure) = self.react_to_all(batch).await;
        let done = answers.len();
        if done == 0
            && let Some(failure) = failure
        {
            return Err(failure);
        }
        let to = if done == batch.len() {
            lane.to
        } else {
            batch[done - 1].position
        };
        let mut tx = lane.log.begin(R::NAME).await?;
        lane.store(&mut tx, to).await?;
        for (event, answer) in batch.iter().zip(answers) {
            for new in answer {
                tx.append(new, Some(event));
            }
        }
        tx.commit().await?;
        Ok(done)
    }
}

impl<R: Reactor> ReactorWork<R> {
    /// Different keys at once, one key in order. Answers with the results up to the first failure;
    /// what came after it is asked again, which the idempotency key makes harmless.
    async fn react_to_all(&self, batch: &[Arc<Recorded>]) -> (Vec<Vec<NewEvent>>, Option<Failure>) {
        let mut keys: HashMap<&str, Vec<usize>> = HashMap::new();
        for (i, event) in batch.iter().enumerate() {
            keys.entry(&event.key).or_default().push(i);
        }
        let in_order = keys.into_values().map(|indexes| async move {
            let mut answers = Vec::with_capacity(indexes.len());
            for i in indexes {
                let answer = caught(self.reactor.react(&batch[i])).await;
                let failed = answer.is_err();
                answers.push((i, answer));
                if failed {
                    break;
                }
            }
            answers
        });
        let answered: Vec<_> = stream::iter(in_order)
            .buffer_unordered(self.parallel_keys)
            .collect()
            .await;
        let mut slots: Vec<Option<std::result::Result<_, Failure>>> = Vec::new();
        slots.resize_with(batch.len(), || None);
        for (i, answer) in answered.into_iter().flatten() {
            slots[i] = Some(answer);
        }
        let mut answers = Vec::with_capacity(batch.len());
        for slot in slots {
            match slot {
                Some(Ok(answer)) => answers.push(answer),
                Some(Err(failure)) => return (answers, Some(failure)),
                None => break,
            }
        }
        (answers, None)
    }
}

/// A panic of a handler is a failure like any other: reported, and tried again.
async fn caught<T>(
    handler: impl Future<Output = std::result::Result<T, Failure>>,
) -> std::result::Result<T, Failure> {
    AssertUnwindSafe(handler)
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| {
            Err(Failure::Other(format!(
                "the handler panicked: {}",
                panic_text(&*panic)
            )))
        })
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// How far a consumer has come.
#[derive(Debug, Clone, Copy)]
struct Cursor {
    /// What the database holds.
    stored: u64,
    /// Read up to here: beyond `stored` when what followed was for others. That alone is not worth a
    /// commit; the stored position catches up with the next event that is handled.
    read: u64,
}

/// One consumer's loop.
struct Lane<W> {
    log: Log,
    settings: Settings,
    name: &'static str,
    hears: Filter,
    work: W,
    stop: watch::Receiver<bool>,
}

impl<W: Work> Lane<W> {
    async fn run(self) {
        let mut head = self.log.watch_head();
        let mut stop = self.stop.clone();
        let mut cursor = None;
        let mut failures = 0;
        // After a batch failed, this many events come one by one, so that the good ones get through.
        let mut one_by_one = 0_usize;
        while !*self.stop.borrow() {
            let limit = if one_by_one > 0 {
                1
            } else {
                self.settings.batch
            };
            match self.step(&mut cursor, limit).await {
                Ok(handled) => {
                    failures = 0;
                    one_by_one = one_by_one.saturating_sub(handled);
                }
                Err(failure) => {
                    failures += 1;
                    one_by_one = one_by_one.max(self.settings.batch);
                    cursor = None;
                    tracing::error!(consumer = self.name, failures, %failure, "will try again");
                    tokio::select! {
                        () = tokio::time::sleep(self.backoff(failures)) => {}
                        _ = stop.wait_for(|stop| *stop) => {}
                    }
                    continue;
                }
            }
            let read = cursor.map_or(0, |cursor| cursor.read);
            tokio::select! {
                () = self.log.wait_past(read, &mut head) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    /// Handles what comes next; answers with how many events that was.
    async fn step(
        &self,
        cursor: &mut Option<Cursor>,
        limit: usize,
    ) -> std::result::Result<usize, Failure> {
        let at = match cursor {
            Some(at) => at,
            None => {
                let stored = self.stored_position().await?;
                cursor.insert(Cursor {
                    stored,
                    read: stored,
                })
            }
        };
        // Most of what is read may be for others: read ahead of the batch.
        let read = self
            .log
            .read_after(at.read, limit.saturating_mul(4).max(64))
            .await?;
        let Some(last) = read.last() else {
            return Ok(0);
        };
        let mut to = last.position;
        let mut batch: Vec<Arc<Recorded>> = read
            .iter()
            .filter(|event| self.hears.matches(event))
            .cloned()
            .collect();
        if batch.len() > limit {
            batch.truncate(limit);
            to = batch[limit - 1].position;
        }
        if batch.is_empty() {
            at.read = to;
            return Ok(0);
        }
        let advance = Advance {
            log: &self.log,
            name: self.name,
            from: at.stored,
            to,
        };
        let done = self.work.advance(&advance, &batch).await?;
        let to = if done == batch.len() {
            to
        } else {
            batch[done - 1].position
        };
        *at = Cursor {
            stored: to,
            read: to,
        };
        Ok(done)
    }

    /// Where the consumer stands; a new one begins at the beginning.
    async fn stored_position(&self) -> Result<u64> {
        let row = db::query("select position from consumers where name = $1")
            .bind(self.name)
            .fetch_optional(self.log.db().reader())
            .await?;
        if let Some(row) = row {
            return Ok(row.try_get::<i64, _>(0)?.unsigned_abs());
        }
        let mut tx = self.log.db().begin().await?;
        db::query("insert into consumers (name, position) values ($1, 0) on conflict do nothing")
            .bind(self.name)
            .execute(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(0)
    }

    fn backoff(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        let limit = self.settings.backoff.saturating_mul(1 << doublings);
        limit
            .min(self.settings.max_backoff)
            .mul_f64(rand::rng().random_range(0.5..=1.0))
    }
}
