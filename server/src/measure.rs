//! What the server measures, and how Prometheus reads it. What is counted here never names a person:
//! labels are routes, reasons and consumers, of which there are few.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use services::Shop;
use services::notification::Mailer;

/// Bounds of the buckets of every duration, in seconds.
const SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// Begins to measure; once per process.
fn recorder() -> Option<&'static PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let installed = RECORDER.get_or_init(|| {
        let suffix = Matcher::Suffix("_seconds".to_owned());
        let builder = PrometheusBuilder::new().set_buckets_for_metric(suffix, &SECONDS);
        let installed = builder.map(PrometheusBuilder::install_recorder);
        match installed {
            Ok(Ok(handle)) => Some(handle),
            Ok(Err(error)) | Err(error) => {
                tracing::error!(%error, "nothing is measured");
                None
            }
        }
    });
    installed.as_ref()
}

/// Begins to measure, and says what each number means.
pub fn begin() {
    if recorder().is_none() {
        return;
    }
    let counters = [
        (
            "vitrine_refusals_total",
            "What was refused because there was too much of it",
        ),
        (
            "vitrine_sign_in_failures_total",
            "Sign-ins with a wrong email or password",
        ),
        (
            "vitrine_panics_total",
            "Panics, each a defect, by the part that survived it",
        ),
        ("vitrine_commits_total", "Transactions that were committed"),
        (
            "vitrine_failed_writes_total",
            "Transactions that the database could not begin, go on with or commit",
        ),
        ("vitrine_requests_total", "Requests that were answered"),
        (
            "vitrine_settlement_differences_total",
            "What a gateway has settled and the books do not say, or the other way round",
        ),
        (
            "vitrine_webhooks_total",
            "Messages of gateways and carriers, by what became of them",
        ),
        (
            "vitrine_mails_total",
            "Attempts to send a mail, by how they ended; put_off is tried again",
        ),
    ];
    for (name, help) in counters {
        metrics::describe_counter!(name, help);
    }
    let gauges = [
        (
            "vitrine_ready",
            "1 while the database can be read and written",
        ),
        ("vitrine_sockets", "Live sockets that are open"),
        (
            "vitrine_connections",
            "Connections that are open, sockets included",
        ),
        (
            "vitrine_wal_bytes",
            "Size of SQLite's write-ahead log; 0 for a server",
        ),
        ("vitrine_open_orders", "Orders that are not yet paid"),
        (
            "vitrine_held_pieces",
            "Pieces that open orders keep from others",
        ),
        ("vitrine_write_queue", "Writes that wait for their turn"),
        ("vitrine_log_head", "Position of the newest event"),
        (
            "vitrine_consumer_lag_events",
            "Events that a consumer has not yet passed",
        ),
        (
            "vitrine_parked_events",
            "Events that wait for another try or a decision",
        ),
        (
            "vitrine_dead_letters",
            "Events that wait for a decision by the staff",
        ),
        (
            "vitrine_calls_in_flight",
            "Calls to the outside world that are being made",
        ),
        (
            "vitrine_circuit_open",
            "1 while the other side does not answer and one call at a time finds out",
        ),
        (
            "vitrine_unheard_events",
            "Events that no consumer, reactor or page hears, since the start",
        ),
    ];
    for (name, help) in gauges {
        metrics::describe_gauge!(name, help);
    }
    let histograms = [
        ("vitrine_request_seconds", "From a request to its answer"),
        (
            "vitrine_commit_seconds",
            "What a commit takes, the waiting for the disk included",
        ),
    ];
    for (name, help) in histograms {
        metrics::describe_histogram!(name, help);
    }
}

/// Folds what was measured into its buckets; between two readings it would pile up.
pub fn fold() {
    if let Some(recorder) = recorder() {
        recorder.run_upkeep();
    }
}

/// Everything, as Prometheus reads it.
pub async fn rendered(shop: &Shop, mailer: &Mailer) -> String {
    look_at_mails(mailer);
    if let Err(error) = look_at_shop(shop).await {
        tracing::warn!(%error, "the log's numbers cannot be read");
    }
    recorder().map(PrometheusHandle::render).unwrap_or_default()
}

fn look_at_mails(mailer: &Mailer) {
    let counts = mailer.counts();
    for (outcome, count) in [
        ("sent", counts.sent),
        ("bounced", counts.bounced),
        ("failed", counts.failed),
        ("moot", counts.moot),
        ("put_off", counts.put_off),
    ] {
        metrics::counter!("vitrine_mails_total", "outcome" => outcome).absolute(count);
    }
}

#[expect(clippy::cast_precision_loss, reason = "what Prometheus counts with")]
async fn look_at_shop(shop: &Shop) -> broker::Result<()> {
    let log = shop.log();
    let (orders, pieces) = shop.held();
    metrics::gauge!("vitrine_open_orders").set(orders as f64);
    metrics::gauge!("vitrine_held_pieces").set(pieces as f64);
    metrics::gauge!("vitrine_write_queue").set(shop.waiting_writes() as f64);
    let db = log.db();
    let counted = db.counters();
    metrics::counter!("vitrine_commits_total").absolute(counted.commits);
    metrics::counter!("vitrine_failed_writes_total").absolute(counted.failed_writes);
    metrics::gauge!("vitrine_wal_bytes").set(db.wal_bytes() as f64);
    metrics::gauge!("vitrine_log_head").set(log.head() as f64);
    for lag in log.lags().await? {
        let name = lag.consumer;
        metrics::gauge!("vitrine_consumer_lag_events", "consumer" => name.clone())
            .set(lag.behind as f64);
        metrics::gauge!("vitrine_parked_events", "consumer" => name.clone()).set(lag.parked as f64);
        metrics::gauge!("vitrine_dead_letters", "consumer" => name).set(lag.dead as f64);
    }
    for reactor in log.reactors() {
        let is_open = f64::from(u8::from(reactor.is_circuit_open));
        metrics::gauge!("vitrine_calls_in_flight", "reactor" => reactor.name)
            .set(reactor.in_flight as f64);
        metrics::gauge!("vitrine_circuit_open", "reactor" => reactor.name).set(is_open);
    }
    for unheard in log.unheard() {
        metrics::gauge!("vitrine_unheard_events", "type" => unheard.kind)
            .set(unheard.events as f64);
    }
    Ok(())
}

/// Something was refused because there was too much of it.
pub fn refused(reason: &'static str) {
    metrics::counter!("vitrine_refusals_total", "reason" => reason).increment(1);
}

/// A message of a gateway or a carrier came.
pub fn webhook(outcome: &'static str) {
    metrics::counter!("vitrine_webhooks_total", "outcome" => outcome).increment(1);
}

/// So much that the gateway has settled is not what the books say.
pub fn settlement_differs(differences: usize) {
    metrics::counter!("vitrine_settlement_differences_total").increment(differences as u64);
}

pub fn sign_in_failed() {
    metrics::counter!("vitrine_sign_in_failures_total").increment(1);
}

/// A part of ours panicked; it goes on or was started again.
pub fn panicked(part: &'static str) {
    metrics::counter!("vitrine_panics_total", "part" => part).increment(1);
}

pub fn ready(is_ready: bool) {
    metrics::gauge!("vitrine_ready").set(f64::from(u8::from(is_ready)));
}

#[expect(clippy::cast_precision_loss, reason = "what Prometheus counts with")]
pub fn sockets(open: usize) {
    metrics::gauge!("vitrine_sockets").set(open as f64);
}

#[expect(clippy::cast_precision_loss, reason = "what Prometheus counts with")]
pub fn connections(open: usize) {
    metrics::gauge!("vitrine_connections").set(open as f64);
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
