//! The payment reactor: asks the gateway, with no transaction open.

use std::fmt;
use std::sync::Arc;

use broker::{Failure, Filter, NewEvent, Reactor, ReactorSettings, Recorded, Rule};
use domain::Event;
use domain::event::{
    Gateway, PaymentAuthorized, PaymentCaptureFailed, PaymentCaptureRequested, PaymentCaptured,
    PaymentDeclined, PaymentRefundFailed, PaymentRefundRequested, PaymentRefunded,
    PaymentRequested, PaymentVoidRequested, PaymentVoided,
};
use types::order::DeclineReason;

use crate::events::{decode, encode};
use crate::gateway::{Authorize, Decision, MoveMoney, Moved, PaymentGateway};

pub(crate) struct Payment {
    pub gateway: Arc<dyn PaymentGateway>,
}

impl fmt::Debug for Payment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Payment")
    }
}

/// Calls at once: at 400 ms each they make 5,000 a second.
const IN_FLIGHT: usize = 2_048;

const REQUESTED: Rule<'static> = Rule::topic(PaymentRequested::TOPIC).of(&[
    PaymentRequested::KIND,
    PaymentVoidRequested::KIND,
    PaymentCaptureRequested::KIND,
    PaymentRefundRequested::KIND,
]);

impl Reactor for Payment {
    const NAME: &'static str = "payment";
    /// What is to be paid with the test gateway's tokens; also what the first release wrote, which
    /// knew no other.
    const HEARS: Filter<'static> = Filter(&[
        REQUESTED.with(&[(Gateway::ATTRIBUTE, Gateway::Test.into_str())]),
        REQUESTED.with(&[(Gateway::ATTRIBUTE, "")]),
    ]);

    /// What was ordered before this gateway was there is to be paid, too.
    fn settings(&self) -> ReactorSettings {
        ReactorSettings {
            in_flight: IN_FLIGHT,
            ..ReactorSettings::from_start()
        }
    }

    async fn react(&self, recorded: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let request = match &*decode(recorded)? {
            Event::PaymentRequested(request) => request.clone(),
            Event::PaymentVoidRequested(request) => return self.void(request).await,
            Event::PaymentCaptureRequested(request) => {
                return self.capture(recorded, request).await;
            }
            Event::PaymentRefundRequested(request) => return self.refund(recorded, request).await,
            _ => return Ok(Vec::new()),
        };
        let PaymentRequested {
            order_id,
            amount,
            payment_token,
            attempt,
            ..
        } = request;
        let asked = Authorize {
            idempotency_key: recorded.id.to_string(),
            reference: order_id,
            amount,
            payment_token,
        };
        let answer = self.gateway.authorize(asked).await;
        let decided: Event = match answer.map_err(|error| Failure::NoAnswer(error.to_string()))? {
            Decision::Authorized { authorization_id } => PaymentAuthorized {
                order_id,
                amount,
                attempt,
                authorization_id,
            }
            .into(),
            Decision::Declined { reason } => PaymentDeclined {
                order_id,
                attempt,
                reason,
            }
            .into(),
        };
        Ok(vec![encode(decided)?])
    }

    /// The order goes on as after a refusal: it can be paid in another way, or ends with its payment
    /// window; staff see that money was not collected or not given back, and can ask again.
    fn discarded(&self, recorded: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let given_up = || "given up by staff".to_owned();
        let refused: Event = match &*decode(recorded)? {
            Event::PaymentRequested(request) => PaymentDeclined {
                order_id: request.order_id,
                attempt: request.attempt,
                reason: DeclineReason::ProcessingError,
            }
            .into(),
            Event::PaymentCaptureRequested(request) => not_captured(request, given_up()),
            Event::PaymentRefundRequested(request) => not_refunded(request, given_up()),
            _ => return Ok(Vec::new()),
        };
        Ok(vec![encode(refused)?])
    }
}

fn not_captured(request: &PaymentCaptureRequested, reason: String) -> Event {
    PaymentCaptureFailed {
        order_id: request.order_id,
        shipment_id: request.shipment_id,
        amount: request.amount,
        reason,
    }
    .into()
}

fn not_refunded(request: &PaymentRefundRequested, reason: String) -> Event {
    PaymentRefundFailed {
        order_id: request.order_id,
        refund_id: request.refund_id,
        amount: request.amount,
        reason,
    }
    .into()
}

impl Payment {
    /// Lets go what the gateway holds for an order that has ended.
    async fn void(&self, request: &PaymentVoidRequested) -> Result<Vec<NewEvent>, Failure> {
        let asked = self.gateway.void(request.authorization_id.clone()).await;
        asked.map_err(|error| Failure::NoAnswer(error.to_string()))?;
        let voided = PaymentVoided {
            order_id: request.order_id,
            attempt: request.attempt,
            authorization_id: request.authorization_id.clone(),
        };
        Ok(vec![encode(voided.into())?])
    }

    async fn capture(
        &self,
        recorded: &Recorded,
        request: &PaymentCaptureRequested,
    ) -> Result<Vec<NewEvent>, Failure> {
        let asked = MoveMoney {
            idempotency_key: recorded.id.to_string(),
            authorization_id: request.authorization_id.clone(),
            amount: request.amount,
        };
        let answer = self.gateway.capture(asked).await;
        let moved = match answer.map_err(|error| Failure::NoAnswer(error.to_string()))? {
            Moved::Refused { reason } => not_captured(request, reason),
            Moved::Done => PaymentCaptured {
                order_id: request.order_id,
                shipment_id: request.shipment_id,
                amount: request.amount,
            }
            .into(),
        };
        Ok(vec![encode(moved)?])
    }

    async fn refund(
        &self,
        recorded: &Recorded,
        request: &PaymentRefundRequested,
    ) -> Result<Vec<NewEvent>, Failure> {
        let asked = MoveMoney {
            idempotency_key: recorded.id.to_string(),
            authorization_id: request.authorization_id.clone(),
            amount: request.amount,
        };
        let answer = self.gateway.refund(asked).await;
        let moved = match answer.map_err(|error| Failure::NoAnswer(error.to_string()))? {
            Moved::Refused { reason } => not_refunded(request, reason),
            Moved::Done => PaymentRefunded {
                order_id: request.order_id,
                refund_id: request.refund_id,
                amount: request.amount,
            }
            .into(),
        };
        Ok(vec![encode(moved)?])
    }
}
