//! The table of mails: which there are, and whose turn it is with each.
//!
//! A mail is tried by whoever moves its row from queued to sending. That row is committed before
//! anything is sent, and says until when its holder may be at it; only after that somebody else takes
//! it over.

use broker::{Failure, GroupCommit};
use db::Columns;
use domain::event::MailBounced;
use types::mail::{MailCursor, MailState};
use types::{MailId, OrderId, SignupId, Sku};

use crate::events::encode;

/// What a mail is about, and by that to whom it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    Order(OrderId),
    /// Somebody's wish to be told when a SKU is back.
    Signup(SignupId, Sku),
}

impl About {
    /// As the table has it: order, sign-up and subject.
    fn columns(&self) -> [String; 3] {
        match self {
            Self::Order(id) => [id.to_string(), String::new(), String::new()],
            Self::Signup(id, sku) => [String::new(), id.to_string(), sku.to_string()],
        }
    }
}

/// A mail as the table has it.
#[derive(Debug, Clone)]
pub struct Row {
    pub id: MailId,
    pub about: About,
    pub kind: String,
    /// Of the event that it tells.
    pub position: u64,
    pub resend_of: Option<MailId>,
    pub message_id: String,
    pub state: MailState,
    pub attempts: u32,
    pub due_us: i64,
    pub error: String,
    pub queued_at_us: i64,
    pub changed_at_us: i64,
}

const COLUMNS: &str = "id, order_id, kind, position, resend_of, message_id, state, attempts, due_us, \
                       error, queued_at_us, changed_at_us, signup_id, subject";

/// How a claim went.
#[derive(Debug)]
pub enum Claim {
    /// It is to be sent, by nobody else.
    Mine(Row),
    /// Somebody is at it, or was when their process ended.
    Taken,
    /// It needs nobody: it has come to its end, or waits for its next attempt.
    Settled,
}

/// What an attempt leaves behind.
#[derive(Debug, Clone)]
pub struct Ended {
    pub state: MailState,
    pub error: String,
    /// When to try again; 0 for never.
    pub due_us: i64,
}

/// Mails that were settled this long ago are deleted, some of them.
pub const SWEEP: &str = "delete from mails where id in \
     (select id from mails where queued_at_us < $1 and due_us = 0 order by queued_at_us limit 500)";

/// Writes a new mail down, as being sent, or claims one that is known.
pub async fn claim_new(
    db: &db::Db,
    writer: &GroupCommit,
    row: Row,
    until_us: i64,
) -> Result<Claim, Failure> {
    let new = row.clone();
    let is_new = writer
        .run_unmarked(move |tx| {
            Box::pin(async move {
                let [order, signup, subject] = new.about.columns();
                let inserted = db::query(
                    "insert into mails (id, order_id, kind, position, resend_of, message_id, state, \
                     attempts, due_us, error, queued_at_us, changed_at_us, signup_id, subject) \
                     values ($1, $2, $3, $4, $5, $6, 'sending', 1, $7, '', $8, $8, $9, $10) \
                     on conflict do nothing",
                )
                .bind(new.id.to_string())
                .bind(order)
                .bind(new.kind)
                .bind(i64::try_from(new.position).unwrap_or(i64::MAX))
                .bind(new.resend_of.map(|id| id.to_string()).unwrap_or_default())
                .bind(new.message_id)
                .bind(until_us)
                .bind(new.queued_at_us)
                .bind(signup)
                .bind(subject)
                .execute(tx.conn())
                .await?;
                Ok::<_, Failure>(inserted.rows_affected() == 1)
            })
        })
        .await?;
    if is_new {
        return Ok(Claim::Mine(Row {
            state: MailState::Sending,
            attempts: 1,
            due_us: until_us,
            ..row
        }));
    }
    match one(db, row.id).await? {
        Some(known) => claim(writer, known, row.changed_at_us, until_us).await,
        None => Ok(Claim::Settled),
    }
}

/// Claims a mail, if it is due and still as `known` has it.
pub async fn claim(
    writer: &GroupCommit,
    known: Row,
    now_us: i64,
    until_us: i64,
) -> Result<Claim, Failure> {
    if known.due_us == 0 {
        return Ok(Claim::Settled);
    }
    if known.due_us > now_us {
        return Ok(match known.state {
            MailState::Sending => Claim::Taken,
            _ => Claim::Settled,
        });
    }
    let (id, attempts) = (known.id, known.attempts);
    let is_mine = writer
        .run_unmarked(move |tx| {
            Box::pin(async move {
                let claimed = db::query(
                    "update mails set state = 'sending', attempts = attempts + 1, due_us = $1, \
                     changed_at_us = $2 where id = $3 and attempts = $4 and due_us > 0",
                )
                .bind(until_us)
                .bind(now_us)
                .bind(id.to_string())
                .bind(i64::from(attempts))
                .execute(tx.conn())
                .await?;
                Ok::<_, Failure>(claimed.rows_affected() == 1)
            })
        })
        .await?;
    Ok(match is_mine {
        true => Claim::Mine(Row {
            state: MailState::Sending,
            attempts: attempts + 1,
            due_us: until_us,
            changed_at_us: now_us,
            ..known
        }),
        false => Claim::Taken,
    })
}

/// Writes down how the attempt ended that this row was claimed for. Says whether that was still so: an
/// attempt that was taken over meanwhile says nothing any more.
pub async fn settle(
    writer: &GroupCommit,
    row: &Row,
    ended: Ended,
    now_us: i64,
) -> Result<bool, Failure> {
    let (id, attempts) = (row.id, row.attempts);
    writer
        .run_unmarked(move |tx| {
            Box::pin(async move {
                let settled = db::query(
                    "update mails set state = $1, error = $2, due_us = $3, changed_at_us = $4 \
                     where id = $5 and attempts = $6 and state = 'sending'",
                )
                .bind(ended.state.into_str())
                .bind(ended.error)
                .bind(ended.due_us)
                .bind(now_us)
                .bind(id.to_string())
                .bind(i64::from(attempts))
                .execute(tx.conn())
                .await?;
                let is_ours = settled.rows_affected() == 1;
                if is_ours && ended.state == MailState::Bounced {
                    tx.append(encode(MailBounced { mail_id: id }.into())?, None);
                }
                Ok::<_, Failure>(is_ours)
            })
        })
        .await
}

pub async fn one(db: &db::Db, id: MailId) -> Result<Option<Row>, Failure> {
    let row = db::query(db::trusted_sql(format!(
        "select {COLUMNS} from mails where id = $1"
    )))
    .bind(id.to_string())
    .fetch_optional(db.reader())
    .await?;
    row.as_ref().map(read).transpose()
}

/// Mails that are due, the longest waiting first.
pub async fn due(db: &db::Db, now_us: i64, limit: usize) -> Result<Vec<Row>, Failure> {
    let rows = db::query(db::trusted_sql(format!(
        "select {COLUMNS} from mails where due_us > 0 and due_us <= $1 order by due_us limit $2"
    )))
    .bind(now_us)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(db.reader())
    .await?;
    rows.iter().map(read).collect()
}

/// When the next mail is due; `None` when there is none.
pub async fn next_due_us(db: &db::Db) -> Result<Option<i64>, Failure> {
    let row = db::query("select due_us from mails where due_us > 0 order by due_us limit 1")
        .fetch_optional(db.reader())
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// What is known of a person, by what their mails may be about.
#[derive(Debug, Clone)]
pub struct Person {
    pub orders: Vec<OrderId>,
    pub signups: Vec<SignupId>,
}

/// The mails to a person: each with when it was queued.
///
/// # Errors
/// [`Failure::Moved`] while somebody is at one of them: what they leave behind is not there yet.
pub async fn of_person(
    db: &db::Db,
    person: &Person,
    now_us: i64,
) -> Result<Vec<(MailId, i64)>, Failure> {
    let of_order = "select id, queued_at_us, state, due_us from mails where order_id = $1";
    let of_signup = "select id, queued_at_us, state, due_us from mails \
                     where signup_id = $1 and signup_id <> ''";
    let orders = person.orders.iter().map(|id| (of_order, id.to_string()));
    let signups = person.signups.iter().map(|id| (of_signup, id.to_string()));
    let mut mails = Vec::new();
    // A person's orders and wishes are few.
    for (sql, id) in orders.chain(signups) {
        let rows = db::query(sql).bind(id).fetch_all(db.reader()).await?;
        for row in &rows {
            let id: &str = row.try_get(0)?;
            let id = id
                .parse()
                .map_err(|error| Failure::Other(format!("mails: {error}")))?;
            let (state, due_us): (&str, i64) = (row.try_get(2)?, row.try_get(3)?);
            if state == MailState::Sending.into_str() && due_us > now_us {
                return Err(Failure::Moved);
            }
            mails.push((id, row.try_get(1)?));
        }
    }
    Ok(mails)
}

/// Deletes the mails to a person: a server may have answered with their address.
pub async fn erase(writer: &GroupCommit, person: Person) -> Result<(), Failure> {
    writer
        .run(move |tx| {
            Box::pin(async move {
                let of_order = "delete from mails where order_id = $1";
                let of_signup = "delete from mails where signup_id = $1 and signup_id <> ''";
                let orders = person.orders.iter().map(|id| (of_order, id.to_string()));
                let signups = person.signups.iter().map(|id| (of_signup, id.to_string()));
                for (sql, id) in orders.chain(signups) {
                    db::query(sql).bind(id).execute(tx.conn()).await?;
                }
                Ok::<_, Failure>(())
            })
        })
        .await
}

/// Mails, newest first: of one order or of all, those before a place in the list.
pub async fn newest(
    db: &db::Db,
    order: Option<OrderId>,
    before: Option<MailCursor>,
    limit: usize,
) -> Result<Vec<Row>, Failure> {
    let (at_us, id) = match before {
        Some(MailCursor { queued_at_us, id }) => (queued_at_us, id.to_string()),
        None => (i64::MAX, String::new()),
    };
    let of_order = match order {
        Some(_) => "order_id = $4 and",
        None => "",
    };
    let sql = format!(
        "select {COLUMNS} from mails where {of_order} \
         (queued_at_us < $1 or (queued_at_us = $1 and id < $2)) \
         order by queued_at_us desc, id desc limit $3"
    );
    let query = db::query(db::trusted_sql(sql))
        .bind(at_us)
        .bind(id)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let query = match order {
        Some(order) => query.bind(order.to_string()),
        None => query,
    };
    let rows = query.fetch_all(db.reader()).await?;
    rows.iter().map(read).collect()
}

fn read(row: &db::Row) -> Result<Row, Failure> {
    let bad = |error: &dyn std::fmt::Display| Failure::Other(format!("mails: {error}"));
    let text = |column| row.try_get::<&str, _>(column);
    let number = |column| row.try_get::<i64, _>(column);
    let resend_of = text(4)?;
    let about = match text(12)? {
        "" => About::Order(text(1)?.parse().map_err(|e| bad(&e))?),
        signup => About::Signup(
            signup.parse().map_err(|e| bad(&e))?,
            text(13)?.parse().map_err(|e| bad(&e))?,
        ),
    };
    Ok(Row {
        id: text(0)?.parse().map_err(|e| bad(&e))?,
        about,
        kind: text(2)?.to_owned(),
        position: u64::try_from(number(3)?).unwrap_or_default(),
        resend_of: match resend_of {
            "" => None,
            id => Some(id.parse().map_err(|e| bad(&e))?),
        },
        message_id: text(5)?.to_owned(),
        state: text(6)?.parse().map_err(|e| bad(&e))?,
        attempts: u32::try_from(number(7)?).unwrap_or_default(),
        due_us: number(8)?,
        error: text(9)?.to_owned(),
        queued_at_us: number(10)?,
        changed_at_us: number(11)?,
    })
}
