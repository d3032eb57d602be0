//! Tasks that must not end: one that panics begins again. Its panic is a defect of ours, which is
//! logged and counted, and the shop goes on: what such a task does is read from the database anew, and
//! ending the process instead would end every order and page that is on its way.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use tokio::task::JoinSet;

const BACKOFF: Duration = Duration::from_millis(50);
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// A task that ran for this long before it panicked begins again as quickly as the first time.
const HEALTHY: Duration = Duration::from_secs(60);

/// The supervised tasks of a shop.
#[derive(Debug)]
pub struct Tasks {
    running: JoinSet<()>,
    /// Names a task that is to panic.
    #[cfg(feature = "failpoints")]
    panics: tokio::sync::broadcast::Sender<&'static str>,
}

impl Tasks {
    pub fn new() -> Self {
        Self {
            running: JoinSet::new(),
            #[cfg(feature = "failpoints")]
            panics: tokio::sync::broadcast::Sender::new(8),
        }
    }

    /// Runs a task until it ends by itself; when it panics, again, later each time.
    pub fn spawn<F>(&mut self, name: &'static str, begin: impl Fn() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        #[cfg(feature = "failpoints")]
        let begin = {
            let panics = self.panics.clone();
            move || panicking(name, panics.subscribe(), begin())
        };
        self.running.spawn(supervised(name, begin));
    }

    /// Has a task panic where it waits.
    #[cfg(feature = "failpoints")]
    pub fn panic_in(&self, name: &'static str) {
        let _ = self.panics.send(name);
    }

    /// Waits until every task has ended, which they do when they are told to.
    pub async fn ended(&mut self) {
        while self.running.join_next().await.is_some() {}
    }
}

#[cfg(feature = "failpoints")]
async fn panicking(
    name: &'static str,
    mut panics: tokio::sync::broadcast::Receiver<&'static str>,
    task: impl Future<Output = ()>,
) {
    let asked = async {
        loop {
            match panics.recv().await {
                Ok(asked) if asked == name => break,
                Ok(_) => {}
                Err(_) => std::future::pending().await,
            }
        }
    };
    tokio::select! {
        () = task => {}
        () = asked => panic!("{name} was asked to panic"),
    }
}

async fn supervised<F: Future<Output = ()>>(name: &'static str, begin: impl Fn() -> F) {
    let mut backoff = BACKOFF;
    loop {
        let started = tokio::time::Instant::now();
        // What a task shares is guarded by locks that a panic does not poison, or read anew.
        if AssertUnwindSafe(begin()).catch_unwind().await.is_ok() {
            return;
        }
        crate::measure::panicked(name);
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
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_begins_again_and_one_that_ends_does_not() {
        let runs = Arc::new(AtomicU32::new(0));
        let mut tasks = Tasks::new();
        let counted = runs.clone();
        tasks.spawn("test", move || {
            let run = counted.fetch_add(1, Ordering::Relaxed);
            async move { assert!(run >= 2, "this panic is part of the test") }
        });
        tasks.ended().await;
        assert_eq!(runs.load(Ordering::Relaxed), 3);
    }
}
