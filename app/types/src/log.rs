//! Views of the event log and its consumers, for staff.

use serde::{Deserialize, Serialize};

/// How the log and its consumers stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogView {
    /// The newest position.
    pub head: u64,
    pub consumers: Vec<ConsumerRow>,
    /// Dead letters first, then what is tried again or held, each in the order of the log. Of many
    /// only the first.
    pub parked: Vec<ParkedRow>,
}

/// How far a consumer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsumerRow {
    pub name: String,
    pub position: u64,
    /// Its lag: events between its position and the head.
    pub behind: u64,
    /// Events that are tried again, or wait behind one that is.
    pub parked: u64,
    /// Dead letters.
    pub dead: u64,
}

/// An event that a consumer could not handle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedRow {
    pub consumer: String,
    pub position: u64,
    pub kind: String,
    /// What it is about: an order number or a SKU.
    pub subject: String,
    pub state: ParkedState,
    pub attempts: u32,
    /// What the last attempt failed with.
    pub error: String,
    /// When it was put aside, unix microseconds.
    pub parked_at_us: i64,
    /// The event's content: JSON.
    pub data: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParkedState {
    /// Is tried again.
    Retrying,
    /// Waits behind an earlier event of its key.
    Held,
    /// Out of attempts: a person decides.
    Dead,
}

/// What a person decides about a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadLetterDecision {
    /// Try it again, from its first attempt.
    Redrive,
    /// Give it up; what waits behind it goes on.
    Discard,
}

/// An order or a SKU as it was at a moment of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookBack {
    /// `Order V-1234ABCD` or `SKU AS-VEG-WG-50`.
    pub title: String,
    /// As of the event at this position.
    pub position: u64,
    /// The newest position there is.
    pub head: u64,
    /// Name and value, e.g. `status` and `confirmed`.
    pub facts: Vec<(String, String)>,
    /// What led there: each event after the one that caused it.
    pub story: Vec<StoryEvent>,
}

/// An event in the tree of what caused what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryEvent {
    pub position: u64,
    /// Unix microseconds.
    pub at_us: i64,
    pub kind: String,
    /// Which consumer, or what a command came through.
    pub source: String,
    pub summary: String,
    /// Events above it: 0 for one that a command caused.
    pub depth: usize,
    /// Time from its cause to it, microseconds; `None` when a command was the cause.
    pub took_us: Option<i64>,
}
