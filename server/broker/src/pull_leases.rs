//! Which events of a subscription a reader has, and until when.

use std::time::Duration;

use db::Columns;

use crate::backoff::jittered;
use crate::decisions::{self, DEAD_LETTERED, DeadLettered};
use crate::parked::{self, ParkedState, Row};
use crate::{Failure, PullSubscription, Recorded, Tx, positions, pull_subscriptions};

/// Rows that are looked at for one answer: what is behind them waits for its turn.
pub(crate) const ROWS: usize = 5_000;

/// The wait of what failed before it is given again; doubles up to the longest. Longer than within the house: whoever
/// is outside may have to be started again first.
const BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(5 * 60);

/// An event of a subscription that is not handled yet.
#[derive(Debug, Clone)]
pub(crate) struct Unhandled {
    pub position: u64,
    pub key: String,
    pub state: ParkedState,
    pub attempts: u32,
    /// Unix microseconds; 0 for at once.
    pub due_us: i64,
    pub error: String,
    /// Of the reader who has it, or had it until it was due.
    pub lease: Option<String>,
}

impl Unhandled {
    pub fn is_leased(&self, now_us: i64) -> bool {
        self.lease.is_some() && self.due_us > now_us
    }
}

/// What a subscription has not handled, in the order of the log.
pub(crate) async fn unhandled(tx: &mut Tx, consumer: &str) -> Result<Vec<Unhandled>, Failure> {
    let rows = db::query(
        "select p.position, p.key, p.state, p.attempts, p.due_us, p.error, l.lease from parked p \
         left join pull_leases l on l.consumer = p.consumer and l.position = p.position \
         where p.consumer = $1 order by p.position limit $2",
    )
    .bind(consumer)
    .bind(i64::try_from(ROWS).unwrap_or(i64::MAX))
    .fetch_all(tx.conn())
    .await?;
    let read = |row: &db::Row| {
        Ok(Unhandled {
            position: row.try_get::<i64, _>(0)?.unsigned_abs(),
            key: row.try_get(1)?,
            state: row
                .try_get::<&str, _>(2)?
                .parse()
                .unwrap_or(ParkedState::Dead),
            attempts: u32::try_from(row.try_get::<i64, _>(3)?).unwrap_or(u32::MAX),
            due_us: row.try_get(4)?,
            error: row.try_get(5)?,
            lease: row.try_get(6)?,
        })
    };
    rows.iter().map(read).collect()
}

/// Writes down who has these events.
pub(crate) async fn lease(
    tx: &mut Tx,
    consumer: &str,
    positions: &[u64],
    lease: &str,
) -> Result<(), Failure> {
    for (tuples, chunk) in tx.place_rows(positions, 3) {
        let sql = format!(
            "insert into pull_leases (consumer, position, lease) values {tuples} \
             on conflict (consumer, position) do update set lease = excluded.lease"
        );
        let mut insert = db::query(db::trusted_sql(sql));
        for position in chunk {
            insert = insert
                .bind(consumer)
                .bind(i64::try_from(*position).unwrap_or(i64::MAX))
                .bind(lease);
        }
        insert.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Takes an event back from whoever has it.
pub(crate) async fn release(tx: &mut Tx, consumer: &str, position: u64) -> Result<(), Failure> {
    db::query("delete from pull_leases where consumer = $1 and position = $2")
        .bind(consumer)
        .bind(i64::try_from(position).unwrap_or(i64::MAX))
        .execute(tx.conn())
        .await?;
    Ok(())
}

impl Tx {
    /// Takes a subscription away with all that it has not handled. Says whether there was one.
    pub async fn unsubscribe(&mut self, consumer: &str) -> Result<bool, Failure> {
        if !pull_subscriptions::delete(self, consumer).await? {
            return Ok(false);
        }
        delete_all(self, consumer).await?;
        parked::delete_all(self, consumer).await?;
        positions::forget(self, consumer).await?;
        Ok(true)
    }
}

async fn delete_all(tx: &mut Tx, consumer: &str) -> Result<(), Failure> {
    db::query("delete from pull_leases where consumer = $1")
        .bind(consumer)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The row of an event that failed once more: later, or dead, which is told.
pub(crate) fn after_failure(
    tx: &mut Tx,
    subscription: &PullSubscription,
    known: &Unhandled,
    error: String,
    event: Option<&Recorded>,
) -> Result<Row, Failure> {
    let attempts = known.attempts.saturating_add(1);
    if attempts >= subscription.max_attempts {
        return bury(tx, subscription, known, error, event);
    }
    let wait = jittered(BACKOFF, MAX_BACKOFF, attempts);
    let wait_us = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
    Ok(Row {
        key: known.key.clone(),
        state: ParkedState::Retrying,
        attempts,
        due_us: (tx.log().environment().steady_us()).saturating_add(wait_us),
        error,
    })
}

/// The row of an event that is dead, which is told.
pub(crate) fn bury(
    tx: &mut Tx,
    subscription: &PullSubscription,
    known: &Unhandled,
    error: String,
    event: Option<&Recorded>,
) -> Result<Row, Failure> {
    let (consumer, position) = (&subscription.consumer, known.position);
    let attempts = known.attempts.saturating_add(1);
    tracing::warn!(
        consumer,
        position,
        attempts,
        "dead letter of a subscription"
    );
    let told = DeadLettered {
        consumer: consumer.clone(),
        position,
        attempts,
        error: error.clone(),
    };
    tx.append(decisions::event(DEAD_LETTERED, consumer, &told)?, event);
    Ok(Row {
        key: known.key.clone(),
        state: ParkedState::Dead,
        attempts,
        due_us: 0,
        error,
    })
}
