//! The database: one set of SQL for SQLite (the embedded default) and PostgreSQL.
//!
//! sqlx's `Any` driver stands behind [`Db`] and [`Tx`]; nobody else names it. What the two engines do
//! differently stands in [`dialect`] alone. The rules that keep the SQL common: only `bigint` and
//! `text` columns, `$1` parameters, money in minor units, time in unix microseconds, ids as UUIDv7
//! text, booleans as 0 and 1, payloads as JSON text, no serials, no `for update`.

mod backup;
mod backup_file;
mod copies;
mod dialect;
mod error;
mod file;
mod forget;
mod health;
mod hex;
mod identity;
mod listen;
mod migrate;
mod pool;
mod reader;
mod rows;
mod snapshot;
mod tx;
mod wal;
mod writes;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sqlx::Connection;
use sqlx::any::AnyConnectOptions;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use backup::Backup;
pub use dialect::{Dialect, Synchronous};
pub use error::{Error, Result};
pub use health::Health;
pub use listen::HeadFollower;
pub use reader::Reader;
pub use rows::{in_list, trusted_sql};
pub use snapshot::Snapshot;
pub use sqlx::Error as SqlError;
pub use sqlx::any::AnyRow as Row;
pub use sqlx::{Row as Columns, query, query_scalar};
pub use tx::{Tx, Writer};
pub use writes::{Counters, WriteError};

use file::{DatabaseFile, OpenedFile};
use identity::HeadNotes;
use pool::{ACQUIRE, Connector, Pool, STATEMENT, STATEMENT_ON_SERVER, Shared};
use wal::WalKeeper;
use writes::Writes;

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
        Self::new(DatabaseFile::url(path))
    }

    /// Whether there is a database already. Of a server that is asked by connecting.
    pub fn exists(&self) -> bool {
        DatabaseFile::of(&self.url).exists()
    }
}

/// How long a read may take that somebody waits for, where a disk answers.
const READ: Duration = Duration::from_secs(10);
/// How long a report may take.
const REPORT: Duration = Duration::from_secs(120);
/// How long a command line waits for a server that writes all the time: it comes by itself, with nobody's
/// page behind it, and the engine promises no order among processes.
const PATIENCE: Duration = Duration::from_secs(60);
/// Reports that are made at once.
const REPORTS: usize = 2;

/// A handle to the database; cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    dialect: Dialect,
    readers: Pool,
    reports: Pool,
    /// SQLite allows one writer: one connection here makes the writers queue in memory and in order,
    /// where the engine would let them spin on its lock.
    writers: Pool,
    /// How long to ask again for what another process holds.
    patience: Duration,
    file: OpenedFile,
    writes: Arc<Writes>,
    identity: Arc<str>,
    last_probe: Arc<Mutex<Option<Instant>>>,
    closed: watch::Sender<bool>,
    /// What ends when it is closed.
    background: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Db {
    /// Connects and brings the schema up to date. An SQLite file is made at the first start only: one
    /// that has gone is not replaced by a new one.
    ///
    /// # Errors
    /// [`Error::Setting`] when the URL names no known database, its file cannot be made or has gone,
    /// or a newer version of the shop has changed its schema.
    pub async fn open(settings: &Settings) -> Result<Self> {
        let place = DatabaseFile::of(&settings.url);
        place.prepare()?;
        let mut db = Self::connect(settings, &place).await?;
        let settled = async {
            migrate::run(db.begin().await?).await?;
            identity::settle(db.begin().await?, &place).await
        };
        match settled.await {
            Ok(identity) => db.identity = identity,
            Err(error) => {
                db.close().await;
                return Err(error);
            }
        }
        db.keep_wal_small(Some(place));
        Ok(db)
    }

    /// Connects to a database that a server has opened before, and leaves its schema as it is. A
    /// transaction waits up to a minute for one that the server has under way.
    ///
    /// # Errors
    /// As [`Db::open`]; [`Error::Setting`] when it is not a database of this version.
    pub async fn open_existing(settings: &Settings) -> Result<Self> {
        let place = DatabaseFile::of(&settings.url);
        let mut db = Self::connect(settings, &place).await?;
        let checked = async {
            migrate::check(db.reader()).await?;
            identity::read(db.reader()).await
        };
        match checked.await {
            Ok(identity) => db.identity = identity,
            Err(error) => {
                db.close().await;
                return Err(error);
            }
        }
        db.patience = PATIENCE;
        db.keep_wal_small(None);
        Ok(db)
    }

    async fn connect(settings: &Settings, place: &DatabaseFile) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let dialect = Dialect::of(&settings.url).map_err(Error::Setting)?;
        let options: AnyConnectOptions = dialect.connection_url(&settings.url).parse()?;
        let shared = Arc::new(Shared::default());
        let connector = |limit: Option<Duration>| Connector {
            dialect,
            options: options.clone(),
            settings: dialect.session_settings(settings.synchronous, limit),
            shared: shared.clone(),
        };
        if dialect.is_exposed(&settings.url) {
            tracing::warn!(
                "what goes to the database may cross the network in the clear: put \
                 ?sslmode=verify-full behind its URL"
            );
        }
        // By itself: what keeps us from it is said at once.
        let limited = || connector(Some(STATEMENT_ON_SERVER));
        limited().connect().await?.close().await?;
        let file = place.opened()?;
        let writers = Pool::new(limited(), dialect.writers())?;
        let readers = Pool::new(limited(), settings.readers.max(1) as usize)?;
        let reports = Pool::new(connector(Some(REPORT)), REPORTS)?;
        Ok(Self {
            dialect,
            readers,
            reports,
            writers,
            patience: Duration::ZERO,
            file,
            writes: Arc::default(),
            last_probe: Arc::default(),
            identity: "".into(),
            closed: watch::Sender::new(false),
            background: Arc::default(),
        })
    }

    /// Folds the write-ahead log back in the background, where there is one, and notes its head at
    /// `place`.
    fn keep_wal_small(&self, place: Option<DatabaseFile>) {
        let Some(statements) = self.dialect.fold_wal() else {
            return;
        };
        let notes = place.map(|file| HeadNotes {
            file,
            identity: self.identity.clone(),
            head: 0,
        });
        let keeper = WalKeeper {
            writers: self.writers.clone(),
            statements,
            notes,
            closed: self.closed.subscribe(),
        };
        self.background.lock().push(tokio::spawn(keeper.run()));
    }

    /// The random name of the log in this database. It is another one after a restored backup, whose
    /// positions may stand for other events. Empty for one that only a command line has opened.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// For reads outside any transaction: `db::query("…").fetch_all(db.reader())`.
    pub fn reader(&self) -> Reader<'_> {
        let limit = if self.dialect.can_go_silent() {
            STATEMENT
        } else {
            READ
        };
        Reader {
            pool: &self.readers,
            limit: Some(limit),
        }
    }

    /// As [`Db::reader`], for what reads a whole table and is waited for by nobody in a hurry.
    pub fn reports(&self) -> Reader<'_> {
        Reader {
            pool: &self.reports,
            limit: Some(REPORT),
        }
    }

    /// Begins a transaction that may write. On SQLite it takes the write lock at once: one that reads
    /// first and writes later could be refused in a way that no waiting helps.
    ///
    /// # Errors
    /// Of the kind [`Error::is_unavailable`] after two seconds at most; see also [`Db::open_existing`].
    pub async fn begin(&self) -> Result<Tx> {
        self.file.check()?;
        let since = Instant::now();
        let begun = loop {
            let begun = tokio::time::timeout(ACQUIRE, self.begin_soon()).await;
            match begun.unwrap_or(Err(SqlError::PoolTimedOut)) {
                Err(error) if error::is_locked(&error) && since.elapsed() < self.patience => {}
                begun => break begun,
            }
        };
        begun.map_err(|error| {
            if error::is_unavailable(&error) {
                self.writes.failed(&error);
            }
            error.into()
        })
    }

    async fn begin_soon(&self) -> std::result::Result<Tx, SqlError> {
        loop {
            let taken = self.writers.take().await?;
            let is_old = Pool::is_old(&taken);
            match Tx::begin(taken, self.dialect, self.writes.clone()).await {
                // It died in the pool: the next one is asked before it is used, or is new.
                Err(error) if is_old && error::condemns_others(&error) => {}
                begun => return begun,
            }
        }
    }

    /// How writing has gone since the database was opened.
    pub fn counters(&self) -> Counters {
        self.writes.counters()
    }

    /// Bytes of the write-ahead log's file beside an SQLite database; 0 for a server.
    pub fn wal_bytes(&self) -> u64 {
        self.file.wal_bytes()
    }

    /// Closes every connection; on SQLite this also folds the write-ahead log back into the file.
    pub async fn close(&self) {
        self.closed.send_replace(true);
        let background = std::mem::take(&mut *self.background.lock());
        for task in background {
            if let Err(error) = task.await {
                tracing::error!(%error, "what the database does in the background ended before");
            }
        }
        self.reports.close().await;
        self.readers.close().await;
        self.writers.close().await;
    }
}
