//! What goes on while the power may fail: events are appended, consumed and checkpointed, the process
//! ends, and another one goes on.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use broker::{
    Consumer, Environment, Error, Failure, Filter, GroupCommit, Log, NewEvent, Recorded, Rule,
    Runner, Tx,
};
use db::{Db, Synchronous};
use futures::future::join_all;
use powercut::Disk;
use tempfile::TempDir;
use uuid::Uuid;

/// The database's file within its folder.
const FILE: &str = "log.db";
/// What is appended, and what the consumer answers each with.
pub const SAID: &str = "said";
pub const HEARD: &str = "heard";

/// Processes, one after the other.
const PROCESSES: usize = 2;
const WRITERS: usize = 8;
/// Of one writer in one process; each appends one to three events.
const JOBS: usize = 32;
/// After so many jobs of one writer a checkpoint is made, beside those that the database makes itself.
const JOBS_PER_CHECKPOINT: usize = 4;

/// Notes in a table of its own how often it heard each event, and answers it.
pub struct Listener;

impl Consumer for Listener {
    const NAME: &'static str = "listener";
    const HEARS: Filter<'static> = Filter(&[Rule::topic("talk").of(&[SAID])]);

    async fn handle(&self, tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<(), Failure> {
        for said in batch {
            db::query(
                "insert into listened (position, times) values ($1, 1) \
                 on conflict (position) do update set times = listened.times + 1",
            )
            .bind(i64::try_from(said.position).unwrap_or(i64::MAX))
            .execute(tx.conn())
            .await?;
            tx.append(event(HEARD, said.key.clone()), Some(said));
        }
        Ok(())
    }
}

/// One job's events, and when their writer was told that they are durable.
#[derive(Debug)]
pub struct Acknowledged {
    pub moment: usize,
    pub ids: Vec<Uuid>,
}

#[derive(Debug)]
pub struct Story {
    pub disk: Disk,
    pub folder: TempDir,
    pub acknowledged: Vec<Acknowledged>,
}

impl Story {
    pub async fn record(synchronous: Synchronous) -> Self {
        let disk = Disk::new().expect("a disk");
        let folder = tempfile::tempdir().expect("a folder");
        let mut story = Self {
            disk,
            folder,
            acknowledged: Vec::new(),
        };
        for _ in 0..PROCESSES {
            story.go_on(synchronous).await;
        }
        story
    }

    /// One process, from its start to its orderly end.
    async fn go_on(&mut self, synchronous: Synchronous) {
        let path = self.folder.path().join(FILE);
        let url = format!("sqlite:{}?mode=rwc&vfs={}", path.display(), self.disk.vfs());
        let settings = db::Settings {
            synchronous,
            ..db::Settings::new(url)
        };
        let log = open(&settings).await.expect("a log");
        let mut runner = Runner::new(log.clone(), broker::Settings::default());
        runner.consumer(Listener);
        let group = GroupCommit::start(&log, "writer");
        let writers = (0..WRITERS).map(|writer| {
            let (disk, group, log) = (self.disk.clone(), group.clone(), log.clone());
            tokio::spawn(async move {
                let mut acknowledged = Vec::with_capacity(JOBS);
                for job in 0..JOBS {
                    let ids = say(&group, writer, job).await.expect("written");
                    let moment = disk.moment();
                    acknowledged.push(Acknowledged { moment, ids });
                    if writer == 0 && job % JOBS_PER_CHECKPOINT == 0 {
                        checkpoint(log.db()).await;
                    }
                }
                acknowledged
            })
        });
        for acknowledged in join_all(writers).await {
            self.acknowledged.extend(acknowledged.expect("a writer"));
        }
        // The consumer may be behind: the next process, or what is left after a power cut, goes on.
        runner.stop().await;
        drop(group);
        log.db().close().await;
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events: usize = self.acknowledged.iter().map(|a| a.ids.len()).sum();
        write!(
            f,
            "{events} events acknowledged, {} operations of the disk, {} checkpoints",
            self.disk.moment(),
            self.disk.main_file_syncs()
        )
    }
}

/// Opens the log, with the consumer's table beside it.
async fn open(settings: &db::Settings) -> Result<Log, Error> {
    let db = Db::open(settings).await?;
    let mut tx = db.begin().await?;
    db::query(
        "create table if not exists listened (position bigint primary key, times bigint not null)",
    )
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    Log::open(db, Environment::system()).await
}

/// What is left, opened as the next process would: without this crate's VFS.
pub async fn open_folder(folder: &Path) -> Result<Log, Error> {
    open(&db::Settings::sqlite_file(&folder.join(FILE))).await
}

/// Appends one to three events and answers with their ids when they are durable.
async fn say(group: &GroupCommit, writer: usize, job: usize) -> Result<Vec<Uuid>, Error> {
    let saying = group.run(move |tx: &mut Tx| {
        Box::pin(async move {
            let key = || format!("{writer}-{}", job % 5);
            let ids = (0..=job % 3).map(|_| tx.append(event(SAID, key()), None));
            Ok(ids.collect())
        })
    });
    saying.await
}

async fn checkpoint(db: &Db) {
    db::query("pragma wal_checkpoint(passive)")
        .fetch_all(db.reader())
        .await
        .expect("a checkpoint");
}

fn event(kind: &'static str, key: String) -> NewEvent {
    // Long enough for a commit to fill several pages.
    let data = format!("{{\"text\":\"{}\"}}", key.repeat(100));
    NewEvent::new(kind, "talk", key, data)
}
