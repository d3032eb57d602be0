//! What must be so after every restart: first that everything comes to rest, then that it agrees.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use anyhow::Context;
use sqlx::{AnyPool, AssertSqlSafe, Row};
use tokio::time::Instant;

use super::conditions::STOCK;
use super::diary::Promise;
use super::expected_state::{ExpectedState, Level};
use crate::gateway_ledger::Ledger;
use crate::{books, database};

/// How long what was interrupted may take to come to rest, the payment window included.
const RESTING: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);

/// Each counts what is still on its way.
const ON_THEIR_WAY: [(&str, &str); 4] = [
    (
        "orders stuck: neither confirmed nor rejected nor cancelled",
        "select count(*) from orders o left join order_progress p on p.order_id = o.id \
         where p.status is null or p.status not in ('confirmed', 'rejected', 'cancelled')",
    ),
    (
        "cancelled orders whose stock is not released",
        "select count(*) from events c where c.type = 'order.cancelled' and not exists \
         (select 1 from events r where r.key = c.key and r.type = 'stock.released')",
    ),
    (
        "SKUs whose opening stock is not counted in",
        "select count(*) from events c where c.type = 'stock.correction_requested' and not exists \
         (select 1 from events r where r.key = c.key and r.type = 'stock.corrected')",
    ),
    ("events left parked", "select count(*) from parked"),
];

/// What an audit found.
#[derive(Debug)]
pub struct Audit {
    pub expected: ExpectedState,
    pub wrong: Vec<String>,
}

/// Waits until nothing is on its way any more; says what never comes to rest.
pub async fn rest(database: &AnyPool) -> anyhow::Result<Vec<String>> {
    let deadline = Instant::now() + RESTING;
    loop {
        let open = on_their_way(database).await?;
        if open.is_empty() || Instant::now() > deadline {
            return Ok(open);
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn on_their_way(database: &AnyPool) -> anyhow::Result<Vec<String>> {
    let mut open = Vec::new();
    for (what, sql) in ON_THEIR_WAY {
        let count = database::number(database, sql).await.context(what)?;
        if count > 0 {
            open.push(format!("{count} {what}"));
        }
    }
    Ok(open)
}

/// Compares the log, the tables, the gateway's books and what shoppers were told.
pub async fn audit(
    database: &AnyPool,
    ledger: &Ledger,
    promises: &[Promise],
) -> anyhow::Result<Audit> {
    let mut wrong = books::disagreements(database, ledger).await?;
    let mut expected = read(database).await?;
    wrong.append(&mut expected.wrong);
    wrong.extend(orders(database, &expected).await?);
    wrong.extend(progress(database, &expected).await?);
    wrong.extend(stock(database, &expected).await?);
    wrong.extend(kept(&expected, promises));
    Ok(Audit { expected, wrong })
}

async fn read(database: &AnyPool) -> anyhow::Result<ExpectedState> {
    let sql = "select type, key, time_us, data from events order by position";
    let mut expected = ExpectedState::default();
    for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(database).await? {
        expected.apply(
            row.try_get(0)?,
            row.try_get(1)?,
            row.try_get(2)?,
            row.try_get(3)?,
        )?;
    }
    Ok(expected)
}

/// An order's row and its first event exist together or not at all.
async fn orders(database: &AnyPool, expected: &ExpectedState) -> anyhow::Result<Vec<String>> {
    let rows = sqlx::query(AssertSqlSafe("select id from orders"))
        .fetch_all(database)
        .await?;
    let ids = rows.iter().map(|row| row.try_get(0));
    let ids: HashSet<String> = ids.collect::<Result<_, _>>()?;
    let no_event = ids.iter().filter(|id| !expected.placed.contains_key(*id));
    let no_row = expected.placed.keys().filter(|id| !ids.contains(*id));
    Ok([
        some("orders without an order.placed event", no_event),
        some("order.placed events without an order", no_row),
    ]
    .into_iter()
    .flatten()
    .collect())
}

/// The process manager's table says what the log says.
async fn progress(database: &AnyPool, expected: &ExpectedState) -> anyhow::Result<Option<String>> {
    let sql = "select order_id, status from order_progress";
    let mut statuses = HashMap::<String, String>::new();
    for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(database).await? {
        statuses.insert(row.try_get(0)?, row.try_get(1)?);
    }
    let told = |id: &String| expected.ended.get(id).map(|end| &end.status);
    let all: HashSet<&String> = statuses.keys().chain(expected.placed.keys()).collect();
    let differ = all.into_iter().filter(|id| statuses.get(*id) != told(id));
    Ok(some("orders of another status than the log tells", differ))
}

/// The stock table says what the events say, and no piece came or went but by orders.
async fn stock(database: &AnyPool, expected: &ExpectedState) -> anyhow::Result<Vec<String>> {
    let sql = "select sku, on_hand, allocated, reserved from stock";
    let mut table = BTreeMap::new();
    for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(database).await? {
        let level = Level {
            on_hand: row.try_get(1)?,
            allocated: row.try_get(2)?,
            reserved: row.try_get(3)?,
        };
        table.insert(row.try_get::<String, _>(0)?, level);
    }
    let known: BTreeSet<&String> = table.keys().chain(expected.shelf.keys()).collect();
    let differ = known
        .into_iter()
        .filter(|sku| table.get(*sku) != expected.shelf.get(*sku));
    let moved = table.iter().filter(|(_, level)| level.on_hand != STOCK);
    Ok([
        some("SKUs of another level than the log tells", differ),
        some(
            "SKUs of another count than on the first day",
            moved.map(|(sku, _)| sku),
        ),
    ]
    .into_iter()
    .flatten()
    .collect())
}

/// What a shopper was told stands in the log.
fn kept(expected: &ExpectedState, promises: &[Promise]) -> Vec<String> {
    let broken = promises
        .iter()
        .filter(|promise| !expected.tells(&promise.order.to_string(), promise.event));
    broken
        .map(|Promise { order, event }| format!("told of {event} of {order}, and it is not there"))
        .collect()
}

/// How many, and one of them.
fn some<'a>(what: &str, mut which: impl Iterator<Item = &'a String>) -> Option<String> {
    let first = which.next()?;
    Some(format!("{} {what}, e.g. {first}", which.count() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crash::diary::{CONFIRMED, PLACED, REJECTED};

    const SCHEMA: [&str; 4] = [
        include_str!("../../../db/migrations/0001_log.sql"),
        include_str!("../../../db/migrations/0002_catalogue.sql"),
        include_str!("../../../db/migrations/0003_shop.sql"),
        include_str!("../../../db/migrations/0004_parked.sql"),
    ];

    const ORDER: &str = "0199c0a0-1111-7aaa-8bbb-123456789abc";

    /// An order of two pieces that was paid.
    const SOUND: &str = r#"
        insert into stock values ('A', 100, 2);
        insert into orders values ('0199c0a0-1111-7aaa-8bbb-123456789abc',
            's', 0, '', '', '', '', '', '', '', '[]', 100, 5, 105, 'EUR');
        insert into order_progress values ('0199c0a0-1111-7aaa-8bbb-123456789abc',
            'confirmed', 1, 105, 'EUR', '[{"sku":"A","quantity":2}]', '', 0);
        insert into test_gateway_payments values ('k', '0199c0a0-1111-7aaa-8bbb-123456789abc',
            105, 'EUR', 'authorized', 'null', 'a', 0);
        insert into events values
            (1, 'e1', '', 'stock.correction_requested', '', 0, '', 'A', '', '', '{}', 0),
            (2, 'e2', '', 'stock.corrected', '', 0, '', 'A', '', '',
                '{"sku":"A","on_hand":100,"allocated":0,"change":100}', 0),
            (3, 'e3', '', 'order.placed', '', 0, '', '0199c0a0-1111-7aaa-8bbb-123456789abc', '', '',
                '{}', 0),
            (4, 'e4', '', 'stock.reserved', '', 0, '', '0199c0a0-1111-7aaa-8bbb-123456789abc', '', '',
                '{"moves":[{"sku":"A","quantity":2,"on_hand":100,"allocated":2}]}', 0),
            (5, 'e5', '', 'order.confirmed', '', 0, '', '0199c0a0-1111-7aaa-8bbb-123456789abc', '', '',
                '{}', 0);
        update log_head set position = 5;
    "#;

    fn promise(event: &'static str) -> Promise {
        let order = ORDER.parse().expect("an id");
        Promise { order, event }
    }

    /// What checkouts hold, which the first tables did not know.
    const RESERVED: &str = "alter table stock add column reserved bigint not null default 0";

    /// What is on its way after `change`, and what is wrong.
    async fn after(change: &'static str, promises: &[Promise]) -> (Vec<String>, Vec<String>) {
        let database = database::open("sqlite::memory:").await.expect("a database");
        for sql in SCHEMA.into_iter().chain([SOUND, RESERVED, change]) {
            sqlx::raw_sql(AssertSqlSafe(sql))
                .execute(&database)
                .await
                .expect("sound SQL");
        }
        let open = on_their_way(&database).await.expect("a look");
        let audit = audit(&database, &Ledger::InTheShop, promises)
            .await
            .expect("an audit");
        (open, audit.wrong)
    }

    #[tokio::test]
    async fn what_rests_and_agrees_is_sound() {
        let promises = [promise(PLACED), promise(CONFIRMED)];
        let (open, wrong) = after("select 1", &promises).await;
        assert_eq!((open, wrong), (Vec::new(), Vec::new()));
    }

    #[tokio::test]
    async fn what_is_on_its_way_is_seen() {
        for (change, said) in [
            (
                "update order_progress set status = 'awaiting_payment'",
                "orders stuck",
            ),
            (
                "update events set type = 'order.cancelled' where position = 5",
                "not released",
            ),
            ("delete from events where position = 2", "not counted in"),
            (
                "insert into parked values ('payment', 5, 'k', 'held', 0, 0, '', 0)",
                "parked",
            ),
        ] {
            let (open, _) = after(change, &[]).await;
            assert!(
                open.iter().any(|line| line.contains(said)),
                "{change}: {open:?}"
            );
        }
    }

    #[tokio::test]
    async fn what_a_crash_could_leave_half_done_is_found() {
        for (change, said) in [
            ("delete from orders", "without an order, "),
            (
                "update events set type = 'other' where position = 3",
                "without an order.placed event",
            ),
            (
                "update order_progress set status = 'cancelled'",
                "another status",
            ),
            ("update stock set allocated = 3", "another level"),
            ("update stock set on_hand = 99", "another count"),
            ("delete from test_gateway_payments", "without exactly one"),
            ("update log_head set position = 6", "head is 6"),
        ] {
            let (_, wrong) = after(change, &[]).await;
            assert!(
                wrong.iter().any(|line| line.contains(said)),
                "{change}: {wrong:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_promise_that_is_not_in_the_log_is_broken() {
        let (_, wrong) = after("select 1", &[promise(PLACED), promise(REJECTED)]).await;
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert!(wrong[0].contains(REJECTED), "{wrong:?}");
    }
}
