//! The gateway's own desk: what an operator or a test reads there and has it do.

use reqwest::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::api::{ListedMovement, ListedPayment};
use crate::faults::Behaviour;

/// Cheap to clone.
#[derive(Clone)]
pub struct Console {
    client: reqwest::Client,
    url: String,
    key: String,
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Console")
    }
}

#[derive(Deserialize)]
struct Page<T> {
    lines: Vec<T>,
    more: bool,
}

#[derive(Serialize)]
struct Falsified<'a> {
    idempotency_key: &'a str,
    amount_minor: Option<i64>,
}

impl Console {
    pub fn new(url: &str, key: &str) -> Self {
        Self {
            client: reqwest::Client::new(),
            url: url.to_owned(),
            key: key.to_owned(),
        }
    }

    /// Every payment, in the order of the ledger.
    ///
    /// # Errors
    /// When the gateway does not answer.
    pub async fn payments(&self) -> anyhow::Result<Vec<ListedPayment>> {
        let mut all: Vec<ListedPayment> = Vec::new();
        loop {
            let after = all.last().map_or(0, |last| last.seq);
            let page: Page<_> = self.get(&format!("/ledger/payments?after={after}")).await?;
            all.extend(page.lines);
            if !page.more {
                return Ok(all);
            }
        }
    }

    /// Every movement of money, in the order of keys.
    ///
    /// # Errors
    /// As [`Console::payments`].
    pub async fn movements(&self) -> anyhow::Result<Vec<ListedMovement>> {
        let mut all: Vec<ListedMovement> = Vec::new();
        loop {
            let after = all.last().map_or("", |last| &last.idempotency_key);
            let page: Page<_> = self
                .get(&format!("/ledger/movements?after={after}"))
                .await?;
            all.extend(page.lines);
            if !page.more {
                return Ok(all);
            }
        }
    }

    /// Has the gateway behave like this from now on.
    ///
    /// # Errors
    /// As [`Console::payments`].
    pub async fn behave(&self, behaviour: &Behaviour) -> anyhow::Result<()> {
        let body = serde_json::to_string(behaviour)?;
        self.send(Method::PUT, "/control", body).await?;
        Ok(())
    }

    /// Changes a movement in the books, or tears it out: what an error of the gateway would look like.
    ///
    /// # Errors
    /// As [`Console::payments`]; also when there is no such movement.
    pub async fn falsify(&self, key: &str, amount_minor: Option<i64>) -> anyhow::Result<()> {
        let body = serde_json::to_string(&Falsified {
            idempotency_key: key,
            amount_minor,
        })?;
        self.send(Method::POST, "/control/movements", body).await?;
        Ok(())
    }

    /// Ends a refund that the gateway has taken on: done, or refused by the bank. One that was done may be refused
    /// after all.
    ///
    /// # Errors
    /// As [`Console::payments`]; also when there is no refund that could end so.
    pub async fn end_refund(&self, id: &str, done: bool) -> anyhow::Result<()> {
        let body = format!("{{\"done\":{done}}}");
        self.send(Method::POST, &format!("/control/refunds/{id}"), body)
            .await?;
        Ok(())
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let answer = self.send(Method::GET, path, String::new()).await?;
        Ok(answer.json().await?)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: String,
    ) -> anyhow::Result<reqwest::Response> {
        let request = self.client.request(method, format!("{}{path}", self.url));
        let answer = request.bearer_auth(&self.key).body(body).send().await?;
        Ok(answer.error_for_status()?)
    }
}
