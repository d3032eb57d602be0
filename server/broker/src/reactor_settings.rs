//! How a reactor is asked, and what it is doing.

use std::time::Duration;

/// How a reactor is asked.
#[derive(Debug, Clone, Copy)]
pub struct ReactorSettings {
    /// Where one that the database does not know begins. One that it knows goes on.
    pub begins: Begins,
    /// Calls at once, at most. Twice as many events are kept in memory.
    pub in_flight: usize,
    /// A call that takes longer counts as no answer, and is made again with the same idempotency key.
    pub deadline: Duration,
    /// An event that stays without an answer for this long, while others get theirs, is put aside.
    pub patience: Duration,
    /// So many keys without an answer, one after the other, open the circuit: from then on one call
    /// at a time finds out whether the other side is back, and everything else waits in the log.
    pub opens_after: usize,
    /// Wait before the first of these calls; doubles up to `max_probe_wait`, with jitter.
    pub probe_wait: Duration,
    pub max_probe_wait: Duration,
    /// How long a stop waits for calls that are being made. What it leaves is asked again.
    pub stops_within: Duration,
}

/// Where a new reactor begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begins {
    /// With what comes next: what writes letters must not write about last year.
    AtHead,
    /// With the first event of the log.
    AtStart,
}

impl Default for ReactorSettings {
    fn default() -> Self {
        Self {
            begins: Begins::AtHead,
            in_flight: 256,
            deadline: Duration::from_secs(10),
            patience: Duration::from_secs(30),
            opens_after: 5,
            probe_wait: Duration::from_millis(250),
            max_probe_wait: Duration::from_secs(10),
            stops_within: Duration::from_secs(5),
        }
    }
}

impl ReactorSettings {
    /// Begins with the first event of the log.
    #[must_use]
    pub fn from_start() -> Self {
        Self {
            begins: Begins::AtStart,
            ..Self::default()
        }
    }
}

/// What a reactor of this process is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReactorStatus {
    pub name: &'static str,
    /// Calls that are being made.
    pub in_flight: usize,
    /// Whether the other side has stopped to answer.
    pub is_circuit_open: bool,
    /// Whether this is the process that asks.
    pub is_asking: bool,
}
