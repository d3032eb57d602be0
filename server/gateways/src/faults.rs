//! The ways a gateway fails, on command.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// How the gateway behaves, until it is told otherwise. A number of times counts down; `null` lasts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// Milliseconds before each answer.
    pub slow_ms: u64,
    /// So many requests are told 503 and nothing is done.
    pub down: Times,
    /// So many requests are done and never answered.
    pub forgetful: Times,
    /// So many requests are taken and neither done nor answered.
    pub half_open: Times,
    /// So many refunds are taken on and neither done nor refused, until `POST /control/refunds/ID` ends them.
    pub pending_refunds: Times,
    /// How long money is held, microseconds.
    pub held_us: i64,
    /// How long a challenge waits, microseconds.
    pub challenge_us: i64,
    /// News is kept back.
    pub hold_webhooks: bool,
    /// Each piece of news is sent so often.
    pub webhook_copies: u32,
    /// The newest first.
    pub newest_first: bool,
}

/// How often something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Times {
    Count(u64),
    /// `null`: until the gateway is told otherwise.
    Always(()),
}

impl Times {
    const NEVER: Self = Self::Count(0);

    /// Whether it happens now.
    const fn take(&mut self) -> bool {
        match self {
            Self::Always(()) => true,
            Self::Count(0) => false,
            Self::Count(left) => {
                *left -= 1;
                true
            }
        }
    }
}

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            slow_ms: 0,
            down: Times::NEVER,
            forgetful: Times::NEVER,
            half_open: Times::NEVER,
            pending_refunds: Times::NEVER,
            // As with cards of the large networks.
            held_us: 7 * DAY_US,
            challenge_us: DAY_US / 24,
            hold_webhooks: false,
            webhook_copies: 1,
            newest_first: false,
        }
    }
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Answered,
    Refused,
    DoneInSilence,
    Swallowed,
}

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Faults {
    now: Arc<Mutex<Behaviour>>,
    first: Behaviour,
    changed: Arc<Notify>,
}

impl Faults {
    pub fn new(slow: Duration) -> Self {
        let first = Behaviour {
            slow_ms: u64::try_from(slow.as_millis()).unwrap_or(u64::MAX),
            ..Behaviour::default()
        };
        Self {
            now: Arc::new(Mutex::new(first.clone())),
            first,
            changed: Arc::default(),
        }
    }

    pub fn now(&self) -> Behaviour {
        self.now.lock().clone()
    }

    /// What this one of the requests meets, and how long it waits.
    pub fn next(&self) -> (Fate, Duration) {
        let mut now = self.now.lock();
        let fate = if now.down.take() {
            Fate::Refused
        } else if now.half_open.take() {
            Fate::Swallowed
        } else if now.forgetful.take() {
            Fate::DoneInSilence
        } else {
            Fate::Answered
        };
        (fate, Duration::from_millis(now.slow_ms))
    }

    /// Whether this refund is only taken on.
    pub fn is_slow_refund(&self) -> bool {
        self.now.lock().pending_refunds.take()
    }

    pub fn set(&self, behaviour: Behaviour) {
        *self.now.lock() = behaviour;
        self.changed.notify_one();
    }

    pub fn reset(&self) {
        self.set(self.first.clone());
    }

    /// Until it behaves in another way than before.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}
