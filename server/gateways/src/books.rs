//! What is held, collected and given back: each change is one job of the ledger.

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row, SqlitePool};
use strum::IntoStaticStr;
use types::order::DeclineReason;

use crate::api::{Authorize, MoveAnswer, MoveMoney, News, PaymentAnswer};
use crate::cards::{self, Outcome, TOKEN_LIFE_US, Token};
use crate::outbox;

type Connection = SqliteConnection;
type Result<T> = sqlx::Result<T>;

/// What may be done with collected money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Kind {
    Capture,
    Refund,
}

/// How long something stands, microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Lives {
    /// Money that is held and not collected.
    pub held_us: i64,
    /// A challenge that nobody answers.
    pub challenge_us: i64,
}

/// A payment as it stands.
#[derive(Debug, Clone)]
pub struct Payment {
    pub id: String,
    pub reference: String,
    pub attempt: i64,
    pub amount_minor: i64,
    pub currency: String,
    pub status: String,
    pub reason: Option<DeclineReason>,
    pub outcome: Option<DeclineReason>,
    pub return_url: String,
    pub expires_at_us: i64,
}

const COLUMNS: &str = "select id, reference, attempt, amount_minor, currency, status, decline_reason, \
     outcome, return_url, expires_at_us from payments";

/// As JSON, which is what stands in the ledger.
fn reason_text(reason: Option<DeclineReason>) -> String {
    reason.map_or_else(String::new, |reason| {
        serde_json::to_string(&reason).unwrap_or_default()
    })
}

impl Payment {
    fn read(row: &SqliteRow) -> Result<Self> {
        let reason = |at| Ok::<_, sqlx::Error>(serde_json::from_str(row.try_get(at)?).ok());
        Ok(Self {
            id: row.try_get(0)?,
            reference: row.try_get(1)?,
            attempt: row.try_get(2)?,
            amount_minor: row.try_get(3)?,
            currency: row.try_get(4)?,
            status: row.try_get(5)?,
            reason: reason(6)?,
            outcome: reason(7)?,
            return_url: row.try_get(8)?,
            expires_at_us: row.try_get(9)?,
        })
    }

    pub fn answer(&self) -> PaymentAnswer {
        let id = self.id.clone();
        match self.status.as_str() {
            "authorized" => PaymentAnswer::Authorized {
                id,
                amount_minor: self.amount_minor,
                currency: self.currency.clone(),
            },
            "action_required" => PaymentAnswer::ActionRequired {
                path: format!("/challenges/{id}"),
                id,
                until_us: self.expires_at_us,
            },
            "voided" => PaymentAnswer::Voided { id },
            "expired" => PaymentAnswer::Expired { id },
            _ => PaymentAnswer::Declined {
                id,
                reason: self.reason.unwrap_or(DeclineReason::CardDeclined),
            },
        }
    }

    /// What is told of it, under the name of what has happened.
    pub const fn news<'a>(&'a self, kind: &'a str) -> News<'a> {
        News {
            kind,
            id: self.id.as_str(),
            reference: self.reference.as_str(),
            attempt: self.attempt,
            amount_minor: self.amount_minor,
            currency: self.currency.as_str(),
            reason: self.reason,
            refund_id: None,
        }
    }

    /// Whether it was held for too long, noticed or not.
    fn has_expired(&self, now_us: i64) -> bool {
        let is_over = (1..=now_us).contains(&self.expires_at_us);
        self.status == "expired" || self.status == "authorized" && is_over
    }

    /// The name under which its present state is told.
    pub fn kind(&self) -> &'static str {
        match self.status.as_str() {
            "authorized" => "payment.authorized",
            "action_required" => "payment.action_required",
            "voided" => "payment.voided",
            "expired" => "payment.expired",
            _ => "payment.declined",
        }
    }
}

/// The payment of this name.
pub async fn find(ledger: &SqlitePool, id: &str) -> Result<Option<Payment>> {
    let sql = select_where(" where id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id);
    let row = row.fetch_optional(ledger).await?;
    row.as_ref().map(Payment::read).transpose()
}

fn select_where(condition: &str) -> String {
    format!("{COLUMNS}{condition}")
}

pub async fn find_in(
    connection: &mut Connection,
    condition: &str,
    value: &str,
) -> Result<Option<Payment>> {
    let row = sqlx::query(sqlx::AssertSqlSafe(select_where(condition))).bind(value);
    let row = row.fetch_optional(connection).await?;
    row.as_ref().map(Payment::read).transpose()
}

/// Keeps what may be kept of a card.
pub async fn keep_token(
    connection: &mut Connection,
    token: &Token,
    outcome: Outcome,
    now_us: i64,
) -> Result<()> {
    sqlx::query("insert into tokens values ($1, $2, $3, $4, '', $5)")
        .bind(&token.token)
        .bind(serde_json::to_string(&outcome).unwrap_or_default())
        .bind(token.brand)
        .bind(&token.last4)
        .bind(now_us)
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes tokens that nobody can use any more. One that was is kept as long again: who retries late is told
/// that it is used, not unknown.
pub async fn forget_tokens(connection: &mut Connection, now_us: i64) -> Result<()> {
    sqlx::query("delete from tokens where created_at_us < $1")
        .bind(now_us.saturating_sub(2 * TOKEN_LIFE_US))
        .execute(connection)
        .await?;
    Ok(())
}

/// What a token does for this request. It is good for one.
async fn use_up(
    connection: &mut Connection,
    token: &str,
    key: &str,
    now_us: i64,
) -> Result<Outcome> {
    if let Some(outcome) = cards::standing(token) {
        return Ok(outcome);
    }
    let used = sqlx::query(
        "update tokens set used_for = $1 where token = $2 and created_at_us > $3 \
         and (used_for = '' or used_for = $1) returning outcome",
    )
    .bind(key)
    .bind(token)
    .bind(now_us.saturating_sub(TOKEN_LIFE_US))
    .fetch_optional(connection)
    .await?;
    let unknown = Outcome::Declined(DeclineReason::InvalidToken);
    Ok(match used {
        Some(row) => serde_json::from_str(row.try_get(0)?).unwrap_or(unknown),
        None => unknown,
    })
}

/// Decides about a request to hold money, once: asked again with the same key it answers as before.
pub async fn authorize(
    connection: &mut Connection,
    id: String,
    key: &str,
    request: &Authorize,
    lives: Lives,
    now_us: i64,
) -> Result<Payment> {
    if let Some(known) = find_in(connection, " where idempotency_key = $1", key).await? {
        return Ok(known);
    }
    let outcome = use_up(connection, &request.payment_token, key, now_us).await?;
    let payment = new_payment(id, request, outcome, lives, now_us);
    enter(connection, &payment, key, now_us).await?;
    Ok(payment)
}

fn new_payment(
    id: String,
    request: &Authorize,
    outcome: Outcome,
    lives: Lives,
    now_us: i64,
) -> Payment {
    let (status, reason, after, life_us) = match outcome {
        Outcome::Authorized => ("authorized", None, None, lives.held_us),
        Outcome::Declined(reason) => ("declined", Some(reason), None, 0),
        Outcome::Challenge(after) => ("action_required", None, after, lives.challenge_us),
    };
    Payment {
        id,
        reference: request.reference.clone(),
        attempt: request.attempt.into(),
        amount_minor: request.amount_minor,
        currency: request.currency.clone(),
        status: status.to_owned(),
        reason,
        outcome: after,
        return_url: request.return_url.clone(),
        expires_at_us: match outcome {
            Outcome::Declined(_) => 0,
            _ => now_us.saturating_add(life_us),
        },
    }
}

async fn enter(
    connection: &mut Connection,
    payment: &Payment,
    key: &str,
    now_us: i64,
) -> Result<()> {
    sqlx::query(
        "insert into payments (id, idempotency_key, reference, attempt, amount_minor, currency, status, \
         decline_reason, outcome, return_url, expires_at_us, created_at_us) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(&payment.id)
    .bind(key)
    .bind(&payment.reference)
    .bind(payment.attempt)
    .bind(payment.amount_minor)
    .bind(&payment.currency)
    .bind(&payment.status)
    .bind(reason_text(payment.reason))
    .bind(reason_text(payment.outcome))
    .bind(&payment.return_url)
    .bind(payment.expires_at_us)
    .bind(now_us)
    .execute(connection)
    .await?;
    Ok(())
}

/// Holds once more what has expired, with the same card.
pub async fn hold_again(
    connection: &mut Connection,
    id: &str,
    lives: Lives,
    now_us: i64,
) -> Result<Option<Payment>> {
    let Some(mut payment) = find_in(connection, " where id = $1", id).await? else {
        return Ok(None);
    };
    if payment.has_expired(now_us) {
        payment.status = "authorized".to_owned();
        payment.expires_at_us = now_us.saturating_add(lives.held_us);
        change(connection, &payment).await?;
    }
    Ok(Some(payment))
}

/// What the shopper has answered to a challenge. An answer to one that has ended changes nothing.
pub async fn answer_challenge(
    connection: &mut Connection,
    id: &str,
    is_approved: bool,
    lives: Lives,
    now_us: i64,
) -> Result<Option<Payment>> {
    let Some(mut payment) = find_in(connection, " where id = $1", id).await? else {
        return Ok(None);
    };
    if payment.status != "action_required" {
        return Ok(Some(payment));
    }
    let refusal = match is_approved {
        true => payment.outcome,
        false => Some(DeclineReason::NotAuthenticated),
    };
    (payment.reason, payment.outcome) = (refusal, None);
    (payment.status, payment.expires_at_us) = match refusal {
        None => (
            "authorized".to_owned(),
            now_us.saturating_add(lives.held_us),
        ),
        Some(_) => ("declined".to_owned(), 0),
    };
    change(connection, &payment).await?;
    outbox::put(connection, &payment.news(payment.kind()), now_us).await?;
    Ok(Some(payment))
}

async fn change(connection: &mut Connection, payment: &Payment) -> Result<()> {
    sqlx::query(
        "update payments set status = $1, decline_reason = $2, outcome = $3, expires_at_us = $4 \
         where id = $5",
    )
    .bind(&payment.status)
    .bind(reason_text(payment.reason))
    .bind(reason_text(payment.outcome))
    .bind(payment.expires_at_us)
    .bind(&payment.id)
    .execute(connection)
    .await?;
    Ok(())
}

/// Lets go what is held and was not collected, and ends what waits for the shopper. Asked again, it does no
/// harm.
pub async fn void(connection: &mut Connection, id: &str) -> Result<Option<Payment>> {
    let Some(mut payment) = find_in(connection, " where id = $1", id).await? else {
        return Ok(None);
    };
    match payment.status.as_str() {
        "authorized" => payment.status = "voided".to_owned(),
        "action_required" => {
            payment.status = "declined".to_owned();
            payment.reason = Some(DeclineReason::NotAuthenticated);
        }
        _ => return Ok(Some(payment)),
    }
    payment.expires_at_us = 0;
    change(connection, &payment).await?;
    Ok(Some(payment))
}

/// What was collected and given back of a payment, or is about to be, in minor units.
async fn sums(connection: &mut Connection, id: &str) -> Result<(i64, i64)> {
    let row = sqlx::query(
        "select coalesce(sum(case when kind = 'capture' then amount_minor end), 0), \
         coalesce(sum(case when kind = 'refund' then amount_minor end), 0) \
         + (select coalesce(sum(amount_minor), 0) from refunds \
            where payment_id = $1 and status = 'pending') \
         from movements where payment_id = $1",
    )
    .bind(id)
    .fetch_one(connection)
    .await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// Moves money, if there is any. A request that was entered before is answered as before; one that was
/// refused is looked at again.
pub async fn move_money(
    connection: &mut Connection,
    id: &str,
    key: &str,
    money: &MoveMoney,
    kind: Kind,
    now_us: i64,
) -> Result<MoveAnswer> {
    if let Some(answer) = check(connection, id, key, money, kind, now_us).await? {
        return Ok(answer);
    }
    enter_movement(connection, key, id, kind, money.amount_minor, now_us).await?;
    Ok(MoveAnswer::Done)
}

/// What is answered without moving anything: to a request that was entered before, or that is refused.
pub async fn check(
    connection: &mut Connection,
    id: &str,
    key: &str,
    money: &MoveMoney,
    kind: Kind,
    now_us: i64,
) -> Result<Option<MoveAnswer>> {
    let known = sqlx::query("select 1 from movements where idempotency_key = $1").bind(key);
    if known.fetch_optional(&mut *connection).await?.is_some() {
        return Ok(Some(MoveAnswer::Done));
    }
    let refused = |reason, expired| Ok(Some(MoveAnswer::Refused { reason, expired }));
    let Some(payment) = find_in(connection, " where id = $1", id).await? else {
        return refused(format!("nothing is known of {id}"), false);
    };
    let (captured, refunded) = sums(connection, id).await?;
    let there = match kind {
        Kind::Capture if payment.has_expired(now_us) => {
            return refused("the authorization has expired".to_owned(), true);
        }
        Kind::Capture if payment.status == "authorized" => payment.amount_minor - captured,
        Kind::Capture => 0,
        Kind::Refund => captured - refunded,
    };
    let minor = money.amount_minor;
    if money.currency != payment.currency || !(1..=there).contains(&minor) {
        let kind = kind.into_str();
        let currency = payment.currency;
        let reason = format!("{kind} of {minor}, where {there} {currency} are left");
        return refused(reason, false);
    }
    Ok(None)
}

/// Enters a movement of money.
pub async fn enter_movement(
    connection: &mut Connection,
    key: &str,
    payment_id: &str,
    kind: Kind,
    minor: i64,
    now_us: i64,
) -> Result<()> {
    sqlx::query("insert into movements values ($1, $2, $3, $4, $5)")
        .bind(key)
        .bind(payment_id)
        .bind(kind.into_str())
        .bind(minor)
        .bind(now_us)
        .execute(connection)
        .await?;
    Ok(())
}

/// Payments looked at in one transaction, at most.
const EXPIRED_AT_ONCE: i64 = 200;

/// Lets go what was held for too long and gives up what nobody answers, and puts the news of it into the
/// outbox. Of what was collected whole there is none.
pub async fn expire(connection: &mut Connection, now_us: i64) -> Result<usize> {
    let sql = select_where(" where expires_at_us > 0 and expires_at_us <= $1 limit $2");
    let due = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(now_us)
        .bind(EXPIRED_AT_ONCE)
        .fetch_all(&mut *connection)
        .await?;
    for row in &due {
        let mut payment = Payment::read(row)?;
        payment.expires_at_us = 0;
        if payment.status == "action_required" {
            payment.status = "declined".to_owned();
            payment.reason = Some(DeclineReason::NotAuthenticated);
        } else {
            let (captured, _) = sums(connection, &payment.id).await?;
            if payment.status != "authorized" || captured >= payment.amount_minor {
                change(connection, &payment).await?;
                continue;
            }
            payment.status = "expired".to_owned();
        }
        change(connection, &payment).await?;
        outbox::put(connection, &payment.news(payment.kind()), now_us).await?;
    }
    Ok(due.len())
}
