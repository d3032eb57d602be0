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
    /// The first damaged record that readers wait for.
    #[serde(default)]
    pub damage: Option<DamageRow>,
    /// The last rebuilds, the newest first.
    #[serde(default)]
    pub rebuilds: Vec<RebuildRow>,
}

/// How far a consumer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsumerRow {
    pub name: String,
    pub position: u64,
    /// Its lag: events between its position and the head.
    pub behind: u64,
    pub role: ConsumerRole,
    /// Events that it passed in the last minute, in thousandths a second; `None` before it was watched for long
    /// enough.
    #[serde(default)]
    pub rate_milli: Option<u64>,
    /// Events that are tried again, or wait behind one that is.
    pub parked: u64,
    /// Dead letters.
    pub dead: u64,
    /// Attempts that failed, of all that is parked now.
    pub failures: u64,
    /// What the last of them failed with.
    #[serde(default)]
    pub error: Option<String>,
    /// Of one that asks the outside world in this process.
    #[serde(default)]
    pub circuit: Option<Circuit>,
    /// While its states are built anew: up to which position.
    #[serde(default)]
    pub rebuilt_to: Option<u64>,
}

/// What a consumer does with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsumerRole {
    /// Keeps states and decides; they can be built anew.
    Decider,
    /// Keeps a table.
    View,
    /// Asks the outside world.
    Reactor,
    /// Is read by a service of others.
    Subscription,
    /// Is of another version, and takes no part.
    Unknown,
}

impl ConsumerRole {
    pub const fn words(self) -> &'static str {
        match self {
            Self::Decider => "decider",
            Self::View => "view",
            Self::Reactor => "reactor",
            Self::Subscription => "service",
            Self::Unknown => "not of this version",
        }
    }
}

/// How a reactor and the other side get on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circuit {
    /// The other side does not answer: one call at a time finds out whether it is back.
    pub is_open: bool,
    pub in_flight: u64,
}

/// States of a decider that were built anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RebuildRow {
    pub position: u64,
    pub at_us: i64,
    pub consumer: String,
    /// `by Ada: 12 rows, the same as before`
    pub summary: String,
}

/// A record of the log that cannot be read, and that everybody behind it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamageRow {
    pub position: u64,
    pub what: String,
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

/// An order, a SKU or an event as it was at a moment of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookBack {
    /// `Order V-1234ABCD`, `SKU AS-VEG-WG-50` or `Event #120`.
    pub title: String,
    /// As of the event at this position.
    pub position: u64,
    /// The newest position there is.
    pub head: u64,
    /// Name and value, e.g. `status` and `confirmed`.
    pub facts: Vec<(String, String)>,
    /// What led there: each event after the one that caused it.
    pub story: Vec<StoryEvent>,
    /// The content of an event that was looked up: JSON.
    #[serde(default)]
    pub content: Option<String>,
}

/// An order, what led to it, and how everything about it stood after each step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPast {
    pub order: crate::OrderId,
    /// `V-1234ABCD`
    pub number: String,
    /// The newest position there is.
    pub head: u64,
    /// All that led to how it is now.
    pub story: Vec<StoryEvent>,
    /// In the order of the log; the last is how things are now. Of very many only the last.
    pub frames: Vec<Frame>,
}

/// How things stood when the log ended at a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    pub position: u64,
    /// When the event there happened, unix microseconds; `None` for the present.
    pub at_us: Option<i64>,
    /// What happened there; empty for the present.
    pub kind: String,
    /// Name and value.
    pub order: Vec<(String, String)>,
    pub payment: Vec<(String, String)>,
    pub stock: Vec<StockThen>,
}

/// The stock of a SKU at a moment of the past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockThen {
    pub sku: crate::Sku,
    pub on_hand: i64,
    pub allocated: i64,
    pub reserved: i64,
    pub available: i64,
}

/// A page of the events that a filter lets through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPage {
    /// The newest first.
    pub events: Vec<crate::admin::EventRow>,
    /// The newest position there was.
    pub head: u64,
    /// The oldest position that was looked at; 1 or 0 when there is nothing more to look at.
    pub back_to: u64,
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
