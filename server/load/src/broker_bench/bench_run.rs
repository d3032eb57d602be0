//! Carries the benchmark out on each database.

use anyhow::{Context, ensure};
use broker::{Environment, Log};
use db::{Columns, Db, Dialect};

use super::measured::{BATCHES, Measured, PARALLEL_KEYS};
use super::{bench_report, handlers, latency, parallel_keys, rates};
use crate::args::BrokerArgs;
use crate::console::{self, note};
use crate::database;
use crate::table::headings;
use crate::workspace::Workspace;

/// Measures and prints. Always sound: nothing is audited here.
pub async fn carry_out(args: &BrokerArgs) -> anyhow::Result<bool> {
    let folder = Workspace::find()?.folder()?;
    let mut databases = vec![(
        "SQLite",
        db::Settings::sqlite_file(&folder.path().join("log.db")),
    )];
    if let Some(url) = &args.postgres_url {
        database::must_be_empty_postgres(url)
            .await
            .context("--postgres-url")?;
        databases.push(("PostgreSQL", db::Settings::new(url)));
    }
    let headings = headings(Some(folder.path()))?;
    let mut measured = Vec::new();
    for (name, settings) in databases {
        let of_it = measure(name, &settings, args.events).await;
        measured.push(of_it.context(name)?);
    }
    console::print(&bench_report::text(&headings, args.events, &measured));
    Ok(true)
}

async fn measure(name: &str, settings: &db::Settings, events: u64) -> anyhow::Result<Measured> {
    let db = Db::open(settings).await?;
    let log = Log::open(db.clone(), Environment::system()).await?;
    ensure!(log.head() == 0, "the log is not empty");
    handlers::make_table(&db).await?;
    let mut batches = Vec::new();
    for batch in BATCHES {
        note(&format!("{name}: {events} events, {batch} per transaction"));
        let rates = rates::measure(&log, events, batch).await?;
        let latency = latency::measure(&log, rates.half(), batch).await?;
        batches.push((rates, latency));
    }
    let mut keys = Vec::new();
    for parallel in PARALLEL_KEYS {
        note(&format!("{name}: {parallel} keys at once"));
        keys.push(parallel_keys::measure(&log, parallel).await?);
    }
    let measured = Measured {
        database: name.to_owned(),
        settings: describe(&db).await?,
        batches,
        keys,
    };
    db.close().await;
    Ok(measured)
}

async fn describe(db: &Db) -> anyhow::Result<String> {
    let sql = match db.dialect() {
        Dialect::Sqlite => "select 'SQLite ' || sqlite_version() || ', WAL, synchronous = full'",
        Dialect::Postgres => {
            "select 'PostgreSQL ' || current_setting('server_version') || ', fsync = ' || \
             current_setting('fsync') || ', synchronous_commit = ' || \
             current_setting('synchronous_commit')"
        }
    };
    let row = db::query(sql).fetch_one(db.reader()).await?;
    Ok(row.try_get(0)?)
}
