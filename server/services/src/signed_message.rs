//! Messages to other houses' systems: posted with the headers of Standard Webhooks.

use std::time::Duration;

use broker::Failure;
use reqwest::StatusCode;

/// For a whole answer: shorter than a reactor waits.
pub(crate) const PATIENCE: Duration = Duration::from_secs(8);
const CONNECT: Duration = Duration::from_secs(3);

/// What is posted. Sent again it has the same id.
#[derive(Debug)]
pub(crate) struct SignedMessage {
    pub id: String,
    /// Unix seconds.
    pub at_s: i64,
    pub signature: String,
    /// JSON.
    pub body: Vec<u8>,
}

/// Posts messages. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Messenger(reqwest::Client);

impl Messenger {
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(PATIENCE);
        client.build().map(Self)
    }

    /// `None` when it was taken, otherwise the refusal: a status of 4xx.
    ///
    /// # Errors
    /// [`Failure::NoAnswer`] for whatever says nothing: no connection, no answer in time, 5xx, 408 and 429.
    pub async fn post(
        &self,
        to: &str,
        message: SignedMessage,
    ) -> Result<Option<StatusCode>, Failure> {
        let sent = self
            .0
            .post(to)
            .header("content-type", "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.at_s.to_string())
            .header("webhook-signature", message.signature)
            .body(message.body)
            .send()
            .await;
        // The address may hold a key of whoever listens there.
        let answer = sent.map_err(|error| Failure::NoAnswer(error.without_url().to_string()))?;
        match answer.status() {
            status if status.is_success() => Ok(None),
            status @ (StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS) => {
                Err(Failure::NoAnswer(status.to_string()))
            }
            status if status.is_client_error() => Ok(Some(status)),
            status => Err(Failure::NoAnswer(status.to_string())),
        }
    }
}
