//! Asks the simulator, a gateway that moves no money, over HTTP.

use std::time::Duration;

use domain::event::RefundOutcome;
use reqwest::{Client, Method, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use types::order::DeclineReason;
use types::{Currency, Money, OrderId};

use crate::gateway::{
    Action, Answer, Authorize, Decision, MoveMoney, Moved, MovedKind, NoAnswer, Outcome,
    PaymentGateway, Settled,
};

/// How long a connection may take to open, and one that is idle is kept.
const CONNECT: Duration = Duration::from_secs(2);
const IDLE: Duration = Duration::from_secs(30);
/// Connections that are kept open for the next question, at most.
const MOST_IDLE: usize = 256;
/// Where the shop's own door to the simulator stands, behind which its pages for shoppers are.
pub const DOOR: &str = "/test-gateway";

/// Cheap to clone.
#[derive(Clone)]
pub struct Simulator {
    client: Client,
    url: String,
    key: String,
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulator").field("url", &self.url).finish()
    }
}

#[derive(Serialize)]
struct AuthorizeBody<'a> {
    reference: OrderId,
    attempt: u32,
    amount_minor: i64,
    currency: &'static str,
    payment_token: &'a str,
    return_url: String,
}

#[derive(Serialize)]
struct MoneyBody {
    amount_minor: i64,
    currency: &'static str,
}

impl From<Money> for MoneyBody {
    fn from(money: Money) -> Self {
        Self {
            amount_minor: money.minor,
            currency: money.currency.code(),
        }
    }
}

#[derive(Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum PaymentAnswer {
    Authorized {
        id: String,
        amount_minor: i64,
        currency: String,
    },
    Declined {
        reason: DeclineReason,
    },
    ActionRequired {
        id: String,
        path: String,
    },
    Voided,
    Expired,
}

#[derive(Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum MoveAnswer {
    Done,
    Pending { id: String },
    Refused { reason: String, expired: bool },
}

#[derive(Deserialize)]
struct Page {
    lines: Vec<SettledLine>,
    more: bool,
}

#[derive(Deserialize)]
struct SettledLine {
    idempotency_key: String,
    reference: String,
    kind: MovedKind,
    amount_minor: i64,
    currency: String,
}

fn settled_line(line: SettledLine) -> Result<Settled, NoAnswer> {
    Ok(Settled {
        request: line.idempotency_key,
        order_id: line.reference.parse().ok(),
        kind: line.kind,
        amount: money(line.amount_minor, &line.currency)?,
    })
}

fn money(minor: i64, currency: &str) -> Result<Money, NoAnswer> {
    let currency = currency.parse::<Currency>();
    let currency = currency.map_err(|error| NoAnswer(error.to_string()))?;
    Ok(Money::new(minor, currency))
}

impl Simulator {
    /// `url` is where it is asked, `key` what it wants to hear with each question, `patience` how long an answer may
    /// take.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(url: &str, key: &str, patience: Duration) -> Result<Self, NoAnswer> {
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(patience)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MOST_IDLE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build();
        Ok(Self {
            client: client.map_err(no_answer)?,
            url: url.trim_end_matches('/').to_owned(),
            key: key.to_owned(),
        })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<String>,
    ) -> Result<Response, NoAnswer> {
        let request = self.client.request(method, format!("{}{path}", self.url));
        let mut request = request.bearer_auth(&self.key);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        request.send().await.map_err(no_answer)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<String>,
    ) -> Result<T, NoAnswer> {
        let answer = self.send(method, path, key, body).await?;
        read(answer).await
    }

    async fn move_money(&self, request: MoveMoney, what: &str) -> Result<Moved, NoAnswer> {
        let path = format!("/payments/{}/{what}", request.authorization_id);
        let key = Some(request.idempotency_key.as_str());
        let body = json(&MoneyBody::from(request.amount))?;
        let answer = self.ask(Method::POST, &path, key, Some(body)).await?;
        Ok(match answer {
            MoveAnswer::Done => Moved::Done,
            MoveAnswer::Pending { id } => Moved::Pending { id },
            MoveAnswer::Refused { reason, expired } => Moved::Refused { reason, expired },
        })
    }

    async fn authorized(&self, request: Authorize) -> Result<Decision, NoAnswer> {
        let body = AuthorizeBody {
            reference: request.reference,
            attempt: request.attempt,
            amount_minor: request.amount.minor,
            currency: request.amount.currency.code(),
            payment_token: &request.payment_token,
            return_url: format!("/orders/{}/payment", request.reference),
        };
        let key = Some(request.idempotency_key.as_str());
        let body = Some(json(&body)?);
        let answer = self.ask(Method::POST, "/payments", key, body).await?;
        Ok(decision(answer))
    }

    /// Nothing of this name is held: nothing was ever to be let go.
    async fn let_go(&self, id: String) -> Result<Option<PaymentAnswer>, NoAnswer> {
        let path = format!("/payments/{id}/void");
        let answer = self.send(Method::POST, &path, None, None).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        read(answer).await.map(Some)
    }
}

fn decision(answer: PaymentAnswer) -> Decision {
    match answer {
        PaymentAnswer::Authorized { id, .. } => Decision::Authorized {
            authorization_id: id,
        },
        PaymentAnswer::Declined { reason } => Decision::Declined { reason },
        PaymentAnswer::ActionRequired { id, path } => Decision::ActionRequired(Action {
            id,
            url: format!("{DOOR}{path}"),
        }),
        // It was held once, for this very request.
        PaymentAnswer::Voided | PaymentAnswer::Expired => Decision::Declined {
            reason: DeclineReason::ProcessingError,
        },
    }
}

fn outcome(answer: PaymentAnswer) -> Result<Outcome, NoAnswer> {
    Ok(match answer {
        PaymentAnswer::Authorized {
            id,
            amount_minor,
            currency,
        } => Outcome::Authorized {
            authorization_id: id,
            amount: money(amount_minor, &currency)?,
        },
        PaymentAnswer::Declined { reason } => Outcome::Declined { reason },
        PaymentAnswer::ActionRequired { .. } => Outcome::Pending,
        PaymentAnswer::Voided | PaymentAnswer::Expired => Outcome::LetGo,
    })
}

fn json(body: &impl Serialize) -> Result<String, NoAnswer> {
    serde_json::to_string(body).map_err(|error| NoAnswer(error.to_string()))
}

async fn read<T: DeserializeOwned>(answer: Response) -> Result<T, NoAnswer> {
    let status = answer.status();
    if !status.is_success() {
        return Err(NoAnswer(format!("it answered {status}")));
    }
    answer.json().await.map_err(no_answer)
}

/// Without the address, which is nobody's business and hides what went wrong.
fn no_answer(error: reqwest::Error) -> NoAnswer {
    let error = error.without_url();
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    match cause {
        Some(cause) => NoAnswer(format!("{error}: {cause}")),
        None => NoAnswer(error.to_string()),
    }
}

impl PaymentGateway for Simulator {
    fn authorize(&self, request: Authorize) -> Answer<'_, Decision> {
        Box::pin(self.authorized(request))
    }

    fn capture(&self, request: MoveMoney) -> Answer<'_, Moved> {
        Box::pin(self.move_money(request, "capture"))
    }

    fn refund(&self, request: MoveMoney) -> Answer<'_, Moved> {
        Box::pin(self.move_money(request, "refund"))
    }

    fn look_for_refund(&self, refund_id: String) -> Answer<'_, RefundOutcome> {
        Box::pin(async move {
            let path = format!("/refunds/{refund_id}");
            Ok(match self.ask(Method::GET, &path, None, None).await? {
                MoveAnswer::Done => RefundOutcome::Done,
                MoveAnswer::Pending { .. } => RefundOutcome::Pending,
                MoveAnswer::Refused { reason, .. } => RefundOutcome::Failed { reason },
            })
        })
    }

    fn void(&self, authorization_id: String) -> Answer<'_, ()> {
        Box::pin(async { self.let_go(authorization_id).await.map(|_| ()) })
    }

    fn look(&self, action_id: String) -> Answer<'_, Outcome> {
        Box::pin(async move {
            let path = format!("/payments/{action_id}");
            let answer = self.send(Method::GET, &path, None, None).await?;
            if answer.status() == StatusCode::NOT_FOUND {
                return Ok(Outcome::LetGo);
            }
            outcome(read(answer).await?)
        })
    }

    fn give_up(&self, action_id: String) -> Answer<'_, Outcome> {
        Box::pin(async {
            let ended = self.let_go(action_id).await?;
            ended.map_or(Ok(Outcome::LetGo), outcome)
        })
    }

    fn hold_again(&self, authorization_id: String, idempotency_key: String) -> Answer<'_, Moved> {
        Box::pin(async move {
            let path = format!("/payments/{authorization_id}/again");
            let key = Some(idempotency_key.as_str());
            let answer = self.send(Method::POST, &path, key, None).await?;
            if answer.status() == StatusCode::NOT_FOUND {
                return Ok(Moved::Refused {
                    reason: format!("nothing is known of {authorization_id}"),
                    expired: false,
                });
            }
            Ok(match read(answer).await? {
                PaymentAnswer::Authorized { .. } => Moved::Done,
                _ => Moved::Refused {
                    reason: "the bank does not hold it again".to_owned(),
                    expired: true,
                },
            })
        })
    }

    fn settled(&self, day: String) -> Answer<'_, Vec<Settled>> {
        Box::pin(async move {
            let mut settled = Vec::new();
            let mut after = String::new();
            loop {
                let path = format!("/settlements/{day}?after={after}");
                let page: Page = self.ask(Method::GET, &path, None, None).await?;
                if let Some(last) = page.lines.last() {
                    after.clone_from(&last.idempotency_key);
                }
                let lines = page.lines.into_iter().map(settled_line);
                settled.extend(lines.collect::<Result<Vec<_>, _>>()?);
                if !page.more {
                    return Ok(settled);
                }
            }
        })
    }
}
