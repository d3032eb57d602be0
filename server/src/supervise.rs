//! A task that panics begins again: its panic is a defect of ours, and the shop goes on.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;

const BACKOFF: Duration = Duration::from_millis(50);
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// A task that ran for this long before it panicked begins again as quickly as the first time.
const HEALTHY: Duration = Duration::from_secs(60);

/// Runs a task until it ends by itself; when it panics, again, later each time.
pub async fn supervise<F: Future<Output = ()>>(name: &'static str, begin: impl Fn() -> F) {
    let mut backoff = BACKOFF;
    loop {
        let started = tokio::time::Instant::now();
        // What a task shares is guarded by locks that a panic does not poison, or read anew.
        if AssertUnwindSafe(begin()).catch_unwind().await.is_ok() {
            return;
        }
        crate::measure::restarted(name);
        if started.elapsed() > HEALTHY {
            backoff = BACKOFF;
        }
        tracing::error!(task = name, ?backoff, "a task panicked; it begins again");
        tokio::time::sleep(backoff).await;
        backoff = (backoff * 2).min(MAX_BACKOFF);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_begins_again_and_one_that_ends_does_not() {
        let runs = AtomicU32::new(0);
        supervise("test", || async {
            let run = runs.fetch_add(1, Ordering::Relaxed);
            assert!(run >= 2, "this panic is part of the test");
        })
        .await;
        assert_eq!(runs.load(Ordering::Relaxed), 3);
    }
}
