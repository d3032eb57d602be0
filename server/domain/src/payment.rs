//! The payment of an order: what was asked of the gateway, and what it has answered.

pub mod events;

use serde::{Deserialize, Serialize};
use types::Money;

use crate::Event;

/// Where the payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Nothing was asked yet.
    #[default]
    None,
    /// No card was given.
    MethodRequired,
    /// The gateway is asked.
    Requested,
    Declined,
    /// The gateway holds the money for us.
    Authorized,
    /// What it held is to be let go, or has been.
    Voided,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PaymentState {
    pub status: PaymentStatus,
    /// Cards tried.
    pub attempts: u32,
    /// What the gateway holds, and its name for it.
    pub authorized: Option<Authorized>,
}

/// Money that a gateway holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorized {
    pub amount: Money,
    pub authorization_id: String,
}

impl PaymentState {
    /// Takes note of an event. An answer to an earlier attempt than the last says nothing any more.
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::PaymentMethodRequired(_) => self.status = PaymentStatus::MethodRequired,
            Event::PaymentRequested(event) => {
                self.status = PaymentStatus::Requested;
                self.attempts = event.attempt;
            }
            Event::PaymentDeclined(event) if self.waits_for(event.attempt) => {
                self.status = PaymentStatus::Declined;
            }
            Event::PaymentAuthorized(event) if self.waits_for(event.attempt) => {
                self.status = PaymentStatus::Authorized;
                self.authorized = Some(Authorized {
                    amount: event.amount,
                    authorization_id: event.authorization_id.clone(),
                });
            }
            Event::PaymentVoidRequested(_) => {
                self.status = PaymentStatus::Voided;
                self.authorized = None;
            }
            _ => {}
        }
    }

    fn waits_for(&self, attempt: u32) -> bool {
        self.status == PaymentStatus::Requested && self.attempts == attempt
    }
}

#[cfg(test)]
mod tests {
    use types::order::DeclineReason;
    use types::{Currency, OrderId};

    use super::*;
    use crate::event::{Gateway, PaymentAuthorized, PaymentDeclined, PaymentRequested};

    fn id() -> OrderId {
        "0199c0a0-1111-7aaa-8bbb-123456789abc"
            .parse()
            .expect("an id")
    }

    fn requested(attempt: u32) -> Event {
        PaymentRequested {
            order_id: id(),
            amount: Money::new(100, Currency::Eur),
            payment_token: "pm_a".into(),
            attempt,
            reserved_until_us: 0,
            gateway: Gateway::Test,
        }
        .into()
    }

    #[test]
    fn a_late_answer_to_the_first_card_is_none_to_the_second() {
        let declined: Event = PaymentDeclined {
            order_id: id(),
            attempt: 1,
            reason: DeclineReason::ExpiredCard,
        }
        .into();
        let authorized = |attempt| -> Event {
            PaymentAuthorized {
                order_id: id(),
                amount: Money::new(100, Currency::Eur),
                attempt,
                authorization_id: format!("auth_{attempt}"),
            }
            .into()
        };
        let mut payment = PaymentState::default();
        for (event, status) in [
            (requested(1), PaymentStatus::Requested),
            (declined.clone(), PaymentStatus::Declined),
            (requested(2), PaymentStatus::Requested),
            (declined, PaymentStatus::Requested),
            (authorized(1), PaymentStatus::Requested),
            (authorized(2), PaymentStatus::Authorized),
        ] {
            payment.evolve(&event);
            assert_eq!(payment.status, status, "{event:?}");
        }
        let held = payment.authorized.map(|held| held.authorization_id);
        assert_eq!(held.as_deref(), Some("auth_2"));
    }
}
