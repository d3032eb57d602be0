//! Stripe by Checkout Session: the shopper pays on Stripe's own page, and no card number ever comes here (PCI DSS,
//! SAQ A). Money is held there and collected when a parcel leaves.
//!
//! Source: <https://docs.stripe.com/api/checkout/sessions>, <https://docs.stripe.com/api/payment_intents>.

mod connection;
pub mod news;
mod signature;

use std::time::Duration;

use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use types::order::{DeclineReason, order_number};
use types::{Currency, Money};

use crate::gateway::{
    Action, Answer, Authorize, Decision, MoveMoney, Moved, NoAnswer, Outcome, PaymentGateway,
    Settled,
};
use connection::{Answered, Connection};

pub use signature::{NotBelieved, verify};

/// Where Stripe is.
pub const API_BASE: &str = "https://api.stripe.com";
/// A session cannot end earlier than half an hour after it was made.
const SHORTEST_SESSION_S: i64 = 31 * 60;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stripe {
    connection: Connection,
    /// Under which browsers reach the shop.
    shop_url: String,
}

#[derive(Deserialize)]
struct Session {
    id: String,
    url: Option<String>,
    status: Option<String>,
    payment_intent: Option<String>,
}

#[derive(Deserialize)]
struct Intent {
    id: String,
    status: String,
    amount: i64,
    currency: String,
}

#[derive(Deserialize)]
struct Refusal {
    error: RefusalDetail,
}

#[derive(Deserialize)]
struct RefusalDetail {
    #[serde(default)]
    message: String,
    #[serde(default)]
    code: String,
}

/// What was answered to a request that Stripe understood.
enum Reply<T> {
    Done(T),
    Refused(RefusalDetail),
    Unknown,
}

impl Stripe {
    /// `base` is where it is asked, `shop_url` where it sends shoppers back to, `patience` how long an answer may take.
    ///
    /// # Errors
    /// When the address or the key cannot be used.
    pub fn new(base: &str, key: &str, shop_url: &str, patience: Duration) -> Result<Self, String> {
        Ok(Self {
            connection: Connection::new(base, key, patience)?,
            shop_url: shop_url.trim_end_matches('/').to_owned(),
        })
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        form: &[(&str, String)],
        key: Option<&str>,
    ) -> Result<Reply<T>, NoAnswer> {
        let answered = self.connection.ask(method, path, form, key).await?;
        reply(&answered)
    }

    async fn session(&self, request: Authorize) -> Result<Decision, NoAnswer> {
        let order = request.reference.to_string();
        let attempt = request.attempt.to_string();
        // The same at each asking, as the key demands.
        let until_s = request.reserved_until_us.div_euclid(1_000_000) + SHORTEST_SESSION_S;
        let price = "line_items[0][price_data]";
        let [currency, amount, name] = ["[currency]", "[unit_amount]", "[product_data][name]"]
            .map(|it| format!("{price}{it}"));
        let shop = &self.shop_url;
        let form = [
            ("mode", "payment".to_owned()),
            ("payment_method_types[0]", "card".to_owned()),
            ("client_reference_id", order.clone()),
            ("metadata[order_id]", order.clone()),
            ("metadata[attempt]", attempt.clone()),
            ("payment_intent_data[capture_method]", "manual".to_owned()),
            ("payment_intent_data[metadata][order_id]", order.clone()),
            ("payment_intent_data[metadata][attempt]", attempt),
            ("line_items[0][quantity]", "1".to_owned()),
            (&currency, request.amount.currency.code().to_lowercase()),
            (&amount, request.amount.minor.to_string()),
            (&name, format!("Order {}", order_number(request.reference))),
            ("expires_at", until_s.to_string()),
            ("success_url", format!("{shop}/orders/{order}/payment")),
            ("cancel_url", format!("{shop}/orders/{order}")),
        ];
        let key = Some(request.idempotency_key.as_str());
        let asked = self.ask(Method::POST, "/v1/checkout/sessions", &form, key);
        Ok(match asked.await? {
            Reply::Done(Session {
                id, url: Some(url), ..
            }) => Decision::ActionRequired(Action { id, url }),
            Reply::Done(_) => return Err(NoAnswer("Stripe's session has no address".to_owned())),
            refused => {
                tracing::error!(why = refused.why(), "Stripe makes no checkout session");
                Decision::Declined {
                    reason: DeclineReason::ProcessingError,
                }
            }
        })
    }

    async fn capture_intent(&self, request: MoveMoney) -> Result<Moved, NoAnswer> {
        let path = format!("/v1/payment_intents/{}/capture", request.authorization_id);
        let form = [("amount_to_capture", request.amount.minor.to_string())];
        let key = Some(request.idempotency_key.as_str());
        let refused = match self.ask::<Intent>(Method::POST, &path, &form, key).await? {
            Reply::Done(_) => return Ok(Moved::Done),
            refused => refused,
        };
        let is_over = matches!(&refused, Reply::Refused(detail)
            if detail.code == "charge_expired_for_capture");
        let expired = is_over || self.is_canceled(&request.authorization_id).await?;
        Ok(Moved::Refused {
            reason: refused.why(),
            expired,
        })
    }

    async fn is_canceled(&self, intent: &str) -> Result<bool, NoAnswer> {
        Ok(matches!(self.intent(intent).await?, Some(found) if found.status == "canceled"))
    }

    async fn intent(&self, id: &str) -> Result<Option<Intent>, NoAnswer> {
        let path = format!("/v1/payment_intents/{id}");
        Ok(match self.ask(Method::GET, &path, &[], None).await? {
            Reply::Done(intent) => Some(intent),
            _ => None,
        })
    }

    async fn refund_intent(&self, request: MoveMoney) -> Result<Moved, NoAnswer> {
        #[derive(Deserialize)]
        struct Refund {
            status: Option<String>,
        }
        let form = [
            ("payment_intent", request.authorization_id),
            ("amount", request.amount.minor.to_string()),
        ];
        let key = Some(request.idempotency_key.as_str());
        let asked = self.ask::<Refund>(Method::POST, "/v1/refunds", &form, key);
        let reason = match asked.await? {
            Reply::Done(refund) => match refund.status.as_deref() {
                Some("failed" | "canceled") => "Stripe could not give it back".to_owned(),
                _ => return Ok(Moved::Done),
            },
            refused => refused.why(),
        };
        Ok(Moved::Refused {
            reason,
            expired: false,
        })
    }

    /// Lets go what is held, or ends the session; of a session that was completed meanwhile what it holds.
    async fn let_go(&self, id: &str) -> Result<(), NoAnswer> {
        let mut intent = id.to_owned();
        if id.starts_with("cs_") {
            let path = format!("/v1/checkout/sessions/{id}/expire");
            let ended = self.ask::<Session>(Method::POST, &path, &[], None).await?;
            if matches!(ended, Reply::Done(_)) {
                return Ok(());
            }
            match self
                .find_session(id)
                .await?
                .and_then(|it| it.payment_intent)
            {
                Some(found) => intent = found,
                None => return Ok(()),
            }
        }
        let path = format!("/v1/payment_intents/{intent}/cancel");
        // Refused, there is nothing to let go any more.
        self.ask::<Intent>(Method::POST, &path, &[], None).await?;
        Ok(())
    }

    async fn find_session(&self, id: &str) -> Result<Option<Session>, NoAnswer> {
        let path = format!("/v1/checkout/sessions/{id}");
        Ok(match self.ask(Method::GET, &path, &[], None).await? {
            Reply::Done(session) => Some(session),
            _ => None,
        })
    }

    async fn outcome(&self, id: &str) -> Result<Outcome, NoAnswer> {
        let Some(session) = self.find_session(id).await? else {
            return Ok(Outcome::LetGo);
        };
        match session.status.as_deref() {
            Some("expired") => {
                return Ok(Outcome::Declined {
                    reason: DeclineReason::NotAuthenticated,
                });
            }
            Some("complete") => {}
            _ => return Ok(Outcome::Pending),
        }
        let Some(intent) = session.payment_intent else {
            return Ok(Outcome::Pending);
        };
        let Some(intent) = self.intent(&intent).await? else {
            return Ok(Outcome::LetGo);
        };
        Ok(match intent.status.as_str() {
            "requires_capture" | "succeeded" => Outcome::Authorized {
                authorization_id: intent.id,
                amount: money(intent.amount, &intent.currency)?,
            },
            "canceled" => Outcome::LetGo,
            _ => Outcome::Pending,
        })
    }
}

impl<T> Reply<T> {
    fn why(&self) -> String {
        match self {
            Self::Done(_) => String::new(),
            Self::Unknown => "Stripe knows nothing of it".to_owned(),
            Self::Refused(detail) if detail.message.is_empty() => "refused".to_owned(),
            Self::Refused(detail) => detail.message.chars().take(200).collect(),
        }
    }
}

/// What comes too often, at the same time, from nobody known or from a Stripe in trouble is no answer: the request may
/// be repeated.
fn reply<T: DeserializeOwned>(answered: &Answered) -> Result<Reply<T>, NoAnswer> {
    let Answered { status, body } = answered;
    match *status {
        status if status.is_success() => {
            let read = serde_json::from_slice(body).map(Reply::Done);
            read.map_err(|error| NoAnswer(format!("Stripe's answer: {error}")))
        }
        StatusCode::NOT_FOUND => Ok(Reply::Unknown),
        StatusCode::BAD_REQUEST | StatusCode::PAYMENT_REQUIRED => {
            let refusal = serde_json::from_slice::<Refusal>(body);
            let detail = refusal.map(|refusal| refusal.error);
            Ok(Reply::Refused(detail.unwrap_or(RefusalDetail {
                message: String::new(),
                code: String::new(),
            })))
        }
        status => Err(NoAnswer(format!("Stripe answered {status}"))),
    }
}

fn money(minor: i64, currency: &str) -> Result<Money, NoAnswer> {
    let currency = currency.to_uppercase().parse::<Currency>();
    let currency = currency.map_err(|error| NoAnswer(error.to_string()))?;
    Ok(Money::new(minor, currency))
}

impl PaymentGateway for Stripe {
    fn authorize(&self, request: Authorize) -> Answer<'_, Decision> {
        Box::pin(self.session(request))
    }

    fn capture(&self, request: MoveMoney) -> Answer<'_, Moved> {
        Box::pin(self.capture_intent(request))
    }

    fn refund(&self, request: MoveMoney) -> Answer<'_, Moved> {
        Box::pin(self.refund_intent(request))
    }

    fn void(&self, authorization_id: String) -> Answer<'_, ()> {
        Box::pin(async move { self.let_go(&authorization_id).await })
    }

    fn look(&self, action_id: String) -> Answer<'_, Outcome> {
        Box::pin(async move { self.outcome(&action_id).await })
    }

    fn give_up(&self, action_id: String) -> Answer<'_, Outcome> {
        Box::pin(async move {
            let path = format!("/v1/checkout/sessions/{action_id}/expire");
            self.ask::<Session>(Method::POST, &path, &[], None).await?;
            self.outcome(&action_id).await
        })
    }

    fn hold_again(&self, _: String, _: String) -> Answer<'_, Moved> {
        Box::pin(async {
            Ok(Moved::Refused {
                reason: "with Stripe the shopper has to pay anew: cancel the order".to_owned(),
                expired: true,
            })
        })
    }

    fn settled(&self, _: String) -> Answer<'_, Vec<Settled>> {
        Box::pin(async { Err(NoAnswer("Stripe's payouts are not compared".to_owned())) })
    }
}
