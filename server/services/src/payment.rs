//! The payment reactor: asks the gateway, with no transaction open.

use std::fmt;
use std::sync::Arc;

use broker::{Failure, Filter, NewEvent, Reactor, ReactorSettings, Recorded, Rule};
use domain::Event;
use domain::event::{
    Gateway, PaymentAuthorized, PaymentDeclined, PaymentRequested, PaymentVoidRequested,
    PaymentVoided,
};
use types::order::DeclineReason;

use crate::events::{decode, encode};
use crate::gateway::{Authorize, Decision, PaymentGateway};

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

const REQUESTED: Rule<'static> =
    Rule::topic(PaymentRequested::TOPIC).of(&[PaymentRequested::KIND, PaymentVoidRequested::KIND]);

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
    /// window.
    fn discarded(&self, recorded: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let Event::PaymentRequested(request) = &*decode(recorded)? else {
            return Ok(Vec::new());
        };
        let declined = PaymentDeclined {
            order_id: request.order_id,
            attempt: request.attempt,
            reason: DeclineReason::ProcessingError,
        };
        Ok(vec![encode(declined.into())?])
    }
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
}
