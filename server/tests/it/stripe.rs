//! The shop with Stripe, asked over HTTP at localstripe (PyPI), which `cargo xtask test` installs. Checkout Sessions,
//! which it lacks, are added by `fixtures/localstripe/serve.py`; whatever else Stripe does is localstripe's own.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use types::OrderId;
use uuid::Uuid;

use crate::client::{Client, new_order_id};
use crate::parcels::{pack, refund, ship};
use crate::payment_news::reported;
use crate::shop::{DEADLINE, RING, RING_PRICE, TestShop, eventually};
use crate::webhooks::{forgeries, now_s};

const KEY: &str = "sk_test_12345";
const SECRET: &str = "whsec_of_the_shop";
const DOOR: &str = "/webhooks/payments/stripe";

struct Stripe {
    url: String,
    http: reqwest::Client,
    _process: Child,
}

impl Stripe {
    /// `VITRINE_LOCALSTRIPE` names the Python that has localstripe; else it is the one that
    /// `cargo xtask test rust` has installed.
    async fn start() -> Self {
        let installed = || {
            let server = Path::new(env!("CARGO_MANIFEST_DIR"));
            server
                .with_file_name("target/localstripe/bin/python")
                .into()
        };
        let python = std::env::var_os("VITRINE_LOCALSTRIPE").unwrap_or_else(installed);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut process = Command::new(python)
            .arg(folder.join("tests/fixtures/localstripe/serve.py"))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("localstripe: `cargo xtask test rust` installs it");
        let out = process.stdout.take().expect("its output");
        let line = tokio::time::timeout(DEADLINE, BufReader::new(out).lines().next_line()).await;
        let line = line.expect("it starts").expect("a line").expect("a line");
        let url = line.strip_prefix("listening on ").expect("its address");
        let http = reqwest::Client::builder().no_proxy();
        Self {
            url: url.to_owned(),
            http: http.build().expect("a client"),
            _process: process,
        }
    }

    /// A shop that is paid there, and is told what happens.
    async fn shop(&self) -> TestShop {
        let base = format!("--stripe-api-base={}", self.url);
        let key = format!("--stripe-secret-key={KEY}");
        let secret = format!("--stripe-webhook-secret={SECRET}");
        let shop = TestShop::with(&["--gateway=stripe", &base, &key, &secret]).await;
        let told = json!({"url": format!("{}{DOOR}", shop.url()), "secret": SECRET});
        self.config("/_config/webhooks/shop", told).await;
        shop
    }

    async fn config(&self, path: &str, body: Value) {
        let request = self.http.post(format!("{}{path}", self.url));
        let request = request.header(CONTENT_TYPE, "application/json");
        let answer = request.body(body.to_string()).send().await;
        let status = answer.expect("an answer").status();
        assert!(status.is_success(), "{path}: {status}");
    }

    async fn get(&self, path: &str) -> Value {
        let request = self
            .http
            .get(format!("{}{path}", self.url))
            .bearer_auth(KEY);
        let answer = request.send().await.expect("an answer");
        answer.json().await.expect("JSON")
    }

    /// The shopper pays on Stripe's page.
    async fn pay(&self, session: &str) {
        let card = json!({"number": "4242424242424242"});
        self.config(&format!("/_config/pay/{session}"), card).await;
    }
}

/// Orders, and follows the button to Stripe; answers with the session.
async fn ordered(shop: &TestShop, ada: &mut Client) -> (OrderId, String) {
    let order = new_order_id();
    ada.add(RING, "1", "").await.expect_ok();
    ada.place(order, "", RING_PRICE).await.expect_ok();
    shop.until_status(order, "action_required").await;
    (order, session_of(ada, order).await)
}

async fn session_of(ada: &mut Client, order: OrderId) -> String {
    let page = ada.get(&format!("/orders/{order}")).await.expect_ok();
    assert!(page.body.contains("Continue to payment"), "{}", page.body);
    let links = page.body.split("href=\"http://localhost/pay/");
    let session = links.skip(1).last().and_then(|rest| rest.split('"').next());
    session.expect("a link to Stripe's page").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_paid_on_stripes_page_collected_when_it_leaves_and_given_back_in_part() {
    let stripe = Stripe::start().await;
    let shop = stripe.shop().await;
    let mut ada = shop.shopper();
    ada.add(RING, "1", "").await.expect_ok();
    let checkout = ada.get("/checkout").await.expect_ok();
    assert!(
        !checkout.body.contains("cc-number"),
        "no card is typed here"
    );
    assert!(checkout.body.contains("Continue to payment"));
    let card = [("number", "4242424242424242")];
    ada.submit("/test-gateway/tokens", &card).await.problem(404);

    let order = new_order_id();
    ada.place(order, "", RING_PRICE).await.expect_ok();
    shop.until_status(order, "action_required").await;
    let session = session_of(&mut ada, order).await;
    stripe.pay(&session).await;
    shop.until_status(order, "confirmed").await;
    let session = stripe
        .get(&format!("/v1/checkout/sessions/{session}"))
        .await;
    let intent = session["payment_intent"]
        .as_str()
        .expect("an intent")
        .to_owned();
    let state = async || stripe.get(&format!("/v1/payment_intents/{intent}")).await;
    assert_eq!(state().await["status"], "requires_capture");
    assert_eq!(state().await["amount"], RING_PRICE);

    let mut staff = shop.staff().await;
    let parcel = Uuid::now_v7().to_string();
    pack(&mut staff, order, &parcel, 1).await.expect_ok();
    ship(&mut staff, order, &parcel, "").await.expect_ok();
    eventually("the money is collected", async || {
        state().await["status"] == "succeeded"
    })
    .await;
    let booked =
        format!("select count(*) from events where key = '{order}' and type = 'payment.captured'");
    eventually("it is booked", async || shop.number(&booked).await == 1).await;
    let id = Uuid::now_v7().to_string();
    refund(&mut staff, order, &id, "5.00").await.expect_ok();
    let refunds = async || {
        let list = stripe
            .get(&format!("/v1/refunds?payment_intent={intent}"))
            .await;
        let data = list["data"].as_array().cloned().unwrap_or_default();
        data.iter()
            .map(|it| it["amount"].as_i64().unwrap_or(0))
            .collect::<Vec<_>>()
    };
    eventually("a part is given back", async || refunds().await == [500]).await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_cancelled_ends_its_session_or_lets_go_what_was_paid() {
    let stripe = Stripe::start().await;
    let shop = stripe.shop().await;
    let mut ada = shop.shopper();
    let (order, session) = ordered(&shop, &mut ada).await;
    ada.cancel(order).await.expect_ok();
    let status = async |session: &str| {
        let session = stripe
            .get(&format!("/v1/checkout/sessions/{session}"))
            .await;
        session["status"].as_str().unwrap_or_default().to_owned()
    };
    eventually("the session is over", async || {
        status(&session).await == "expired"
    })
    .await;
    shop.until_status(order, "cancelled").await;

    // Somebody else: what was cancelled is in the cart again.
    let mut ada = shop.shopper();
    let (order, session) = ordered(&shop, &mut ada).await;
    stripe.pay(&session).await;
    shop.until_status(order, "confirmed").await;
    ada.cancel(order).await.expect_ok();
    let session = stripe
        .get(&format!("/v1/checkout/sessions/{session}"))
        .await;
    let intent = session["payment_intent"]
        .as_str()
        .expect("an intent")
        .to_owned();
    eventually("nothing is held", async || {
        stripe.get(&format!("/v1/payment_intents/{intent}")).await["status"] == "canceled"
    })
    .await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_unpaid_leaves_the_order_to_be_paid_in_another_one() {
    let stripe = Stripe::start().await;
    let shop = stripe.shop().await;
    let mut ada = shop.shopper();
    let (order, first) = ordered(&shop, &mut ada).await;
    let expire = format!("{}/v1/checkout/sessions/{first}/expire", stripe.url);
    let expired = stripe.http.post(expire).bearer_auth(KEY).send().await;
    assert!(expired.expect("an answer").status().is_success());
    shop.until_status(order, "awaiting_payment").await;
    ada.pay(order, "pm_redirect").await.expect_ok();
    shop.until_status(order, "action_required").await;
    let second = session_of(&mut ada, order).await;
    assert_ne!(first, second);
    // The shopper is back before Stripe has told.
    stripe
        .config(
            "/_config/webhooks/shop",
            json!({"url": "http://127.0.0.1:9/", "secret": "x"}),
        )
        .await;
    stripe.pay(&second).await;
    ada.get(&format!("/orders/{order}/payment")).await;
    shop.until_status(order, "confirmed").await;
    shop.closed().await;
}

/// An order of two rings that is paid, and its intent there.
async fn paid_twice(stripe: &Stripe, shop: &TestShop) -> (OrderId, String) {
    let mut ada = shop.shopper();
    ada.add(RING, "2", "").await.expect_ok();
    let order = new_order_id();
    ada.place(order, "", 2 * RING_PRICE).await.expect_ok();
    shop.until_status(order, "action_required").await;
    let session = session_of(&mut ada, order).await;
    stripe.pay(&session).await;
    shop.until_status(order, "confirmed").await;
    let path = format!("/v1/checkout/sessions/{session}");
    let session = stripe.get(&path).await;
    let intent = session["payment_intent"].as_str().expect("an intent");
    (order, intent.to_owned())
}

impl Stripe {
    /// Status of an intent, and what is collected of it.
    async fn collected(&self, intent: &str) -> (String, i64) {
        let intent = self.get(&format!("/v1/payment_intents/{intent}")).await;
        let status = intent["status"].as_str().unwrap_or_default().to_owned();
        (status, intent["amount_received"].as_i64().unwrap_or(-1))
    }

    async fn until_collected(&self, intent: &str, status: &str, minor: i64) {
        eventually(&format!("{status}, {minor} collected"), async || {
            self.collected(intent).await == (status.to_owned(), minor)
        })
        .await;
    }
}

/// What the log says was collected of an order: how often, and how much in all.
async fn booked(shop: &TestShop, order: OrderId) -> (usize, i64) {
    let events = shop
        .log()
        .read_key(&order.to_string())
        .await
        .expect("a log");
    let amounts = events
        .iter()
        .filter(|it| it.kind == "payment.captured")
        .map(|it| {
            let data: Value = serde_json::from_str(&it.data).expect("JSON");
            data["amount"]["minor"].as_i64().expect("an amount")
        });
    let amounts: Vec<i64> = amounts.collect();
    (amounts.len(), amounts.iter().sum())
}

async fn until_booked(shop: &TestShop, order: OrderId, times: usize, minor: i64) {
    eventually(&format!("{minor} booked in {times}"), async || {
        booked(shop, order).await == (times, minor)
    })
    .await;
}

/// localstripe has no captures in parts; its fixture adds them as Stripe documents them.
#[tokio::test(flavor = "multi_thread")]
async fn where_the_card_allows_it_each_parcel_is_collected_when_it_leaves() {
    let stripe = Stripe::start().await;
    let shop = stripe.shop().await;
    stripe
        .config("/_config/say", json!({"multicapture": true}))
        .await;
    let (order, intent) = paid_twice(&stripe, &shop).await;
    let mut staff = shop.staff().await;
    for (parcel, status) in [(1, "requires_capture"), (2, "succeeded")] {
        let id = Uuid::now_v7().to_string();
        pack(&mut staff, order, &id, 1).await.expect_ok();
        ship(&mut staff, order, &id, "").await.expect_ok();
        stripe
            .until_collected(&intent, status, parcel * RING_PRICE)
            .await;
        until_booked(&shop, order, parcel as usize, parcel * RING_PRICE).await;
    }

    // A rest that is given up is let go, and not collected.
    let (order, intent) = paid_twice(&stripe, &shop).await;
    let id = Uuid::now_v7().to_string();
    pack(&mut staff, order, &id, 1).await.expect_ok();
    ship(&mut staff, order, &id, "").await.expect_ok();
    until_booked(&shop, order, 1, RING_PRICE).await;
    let order_id = order.to_string();
    let rest = [("order_id", &*order_id)];
    staff
        .post("/api/cancel_for_shopper", &rest)
        .await
        .expect_ok();
    let voided =
        format!("select count(*) from events where key = '{order}' and type = 'payment.voided'");
    eventually("the rest is let go", async || {
        shop.number(&voided).await == 1
    })
    .await;
    assert_eq!(booked(&shop, order).await, (1, RING_PRICE));
    assert_eq!(stripe.collected(&intent).await.1, RING_PRICE);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_card_does_not_the_first_parcel_collects_all_and_the_books_say_so() {
    let stripe = Stripe::start().await;
    let shop = stripe.shop().await;
    let (order, intent) = paid_twice(&stripe, &shop).await;
    let mut staff = shop.staff().await;
    // Both leave before the gateway has answered for the first.
    let ids = [Uuid::now_v7().to_string(), Uuid::now_v7().to_string()];
    for id in &ids {
        pack(&mut staff, order, id, 1).await.expect_ok();
    }
    for id in &ids {
        ship(&mut staff, order, id, "").await.expect_ok();
    }
    stripe
        .until_collected(&intent, "succeeded", 2 * RING_PRICE)
        .await;
    eventually("all of it is booked, once", async || {
        booked(&shop, order).await.1 == 2 * RING_PRICE
    })
    .await;
    let page = staff
        .get(&format!("/admin/orders/{order}"))
        .await
        .expect_ok()
        .body;
    assert!(
        page.contains("this card can be collected from once"),
        "{page}"
    );

    // What was collected for a rest that is given up is given back.
    let (order, intent) = paid_twice(&stripe, &shop).await;
    let id = Uuid::now_v7().to_string();
    pack(&mut staff, order, &id, 1).await.expect_ok();
    ship(&mut staff, order, &id, "").await.expect_ok();
    until_booked(&shop, order, 1, 2 * RING_PRICE).await;
    assert_eq!(stripe.collected(&intent).await.1, 2 * RING_PRICE);
    let order_id = order.to_string();
    let rest = [("order_id", &*order_id)];
    staff
        .post("/api/cancel_for_shopper", &rest)
        .await
        .expect_ok();
    let refunded =
        format!("select data from events where key = '{order}' and type = 'payment.refunded'");
    let count = refunded.replace("select data", "select count(*)");
    eventually("the rest is given back", async || {
        shop.number(&count).await == 1
    })
    .await;
    let told = shop.text(&refunded).await;
    assert!(told.contains(&format!("\"minor\":{RING_PRICE}")), "{told}");
    shop.closed().await;
}

/// localstripe's refunds are done at once: its fixture gives them another status, and what becomes of them is told
/// here by webhooks that are signed as Stripe signs them.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_is_done_when_stripe_says_so_and_fails_when_it_says_that() {
    let stripe = Stripe::start().await;
    let shop = stripe.shop().await;
    let (order, _) = paid_twice(&stripe, &shop).await;
    let mut staff = shop.staff().await;
    let id = Uuid::now_v7().to_string();
    pack(&mut staff, order, &id, 2).await.expect_ok();
    ship(&mut staff, order, &id, "").await.expect_ok();
    until_booked(&shop, order, 1, 2 * RING_PRICE).await;
    let happened = async |kind: &str| {
        let sql = format!("select count(*) from events where key = '{order}' and type = '{kind}'");
        shop.number(&sql).await
    };
    let until = async |kind: &str, times: i64| {
        eventually(&format!("{kind}: {times}"), async || {
            happened(kind).await == times
        })
        .await;
    };
    let refunded_names = async || {
        let events = shop
            .log()
            .read_key(&order.to_string())
            .await
            .expect("a log");
        let pending = events
            .iter()
            .filter(|it| it.kind == "payment.refund_pending");
        let name = |data: &str| {
            let data: Value = serde_json::from_str(data).expect("JSON");
            data["gateway_refund_id"]
                .as_str()
                .expect("a name")
                .to_owned()
        };
        pending.map(|it| name(&it.data)).collect::<Vec<_>>()
    };
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let door = format!("{}{DOOR}", shop.url());
    let mut number = 0;
    let mut tell = async |kind: &str, object: Value, secret: &str| {
        number += 1;
        let body =
            json!({"id": format!("evt_r{number}"), "type": kind, "data": {"object": object}});
        let body = body.to_string();
        let signature = signed(secret, now_s(), &body);
        let request = http.post(&door).header("stripe-signature", signature);
        let answer = request.body(body).send().await.expect("an answer");
        answer.status().as_u16()
    };
    for (at, status) in ["pending", "requires_action"].into_iter().enumerate() {
        stripe
            .config("/_config/say", json!({"refund_status": status}))
            .await;
        let id = Uuid::now_v7().to_string();
        refund(&mut staff, order, &id, "5.00").await.expect_ok();
        until("payment.refund_pending", at as i64 + 1).await;
    }
    assert_eq!(happened("payment.refunded").await, 0, "neither is done");
    let [first, second] = refunded_names().await.try_into().expect("two of them");
    let of = |id: &str, status: &str| json!({"id": id, "status": status, "failure_reason": null, "metadata": {"order_id": order}});
    let forged = tell("refund.updated", of(&first, "succeeded"), "whsec_guessed").await;
    assert_eq!(forged, 401);
    assert_eq!(
        tell("refund.updated", of(&first, "pending"), SECRET).await,
        200
    );
    assert_eq!(
        tell("refund.updated", of(&first, "succeeded"), SECRET).await,
        200
    );
    // The same in another event's name, and late.
    assert_eq!(
        tell("charge.refund.updated", of(&first, "succeeded"), SECRET).await,
        200
    );
    until("payment.refunded", 1).await;
    assert_eq!(
        tell("refund.failed", of(&second, "failed"), SECRET).await,
        200
    );
    until("payment.refund_failed", 1).await;
    let unknown = of("re_of_nobody", "succeeded");
    assert_eq!(tell("refund.updated", unknown, SECRET).await, 200);
    let raised =
        "select count(*) from events where type = 'alert.raised' and data like '%money_not_moved%'";
    eventually("somebody is told", async || shop.number(raised).await == 1).await;
    assert_eq!(happened("payment.refunded").await, 1);

    // One that Stripe has called done may be refused by the bank: it is named by what the request had named it.
    stripe
        .config("/_config/say", json!({"refund_status": "succeeded"}))
        .await;
    let third = Uuid::now_v7().to_string();
    refund(&mut staff, order, &third, "5.00").await.expect_ok();
    until("payment.refunded", 2).await;
    let bounced = json!({
        "id": "re_3", "status": "failed", "failure_reason": "expired_or_canceled_card",
        "metadata": {"order_id": order, "refund_id": third},
    });
    assert_eq!(tell("refund.failed", bounced, SECRET).await, 200);
    until("payment.refund_failed", 2).await;
    shop.closed().await;
}

fn signed(secret: &str, sent_s: i64, body: &str) -> String {
    let mut code = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    code.update(format!("{sent_s}.{body}").as_bytes());
    let hex = code.finalize().into_bytes();
    let hex: String = hex.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={sent_s},v1={hex}")
}

/// Needs no localstripe: nobody is asked.
#[tokio::test(flavor = "multi_thread")]
async fn of_forged_stale_and_repeated_messages_in_stripes_name_none_is_taken() {
    let secret = format!("--stripe-webhook-secret={SECRET}");
    let key = format!("--stripe-secret-key={KEY}");
    // A long run is longer than an order waits for its payment.
    let window = "--payment-window-seconds=86400";
    let shop = TestShop::with(&[&secret, &key, window]).await;
    let mut ada = shop.shopper();
    let order = ada
        .order(RING, "pm_card_authenticationRequired", RING_PRICE)
        .await;
    shop.until_status(order, "action_required").await;
    let event = |id: &str| {
        json!({
            "id": id,
            "type": "payment_intent.amount_capturable_updated",
            "data": {"object": {
                "id": "pi_1", "currency": "eur", "amount_capturable": RING_PRICE,
                "metadata": {"order_id": order, "attempt": "1"},
            }},
        })
        .to_string()
    };
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let door = format!("{}{DOOR}", shop.url());
    let post = async |body: String, signature: String| {
        let request = http.post(&door).header("stripe-signature", signature);
        let answer = request.body(body).send().await.expect("an answer");
        answer.status().as_u16()
    };
    // Something that says nothing to the shop, and is taken.
    let nothing = json!({"id": "evt_0", "type": "charge.updated", "data": {"object": {}}});
    let nothing = nothing.to_string();
    let seen = || signed(SECRET, now_s(), &nothing);
    assert_eq!(post(nothing.clone(), seen()).await, 200);
    let before = reported(&shop).await;
    for at in 0..forgeries() / 10 {
        let body = event(&format!("evt_{at}"));
        let (signature, body, expected) = match at % 6 {
            0 => (signed("whsec_guessed", now_s(), &body), body, 401),
            // Signed anew each time: a long run is longer than a signature is good for.
            1 => (seen(), body, 401),
            2 => (signed(SECRET, now_s() - 400, &body), body, 401),
            3 => (signed(SECRET, now_s() + 400, &body), body, 401),
            4 => (format!("t={},v1=", now_s()), body, 401),
            _ => (seen(), nothing.clone(), 200),
        };
        assert_eq!(post(body, signature).await, expected, "{at}");
    }
    assert_eq!(reported(&shop).await, before, "nothing was taken");
    tokio::time::timeout(
        Duration::from_secs(5),
        shop.until_status(order, "action_required"),
    )
    .await
    .expect("as before");
    shop.closed().await;
}
