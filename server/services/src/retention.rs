//! What nobody needs any more is deleted: carts nobody came back to, tokens and sessions that have
//! ended. Orders, events and the gateway's books stay.

use db::built;

use crate::events::Refused;
use crate::shop::Shop;
use crate::test_gateway::TOKEN_LIFE_US;

/// Rows deleted in one transaction, at most: nobody waits long for its end.
const AT_ONCE: u64 = 500;

/// What was deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    pub cart_lines: u64,
    pub tokens: u64,
    pub sessions: u64,
}

impl Shop {
    /// Deletes cart lines that are older than `cart_life_us`, and tokens and sessions that have ended.
    ///
    /// # Errors
    /// 500 when the database cannot be written.
    pub async fn sweep(&self, cart_life_us: i64) -> crate::Result<Swept> {
        let now_us = self.now_us();
        let before = |life_us: i64| now_us.saturating_sub(life_us);
        Ok(Swept {
            cart_lines: (self.delete("carts", "line_id", "added_at_us", before(cart_life_us)))
                .await?,
            // Twice its life: who retries late is told that the token is used, not unknown.
            tokens: (self.delete(
                "test_gateway_tokens",
                "token",
                "created_at_us",
                before(2 * TOKEN_LIFE_US),
            ))
            .await?,
            sessions: (self.delete("sessions", "id", "expires_at_us", now_us)).await?,
        })
    }

    /// Deletes the rows of `table` whose `time` is before `before_us`, a few at once.
    async fn delete(
        &self,
        table: &'static str,
        key: &'static str,
        time: &'static str,
        before_us: i64,
    ) -> Result<u64, Refused> {
        let mut gone = 0;
        loop {
            let deleted = self
                .writer()
                .run_single(move |tx| {
                    Box::pin(async move {
                        let sql = format!(
                            "delete from {table} where {key} in \
                             (select {key} from {table} where {time} < $1 limit {AT_ONCE})"
                        );
                        let deleted = db::query(built(sql)).bind(before_us).execute(tx.conn());
                        Ok::<_, Refused>(deleted.await?.rows_affected())
                    })
                })
                .await?;
            gone += deleted;
            if deleted < AT_ONCE {
                return Ok(gone);
            }
        }
    }
}
