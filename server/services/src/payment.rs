//! The payment reactor of the simulator.

use std::fmt;
use std::sync::Arc;

use broker::{Failure, Filter, NewEvent, Reactor, ReactorSettings, Recorded, Rule};
use domain::event::{Gateway, PaymentRequested};

use crate::gateway::PaymentGateway;
use crate::payment_calls::{REQUESTS, ask, given_up};

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

const REQUESTED: Rule<'static> = Rule::topic(PaymentRequested::TOPIC).of(REQUESTS);

impl Reactor for Payment {
    const NAME: &'static str = "payment";
    /// What is to be paid with the simulator's tokens; also what the first release wrote, which knew no
    /// other.
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
        ask(&*self.gateway, Gateway::Test, recorded).await
    }

    fn discarded(&self, recorded: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        given_up(recorded)
    }
}
