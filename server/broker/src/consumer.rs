//! Who keeps a table, and how handling an event fails.

use std::future::Future;
use std::sync::Arc;

use crate::{Begins, Error, Filter, Recorded, Tx};

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
}

impl Failure {
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

/// Changes state only. The consumer's position, the state it writes and the events it emits commit in
/// one transaction: each event takes effect once.
pub trait Consumer: Send + Sync + 'static {
    const NAME: &'static str;
    const HEARS: Filter<'static>;
    /// Where one begins that was never there before.
    const BEGINS: Begins = Begins::AtStart;

    /// Handles a batch, in order, inside one transaction. A batch that fails is rolled back whole and
    /// its events come again one by one, so a handler need not care how many come at once, and can
    /// load and store what they share with one statement.
    fn handle(
        &self,
        tx: &mut Tx,
        batch: &[Arc<Recorded>],
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Makes up for an event that somebody has given up, inside the transaction that gives it up.
    fn discarded(
        &self,
        _tx: &mut Tx,
        _event: &Recorded,
    ) -> impl Future<Output = Result<(), Failure>> + Send {
        async { Ok(()) }
    }
}
