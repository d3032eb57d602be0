//! What money was moved on a day, for whoever compares it with their own books.

use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, Row};

use crate::api::{ListedMovement, ListedPayment};

/// Rows of one answer, at most.
pub const PAGE: i64 = 1_000;

const MOVEMENTS: &str = "select m.idempotency_key, m.payment_id, p.reference, m.kind, m.amount_minor, \
     p.currency, m.created_at_us from movements m join payments p on p.id = m.payment_id";

/// The microseconds from which and up to which a day (UTC, like `2026-11-30`) lasts; `None` for what is no day.
pub fn day_us(day: &str) -> Option<(i64, i64)> {
    let date: jiff::civil::Date = day.parse().ok()?;
    let begins = |date: jiff::civil::Date| {
        let at = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(at.timestamp().as_microsecond())
    };
    Some((begins(date)?, begins(date.tomorrow().ok()?)?))
}

/// What was moved in that time, after the line of this key, in the order of keys.
pub async fn movements(
    ledger: &SqlitePool,
    (from_us, to_us): (i64, i64),
    after: &str,
) -> sqlx::Result<Vec<ListedMovement>> {
    let sql = format!(
        "{MOVEMENTS} where m.created_at_us >= $1 and m.created_at_us < $2 and m.idempotency_key > $3 \
         order by m.idempotency_key limit $4"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(from_us)
        .bind(to_us)
        .bind(after)
        .bind(PAGE)
        .fetch_all(ledger)
        .await?;
    let movement = |row: &SqliteRow| {
        Ok(ListedMovement {
            idempotency_key: row.try_get(0)?,
            payment_id: row.try_get(1)?,
            reference: row.try_get(2)?,
            kind: row.try_get(3)?,
            amount_minor: row.try_get(4)?,
            currency: row.try_get(5)?,
            at_us: row.try_get(6)?,
        })
    };
    rows.iter().map(movement).collect()
}

/// Payments after this one of the ledger, in its order.
pub async fn payments(ledger: &SqlitePool, after: i64) -> sqlx::Result<Vec<ListedPayment>> {
    let rows = sqlx::query(
        "select seq, id, reference, amount_minor, currency, status from payments \
         where seq > $1 order by seq limit $2",
    )
    .bind(after)
    .bind(PAGE)
    .fetch_all(ledger)
    .await?;
    let payment = |row: &SqliteRow| {
        Ok(ListedPayment {
            seq: row.try_get(0)?,
            id: row.try_get(1)?,
            reference: row.try_get(2)?,
            amount_minor: row.try_get(3)?,
            currency: row.try_get(4)?,
            status: row.try_get(5)?,
        })
    };
    rows.iter().map(payment).collect()
}
