//! Tells whoever is to hear it what happens to parcels: a signed message for each change, again and later each
//! time until it is taken, and in the end not any more: they can ask.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use webhooks::{ID_HEADER, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER};

use crate::book::{Change, Trouble, now_us};
use crate::faults::Telling;
use crate::http::House;

/// Who is told what happens.
#[derive(Debug, Clone)]
pub struct Hears {
    pub url: String,
    pub secret: Secret,
}

/// How often what was put off is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// While the newest are told first: how long they are gathered.
const GATHER_US: i64 = 300_000;
const PATIENCE: Duration = Duration::from_secs(5);
/// Messages at once.
const BATCH: u32 = 50;
const MAX_ATTEMPTS: u32 = 12;
const MAX_WAIT_US: i64 = 60_000_000;

pub async fn run(house: Arc<House>, hears: Hears) {
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE);
    let client = match client.build() {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, "the carrier cannot tell anybody");
            return;
        }
    };
    loop {
        if let Err(error) = tell(&house, &hears, &client).await {
            tracing::warn!(%error, "the carrier's news wait");
        }
        // Either way it looks again.
        let _ = tokio::time::timeout(LOOK, house.book.changed.notified()).await;
    }
}

async fn tell(house: &House, hears: &Hears, client: &reqwest::Client) -> Result<(), Trouble> {
    let telling = house.weather.now().telling;
    let now_us = now_us();
    let mut changes = house.book.to_tell(now_us, BATCH).await?;
    if telling == Telling::Reordered {
        let youngest = changes.iter().map(|change| change.happened_at_us).max();
        if youngest.is_some_and(|at_us| at_us > now_us - GATHER_US) {
            return Ok(());
        }
        changes.reverse();
    }
    for change in changes {
        let times = match telling {
            Telling::Off => 0,
            Telling::Twice => 2,
            Telling::Well | Telling::Reordered => 1,
        };
        let mut is_taken = true;
        for _ in 0..times {
            is_taken = send(hears, client, &change).await;
        }
        if is_taken || change.attempts >= MAX_ATTEMPTS {
            house.book.told(change.position).await?;
        } else {
            let wait_us = (1_000_000_i64 << change.attempts.min(6)).min(MAX_WAIT_US);
            house
                .book
                .put_off(change.position, now_us + wait_us)
                .await?;
        }
    }
    Ok(())
}

/// Whether it was taken.
async fn send(hears: &Hears, client: &reqwest::Client, change: &Change) -> bool {
    let body = json!({"type": "shipment.status", "data": change}).to_string();
    let sent_s = now_us() / 1_000_000;
    let signature = hears.secret.sign(&change.id, sent_s, body.as_bytes());
    let request = client
        .post(&hears.url)
        .header(CONTENT_TYPE, "application/json")
        .header(ID_HEADER, &change.id)
        .header(TIMESTAMP_HEADER, sent_s)
        .header(SIGNATURE_HEADER, signature)
        .body(body);
    match request.send().await {
        Ok(answer) if answer.status().is_success() => true,
        Ok(answer) => {
            tracing::debug!(status = %answer.status(), id = change.id, "a message is not taken");
            false
        }
        Err(error) => {
            tracing::debug!(%error, id = change.id, "a message does not arrive");
            false
        }
    }
}
