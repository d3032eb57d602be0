//! What the log takes from the machine it runs on. All of it is a parameter, so that tests decide it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use uuid::Uuid;

use crate::Step;

/// Is told of each [`Step`] and of whose it is, before what follows it begins. What it answers with is
/// waited for: a test that never lets it end has crashed the process as far as the database can tell.
pub type Probe = Arc<dyn Fn(Step, &str) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Where time and ids come from.
#[derive(Clone)]
pub struct Environment {
    now_us: Arc<dyn Fn() -> i64 + Send + Sync>,
    steady_us: Arc<dyn Fn() -> i64 + Send + Sync>,
    new_id: Arc<dyn Fn() -> Uuid + Send + Sync>,
    probe: Option<Probe>,
}

impl Environment {
    /// The clock that nobody sets is the same one, until [`Environment::with_steady_clock`].
    pub fn new(
        now_us: impl Fn() -> i64 + Send + Sync + 'static,
        new_id: impl Fn() -> Uuid + Send + Sync + 'static,
    ) -> Self {
        let now_us = Arc::new(now_us);
        Self {
            now_us: now_us.clone(),
            steady_us: now_us,
            new_id: Arc::new(new_id),
            probe: None,
        }
    }

    /// The machine's clock and random UUIDv7s.
    pub fn system() -> Self {
        let now_us = || {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            since.map_or(0, |since| {
                i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
            })
        };
        let start = std::time::Instant::now();
        let steady_us = move || i64::try_from(start.elapsed().as_micros()).unwrap_or(i64::MAX);
        Self::new(now_us, Uuid::now_v7).with_steady_clock(steady_us)
    }

    /// Measures how long to wait by a clock of its own, which no one sets back or forward.
    #[must_use]
    pub fn with_steady_clock(self, steady_us: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self {
            steady_us: Arc::new(steady_us),
            ..self
        }
    }

    /// Tells `probe` of every step.
    #[must_use]
    pub fn with_probe(self, probe: Probe) -> Self {
        Self {
            probe: Some(probe),
            ..self
        }
    }

    /// Unix microseconds.
    pub fn now_us(&self) -> i64 {
        (self.now_us)()
    }

    /// Microseconds since some moment, on a clock that only ever goes forward.
    pub fn steady_us(&self) -> i64 {
        (self.steady_us)()
    }

    pub fn new_id(&self) -> Uuid {
        (self.new_id)()
    }

    /// Says that `who` has come to `step`.
    pub(crate) async fn reach(&self, step: Step, who: &str) {
        if let Some(probe) = &self.probe {
            probe(step, who).await;
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}
