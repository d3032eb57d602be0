//! The log that the first release wrote, kept as it was stored: it is read, and leads to the same
//! tables, for as long as there is a Vitrine.

use std::collections::BTreeSet;
use std::sync::Arc;

use broker::{Beginning, Environment, Log, Runner};
use db::{Columns, Db};
use domain::Event;
use scratch::Scratch;
use serde_json::Value;
use services::{Outside, ShopSettings};
use tokio::time::timeout;

use crate::shop::DEADLINE;

const EVENTS: &str = include_str!("../fixtures/release-1/events.jsonl");
const STOCK: &str = include_str!("../fixtures/release-1/stock.jsonl");
const ORDER_PROGRESS: &str = include_str!("../fixtures/release-1/order_progress.jsonl");

/// Rows of one table: column and value, in the order of columns.
fn rows(text: &str) -> Vec<Vec<(String, Value)>> {
    let row = |line: &str| -> Vec<(String, Value)> {
        let row: serde_json::Map<String, Value> = serde_json::from_str(line).expect("a row");
        row.into_iter().collect()
    };
    text.lines().map(row).collect()
}

/// The schema of the first release.
const SCHEMA: [(&str, &str); 4] = [
    ("0001_log", include_str!("../../db/migrations/0001_log.sql")),
    (
        "0002_catalogue",
        include_str!("../../db/migrations/0002_catalogue.sql"),
    ),
    (
        "0003_shop",
        include_str!("../../db/migrations/0003_shop.sql"),
    ),
    (
        "0004_parked",
        include_str!("../../db/migrations/0004_parked.sql"),
    ),
];

/// The statement that writes a row as it was stored.
fn insert(table: &str, row: &[(String, Value)]) -> String {
    let columns: Vec<&str> = row.iter().map(|(column, _)| column.as_str()).collect();
    let value = |(_, value): &(String, Value)| match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("'{}'", text.replace('\'', "''")),
        other => panic!("{other} is no column of ours"),
    };
    let values: Vec<String> = row.iter().map(value).collect();
    format!(
        "insert into {table} ({}) values ({});\n",
        columns.join(", "),
        values.join(", ")
    )
}

/// A table as text, to be compared byte for byte.
async fn dump(db: &Db, table: &str, like: &[Vec<(String, Value)>]) -> Vec<Vec<(String, Value)>> {
    let columns: Vec<&str> = like[0].iter().map(|(column, _)| column.as_str()).collect();
    let sql = format!("select {} from {table}", columns.join(", "));
    let found = db::query(db::trusted_sql(sql))
        .fetch_all(db.reader())
        .await
        .expect("rows");
    let value = |row: &db::Row, column: usize| match &like[0][column].1 {
        Value::Number(_) => Value::from(row.get::<i64, _>(column)),
        _ => Value::from(row.get::<&str, _>(column)),
    };
    let columns = |row: &db::Row| {
        let columns = columns.iter().enumerate();
        columns
            .map(|(i, column)| ((*column).to_owned(), value(row, i)))
            .collect()
    };
    let mut rows: Vec<Vec<(String, Value)>> = found.iter().map(columns).collect();
    rows.sort_by_key(|row| {
        let key = row
            .iter()
            .find(|(name, _)| name == "sku" || name == "order_id");
        key.map(|(_, value)| value.to_string())
    });
    rows
}

#[test]
fn the_first_release_knew_all_of_its_events_and_so_do_we() {
    let mut kinds = BTreeSet::new();
    for row in rows(EVENTS) {
        let text = |name: &str| {
            let column = row.iter().find(|(column, _)| column == name);
            column
                .and_then(|(_, v)| v.as_str())
                .expect("text")
                .to_owned()
        };
        let event = Event::from_json(&text("type"), &text("data")).expect("readable");
        assert_eq!((event.kind(), event.key()), (&*text("type"), text("key")));
        assert_eq!(event.topic(), text("topic"));
        kinds.insert(event.kind());
    }
    assert_eq!(kinds.len(), 17, "every kind that there was: {kinds:?}");
}

/// A database as the first release left it, with these events, which the consumers of state have
/// handled; opened by this version.
async fn log_of(scratch: &Scratch, events: &[Vec<(String, Value)>]) -> Log {
    let mut script = "create table migrations (name text primary key);\n".to_owned();
    for (name, sql) in SCHEMA {
        script.push_str(sql);
        script.push_str(&format!(
            "insert into migrations (name) values ('{name}');\n"
        ));
    }
    for row in events {
        script.push_str(&insert("events", row));
    }
    let head = events.len();
    script.push_str(&format!(
        "update log_head set position = {head};\n\
         insert into consumers (name, position) values ('inventory', {head}), ('orders', {head});\n"
    ));
    scratch.execute(&script).await;
    let db = Db::open(&db::Settings::new(scratch.url())).await;
    let log = Log::open(db.expect("migrated"), Environment::system()).await;
    log.expect("a log")
}

async fn replay(log: &Log, consumer: &str) {
    let roster = services::roster(&ShopSettings::default(), None);
    let replayed = log.replay(&roster, consumer, Beginning::Nothing, "test", |_, _| {});
    replayed.await.expect("replayed");
}

#[tokio::test]
async fn the_log_of_the_first_release_leads_to_the_same_tables() {
    let scratch = Scratch::new().await;
    let events = rows(EVENTS);
    let log = log_of(&scratch, &events).await;
    services::create_sql_views(log.db()).await.expect("views");
    let read = log.read_after(0, 10_000).await.expect("sound");
    assert_eq!(read.len(), events.len(), "no checksum is off");
    for (consumer, table, expected) in [
        ("inventory", "stock", rows(STOCK)),
        ("orders", "order_progress", rows(ORDER_PROGRESS)),
    ] {
        replay(&log, consumer).await;
        let found = dump(log.db(), table, &expected).await;
        assert_eq!(found, expected, "{table}");
    }
}

/// What it asked of the gateway it asked without naming it: there was only one.
#[tokio::test]
async fn an_order_that_the_first_release_left_unpaid_is_paid() {
    let scratch = Scratch::new().await;
    let mut events = rows(EVENTS);
    let kind = |row: &Vec<(String, Value)>| {
        let kind = row.iter().find(|(column, _)| column == "type");
        kind.and_then(|(_, value)| value.as_str())
            .map(str::to_owned)
    };
    let asked = events
        .iter()
        .position(|row| kind(row).as_deref() == Some("payment.requested"));
    events.truncate(asked.expect("a request") + 1);
    let log = log_of(&scratch, &events).await;
    let mut tail = log.tail(log.head());
    let house = crate::ledger::gateway(scratch.folder()).await;
    let gateway = crate::ledger::client(&house);
    let settings = ShopSettings::default();
    let pace = broker::Settings::default();
    let gateway = Arc::new(gateway);
    let mut runner = Runner::new(log.clone(), pace);
    let roster = services::roster(
        &settings,
        Some(Outside {
            simulator: Some(gateway),
            ..Outside::default()
        }),
    );
    roster.start(&mut runner).await;
    let mut answers = Vec::new();
    let heard = timeout(DEADLINE, async {
        while !answers.iter().any(|kind| kind == "order.confirmed") {
            let news = tail.next(100).await.expect("sound");
            answers.extend(news.iter().map(|event| event.kind.clone()));
        }
    });
    assert!(heard.await.is_ok(), "{answers:?}");
    runner.stop().await;
    answers.retain(|kind| !kind.starts_with("broker."));
    assert_eq!(answers[..2], ["payment.authorized", "order.confirmed"]);
}
