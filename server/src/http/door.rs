//! Hands on what shoppers send to the simulator, and what it answers: byte for byte, and read by nobody here.

use axum::body::Bytes;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use types::Problem;

/// Of an answer these are handed on.
const HANDED_ON: [HeaderName; 5] = [
    CONTENT_TYPE,
    LOCATION,
    CONTENT_SECURITY_POLICY,
    CACHE_CONTROL,
    REFERRER_POLICY,
];
/// Bytes of an answer, at most: what the simulator says is short.
const MAX_ANSWER: usize = 64 * 1024;

/// Where the gateway is, and how it is reached.
#[derive(Debug, Clone)]
pub struct Door {
    client: reqwest::Client,
    url: String,
}

impl Door {
    /// # Errors
    /// When no client can be made.
    pub fn to(url: String) -> reqwest::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(std::time::Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { client, url })
    }

    /// Hands a request on, byte for byte.
    pub async fn hand_on(
        &self,
        method: Method,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<(StatusCode, HeaderMap, Bytes), Problem> {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(content) = headers.get(CONTENT_TYPE) {
            request = request.header(CONTENT_TYPE, content);
        }
        let silent = |_| Problem::unavailable("The bank cannot be reached just now. Try again.");
        let answer = request.body(body).send().await.map_err(silent)?;
        let (status, all) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.map_err(silent)?;
        if body.len() > MAX_ANSWER {
            return Err(Problem::internal());
        }
        let mut headers = HeaderMap::new();
        for name in HANDED_ON {
            if let Some(value) = all.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        Ok((status, headers, body))
    }
}
