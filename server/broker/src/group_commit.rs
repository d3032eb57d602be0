//! Requests share transactions: what has gathered while the last commit was on its way to the disk
//! goes into the next one. A job that fails is rolled back alone. One fsync then serves many callers.

use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::{Error, Log, Result, Step, Tx};

/// What a job does inside the shared transaction.
pub type Job<'t, T, E> = Pin<Box<dyn Future<Output = std::result::Result<T, E>> + Send + 't>>;

/// Jobs of one transaction, at most: bounds how long the first of them waits.
const MAX_JOBS: usize = 128;
/// Least time between the beginnings of two transactions: under load it gathers, and a job that comes
/// alone does not wait.
const MIN_GAP: Duration = Duration::from_millis(2);
/// Jobs that may wait for one writer. More than this is refused rather than kept.
const QUEUE: usize = 8_192;

/// A handle to the writers; cheap to clone.
#[derive(Debug, Clone)]
pub struct GroupCommit {
    queues: Arc<[mpsc::Sender<Box<dyn Queued>>]>,
    /// Whose turn it is with a job that belongs to nobody.
    turn: Arc<AtomicUsize>,
    /// The one writer of a handle for an owner.
    of_owner: Option<usize>,
}

impl GroupCommit {
    /// Starts the writers. They end when the last handle is dropped, after what is queued is done.
    pub fn start(log: &Log, source: &'static str) -> Self {
        let start = |_| {
            let (queue, jobs) = mpsc::channel(QUEUE);
            tokio::spawn(write(log.clone(), source, jobs));
            queue
        };
        Self {
            queues: (0..log.db().dialect().parallel_commits())
                .map(start)
                .collect(),
            turn: Arc::default(),
            of_owner: None,
        }
    }

    /// A handle whose jobs go through one writer, the same for every job of this owner. Jobs that lock
    /// something of an owner's ask for it: in the transactions of two writers they could wait for each
    /// other crosswise.
    #[must_use]
    pub fn of_owner(&self, owner: u64) -> Self {
        let writer = usize::try_from(owner % self.queues.len() as u64).unwrap_or(0);
        Self {
            of_owner: Some(writer),
            ..self.clone()
        }
    }

    /// Jobs that wait for a writer.
    pub fn waiting(&self) -> usize {
        let queues = self.queues.iter();
        queues.map(|queue| QUEUE - queue.capacity()).sum()
    }

    /// Runs `job` in a shared transaction and answers when its commit is durable. A job that fails is
    /// rolled back alone, with the events it appended.
    ///
    /// # Errors
    /// The job's own; [`Error::Stopped`] when nothing can be written any more; the database's.
    pub async fn run<T, E, F>(&self, job: F) -> std::result::Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> Job<'t, T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.queue_up(job, true).await
    }

    /// As [`GroupCommit::run`], for a job that leaves nothing behind when it fails: it writes with one
    /// statement and does so last, or takes back itself what it wrote. Then there is nothing to roll
    /// back, which saves a trip to the database where the engine allows. If it panics, all that shared
    /// its transaction is rolled back.
    ///
    /// # Errors
    /// As [`GroupCommit::run`].
    pub async fn run_unmarked<T, E, F>(&self, job: F) -> std::result::Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> Job<'t, T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.queue_up(job, false).await
    }

    async fn queue_up<T, E, F>(&self, job: F, needs_mark: bool) -> std::result::Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> Job<'t, T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let queued = Pending {
            needs_mark,
            job: Some(job),
            outcome: None,
            answer: Some(answer),
        };
        let writer = self
            .of_owner
            .unwrap_or_else(|| self.turn.fetch_add(1, Ordering::Relaxed) % self.queues.len());
        if self.queues[writer].try_send(Box::new(queued)).is_err() {
            return Err(Error::Stopped.into());
        }
        answered
            .await
            .unwrap_or_else(|_| Err(Error::Stopped.into()))
    }
}

/// A job whose types are known to itself only.
trait Queued: Send {
    /// Whether a failure leaves something to be rolled back.
    fn needs_mark(&self) -> bool;
    /// Runs the job; says whether what it did is kept.
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>>;
    /// Tells the outcome, now that the fate of the transaction is known.
    fn finish(self: Box<Self>, committed: std::result::Result<(), String>);
}

struct Pending<F, T, E> {
    needs_mark: bool,
    job: Option<F>,
    outcome: Option<std::result::Result<T, E>>,
    answer: Option<oneshot::Sender<std::result::Result<T, E>>>,
}

impl<F, T, E> Queued for Pending<F, T, E>
where
    F: for<'t> FnOnce(&'t mut Tx) -> Job<'t, T, E> + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn needs_mark(&self) -> bool {
        self.needs_mark
    }

    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(async move {
            let Some(job) = self.job.take() else {
                return false;
            };
            // A panic is this job's failure; the writer serves the others.
            match AssertUnwindSafe(job(tx)).catch_unwind().await {
                Ok(outcome) => {
                    let is_kept = outcome.is_ok();
                    self.outcome = Some(outcome);
                    is_kept
                }
                Err(panic) => {
                    self.outcome = Some(Err(Error::Panicked.into()));
                    if !self.needs_mark {
                        // Nobody knows how far it came.
                        resume_unwind(panic);
                    }
                    false
                }
            }
        })
    }

    fn finish(mut self: Box<Self>, committed: std::result::Result<(), String>) {
        let outcome = match (committed, self.outcome.take()) {
            // A job that failed by itself tells why, whatever became of the others.
            (_, Some(Err(own))) => Err(own),
            (Ok(()), Some(done)) => done,
            (Err(_), _) => Err(E::from(Error::Broken)),
            (Ok(()), None) => Err(Error::Stopped.into()),
        };
        if let Some(answer) = self.answer.take() {
            // The caller may have gone; the work is done all the same.
            let _ = answer.send(outcome);
        }
    }
}

type Jobs = mpsc::Receiver<Box<dyn Queued>>;

async fn write(log: Log, source: &'static str, mut jobs: Jobs) {
    let mut next = Instant::now();
    loop {
        let mut batch = Vec::new();
        if jobs.recv_many(&mut batch, MAX_JOBS).await == 0 {
            return;
        }
        if batch.len() < MAX_JOBS {
            tokio::time::sleep_until(next).await;
        }
        next = Instant::now() + MIN_GAP;
        // A panic is a failure of this batch; the writer goes on with the next one.
        let ran = AssertUnwindSafe(run_batch(&log, source, &mut batch, &mut jobs));
        let ran = ran.catch_unwind().await.unwrap_or(Err(Error::Panicked));
        let committed = ran.map_err(|error| {
            let jobs = batch.len();
            if error.is_unavailable() {
                // The database has said so already, once.
                tracing::debug!(%error, jobs, "a group commit failed");
            } else {
                tracing::error!(%error, jobs, "a group commit failed");
            }
            error.to_string()
        });
        for job in batch {
            job.finish(committed.clone());
        }
    }
}

async fn run_batch(
    log: &Log,
    source: &'static str,
    batch: &mut Vec<Box<dyn Queued>>,
    jobs: &mut Jobs,
) -> Result<()> {
    let mut tx = log.begin(source).await?;
    // Whoever came while we waited for the lock comes along.
    while batch.len() < MAX_JOBS
        && let Ok(job) = jobs.try_recv()
    {
        batch.push(job);
    }
    let always_marked = !log.db().dialect().survives_a_failed_statement();
    // Whether something was kept since the mark.
    let mut moved = true;
    for job in batch {
        let appended = tx.appended();
        let marked = job.needs_mark() || always_marked;
        if marked && moved {
            tx.mark().await?;
            moved = false;
        }
        let is_kept = job.run(&mut tx).await;
        log.environment().reach(Step::JobDone, source).await;
        if is_kept {
            moved = true;
            continue;
        }
        if marked {
            tx.return_to_mark().await?;
        } else if !tx.is_sound() {
            // The database has ended the transaction, and what the others did with it.
            return Err(Error::Broken);
        }
        tx.forget_appended(appended);
    }
    tx.commit().await?;
    Ok(())
}
