//! What a payment reactor asks of its gateway, with no transaction open, and what follows from the answer.

use broker::{Failure, NewEvent, Recorded};
use domain::Event;
use domain::event::{
    Gateway, PaymentActionRequired, PaymentAuthorized, PaymentCaptureFailed,
    PaymentCaptureRequested, PaymentCaptured, PaymentCheckRequested, PaymentDeclined,
    PaymentOutcome, PaymentReauthorizationFailed, PaymentReauthorizationRequested,
    PaymentReauthorized, PaymentRefundCheckRequested, PaymentRefundFailed, PaymentRefundPending,
    PaymentRefundReported, PaymentRefundRequested, PaymentRefunded, PaymentReported,
    PaymentRequested, PaymentVoidRequested, PaymentVoided, RefundOutcome,
};
use types::Money;
use types::order::DeclineReason;

use crate::events::{decode, encode};
use crate::gateway::{Authorize, Decision, MoveMoney, Moved, NoAnswer, Outcome, PaymentGateway};

/// What is asked, by name.
pub(crate) const REQUESTS: &[&str] = &[
    PaymentRequested::KIND,
    PaymentVoidRequested::KIND,
    PaymentCaptureRequested::KIND,
    PaymentRefundRequested::KIND,
    PaymentCheckRequested::KIND,
    PaymentReauthorizationRequested::KIND,
    PaymentRefundCheckRequested::KIND,
];

/// Asks `gateway`, which the log knows by `name`.
pub(crate) async fn ask(
    gateway: &dyn PaymentGateway,
    name: Gateway,
    recorded: &Recorded,
) -> Result<Vec<NewEvent>, Failure> {
    let key = recorded.id.to_string();
    let answer = match &*decode(recorded)? {
        Event::PaymentRequested(request) => authorize(gateway, name, key, request).await,
        Event::PaymentVoidRequested(request) => void(gateway, request).await,
        Event::PaymentCaptureRequested(request) => capture(gateway, key, request).await,
        Event::PaymentRefundRequested(request) => refund(gateway, key, request).await,
        Event::PaymentCheckRequested(request) => return check(gateway, request).await,
        Event::PaymentRefundCheckRequested(request) => return check_refund(gateway, request).await,
        Event::PaymentReauthorizationRequested(request) => hold_again(gateway, key, request).await,
        _ => return Ok(Vec::new()),
    };
    Ok(vec![encode(answer.map_err(failure)?)?])
}

fn failure(no_answer: NoAnswer) -> Failure {
    Failure::NoAnswer(no_answer.to_string())
}

/// What follows when staff give up that the gateway answers. The order goes on as after a refusal: it can be paid in
/// another way, or ends with its payment window; staff see that money was not collected or not given back, and can ask
/// again.
pub(crate) fn given_up(recorded: &Recorded) -> Result<Vec<NewEvent>, Failure> {
    let given_up = || "given up by staff".to_owned();
    let refused: Event = match &*decode(recorded)? {
        Event::PaymentRequested(request) => PaymentDeclined {
            order_id: request.order_id,
            attempt: request.attempt,
            reason: DeclineReason::ProcessingError,
            gateway: request.gateway,
        }
        .into(),
        Event::PaymentCaptureRequested(request) => not_captured(request, given_up(), false),
        Event::PaymentRefundRequested(request) => not_refunded(request, given_up()),
        Event::PaymentReauthorizationRequested(request) => not_held(request, given_up()),
        _ => return Ok(Vec::new()),
    };
    Ok(vec![encode(refused)?])
}

async fn authorize(
    gateway: &dyn PaymentGateway,
    name: Gateway,
    idempotency_key: String,
    request: &PaymentRequested,
) -> Result<Event, NoAnswer> {
    let PaymentRequested {
        order_id,
        amount,
        ref payment_token,
        attempt,
        reserved_until_us,
        ..
    } = *request;
    let asked = Authorize {
        idempotency_key,
        reference: order_id,
        attempt,
        amount,
        payment_token: payment_token.clone(),
        reserved_until_us,
    };
    Ok(match gateway.authorize(asked).await? {
        Decision::Authorized { authorization_id } => PaymentAuthorized {
            order_id,
            amount,
            attempt,
            authorization_id,
            gateway: name,
        }
        .into(),
        Decision::Declined { reason } => PaymentDeclined {
            order_id,
            attempt,
            reason,
            gateway: name,
        }
        .into(),
        Decision::ActionRequired(action) => PaymentActionRequired {
            order_id,
            attempt,
            action_id: action.id,
            url: action.url,
            gateway: name,
        }
        .into(),
    })
}

/// Lets go what the gateway holds for an order that has ended.
async fn void(
    gateway: &dyn PaymentGateway,
    request: &PaymentVoidRequested,
) -> Result<Event, NoAnswer> {
    gateway.void(request.authorization_id.clone()).await?;
    let voided = PaymentVoided {
        order_id: request.order_id,
        attempt: request.attempt,
        authorization_id: request.authorization_id.clone(),
    };
    Ok(voided.into())
}

async fn capture(
    gateway: &dyn PaymentGateway,
    idempotency_key: String,
    request: &PaymentCaptureRequested,
) -> Result<Event, NoAnswer> {
    let asked = MoveMoney {
        idempotency_key,
        authorization_id: request.authorization_id.clone(),
        amount: request.amount,
        is_last: request.is_last,
        reference: request.order_id,
        refund_id: None,
    };
    let captured = |amount: Money, asked: Option<Money>| {
        PaymentCaptured {
            order_id: request.order_id,
            shipment_id: request.shipment_id,
            amount,
            asked,
        }
        .into()
    };
    Ok(match gateway.capture(asked).await? {
        Moved::Refused { reason, expired } => not_captured(request, reason, expired),
        Moved::Done => captured(request.amount, None),
        Moved::Otherwise { amount } => captured(amount, Some(request.amount)),
        Moved::Pending { id } => return Err(not_now(&id)),
    })
}

async fn refund(
    gateway: &dyn PaymentGateway,
    idempotency_key: String,
    request: &PaymentRefundRequested,
) -> Result<Event, NoAnswer> {
    let asked = MoveMoney {
        idempotency_key: idempotency_key.clone(),
        authorization_id: request.authorization_id.clone(),
        amount: request.amount,
        is_last: true,
        reference: request.order_id,
        refund_id: Some(request.refund_id),
    };
    Ok(match gateway.refund(asked).await? {
        Moved::Refused { reason, .. } => not_refunded(request, reason),
        Moved::Done => PaymentRefunded {
            order_id: request.order_id,
            refund_id: request.refund_id,
            amount: request.amount,
            request: None,
        }
        .into(),
        Moved::Pending { id } => PaymentRefundPending {
            order_id: request.order_id,
            refund_id: request.refund_id,
            amount: request.amount,
            gateway_refund_id: id,
            request: idempotency_key,
            gateway: request.gateway,
        }
        .into(),
        // No gateway gives back another amount than it was asked to.
        Moved::Otherwise { amount } => return Err(NoAnswer(format!("it gave {amount} back"))),
    })
}

/// Asks what has become of what the shopper was to do. Of what is still pending there is no news.
async fn check(
    gateway: &dyn PaymentGateway,
    request: &PaymentCheckRequested,
) -> Result<Vec<NewEvent>, Failure> {
    let id = request.action_id.clone();
    let found = match request.is_last {
        true => gateway.give_up(id).await,
        false => gateway.look(id).await,
    };
    let mut payment_id = request.action_id.clone();
    let outcome = match found.map_err(failure)? {
        Outcome::Pending => return Ok(Vec::new()),
        Outcome::Authorized {
            authorization_id,
            amount,
        } => {
            payment_id = authorization_id;
            PaymentOutcome::Authorized { amount }
        }
        Outcome::Declined { reason } => PaymentOutcome::Declined { reason },
        Outcome::LetGo => PaymentOutcome::LetGo,
    };
    let told = PaymentReported {
        order_id: request.order_id,
        attempt: request.attempt,
        payment_id,
        outcome,
        gateway: request.gateway,
    };
    Ok(vec![encode(told.into())?])
}

/// Asks what has become of a refund. Of what is still on its way there is no news.
async fn check_refund(
    gateway: &dyn PaymentGateway,
    request: &PaymentRefundCheckRequested,
) -> Result<Vec<NewEvent>, Failure> {
    let id = request.gateway_refund_id.clone();
    let outcome = gateway.look_for_refund(id).await.map_err(failure)?;
    if outcome == RefundOutcome::Pending {
        return Ok(Vec::new());
    }
    let told = PaymentRefundReported {
        order_id: request.order_id,
        refund_id: None,
        gateway_refund_id: request.gateway_refund_id.clone(),
        outcome,
        gateway: request.gateway,
    };
    Ok(vec![encode(told.into())?])
}

/// A gateway that collects at once has not.
fn not_now(id: &str) -> NoAnswer {
    NoAnswer(format!("{id} is not done yet"))
}

async fn hold_again(
    gateway: &dyn PaymentGateway,
    idempotency_key: String,
    request: &PaymentReauthorizationRequested,
) -> Result<Event, NoAnswer> {
    let id = request.authorization_id.clone();
    Ok(match gateway.hold_again(id, idempotency_key).await? {
        Moved::Done => PaymentReauthorized {
            order_id: request.order_id,
            authorization_id: request.authorization_id.clone(),
        }
        .into(),
        Moved::Refused { reason, .. } => not_held(request, reason),
        Moved::Pending { id } => return Err(not_now(&id)),
        Moved::Otherwise { amount } => return Err(NoAnswer(format!("it holds {amount}"))),
    })
}

fn not_captured(request: &PaymentCaptureRequested, reason: String, expired: bool) -> Event {
    PaymentCaptureFailed {
        order_id: request.order_id,
        shipment_id: request.shipment_id,
        amount: request.amount,
        reason,
        expired,
    }
    .into()
}

fn not_refunded(request: &PaymentRefundRequested, reason: String) -> Event {
    PaymentRefundFailed {
        order_id: request.order_id,
        refund_id: request.refund_id,
        amount: request.amount,
        reason,
        was_told: false,
    }
    .into()
}

fn not_held(request: &PaymentReauthorizationRequested, reason: String) -> Event {
    PaymentReauthorizationFailed {
        order_id: request.order_id,
        authorization_id: request.authorization_id.clone(),
        reason,
    }
    .into()
}
