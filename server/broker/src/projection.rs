//! State that is derived from the log alone, and can be derived again.

use std::future::Future;
use std::sync::Arc;

use crate::{Consumer, Failure, Filter, Recorded};

/// A consumer whose table is a fold of the log: [`Log::replay`](crate::Log::replay) builds it anew.
///
/// What was decided is in the log; a replay does not decide again. So the table must follow from
/// - the events that the consumer has emitted, which say what it decided, and
/// - those that it hears and only takes note of, each counted once it has been handled.
///
/// A row that the second kind changes must belong to that event's key alone: events of one key are
/// handled in the order of the log, those of different keys need not be.
pub trait Projection: Consumer {
    /// The table. Nobody else writes it.
    const TABLE: &'static str;
    /// The events that change it.
    const FOLDS: Filter<'static>;

    /// Applies events, in order, to `table`: the consumer's own or one that takes its place. The same
    /// events lead to the same bytes, whatever the batches.
    fn fold(
        &self,
        tx: &mut db::Tx,
        table: &str,
        batch: &[Arc<Recorded>],
    ) -> impl Future<Output = Result<(), Failure>> + Send;
}
