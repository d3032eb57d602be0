//! How consumers are paced and how often they try.

use std::time::Duration;

use crate::backoff::jittered;

#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Events of one transaction, at most.
    pub batch: usize,
    /// Least time between two commits of one consumer. Under load it makes batches of what would be
    /// single events, each with an fsync of its own; an event that comes alone does not wait.
    pub min_gap: Duration,
    /// Wait before the second attempt; doubles up to `max_backoff`, with jitter.
    pub backoff: Duration,
    pub max_backoff: Duration,
    /// Attempts before an event is a dead letter.
    pub max_attempts: u32,
    /// How long a process that asks the outside world may be silent before another one takes over.
    pub lease: Duration,
}

impl Default for Settings {
    /// Ten attempts take between half a minute and a minute.
    fn default() -> Self {
        Self {
            batch: 256,
            min_gap: Duration::from_millis(3),
            backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(60),
            max_attempts: 10,
            lease: Duration::from_secs(3),
        }
    }
}

impl Settings {
    /// The wait after so many attempts.
    pub(crate) fn backoff_after(&self, attempts: u32) -> Duration {
        jittered(self.backoff, self.max_backoff, attempts)
    }
}
