//! Subscriptions that are read by request: what somebody outside hears, and how far they have come. Such a reader is a
//! consumer like any other: its position stands in `consumers`, what it has not handled in `parked`, and people redrive
//! or discard its dead letters. Only its loop is not here.

use std::time::Duration;

use db::Columns;

use crate::event::BROKER;
use crate::{Begins, Failure, Log, ParkedState, Recorded, Result, Tx, is_like, positions};

/// What somebody outside hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullSubscription {
    /// Its name among the consumers.
    pub consumer: String,
    /// Patterns, any of which is enough; none for every type.
    pub types: Vec<String>,
    /// The same of topics.
    pub topics: Vec<String>,
    /// How long a reader has to answer.
    pub lease: Duration,
    /// Attempts before an event is a dead letter.
    pub max_attempts: u32,
}

/// Where a new one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullBegins {
    /// As a reactor does.
    At(Begins),
    /// With what comes after this position.
    After(u64),
}

/// How one stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PullState {
    pub position: u64,
    pub head: u64,
    /// Events that a reader has.
    pub leased: u64,
    /// Events that failed and are given again.
    pub retrying: u64,
    /// Events that wait behind another one of their key.
    pub held: u64,
    pub dead: u64,
}

impl PullSubscription {
    pub fn hears(&self, event: &Recorded) -> bool {
        let is_any = |patterns: &[String], text: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| is_like(pattern, text))
        };
        // What became of its own events is no news to it.
        let is_about_it = event.topic == BROKER && event.key == self.consumer;
        is_any(&self.types, &event.kind)
            && is_any(&self.topics, &event.topic)
            && !is_about_it
            && !event.is_stand_in()
    }

    fn read(row: &db::Row) -> Result<Self> {
        let patterns = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        Ok(Self {
            consumer: row.try_get(0)?,
            types: patterns(row.try_get(1)?),
            topics: patterns(row.try_get(2)?),
            lease: Duration::from_micros(row.try_get::<i64, _>(3)?.unsigned_abs()),
            max_attempts: u32::try_from(row.try_get::<i64, _>(4)?).unwrap_or(u32::MAX),
        })
    }
}

const SUBSCRIPTIONS: &str =
    "select consumer, types, topics, lease_us, max_attempts from pull_subscriptions";

impl Log {
    /// The subscription of this name.
    pub async fn pull_subscription(&self, consumer: &str) -> Result<Option<PullSubscription>> {
        let sql = format!("{SUBSCRIPTIONS} where consumer = $1");
        let row = db::query(db::trusted_sql(sql))
            .bind(consumer)
            .fetch_optional(self.db().reader())
            .await?;
        row.as_ref().map(PullSubscription::read).transpose()
    }

    /// Every subscription, by name.
    pub async fn pull_subscriptions(&self) -> Result<Vec<PullSubscription>> {
        let rows = db::query(db::trusted_sql(format!(
            "{SUBSCRIPTIONS} order by consumer"
        )))
        .fetch_all(self.db().reader())
        .await?;
        rows.iter().map(PullSubscription::read).collect()
    }

    /// How a subscription stands.
    pub async fn pull_state(&self, consumer: &str) -> Result<PullState> {
        let rows = db::query(
            "select p.state, count(*), count(l.lease) from parked p \
             left join pull_leases l on l.consumer = p.consumer and l.position = p.position \
             where p.consumer = $1 group by p.state",
        )
        .bind(consumer)
        .fetch_all(self.db().reader())
        .await?;
        let mut state = PullState {
            position: self.position_of(consumer).await?,
            head: self.stored_head().await?,
            leased: 0,
            retrying: 0,
            held: 0,
            dead: 0,
        };
        for row in &rows {
            let count = row.try_get::<i64, _>(1)?.unsigned_abs();
            match row.try_get::<&str, _>(0)?.parse() {
                Ok(ParkedState::Retrying) => {
                    state.leased = row.try_get::<i64, _>(2)?.unsigned_abs();
                    state.retrying = count.saturating_sub(state.leased);
                }
                Ok(ParkedState::Held) => state.held = count,
                Ok(ParkedState::Dead) | Err(_) => state.dead = count,
            }
        }
        Ok(state)
    }
}

impl Tx {
    /// Writes a subscription down. One that is known keeps its position. Says whether it is new.
    pub async fn subscribe(
        &mut self,
        subscription: &PullSubscription,
        begins: PullBegins,
    ) -> std::result::Result<bool, Failure> {
        let consumer = &subscription.consumer;
        let is_new = match begins {
            PullBegins::After(position) => {
                positions::introduce_at(self, consumer, position).await?
            }
            PullBegins::At(begins) => {
                let is_new = !is_one(self, consumer).await?;
                positions::introduce(self, consumer, begins, 0).await?;
                is_new
            }
        };
        let lease_us = i64::try_from(subscription.lease.as_micros()).unwrap_or(i64::MAX);
        let begun_at_us = self.log().environment().now_us();
        db::query(
            "insert into pull_subscriptions (consumer, types, topics, lease_us, max_attempts, \
             begun_at_us) values ($1, $2, $3, $4, $5, $6) on conflict (consumer) do update \
             set types = excluded.types, topics = excluded.topics, lease_us = excluded.lease_us, \
             max_attempts = excluded.max_attempts",
        )
        .bind(consumer)
        .bind(subscription.types.join(" "))
        .bind(subscription.topics.join(" "))
        .bind(lease_us)
        .bind(i64::from(subscription.max_attempts))
        .bind(begun_at_us)
        .execute(self.conn())
        .await?;
        Ok(is_new)
    }
}

/// Takes a subscription's own row away. Says whether there was one.
pub(crate) async fn delete(tx: &mut Tx, consumer: &str) -> std::result::Result<bool, Failure> {
    let gone = db::query("delete from pull_subscriptions where consumer = $1")
        .bind(consumer)
        .execute(tx.conn())
        .await?;
    Ok(gone.rows_affected() == 1)
}

/// Keeps everybody else from giving out or answering events of a subscription until `tx` ends. Says whether it is there.
pub(crate) async fn hold(tx: &mut Tx, consumer: &str) -> std::result::Result<bool, Failure> {
    let held =
        db::query("update pull_subscriptions set max_attempts = max_attempts where consumer = $1")
            .bind(consumer)
            .execute(tx.conn())
            .await?;
    Ok(held.rows_affected() == 1)
}

/// Whether a consumer is a subscription.
pub(crate) async fn is_one(tx: &mut Tx, consumer: &str) -> Result<bool> {
    let row = db::query("select 1 from pull_subscriptions where consumer = $1")
        .bind(consumer)
        .fetch_optional(tx.conn())
        .await?;
    Ok(row.is_some())
}
