//! What is told of those who follow the log, and of who tries to sign in: events that only the rules and staff
//! care about.

use broker::Lag;
use domain::event::{ConsumerCaughtUp, ConsumerFellBehind, SignInFailed};
use types::alert::AlertKind;

use crate::marks::Marks;
use crate::shop::Shop;

impl Shop {
    /// Whether an alert says already that a consumer is behind, as of the newest event seen.
    pub fn is_told_behind(&self, consumer: &str) -> bool {
        self.alerts().is_open(AlertKind::ConsumerBehind, consumer)
    }

    /// Says that a consumer does not come nearer to the head of the log, or has given something up.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn consumer_fell_behind(&self, lag: &Lag) -> crate::Result<()> {
        let told = ConsumerFellBehind {
            consumer: lag.consumer.clone(),
            position: lag.position,
            behind: lag.behind,
            dead: lag.dead,
        };
        self.request(told.into()).await?;
        Ok(())
    }

    /// Says that all is well with it again.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn consumer_caught_up(&self, lag: &Lag) -> crate::Result<()> {
        let told = ConsumerCaughtUp {
            consumer: lag.consumer.clone(),
            position: lag.position,
        };
        self.request(told.into()).await?;
        Ok(())
    }

    /// Writes down that somebody who comes from `source` knew no right email and password.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn sign_in_failed(&self, source: u64, email: &str) -> crate::Result<()> {
        let Some(account) = self.account_mark(email) else {
            return Ok(());
        };
        let failed = SignInFailed { account };
        self.request_marked(failed.into(), Marks::of_source(source))
            .await?;
        Ok(())
    }
}
