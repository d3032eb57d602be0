//! Refunds that the gateway takes on and does later, as banks do: on command alone.

use sqlx::sqlite::SqliteConnection;
use sqlx::{Row, SqlitePool};

use crate::api::{MoveAnswer, MoveMoney};
use crate::books::{self, Kind};
use crate::outbox;

type Result<T> = sqlx::Result<T>;

/// What a refund of this status is answered with.
fn answer(id: String, status: &str) -> MoveAnswer {
    match status {
        "done" => MoveAnswer::Done,
        "failed" => MoveAnswer::Refused {
            reason: "the bank has refused it".to_owned(),
            expired: false,
        },
        _ => MoveAnswer::Pending { id },
    }
}

/// How the refund of this name stands.
pub async fn find(ledger: &SqlitePool, id: &str) -> Result<Option<MoveAnswer>> {
    let row = sqlx::query("select status from refunds where id = $1")
        .bind(id)
        .fetch_optional(ledger)
        .await?;
    let status = row.map(|row| row.try_get::<String, _>(0)).transpose()?;
    Ok(status.map(|status| answer(id.to_owned(), &status)))
}

/// Takes on to give money back, or answers as before to a request that was taken on.
pub async fn begin(
    connection: &mut SqliteConnection,
    (id, payment_id): (String, &str),
    key: &str,
    money: &MoveMoney,
    is_slow: bool,
    now_us: i64,
) -> Result<MoveAnswer> {
    let known = sqlx::query("select id, status from refunds where idempotency_key = $1")
        .bind(key)
        .fetch_optional(&mut *connection)
        .await?;
    if let Some(known) = known {
        return Ok(answer(known.try_get(0)?, known.try_get(1)?));
    }
    if !is_slow {
        return books::move_money(connection, payment_id, key, money, Kind::Refund, now_us).await;
    }
    let checked = books::check(connection, payment_id, key, money, Kind::Refund, now_us).await?;
    if let Some(answer) = checked {
        return Ok(answer);
    }
    sqlx::query("insert into refunds values ($1, $2, $3, $4, 'pending', $5)")
        .bind(&id)
        .bind(key)
        .bind(payment_id)
        .bind(money.amount_minor)
        .bind(now_us)
        .execute(connection)
        .await?;
    Ok(MoveAnswer::Pending { id })
}

/// Ends a refund that is on its way, or takes one back that was done, and puts the news of it into the outbox.
/// `None` when there is none of this name, or it has failed already.
pub async fn end(
    connection: &mut SqliteConnection,
    id: &str,
    is_done: bool,
    now_us: i64,
) -> Result<Option<()>> {
    let (status, kind) = match is_done {
        true => ("done", "refund.done"),
        false => ("failed", "refund.failed"),
    };
    let changed = sqlx::query(
        "update refunds set status = $1 where id = $2 and status <> 'failed' and status <> $1 \
         returning idempotency_key, payment_id, amount_minor",
    )
    .bind(status)
    .bind(id)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = changed else { return Ok(None) };
    let (key, payment_id): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    let minor: i64 = row.try_get(2)?;
    match is_done {
        true => {
            books::enter_movement(connection, &key, &payment_id, Kind::Refund, minor, now_us)
                .await?
        }
        false => {
            sqlx::query("delete from movements where idempotency_key = $1")
                .bind(&key)
                .execute(&mut *connection)
                .await?;
        }
    }
    if let Some(payment) = books::find_in(connection, " where id = $1", &payment_id).await? {
        let mut news = payment.news(kind);
        (news.refund_id, news.amount_minor) = (Some(id), minor);
        outbox::put(connection, &news, now_us).await?;
    }
    Ok(Some(()))
}
