//! Events per second: appended by one writer, then consumed by one consumer.

use std::time::{Duration, Instant};

use broker::{Log, Runner, Settings};

use super::handlers::{Commits, Effect, HAPPENED, event};

#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// Events per second, as are all rates here.
    pub appended: f64,
    pub consumed: f64,
}

impl Rates {
    /// Half of what can be appended and consumed at the same time, when both share one writer.
    pub fn half(self) -> f64 {
        0.5 / (1.0 / self.appended + 1.0 / self.consumed)
    }
}

/// The settings of a consumer that handles `batch` events at once and never waits for more.
pub fn settings(batch: usize) -> Settings {
    Settings {
        batch,
        min_gap: Duration::ZERO,
        ..Settings::default()
    }
}

/// Appends `batch` events in one transaction; answers with the position of the last.
pub async fn append(log: &Log, kind: &'static str, from: u64, batch: u64) -> anyhow::Result<u64> {
    let mut tx = log.begin("bench").await?;
    for i in from..from + batch {
        tx.append(event(kind, i), None);
    }
    Ok(tx.commit().await?.unwrap_or_default())
}

pub async fn measure(log: &Log, events: u64, batch: usize) -> anyhow::Result<Rates> {
    let step = batch as u64;
    let began = Instant::now();
    let mut last = 0;
    for from in (0..events).step_by(batch) {
        last = append(log, HAPPENED, from, step.min(events - from)).await?;
    }
    let appending = began.elapsed();

    let mut commits = Commits::of(log);
    let began = Instant::now();
    let mut runner = Runner::new(log.clone(), settings(batch));
    runner.consumer(Effect { tells_from: last });
    while commits.effects().await?.up_to < last {}
    let consuming = began.elapsed();
    runner.stop().await;
    let per_second = |time: Duration| events as f64 / time.as_secs_f64();
    Ok(Rates {
        appended: per_second(appending),
        consumed: per_second(consuming),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_what_goes_in_and_out_at_once() {
        let rates = Rates {
            appended: 1_000.0,
            consumed: 1_000.0,
        };
        assert!((rates.half() - 250.0).abs() < 1e-6);
    }
}
