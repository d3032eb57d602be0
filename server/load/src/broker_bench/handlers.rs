//! What hears the events: a consumer that writes a row for each, and a reactor that is slow.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use broker::{
    Consumer, Failure, Filter, Log, NewEvent, Reactor, ReactorSettings, Recorded, Rule, Tail, Tx,
};
use db::Db;

/// For the consumer.
pub const HAPPENED: &str = "bench.happened";
/// The consumer's batch is committed; its data is the last position and the number of its events.
const DONE: &str = "bench.done";
/// For the reactor.
pub const ASKED: &str = "bench.asked";
const ANSWERED: &str = "bench.answered";

/// Keys among which the events go round.
const KEYS: u64 = 1_000;
/// How long the reactor's outside world takes.
pub const ANSWER_TIME: Duration = Duration::from_millis(50);
/// Events read at once by whoever waits for the end.
const READ: usize = 1_024;

const TOPIC: &str = "bench";

/// The `i`th event of a kind.
pub fn event(kind: &'static str, i: u64) -> NewEvent {
    let key = format!("key-{}", i % KEYS);
    // About as much as an event of the shop holds.
    let data = format!(r#"{{"number":{i},"key":"{key}","note":"{:100}"}}"#, "");
    NewEvent::new(kind, TOPIC, key, data)
}

/// The table of the consumer's effects.
pub async fn make_table(db: &Db) -> anyhow::Result<()> {
    let mut tx = db.begin().await?;
    db::query("create table bench_effects (position bigint primary key, key text not null)")
        .execute(tx.conn())
        .await?;
    Ok(tx.commit().await?)
}

/// Writes a row per event, and says so in the log from a position on.
#[derive(Debug)]
pub struct Effect {
    pub tells_from: u64,
}

impl Consumer for Effect {
    const NAME: &'static str = "bench-effect";
    const HEARS: Filter<'static> = Filter(&[Rule::kinds(&[HAPPENED])]);

    async fn handle(&self, tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<(), Failure> {
        for (tuples, chunk) in tx.place_rows(batch, 2) {
            let sql = format!("insert into bench_effects (position, key) values {tuples}");
            let mut insert = db::query(db::trusted_sql(sql));
            for event in chunk {
                insert = insert
                    .bind(i64::try_from(event.position).unwrap_or(i64::MAX))
                    .bind(&event.key);
            }
            insert.execute(tx.conn()).await?;
        }
        if let Some(last) = batch.last().filter(|last| last.position >= self.tells_from) {
            let data = json(&(last.position, batch.len()))?;
            let done = NewEvent::new(DONE, TOPIC, "done", data);
            tx.append(done, Some(last));
        }
        Ok(())
    }
}

/// Takes its time and answers.
#[derive(Debug, Default)]
pub struct Slow {
    /// When it was asked first: before that it has come past all that stood in the log.
    pub began: Arc<OnceLock<Instant>>,
    /// Keys that it is asked about at once.
    pub in_flight: usize,
}

impl Reactor for Slow {
    const NAME: &'static str = "bench-slow";
    const HEARS: Filter<'static> = Filter(&[Rule::kinds(&[ASKED])]);

    fn settings(&self) -> ReactorSettings {
        ReactorSettings {
            in_flight: self.in_flight,
            ..ReactorSettings::from_start()
        }
    }

    async fn react(&self, event: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        self.began.get_or_init(Instant::now);
        tokio::time::sleep(ANSWER_TIME).await;
        let data = event.position.to_string();
        let answer = NewEvent::new(ANSWERED, TOPIC, event.key.clone(), data);
        Ok(vec![answer])
    }
}

fn json(value: &(u64, usize)) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::Other(error.to_string()))
}

/// Committed effects.
#[derive(Debug, Clone, Copy)]
pub struct Effects {
    /// The last position that has taken effect.
    pub up_to: u64,
    /// Events that have since the last look.
    pub count: u64,
}

/// Follows what the handlers commit.
pub struct Commits(Tail);

impl Commits {
    /// What is committed from now on.
    pub fn of(log: &Log) -> Self {
        Self(log.tail(log.head()))
    }

    /// Waits for effects that are told of.
    pub async fn effects(&mut self) -> anyhow::Result<Effects> {
        let mut effects = Effects { up_to: 0, count: 0 };
        while effects.count == 0 {
            for done in self.0.next(READ).await?.iter() {
                if done.kind == DONE {
                    let (up_to, count): (u64, u64) = serde_json::from_str(&done.data)?;
                    effects.up_to = up_to;
                    effects.count += count;
                }
            }
        }
        Ok(effects)
    }

    /// Waits for answers; how many came.
    pub async fn answers(&mut self) -> anyhow::Result<usize> {
        let events = self.0.next(READ).await?;
        Ok(events.iter().filter(|event| event.kind == ANSWERED).count())
    }
}
