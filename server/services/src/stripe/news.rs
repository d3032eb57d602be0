//! What Stripe tells by webhook: <https://docs.stripe.com/api/events/types>.

use domain::event::{Gateway, PaymentOutcome, PaymentReported};
use serde::Deserialize;
use types::order::DeclineReason;
use types::{Currency, Money, OrderId, Problem};

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

/// A checkout session or a payment intent.
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
}

#[derive(Deserialize, Default)]
struct Metadata {
    #[serde(default)]
    order_id: Option<String>,
    #[serde(default)]
    attempt: Option<String>,
}

/// What a message says.
pub enum Told {
    /// Something that the shop does not care about, or nothing of its own.
    Nothing,
    /// How a payment stands.
    Payment(PaymentReported),
    /// The shopper has paid on Stripe's page: Stripe is to be asked for how much.
    Look(OrderId),
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
        } = self.data.object;
        let metadata = metadata.unwrap_or_default();
        let order_id = metadata.order_id.and_then(|id| id.parse().ok());
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
