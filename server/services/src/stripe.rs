//! Stripe by Checkout Session: the shopper pays on Stripe's own page, and no card number ever comes here (PCI DSS,
//! SAQ A). Money is held there and collected when a parcel leaves.
//!
//! Source: <https://docs.stripe.com/api/checkout/sessions>, <https://docs.stripe.com/api/payment_intents>.

mod connection;
pub mod news;
mod signature;

use std::time::Duration;

use domain::event::RefundOutcome;
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
    /// Collected so far, in minor units.
    #[serde(default)]
    amount_received: i64,
    currency: String,
    #[serde(default)]
    latest_charge: Option<LatestCharge>,
}

/// Asked for with `expand`; else it is a name.
#[derive(Deserialize)]
#[serde(untagged)]
enum LatestCharge {
    Expanded(Box<Charge>),
    Named(#[expect(dead_code, reason = "what is not expanded says nothing")] String),
}

#[derive(Deserialize)]
struct Charge {
    #[serde(default)]
    payment_method_details: Option<MethodDetails>,
}

#[derive(Deserialize)]
struct MethodDetails {
    #[serde(default)]
    card: Option<CardDetails>,
}

#[derive(Deserialize)]
struct CardDetails {
    #[serde(default)]
    multicapture: Option<Multicapture>,
}

#[derive(Deserialize)]
struct Multicapture {
    status: String,
}

impl Intent {
    /// Whether the card lets what is held be collected in parts. Where Stripe does not say so, it does not.
    fn allows_parts(&self) -> bool {
        let Some(LatestCharge::Expanded(charge)) = &self.latest_charge else {
            return false;
        };
        let details = charge.payment_method_details.as_ref();
        let card = details.and_then(|details| details.card.as_ref());
        let parts = card.and_then(|card| card.multicapture.as_ref());
        parts.is_some_and(|parts| parts.status == "available")
    }

    /// Whether all that was held is collected.
    const fn is_collected(&self) -> bool {
        self.amount_received >= self.amount
    }
}

#[derive(Deserialize)]
struct Refund {
    id: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    failure_reason: Option<String>,
}

/// What a refund of this status has come to. What Stripe adds one day is not done.
fn refund_outcome(status: Option<&str>, failure_reason: Option<&str>) -> RefundOutcome {
    match status {
        Some("succeeded") => RefundOutcome::Done,
        Some("failed") => RefundOutcome::Failed {
            reason: match failure_reason {
                None => "the bank has refused it".to_owned(),
                Some(why) => {
                    let why: String = why.chars().take(100).collect();
                    format!("the bank has refused it: {}", why.replace('_', " "))
                }
            },
        },
        Some("canceled") => RefundOutcome::Failed {
            reason: "it was cancelled at Stripe".to_owned(),
        },
        _ => RefundOutcome::Pending,
    }
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
            (
                "payment_method_options[card][request_multicapture]",
                "if_available".to_owned(),
            ),
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

    /// Collects a part where the card allows parts, and else all that is held with the first of them: what is not
    /// collected then would be let go. Which of the two does not change with asking again.
    async fn capture_intent(&self, request: MoveMoney) -> Result<Moved, NoAnswer> {
        let id = &request.authorization_id;
        let in_parts = request.is_last || self.found(id).await?.is_some_and(|it| it.allows_parts());
        let path = format!("/v1/payment_intents/{id}/capture");
        let part = ("amount_to_capture", request.amount.minor.to_string());
        let form = match (request.is_last, in_parts) {
            (true, _) => vec![part],
            (false, true) => vec![part, ("final_capture", "false".to_owned())],
            (false, false) => Vec::new(),
        };
        let key = Some(request.idempotency_key.as_str());
        let refused = match self.ask::<Intent>(Method::POST, &path, &form, key).await? {
            Reply::Done(_) if in_parts => return Ok(Moved::Done),
            Reply::Done(intent) => {
                let amount = money(intent.amount_received, &intent.currency)?;
                return Ok(match amount == request.amount {
                    true => Moved::Done,
                    false => Moved::Otherwise { amount },
                });
            }
            refused => refused,
        };
        let is_over = matches!(&refused, Reply::Refused(detail)
            if detail.code == "charge_expired_for_capture");
        let found = self.found(id).await?;
        // An earlier request has collected all of it.
        if found
            .as_ref()
            .is_some_and(|it| it.is_collected() && !it.allows_parts())
        {
            let amount = Money::new(0, request.amount.currency);
            return Ok(Moved::Otherwise { amount });
        }
        // What was collected in part ends as succeeded when the rest was held for too long.
        let has_ended =
            |it: Intent| it.status == "canceled" || it.status == "succeeded" && !it.is_collected();
        Ok(Moved::Refused {
            reason: refused.why(),
            expired: is_over || found.is_some_and(has_ended),
        })
    }

    /// An intent, with what its card allows.
    async fn found(&self, id: &str) -> Result<Option<Intent>, NoAnswer> {
        self.intent(&format!("{id}?expand%5B%5D=latest_charge"))
            .await
    }

    async fn intent(&self, id: &str) -> Result<Option<Intent>, NoAnswer> {
        let path = format!("/v1/payment_intents/{id}");
        Ok(match self.ask(Method::GET, &path, &[], None).await? {
            Reply::Done(intent) => Some(intent),
            _ => None,
        })
    }

    async fn refund_intent(&self, request: MoveMoney) -> Result<Moved, NoAnswer> {
        let refund_id = request.refund_id.map(|id| id.to_string());
        let form = [
            ("payment_intent", request.authorization_id),
            ("amount", request.amount.minor.to_string()),
            ("metadata[order_id]", request.reference.to_string()),
            ("metadata[refund_id]", refund_id.unwrap_or_default()),
        ];
        let key = Some(request.idempotency_key.as_str());
        let asked = self.ask::<Refund>(Method::POST, "/v1/refunds", &form, key);
        let reason = match asked.await? {
            Reply::Done(Refund {
                id,
                status,
                failure_reason,
            }) => match refund_outcome(status.as_deref(), failure_reason.as_deref()) {
                RefundOutcome::Done => return Ok(Moved::Done),
                RefundOutcome::Pending => return Ok(Moved::Pending { id }),
                RefundOutcome::Failed { reason } => reason,
            },
            refused => refused.why(),
        };
        Ok(Moved::Refused {
            reason,
            expired: false,
        })
    }

    async fn find_refund(&self, id: &str) -> Result<RefundOutcome, NoAnswer> {
        let path = format!("/v1/refunds/{id}");
        Ok(
            match self.ask::<Refund>(Method::GET, &path, &[], None).await? {
                Reply::Done(refund) => {
                    refund_outcome(refund.status.as_deref(), refund.failure_reason.as_deref())
                }
                refused => RefundOutcome::Failed {
                    reason: refused.why(),
                },
            },
        )
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

    fn look_for_refund(&self, refund_id: String) -> Answer<'_, RefundOutcome> {
        Box::pin(async move { self.find_refund(&refund_id).await })
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
