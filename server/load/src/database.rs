//! The shop's database, opened beside the shop.

use anyhow::{Context, ensure};
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, AssertSqlSafe, Row};

/// Opens the shop's database beside the shop.
pub async fn open(database_url: &str) -> anyhow::Result<AnyPool> {
    sqlx::any::install_default_drivers();
    // One connection: it reads between runs and must not compete during them.
    AnyPoolOptions::new()
        .max_connections(1)
        .connect(database_url)
        .await
        .context("cannot open the shop's database")
}

/// The number that `sql` selects.
pub async fn number(database: &AnyPool, sql: &'static str) -> anyhow::Result<i64> {
    let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(database).await?;
    Ok(row.try_get(0)?)
}

pub fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres:") || url.starts_with("postgresql:")
}

/// Makes sure that a PostgreSQL database is there and holds no shop or log yet.
///
/// # Errors
/// When it is of another kind, does not answer, or is in use: a database of others stays untouched.
pub async fn must_be_empty_postgres(url: &str) -> anyhow::Result<()> {
    ensure!(is_postgres(url), "expected postgres://…");
    let database = open(url).await?;
    // The first table that the shop makes: in an empty database the query itself fails.
    let asked = sqlx::query(AssertSqlSafe("select 1 from migrations limit 1"))
        .fetch_optional(&database)
        .await;
    database.close().await;
    match asked {
        Err(sqlx::Error::Database(_)) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => anyhow::bail!("the database is in use; name an empty one"),
    }
}
