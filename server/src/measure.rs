//! The names of what the server measures. What is counted here never names a person: labels are
//! routes, reasons and consumers, of which there are few.

use std::time::Duration;

/// Something was refused because there was too much of it.
pub fn refused(reason: &'static str) {
    metrics::counter!("vitrine_refusals_total", "reason" => reason).increment(1);
}

pub fn sign_in_failed() {
    metrics::counter!("vitrine_sign_in_failures_total").increment(1);
}

/// A task of ours panicked and was started again.
pub fn restarted(task: &'static str) {
    metrics::counter!("vitrine_task_restarts_total", "task" => task).increment(1);
}

pub fn sockets(open: usize) {
    metrics::gauge!("vitrine_sockets").set(open as f64);
}

/// A request was answered.
pub fn request(route: &str, method: &'static str, status: u16, took: Duration) {
    let route = route.to_owned();
    let status = status.to_string();
    metrics::counter!(
        "vitrine_requests_total",
        "route" => route.clone(), "method" => method, "status" => status
    )
    .increment(1);
    metrics::histogram!("vitrine_request_seconds", "route" => route, "method" => method)
        .record(took.as_secs_f64());
}
