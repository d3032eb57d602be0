//! A thread of its own for the event path: the writers, the consumers and the hub.
//!
//! Each step of theirs is short and is waited for by somebody. On the threads that render pages it
//! would stand in line behind a millisecond of rendering, ten times for every commit; on a thread of
//! its own the system's scheduler lets it through at once.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

#[derive(Debug)]
pub struct EventLoop {
    runtime: Option<Runtime>,
    handle: Handle,
}

impl EventLoop {
    /// # Errors
    /// When the system gives no thread.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("events")
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        Ok(Self {
            runtime: Some(runtime),
            handle,
        })
    }

    /// Runs `begin` so that the tasks it spawns run here.
    pub fn within<T>(&self, begin: impl FnOnce() -> T) -> T {
        let _here = self.handle.enter();
        begin()
    }
}

impl EventLoop {
    /// Runs a task here to its end.
    ///
    /// # Errors
    /// When it panics.
    pub async fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, tokio::task::JoinError> {
        self.handle.spawn(task).await
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // The plain way would block, which an asynchronous caller must not.
            runtime.shutdown_background();
        }
    }
}
