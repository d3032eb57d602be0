//! What Stripe tells by webhook: <https://docs.stripe.com/api/events/types>.

use domain::event::{Gateway, PaymentOutcome, PaymentRefundReported, PaymentReported};
use serde::Deserialize;
use types::order::DeclineReason;
use types::{Currency, Money, OrderId, Problem};

use super::refund_outcome;

/// A message, as far as the shop reads it.
#[derive(Deserialize)]
pub struct Message {
    pub id: String,
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

/// A checkout session, a payment intent or a refund.
#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    id: String,
    #[serde(default)]
    metadata: Option<Metadata>,
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    amount_capturable: Option<i64>,
    #[serde(default)]
    cancellation_reason: Option<String>,
    /// Of a refund.
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    failure_reason: Option<String>,
}

#[derive(Deserialize, Default)]
struct Metadata {
    #[serde(default)]
    order_id: Option<String>,
    #[serde(default)]
    attempt: Option<String>,
    #[serde(default)]
    refund_id: Option<String>,
}

/// What a message says.
pub enum Told {
    /// Something that the shop does not care about, or nothing of its own.
    Nothing,
    /// How a payment stands.
    Payment(PaymentReported),
    /// The shopper has paid on Stripe's page: Stripe is to be asked for how much.
    Look(OrderId),
    /// How a refund stands.
    Refund(PaymentRefundReported),
}

impl Message {
    /// # Errors
    /// 400 for what is no message of Stripe's.
    pub fn read(body: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(body)
            .map_err(|error| Problem::malformed(format!("Expected an event of Stripe: {error}")))
    }

    /// What the shop makes of it.
    pub fn told(self) -> Told {
        let Object {
            id,
            metadata,
            currency,
            amount_capturable,
            cancellation_reason,
            status,
            failure_reason,
        } = self.data.object;
        let metadata = metadata.unwrap_or_default();
        let order_id = metadata.order_id.and_then(|id| id.parse().ok());
        let is_refund = matches!(
            self.kind.as_str(),
            "refund.updated" | "refund.failed" | "charge.refund.updated"
        );
        if let Some(order_id) = order_id.filter(|_| is_refund) {
            return Told::Refund(PaymentRefundReported {
                order_id,
                refund_id: metadata.refund_id.and_then(|id| id.parse().ok()),
                gateway_refund_id: id,
                outcome: refund_outcome(status.as_deref(), failure_reason.as_deref()),
                gateway: Gateway::Stripe,
            });
        }
        let attempt = metadata.attempt.and_then(|attempt| attempt.parse().ok());
        let (Some(order_id), Some(attempt)) = (order_id, attempt) else {
            return Told::Nothing;
        };
        let outcome = match self.kind.as_str() {
            "checkout.session.completed" => return Told::Look(order_id),
            "checkout.session.expired" => PaymentOutcome::Declined {
                reason: DeclineReason::NotAuthenticated,
            },
            "payment_intent.amount_capturable_updated" => {
                let amount = currency.and_then(|it| it.to_uppercase().parse::<Currency>().ok());
                match amount.zip(amount_capturable) {
                    Some((currency, minor)) => PaymentOutcome::Authorized {
                        amount: Money::new(minor, currency),
                    },
                    None => return Told::Nothing,
                }
            }
            // Seven days after it was held.
            "payment_intent.canceled" if cancellation_reason.as_deref() == Some("automatic") => {
                PaymentOutcome::Expired
            }
            "payment_intent.canceled" => PaymentOutcome::LetGo,
            // A card that is declined is tried again on Stripe's page, or another one is.
            _ => return Told::Nothing,
        };
        Told::Payment(PaymentReported {
            order_id,
            attempt,
            payment_id: id,
            outcome,
            gateway: Gateway::Stripe,
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::event::RefundOutcome;

    use super::*;

    const ORDER: &str = "0199c0a0-1111-7aaa-8bbb-123456789abc";

    fn told(kind: &str, object: &str) -> Told {
        let body = format!(r#"{{"id":"evt_1","type":"{kind}","data":{{"object":{object}}}}}"#);
        Message::read(body.as_bytes()).expect("a message").told()
    }

    fn outcome(kind: &str, more: &str) -> Option<PaymentOutcome> {
        let object = format!(
            r#"{{"id":"pi_1","currency":"eur",{more}"metadata":{{"order_id":"{ORDER}","attempt":"2"}}}}"#
        );
        match told(kind, &object) {
            Told::Payment(told) => {
                assert_eq!((told.attempt, told.payment_id.as_str()), (2, "pi_1"));
                Some(told.outcome)
            }
            _ => None,
        }
    }

    #[test]
    fn what_became_of_a_refund_is_done_only_when_stripe_says_so() {
        let outcome = |kind: &str, more: &str| {
            let object = format!(r#"{{"id":"re_1",{more}"metadata":{{"order_id":"{ORDER}"}}}}"#);
            match told(kind, &object) {
                Told::Refund(told) => {
                    assert_eq!(told.gateway_refund_id, "re_1");
                    Some(told.outcome)
                }
                _ => None,
            }
        };
        for kind in ["refund.updated", "refund.failed", "charge.refund.updated"] {
            for open in ["pending", "requires_action", "something_new"] {
                let status = format!(r#""status":"{open}","#);
                assert_eq!(outcome(kind, &status), Some(RefundOutcome::Pending));
            }
            assert_eq!(outcome(kind, ""), Some(RefundOutcome::Pending));
            let done = outcome(kind, r#""status":"succeeded","#);
            assert_eq!(done, Some(RefundOutcome::Done));
            let why = r#""status":"failed","failure_reason":"lost_or_stolen_card","#;
            let Some(RefundOutcome::Failed { reason }) = outcome(kind, why) else {
                panic!("{kind}: it has failed");
            };
            assert!(reason.ends_with("lost or stolen card"), "{reason}");
            let cancelled = outcome(kind, r#""status":"canceled","failure_reason":null,"#);
            assert!(matches!(cancelled, Some(RefundOutcome::Failed { .. })));
        }
        assert_eq!(outcome("refund.created", r#""status":"pending","#), None);
        // Given back at Stripe's own desk.
        let foreign = told("refund.updated", r#"{"id":"re_1","metadata":{}}"#);
        assert!(matches!(foreign, Told::Nothing));
    }

    #[test]
    fn what_stripe_tells_is_read_as_what_became_of_a_payment() {
        let amount = Money::new(1_000, Currency::Eur);
        assert_eq!(
            outcome(
                "payment_intent.amount_capturable_updated",
                r#""amount_capturable":1000,"#
            ),
            Some(PaymentOutcome::Authorized { amount })
        );
        let automatic = r#""cancellation_reason":"automatic","#;
        assert_eq!(
            outcome("payment_intent.canceled", automatic),
            Some(PaymentOutcome::Expired)
        );
        assert_eq!(
            outcome("payment_intent.canceled", ""),
            Some(PaymentOutcome::LetGo)
        );
        assert!(matches!(
            outcome("checkout.session.expired", ""),
            Some(PaymentOutcome::Declined { .. })
        ));
        assert_eq!(outcome("payment_intent.payment_failed", ""), None);
        let session =
            format!(r#"{{"id":"cs_1","metadata":{{"order_id":"{ORDER}","attempt":"1"}}}}"#);
        assert!(matches!(
            told("checkout.session.completed", &session),
            Told::Look(_)
        ));
        // Of another shop with the same account.
        for foreign in [
            "{}",
            r#"{"id":"pi_1","metadata":{}}"#,
            r#"{"metadata":null}"#,
        ] {
            let said = told("payment_intent.canceled", foreign);
            assert!(matches!(said, Told::Nothing), "{foreign}");
        }
    }
}
