//! What a slow outside world costs when so many keys are asked about at once.

use std::time::Instant;

use broker::{Log, Runner, Settings};

use super::handlers::{ASKED, Commits, Slow};
use super::rates;

/// Rounds of answers that the events take when as many are asked at once as may be.
const ROUNDS: usize = 40;
/// Events of a transaction while they are appended, which is not measured.
const BATCH: usize = 64;

#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub events: usize,
    /// Events per second, from the first question to the last answer recorded.
    pub rate: f64,
}

pub async fn measure(log: &Log, parallel_keys: usize) -> anyhow::Result<Asked> {
    let events = parallel_keys * ROUNDS;
    for from in (0..events).step_by(BATCH) {
        let batch = BATCH.min(events - from);
        rates::append(log, ASKED, from as u64, batch as u64).await?;
    }
    let mut commits = Commits::of(log);
    let slow = Slow {
        in_flight: parallel_keys,
        ..Slow::default()
    };
    let began = slow.began.clone();
    let mut runner = Runner::new(log.clone(), Settings::default());
    runner.reactor(slow);
    let mut answers = 0;
    while answers < events {
        answers += commits.answers().await?;
    }
    let took = began.get().map(Instant::elapsed).unwrap_or_default();
    runner.stop().await;
    Ok(Asked {
        events,
        rate: events as f64 / took.as_secs_f64(),
    })
}
