//! From the acknowledgement of an append to the commit of the consumer's effect, while events come at
//! half the rate that the database bears.

use std::time::Duration;

use broker::{Log, Runner};
use tokio::time::Instant;

use super::handlers::{Commits, Effect, HAPPENED};
use super::rates;
use crate::times::Times;

/// How long events come.
const DURATION: Duration = Duration::from_secs(4);
/// Transactions at least: fewer have no 99th percentile.
const LEAST: u64 = 100;

#[derive(Debug)]
pub struct Latency {
    /// Events per second that came.
    pub rate: f64,
    pub times: Times,
}

/// An append, and when it was acknowledged.
#[derive(Debug, Clone, Copy)]
struct Appended {
    first: u64,
    last: u64,
    at: Instant,
}

/// Everything up to a position has taken effect, and since when.
#[derive(Debug, Clone, Copy)]
struct Effective {
    up_to: u64,
    at: Instant,
}

pub async fn measure(log: &Log, rate: f64, batch: usize) -> anyhow::Result<Latency> {
    let step = batch as u64;
    let gap = Duration::from_secs_f64(batch as f64 / rate);
    let transactions = ((DURATION.as_secs_f64() / gap.as_secs_f64()) as u64).max(LEAST);
    let commits = Commits::of(log);
    let mut runner = Runner::new(log.clone(), rates::settings(batch));
    runner.consumer(Effect { tells_from: 0 });
    let (appended, effects) = tokio::try_join!(
        append(log, gap, step, transactions),
        follow(commits, step * transactions),
    )?;
    runner.stop().await;
    let mut times = Times::new()?;
    for time in waits(&appended, &effects) {
        times.add(time);
    }
    Ok(Latency { rate, times })
}

/// Appends a batch every `gap`, at the time that is due even when one came late.
async fn append(
    log: &Log,
    gap: Duration,
    batch: u64,
    transactions: u64,
) -> anyhow::Result<Vec<Appended>> {
    let mut due = Instant::now();
    let mut appended = Vec::new();
    for i in 0..transactions {
        tokio::time::sleep_until(due).await;
        let last = rates::append(log, HAPPENED, i * batch, batch).await?;
        appended.push(Appended {
            first: last + 1 - batch,
            last,
            at: Instant::now(),
        });
        due += gap;
    }
    Ok(appended)
}

/// Collects the commits of effects until `events` of them stand.
async fn follow(mut commits: Commits, events: u64) -> anyhow::Result<Vec<Effective>> {
    let mut effects = Vec::new();
    let mut count = 0;
    while count < events {
        let next = commits.effects().await?;
        let at = Instant::now();
        count += next.count;
        let up_to = next.up_to;
        effects.push(Effective { up_to, at });
    }
    Ok(effects)
}

/// How long each event waited for its effect. Both lists are in the order of positions.
fn waits(appended: &[Appended], effects: &[Effective]) -> Vec<Duration> {
    let mut waits = Vec::new();
    let mut effects = effects.iter().peekable();
    for Appended { first, last, at } in appended {
        for position in *first..=*last {
            while effects.next_if(|it| it.up_to < position).is_some() {}
            // The effect may be seen before the append's own task has gone on: that is no wait.
            waits.extend(
                effects
                    .peek()
                    .map(|it| it.at.saturating_duration_since(*at)),
            );
        }
    }
    waits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_waits_for_the_first_commit_that_covers_it() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let appended = |first, last, ms| Appended {
            first,
            last,
            at: at(ms),
        };
        let effective = |up_to, ms| Effective { up_to, at: at(ms) };
        let waits = waits(
            &[appended(1, 2, 10), appended(4, 4, 20)],
            &[effective(1, 15), effective(2, 18), effective(6, 19)],
        );
        let expected = [5, 8, 0].map(Duration::from_millis);
        assert_eq!(waits, expected);
    }
}
