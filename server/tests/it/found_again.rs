//! Orders that are found again: those of a browser, and one by its number and email.

use reqwest::header::CACHE_CONTROL;
use types::OrderId;
use types::order::order_number;

use crate::client::{Answer, Client, new_order_id};
use crate::shop::{RING, RING_PRICE, TestShop, eventually};

const MAIL: &str = "ada@example.com";

async fn find(client: &mut Client, number: &str, email: &str) -> Answer {
    let form = [("number", number), ("email", email)];
    client.post("/api/find_order", &form).await
}

async fn opens(client: &mut Client, order: OrderId) -> bool {
    let page = client.get(&format!("/orders/{order}")).await;
    assert_eq!(page.headers[CACHE_CONTROL], "no-store");
    page.status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn number_and_email_open_an_order_and_nothing_else_does() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, "", RING_PRICE).await;
    let number = order_number(order);
    let mut eve = shop.shopper();
    assert!(!opens(&mut eve, order).await);

    let none = order_number(new_order_id());
    let mut refusals = Vec::new();
    for (number, email) in [
        (number.as_str(), "eve@example.com"),
        (&none, MAIL),
        ("V-00000000", MAIL),
        ("hello", MAIL),
        ("V-é' or 1=1", "' or 1=1"),
        (number.as_str(), "%"),
    ] {
        let answer = find(&mut eve, number, email).await;
        answer.problem(404);
        refusals.push(answer.body);
    }
    refusals.dedup();
    assert_eq!(refusals.len(), 1, "alike: {refusals:?}");
    assert!(!opens(&mut eve, order).await);
    let problem = find(&mut eve, " ", "").await.problem(422);
    assert!(problem.field("number").is_some() && problem.field("email").is_some());

    // As people write both.
    let said = number.to_lowercase().replace('1', "l");
    let found = find(&mut eve, &said, " Ada@Example.com ").await.expect_ok();
    assert_eq!(found.json::<OrderId>(), order);
    assert!(opens(&mut eve, order).await);
    let mut socket = eve.socket().await;
    socket.subscribe(&[&format!("order:{order}")], 0).await;
    assert_eq!(
        socket.next_snapshot().await.0.to_string(),
        format!("order:{order}")
    );
    assert!(eve.get("/orders").await.expect_ok().body.contains(&number));
    // One order, one browser.
    let other = ada.order(RING, "", RING_PRICE).await;
    assert!(!opens(&mut eve, other).await);
    assert!(!opens(&mut shop.shopper(), order).await);
    // It is cancelled for whom it belongs to: the pieces come back into that cart.
    eve.cancel(order).await.expect_ok();
    shop.until_status(order, "cancelled").await;
    eventually("the owner's cart is back", async || {
        shop.number("select count(*) from carts").await == 1
    })
    .await;
    assert_eq!(ada.cart_lines().await, [(RING.to_owned(), 1)]);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_form_lands_on_the_order_or_back_with_what_was_typed() {
    let shop = TestShop::open().await;
    let order = shop.shopper().order(RING, "", RING_PRICE).await;
    let mut eve = shop.shopper();
    let form = [("number", "V-00000000"), ("email", MAIL)];
    let refused = eve.submit("/api/find_order", &form).await;
    assert_eq!(refused.location(), Some("/orders/find"));
    let page = eve.get("/orders/find").await.expect_ok();
    assert_eq!(page.headers[CACHE_CONTROL], "no-store");
    assert!(page.body.contains("V-00000000") && page.body.contains(MAIL));
    let form = [("number", &*order_number(order)), ("email", MAIL)];
    let found = eve.submit("/api/find_order", &form).await;
    assert_eq!(found.location(), Some(&*format!("/orders/{order}")));
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_for_orders_is_limited_as_every_command() {
    let shop = TestShop::limited(&["--commands-per-minute=9"]).await;
    let mut eve = shop.shopper();
    eve.add(RING, "1", "").await.expect_ok();
    let mut tries = 0;
    loop {
        let answer = find(&mut eve, "V-00000000", MAIL).await;
        if answer.status == 429 {
            answer.problem(429);
            break;
        }
        answer.problem(404);
        tries += 1;
        assert!(tries < 9, "never refused");
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_admitted_for_thirty_days() {
    const DAY_US: i64 = 24 * 3_600 * 1_000_000;
    let shop = TestShop::open().await;
    let order = shop.shopper().order(RING, "", RING_PRICE).await;
    let mut eve = shop.shopper();
    find(&mut eve, &order_number(order), MAIL).await.expect_ok();
    assert!(opens(&mut eve, order).await);
    let old = shop.inner().now_us() - 31 * DAY_US;
    shop.alter(format!("update order_grants set granted_at_us = {old}"))
        .await;
    assert!(!opens(&mut eve, order).await);
    let swept = shop
        .inner()
        .sweep(services::Lives::of_days(90, 90))
        .await
        .expect("swept");
    assert_eq!(swept.grants, 1);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_with_many_orders_sees_them_page_by_page_newest_first() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, "", RING_PRICE).await;
    let mut expected = vec![order];
    for number in 1..=24_i64 {
        let id = new_order_id();
        shop.alter(format!(
            "insert into orders (id, shopper_id, placed_at_us, email, name, street, postal_code, \
             city, country, delivery, lines, subtotal_minor, delivery_minor, total_minor, currency) \
             select '{id}', shopper_id, placed_at_us - {number}, email, name, \
             street, postal_code, city, country, delivery, lines, subtotal_minor, delivery_minor, \
             total_minor, currency from orders where id = '{order}'"
        ))
        .await;
        expected.push(id);
    }
    let shopper = shop.inner().orders_of(owner(&shop, order).await, None);
    let (first, has_older) = shopper.await.expect("orders");
    assert!(has_older && first.len() == 20);
    let before = first.last().map(|order| order.placed_at_us);
    let (second, has_older) = shop
        .inner()
        .orders_of(owner(&shop, order).await, before)
        .await
        .expect("orders");
    assert!(!has_older);
    let seen: Vec<OrderId> = first.iter().chain(&second).map(|order| order.id).collect();
    assert_eq!(seen, expected);
    let page = ada.get("/orders").await.expect_ok().body;
    let older = format!("/orders?before={}", before.expect("a moment"));
    assert!(page.contains(&older), "the way to older ones");
    let page = ada.get(&older).await.expect_ok().body;
    assert!(page.contains(&order_number(expected[24])));
    shop.closed().await;
}

async fn owner(shop: &TestShop, order: OrderId) -> types::ShopperId {
    let sql = format!("select shopper_id from orders where id = '{order}'");
    let row = db::query(db::trusted_sql(sql))
        .fetch_one(shop.log().db().reader())
        .await;
    let row = row.expect("the order");
    db::Columns::try_get::<&str, _>(&row, 0)
        .expect("text")
        .parse()
        .expect("an id")
}
