//! The nightly comparison with the gateway's report.

use std::sync::Arc;
use std::time::Duration;

use domain::event::Gateway;
use services::settlement::{Day, is_settled, settle};
use services::{PaymentGateway, Shop};
use tokio::sync::watch;

use crate::measure;

const HOUR_US: i64 = 60 * 60 * 1_000_000;
const DAY_US: i64 = 24 * HOUR_US;
/// How often somebody looks whether it is time.
const LOOK: Duration = Duration::from_secs(60);
/// Days that are made up for after the shop was away.
const MADE_UP: i64 = 7;

#[derive(Clone)]
pub struct Nightly {
    pub shop: Shop,
    pub gateway: Arc<dyn PaymentGateway>,
    /// Hour of the day, UTC.
    pub hour: u32,
}

impl Nightly {
    /// Until told to stop.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            self.look().await;
        }
    }

    /// Compares each day that is over and was not compared.
    async fn look(&self) {
        let now_us = self
            .shop
            .now_us()
            .saturating_sub(i64::from(self.hour) * HOUR_US);
        let days = (0..MADE_UP)
            .rev()
            .filter_map(|ago| Day::before(now_us - ago * DAY_US));
        for day in days {
            if let Err(problem) = self.compare(&day).await {
                tracing::warn!(%problem, day = day.name(), "the gateway's report is not compared");
                return;
            }
        }
    }

    async fn compare(&self, day: &Day) -> services::Result<()> {
        let log = self.shop.log();
        if is_settled(log, day).await? {
            return Ok(());
        }
        let found = settle(log, &*self.gateway, Gateway::Test, day).await?;
        if found.new > 0 {
            measure::settlement_differs(found.new);
            tracing::error!(
                day = day.name(),
                differences = found.differences,
                "the gateway has settled something else than the books say"
            );
        }
        Ok(())
    }
}
