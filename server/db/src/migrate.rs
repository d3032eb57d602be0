//! Brings the schema up to date. The files are plain SQL that both engines understand.

use sqlx::Row;

use crate::{Db, Error, Result};

/// In the order they are applied. A file that was released is never changed again.
const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_log", include_str!("../migrations/0001_log.sql")),
    (
        "0002_catalogue",
        include_str!("../migrations/0002_catalogue.sql"),
    ),
    ("0003_shop", include_str!("../migrations/0003_shop.sql")),
    ("0004_parked", include_str!("../migrations/0004_parked.sql")),
    (
        "0005_attributes",
        include_str!("../migrations/0005_attributes.sql"),
    ),
    (
        "0006_replays",
        include_str!("../migrations/0006_replays.sql"),
    ),
    (
        "0010_decider_states",
        include_str!("../migrations/0010_decider_states.sql"),
    ),
    (
        "0040_sessions",
        include_str!("../migrations/0040_sessions.sql"),
    ),
    (
        "0041_one_time_tokens",
        include_str!("../migrations/0041_one_time_tokens.sql"),
    ),
    (
        "0042_order_numbers",
        include_str!("../migrations/0042_order_numbers.sql"),
    ),
];

/// Keeps two servers that start at once from migrating at once.
const LOCK: i64 = 8_240_117;

pub(crate) async fn run(db: &Db) -> Result<()> {
    let mut tx = db.begin().await?;
    tx.lock(LOCK).await?;
    sqlx::query("create table if not exists migrations (name text primary key)")
        .execute(tx.conn())
        .await?;
    let applied: Vec<String> = sqlx::query("select name from migrations")
        .fetch_all(tx.conn())
        .await?
        .iter()
        .map(|row| row.get(0))
        .collect();
    for (name, sql) in MIGRATIONS {
        if applied.iter().any(|done| done == name) {
            continue;
        }
        tracing::info!(name, "applying migration");
        let failed = |source| Error::Migration { name, source };
        sqlx::raw_sql(*sql)
            .execute(tx.conn())
            .await
            .map_err(failed)?;
        sqlx::query("insert into migrations (name) values ($1)")
            .bind(*name)
            .execute(tx.conn())
            .await
            .map_err(failed)?;
    }
    tx.commit().await
}

/// Whether the schema is the one this program knows: nothing is missing, nothing is newer.
pub(crate) async fn is_current(db: &Db) -> bool {
    let applied = sqlx::query("select name from migrations order by name")
        .fetch_all(db.reader())
        .await;
    let Ok(applied) = applied else { return false };
    let applied: Vec<String> = applied.iter().map(|row| row.get(0)).collect();
    applied.iter().eq(MIGRATIONS.iter().map(|(name, _)| *name))
}
