//! What nobody needs any more is deleted: carts nobody came back to, sessions and grants that
//! have ended, keys and messages that cannot come again, mails that were sent long ago, sign-ups that
//! were told, alerts that are long over. Orders and events stay.

use domain::alert::KEPT_US;

use crate::events::Refused;
use crate::notification::rows;
use crate::shop::Shop;
use crate::{
    alert_desk, carts, idempotency, invitations, order_lookup, sessions, signup_rows, webhooks,
};

/// What was deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    pub cart_lines: u64,
    pub sessions: u64,
    pub grants: u64,
    pub idempotency_keys: u64,
    pub webhook_messages: u64,
    pub mails: u64,
    /// Of people who were told.
    pub signups: u64,
    /// That were resolved long ago.
    pub alerts: u64,
    /// To the staff, that nobody took up.
    pub invitations: u64,
}

/// How long something is kept, microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Lives {
    pub cart_us: i64,
    pub mail_us: i64,
}

impl Lives {
    pub const fn of_days(cart: u32, mail: u32) -> Self {
        const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;
        Self {
            cart_us: cart as i64 * DAY_US,
            mail_us: mail as i64 * DAY_US,
        }
    }
}

impl Shop {
    /// Deletes cart lines and mails that are older than their lives, sessions and grants that have
    /// ended, and alerts that were resolved 90 days ago.
    ///
    /// # Errors
    /// 500 when the database cannot be written.
    pub async fn sweep(&self, lives: Lives) -> crate::Result<Swept> {
        let now_us = self.now_us();
        let before = |life_us: i64| now_us.saturating_sub(life_us);
        Ok(Swept {
            cart_lines: self.delete(carts::SWEEP, before(lives.cart_us)).await?,
            sessions: self.delete(sessions::SWEEP, now_us).await?,
            grants: self
                .delete(order_lookup::SWEEP, before(order_lookup::GRANT_LIFE_US))
                .await?,
            idempotency_keys: self
                .delete(idempotency::SWEEP, before(idempotency::LIFE_US))
                .await?,
            webhook_messages: self
                .delete(webhooks::SWEEP, before(webhooks::LIFE_US))
                .await?,
            mails: self.delete(rows::SWEEP, before(lives.mail_us)).await?,
            // As long as their mail can be looked at.
            signups: self
                .delete(signup_rows::SWEEP, before(lives.mail_us))
                .await?,
            alerts: self.delete(alert_desk::SWEEP, before(KEPT_US)).await?,
            invitations: self
                .delete(invitations::SWEEP, before(invitations::KEPT_US))
                .await?,
        })
    }

    /// Repeats `statement`, which deletes some rows, until there are no more: each transaction is
    /// short, and nobody waits long behind it.
    async fn delete(&self, statement: &'static str, before_us: i64) -> Result<u64, Refused> {
        let mut gone = 0;
        loop {
            let deleted = self
                .writer()
                .run_unmarked(move |tx| {
                    Box::pin(async move {
                        let deleted = db::query(statement).bind(before_us).execute(tx.conn());
                        Ok::<_, Refused>(deleted.await?.rows_affected())
                    })
                })
                .await?;
            if deleted == 0 {
                return Ok(gone);
            }
            gone += deleted;
        }
    }
}
