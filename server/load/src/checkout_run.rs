//! Many checkouts: so many at once, or so many per second.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::checkout;
use crate::console::Progress;
use crate::goods::Good;
use crate::tally::Tally;
use shopper::http::Pool;
use shopper::target::Target;

/// Checkouts on their way at a given rate, at most: a shop that is this far behind has failed.
const MAX_ON_THE_WAY: usize = 4_000;

/// How the checkouts follow one another.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// So many at once; the next begins when one ends.
    AtOnce(u64),
    /// So many begin per second, whatever becomes of them.
    PerSecond(u64),
}

impl Pace {
    /// As the head of a column.
    pub fn name(self) -> String {
        match self {
            Self::AtOnce(count) => format!("{count} at once"),
            Self::PerSecond(rate) => format!("{rate} per second"),
        }
    }

    /// When the `i`th checkout should begin, from the start of the run; `None` as soon as there is
    /// room for it.
    fn due(self, i: u64) -> Option<Duration> {
        match self {
            Self::AtOnce(_) => None,
            Self::PerSecond(rate) => {
                let (seconds, rest) = (i / rate, i % rate);
                Some(
                    Duration::from_secs(seconds)
                        + Duration::from_secs(rest) / u32::try_from(rate).ok()?,
                )
            }
        }
    }

    const fn room(self) -> usize {
        match self {
            Self::AtOnce(count) => count as usize,
            Self::PerSecond(_) => MAX_ON_THE_WAY,
        }
    }
}

/// A run, before it begins.
#[derive(Debug, Clone)]
pub struct CheckoutRun {
    pub target: Target,
    pub goods: Arc<[Good]>,
    pub orders: u64,
    pub pace: Pace,
    pub encoding: Arc<str>,
    /// Whether the cart is held before it is ordered.
    pub hold: bool,
    pub patience: Duration,
    pub max_time: Duration,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    pub tally: Tally,
    pub took: Duration,
}

impl CheckoutRun {
    /// Carries it out; goods are bought in turn.
    pub async fn carry_out(&self, name: &str) -> anyhow::Result<Outcome> {
        let progress = Progress::new(name, self.orders);
        let tally = Arc::new(Mutex::new(Tally::new()?));
        let room = Arc::new(Semaphore::new(self.pace.room()));
        let pool = Pool::default();
        let mut on_the_way = JoinSet::new();
        let start = Instant::now();
        for i in 0..self.orders {
            if start.elapsed() > self.max_time {
                break;
            }
            let due = self.pace.due(i).map(|after| start + after);
            if let Some(due) = due {
                tokio::time::sleep_until(due).await;
            }
            let place = match due {
                None => room.clone().acquire_owned().await?,
                // At a given rate nobody waits outside: that would slow the rate down.
                Some(_) => match room.clone().try_acquire_owned() {
                    Ok(place) => place,
                    Err(_) => {
                        let message = format!("{MAX_ON_THE_WAY} checkouts on their way already");
                        lock(&tally).fail(message);
                        continue;
                    }
                },
            };
            let due = due.unwrap_or_else(Instant::now);
            let good = self.goods[i as usize % self.goods.len()].clone();
            let (run, pool, tally) = (self.clone(), pool.clone(), tally.clone());
            let progress = progress.clone();
            on_the_way.spawn(async move {
                let late = due.elapsed();
                let done = tokio::time::timeout(run.patience, run.one(&pool, &good)).await;
                let done = done
                    .context("not confirmed in time")
                    .and_then(std::convert::identity);
                lock(&tally).enter(&done, late, due.elapsed());
                progress.step();
                drop(place);
            });
            // What has ended is let go, so that a long run does not pile it up.
            while on_the_way.try_join_next().is_some() {}
        }
        while on_the_way.join_next().await.is_some() {}
        let took = start.elapsed();
        drop(on_the_way);
        let tally = Arc::into_inner(tally).context("a checkout outlived its run")?;
        Ok(Outcome {
            tally: tally.into_inner().unwrap_or_else(PoisonError::into_inner),
            took,
        })
    }

    async fn one(&self, pool: &Pool, good: &Good) -> anyhow::Result<checkout::Done> {
        let mut shopper = checkout::fill_cart(&self.target, pool, good, &self.encoding).await?;
        if self.hold {
            shopper.hold(&self.target).await?;
        }
        shopper.buy(&self.target, pool).await
    }
}

fn lock(tally: &Mutex<Tally>) -> std::sync::MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_spreads_its_starts_evenly_and_does_not_drift() {
        let pace = Pace::PerSecond(300);
        assert_eq!(pace.due(0), Some(Duration::ZERO));
        assert_eq!(pace.due(150), Some(Duration::from_millis(500)));
        assert_eq!(pace.due(300 * 3_600), Some(Duration::from_secs(3_600)));
        for i in 1..1_000 {
            let gap = pace
                .due(i)
                .zip(pace.due(i - 1))
                .map(|(now, last)| now - last);
            let gap = gap.expect("a rate has times").as_micros();
            assert!((3_333..=3_334).contains(&gap), "{gap} µs before {i}");
        }
    }

    #[test]
    fn so_many_at_once_need_no_times() {
        assert_eq!(Pace::AtOnce(16).due(9), None);
        assert_eq!(Pace::AtOnce(16).room(), 16);
    }
}
