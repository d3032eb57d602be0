//! The rules over the stream: what they find is an alert at once, with the events that show it, and names nobody.

use axum::http::StatusCode;
use broker::NewEvent;
use domain::alert;
use gateways::{Behaviour, Times};
use types::OrderId;
use types::alert::{AlertKind, Severity};
use webhooks::{Headers, Secret};

use crate::client::Client;
use crate::parcels::pack;
use crate::purchasing::supplier_system;
use crate::replay::command;
use crate::shop::{EMAIL, RING_PRICE, TestShop, eventually};
use crate::smtp_sink::{Manner, Sink};

const GOOD_CARD: &str = "pm_card_visa";
const BAD_CARD: &str = "pm_card_chargeDeclined";
const PROXIED: &str = "--trusted-proxies=127.0.0.1";
const RING: &str = "AS-VEG-WG-50";

impl TestShop {
    /// A browser with another address.
    fn shopper_from(&self, address: &str) -> Client {
        let mut headers = reqwest::header::HeaderMap::new();
        headers.insert("x-forwarded-for", address.parse().expect("an address"));
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .default_headers(headers)
            .build()
            .expect("a client");
        Client::sharing(&http, self.url())
    }

    async fn raised(&self, kind: &str) -> i64 {
        let sql = format!("select count(*) from alerts where kind = '{kind}'");
        self.number(&sql).await
    }

    async fn until_raised(&self, kind: &str) {
        eventually(&format!("one alert of {kind}"), async || {
            self.raised(kind).await == 1
        })
        .await;
    }

    async fn in_log(&self, text: &str) -> i64 {
        let sql = format!(
            "select count(*) from events where data like '%{text}%' or attributes like '%{text}%'"
        );
        self.number(&sql).await
    }

    async fn wrong_sign_in(&self, address: &str, email: &str) {
        let form = [("email", email), ("password", "not the right one")];
        let mut eve = self.shopper_from(address);
        let answer = eve.post("/admin/session", &form).await;
        assert_eq!(answer.location(), Some("/admin/sign-in"), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_sign_ins_are_alerts_and_the_log_names_neither_account_nor_address() {
    let shop = TestShop::limited(&[PROXIED]).await;
    for n in 0..10 {
        assert_eq!(shop.raised("sign_in_guessing").await, 0, "after {n}");
        shop.wrong_sign_in(&format!("192.0.2.{n}"), EMAIL).await;
    }
    shop.until_raised("sign_in_guessing").await;
    assert_eq!(shop.raised("credential_stuffing").await, 0);
    for n in 0..8 {
        let email = format!("staff{n}@intruder.example");
        shop.wrong_sign_in("198.51.100.7", &email).await;
    }
    shop.until_raised("credential_stuffing").await;
    for text in ["192.0.2", "198.51.100", "intruder", EMAIL] {
        assert_eq!(shop.in_log(text).await, 0, "{text}");
    }
    let alerts = shop.staff().await.get("/admin/alerts").await.expect_ok();
    let alerts = alerts.body;
    assert!(alerts.contains("A password is being guessed"), "{alerts}");
    assert!(alerts.contains("sign_in.failed"), "the evidence: {alerts}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_that_are_tested_from_an_address_are_found_and_states_replay() {
    let shop = TestShop::limited(&[PROXIED, "--demo-stock=100"]).await;
    let mut orders: Vec<OrderId> = Vec::new();
    for n in 0..8 {
        assert_eq!(shop.raised("card_testing").await, 0, "after {n}");
        let mut eve = shop.shopper_from("192.0.2.66");
        let order = eve.order(RING, BAD_CARD, RING_PRICE).await;
        shop.until_status(order, "awaiting_payment").await;
        orders.push(order);
    }
    shop.until_raised("card_testing").await;
    // Others are not counted in.
    let mut ada = shop.shopper_from("192.0.2.67");
    let order = ada.order(RING, BAD_CARD, RING_PRICE).await;
    shop.until_status(order, "awaiting_payment").await;
    ada.pay(order, GOOD_CARD).await;
    shop.until_status(order, "confirmed").await;
    assert_eq!(shop.raised("card_testing").await, 1);
    let origins = "select count(*) from events where type = 'payment.declined' \
                   and attributes like '%origin%' and attributes like '%person%'";
    assert_eq!(shop.number(origins).await, 9, "handed down the story");
    assert_eq!(shop.in_log("192.0.2").await, 0);
    for decider in ["monitoring", "alerts"] {
        let told = command(&shop, &["replay", "--consumer", decider]).await;
        let told = told.expect("replayed");
        assert!(told.contains("the same, byte for byte"), "{told}");
    }
    // After a restart it is the same address, and told already.
    let shop = shop.reopened().await;
    let mut eve = shop.shopper_from("192.0.2.66");
    let order = eve.order(RING, BAD_CARD, RING_PRICE).await;
    shop.until_status(order, "awaiting_payment").await;
    assert_eq!(shop.raised("card_testing").await, 1);
    let sources = "select count(distinct attributes) from events where type = 'order.placed'";
    assert_eq!(
        shop.number(sources).await,
        2,
        "two addresses, each with a person"
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_is_behind_is_an_alert_until_it_has_caught_up() {
    let shop = TestShop::with(&["--consumer-behind-seconds=1"]).await;
    let gateway = shop.gateway();
    let away = Behaviour {
        down: Times::Always(()),
        ..Behaviour::default()
    };
    gateway.behave(&away).await.expect("told");
    let order = shop.shopper().order(RING, GOOD_CARD, RING_PRICE).await;
    // On a machine that has much else to do others may be behind for a second, too.
    let of = "select count(*) from alerts where kind = 'consumer_behind' and subject = 'payment'";
    eventually("payment is behind", async || shop.number(of).await == 1).await;
    let well = Behaviour::default();
    gateway.behave(&well).await.expect("told");
    shop.until_status(order, "confirmed").await;
    let resolved = "select count(*) from events where type = 'alert.changed' and key = 'payment'";
    eventually("it has caught up", async || {
        shop.number(resolved).await >= 1
    })
    .await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_that_bounce_are_events_and_many_of_them_an_alert() {
    let sink = Sink::open().await;
    sink.is_to(Manner::Answers(550));
    let url = sink.url();
    let shop = TestShop::with(&[
        "--mail-from=Aurel & Stone <orders@aurel-stone.example>",
        "--demo-stock=100",
        &url,
    ])
    .await;
    for _ in 0..4 {
        let order = shop.shopper().order(RING, GOOD_CARD, RING_PRICE).await;
        shop.until_status(order, "confirmed").await;
    }
    shop.until_raised("mails_bouncing").await;
    let bounced = "select count(*) from events where type = 'mail.bounced'";
    assert_eq!(shop.number(bounced).await, 8, "two of each order");
    shop.closed().await;
}

impl TestShop {
    /// Has the log say something that the rules say by themselves.
    async fn says(&self, event: domain::Event) {
        let data = event.to_json().expect("JSON");
        let new = NewEvent::new(event.kind(), event.topic(), event.key(), data);
        let mut tx = self.log().begin("tests").await.expect("a transaction");
        tx.append(new, None);
        tx.commit().await.expect("a commit");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rule_has_found_ends_with_its_cause_and_the_page_says_so() {
    let shop = TestShop::open().await;
    let kind = AlertKind::PaymentsFailing;
    let found = alert::found(kind, &"test", Severity::Critical, Vec::new());
    shop.says(found).await;
    shop.until_raised("payments_failing").await;
    let mut staff = shop.staff().await;
    let page = staff.get("/admin/alerts").await.expect_ok().body;
    assert!(page.contains(kind.title()), "{page}");
    shop.says(alert::over(kind, &"test")).await;
    let ended = "select count(*) from alerts where kind = 'payments_failing' \
                 and resolved_at_us > 0";
    eventually("it has ended", async || shop.number(ended).await == 1).await;
    let page = staff.get("/admin/alerts").await.expect_ok().body;
    assert!(!page.contains(kind.title()), "{page}");
    let resolved = staff.get("/admin/alerts?tab=resolved").await.expect_ok();
    assert!(resolved.body.contains(kind.title()), "{resolved:?}");
    shop.closed().await;
}

/// Orders one piece of a ring, as somebody does who sells it on, and waits until it is paid.
async fn buys(shop: &TestShop, who: &mut Client) -> OrderId {
    let order = who.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    order
}

async fn version(staff: &mut Client, order: OrderId) -> (String, String) {
    let page = staff.get(&format!("/admin/orders/{order}")).await;
    let page = page.expect_ok().body;
    let field = page.split("name=\"expected\" value=\"").nth(1);
    let version = field.and_then(|it| it.split('"').next()).unwrap_or("0");
    (version.to_owned(), page.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_a_rule_holds_waits_for_staff() {
    let rules = ["--rules=order_velocity=hold", "--demo-stock=100"];
    let shop = TestShop::with(&rules).await;
    let mut staff = shop.staff().await;
    let mut script = shop.shopper();
    for _ in 0..5 {
        buys(&shop, &mut script).await;
    }
    let order = buys(&shop, &mut script).await;
    shop.until_raised("order_velocity").await;
    let (_, page) = version(&mut staff, order).await;
    assert!(page.contains("Held for review"), "{page}");
    eventually("the list says so", async || {
        let sql = "select count(*) from order_desk where state like '%\"review\":{\"held\":%'";
        shop.number(sql).await == 1
    })
    .await;
    let list = staff.get("/admin/orders").await.expect_ok().body;
    assert_eq!(list.matches("order-held").count(), 1, "{list}");
    let id = order.to_string();
    let parcel = uuid::Uuid::now_v7().to_string();
    let refused = pack(&mut staff, order, &parcel, 1).await.problem(409);
    assert!(refused.detail.contains("held for review"), "{refused:?}");

    let (expected, _) = version(&mut staff, order).await;
    let form = [("order_id", id.as_str()), ("expected", expected.as_str())];
    let mut stranger = shop.shopper();
    assert_ne!(stranger.post("/api/release_order", &form).await.status, 200);
    staff.post("/api/release_order", &form).await.expect_ok();
    let (expected, page) = version(&mut staff, order).await;
    assert!(!page.contains("desk-order__held"), "{page}");
    let form = [("order_id", id.as_str()), ("expected", expected.as_str())];
    staff.post("/api/release_order", &form).await.problem(409);
    pack(&mut staff, order, &parcel, 1).await.expect_ok();
    let told = command(&shop, &["replay", "--consumer", "orders"]).await;
    assert!(told.expect("replayed").contains("the same, byte for byte"));
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_a_rule_slows_is_refused_for_a_while_and_others_are_not() {
    let shop = TestShop::limited(&[PROXIED, "--rules=credential_stuffing=slow"]).await;
    for n in 0..8 {
        let email = format!("staff{n}@intruder.example");
        shop.wrong_sign_in("198.51.100.7", &email).await;
    }
    shop.until_raised("credential_stuffing").await;
    let slowed = async |shop: &TestShop, address| {
        let mut visitor = shop.shopper_from(address);
        let answer = visitor.add(RING, "1", "").await;
        answer.status == 429
            && answer
                .header("retry-after")
                .parse::<u64>()
                .is_ok_and(|s| s > 500)
    };
    eventually("it is slowed", async || slowed(&shop, "198.51.100.7").await).await;
    assert!(!slowed(&shop, "198.51.100.8").await, "a neighbour");
    let mut reader = shop.shopper_from("198.51.100.7");
    reader.get("/cart").await.expect_ok();
    // Also after a restart.
    let shop = shop.reopened().await;
    assert!(slowed(&shop, "198.51.100.7").await);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_of_the_house_is_told_of_each_alert_once_and_signed() {
    const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let (url, inbox) = supplier_system(StatusCode::OK).await;
    let (url, secret) = (
        format!("--alert-webhook={url}"),
        format!("--alert-webhook-secret={SECRET}"),
    );
    let shop = TestShop::limited(&[PROXIED, &url, &secret]).await;
    for n in 0..8 {
        let email = format!("staff{n}@intruder.example");
        shop.wrong_sign_in("198.51.100.7", &email).await;
    }
    let posted = "select count(*) from events where type = 'alert.posted'";
    eventually("it is told", async || shop.number(posted).await == 1).await;
    let shop = shop.reopened().await;
    let taken = inbox.lock().clone();
    assert_eq!(taken.len(), 1, "once");
    let (headers, body) = &taken[0];
    let header = |name: &str| headers[name].to_str().expect("text");
    let secret: Secret = SECRET.parse().expect("a secret");
    let signed = Headers {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
    };
    let now_s = shop.inner().now_us() / 1_000_000;
    secret
        .verify(signed, body, now_s)
        .expect("signed by the shop");
    let told: serde_json::Value = serde_json::from_slice(body).expect("JSON");
    assert_eq!(told["type"], "alert.raised");
    assert_eq!(
        (&told["kind"], &told["severity"]),
        (&"credential_stuffing".into(), &"critical".into())
    );
    assert_eq!(told["evidence"].as_array().map(Vec::len), Some(8), "{told}");
    assert_eq!(told["alert_id"], header("webhook-id"));
    shop.closed().await;
}

/// The attribute of an event with who it is of.
async fn person_of(shop: &TestShop, order: OrderId) -> String {
    let events = shop
        .log()
        .read_key(&order.to_string())
        .await
        .expect("a log");
    let placed = events.iter().find(|it| it.kind == "order.placed");
    let person = placed.expect("it was placed").attribute("person");
    person.expect("a hash").into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn when_a_period_has_ended_nobody_makes_its_hashes_again() {
    const PERIOD_US: i64 = domain::monitoring::rules::LONGEST_WINDOW_US;
    let shop = TestShop::limited(&[]).await;
    let mut ada = shop.shopper();
    let first = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    let hash = person_of(&shop, first).await;
    let second = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    assert_eq!(person_of(&shop, second).await, hash, "the same person");
    let secrets = async || {
        let sql = "select secret from fingerprint_keys order by period";
        let rows = db::query(sql).fetch_all(shop.log().db().reader()).await;
        let rows = rows.expect("keys").into_iter();
        let text = |row: db::Row| db::Columns::get::<String, _>(&row, 0);
        rows.map(text).collect::<Vec<String>>()
    };
    let [now, next] = secrets().await.try_into().expect("two keys");
    // Of several processes all make the same.
    let beside = shop.beside().await;
    let mut bob = shop.shopper().at(&beside.url);
    let third = bob.order(RING, GOOD_CARD, RING_PRICE).await;
    assert_eq!(person_of(&shop, third).await, hash);
    beside.stop().await;

    let later_us = shop.inner().now_us() + PERIOD_US;
    shop.inner().renew_marks(later_us).await.expect("renewed");
    let kept = secrets().await;
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[0], next, "the next one was there in advance");
    assert!(!kept.contains(&now), "the one of before is gone");
    if shop.database_url().starts_with("sqlite:") {
        let file = crate::shop::data(shop.scratch());
        let files = file.read_dir().expect("a folder").flatten();
        for path in files
            .map(|entry| entry.path())
            .filter(|path| path.is_file())
        {
            let bytes = std::fs::read(&path).expect("a file");
            let found = bytes.windows(now.len()).any(|it| it == now.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
    // Whoever has the secret of the shop, its log and its database makes other hashes of the same email.
    let shop = shop.reopened().await;
    let mut ada = shop.shopper();
    let again = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    assert_ne!(person_of(&shop, again).await, hash);
    // The log replays as it was.
    let told = command(&shop, &["replay", "--consumer", "monitoring"]).await;
    told.expect("replayed");
    shop.closed().await;
}
