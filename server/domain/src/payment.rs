//! The payment of an order: what was asked of the gateway, and what it has answered.

pub mod events;

use serde::{Deserialize, Serialize};
use types::order::DeclineReason;
use types::{Money, OrderId, RefundId, ShipmentId};

use crate::Event;
use crate::event::{
    Gateway, PaymentAuthorizationExpired, PaymentAuthorized, PaymentCaptureRequested,
    PaymentCheckRequested, PaymentDeclined, PaymentOutcome, PaymentReauthorizationRequested,
    PaymentRefundAsked, PaymentRefundCheckRequested, PaymentRefundFailed, PaymentRefundRefused,
    PaymentRefundReported, PaymentRefundRequested, PaymentRefunded, PaymentReported,
    PaymentVoidRequested, RefundOutcome,
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
    /// The shopper has to do something at the gateway.
    ActionRequired,
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
    /// What the shopper has to do there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
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
    /// The gateway has taken the request and has not done it yet.
    Pending,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    pub id: RefundId,
    pub amount: Money,
    pub state: Asked,
    /// Where the gateway did not do it at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_gateway: Option<RefundAtGateway>,
}

/// A refund that a gateway has taken on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundAtGateway {
    /// The gateway's name for it.
    pub id: String,
    /// The id of the request that it was asked with.
    pub request: String,
    pub gateway: Gateway,
}

/// Money that a gateway holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorized {
    pub amount: Money,
    pub authorization_id: String,
    /// Who holds it.
    #[serde(default)]
    pub gateway: Gateway,
    /// Whether it was let go because nobody collected it in time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expired: bool,
}

/// What the shopper has to do at a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// The gateway's name for the payment.
    pub id: String,
    pub gateway: Gateway,
    /// Whether the gateway was told that the time is over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_given_up: bool,
}

impl PaymentState {
    /// Takes note of an event. An answer to an earlier attempt than the last says nothing any more.
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::PaymentMethodRequired(_) => self.status = PaymentStatus::MethodRequired,
            Event::PaymentRequested(event) => {
                self.status = PaymentStatus::Requested;
                self.attempts = event.attempt;
                self.action = None;
            }
            Event::PaymentActionRequired(event)
                if self.status == PaymentStatus::Requested && self.attempts == event.attempt =>
            {
                self.status = PaymentStatus::ActionRequired;
                self.action = Some(Action {
                    id: event.action_id.clone(),
                    gateway: event.gateway,
                    is_given_up: false,
                });
            }
            Event::PaymentCheckRequested(event) if event.is_last => {
                if let Some(action) = &mut self.action {
                    action.is_given_up = true;
                }
            }
            Event::PaymentDeclined(event) if self.waits_for(event.attempt) => {
                self.status = PaymentStatus::Declined;
                self.action = None;
            }
            Event::PaymentAuthorized(event) if self.waits_for(event.attempt) => {
                self.status = PaymentStatus::Authorized;
                self.authorized = Some(Authorized {
                    amount: event.amount,
                    authorization_id: event.authorization_id.clone(),
                    gateway: event.gateway,
                    expired: false,
                });
                self.action = None;
            }
            Event::PaymentAuthorizationExpired(event) => {
                self.has_expired(&event.authorization_id, true);
            }
            Event::PaymentReauthorized(event) => self.has_expired(&event.authorization_id, false),
            Event::PaymentVoidRequested(event) if self.concerns(&event.authorization_id) => {
                self.status = PaymentStatus::Voided;
                self.action = None;
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
            Event::PaymentCaptured(event) => {
                self.captured(event.shipment_id, Asked::Done);
                let mut captures = self.captures.iter_mut();
                let captured = captures.find(|it| it.shipment_id == event.shipment_id);
                if let Some(capture) = captured {
                    capture.amount = event.amount;
                }
            }
            Event::PaymentCaptureFailed(event) => {
                self.captured(event.shipment_id, Asked::Failed);
                if let Some(held) = self.authorized.as_mut().filter(|_| event.expired) {
                    held.expired = true;
                }
            }
            Event::PaymentRefundRequested(event) => self.refunds.push(Refund {
                id: event.refund_id,
                amount: event.amount,
                state: Asked::Requested,
                at_gateway: None,
            }),
            Event::PaymentRefundPending(event) => {
                let asked =
                    |it: &&mut Refund| it.id == event.refund_id && it.state == Asked::Requested;
                if let Some(refund) = self.refunds.iter_mut().find(asked) {
                    refund.state = Asked::Pending;
                    refund.at_gateway = Some(RefundAtGateway {
                        id: event.gateway_refund_id.clone(),
                        request: event.request.clone(),
                        gateway: event.gateway,
                    });
                }
            }
            Event::PaymentRefunded(event) => self.refunded(event.refund_id, Asked::Done),
            Event::PaymentRefundFailed(event) => self.refunded(event.refund_id, Asked::Failed),
            _ => {}
        }
    }

    /// Whether this is the payment that the order stands or waits by.
    fn concerns(&self, id: &str) -> bool {
        let held = self.authorized.as_ref();
        let held = held.is_some_and(|held| held.authorization_id == id);
        let awaited = self.action.as_ref().is_some_and(|action| action.id == id);
        held || awaited
    }

    fn has_expired(&mut self, authorization_id: &str, expired: bool) {
        if let Some(held) = &mut self.authorized
            && held.authorization_id == authorization_id
        {
            held.expired = expired;
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

    /// Whether the gateway has still to answer.
    pub fn is_under_way(&self) -> bool {
        let captures = self.captures.iter().map(|capture| capture.state);
        let mut states = captures.chain(self.refunds.iter().map(|refund| refund.state));
        states.any(|state| matches!(state, Asked::Requested | Asked::Pending))
    }

    /// Whether the gateway has taken on a refund and not said what became of it.
    pub fn has_pending_refund(&self) -> bool {
        self.refunds.iter().any(|it| it.state == Asked::Pending)
    }

    /// What is being given back, in minor units: asked for, and not done.
    pub fn refunds_under_way_minor(&self) -> i64 {
        let open = |it: &&Refund| matches!(it.state, Asked::Requested | Asked::Pending);
        let open = self.refunds.iter().filter(open);
        open.map(|refund| refund.amount.minor).sum()
    }

    /// A refund that came to nothing and was not tried again since.
    pub fn failed_refund(&self) -> Option<&Refund> {
        let last = self.refunds.last()?;
        let is_there = last.amount.minor <= self.refundable_minor();
        (last.state == Asked::Failed && is_there).then_some(last)
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

    /// Asks for what a parcel is worth, which is all that is left of the order if it is the last one, or if the
    /// gateway cannot be asked once more; never for more than is held.
    pub fn capture(
        &self,
        order_id: OrderId,
        shipment_id: Option<ShipmentId>,
        worth: Money,
        is_last: bool,
    ) -> Option<Event> {
        let held = self.authorized.as_ref()?;
        let left = self.held_minor();
        let is_last = is_last || self.captures.len() + 1 >= held.gateway.most_captures();
        let minor = if is_last { left } else { worth.minor.min(left) };
        if minor <= 0 {
            return None;
        }
        let capture = PaymentCaptureRequested {
            order_id,
            shipment_id,
            amount: Money::new(minor, held.amount.currency),
            authorization_id: held.authorization_id.clone(),
            gateway: held.gateway,
            is_last: minor == left,
        };
        Some(capture.into())
    }

    /// Asks again for what the gateway refused to collect.
    pub fn capture_again(&self, order_id: OrderId) -> Vec<Event> {
        let Some(held) = &self.authorized else {
            return Vec::new();
        };
        let failed = self.captures.iter();
        let failed: Vec<&Capture> = (failed.filter(|it| it.state == Asked::Failed)).collect();
        let is_all = self.held_minor() == 0;
        let again = failed.iter().enumerate().map(|(at, capture)| {
            PaymentCaptureRequested {
                order_id,
                shipment_id: capture.shipment_id,
                amount: capture.amount,
                authorization_id: held.authorization_id.clone(),
                gateway: held.gateway,
                is_last: is_all && at + 1 == failed.len(),
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
            gateway: of.gateway,
        }
        .into()
    }

    /// What follows from what the gateway has told of a refund. What comes late or twice changes nothing; a bank
    /// may refuse what a gateway has called done.
    pub fn refund_reported(&self, told: &PaymentRefundReported) -> Option<Event> {
        let is_meant = |it: &&Refund| {
            let at_gateway = it.at_gateway.as_ref();
            told.refund_id == Some(it.id)
                || at_gateway.is_some_and(|it| it.id == told.gateway_refund_id)
        };
        let order_id = told.order_id;
        let refund = self.refunds.iter().find(is_meant)?;
        match (refund.state, &told.outcome) {
            (Asked::Pending, RefundOutcome::Done) => Some(
                PaymentRefunded {
                    order_id,
                    refund_id: refund.id,
                    amount: refund.amount,
                    request: refund.at_gateway.as_ref().map(|it| it.request.clone()),
                }
                .into(),
            ),
            (Asked::Pending | Asked::Done, RefundOutcome::Failed { reason }) => Some(
                PaymentRefundFailed {
                    order_id,
                    refund_id: refund.id,
                    amount: refund.amount,
                    reason: reason.clone(),
                    was_told: true,
                }
                .into(),
            ),
            _ => None,
        }
    }

    /// Asks what has become of each refund that the gateway has not ended.
    pub fn check_refunds(&self, order_id: OrderId) -> Vec<Event> {
        let open = self.refunds.iter().filter(|it| it.state == Asked::Pending);
        let open = open.filter_map(|it| it.at_gateway.as_ref());
        let ask = open.map(|it| {
            PaymentRefundCheckRequested {
                order_id,
                gateway_refund_id: it.id.clone(),
                gateway: it.gateway,
            }
            .into()
        });
        ask.collect()
    }

    /// Lets go of what is held, gives back what is collected and ends what the shopper was to do: the order has
    /// come to nothing.
    pub fn undo(&self, order_id: OrderId) -> Vec<Event> {
        let Some(held) = &self.authorized else {
            return self.end_action(order_id).into_iter().collect();
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

    /// Gives back what was collected beyond what all that has left costs: the rest will never be sent. Once: what
    /// is still being collected is looked at when it is.
    pub fn give_back_rest(&self, order_id: OrderId, sent_minor: i64) -> Option<Event> {
        let held = self.authorized.as_ref()?;
        // An order comes to nothing, or its rest does, once.
        let id = RefundId::new(order_id.uuid());
        let is_given = self.refunds.iter().any(|it| it.id == id);
        let over = self.captured_minor().saturating_sub(sent_minor);
        let minor = over.min(self.refundable_minor());
        let amount = Money::new(minor, held.amount.currency);
        (minor > 0 && !is_given).then(|| self.give_back(order_id, id, amount, held))
    }

    /// Collects again what the gateway refused, now that it holds the money once more; of what was let go before,
    /// nothing else stays held.
    pub fn held_again(&self, order_id: OrderId) -> Vec<Event> {
        let mut events = self.capture_again(order_id);
        let Some(held) = &self.authorized else {
            return events;
        };
        let asked: i64 = self
            .captures
            .iter()
            .map(|capture| capture.amount.minor)
            .sum();
        if self.status == PaymentStatus::Voided && held.amount.minor > asked {
            let void = PaymentVoidRequested {
                order_id,
                attempt: self.attempts,
                authorization_id: held.authorization_id.clone(),
                gateway: held.gateway,
            };
            events.push(void.into());
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
                gateway: held.gateway,
            }
            .into()
        })
    }

    /// Gives up what the shopper was to do.
    fn end_action(&self, order_id: OrderId) -> Option<Event> {
        let action = self.action.as_ref()?;
        let void = PaymentVoidRequested {
            order_id,
            attempt: self.attempts,
            authorization_id: action.id.clone(),
            gateway: action.gateway,
        };
        Some(void.into())
    }

    /// Asks what has become of what the shopper was to do.
    pub fn check(&self, order_id: OrderId, is_last: bool) -> Option<Event> {
        let action = self.action.as_ref()?;
        let check = PaymentCheckRequested {
            order_id,
            attempt: self.attempts,
            action_id: action.id.clone(),
            is_last,
            gateway: action.gateway,
        };
        Some(check.into())
    }

    /// Asks for what has expired to be held once more.
    pub fn hold_again(&self, order_id: OrderId) -> Option<Event> {
        let held = self.authorized.as_ref().filter(|held| held.expired)?;
        let again = PaymentReauthorizationRequested {
            order_id,
            authorization_id: held.authorization_id.clone(),
            gateway: held.gateway,
        };
        Some(again.into())
    }

    /// What follows from what the gateway has told of a payment of an order that is worth `total`, and that
    /// takes money or not. What comes late, twice or out of turn changes nothing; what is held in vain is let go.
    pub fn reported(&self, told: &PaymentReported, total: Money, takes_money: bool) -> Vec<Event> {
        let PaymentReported {
            order_id,
            attempt,
            ref payment_id,
            outcome,
            gateway,
        } = *told;
        let is_awaited = takes_money && self.waits_for(attempt);
        let declined = |reason| {
            PaymentDeclined {
                order_id,
                attempt,
                reason,
                gateway,
            }
            .into()
        };
        let held = self.authorized.as_ref();
        let held = held.filter(|held| held.authorization_id == *payment_id);
        match outcome {
            PaymentOutcome::Authorized { amount } if is_awaited && amount == total => {
                let authorized = PaymentAuthorized {
                    order_id,
                    amount,
                    attempt,
                    authorization_id: payment_id.clone(),
                    gateway,
                };
                vec![authorized.into()]
            }
            PaymentOutcome::Authorized { .. } if held.is_some() => Vec::new(),
            PaymentOutcome::Authorized { .. } => {
                let void = PaymentVoidRequested {
                    order_id,
                    attempt,
                    authorization_id: payment_id.clone(),
                    gateway,
                };
                // Another amount than was asked for.
                let refused = is_awaited.then(|| declined(DeclineReason::ProcessingError));
                refused.into_iter().chain([void.into()]).collect()
            }
            PaymentOutcome::Declined { reason } if is_awaited => vec![declined(reason)],
            PaymentOutcome::LetGo | PaymentOutcome::Expired if is_awaited => {
                vec![declined(DeclineReason::ProcessingError)]
            }
            PaymentOutcome::Expired
                if held.is_some_and(|held| !held.expired) && self.held_minor() > 0 =>
            {
                let expired = PaymentAuthorizationExpired {
                    order_id,
                    authorization_id: payment_id.clone(),
                };
                vec![expired.into()]
            }
            _ => Vec::new(),
        }
    }

    fn waits_for(&self, attempt: u32) -> bool {
        let waits = [PaymentStatus::Requested, PaymentStatus::ActionRequired];
        waits.contains(&self.status) && self.attempts == attempt
    }
}

#[cfg(test)]
mod tests;
