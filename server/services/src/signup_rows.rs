//! The table of those who want to be told when a SKU is back: follows whose turn it was, and forgets whom
//! nobody has to know any more.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker::{Consumer, Failure, Filter, Recorded, Rule, Tx};
use db::{Columns, in_list};
use domain::Event;
use domain::event::{
    BackInStockDue, BackInStockExpired, BackInStockRefused, BackInStockRequested,
    BackInStockRequeued, BackInStockWithdrawn,
};
use types::{Problem, SignupId};

use crate::events::{Refused, decode};
use crate::search_keys::search_key;

/// SKUs that one email can wait for at once.
const MAX_OF_EMAIL: i64 = 50;

#[derive(Debug)]
pub(crate) struct SignupRows;

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// It was their turn at this moment, unix microseconds.
    Told(i64),
    WaitsAgain,
    Gone,
}

impl Consumer for SignupRows {
    const NAME: &'static str = "signup_rows";
    const HEARS: Filter<'static> = Filter(&[Rule::topic(BackInStockDue::TOPIC).of(&[
        BackInStockDue::KIND,
        BackInStockRequeued::KIND,
        BackInStockRefused::KIND,
        BackInStockWithdrawn::KIND,
        BackInStockExpired::KIND,
    ])]);

    async fn handle(&self, tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<(), Failure> {
        // The last thing that happened to each is what counts.
        let mut fates: BTreeMap<SignupId, Fate> = BTreeMap::new();
        for recorded in batch {
            let (id, fate) = match &*decode(recorded)? {
                Event::BackInStockDue(due) => (due.signup_id, Fate::Told(recorded.time_us)),
                Event::BackInStockRequeued(it) => (it.signup_id, Fate::WaitsAgain),
                Event::BackInStockRefused(it) => (it.signup_id, Fate::Gone),
                Event::BackInStockWithdrawn(it) => (it.signup_id, Fate::Gone),
                Event::BackInStockExpired(it) => (it.signup_id, Fate::Gone),
                _ => continue,
            };
            fates.insert(id, fate);
        }
        let mut alike: BTreeMap<Fate, Vec<String>> = BTreeMap::new();
        for (id, fate) in fates {
            alike.entry(fate).or_default().push(id.to_string());
        }
        for (fate, ids) in alike {
            for ids in ids.chunks(256) {
                store(tx, fate, ids).await?;
            }
        }
        Ok(())
    }
}

/// Sign-ups whose turn it was before `$1`, some of them.
pub(crate) const SWEEP: &str = "delete from stock_signups where id in \
     (select id from stock_signups where told_at_us > 0 and told_at_us < $1 limit 500)";

/// Writes a sign-up down; says whether it was not there already.
pub(crate) async fn insert(
    tx: &mut Tx,
    asked: &BackInStockRequested,
    email: &str,
    now_us: i64,
) -> Result<bool, Refused> {
    let email_key = search_key(email);
    let open = "select count(*) from stock_signups where email_key = $1 and is_open = 1";
    let open = db::query(open).bind(&email_key).fetch_one(tx.conn());
    if open.await?.try_get::<i64, _>(0)? >= MAX_OF_EMAIL {
        let detail = "This email waits for many pieces already.";
        return Err(Problem::conflict("too-many-signups", "Too many pieces", detail).into());
    }
    let inserted = db::query(
        "insert into stock_signups (id, sku, email, email_key, signed_up_at_us, until_us, is_open, \
         told_at_us) values ($1, $2, $3, $4, $5, $6, 1, 0) on conflict do nothing",
    )
    .bind(asked.signup_id.to_string())
    .bind(asked.sku.as_str())
    .bind(email)
    .bind(&email_key)
    .bind(now_us)
    .bind(asked.until_us)
    .execute(tx.conn())
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Forgets a sign-up.
pub(crate) async fn forget(tx: &mut Tx, id: SignupId) -> Result<(), db::SqlError> {
    db::query("delete from stock_signups where id = $1")
        .bind(id.to_string())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Forgets all sign-ups of an email, as a search key.
pub(crate) async fn forget_person(tx: &mut Tx, email_key: &str) -> Result<(), db::SqlError> {
    db::query("delete from stock_signups where email_key = $1")
        .bind(email_key)
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn store(tx: &mut Tx, fate: Fate, ids: &[String]) -> Result<(), db::SqlError> {
    let (list, listed) = in_list(ids, 2);
    let (sql, at_us) = match fate {
        Fate::Told(at_us) => (
            format!("update stock_signups set is_open = 0, told_at_us = $1 where id in ({list})"),
            at_us,
        ),
        // Unless they have signed up once more meanwhile.
        Fate::WaitsAgain => (
            format!(
                "update stock_signups set is_open = 1, told_at_us = $1 where id in ({list}) \
                 and not exists (select 1 from stock_signups other where other.is_open = 1 \
                 and other.email_key = stock_signups.email_key and other.sku = stock_signups.sku)"
            ),
            0,
        ),
        Fate::Gone => (
            format!("delete from stock_signups where told_at_us >= $1 and id in ({list})"),
            0,
        ),
    };
    let mut statement = db::query(db::trusted_sql(sql)).bind(at_us);
    for id in listed {
        statement = statement.bind(id.as_str());
    }
    statement.execute(tx.conn()).await?;
    Ok(())
}
