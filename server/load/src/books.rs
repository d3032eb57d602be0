//! The audit: whether stock, orders, the gateway's books and the log agree.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;
use sqlx::{AnyPool, AssertSqlSafe, Row};

use crate::database::number;
use crate::gateway_ledger::{Held, Ledger};

/// How long orders on their way may take to come to rest.
const SETTLING: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(100);

/// Each counts what must not be.
const MUST_NOT_BE: [(&str, &str); 3] = [
    (
        "orders left between placed and paid",
        "select count(*) from orders o left join order_progress p on p.order_id = o.id \
         where p.status is null or p.status in ('reserving', 'paying', 'action_required')",
    ),
    (
        "SKUs sold beyond what there is",
        "select count(*) from stock where allocated < 0 or reserved < 0 or allocated + reserved > on_hand",
    ),
    (
        "orders whose total is not goods and delivery",
        "select count(*) from orders where total_minor <> subtotal_minor + delivery_minor",
    ),
];

/// Orders by now confirmed.
pub async fn confirmed(database: &AnyPool) -> anyhow::Result<u64> {
    let sql = "select count(*) from order_progress where status = 'confirmed'";
    Ok(number(database, sql).await?.try_into()?)
}

/// Waits for the last orders to come to rest; those that never do are left to the audit.
pub async fn rest(database: &AnyPool) -> anyhow::Result<()> {
    let (_, on_their_way) = MUST_NOT_BE[0];
    let settled = async {
        while number(database, on_their_way).await? > 0 {
            tokio::time::sleep(LOOK).await;
        }
        anyhow::Ok(())
    };
    match tokio::time::timeout(SETTLING, settled).await {
        Ok(looked) => looked,
        Err(_) => Ok(()),
    }
}

/// Waits for the last orders to come to rest, then says everything that does not agree.
pub async fn audit(database: &AnyPool, ledger: &Ledger) -> anyhow::Result<Vec<String>> {
    rest(database).await?;
    disagreements(database, ledger).await
}

/// Says everything that does not agree, at this moment.
pub async fn disagreements(database: &AnyPool, ledger: &Ledger) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    for (what, sql) in MUST_NOT_BE {
        let count = number(database, sql).await.context(what)?;
        if count != 0 {
            wrong.push(format!("{count} {what}"));
        }
    }
    wrong.extend(payments(database, ledger).await?);
    wrong.extend(log(database).await?);
    wrong.extend(stock(database).await?);
    Ok(wrong)
}

/// The gateway holds the money of each confirmed order once, and no other.
async fn payments(database: &AnyPool, ledger: &Ledger) -> anyhow::Result<Vec<String>> {
    // The ledger first: an order is confirmed after its money is held.
    let mut held = BTreeMap::<String, Vec<Held>>::new();
    for payment in ledger.held(database).await? {
        held.entry(payment.reference.clone())
            .or_default()
            .push(payment);
    }
    let (mut unpaid, mut other_amount) = (0_u64, 0_u64);
    let sql = "select p.order_id, o.total_minor, o.currency from order_progress p \
               join orders o on o.id = p.order_id where p.status = 'confirmed'";
    for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(database).await? {
        let order: String = row.try_get(0)?;
        let payments = held.remove(&order).unwrap_or_default();
        let [payment] = payments.as_slice() else {
            unpaid += 1;
            continue;
        };
        let (minor, currency): (i64, String) = (row.try_get(1)?, row.try_get(2)?);
        other_amount += u64::from(payment.minor != minor || payment.currency != currency);
    }
    let in_vain: usize = held.values().map(Vec::len).sum();
    Ok([
        (
            unpaid,
            "confirmed orders without exactly one authorized payment",
        ),
        (
            other_amount,
            "authorized payments of another amount than their order",
        ),
        (
            in_vain as u64,
            "authorized payments without a confirmed order",
        ),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect())
}

/// Positions of the log run from 1 to its head without a gap.
async fn log(database: &AnyPool) -> anyhow::Result<Option<String>> {
    let sql = "select count(*), coalesce(min(position), 1), coalesce(max(position), 0), \
               (select position from log_head where id = 1) from events";
    let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(database).await?;
    let at = |i: usize| row.try_get::<i64, _>(i);
    let (count, first, last, head) = (at(0)?, at(1)?, at(2)?, at(3)?);
    Ok((first != 1 || count != last || last != head).then(|| {
        format!("{count} events at positions {first} to {last}, and the log's head is {head}")
    }))
}

#[derive(Deserialize)]
struct Line {
    sku: String,
    quantity: i64,
}

/// What is allocated is what the orders hold that are neither rejected nor cancelled.
async fn stock(database: &AnyPool) -> anyhow::Result<Vec<String>> {
    let mut held = BTreeMap::<String, i64>::new();
    // Many orders have the same lines: grouped, a long run is read in a moment.
    let sql = "select p.lines, count(*) from order_progress p \
               where p.status not in ('rejected', 'cancelled') group by p.lines";
    for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(database).await? {
        let text: String = row.try_get(0)?;
        let orders: i64 = row.try_get(1)?;
        let lines: Vec<Line> = serde_json::from_str(&text).context("lines of an order")?;
        for line in lines {
            *held.entry(line.sku).or_default() += line.quantity * orders;
        }
    }
    let mut wrong = Vec::new();
    let sql = "select sku, allocated from stock order by sku";
    for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(database).await? {
        let (sku, allocated): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
        let ordered = held.remove(&sku).unwrap_or_default();
        if ordered != allocated {
            wrong.push(format!(
                "{sku}: {allocated} allocated, but orders hold {ordered}"
            ));
        }
    }
    for (sku, ordered) in held {
        wrong.push(format!("{sku}: orders hold {ordered}, but it has no stock"));
    }
    Ok(wrong)
}

/// Pieces of a SKU that are there and that are allocated.
pub async fn level(database: &AnyPool, sku: &str) -> anyhow::Result<(i64, i64)> {
    let row = sqlx::query("select on_hand, allocated from stock where sku = $1")
        .bind(sku.to_owned())
        .fetch_optional(database)
        .await?;
    let Some(row) = row else {
        bail!("there is no stock of {sku}")
    };
    Ok((row.try_get(0)?, row.try_get(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database;

    const SCHEMA: [&str; 3] = [
        include_str!("../../db/migrations/0001_log.sql"),
        include_str!("../../db/migrations/0002_catalogue.sql"),
        include_str!("../../db/migrations/0003_shop.sql"),
    ];

    /// Two confirmed orders of a piece each, one rejected, and three events.
    const SOUND: &str = r#"
        insert into stock values ('A', 5, 2), ('B', 1, 0);
        insert into orders values
            ('1', 's', 0, '', '', '', '', '', '', '', '[]', 100, 5, 105, 'EUR'),
            ('2', 's', 0, '', '', '', '', '', '', '', '[]', 100, 5, 105, 'EUR'),
            ('3', 's', 0, '', '', '', '', '', '', '', '[]', 200, 0, 200, 'EUR');
        insert into order_progress values
            ('1', 'confirmed', 1, 105, 'EUR', '[{"sku":"A","quantity":1}]', '', 0),
            ('2', 'confirmed', 1, 105, 'EUR', '[{"sku":"A","quantity":1}]', '', 0),
            ('3', 'rejected', 0, 200, 'EUR', '[{"sku":"B","quantity":2}]', '', 0);
        insert into test_gateway_payments values
            ('k1', '1', 105, 'EUR', 'authorized', 'null', 'a1', 0),
            ('k2', '2', 105, 'EUR', 'declined', '"card_declined"', '', 0),
            ('k3', '2', 105, 'EUR', 'authorized', 'null', 'a3', 0);
        insert into events values
            (1, 'e1', '', '', '', 0, '', '', '', '', '', 0),
            (2, 'e2', '', '', '', 0, '', '', '', '', '', 0),
            (3, 'e3', '', '', '', 0, '', '', '', '', '', 0);
        update log_head set position = 3;
    "#;

    /// What checkouts hold, which the first tables did not know.
    const RESERVED: &str = "alter table stock add column reserved bigint not null default 0";

    /// What the audit says after `change`.
    async fn after(change: &'static str) -> Vec<String> {
        let database = database::open("sqlite::memory:").await.expect("a database");
        for sql in SCHEMA.into_iter().chain([SOUND, RESERVED, change]) {
            sqlx::raw_sql(AssertSqlSafe(sql))
                .execute(&database)
                .await
                .expect("sound SQL");
        }
        assert_eq!(confirmed(&database).await.ok(), Some(2));
        audit(&database, &Ledger::InTheShop)
            .await
            .expect("an audit")
    }

    #[tokio::test]
    async fn sound_books_agree() {
        assert_eq!(after("select 1").await, Vec::<String>::new());
    }

    #[tokio::test]
    async fn each_disagreement_is_found() {
        for (change, said) in [
            (
                "update stock set allocated = 3 where sku = 'A'",
                "3 allocated",
            ),
            ("delete from stock where sku = 'A'", "has no stock"),
            (
                "delete from test_gateway_payments where idempotency_key = 'k1'",
                "without exactly one",
            ),
            (
                "update test_gateway_payments set amount_minor = 104",
                "another amount",
            ),
            (
                "update test_gateway_payments set reference = '3' where idempotency_key = 'k1'",
                "without a confirmed order",
            ),
            ("update orders set delivery_minor = 6", "goods and delivery"),
            ("delete from events where position = 2", "2 events"),
            ("update log_head set position = 4", "head is 4"),
        ] {
            let wrong = after(change).await;
            assert!(
                wrong.iter().any(|line| line.contains(said)),
                "{change}: {wrong:?}"
            );
        }
    }
}
