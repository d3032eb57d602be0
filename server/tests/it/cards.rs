//! A card number is shown to the gateway's door and stays nowhere.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use scratch::Scratch;
use serde_json::json;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::client::{Answer, Client};
use crate::shop::{RING, RING_PRICE, TestShop, data};

const NUMBER: &str = "4242424242424242";
const SPACED: &str = "4242 4242 4242 4242";
/// A real number by its check digit, and no test card.
const FOREIGN: &str = "4111111111111111";
const NUMBERS: [&str; 3] = [NUMBER, SPACED, FOREIGN];

/// Reads along with everything that any part logs, and keeps the lines with a card number, of which
/// there must be none, and the number of lines, of which there must be some.
#[derive(Clone, Default)]
struct Eavesdropper {
    heard: Arc<Mutex<(usize, Vec<String>)>>,
}

impl io::Write for Eavesdropper {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.0 += 1;
        if NUMBERS.iter().any(|number| text.contains(number)) {
            heard.1.push(text.into_owned());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Eavesdropper {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

async fn show_json(client: &mut Client, body: String) -> Answer {
    let request = client.request(Method::POST, "/test-gateway/tokens");
    let request = request.header(CONTENT_TYPE, "application/json").body(body);
    client.send(request).await
}

async fn show(client: &mut Client, number: &str) -> Answer {
    let card = json!({"number": number, "exp_month": 12, "exp_year": 40, "cvc": "123"});
    show_json(client, card.to_string()).await
}

/// What is stored in the database and in the shop's own folder, by name.
async fn stored(scratch: &Scratch) -> Vec<(String, Vec<u8>)> {
    let mut stored = scratch.contents().await;
    let mut folders = vec![data(scratch)];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).expect("a file");
            stored.push((path.display().to_string(), bytes));
        }
    }
    stored
}

/// Where one of `texts` stands.
fn holding<'a>(stored: &'a [(String, Vec<u8>)], texts: &[&str]) -> Vec<&'a str> {
    let holds = |bytes: &[u8]| {
        texts.iter().any(|text| {
            let mut windows = bytes.windows(text.len());
            windows.any(|window| window == text.as_bytes())
        })
    };
    let found = stored.iter().filter(|(_, bytes)| holds(bytes));
    found.map(|(name, _)| name.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_number_is_neither_stored_nor_logged() {
    let ear = Eavesdropper::default();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("trace,h2=off,mio=off,polling=off"))
        .with_writer(ear.clone())
        .init();

    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "1", "").await.expect_ok();
    // Right, wrong, mistaken for a token, in a body that cannot be read, and by a plain form.
    let token = show(&mut ada, SPACED).await.expect_ok();
    assert!(!token.body.contains(NUMBER));
    let token: serde_json::Value = token.json();
    assert_eq!(token["last4"], "4242");
    assert_eq!(token["brand"], "visa");
    let token = token["token"].as_str().expect("a token").to_owned();
    let order = crate::client::new_order_id();
    let wrong = ada.place(order, NUMBER, RING_PRICE).await;
    let field = wrong.problem(422).field("payment_token").map(str::to_owned);
    assert!(field.is_some(), "{wrong:?}");
    let foreign = show(&mut ada, FOREIGN).await;
    assert!(foreign.problem(422).field("number").is_some());
    let broken = show_json(&mut ada, format!("{{\"number\": \"{NUMBER}\", \"exp")).await;
    let unknown = show_json(&mut ada, format!("{{\"number\": {NUMBER}}}")).await;
    let form = [("number", SPACED), ("expiry", NUMBER), ("cvc", NUMBER)];
    let door = "/test-gateway/tokens?return_to=/orders/0199c0a0-1111-7aaa-8bbb-123456789abc";
    let plain = ada.submit(door, &form).await;
    let back = plain.location().expect("back to the order").to_owned();
    assert!(!back.contains('?'), "{back}");
    let told = ada
        .cookie("flash")
        .expect("what is wrong with it")
        .to_owned();
    assert!(told.contains("expiry") && !told.contains(NUMBER), "{told}");
    for answer in [&wrong, &foreign, &broken, &unknown, &plain] {
        let told = format!("{answer:?}");
        // The shop's own hint names a test card, with spaces; what was sent never comes back.
        let repeated = [NUMBER, FOREIGN].iter().any(|number| told.contains(number));
        assert!(!repeated, "an answer repeats the number: {told}");
    }
    broken.problem(400);
    unknown.problem(400);

    ada.place(order, &token, RING_PRICE).await.expect_ok();
    shop.until_status(order, "confirmed").await;
    let paid = ada.pay(order, NUMBER).await;
    paid.problem(422);

    // While it runs, with the write-ahead log, and after it stopped, when all is folded in.
    let running = stored(shop.scratch()).await;
    let scratch = shop.closed().await;
    let stopped = stored(&scratch).await;
    for stored in [running, stopped] {
        assert_eq!(holding(&stored, &NUMBERS), [""; 0]);
        // The token is found: the search looks where the shop writes.
        assert_ne!(holding(&stored, &[&token]), [""; 0]);
    }
    let heard = ear.heard.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(heard.0 > 100, "the logs were listened to");
    assert!(heard.1.is_empty(), "{:?}", heard.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_card_is_told_under_its_field() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    for (card, field) in [
        (
            json!({"number": "4242424242424241", "exp_month": 12, "exp_year": 40, "cvc": "123"}),
            "number",
        ),
        (
            json!({"number": "4242", "exp_month": 12, "exp_year": 40, "cvc": "123"}),
            "number",
        ),
        (
            json!({"number": "", "exp_month": 12, "exp_year": 40, "cvc": "123"}),
            "number",
        ),
        (
            json!({"number": "4".repeat(5_000), "exp_month": 12, "exp_year": 40, "cvc": "123"}),
            "number",
        ),
        (
            json!({"number": "４２４２４２４２４２４２４２４２", "exp_month": 12, "exp_year": 40, "cvc": "123"}),
            "number",
        ),
        (
            json!({"number": NUMBER, "exp_month": 1, "exp_year": 20, "cvc": "123"}),
            "expiry",
        ),
        (
            json!({"number": NUMBER, "exp_month": 0, "exp_year": 40, "cvc": "123"}),
            "expiry",
        ),
        (
            json!({"number": NUMBER, "exp_month": 12, "exp_year": u32::MAX, "cvc": "123"}),
            "expiry",
        ),
        (
            json!({"number": NUMBER, "exp_month": 12, "exp_year": 40, "cvc": "12"}),
            "cvc",
        ),
        (
            json!({"number": NUMBER, "exp_month": 12, "exp_year": 40, "cvc": "12x"}),
            "cvc",
        ),
    ] {
        let problem = show_json(&mut ada, card.to_string()).await.problem(422);
        assert!(problem.field(field).is_some(), "{card}: {problem:?}");
    }
    for body in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "\u{0}",
        r#"{"number":"4242424242424242","exp_month":-1,"exp_year":40,"cvc":"123"}"#,
        r#"{"number":"4242424242424242","exp_month":"12","exp_year":40,"cvc":"123"}"#,
    ] {
        show_json(&mut ada, body.to_owned()).await.problem(400);
    }
    let request = ada.request(Method::POST, "/test-gateway/tokens");
    let text = request.header(CONTENT_TYPE, "text/plain").body(NUMBER);
    ada.send(text).await.problem(415);
    show(&mut ada, NUMBER).await.expect_ok();
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_sends_nobody_anywhere_but_to_an_order() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    for return_to in [
        "",
        "/",
        "https://evil.example/",
        "//evil.example/orders/0199c0a0-1111-7aaa-8bbb-123456789abc",
        "/orders/../admin",
        "/orders/0199c0a0-1111-7aaa-8bbb-123456789abc/../../admin",
        "/orders/0199c0a0-1111-7aaa-8bbb-123456789abc\r\nSet-Cookie: a=b",
        "/orders/0199c0a0-1111-7aaa-8bbb-123456789abc?x=//evil.example",
        "/orders//evil.example",
    ] {
        let form = [("number", NUMBER), ("expiry", "12 / 40"), ("cvc", "123")];
        let back = form_urlencoded::byte_serialize(return_to.as_bytes()).collect::<String>();
        let door = format!("/test-gateway/tokens?return_to={back}");
        let answer = ada.submit(&door, &form).await;
        assert_eq!(answer.location(), None, "{return_to:?}");
        let problem = answer.problem(422);
        assert!(problem.field("return_to").is_some(), "{return_to:?}");
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_pays_for_one_order_only() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let token: serde_json::Value = show(&mut ada, NUMBER).await.expect_ok().json();
    let token = token["token"].as_str().expect("a token").to_owned();
    let first = ada.order(RING, &token, RING_PRICE).await;
    shop.until_status(first, "confirmed").await;
    let second = ada.order(RING, &token, RING_PRICE).await;
    shop.until_status(second, "awaiting_payment").await;
    assert_eq!(shop.ledger().await.count("authorized"), 1);
    shop.closed().await;
}
