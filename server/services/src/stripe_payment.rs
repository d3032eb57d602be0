//! The payment reactor of Stripe.

use std::fmt;
use std::sync::Arc;

use broker::{Failure, Filter, NewEvent, Reactor, ReactorSettings, Recorded, Rule};
use domain::event::{Gateway, PaymentRequested};

use crate::gateway::PaymentGateway;
use crate::payment_calls::{REQUESTS, ask, given_up};

pub(crate) struct StripePayment {
    pub gateway: Arc<dyn PaymentGateway>,
}

impl fmt::Debug for StripePayment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StripePayment")
    }
}

/// Calls at once: Stripe allows a hundred a second.
const IN_FLIGHT: usize = 64;

const REQUESTED: Rule<'static> = Rule::topic(PaymentRequested::TOPIC).of(REQUESTS);

impl Reactor for StripePayment {
    const NAME: &'static str = "payment-stripe";
    const HEARS: Filter<'static> =
        Filter(&[REQUESTED.with(&[(Gateway::ATTRIBUTE, Gateway::Stripe.into_str())])]);

    /// What was ordered before this gateway was there is to be paid, too.
    fn settings(&self) -> ReactorSettings {
        ReactorSettings {
            in_flight: IN_FLIGHT,
            ..ReactorSettings::from_start()
        }
    }

    async fn react(&self, recorded: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        ask(&*self.gateway, Gateway::Stripe, recorded).await
    }

    fn discarded(&self, recorded: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        given_up(recorded)
    }
}
