//! How handling an event fails.

use crate::Error;

/// Why an event could not be handled. Everything is tried again; nothing is skipped.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Log(#[from] Error),
    #[error("{0}")]
    Other(String),
    /// The outside world did not answer, which says nothing about the event: it is asked again for as
    /// long as it takes.
    #[error("{0}")]
    NoAnswer(String),
    /// Another process ran the same consumer meanwhile; what was begun is rolled back and read anew.
    #[error("another process moved this consumer's position")]
    Moved,
}

impl Failure {
    /// Whether it says nothing about the event: the database is away, or the log cannot be read. Such
    /// a failure is waited out, however long it takes.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Log(Error::Database(error)) => error.is_transient(),
            Self::Log(_) | Self::NoAnswer(_) | Self::Moved => true,
            Self::Other(_) => false,
        }
    }

    /// The same as an error of the log's.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Log(error) => error,
            other => db::Error::Setting(other.to_string()).into(),
        }
    }
}

impl From<db::Error> for Failure {
    fn from(error: db::Error) -> Self {
        Self::Log(error.into())
    }
}

impl From<db::SqlError> for Failure {
    fn from(error: db::SqlError) -> Self {
        Self::Log(error.into())
    }
}
