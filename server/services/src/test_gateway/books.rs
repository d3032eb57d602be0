//! The test gateway's books: payments, and what became of their money.

use broker::GroupCommit;
use db::Columns;
use strum::IntoStaticStr;
use types::order::DeclineReason;

use crate::events::{Refused, internal};
use crate::gateway::{Authorize, Decision, MoveMoney, Moved, NoAnswer};

#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(super) enum Kind {
    Capture,
    Refund,
}

/// Moves money that is held or was collected.
pub(super) async fn move_money(
    writer: &GroupCommit,
    request: MoveMoney,
    kind: Kind,
    now_us: i64,
) -> Result<Moved, NoAnswer> {
    let moved: Result<Moved, Refused> = writer
        .run_unmarked(move |tx| Box::pin(async move { enter(tx, &request, kind, now_us).await }))
        .await;
    moved.map_err(|Refused(problem)| NoAnswer(problem.to_string()))
}

/// Lets go what is held and was not collected.
pub(super) async fn let_go(writer: &GroupCommit, authorization_id: String) -> Result<(), NoAnswer> {
    let booked: Result<(), Refused> = writer
        .run_unmarked(move |tx| {
            Box::pin(async move {
                db::query(
                    "update test_gateway_payments set status = 'voided' \
                     where authorization_id = $1",
                )
                .bind(authorization_id)
                .execute(tx.conn())
                .await?;
                Ok(())
            })
        })
        .await;
    booked.map_err(|Refused(problem)| NoAnswer(problem.to_string()))
}

/// Enters a movement into the books, if there is money for it. A request that was entered before is
/// answered as before; one that was refused is looked at again.
async fn enter(
    tx: &mut broker::Tx,
    request: &MoveMoney,
    kind: Kind,
    now_us: i64,
) -> Result<Moved, Refused> {
    let key = &request.idempotency_key;
    let known = db::query("select 1 from test_gateway_movements where idempotency_key = $1")
        .bind(key)
        .fetch_optional(tx.conn())
        .await?;
    if known.is_some() {
        return Ok(Moved::Done);
    }
    // Written, so that no other movement of this payment can be decided at once.
    let held = db::query(
        "update test_gateway_payments set status = status where authorization_id = $1 \
         returning amount_minor, currency, status",
    )
    .bind(&request.authorization_id)
    .fetch_optional(tx.conn())
    .await?;
    let refused = |reason: String| Ok(Moved::Refused { reason });
    let Some(held) = held else {
        return refused(format!("nothing is known of {}", request.authorization_id));
    };
    let sums = db::query(
        "select cast(coalesce(sum(case when kind = 'capture' then amount_minor end), 0) as bigint), \
         cast(coalesce(sum(case when kind = 'refund' then amount_minor end), 0) as bigint) \
         from test_gateway_movements where authorization_id = $1",
    )
    .bind(&request.authorization_id)
    .fetch_one(tx.conn())
    .await?;
    let (captured, refunded): (i64, i64) = (sums.try_get(0)?, sums.try_get(1)?);
    let currency: String = held.try_get(1)?;
    let is_held = held.try_get::<String, _>(2)? == "authorized";
    let there = match kind {
        Kind::Capture if is_held => held.try_get::<i64, _>(0)? - captured,
        Kind::Capture => 0,
        Kind::Refund => captured - refunded,
    };
    let minor = request.amount.minor;
    if currency != request.amount.currency.code() || !(1..=there).contains(&minor) {
        let kind = kind.into_str();
        return refused(format!(
            "{kind} of {minor}, where {there} {currency} are left"
        ));
    }
    db::query(
        "insert into test_gateway_movements \
         (idempotency_key, authorization_id, kind, amount_minor, created_at_us) \
         values ($1, $2, $3, $4, $5)",
    )
    .bind(key)
    .bind(&request.authorization_id)
    .bind(kind.into_str())
    .bind(minor)
    .bind(now_us)
    .execute(tx.conn())
    .await?;
    Ok(Moved::Done)
}

/// Enters the decision about a payment. A request that was decided before keeps its first decision.
pub(super) async fn enter_payment(
    tx: &mut broker::Tx,
    request: &Authorize,
    decision: Decision,
    now_us: i64,
) -> Result<Decision, Refused> {
    let (status, reason, authorization_id) = match &decision {
        Decision::Authorized { authorization_id } => {
            ("authorized", None, authorization_id.as_str())
        }
        Decision::Declined { reason } => ("declined", Some(reason), ""),
    };
    let entered = db::query(
        "insert into test_gateway_payments (idempotency_key, reference, amount_minor, currency, \
         status, decline_reason, authorization_id, created_at_us) \
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (idempotency_key) do nothing",
    )
    .bind(&request.idempotency_key)
    .bind(request.reference.to_string())
    .bind(request.amount.minor)
    .bind(request.amount.currency.code())
    .bind(status)
    .bind(serde_json::to_string(&reason).map_err(|error| Refused(internal(error)))?)
    .bind(authorization_id)
    .bind(now_us)
    .execute(tx.conn())
    .await?
    .rows_affected();
    if entered == 1 {
        return Ok(decision);
    }
    let row = db::query(
        "select decline_reason, authorization_id from test_gateway_payments \
         where idempotency_key = $1",
    )
    .bind(&request.idempotency_key)
    .fetch_one(tx.conn())
    .await?;
    let reason: Option<DeclineReason> =
        serde_json::from_str(row.try_get(0)?).map_err(|error| Refused(internal(error)))?;
    Ok(match reason {
        Some(reason) => Decision::Declined { reason },
        None => Decision::Authorized {
            authorization_id: row.try_get(1)?,
        },
    })
}
