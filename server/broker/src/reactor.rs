//! What touches the outside world.

use std::future::Future;

use crate::{Failure, Filter, NewEvent, ReactorSettings, Recorded};

/// Touches the outside world, with no transaction open. May be asked twice about one event: it passes
/// the event's id on as the idempotency key. Of several processes one asks.
pub trait Reactor: Send + Sync + 'static {
    const NAME: &'static str;
    const HEARS: Filter<'static>;

    fn settings(&self) -> ReactorSettings {
        ReactorSettings::default()
    }

    /// Answers with what is to be recorded.
    fn react(
        &self,
        event: &Recorded,
    ) -> impl Future<Output = Result<Vec<NewEvent>, Failure>> + Send;

    /// What makes up for an event that somebody has given up, so that nobody waits for its answer.
    ///
    /// # Errors
    /// When it cannot be made up for; the event is given up all the same.
    fn discarded(&self, _event: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        Ok(Vec::new())
    }
}
