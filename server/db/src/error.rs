//! What can go wrong, and what it means for the connection and for whoever asked.

use crate::dialect;

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
    /// The transaction was ended by an earlier error: nothing of it was kept.
    #[error("an earlier statement of the transaction failed: nothing of it was kept")]
    Aborted {
        /// Whether that error was one of [`Error::is_unavailable`].
        unavailable: bool,
    },
    /// The database file is not the one that was opened.
    #[error("the database file {0}")]
    FileLost(String),
}

impl Error {
    /// Whether the same may succeed later: the database is away, full, read-only or busy. What it
    /// refused for good (a constraint, a type, a syntax) is not.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Sql(error) => is_unavailable(error),
            Self::Aborted { unavailable } => *unavailable,
            Self::FileLost(_) => true,
            Self::Setting(_) | Self::Migration { .. } => false,
        }
    }

    /// As [`Error::is_unavailable`]: such an error says nothing about what was to be written.
    pub fn is_transient(&self) -> bool {
        self.is_unavailable()
    }

    /// Whether the connection cannot go on after it, nor its transaction: no savepoint helps. After
    /// any other error a transaction goes on from its last savepoint.
    pub fn breaks_connection(&self) -> bool {
        match self {
            Self::Sql(error) => breaks_connection(error),
            Self::Aborted { .. } | Self::FileLost(_) => true,
            Self::Setting(_) | Self::Migration { .. } => false,
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

/// See [`Error::is_unavailable`].
pub(crate) fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => dialect::is_unavailable(&**error),
        error => is_lost(error),
    }
}

/// Whether another process holds what was asked for.
pub(crate) fn is_locked(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if dialect::is_locked(&**error))
}

/// See [`Error::breaks_connection`].
pub(crate) fn breaks_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => dialect::breaks_connection(&**error),
        error => is_lost(error),
    }
}

/// Whether the other connections are likely to be as useless as this one: the server is gone, silent,
/// or serves readers only.
pub(crate) fn condemns_others(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => dialect::condemns_others(&**error),
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => false,
        error => is_lost(error),
    }
}

fn is_lost(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed
    )
}

/// An answer that did not come in time.
pub(crate) fn timed_out(what: &str) -> sqlx::Error {
    let kind = std::io::ErrorKind::TimedOut;
    sqlx::Error::Io(std::io::Error::new(
        kind,
        format!("{what}: the database did not answer in time"),
    ))
}

/// A connection to a server that was lost.
pub(crate) fn lost() -> sqlx::Error {
    let kind = std::io::ErrorKind::NotConnected;
    sqlx::Error::Io(std::io::Error::new(kind, "the database was lost"))
}
