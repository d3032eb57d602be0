//! The database: one set of SQL for SQLite (the embedded default) and PostgreSQL.
//!
//! sqlx's `Any` driver stands behind [`Db`] and [`Tx`]; nobody else names it. What the two engines do
//! differently stands in [`dialect`] alone. The rules that keep the SQL common: only `bigint` and
//! `text` columns, `$1` placeholders, money in minor units, time in unix microseconds, ids as UUIDv7
//! text, booleans as 0 and 1, payloads as JSON text, no serials, no `for update`.

mod copies;
mod dialect;
mod migrate;
mod rows;
mod tx;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{Any, AnyConnection, AnyPool, Connection};
use tokio::time::MissedTickBehavior;

pub use dialect::{Dialect, Synchronous};
pub use rows::{place_rows, placeholders};
pub use sqlx::Error as SqlError;
pub use sqlx::any::AnyRow as Row;
pub use sqlx::{Row as Columns, query, query_scalar};
pub use tx::Tx;

/// A query that is not a literal: built from literals and placeholders by [`place_rows`] or
/// [`placeholders`], never from input.
pub fn built(sql: String) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(sql)
}

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Setting(String),
    #[error("database: {0}")]
    Sql(#[from] sqlx::Error),
    #[error("migration {name}: {source}")]
    Migration {
        name: &'static str,
        source: sqlx::Error,
    },
}

impl Error {
    /// Whether the same statement may succeed later: the database is away or busy. What it refused for
    /// good (a constraint, a type, a syntax) is not.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Sql(sqlx::Error::Database(error)) => dialect::is_transient(&**error),
            Self::Sql(
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed,
            ) => true,
            Self::Sql(_) | Self::Setting(_) | Self::Migration { .. } => false,
        }
    }

    /// Whether a unique key refused the row.
    pub fn is_unique_violation(&self) -> bool {
        let Self::Sql(sqlx::Error::Database(error)) = self else {
            return false;
        };
        error.is_unique_violation()
    }
}

/// Where the data lives and how carefully it is written.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `sqlite:/path/of/file.db` or `postgres://user@host/database`.
    pub url: String,
    /// SQLite only. `Full` is what the shop runs with; `Normal` may lose the last commits in a power
    /// cut and exists so that this can be shown.
    pub synchronous: Synchronous,
    /// Connections that read.
    pub readers: u32,
}

impl Settings {
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            synchronous: Synchronous::Full,
            readers: 4,
        }
    }

    /// The URL of the SQLite file at `path`.
    pub fn sqlite_file(path: &Path) -> Self {
        Self::new(format!("sqlite:{}", path.display()))
    }
}

impl Settings {
    /// Whether there is a database already. Of a server that is asked by connecting.
    pub fn exists(&self) -> bool {
        sqlite_file(&self.url).is_none_or(|file| file.is_file())
    }
}

/// How often the background folds the write-ahead log back.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(500);

/// A handle to the database; cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    dialect: Dialect,
    readers: AnyPool,
    /// SQLite allows one writer: one connection here makes the writers queue in memory and in order,
    /// where the engine would let them spin on its lock.
    writers: AnyPool,
}

impl Db {
    /// Connects, creating the SQLite file when it does not exist, and brings the schema up to date.
    ///
    /// # Errors
    /// [`Error::Setting`] when the URL names no known database or its folder is missing.
    pub async fn open(settings: &Settings) -> Result<Self> {
        let db = Self::connect(settings).await?;
        migrate::run(&db).await?;
        Ok(db)
    }

    /// Connects to a database that a server has opened before, and leaves its schema as it is.
    ///
    /// # Errors
    /// As [`Db::open`]; [`Error::Setting`] when it is not a database of this version.
    pub async fn open_existing(settings: &Settings) -> Result<Self> {
        let db = Self::connect(settings).await?;
        if migrate::is_current(&db).await {
            return Ok(db);
        }
        db.close().await;
        Err(Error::Setting(
            "this is not a database of this version of the shop: start the server on it once"
                .to_owned(),
        ))
    }

    async fn connect(settings: &Settings) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let dialect = Dialect::of(&settings.url)?;
        if let Some(folder) = sqlite_folder(&settings.url) {
            std::fs::create_dir_all(&folder).map_err(|error| {
                Error::Setting(format!("cannot create {}: {error}", folder.display()))
            })?;
        }
        let url = dialect.connection_url(&settings.url);
        // By itself, since a pool that cannot connect only says that it has waited.
        AnyConnection::connect(&url).await?.close().await?;
        let options = |connections: u32| {
            let pragmas = dialect.session_settings(settings.synchronous);
            AnyPoolOptions::new()
                .max_connections(connections)
                .test_before_acquire(false)
                .idle_timeout(None)
                .max_lifetime(None)
                .after_connect(move |connection, _| {
                    let pragmas = pragmas.clone();
                    Box::pin(async move {
                        for pragma in pragmas {
                            sqlx::raw_sql(sqlx::AssertSqlSafe(pragma))
                                .execute(&mut *connection)
                                .await?;
                        }
                        Ok(())
                    })
                })
        };
        let writers = options(dialect.writers()).connect(&url).await?;
        let readers = options(settings.readers.max(1)).connect(&url).await?;
        let db = Self {
            dialect,
            readers,
            writers,
        };
        if let Some(statement) = dialect.background_checkpoint() {
            tokio::spawn(checkpoint(db.readers.clone(), statement));
        }
        Ok(db)
    }

    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// For reads outside any transaction: `db::query("…").fetch_all(db.reader())`.
    pub fn reader(&self) -> impl sqlx::Executor<'_, Database = Any> + Copy {
        &self.readers
    }

    /// Begins a transaction that may write. On SQLite it takes the write lock at once: one that reads
    /// first and writes later could be refused in a way that no waiting helps.
    pub async fn begin(&self) -> Result<Tx> {
        let inner = match self.dialect.begin_write() {
            Some(statement) => self.writers.begin_with(statement).await?,
            None => self.writers.begin().await?,
        };
        Ok(Tx::new(inner, self.dialect))
    }

    /// Closes every connection; on SQLite this also folds the write-ahead log back into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }
}

/// Checkpoints now and then, until the database is closed.
async fn checkpoint(pool: AnyPool, statement: &'static str) {
    let mut tick = tokio::time::interval(CHECKPOINT_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = pool.close_event() => return,
        }
        match sqlx::raw_sql(statement).execute(&pool).await {
            Ok(_) => {}
            Err(sqlx::Error::PoolClosed) => return,
            Err(error) => tracing::warn!(%error, "the write-ahead log cannot be folded back"),
        }
    }
}

fn sqlite_file(url: &str) -> Option<&Path> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    Some(Path::new(
        path.split_once('?').map_or(path, |(path, _)| path),
    ))
}

fn sqlite_folder(url: &str) -> Option<PathBuf> {
    sqlite_file(url)?
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .map(Path::to_path_buf)
}
