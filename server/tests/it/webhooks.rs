//! Messages of carriers: who is believed, and what happens once.

use std::time::{SystemTime, UNIX_EPOCH};

use futures::StreamExt;
use futures::stream;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::json;
use types::{OrderId, Problem};
use uuid::Uuid;
use webhooks::{ID_HEADER, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER, TOLERANCE_S};

use crate::client::new_order_id;
use crate::shop::{RING, RING_PRICE, TestShop};

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const GOOD_CARD: &str = "pm_card_visa";
const DOOR: &str = "/webhooks/carriers/simulator";
/// Messages at once.
pub const AT_ONCE: usize = 32;

pub fn secret() -> Secret {
    SECRET.parse().expect("a secret")
}

pub fn setting() -> String {
    format!("--carrier-webhook-secret={SECRET}")
}

pub fn now_s() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(now.expect("after 1970").as_secs()).expect("a time")
}

/// A message as it goes over the wire.
#[derive(Debug, Clone)]
pub struct Message {
    id: String,
    sent_s: i64,
    body: String,
    signature: String,
}

impl Message {
    /// Signed as the carrier does.
    pub fn new(id: &str, sent_s: i64, body: &str) -> Self {
        Self {
            id: id.to_owned(),
            sent_s,
            body: body.to_owned(),
            signature: secret().sign(id, sent_s, body.as_bytes()),
        }
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let sent = self.sent_s.to_string();
        for (name, value) in [
            (ID_HEADER, &self.id),
            (TIMESTAMP_HEADER, &sent),
            (SIGNATURE_HEADER, &self.signature),
        ] {
            headers.insert(name, HeaderValue::from_str(value).expect("a header"));
        }
        headers
    }

    async fn send(&self, http: &reqwest::Client, shop: &str) -> u16 {
        self.send_to(http, &format!("{shop}{DOOR}")).await
    }

    /// As a sender does that is told to come back: a busy machine answers 503 at times.
    pub async fn send_until_answered(&self, http: &reqwest::Client, url: &str) -> u16 {
        loop {
            match self.send_to(http, url).await {
                503 => tokio::task::yield_now().await,
                status => return status,
            }
        }
    }

    pub async fn send_to(&self, http: &reqwest::Client, url: &str) -> u16 {
        post(http, url, self.headers(), &self.body).await
    }
}

async fn post(http: &reqwest::Client, url: &str, headers: HeaderMap, body: &str) -> u16 {
    let request = http.post(url).headers(headers).body(body.to_owned());
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a body");
    if status != 200 {
        let problem: Problem = serde_json::from_str(&text).expect("a problem");
        assert_eq!(problem.status, status, "{problem:?}");
    }
    status
}

pub fn http() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy();
    client.build().expect("a client")
}

/// News of a parcel that the shop has not packed: taken, and changes nothing.
fn news(order: OrderId) -> String {
    let reference = format!("parcel/{order}/{}", Uuid::now_v7());
    json!({
        "type": "shipment.status",
        "data": {
            "reference": reference,
            "tracking_number": "VP000000001",
            "status": "in_transit",
            "sequence": 2,
            "happened_at_us": now_s() * 1_000_000,
        }
    })
    .to_string()
}

async fn shop_with_order() -> (TestShop, OrderId) {
    let setting = setting();
    let shop = TestShop::with(&[&setting]).await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    (shop, order)
}

async fn told(shop: &TestShop) -> i64 {
    let sql = "select count(*) from events where type = 'shipment.carrier_reported'";
    shop.number(sql).await
}

/// How many are posted; more of them with `VITRINE_FORGERIES`.
pub fn forgeries() -> usize {
    let given = std::env::var("VITRINE_FORGERIES");
    given.map_or(3_000, |given| given.parse().expect("a number"))
}

/// What a forger can make of a message that they have seen, and of what they can guess.
pub fn forged(seen: &Message, at: usize) -> Message {
    let id = format!("msg_{at}");
    let now_s = now_s();
    match at % 8 {
        // Signed by somebody else.
        0 => Message {
            signature: Secret::new(vec![7; 32]).expect("a secret").sign(
                &id,
                now_s,
                seen.body.as_bytes(),
            ),
            ..Message::new(&id, now_s, &seen.body)
        },
        // The signature of another message.
        1 => Message {
            signature: seen.signature.clone(),
            ..Message::new(&id, seen.sent_s, &seen.body)
        },
        // Something else under a right signature.
        2 => Message {
            body: seen.body.replace("in_transit", "delivered"),
            ..seen.clone()
        },
        // Made young again.
        3 => Message {
            sent_s: seen.sent_s + 1,
            ..seen.clone()
        },
        // Of yesterday, or of tomorrow, and signed rightly.
        4 => Message::new(&id, now_s - TOLERANCE_S - 60, &seen.body),
        5 => Message::new(&id, now_s + TOLERANCE_S + 60, &seen.body),
        // Another version, or nothing.
        6 => Message {
            signature: seen.signature.replace("v1,", "v0,"),
            ..seen.clone()
        },
        _ => Message {
            signature: "v1,".to_owned(),
            ..seen.clone()
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_forged_stale_and_repeated_messages_none_is_taken() {
    let (shop, order) = shop_with_order().await;
    let http = http();
    let seen = Message::new("msg_seen", now_s(), &news(order));
    assert_eq!(seen.send(&http, shop.url()).await, 200);
    assert_eq!(told(&shop).await, 1);
    // What follows the order goes on beside it: alerts, a draft for the supplier, their mails.
    const FOLLOWS: &str = "select count(*) from events where topic in ('fulfilment', 'orders')";
    let before = shop.number(FOLLOWS).await;

    let url = shop.url().to_owned();
    let posts = stream::iter(0..forgeries()).map(|at| {
        let (http, url) = (&http, url.as_str());
        // What was taken already, signed anew: a long run is longer than a signature is good for.
        let seen = Message::new(&seen.id, now_s(), &seen.body);
        async move {
            match at % 9 {
                8 => {
                    let door = format!("{url}{DOOR}");
                    (200, seen.send_until_answered(http, &door).await)
                }
                _ => (401, forged(&seen, at).send(http, url).await),
            }
        }
    });
    let mut wrong = posts
        .buffer_unordered(AT_ONCE)
        .filter(|(expected, status)| std::future::ready(expected != status));
    assert_eq!(wrong.next().await, None, "expected and answered");
    assert_eq!(told(&shop).await, 1, "nothing was taken");
    assert_eq!(shop.number(FOLLOWS).await, before, "and nothing followed");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_taken_is_known_over_a_restart_and_as_long_as_it_is_believed() {
    let (shop, order) = shop_with_order().await;
    let http = http();
    let message = Message::new("msg_1", now_s(), &news(order));
    // At once, as two workers of a sender may.
    let twice = tokio::join!(
        message.send(&http, shop.url()),
        message.send(&http, shop.url())
    );
    assert_eq!(twice, (200, 200));
    assert_eq!(told(&shop).await, 1);

    let shop = shop.reopened().await;
    assert_eq!(message.send(&http, shop.url()).await, 200);
    assert_eq!(told(&shop).await, 1);
    // A sender that has not heard the answer signs anew, with the same id.
    let again = Message::new("msg_1", now_s() + 5, &message.body);
    assert_eq!(again.send(&http, shop.url()).await, 200);
    assert_eq!(told(&shop).await, 1);

    let lives = services::Lives::of_days(90, 90);
    shop.inner().sweep(lives).await.expect("swept");
    assert_eq!(message.send(&http, shop.url()).await, 200);
    assert_eq!(told(&shop).await, 1, "housekeeping leaves what is young");
    let week_us: i64 = 8 * 24 * 60 * 60 * 1_000_000;
    let age = format!("update webhook_messages set taken_at_us = taken_at_us - {week_us}");
    shop.alter(age).await;
    let swept = shop.inner().sweep(lives).await.expect("swept");
    assert_eq!(swept.webhook_messages, 1);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_signed_and_makes_no_sense_is_refused_with_a_reason() {
    let (shop, order) = shop_with_order().await;
    let http = http();
    let send = async |body: &str| {
        let id = format!("msg_{}", Uuid::now_v7());
        Message::new(&id, now_s(), body)
            .send(&http, shop.url())
            .await
    };
    for bad in [
        "",
        "null",
        "{}",
        "[1]",
        r#"{"type":"shipment.status"}"#,
        r#"{"type":"x","data":{}}"#,
    ] {
        assert_eq!(send(bad).await, 400, "{bad}");
    }
    assert_eq!(send(&news(new_order_id())).await, 422, "of another shop");
    for other in ["shipment", "parcel/1/2"] {
        let body = news(order).replace("parcel/", &format!("{other}/"));
        assert_eq!(send(&body).await, 422, "{other}");
    }
    let message = Message::new("msg_1", now_s(), &news(order));
    let mut twice = message.headers();
    twice.append(ID_HEADER, HeaderValue::from_static("msg_2"));
    let door = format!("{}{DOOR}", shop.url());
    assert_eq!(post(&http, &door, twice, &message.body).await, 401);
    let none = HeaderMap::new();
    assert_eq!(post(&http, &door, none, &message.body).await, 401);
    let large = "x".repeat(64 * 1024 + 1);
    assert_eq!(post(&http, &door, message.headers(), &large).await, 413);
    let nobody = format!("{}/webhooks/carriers/pigeon", shop.url());
    assert_eq!(
        post(&http, &nobody, message.headers(), &message.body).await,
        404
    );
    assert_eq!(told(&shop).await, 0);
    shop.closed().await;
}
