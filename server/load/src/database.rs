//! The shop's database, opened beside the shop.
//!
//! The first release kept orders and stock in tables, `order_progress` and `stock`. Later ones keep them
//! as states of deciders, in JSON. Views of the same names and columns, which only this program's
//! connection sees, let the same questions be asked of both.

#[cfg(test)]
pub mod in_memory;

use anyhow::{Context, ensure};
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, Row};

/// Opens the shop's database beside the shop.
pub async fn open(database_url: &str) -> anyhow::Result<AnyPool> {
    sqlx::any::install_default_drivers();
    let is_postgres = is_postgres(database_url);
    // One connection: it reads between runs and must not compete during them.
    AnyPoolOptions::new()
        .max_connections(1)
        .after_connect(move |connection, _| {
            Box::pin(async move { create_views(connection, is_postgres).await })
        })
        .connect(database_url)
        .await
        .context("cannot open the shop's database")
}

/// Makes the views, where there are states to look at.
async fn create_views(connection: &mut AnyConnection, is_postgres: bool) -> sqlx::Result<()> {
    let has_states = sqlx::query("select 1 from decider_states limit 1")
        .fetch_optional(&mut *connection)
        .await;
    match has_states {
        Err(sqlx::Error::Database(_)) => return Ok(()),
        Err(error) => return Err(error),
        Ok(_) => {}
    }
    for sql in views(is_postgres) {
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

fn views(is_postgres: bool) -> [String; 2] {
    let field = |path: &[&str]| {
        if is_postgres {
            format!("s.state::json #>> '{{{}}}'", path.join(","))
        } else {
            format!("json_extract(s.state, '$.{}')", path.join("."))
        }
    };
    let of = |decider: &str| {
        format!(
            "from consumers c join decider_states s on s.decider = c.name \
             and s.generation = c.generation where c.name = '{decider}'"
        )
    };
    let (stage, payment) = (field(&["stage"]), field(&["payment", "status"]));
    let (lines, orders) = (field(&["lines"]), of("orders"));
    let order_progress = format!(
        "create temp view order_progress as select s.key as order_id, \
         case {stage} when 'placed' then 'reserving' \
         when 'reserved' then case when {payment} in ('method_required', 'declined') \
         then 'awaiting_payment' else 'paying' end \
         else {stage} end as status, {lines} as lines {orders}"
    );
    let pieces = |name| format!("cast({} as bigint) as {name}", field(&[name]));
    let stock = format!(
        "create temp view stock as select s.key as sku, {}, {} {}",
        pieces("on_hand"),
        pieces("allocated"),
        of("inventory")
    );
    [order_progress, stock]
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
