//! The broker by itself, without a shop around it: how many events per second go in and come out, how
//! long one takes, and what asking about many keys at once gains.

mod handlers;
mod keys;
mod latency;
mod rates;
mod summary;

use anyhow::{Context, ensure};
use broker::{Environment, Log};
use db::{Columns, Db, Dialect};

use crate::args::BrokerArgs;
use crate::goods;
use crate::launch::folder_beside_build;
use crate::report::{self, note};
use keys::Asked;
use latency::Latency;
use rates::Rates;

/// Events of a transaction.
const BATCHES: [usize; 2] = [1, 64];
/// Keys that the reactor works on at once.
const PARALLEL_KEYS: [usize; 3] = [1, 16, 256];

/// What was measured on one database.
struct Measured {
    database: String,
    /// Its version and how carefully it writes.
    settings: String,
    /// In the order of [`BATCHES`].
    batches: Vec<(Rates, Latency)>,
    /// In the order of [`PARALLEL_KEYS`].
    keys: Vec<Asked>,
}

/// Measures and prints. Always sound: nothing is audited here.
pub async fn carry_out(args: &BrokerArgs) -> anyhow::Result<bool> {
    let folder = folder_beside_build()?;
    let mut databases = vec![(
        "SQLite",
        db::Settings::sqlite_file(&folder.path().join("log.db")),
    )];
    if let Some(url) = &args.postgres_url {
        goods::must_be_empty_postgres(url)
            .await
            .context("--postgres-url")?;
        databases.push(("PostgreSQL", db::Settings::new(url)));
    }
    let head = report::head(Some(folder.path()))?;
    let mut measured = Vec::new();
    for (name, settings) in databases {
        let of_it = measure(name, &settings, args.events).await;
        measured.push(of_it.context(name)?);
    }
    report::print(&summary::text(&head, args.events, &measured));
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
        keys.push(keys::measure(&log, parallel).await?);
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
