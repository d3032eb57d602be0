//! Idempotency keys: a command that is sent again with the key of one that was answered gets that answer
//! again, and nothing is done twice. After the draft of the `Idempotency-Key` header field (IETF
//! httpapi): another request with the same key is refused, and so is one whose first is still running.
//!
//! A process that ends between what a command did and keeping its answer leaves a key without one. Once that
//! is old enough ([`ABANDONED_US`]) the command runs again when it is sent again. To keep effect and answer in
//! one commit every command would have to hand its transaction up to where its answer is written, with cookies
//! and redirects; and nothing is gained where running twice does what running once does:
//! - what costs money or moves goods has an id of its own beside the key, which acts once: an order, a card for
//!   an attempt, a parcel, a refund, a return;
//! - what sets something says the whole of it, so the second time finds it so: a quantity, a price, what
//!   delivery costs, a sign-up; a count says what it saw before, and is refused when that is not so any more;
//! - what remains is seen by who did it before anything comes of it: a piece that is in the cart twice, a note
//!   that stands there twice, a mail that staff have sent once more.
//!
//! A key is known by a digest that is made of the visitor, too: nobody meets an answer of somebody else.

use db::Columns;
use percent_encoding::percent_decode_str;

use crate::events::Refused;
use crate::shop::Shop;

/// How long an answer is kept.
pub(crate) const LIFE_US: i64 = 24 * 60 * 60 * 1_000_000;
/// A request that has no answer for so long has ended with the process that ran it.
const ABANDONED_US: i64 = 60 * 1_000_000;

/// Keys of before `$1`, some of them.
pub(crate) const SWEEP: &str = "delete from idempotency_keys where key in \
     (select key from idempotency_keys where claimed_at_us < $1 limit 500)";

/// Answers looked at in one go.
const PAGE: i64 = 500;

/// Deletes the answers in which one of these texts stands: what a form has typed comes back in them.
pub(crate) async fn erase(tx: &mut broker::Tx, texts: &[String]) -> Result<(), Refused> {
    let texts: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
    let mut after = String::new();
    loop {
        let rows = db::query(
            "select key, answer from idempotency_keys where key > $1 order by key limit $2",
        )
        .bind(&after)
        .bind(PAGE)
        .fetch_all(tx.conn())
        .await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = last.try_get(0)?;
        for row in &rows {
            let answer: &str = row.try_get(1)?;
            let plain = percent_decode_str(answer)
                .decode_utf8_lossy()
                .to_lowercase();
            if texts.iter().any(|text| plain.contains(text)) {
                db::query("delete from idempotency_keys where key = $1")
                    .bind(row.try_get::<&str, _>(0)?)
                    .execute(tx.conn())
                    .await?;
            }
        }
    }
}

/// A visitor's key and what was sent with it, each as the hexadecimal digits of a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyed {
    pub key: String,
    pub request: String,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is new: the command may run. Its answer is to be kept, or the key given back.
    New,
    /// The answer of then, as it was kept.
    Answered(String),
    /// The first request runs still.
    Running,
    /// Something else was sent with it.
    Other,
}

impl Shop {
    /// Takes a key for a command. Keys outlive a restart.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn claim_key(&self, keyed: &Keyed) -> crate::Result<Claim> {
        let (keyed, now_us) = (keyed.clone(), self.now_us());
        let claimed: Result<Claim, Refused> = self
            .writer()
            .run_unmarked(move |tx| Box::pin(async move { claim(tx, &keyed, now_us).await }))
            .await;
        Ok(claimed?)
    }

    /// Keeps the answer to a key that was new.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keep_answer(&self, key: String, answer: String) -> crate::Result<()> {
        self.end_claim(
            "update idempotency_keys set answer = $2 where key = $1",
            key,
            answer,
        )
        .await
    }

    /// Gives a key back whose command came to nothing: it may be sent again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn give_key_back(&self, key: String) -> crate::Result<()> {
        let sql = "delete from idempotency_keys where key = $1 and answer = $2";
        self.end_claim(sql, key, String::new()).await
    }

    async fn end_claim(&self, sql: &'static str, key: String, answer: String) -> crate::Result<()> {
        let ended: Result<(), Refused> = self
            .writer()
            .run_unmarked(move |tx| {
                Box::pin(async move {
                    let statement = db::query(sql).bind(key).bind(answer);
                    statement.execute(tx.conn()).await?;
                    Ok(())
                })
            })
            .await;
        Ok(ended?)
    }
}

async fn claim(tx: &mut broker::Tx, keyed: &Keyed, now_us: i64) -> Result<Claim, Refused> {
    let taken = db::query(
        "insert into idempotency_keys (key, request, claimed_at_us, answer) \
         values ($1, $2, $3, '') on conflict (key) do update \
         set request = excluded.request, claimed_at_us = excluded.claimed_at_us, answer = '' \
         where idempotency_keys.claimed_at_us < $4 or (idempotency_keys.answer = '' \
         and idempotency_keys.claimed_at_us < $5 \
         and idempotency_keys.request = excluded.request)",
    )
    .bind(&keyed.key)
    .bind(&keyed.request)
    .bind(now_us)
    .bind(now_us.saturating_sub(LIFE_US))
    .bind(now_us.saturating_sub(ABANDONED_US))
    .execute(tx.conn())
    .await?;
    if taken.rows_affected() == 1 {
        return Ok(Claim::New);
    }
    let row = db::query("select request, answer from idempotency_keys where key = $1")
        .bind(&keyed.key)
        .fetch_one(tx.conn())
        .await?;
    if row.try_get::<&str, _>(0)? != keyed.request {
        return Ok(Claim::Other);
    }
    let answer: String = row.try_get(1)?;
    Ok(match answer.is_empty() {
        true => Claim::Running,
        false => Claim::Answered(answer),
    })
}
