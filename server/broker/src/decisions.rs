//! What people decide about dead letters, and what the broker itself says: events like any other, so
//! that who decided what can be looked back at.

use serde::{Deserialize, Serialize};

use crate::{Failure, NewEvent, Recorded};

/// The stream of the broker's own events.
pub const TOPIC: &str = crate::event::BROKER;
/// An event ran out of attempts.
pub const DEAD_LETTERED: &str = "broker.dead_lettered";
/// Somebody wants a dead letter to be tried again.
pub const REDRIVE_REQUESTED: &str = "broker.redrive_requested";
/// Somebody gave a dead letter up.
pub const DISCARD_REQUESTED: &str = "broker.discard_requested";

/// A decider has handled an event that was parked, and has nothing to say about it.
pub const HANDLED: &str = "broker.handled";
/// A consumer has taken a dead letter up again.
pub const REDRIVEN: &str = "broker.redriven";
/// A consumer has given a dead letter up: its state is as if the event had never been.
pub const DISCARDED: &str = "broker.discarded";

/// Content of [`DEAD_LETTERED`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLettered {
    pub consumer: String,
    pub position: u64,
    pub attempts: u32,
    pub error: String,
}

/// Content of the requests and of what follows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub consumer: String,
    /// Of the dead event.
    pub position: u64,
    /// Who decided.
    pub by: String,
}

pub(crate) fn event(
    kind: &'static str,
    consumer: &str,
    data: &impl Serialize,
) -> Result<NewEvent, Failure> {
    let data = serde_json::to_string(data).map_err(|error| Failure::Other(error.to_string()))?;
    Ok(NewEvent::new(kind, TOPIC, consumer, data))
}

/// Whether the event is a decision for this consumer.
pub(crate) fn concerns(recorded: &Recorded, consumer: &str) -> bool {
    recorded.key == consumer
        && matches!(
            recorded.kind.as_str(),
            REDRIVE_REQUESTED | DISCARD_REQUESTED
        )
}
