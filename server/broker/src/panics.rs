//! Panics of handlers are failures like any other.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures::FutureExt;

use crate::Failure;

/// Waits for a handler. A panic is reported and tried again.
pub(crate) async fn caught<T>(
    handler: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    AssertUnwindSafe(handler)
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| {
            Err(Failure::Other(format!(
                "the handler panicked: {}",
                panic_text(&*panic)
            )))
        })
}

/// Runs what a decider does at once.
pub(crate) fn caught_now<T>(run: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let why = panic_text(&*panic);
        Err(Failure::Other(format!("the decider panicked: {why}")))
    })
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
