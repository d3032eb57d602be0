//! The ledger: an SQLite file. What gathered while the last commit was on its way to the disk goes into the
//! next one, so that one fsync serves many requests.

use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// In the order they are applied. `user_version` of the file says how many were.
const MIGRATIONS: [&str; 2] = [
    include_str!("../migrations/0001_ledger.sql"),
    include_str!("../migrations/0002_refunds.sql"),
];
/// Jobs of one transaction, at most.
const MAX_JOBS: usize = 256;
/// Least time between the beginnings of two transactions: under load it gathers, and a job that comes alone
/// does not wait.
const MIN_GAP: Duration = Duration::from_millis(2);
/// Jobs that may wait.
const QUEUE: usize = 8_192;
/// How long another process that writes the same file is waited for.
const BUSY: Duration = Duration::from_secs(5);

/// Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the ledger cannot be written: {0}")]
    Sql(#[from] sqlx::Error),
    /// What was written in the same transaction failed, or the gateway ends.
    #[error("the ledger could not be written just now")]
    NotWritten,
}

pub type Result<T> = std::result::Result<T, Error>;

/// Tells whoever waits, once it is known whether the transaction is durable.
type Finish = Box<dyn FnOnce(bool) + Send>;
type Job =
    Box<dyn for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, (bool, Finish)> + Send>;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ledger {
    reader: SqlitePool,
    jobs: mpsc::Sender<Job>,
}

impl Ledger {
    /// Opens the file, which is made when there is none.
    ///
    /// # Errors
    /// When it cannot be opened, or a newer version has written it.
    pub async fn open(path: &Path) -> anyhow::Result<Self> {
        // Nobody else on the machine reads it.
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)?;
        let options = SqliteConnectOptions::from_str("sqlite:")?
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .disable_statement_logging();
        let mut writer = SqliteConnection::connect_with(&options).await?;
        migrate(&mut writer).await?;
        let reader = SqlitePoolOptions::new()
            .max_connections(2)
            .connect_with(options.read_only(true).create_if_missing(false))
            .await?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        tokio::spawn(write(writer, queue));
        Ok(Self { reader, jobs })
    }

    pub const fn reader(&self) -> &SqlitePool {
        &self.reader
    }

    /// Runs `job` in a shared transaction and answers when that is durable.
    ///
    /// # Errors
    /// When it is not. One that fails takes those with it that share its transaction: each may ask again.
    pub async fn write<T, F>(&self, job: F) -> Result<T>
    where
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, sqlx::Result<T>>
            + Send
            + 'static,
        T: Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            Box::pin(async move {
                let done = job(connection).await;
                let is_good = done.is_ok();
                let finish: Finish = Box::new(move |committed| {
                    let told = match done {
                        Ok(_) if !committed => Err(Error::NotWritten),
                        done => done.map_err(Error::from),
                    };
                    // Who asked may have gone; it is written all the same.
                    let _ = answer.send(told);
                });
                (is_good, finish)
            })
        });
        self.jobs.try_send(job).map_err(|_| Error::NotWritten)?;
        answered.await.unwrap_or(Err(Error::NotWritten))
    }
}

async fn migrate(connection: &mut SqliteConnection) -> anyhow::Result<()> {
    // Another process may be doing the same.
    sqlx::raw_sql("begin immediate")
        .execute(&mut *connection)
        .await?;
    let done: i64 = sqlx::query_scalar("pragma user_version")
        .fetch_one(&mut *connection)
        .await?;
    let done = usize::try_from(done)?;
    anyhow::ensure!(
        done <= MIGRATIONS.len(),
        "a newer version has written the gateway's ledger"
    );
    for migration in &MIGRATIONS[done..] {
        sqlx::raw_sql(*migration).execute(&mut *connection).await?;
    }
    let version = format!("pragma user_version = {}; commit", MIGRATIONS.len());
    sqlx::raw_sql(sqlx::AssertSqlSafe(version))
        .execute(&mut *connection)
        .await?;
    Ok(())
}

async fn write(mut connection: SqliteConnection, mut jobs: mpsc::Receiver<Job>) {
    let mut next = Instant::now();
    loop {
        let mut batch = Vec::new();
        if jobs.recv_many(&mut batch, MAX_JOBS).await == 0 {
            let _ = connection.close().await;
            return;
        }
        tokio::time::sleep_until(next).await;
        next = Instant::now() + MIN_GAP;
        while batch.len() < MAX_JOBS
            && let Ok(job) = jobs.try_recv()
        {
            batch.push(job);
        }
        run_batch(&mut connection, batch).await;
    }
}

async fn run_batch(connection: &mut SqliteConnection, batch: Vec<Job>) {
    let mut finishes = Vec::with_capacity(batch.len());
    let begun = sqlx::raw_sql("begin immediate").execute(&mut *connection);
    let mut is_good = begun.await.is_ok();
    if is_good {
        for job in batch {
            let (went_well, finish) = job(connection).await;
            finishes.push(finish);
            is_good &= went_well;
            if !is_good {
                break;
            }
        }
    }
    if is_good {
        let commit = sqlx::raw_sql("commit").execute(&mut *connection);
        is_good = commit.await.is_ok();
    }
    if !is_good {
        tracing::error!("a transaction of the gateway's ledger failed");
        // It may have ended by itself.
        let _ = sqlx::raw_sql("rollback").execute(&mut *connection).await;
    }
    for finish in finishes {
        finish(is_good);
    }
}
