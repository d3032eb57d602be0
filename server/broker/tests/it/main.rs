//! The durable log and its consumers on a real database. One binary, so that it links once.

mod chain;
mod consumers;
mod dead_letters;
mod deciders;
mod dumps;
mod feed;
mod group_commit;
mod history;
mod log;
mod model;
mod pull;
mod reactors;
mod replay;
mod routing;

use std::sync::Arc;
use std::time::Duration;

use broker::{Environment, Error, Filter, Log, NewEvent, Recorded, Rule, Runner};
use db::{Columns, Db};
use scratch::Scratch;

/// Longer than anything here takes; what takes longer has failed.
const DEADLINE: Duration = Duration::from_secs(20);

/// What the tests' consumers hear.
const CALLED: Filter<'static> = Filter(&[Rule::topic("tests").of(&["called"])]);

/// A log in a database of its own.
struct Fixture {
    log: Log,
    scratch: Scratch,
}

impl Fixture {
    async fn new() -> Self {
        let scratch = Scratch::new().await;
        let log = open(&scratch).await;
        // What the tests' consumers write beside the log.
        let mut tx = log.db().begin().await.expect("a transaction");
        db::query("create table handled (position bigint primary key, times bigint not null)")
            .execute(tx.conn())
            .await
            .expect("a table");
        tx.commit().await.expect("committed");
        Self { log, scratch }
    }

    /// The same database as another process would see it: nothing in memory.
    async fn reopen(self) -> Self {
        self.log.db().close().await;
        let log = open(&self.scratch).await;
        Self { log, ..self }
    }

    /// Appends events of `kind`, one transaction for all, with the keys given.
    async fn append(&self, kind: &'static str, keys: &[&str]) {
        let mut tx = self.log.begin("test").await.expect("a transaction");
        for key in keys {
            tx.append(event(kind, key), None);
        }
        tx.commit().await.expect("committed");
    }

    async fn execute(&self, sql: &str) {
        let mut tx = self.log.db().begin().await.expect("a transaction");
        db::query(db::trusted_sql(sql.to_owned()))
            .execute(tx.conn())
            .await
            .expect(sql);
        tx.commit().await.expect("committed");
    }

    async fn numbers(&self, sql: &str) -> Vec<i64> {
        let rows = db::query(db::trusted_sql(sql.to_owned()))
            .fetch_all(self.log.db().reader())
            .await
            .expect(sql);
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Waits until the database says this number.
    async fn until_number(&self, sql: &str, expected: i64) {
        let found = tokio::time::timeout(DEADLINE, async {
            while self.numbers(sql).await != [expected] {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        assert!(found.await.is_ok(), "{sql}: {:?}", self.numbers(sql).await);
    }

    async fn all(&self) -> Vec<Arc<Recorded>> {
        let mut all: Vec<Arc<Recorded>> = Vec::new();
        let head = self.log.stored_head().await.expect("a head");
        while (all.len() as u64) < head {
            let read = self.log.read_after(all.len() as u64, 100_000).await;
            all.extend(read.expect("the log"));
        }
        all
    }

    async fn of_kind(&self, kind: &str) -> Vec<Arc<Recorded>> {
        let mut events = self.all().await;
        events.retain(|event| event.kind == kind);
        events
    }

    /// Waits until the log holds `count` events of `kind`.
    async fn until(&self, kind: &str, count: usize) -> Vec<Arc<Recorded>> {
        let mut head = self.log.watch_head();
        let found = tokio::time::timeout(DEADLINE, async {
            loop {
                head.borrow_and_update();
                let events = self.of_kind(kind).await;
                if events.len() >= count {
                    return events;
                }
                // What another process appends wakes nobody here.
                let _ = tokio::time::timeout(Duration::from_millis(50), head.changed()).await;
            }
        });
        match found.await {
            Ok(events) => events,
            Err(_) => panic!(
                "{count} of {kind} expected, found {} in time",
                self.of_kind(kind).await.len()
            ),
        }
    }

    /// Waits until every consumer's position is the log's head.
    async fn until_caught_up(&self) {
        let caught_up = tokio::time::timeout(DEADLINE, async {
            loop {
                let lags = self.log.lags().await.expect("lags");
                if lags.iter().all(|lag| lag.behind == 0) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        assert!(caught_up.await.is_ok(), "{:?}", self.log.lags().await);
    }

    /// A runner that does not make tests wait between two tries.
    fn runner(&self) -> Runner {
        self.runner_of(&self.log)
    }

    /// The same in another process, with a log of its own in memory.
    fn runner_of(&self, log: &Log) -> Runner {
        let settings = broker::Settings {
            backoff: Duration::from_millis(1),
            max_backoff: Duration::from_millis(5),
            max_attempts: 4,
            lease: Duration::from_millis(100),
            ..broker::Settings::default()
        };
        Runner::new(log.clone(), settings)
    }
}

/// A log as one process opens it.
async fn open(scratch: &Scratch) -> Log {
    let settings = db::Settings::new(scratch.url());
    let db = Db::open(&settings).await.expect("a database");
    Log::open(db, Environment::system()).await.expect("a log")
}

fn event(kind: &'static str, key: &str) -> NewEvent {
    NewEvent::new(kind, "tests", key, format!("{{\"key\":\"{key}\"}}"))
}

fn damaged_position(result: Result<Vec<Arc<Recorded>>, Error>) -> Option<u64> {
    match result {
        Err(Error::Damaged { position, .. } | Error::Unreadable { position, .. }) => Some(position),
        _ => None,
    }
}
