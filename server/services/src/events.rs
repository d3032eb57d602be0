//! Domain events into the log and out of it.

use std::sync::Arc;

use broker::{Failure, NewEvent, Recorded};
use domain::Event;
use types::Problem;

/// A domain event, ready to be appended.
pub(crate) fn encode(event: Event) -> Result<NewEvent, Failure> {
    let data = event
        .to_json()
        .map_err(|error| Failure::Other(error.to_string()))?;
    let new = NewEvent::new(event.kind(), event.topic(), event.key(), data);
    let attributes = event.attributes().into_iter();
    let new = attributes.fold(new, |new, (name, value)| new.with(name, value));
    Ok(new.meaning(Arc::new(event)))
}

/// The domain event in an event of the log.
///
/// # Errors
/// An event that a newer version wrote, or whose content is not what its type holds.
pub fn decode(recorded: &Recorded) -> Result<Arc<Event>, Failure> {
    recorded.decoded(|recorded| {
        Event::from_json(&recorded.kind, &recorded.data)
            .map_err(|error| Failure::Other(format!("position {}: {error}", recorded.position)))
    })
}

/// The domain events of a decision, ready to be appended.
pub(crate) fn encode_all(events: Vec<Event>) -> Result<Vec<NewEvent>, Failure> {
    events.into_iter().map(encode).collect()
}

/// Why a command was not done: the caller's problem, or ours, which is logged and not told.
#[derive(Debug)]
pub(crate) struct Refused(pub Problem);

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Log(error) => error.into(),
            failure => Self(internal(failure)),
        }
    }
}

impl From<broker::Error> for Refused {
    fn from(error: broker::Error) -> Self {
        Self(match error {
            broker::Error::Stopped => Problem::unavailable(
                "The shop is very busy. Nothing was lost; try again in a moment.",
            ),
            error if error.is_unavailable() => unavailable(error),
            error => internal(error),
        })
    }
}

impl From<db::SqlError> for Refused {
    fn from(error: db::SqlError) -> Self {
        broker::Error::from(error).into()
    }
}

impl From<db::Error> for Refused {
    fn from(error: db::Error) -> Self {
        broker::Error::from(error).into()
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        refused.0
    }
}

/// Tells the operator what broke, and the caller only that something did.
pub(crate) fn internal(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "a request failed");
    Problem::internal()
}

/// The database cannot do it now. That it cannot is logged once where it is noticed.
fn unavailable(error: impl std::fmt::Display) -> Problem {
    tracing::debug!(%error, "a request has to wait");
    Problem::unavailable(
        "The shop cannot do this at the moment. Nothing was lost; try again in a minute.",
    )
}
