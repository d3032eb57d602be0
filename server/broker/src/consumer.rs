//! Who keeps a table.

use std::future::Future;
use std::sync::Arc;

use crate::{Begins, Failure, Filter, Recorded, Tx};

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
