//! How writing goes: counted for whoever measures, remembered for whoever asks whether the shop works.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use sqlx::Error;

/// A write that failed for a reason that passes.
#[derive(Debug, Clone)]
pub struct WriteError {
    pub at: SystemTime,
    pub message: String,
}

/// Since the database was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Transactions committed.
    pub commits: u64,
    /// Transactions that the database could not begin, go on with or commit.
    pub failed_writes: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Writes {
    commits: AtomicU64,
    failed: AtomicU64,
    /// Whether the last write failed.
    failing: AtomicBool,
    last_error: Mutex<Option<WriteError>>,
    last_commit: Mutex<Option<Instant>>,
    last_failure: Mutex<Option<Instant>>,
}

impl Writes {
    pub fn committed(&self, took: Duration) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        metrics::histogram!("vitrine_commit_seconds").record(took);
        *self.last_commit.lock() = Some(Instant::now());
        if self.failing.swap(false, Ordering::Relaxed) {
            tracing::info!("the database can be written to again");
        }
    }

    /// Notes that the database could not begin, go on with or commit a transaction.
    pub fn failed(&self, error: &Error) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let message = error.to_string();
        // Once: while it lasts every request meets it.
        if !self.failing.swap(true, Ordering::Relaxed) {
            tracing::error!(error = message, "the database cannot be written to");
        }
        *self.last_failure.lock() = Some(Instant::now());
        *self.last_error.lock() = Some(WriteError {
            at: SystemTime::now(),
            message,
        });
    }

    pub fn counters(&self) -> Counters {
        Counters {
            commits: self.commits.load(Ordering::Relaxed),
            failed_writes: self.failed.load(Ordering::Relaxed),
        }
    }

    pub fn last_error(&self) -> Option<WriteError> {
        self.last_error.lock().clone()
    }

    pub fn are_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// Whether something was committed within this time, and nothing failed: a transaction that had nothing
    /// to write commits on a full disk, too.
    pub fn only_commits_within(&self, time: Duration) -> bool {
        let (last, failure) = (*self.last_commit.lock(), *self.last_failure.lock());
        let within = |at: Option<Instant>| at.is_some_and(|at| at.elapsed() < time);
        within(last) && !within(failure)
    }
}
