//! Brings the schema up to date. The files are plain SQL that both engines understand, but for one word:
//! `{exact}` stands for the collation that compares texts byte by byte, which beginnings of texts need.

use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, Row};

use crate::hex::hex;
use crate::{Error, Reader, Result, Tx};

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
        "0011_states_of_old",
        include_str!("../migrations/0011_states_of_old.sql"),
    ),
    (
        "0020_write_probe",
        include_str!("../migrations/0020_write_probe.sql"),
    ),
    (
        "0021_log_identity",
        include_str!("../migrations/0021_log_identity.sql"),
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
    (
        "0030_reactors",
        include_str!("../migrations/0030_reactors.sql"),
    ),
    (
        "0050_orders_found_again",
        include_str!("../migrations/0050_orders_found_again.sql"),
    ),
    (
        "0051_gateway_movements",
        include_str!("../migrations/0051_gateway_movements.sql"),
    ),
    (
        "0052_idempotency_keys",
        include_str!("../migrations/0052_idempotency_keys.sql"),
    ),
    (
        "0060_staff_ids",
        include_str!("../migrations/0060_staff_ids.sql"),
    ),
    (
        "0061_billing_addresses",
        include_str!("../migrations/0061_billing_addresses.sql"),
    ),
    ("0070_mails", include_str!("../migrations/0070_mails.sql")),
    (
        "0080_order_desk",
        include_str!("../migrations/0080_order_desk.sql"),
    ),
    (
        "0081_order_search",
        include_str!("../migrations/0081_order_search.sql"),
    ),
    (
        "0082_order_notes",
        include_str!("../migrations/0082_order_notes.sql"),
    ),
    (
        "0100_webhook_messages",
        include_str!("../migrations/0100_webhook_messages.sql"),
    ),
    (
        "0101_carrier_positions",
        include_str!("../migrations/0101_carrier_positions.sql"),
    ),
    (
        "0110_seen_prices",
        include_str!("../migrations/0110_seen_prices.sql"),
    ),
    (
        "0120_states_of_nothing",
        include_str!("../migrations/0120_states_of_nothing.sql"),
    ),
    (
        "0121_stock_signups",
        include_str!("../migrations/0121_stock_signups.sql"),
    ),
    (
        "0122_seen_delivery",
        include_str!("../migrations/0122_seen_delivery.sql"),
    ),
    ("0130_alerts", include_str!("../migrations/0130_alerts.sql")),
    (
        "0131_purchase_orders",
        include_str!("../migrations/0131_purchase_orders.sql"),
    ),
    ("0135_chain", include_str!("../migrations/0135_chain.sql")),
    (
        "0140_alerts_by_severity",
        include_str!("../migrations/0140_alerts_by_severity.sql"),
    ),
    (
        "0150_stock_movements",
        include_str!("../migrations/0150_stock_movements.sql"),
    ),
    (
        "0151_stock_imports",
        include_str!("../migrations/0151_stock_imports.sql"),
    ),
    ("0155_sales", include_str!("../migrations/0155_sales.sql")),
    (
        "0165_fingerprint_keys",
        include_str!("../migrations/0165_fingerprint_keys.sql"),
    ),
    (
        "0170_staff_roles",
        include_str!("../migrations/0170_staff_roles.sql"),
    ),
    (
        "0171_second_steps",
        include_str!("../migrations/0171_second_steps.sql"),
    ),
    (
        "0172_staff_acts",
        include_str!("../migrations/0172_staff_acts.sql"),
    ),
    (
        "0180_photographs",
        include_str!("../migrations/0180_photographs.sql"),
    ),
    (
        "0181_refused_product_forms",
        include_str!("../migrations/0181_refused_product_forms.sql"),
    ),
    (
        "0182_carts_of_any_sku",
        include_str!("../migrations/0182_carts_of_any_sku.sql"),
    ),
    (
        "0190_replay_progress",
        include_str!("../migrations/0190_replay_progress.sql"),
    ),
    (
        "0200_service_accounts",
        include_str!("../migrations/0200_service_accounts.sql"),
    ),
    (
        "0201_pull_subscriptions",
        include_str!("../migrations/0201_pull_subscriptions.sql"),
    ),
];

/// Keeps two servers that start at once from migrating at once.
const LOCK: i64 = 8_240_117;

pub(crate) async fn run(mut tx: Tx) -> Result<()> {
    tx.unhurried().await?;
    bring_up(&mut tx, |_| true).await?;
    tx.commit().await
}

/// Makes the schema that these migrations lead to, in a database that has none.
pub(crate) async fn apply(tx: &mut Tx, names: &[String]) -> Result<()> {
    let is_known = |name: &String| MIGRATIONS.iter().any(|(known, _)| known == name);
    if let Some(newer) = names.iter().find(|name| !is_known(name)) {
        return Err(Error::Setting(format!(
            "a newer version of the shop made this backup ({newer}): restore it with that version"
        )));
    }
    bring_up(tx, |name| names.iter().any(|wanted| wanted == name)).await
}

/// The names of the migrations that were applied.
pub(crate) async fn names(connection: &mut AnyConnection) -> Result<Vec<String>> {
    let applied = applied(connection).await?;
    Ok(applied.into_iter().map(|(name, _)| name).collect())
}

async fn bring_up(tx: &mut Tx, is_wanted: impl Fn(&str) -> bool) -> Result<()> {
    tx.lock(LOCK).await?;
    // Two tables, since the first release had the first one.
    for table in [
        "create table if not exists migrations (name text primary key)",
        "create table if not exists migration_checksums (name text primary key, checksum text not null)",
    ] {
        sqlx::query(table).execute(tx.conn()).await?;
    }
    let applied = applied(tx.conn()).await?;
    expect_known(&applied)?;
    for (name, sql) in MIGRATIONS.iter().filter(|(name, _)| is_wanted(name)) {
        let failed = |source| Error::Migration { name, source };
        let is_applied = applied.iter().find(|(applied, _)| applied == name);
        if is_applied.is_none() {
            tracing::info!(name, "applying migration");
            let sql = sql.replace("{exact}", tx.dialect().exact_collation());
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
                .execute(tx.conn())
                .await
                .map_err(failed)?;
            sqlx::query("insert into migrations (name) values ($1)")
                .bind(*name)
                .execute(tx.conn())
                .await
                .map_err(failed)?;
        }
        // What was applied before there were checksums is taken for what it is now.
        if is_applied.is_none_or(|(_, checksum)| checksum.is_none()) {
            sqlx::query("insert into migration_checksums (name, checksum) values ($1, $2)")
                .bind(*name)
                .bind(checksum(sql))
                .execute(tx.conn())
                .await
                .map_err(failed)?;
        }
    }
    Ok(())
}

/// Whether the schema is the one this program knows: nothing is missing, nothing is newer.
pub(crate) async fn check(reader: Reader<'_>) -> Result<()> {
    let applied = applied(reader).await.map_err(|error| match error {
        error if error.as_database_error().is_none() => error.into(),
        _ => no_shop(),
    })?;
    expect_known(&applied)?;
    if applied.len() == MIGRATIONS.len() {
        Ok(())
    } else {
        Err(no_shop())
    }
}

fn no_shop() -> Error {
    Error::Setting(
        "this is not a database of this version of the shop: start the server on it once"
            .to_owned(),
    )
}

/// Names of the migrations, with the checksum of what was applied.
async fn applied(
    executor: impl sqlx::Executor<'_, Database = sqlx::Any>,
) -> std::result::Result<Vec<(String, Option<String>)>, sqlx::Error> {
    let rows = sqlx::query(
        "select m.name, c.checksum from migrations m \
         left join migration_checksums c on c.name = m.name order by m.name",
    )
    .fetch_all(executor)
    .await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}

/// What a newer version has changed, or somebody by hand, this version could only damage.
fn expect_known(applied: &[(String, Option<String>)]) -> Result<()> {
    for (name, found) in applied {
        let known = MIGRATIONS.iter().find(|(known, _)| known == name);
        let Some((_, sql)) = known else {
            return Err(Error::Setting(format!(
                "a newer version of the shop has changed this database ({name}): start that version"
            )));
        };
        if found.as_ref().is_some_and(|found| *found != checksum(sql)) {
            return Err(Error::Setting(format!(
                "the database was changed by another {name} than the one of this version: start the \
                 version that did it"
            )));
        }
    }
    Ok(())
}

fn checksum(sql: &str) -> String {
    hex(&Sha256::digest(sql.as_bytes()))
}
