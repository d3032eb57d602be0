//! A command that is sent again with its key is answered again, and not done again.

use std::collections::BTreeSet;

use reqwest::Method;
use reqwest::header::{ACCEPT, SET_COOKIE};
use uuid::Uuid;

use crate::client::{Answer, Client, new_order_id};
use crate::shop::{EMAIL, PASSWORD, RING, RING_PRICE, TestShop};

const GOOD_CARD: &str = "pm_card_visa";

async fn keyed(client: &mut Client, key: &str, path: &str, form: &[(&str, &str)]) -> Answer {
    let request = client.request(Method::POST, path).form(form);
    let request = request
        .header(ACCEPT, "application/json")
        .header("Idempotency-Key", key);
    client.send(request).await
}

fn new_key() -> String {
    Uuid::now_v7().to_string()
}

/// A browser that the shop knows.
async fn known(shop: &TestShop) -> Client {
    let mut ada = shop.shopper();
    ada.post("/api/review_cart", &[]).await.expect_ok();
    assert!(ada.has_cookie("shopper"));
    ada
}

const ONE_RING: [(&str, &str); 2] = [("sku", RING), ("quantity", "1")];

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_is_answered_the_same_and_the_piece_is_added_once() {
    let shop = TestShop::with(&[]).await;
    let mut ada = known(&shop).await;
    let key = new_key();
    let first = keyed(&mut ada, &key, "/api/add_to_cart", &ONE_RING).await;
    let first_body = first.expect_ok().body;
    for _ in 0..3 {
        let again = keyed(&mut ada, &key, "/api/add_to_cart", &ONE_RING).await;
        assert_eq!(again.expect_ok().body, first_body);
    }
    assert_eq!(ada.cart_lines().await, [(RING.to_owned(), 1)]);
    // Without a key it is another press.
    ada.post("/api/add_to_cart", &ONE_RING).await.expect_ok();
    assert_eq!(ada.cart_lines().await, [(RING.to_owned(), 2)]);

    // Somebody else may have thought of the same key.
    let mut bob = known(&shop).await;
    keyed(&mut bob, &key, "/api/add_to_cart", &ONE_RING)
        .await
        .expect_ok();
    assert_eq!(bob.cart_lines().await, [(RING.to_owned(), 1)]);

    // It outlives a restart.
    let shop = shop.reopened().await;
    let mut ada = ada.at(shop.url());
    let again = keyed(&mut ada, &key, "/api/add_to_cart", &ONE_RING).await;
    assert_eq!(again.expect_ok().body, first_body);
    assert_eq!(ada.cart_lines().await, [(RING.to_owned(), 2)]);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_good_for_one_content_and_a_refusal_is_an_answer_too() {
    let shop = TestShop::with(&[]).await;
    let mut ada = known(&shop).await;
    let key = new_key();
    keyed(&mut ada, &key, "/api/add_to_cart", &ONE_RING)
        .await
        .expect_ok();
    let two = [("sku", RING), ("quantity", "2")];
    let other = keyed(&mut ada, &key, "/api/add_to_cart", &two).await;
    assert_eq!(other.problem(422).kind, "/problems/key-reused");
    let other = keyed(&mut ada, &key, "/api/review_cart", &ONE_RING).await;
    assert_eq!(other.problem(422).kind, "/problems/key-reused");

    let nothing = [("sku", "NO-SUCH"), ("quantity", "1")];
    let key = new_key();
    let refused = keyed(&mut ada, &key, "/api/add_to_cart", &nothing).await;
    let again = keyed(&mut ada, &key, "/api/add_to_cart", &nothing).await;
    assert_eq!((refused.status, &refused.body), (again.status, &again.body));
    for bad in ["", " ", "a b", &"k".repeat(256)] {
        let refused = keyed(&mut ada, bad, "/api/add_to_cart", &ONE_RING).await;
        assert!(
            refused.problem(400).detail.contains("Idempotency-Key"),
            "{bad:?}"
        );
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_form_brings_its_key_in_a_field() {
    let shop = TestShop::with(&[]).await;
    let mut ada = known(&shop).await;
    let key = new_key();
    let form = [("sku", RING), ("quantity", "1"), ("idempotency_key", &*key)];
    let first = ada.submit("/api/add_to_cart", &form).await;
    let again = ada.submit("/api/add_to_cart", &form).await;
    assert_eq!(
        (first.status, first.location()),
        (again.status, again.location())
    );
    assert_eq!(ada.cart_lines().await, [(RING.to_owned(), 1)]);
    // The answer of then sets what it set.
    let cookies = |answer: &Answer| answer.headers.get_all(SET_COOKIE).iter().count();
    assert_eq!(cookies(&first), cookies(&again));
    shop.closed().await;
}

/// Keys of the short form; more of them with `VITRINE_KEYS`.
fn rounds() -> i64 {
    let given = std::env::var("VITRINE_KEYS");
    given.map_or(10, |given| given.parse().expect("a number"))
}

/// Each round is one order of one ring: 64 requests at once with one key.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_at_once_with_one_key_one_orders_and_one_is_charged() {
    let rounds = rounds();
    let shop = TestShop::with(&["--test-gateway-delay-ms=0"]).await;
    shop.count(RING, rounds).await;
    for _ in 0..rounds {
        let mut ada = known(&shop).await;
        ada.add(RING, "1", "").await.expect_ok();
        let (order, key) = (new_order_id().to_string(), new_key());
        let total = RING_PRICE.to_string();
        let form = [
            ("order_id", &*order),
            ("email", "ada@example.com"),
            ("name", "Ada Lovelace"),
            ("street", "Main Street 1"),
            ("postal_code", "10115"),
            ("city", "Berlin"),
            ("country", "DE"),
            ("delivery", "standard"),
            ("payment_token", GOOD_CARD),
            ("expected_total_minor", &*total),
        ];
        let sent = (0..64).map(|_| {
            let request = ada.request(Method::POST, "/api/place_order").form(&form);
            let request = request.header(ACCEPT, "application/json");
            let request = request.header("Idempotency-Key", &key);
            async move {
                let answer = request.send().await.expect("an answer");
                (
                    answer.status().as_u16(),
                    answer.text().await.expect("a body"),
                )
            }
        });
        let answers = futures::future::join_all(sent).await;
        let (running, answered): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|(status, _)| *status == 409);
        assert!(
            running
                .iter()
                .all(|(_, body)| body.contains("still-running"))
        );
        let answered: BTreeSet<_> = answered.into_iter().collect();
        assert_eq!(answered.len(), 1, "{answered:?}");
        shop.until_status(order.parse().expect("an id"), "confirmed")
            .await;
        let again = keyed(&mut ada, &key, "/api/place_order", &form).await;
        assert_eq!(answered.first(), Some(&(again.status, again.body)));
    }
    let orders = shop.number("select count(*) from orders").await;
    assert_eq!(orders, rounds);
    let charged = shop.ledger().await.count("authorized");
    assert_eq!(i64::try_from(charged), Ok(rounds));
    shop.closed().await;
}

/// The answer to a sign-in holds a session, and what is shown to the gateway a card's number.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_sign_in_and_of_a_card_nothing_is_kept() {
    let shop = TestShop::with(&[]).await;
    let mut ada = known(&shop).await;
    let card = [
        ("number", "4242424242424242"),
        ("exp_month", "12"),
        ("exp_year", "40"),
        ("cvc", "123"),
    ];
    let sign_in = [("email", EMAIL), ("password", PASSWORD)];
    for (path, form) in [
        ("/test-gateway/tokens", &card[..]),
        ("/admin/session", &sign_in[..]),
    ] {
        let answer = keyed(&mut ada, &new_key(), path, form).await;
        assert!(answer.status < 500, "{answer:?}");
    }
    let kept = "select count(*) from idempotency_keys";
    assert_eq!(shop.number(kept).await, 0);
    shop.closed().await;
}
