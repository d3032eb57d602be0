//! What SQLite and PostgreSQL do differently. The only file that knows which one it is.

use crate::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// When SQLite waits for the disk. See <https://www.sqlite.org/pragma.html#pragma_synchronous>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// At every commit: what was acknowledged survives a power cut.
    Full,
    /// At checkpoints only: the last commits may be lost.
    Normal,
}

impl Dialect {
    pub(crate) fn of(url: &str) -> Result<Self> {
        match url.split_once(':') {
            Some(("sqlite", _)) => Ok(Self::Sqlite),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres),
            // The URL may hold a password: only its scheme is repeated.
            other => Err(Error::Setting(format!(
                "expected a database URL that starts with sqlite: or postgres:, got one that starts \
                 with {:?}",
                other.map_or("", |(scheme, _)| scheme)
            ))),
        }
    }

    pub(crate) fn connection_url(self, url: &str) -> String {
        match self {
            Self::Sqlite if !url.contains('?') => format!("{url}?mode=rwc"),
            _ => url.to_owned(),
        }
    }

    pub(crate) fn session_settings(self, synchronous: Synchronous) -> Vec<String> {
        match self {
            Self::Sqlite => {
                let synchronous = match synchronous {
                    Synchronous::Full => "full",
                    Synchronous::Normal => "normal",
                };
                vec![
                    "pragma journal_mode = wal".into(),
                    format!("pragma synchronous = {synchronous}"),
                    "pragma foreign_keys = on".into(),
                    // Another process (the command line, a backup) may hold the lock for a moment.
                    "pragma busy_timeout = 10000".into(),
                    // 32 MiB of page cache.
                    "pragma cache_size = -32768".into(),
                    // A writer folds the write-ahead log back only when the background does not keep
                    // up (64 MiB): everybody waits for it meanwhile.
                    "pragma wal_autocheckpoint = 16384".into(),
                ]
            }
            Self::Postgres => vec!["set client_min_messages = warning".into()],
        }
    }

    /// Folds what was written back into the main file, without keeping a writer from its work.
    pub(crate) const fn background_checkpoint(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => Some("pragma wal_checkpoint(passive)"),
            Self::Postgres => None,
        }
    }

    pub(crate) const fn begin_write(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => Some("begin immediate"),
            Self::Postgres => None,
        }
    }

    pub(crate) const fn writers(self) -> u32 {
        match self {
            Self::Sqlite => 1,
            Self::Postgres => 12,
        }
    }

    /// How many group-commit writers are worth having: SQLite has one write lock.
    pub const fn parallel_commits(self) -> usize {
        match self {
            Self::Sqlite => 1,
            Self::Postgres => 4,
        }
    }

    /// Whether a transaction goes on as if nothing had been asked after a statement that failed.
    /// PostgreSQL ends it unless there is a savepoint.
    pub const fn survives_a_failed_statement(self) -> bool {
        matches!(self, Self::Sqlite)
    }

    /// Creates `copy` like `table`, where one statement does it.
    pub(crate) fn create_like(self, table: &str, copy: &str) -> Option<String> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(format!("create table {copy} (like {table} including all)")),
        }
    }

    /// Name and statement of a table ($1) and of its indexes, the table first, where
    /// [`Dialect::create_like`] has none.
    pub(crate) const fn definitions(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "select name, sql from sqlite_master where tbl_name = $1 and sql is not null \
                 order by type desc, name"
            }
            Self::Postgres => "",
        }
    }

    /// The expression that reads the value at `path` out of a column with JSON, as text.
    pub fn json_text(self, column: &str, path: &[&str]) -> String {
        match self {
            Self::Sqlite => format!("json_extract({column}, '$.{}')", path.join(".")),
            Self::Postgres => format!("({column}::json #>> '{{{}}}')", path.join(",")),
        }
    }

    /// Waits until no other transaction has locked the number `$1`, and locks it until the end.
    pub(crate) const fn lock(self) -> Option<&'static str> {
        match self {
            // `begin immediate` already excludes everyone else.
            Self::Sqlite => None,
            Self::Postgres => Some("select 1 from (select pg_advisory_xact_lock($1)) as locked"),
        }
    }
}

/// Whether what the database refused may succeed later. SQLite: busy, locked, an error of the disk, a
/// full disk (<https://www.sqlite.org/rescode.html>); PostgreSQL: connection, rollback, resources,
/// operator (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
pub(crate) fn is_transient(error: &dyn sqlx::error::DatabaseError) -> bool {
    let Some(code) = error.code() else {
        return false;
    };
    match code.parse::<u32>() {
        // SQLite's extended codes carry the primary one in their low byte. PostgreSQL's five letters
        // and digits may look like a number too, but never like one below 10,000 in these classes.
        Ok(code) if code < 8_000 => matches!(code & 0xff, 5 | 6 | 10 | 13),
        _ => ["08", "40", "53", "57"]
            .iter()
            .any(|class| code.starts_with(class)),
    }
}
