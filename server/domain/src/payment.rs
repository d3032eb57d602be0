//! The payment of an order: what was asked of the gateway, and what it has answered.

pub mod events;

use serde::{Deserialize, Serialize};
use types::{Money, OrderId, RefundId, ShipmentId};

use crate::Event;
use crate::event::{
    Gateway, PaymentCaptureRequested, PaymentRefundAsked, PaymentRefundRefused,
    PaymentRefundRequested, PaymentVoidRequested,
};

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
    /// What the gateway holds or held, and its name for it.
    pub authorized: Option<Authorized>,
    /// What was asked to be collected of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captures: Vec<Capture>,
    /// What was asked to be given back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
}

/// How a request to the gateway fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    Requested,
    Done,
    Failed,
}

/// Money collected for a parcel; for the whole order when there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    pub shipment_id: Option<ShipmentId>,
    pub amount: Money,
    pub state: Asked,
}

/// Money given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    pub id: RefundId,
    pub amount: Money,
    pub state: Asked,
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
                // Of what was collected the name is needed to give it back.
                if self.captures.is_empty() {
                    self.authorized = None;
                }
            }
            Event::PaymentCaptureRequested(event) => {
                // Asked again after it failed.
                let known = |capture: &Capture| capture.shipment_id == event.shipment_id;
                self.captures.retain(|capture| !known(capture));
                self.captures.push(Capture {
                    shipment_id: event.shipment_id,
                    amount: event.amount,
                    state: Asked::Requested,
                });
            }
            Event::PaymentCaptured(event) => self.captured(event.shipment_id, Asked::Done),
            Event::PaymentCaptureFailed(event) => self.captured(event.shipment_id, Asked::Failed),
            Event::PaymentRefundRequested(event) => self.refunds.push(Refund {
                id: event.refund_id,
                amount: event.amount,
                state: Asked::Requested,
            }),
            Event::PaymentRefunded(event) => self.refunded(event.refund_id, Asked::Done),
            Event::PaymentRefundFailed(event) => self.refunded(event.refund_id, Asked::Failed),
            _ => {}
        }
    }

    fn captured(&mut self, shipment_id: Option<ShipmentId>, state: Asked) {
        let mut captures = self.captures.iter_mut();
        if let Some(capture) = captures.find(|capture| capture.shipment_id == shipment_id) {
            capture.state = state;
        }
    }

    fn refunded(&mut self, id: RefundId, state: Asked) {
        if let Some(refund) = self.refunds.iter_mut().find(|refund| refund.id == id) {
            refund.state = state;
        }
    }

    /// What is collected, in minor units.
    pub fn captured_minor(&self) -> i64 {
        let done = self.captures.iter();
        let done = done.filter(|capture| capture.state == Asked::Done);
        done.map(|capture| capture.amount.minor).sum()
    }

    /// What is given back, in minor units.
    pub fn refunded_minor(&self) -> i64 {
        let done = self.refunds.iter();
        let done = done.filter(|refund| refund.state == Asked::Done);
        done.map(|refund| refund.amount.minor).sum()
    }

    /// What of the authorized money is neither collected nor asked for, in minor units; none once it was
    /// let go.
    pub fn held_minor(&self) -> i64 {
        if self.status != PaymentStatus::Authorized {
            return 0;
        }
        let authorized = self.authorized.as_ref();
        let asked = self.captures.iter();
        let asked: i64 = asked.map(|capture| capture.amount.minor).sum();
        authorized.map_or(0, |held| held.amount.minor.saturating_sub(asked).max(0))
    }

    /// What can be given back: collected, and neither returned nor asked to be, in minor units.
    pub fn refundable_minor(&self) -> i64 {
        let given = self.refunds.iter();
        let given = given.filter(|refund| refund.state != Asked::Failed);
        let given: i64 = given.map(|refund| refund.amount.minor).sum();
        self.captured_minor().saturating_sub(given).max(0)
    }

    /// Asks for what a parcel is worth, which is all that is left of the order if it is the last one;
    /// never for more than is held.
    pub fn capture(
        &self,
        order_id: OrderId,
        shipment_id: Option<ShipmentId>,
        worth: Money,
        is_last: bool,
    ) -> Option<Event> {
        let held = self.authorized.as_ref()?;
        let left = self.held_minor();
        let minor = if is_last { left } else { worth.minor.min(left) };
        if minor <= 0 {
            return None;
        }
        let capture = PaymentCaptureRequested {
            order_id,
            shipment_id,
            amount: Money::new(minor, held.amount.currency),
            authorization_id: held.authorization_id.clone(),
            gateway: Gateway::Test,
        };
        Some(capture.into())
    }

    /// Asks again for what the gateway refused to collect.
    pub fn capture_again(&self, order_id: OrderId) -> Vec<Event> {
        let Some(held) = &self.authorized else {
            return Vec::new();
        };
        let failed = self.captures.iter();
        let failed = failed.filter(|capture| capture.state == Asked::Failed);
        let again = failed.map(|capture| {
            PaymentCaptureRequested {
                order_id,
                shipment_id: capture.shipment_id,
                amount: capture.amount,
                authorization_id: held.authorization_id.clone(),
                gateway: Gateway::Test,
            }
            .into()
        });
        again.collect()
    }

    /// Gives money back, or says how much there is to give.
    pub fn refund(&self, asked: &PaymentRefundAsked) -> Event {
        let order_id = asked.order_id;
        let is_known = self.refunds.iter().any(|it| it.id == asked.refund_id);
        let refundable = self.refundable_minor();
        match &self.authorized {
            Some(held)
                if !is_known
                    && asked.amount.currency == held.amount.currency
                    && (1..=refundable).contains(&asked.amount.minor) =>
            {
                self.give_back(order_id, asked.refund_id, asked.amount, held)
            }
            _ => PaymentRefundRefused {
                order_id,
                refund_id: asked.refund_id,
                refundable: Money::new(refundable, asked.amount.currency),
            }
            .into(),
        }
    }

    fn give_back(&self, order_id: OrderId, id: RefundId, amount: Money, of: &Authorized) -> Event {
        PaymentRefundRequested {
            order_id,
            refund_id: id,
            amount,
            authorization_id: of.authorization_id.clone(),
            gateway: Gateway::Test,
        }
        .into()
    }

    /// Lets go of what is held and gives back what is collected: the order has come to nothing.
    pub fn undo(&self, order_id: OrderId) -> Vec<Event> {
        let Some(held) = &self.authorized else {
            return Vec::new();
        };
        let mut events: Vec<Event> = self.let_go(order_id).into_iter().collect();
        let refundable = self.refundable_minor();
        if refundable > 0 {
            // An order comes to nothing once.
            let id = RefundId::new(order_id.uuid());
            let amount = Money::new(refundable, held.amount.currency);
            events.push(self.give_back(order_id, id, amount, held));
        }
        events
    }

    /// Lets go of what is held and was not collected.
    pub fn let_go(&self, order_id: OrderId) -> Option<Event> {
        let held = self.authorized.as_ref()?;
        (self.held_minor() > 0).then(|| {
            PaymentVoidRequested {
                order_id,
                attempt: self.attempts,
                authorization_id: held.authorization_id.clone(),
                gateway: Gateway::Test,
            }
            .into()
        })
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
