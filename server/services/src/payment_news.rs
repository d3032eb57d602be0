//! What a gateway tells of its payments by itself, and a shopper who comes back from there.

use domain::Event;
use domain::event::{
    Gateway, PaymentOutcome, PaymentRefundReported, PaymentReported, PaymentReturnReported,
    RefundOutcome,
};
use serde::Deserialize;
use types::order::{DeclineReason, OrderStatus};
use types::{Currency, Money, OrderId, Problem, ShopperId};

use crate::events::{Refused, internal};
use crate::orders;
use crate::shop::Shop;
use crate::stripe::{self, news::Told};
use crate::webhooks::Taken;

/// The body of a message of the simulator.
#[derive(Deserialize)]
struct Message {
    #[serde(rename = "type")]
    kind: String,
    id: String,
    reference: OrderId,
    attempt: u32,
    amount_minor: i64,
    currency: String,
    reason: Option<DeclineReason>,
    /// The refund that it is about.
    #[serde(default)]
    refund_id: Option<String>,
}

/// Characters of a gateway's name for a payment, at most.
const MAX_NAME: usize = 255;

/// Whose ids the messages of a gateway have.
const fn source(gateway: Gateway) -> &'static str {
    match gateway {
        Gateway::Test => "payments/simulator",
        Gateway::Stripe => "payments/stripe",
    }
}

impl Shop {
    /// Takes a message of the simulator, of which it is known that it comes from there.
    ///
    /// # Errors
    /// 400 for what is no message about a payment, 422 `unknown-payment` for one of another shop.
    pub async fn take_payment_message(&self, id: &str, body: &[u8]) -> crate::Result<Taken> {
        let message: Message = serde_json::from_slice(body)
            .map_err(|error| Problem::malformed(format!("Expected news of a payment: {error}")))?;
        if let Some(told) = message.refund()? {
            return Ok(self.take_refund_news(Gateway::Test, id, told).await?);
        }
        let told = message.told()?;
        Ok(self.take_payment_news(Gateway::Test, id, told).await?)
    }

    /// Takes a message of Stripe, of which it is known that it comes from there.
    ///
    /// # Errors
    /// As [`Shop::take_payment_message`].
    pub async fn take_stripe_message(&self, body: &[u8]) -> crate::Result<Taken> {
        let message = stripe::news::Message::read(body)?;
        if !(1..=MAX_NAME).contains(&message.id.len()) {
            return Err(Problem::malformed("Expected an event with an id."));
        }
        let id = message.id.clone();
        let taken = match message.told() {
            Told::Nothing => self.take_payment_news(Gateway::Stripe, &id, None).await,
            Told::Payment(told) => {
                self.take_payment_news(Gateway::Stripe, &id, Some(told))
                    .await
            }
            Told::Refund(told) => self.take_refund_news(Gateway::Stripe, &id, told).await,
            Told::Look(order_id) => {
                let back = PaymentReturnReported { order_id };
                let told = vec![back.into()];
                let order = orders::state(self.log(), order_id).await;
                if order.map_err(internal)?.is_none() {
                    return Err(unknown());
                }
                self.take_message(source(Gateway::Stripe), &id, told).await
            }
        };
        Ok(taken?)
    }

    /// Takes news under the id of the message that tells them. `None` is a message that says nothing to the shop.
    pub(crate) async fn take_payment_news(
        &self,
        gateway: Gateway,
        id: &str,
        told: Option<PaymentReported>,
    ) -> Result<Taken, Refused> {
        if let Some(told) = &told {
            let order = orders::state(self.log(), told.order_id).await;
            if told.payment_id.len() > MAX_NAME || order.map_err(internal)?.is_none() {
                return Err(unknown().into());
            }
        }
        let told = told.into_iter().map(Event::from).collect();
        self.take_message(source(gateway), id, told).await
    }

    /// Takes news of a refund under the id of the message that tells them.
    async fn take_refund_news(
        &self,
        gateway: Gateway,
        id: &str,
        told: PaymentRefundReported,
    ) -> Result<Taken, Refused> {
        let order = orders::state(self.log(), told.order_id).await;
        if told.gateway_refund_id.len() > MAX_NAME || order.map_err(internal)?.is_none() {
            return Err(unknown().into());
        }
        self.take_message(source(gateway), id, vec![told.into()])
            .await
    }

    /// A shopper comes back from the gateway's page: it is asked what has come of it, unless it has told.
    ///
    /// # Errors
    /// 404 when there is no such order or it is somebody else's.
    pub async fn back_from_gateway(&self, shopper: ShopperId, id: OrderId) -> crate::Result<()> {
        let order = self.order(shopper, id).await?;
        if order.progress.status == OrderStatus::ActionRequired {
            let back = PaymentReturnReported { order_id: id };
            self.request(back.into()).await?;
        }
        Ok(())
    }
}

impl Message {
    /// What it says of a refund; `None` for one that is about the payment itself.
    fn refund(&self) -> Result<Option<PaymentRefundReported>, Problem> {
        let outcome = match self.kind.as_str() {
            "refund.done" => RefundOutcome::Done,
            "refund.failed" => RefundOutcome::Failed {
                reason: "the bank has refused it".to_owned(),
            },
            _ => return Ok(None),
        };
        let expected = || Problem::malformed("Expected the refund that the message is about.");
        Ok(Some(PaymentRefundReported {
            order_id: self.reference,
            refund_id: None,
            gateway_refund_id: self.refund_id.clone().ok_or_else(expected)?,
            outcome,
            gateway: Gateway::Test,
        }))
    }

    fn told(self) -> Result<Option<PaymentReported>, Problem> {
        let currency: Currency = self.currency.parse().map_err(|_| unknown())?;
        let outcome = match (self.kind.as_str(), self.reason) {
            ("payment.authorized", _) => PaymentOutcome::Authorized {
                amount: Money::new(self.amount_minor, currency),
            },
            ("payment.declined", reason) => PaymentOutcome::Declined {
                reason: reason.unwrap_or(DeclineReason::CardDeclined),
            },
            ("payment.voided", _) => PaymentOutcome::LetGo,
            ("payment.expired", _) => PaymentOutcome::Expired,
            // The shopper is asked by the answer to the request, which is asked again.
            ("payment.action_required", _) => return Ok(None),
            _ => return Err(Problem::malformed("Expected a message about a payment.")),
        };
        Ok(Some(PaymentReported {
            order_id: self.reference,
            attempt: self.attempt,
            payment_id: self.id,
            outcome,
            gateway: Gateway::Test,
        }))
    }
}

fn unknown() -> Problem {
    Problem {
        kind: "/problems/unknown-payment".to_owned(),
        title: "No payment of this shop".to_owned(),
        status: 422,
        ..Problem::malformed("This shop has asked for no payment with this reference.")
    }
}
