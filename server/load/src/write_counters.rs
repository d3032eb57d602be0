//! Counts what the shop's database has committed so far, read from outside the shop.
//!
//! The shop's own metrics are asked first. Without them SQLite's write-ahead log is asked: its index
//! file has a counter of write transactions (<https://www.sqlite.org/walformat.html>, `iChange`), so
//! that builds without metrics are counted in the same way. PostgreSQL has statistics of its own, whose
//! transactions include those that only read.

use std::ops::Sub;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use sqlx::{AnyPool, AssertSqlSafe, Row};

use crate::database;
use shopper::http::Pool;
use shopper::target::Target;

const METRICS: &str = "/metrics";
const COMMITS_METRIC: &str = "vitrine_commits_total";
/// Bytes of one of the two copies of the header that the WAL index begins with.
const HEADER: usize = 48;
/// Where the counter of transactions stands in the header.
const CHANGES: std::ops::Range<usize> = 8..12;
/// Looks at a header that is being written meanwhile.
const TRIES: usize = 100;

/// What a database has done so far, or in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writes {
    /// Transactions. With PostgreSQL those that only read, too.
    pub commits: u64,
    pub fsyncs: Fsyncs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fsyncs {
    /// As the database counts them.
    Counted(u64),
    /// One for each commit, as `synchronous = full` has it; those of checkpoints come on top.
    OnePerCommit,
}

impl Sub for Writes {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        let fsyncs = match (self.fsyncs, before.fsyncs) {
            (Fsyncs::Counted(after), Fsyncs::Counted(before)) => {
                Fsyncs::Counted(after.saturating_sub(before))
            }
            _ => Fsyncs::OnePerCommit,
        };
        Self {
            commits: self.commits.saturating_sub(before.commits),
            fsyncs,
        }
    }
}

impl Writes {
    pub fn commits_per(self, orders: u64) -> f64 {
        self.commits as f64 / orders as f64
    }

    /// `≥` where checkpoints are not counted.
    pub fn fsyncs_per(self, orders: u64) -> String {
        match self.fsyncs {
            Fsyncs::Counted(fsyncs) => format!("{:.2}", fsyncs as f64 / orders as f64),
            Fsyncs::OnePerCommit => format!("≥ {:.2}", self.commits_per(orders)),
        }
    }
}

/// Where the numbers come from.
#[derive(Debug)]
pub struct WriteCounters {
    /// Of a shop with metrics.
    metrics: Option<Target>,
    database: Counted,
}

#[derive(Debug)]
enum Counted {
    /// The index of SQLite's write-ahead log.
    WalIndex(PathBuf),
    Postgres(AnyPool),
}

impl WriteCounters {
    pub async fn of(target: &Target, database_url: &str) -> anyhow::Result<Self> {
        let database = if database::is_postgres(database_url) {
            Counted::Postgres(database::open(database_url).await?)
        } else {
            let path = database_url.strip_prefix("sqlite:");
            let path = path.context("expected sqlite:FILE or postgres://…")?;
            Counted::WalIndex(PathBuf::from(format!("{path}-shm")))
        };
        let metrics = commits_of_metrics(target).await?;
        Ok(Self {
            metrics: metrics.map(|_| target.clone()),
            database,
        })
    }

    /// Where the numbers come from, for the lines above a table.
    pub const fn source(&self) -> &'static str {
        match (&self.metrics, &self.database) {
            (Some(_), _) => "the shop's own metrics",
            (None, Counted::WalIndex(_)) => "the index of SQLite's write-ahead log",
            (None, Counted::Postgres(_)) => "PostgreSQL's statistics, which count reads, too",
        }
    }

    /// What has been committed so far.
    pub async fn read(&self) -> anyhow::Result<Writes> {
        let mut writes = match &self.database {
            Counted::WalIndex(path) => Writes {
                commits: wal_transactions(path)?,
                fsyncs: Fsyncs::OnePerCommit,
            },
            Counted::Postgres(database) => postgres_writes(database).await?,
        };
        if let Some(target) = &self.metrics {
            let commits = commits_of_metrics(target).await?;
            writes.commits = commits.context("the shop has no metrics any more")?;
        }
        Ok(writes)
    }
}

/// `None` for a shop that does not publish it.
async fn commits_of_metrics(target: &Target) -> anyhow::Result<Option<u64>> {
    let pool = Pool::default();
    let text = pool.take(target).await?.get_text(target, METRICS).await?;
    Ok(text.and_then(|text| metric(&text, COMMITS_METRIC)))
}

/// The sum of a metric over its labels, in Prometheus' text format; `None` when it is not there.
fn metric(text: &str, name: &str) -> Option<u64> {
    let samples = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let value = match rest.strip_prefix('{') {
            Some(labelled) => labelled.rsplit_once('}')?.1,
            None => rest.strip_prefix(' ')?,
        };
        value.split_whitespace().next()?.parse::<f64>().ok()
    });
    samples.map(|value| value as u64).reduce(|a, b| a + b)
}

/// Write transactions since the index was made, which is when the shop started.
fn wal_transactions(path: &std::path::Path) -> anyhow::Result<u64> {
    for _ in 0..TRIES {
        let bytes = std::fs::read(path)
            .with_context(|| format!("{}: is the shop running?", path.display()))?;
        if let Some(transactions) = transactions_of_index(&bytes)? {
            return Ok(transactions);
        }
    }
    anyhow::bail!("{} is being written all the time", path.display())
}

/// `None` while the two copies of the header differ: one of them is being written.
fn transactions_of_index(index: &[u8]) -> anyhow::Result<Option<u64>> {
    let headers = index.first_chunk::<{ 2 * HEADER }>();
    let (first, second) = headers
        .context("the index of the write-ahead log is too short")?
        .split_at(HEADER);
    if first != second {
        return Ok(None);
    }
    let mut changes = [0; 4];
    changes.copy_from_slice(&first[CHANGES]);
    Ok(Some(u32::from_ne_bytes(changes).into()))
}

async fn postgres_writes(database: &AnyPool) -> anyhow::Result<Writes> {
    // Sessions report what they did once a second.
    let sql = "select xact_commit, (select wal_sync from pg_stat_wal) from pg_stat_database \
               where datname = current_database()";
    let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(database).await?;
    let (commits, fsyncs): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    ensure!(commits >= 0 && fsyncs >= 0, "counters below zero");
    Ok(Writes {
        commits: commits.unsigned_abs(),
        fsyncs: Fsyncs::Counted(fsyncs.unsigned_abs()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_summed_over_its_labels() {
        let text = "# TYPE vitrine_commits_total counter\n\
                    vitrine_commits_total{source=\"shop\"} 41\n\
                    vitrine_commits_total{source=\"pump\"} 1\n\
                    vitrine_commits_total_else 7\n\
                    vitrine_sockets 3 1700000000000\n";
        assert_eq!(metric(text, COMMITS_METRIC), Some(42));
        assert_eq!(metric(text, "vitrine_sockets"), Some(3));
        assert_eq!(metric(text, "vitrine_orders_total"), None);
    }

    #[tokio::test]
    async fn the_wal_index_counts_each_write_transaction() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let url = format!("sqlite:{}?mode=rwc", folder.path().join("a.db").display());
        let database = database::open(&url).await?;
        let run = async |sql: &'static str| {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&database).await?;
            anyhow::Ok(())
        };
        run("pragma journal_mode = wal").await?;
        run("create table t (a bigint)").await?;
        let index = folder.path().join("a.db-shm");
        let before = wal_transactions(&index)?;
        run("insert into t values (1)").await?;
        run("begin; insert into t values (2); insert into t values (3); commit").await?;
        run("begin; insert into t values (4); rollback").await?;
        database::number(&database, "select count(*) from t").await?;
        assert_eq!(wal_transactions(&index)? - before, 2);
        // Starting the log again from its beginning does not start the counter again.
        run("pragma wal_checkpoint(truncate)").await?;
        run("insert into t values (5)").await?;
        assert_eq!(wal_transactions(&index)? - before, 3);
        Ok(())
    }

    #[test]
    fn a_header_that_is_being_written_is_looked_at_again() -> anyhow::Result<()> {
        let mut index = vec![7; 2 * HEADER];
        assert!(transactions_of_index(&index)?.is_some());
        index[HEADER] = 8;
        assert_eq!(transactions_of_index(&index)?, None);
        assert!(transactions_of_index(&index[..HEADER]).is_err());
        Ok(())
    }

    #[test]
    fn fsyncs_of_checkpoints_are_not_claimed_to_be_counted() {
        let writes = |commits, fsyncs| Writes { commits, fsyncs };
        let spent = writes(50, Fsyncs::OnePerCommit) - writes(10, Fsyncs::OnePerCommit);
        assert_eq!(spent.fsyncs_per(10), "≥ 4.00");
        let spent = writes(50, Fsyncs::Counted(30)) - writes(10, Fsyncs::Counted(10));
        assert_eq!(spent.fsyncs_per(10), "2.00");
        assert!((spent.commits_per(10) - 4.0).abs() < 1e-9);
    }
}
