//! Messages of gateways and carriers: each is taken once, however often it comes. Whether its sender is who
//! it says is looked at before (`server/src/http/webhooks.rs`); what it says is read by the service it is for.

use broker::Tx;
use domain::Event;

use crate::events::{Refused, encode_all};
use crate::shop::Shop;

/// How long a message is remembered. One that is as old is refused for its age (five minutes on either side of
/// now); a sender that did not hear the answer tries for days, each time with a new time and the same id.
pub(crate) const LIFE_US: i64 = 7 * 24 * 60 * 60 * 1_000_000;

/// Messages of before `$1`, some of them.
pub(crate) const SWEEP: &str = "delete from webhook_messages where id in \
     (select id from webhook_messages where taken_at_us < $1 limit 500)";

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    Now,
    /// It had come before: nothing was done.
    Before,
}

impl Shop {
    /// Takes a message: what it tells goes into the log, in the commit that remembers its id. `source` says
    /// whose ids these are.
    ///
    /// # Errors
    /// When the database does not answer; then it is not taken.
    pub(crate) async fn take_message(
        &self,
        source: &'static str,
        id: &str,
        told: Vec<Event>,
    ) -> Result<Taken, Refused> {
        let id = format!("{source} {id}");
        let told = encode_all(told)?;
        let now_us = self.now_us();
        self.writer()
            .run(move |tx| {
                Box::pin(async move {
                    if !remember(tx, &id, now_us).await? {
                        return Ok(Taken::Before);
                    }
                    for event in told {
                        tx.append(event, None);
                    }
                    Ok(Taken::Now)
                })
            })
            .await
    }
}

/// Remembers what is to be taken once, in the transaction that takes it; `false` when it was taken before.
pub(crate) async fn remember(tx: &mut Tx, id: &str, now_us: i64) -> Result<bool, Refused> {
    let remembered = db::query(
        "insert into webhook_messages (id, taken_at_us) values ($1, $2) on conflict (id) do nothing",
    )
    .bind(id)
    .bind(now_us)
    .execute(tx.conn())
    .await?;
    Ok(remembered.rows_affected() == 1)
}
