//! What has to be done from time to time.

use std::time::Duration;

use services::notification::Mailer;
use services::{Lives, Shop};
use tokio::sync::watch;

use crate::http::Pace;
use crate::measure;

/// How often what is counted in memory is put in order.
const TIDY: Duration = Duration::from_secs(10);
/// How often the database is swept: once in so many tidyings, and at the start.
const SWEEP_EVERY: u32 = 360;

#[derive(Debug, Clone)]
pub struct Housekeeping {
    pub shop: Shop,
    pub pace: Pace,
    pub lives: Lives,
    pub mailer: Mailer,
}

impl Housekeeping {
    /// Until told to stop.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut round = 0;
        loop {
            if round % SWEEP_EVERY == 0 {
                self.sweep().await;
            }
            round += 1;
            tokio::select! {
                () = tokio::time::sleep(TIDY) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            self.pace.forget_idle();
            measure::fold();
        }
    }

    async fn sweep(&self) {
        match self.shop.sweep(self.lives).await {
            Ok(swept) if swept != services::Swept::default() => tracing::info!(
                cart_lines = swept.cart_lines,
                sessions = swept.sessions,
                webhook_messages = swept.webhook_messages,
                mails = swept.mails,
                alerts = swept.alerts,
                "what nobody needs any more was deleted"
            ),
            Ok(_) => {}
            Err(problem) => tracing::error!(%problem, "nothing could be deleted"),
        }
        if let Err(problem) = self.shop.renew_marks(self.shop.now_us()).await {
            tracing::error!(%problem, "the keys of hashes could not be renewed");
        }
        let before_us = self.shop.now_us().saturating_sub(self.lives.mail_us);
        if let Err(error) = self.mailer.forget_before(before_us).await {
            tracing::error!(%error, "old mails could not be deleted");
        }
    }
}
