//! A carrier that is asked over HTTP, as `server/carriers` speaks it. Each call has an end; what is not an answer
//! of the carrier's (a connection that fails or breaks, silence, an answer that cannot be read, 5xx) says nothing.

use std::fmt;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use types::fulfilment::Tracking;

use crate::carrier::{Answer, Bought, BuyLabel, Cancelled, Carrier, LabelFile, NewsPage, NoAnswer};

const CONNECT: Duration = Duration::from_secs(3);
/// For a whole answer: shorter than a reactor waits.
const PATIENCE: Duration = Duration::from_secs(8);
/// Bytes of an answer, at most: a page of news, or a label.
const MAX_ANSWER: usize = 4 * 1024 * 1024;
/// Characters of a reason that are repeated.
const MAX_REASON: usize = 200;
/// Characters of a tracking number and of its page's address, at most.
const MAX_NUMBER: usize = 60;
const MAX_URL: usize = 500;

/// Cheap to clone.
#[derive(Clone)]
pub struct HttpCarrier {
    client: reqwest::Client,
    url: String,
    key: String,
}

impl fmt::Debug for HttpCarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpCarrier")
    }
}

/// A refusal.
#[derive(Deserialize)]
struct Said {
    detail: String,
}

/// A parcel, as far as the shop wants to know.
#[derive(Deserialize)]
struct Labelled {
    tracking_number: String,
    tracking_url: String,
}

impl HttpCarrier {
    /// `url` is where its `/v1` stands.
    ///
    /// # Errors
    /// What is wrong with the address.
    pub fn new(url: &str, key: &str) -> Result<Self, String> {
        let parsed: Url = url.parse().map_err(|error| format!("{url}: {error}"))?;
        if parsed.scheme() != "http" {
            return Err(format!("expected http://HOST:PORT, got {url}"));
        }
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(PATIENCE)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            client,
            url: url.trim_end_matches('/').to_owned(),
            key: key.to_owned(),
        })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        request.bearer_auth(&self.key)
    }

    /// The carrier's page about a parcel, for a shop that shows it in its own name; `None` when there is none.
    ///
    /// # Errors
    /// When the carrier does not answer.
    pub async fn tracking_page(&self, number: &str) -> Result<Option<String>, NoAnswer> {
        let request = self
            .client
            .get(format!("{}/track/{}", self.url, plain(number)?));
        let (status, body) = answer(request).await?;
        match status {
            StatusCode::OK => Ok(Some(String::from_utf8_lossy(&body).into_owned())),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(NoAnswer(format!("it says {status}"))),
        }
    }

    async fn buy_label(&self, request: BuyLabel) -> Result<Bought, NoAnswer> {
        let asked = self
            .request(Method::POST, "/v1/shipments")
            .header("idempotency-key", &request.idempotency_key)
            .json(&request);
        let (status, body) = answer(asked).await?;
        if !status.is_success() {
            return Ok(Bought::Refused {
                reason: reason(status, &body)?,
            });
        }
        let Labelled {
            tracking_number,
            tracking_url,
        } = read(&body)?;
        let is_url = tracking_url.starts_with("https://") || tracking_url.starts_with("http://");
        let is_clean = tracking_url.chars().all(|c| c.is_ascii_graphic());
        if plain(&tracking_number).is_err() || tracking_url.len() > MAX_URL || !is_clean {
            return Err(NoAnswer("its number or its page cannot be".to_owned()));
        }
        Ok(Bought::Label(Tracking {
            number: tracking_number,
            url: is_url.then_some(tracking_url),
        }))
    }

    async fn cancel_label(&self, path: Result<String, NoAnswer>) -> Result<Cancelled, NoAnswer> {
        let (status, body) = answer(self.request(Method::POST, &path?)).await?;
        match status {
            status if status.is_success() => Ok(Cancelled::Done),
            StatusCode::NOT_FOUND => Ok(Cancelled::Done),
            status => Ok(Cancelled::Refused {
                reason: reason(status, &body)?,
            }),
        }
    }

    async fn label_file(&self, path: Result<String, NoAnswer>) -> Result<LabelFile, NoAnswer> {
        let (status, body) = answer(self.request(Method::GET, &path?)).await?;
        match status {
            StatusCode::OK if body.starts_with(b"%PDF-") => Ok(LabelFile::Pdf(body)),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(LabelFile::Gone),
            status => Err(NoAnswer(format!("it says {status} and gives no PDF"))),
        }
    }

    async fn erase_addresses(&self, path: Result<String, NoAnswer>) -> Result<(), NoAnswer> {
        let (status, _) = answer(self.request(Method::DELETE, &path?)).await?;
        match status {
            status if status.is_success() => Ok(()),
            StatusCode::NOT_FOUND => Ok(()),
            status => Err(NoAnswer(format!("it says {status}"))),
        }
    }

    async fn read_news(&self, position: i64) -> Result<NewsPage, NoAnswer> {
        let path = format!("/v1/changes?after={position}");
        let (status, body) = answer(self.request(Method::GET, &path)).await?;
        match status {
            StatusCode::OK => read(&body),
            status => Err(NoAnswer(format!("it says {status}"))),
        }
    }
}

/// A tracking number that can be a part of an address.
fn plain(number: &str) -> Result<&str, NoAnswer> {
    let is_plain = number.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match is_plain && (1..=MAX_NUMBER).contains(&number.len()) {
        true => Ok(number),
        false => Err(NoAnswer("no tracking number of this carrier".to_owned())),
    }
}

fn of(number: &str, rest: &str) -> Result<String, NoAnswer> {
    Ok(format!("/v1/shipments/{}{rest}", plain(number)?))
}

async fn answer(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), NoAnswer> {
    // The address would stand in the words: it names the parcel, which the log does, too.
    let no_answer = |error: reqwest::Error| NoAnswer(error.without_url().to_string());
    let mut response: Response = request.send().await.map_err(no_answer)?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(no_answer)? {
        if body.len() + part.len() > MAX_ANSWER {
            return Err(NoAnswer("its answer is too large".to_owned()));
        }
        body.extend_from_slice(&part);
    }
    let is_later = matches!(
        status,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
    );
    // A wrong key is mended by people; until then all waits.
    let is_key = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    if status.is_server_error() || is_later || is_key {
        return Err(NoAnswer(format!("it says {status}")));
    }
    Ok((status, body))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, NoAnswer> {
    serde_json::from_slice(body)
        .map_err(|error| NoAnswer(format!("its answer cannot be read: {error}")))
}

/// Why it refuses, for people.
fn reason(status: StatusCode, body: &[u8]) -> Result<String, NoAnswer> {
    if !status.is_client_error() {
        return Err(NoAnswer(format!("it says {status}")));
    }
    let said: Option<Said> = serde_json::from_slice(body).ok();
    let words = said.map_or_else(
        || String::from_utf8_lossy(body).into_owned(),
        |said| said.detail,
    );
    let words: String = words.trim().chars().take(MAX_REASON).collect();
    Ok(match words.is_empty() {
        true => format!("The carrier says {status}."),
        false => words,
    })
}

impl Carrier for HttpCarrier {
    fn buy(&self, request: BuyLabel) -> Answer<'_, Bought> {
        Box::pin(self.buy_label(request))
    }

    fn cancel(&self, tracking_number: &str) -> Answer<'_, Cancelled> {
        Box::pin(self.cancel_label(of(tracking_number, "/cancel")))
    }

    fn label(&self, tracking_number: &str) -> Answer<'_, LabelFile> {
        Box::pin(self.label_file(of(tracking_number, "/label.pdf")))
    }

    fn news(&self, position: i64) -> Answer<'_, NewsPage> {
        Box::pin(self.read_news(position))
    }

    fn erase(&self, tracking_number: &str) -> Answer<'_, ()> {
        Box::pin(self.erase_addresses(of(tracking_number, "/addresses")))
    }
}
