//! What a checkout holds: gone for others, there for oneself, and back when its time is over.

use types::Problem;
use types::cart::Cart;
use types::live::{State, Topic};
use types::order::OrderStatus;
use types::reservation::{Held, OwnHold};

use crate::client::{Client, new_order_id};
use crate::replay::command;
use crate::shop::{RING, RING_PRICE, RING_TOPIC, TestShop, eventually};
use crate::socket::Socket;

const GOOD_CARD: &str = "pm_card_visa";

async fn hold(shopper: &mut Client) -> Cart {
    shopper.post("/api/hold_cart", &[]).await.expect_ok().json()
}

/// `checkout:ID`. A signed cookie is its signature and the value, here an id of 36 characters.
fn topic_of(shopper: &Client) -> String {
    let cookie = shopper.cookie("shopper").expect("a cookie");
    format!("checkout:{}", &cookie[cookie.len() - 36..])
}

async fn until_held(socket: &mut Socket, pieces: u32) -> Held {
    loop {
        if let (_, _, State::Checkout(held)) = socket.next_change().await
            && held.lines.iter().map(|line| line.quantity).sum::<u32>() == pieces
        {
            return held;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_checkout_holds_is_gone_for_others_and_there_for_its_own_shopper() {
    let shop = TestShop::open().await;
    let (mut ada, mut bob) = (shop.shopper(), shop.shopper());
    ada.add(RING, "3", "").await.expect_ok();
    bob.add(RING, "2", "").await.expect_ok();
    let mut onlooker = bob.socket().await;
    onlooker.subscribe(&[RING_TOPIC], 0).await;
    onlooker.next_snapshot().await;

    let held = hold(&mut ada).await.held;
    assert_eq!(held.lines.len(), 1);
    assert_eq!(held.lines[0].quantity, 3);
    assert!(held.left_us > 0 && held.left_us <= 600_000_000, "{held:?}");
    // Pushed to the others, who had four of this ring before.
    let fell = async |socket: &mut Socket| loop {
        if let (_, _, State::Product(stock)) = socket.next_change().await
            && let Some(ring) = stock.variants.iter().find(|it| it.sku.as_str() == RING)
        {
            return ring.available;
        }
    };
    assert_eq!(fell(&mut onlooker).await, 1);

    assert_eq!(bob.cart().await.lines[0].available, 1);
    assert_eq!(ada.cart().await.lines[0].available, 4);
    // In another tab of the same browser, too.
    ada.add(RING, "1", "").await.expect_ok();
    let refused = bob.add(RING, "1", "").await.problem(409);
    assert!(refused.is("sold-out"), "{refused:?}");

    let order = new_order_id();
    bob.place(order, GOOD_CARD, 2 * RING_PRICE)
        .await
        .expect_ok();
    shop.until_status(order, "rejected").await;
    let order = new_order_id();
    ada.place(order, GOOD_CARD, 4 * RING_PRICE)
        .await
        .expect_ok();
    shop.until_status(order, "confirmed").await;
    assert_eq!(shop.stock(RING).await, (4, 4));
    assert_eq!(reserved(&shop).await, 0);
    shop.closed().await;
}

/// What the own checkout holds, as the pages of the shelves are told it.
async fn until_own(socket: &mut Socket, pieces: u32) -> OwnHold {
    loop {
        if let (Topic::OwnCheckout, _, State::OwnCheckout(own)) = socket.next_change().await
            && own.pieces.iter().map(|it| it.quantity).sum::<u32>() == pieces
        {
            return own;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_shelves_tell_what_is_held_to_who_holds_it_and_to_nobody_else() {
    const OWN: &str = "own-checkout";
    const PAGE: &str = "/p/vega-solitaire-ring?variant=AS-VEG-WG-50";
    let shop = TestShop::with(&["--hold-seconds=3"]).await;
    let (mut ada, mut bob) = (shop.shopper(), shop.shopper());
    ada.add(RING, "4", "").await.expect_ok();
    bob.add(RING, "1", "").await.expect_ok();
    let (mut own, mut other) = (ada.socket().await, bob.socket().await);
    for socket in [&mut own, &mut other] {
        socket.subscribe(&[OWN, RING_TOPIC], 0).await;
        for _ in 0..2 {
            socket.next_snapshot().await;
        }
    }
    let before = bob.get(PAGE).await.expect_ok().body;
    assert!(!before.contains("In your checkout") && !before.contains("data-own"));

    hold(&mut ada).await;
    // Before the stock that falls: the page never says that it is sold out.
    let told = until_own(&mut own, 4).await;
    assert_eq!(told.of(&RING.parse().expect("a SKU")), 4);
    assert_eq!(
        told.of_product(&"vega-solitaire-ring".parse().expect("a slug")),
        4
    );
    let page = ada.get(PAGE).await.expect_ok().body;
    assert!(
        page.contains("In your checkout") && page.contains("data-own"),
        "{page}"
    );
    // The kept pages stay those of everybody.
    for _ in 0..2 {
        let page = bob.get(PAGE).await.expect_ok().body;
        assert!(page.contains("Sold out"), "{page}");
        assert!(
            !page.contains("In your checkout") && !page.contains("data-own"),
            "{page}"
        );
    }
    let refused = ada.add(RING, "1", "").await.problem(409);
    assert_eq!(
        refused.detail,
        "All 4 that are left are in your cart already."
    );

    until_own(&mut own, 0).await;
    let page = ada.get(PAGE).await.expect_ok().body;
    assert!(
        !page.contains("In your checkout") && !page.contains("data-own"),
        "{page}"
    );
    // Whatever the other was told by now, it was of the stock alone.
    bob.add(RING, "1", "").await.expect_ok();
    hold(&mut bob).await;
    until_own(&mut other, 2).await;
    shop.closed().await;
}

async fn reserved(shop: &TestShop) -> i64 {
    let sum = "select cast(coalesce(sum(reserved), 0) as bigint) from stock";
    shop.number(sum).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_ends_by_itself_and_both_pages_are_told() {
    let shop = TestShop::with(&["--hold-seconds=2"]).await;
    let (mut ada, mut bob) = (shop.shopper(), shop.shopper());
    ada.add(RING, "4", "").await.expect_ok();
    let mut own = ada.socket().await;
    own.subscribe(&[&topic_of(&ada)], 0).await;
    own.next_snapshot().await;
    hold(&mut ada).await;
    until_held(&mut own, 4).await;
    let refused = bob.add(RING, "1", "").await.problem(409);
    assert!(refused.is("sold-out"), "{refused:?}");
    until_held(&mut own, 0).await;
    bob.add(RING, "1", "").await.expect_ok();

    let late: Problem = ada.post("/api/extend_hold", &[]).await.problem(409);
    assert!(late.is("not-extended"), "{late:?}");
    // It can be asked for anew, as far as there is anything left.
    let order = bob.place(new_order_id(), GOOD_CARD, RING_PRICE).await;
    order.expect_ok();
    shop.until_allocated(RING, 1).await;
    assert_eq!(hold(&mut ada).await.held.lines[0].quantity, 3);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_outlives_a_restart_and_its_end_too() {
    let shop = TestShop::with(&["--hold-seconds=3"]).await;
    let mut ada = shop.shopper();
    ada.add(RING, "2", "").await.expect_ok();
    hold(&mut ada).await;
    let shop = shop.reopened().await;
    let mut ada = ada.at(shop.url());
    let before = ada.cart().await.held;
    assert_eq!(before.lines.first().map(|line| line.quantity), Some(2));
    eventually("what was held is back", async || reserved(&shop).await == 0).await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_loaded_again_has_the_time_it_had_and_a_closed_one_lets_go() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "1", "").await.expect_ok();
    let first = hold(&mut ada).await.held;
    let mut own = ada.socket().await;
    own.subscribe(&[&topic_of(&ada)], 0).await;
    own.next_snapshot().await;
    ada.post("/api/leave_checkout", &[]).await.expect_ok();
    let left = until_held(&mut own, 1).await;
    assert!(left.is_left && left.left_us <= 15_000_000, "{left:?}");
    let again = hold(&mut ada).await.held;
    assert!(!again.is_left, "{again:?}");
    assert!(again.left_us > 15_000_000 && again.left_us <= first.left_us);

    // Who is not back in time has let go: the deadline of the state is the earlier one.
    ada.post("/api/leave_checkout", &[]).await.expect_ok();
    until_held(&mut own, 1).await;
    let due = "select max(deadline_us) from decider_states where key like 'reservation/%'";
    let now_us = shop.log().environment().now_us();
    assert!(shop.number(due).await - now_us <= 15_000_000);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_is_put_off_ten_times_and_no_more() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "1", "").await.expect_ok();
    hold(&mut ada).await;
    for left in (0..10).rev() {
        let held: Held = ada.post("/api/extend_hold", &[]).await.expect_ok().json();
        assert_eq!(held.extensions_left, left);
    }
    let refused = ada.post("/api/extend_hold", &[]).await.problem(409);
    assert!(refused.is("not-extended"), "{refused:?}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_cart_loses_at_the_checkout_is_let_go_at_once() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "3", "").await.expect_ok();
    let cart = hold(&mut ada).await;
    let line = cart.lines[0].id.to_string();
    let fewer = [("line", line.as_str()), ("quantity", "1")];
    ada.post("/api/set_quantity", &fewer).await.expect_ok();
    assert_eq!(hold(&mut ada).await.held.lines[0].quantity, 1);
    assert_eq!(reserved(&shop).await, 1);
    ada.post("/api/remove_line", &[("line", &line)])
        .await
        .expect_ok();
    assert!(hold(&mut ada).await.held.is_empty());
    assert_eq!(reserved(&shop).await, 0);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_pieces_are_held_for_one_address_and_ordering_them_is_no_more() {
    let shop = TestShop::limited(&["--held-pieces-per-address=2"]).await;
    let (mut ada, mut eve) = (shop.shopper(), shop.shopper());
    ada.add(RING, "2", "").await.expect_ok();
    hold(&mut ada).await;
    eve.add(RING, "1", "").await.expect_ok();
    let refused = eve.post("/api/hold_cart", &[]).await.problem(409);
    assert!(refused.is("open-orders"), "{refused:?}");
    // What she holds is what she orders.
    let order = new_order_id();
    ada.place(order, GOOD_CARD, 2 * RING_PRICE)
        .await
        .expect_ok();
    shop.until_status(order, "confirmed").await;
    let room = async || {
        let mut eve = shop.shopper();
        eve.add(RING, "1", "").await.expect_ok();
        eve.post("/api/hold_cart", &[]).await.status == 200
    };
    eventually("there is room again", room).await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_follows_the_checkout_of_somebody_else() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "1", "").await.expect_ok();
    hold(&mut ada).await;
    let mut eve = shop.shopper().socket().await;
    eve.subscribe(&[&topic_of(&ada)], 0).await;
    let (topic, detail) = eve.next_error().await;
    assert!(topic.is_some() && detail.contains("not your"), "{detail}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_script_the_page_holds_by_a_form_and_never_by_being_looked_at() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "1", "").await.expect_ok();
    let page = ada.get("/checkout").await.expect_ok();
    assert!(page.body.contains("/api/hold_cart"), "a form that holds");
    assert_eq!(
        reserved(&shop).await,
        0,
        "a page made ready early holds nothing"
    );
    let answer = ada.submit("/api/hold_cart", &[]).await;
    assert_eq!(answer.location(), Some("/checkout"));
    let page = ada.get("/checkout").await.expect_ok();
    assert!(page.body.contains("Held for you for about 9 minutes"));
    assert!(page.body.contains("/api/extend_hold"));
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_hold_the_last_pieces_at_once_hold_them_once() {
    let shop = TestShop::open().await;
    let mut shoppers: Vec<Client> = (0..12).map(|_| shop.shopper()).collect();
    for shopper in &mut shoppers {
        shopper.add(RING, "1", "").await.expect_ok();
    }
    let holding = shoppers.iter_mut().map(hold);
    let carts = futures::future::join_all(holding).await;
    let held: u32 = carts
        .iter()
        .flat_map(|cart| &cart.held.lines)
        .map(|it| it.quantity)
        .sum();
    assert_eq!(held, 4);
    assert_eq!(reserved(&shop).await, 4);
    // Who holds one gets it, whoever orders first.
    let orders = shoppers.iter_mut().rev().map(async |shopper| {
        let order = new_order_id();
        shopper
            .place(order, GOOD_CARD, RING_PRICE)
            .await
            .expect_ok();
        order
    });
    let orders = futures::future::join_all(orders).await;
    let mut confirmed = 0;
    for (order, cart) in orders.iter().rev().zip(&carts) {
        let ends = match cart.held.is_empty() {
            true => OrderStatus::Rejected,
            false => OrderStatus::Confirmed,
        };
        confirmed += u32::from(ends == OrderStatus::Confirmed);
        shop.until_status(*order, ends.into_str()).await;
    }
    assert_eq!(confirmed, 4);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_the_inventory_keeps_what_is_held_and_its_end() {
    let shop = TestShop::with(&["--hold-seconds=4"]).await;
    let mut ada = shop.shopper();
    ada.add(RING, "3", "").await.expect_ok();
    hold(&mut ada).await;
    let told = command(&shop, &["replay", "--consumer", "inventory"]).await;
    let told = told.expect("a replay");
    assert!(
        told.contains("no differences") || told.contains("same"),
        "{told}"
    );
    assert_eq!(reserved(&shop).await, 3);
    eventually("the hold ends", async || reserved(&shop).await == 0).await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_does_not_take_away_what_a_checkout_holds_and_says_so() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "3", "").await.expect_ok();
    hold(&mut ada).await;
    let mut staff = shop.staff().await;
    let refused = staff.count(RING, 2).await.problem(409);
    assert!(refused.is("promised"), "{refused:?}");
    assert!(refused.detail.contains("checkout hold 3"), "{refused:?}");
    staff.count(RING, 3).await.expect_ok();
    let order = new_order_id();
    ada.place(order, GOOD_CARD, 3 * RING_PRICE)
        .await
        .expect_ok();
    shop.until_status(order, "confirmed").await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tab_that_is_left_open_holds_nothing_once_another_has_ordered() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "1", "").await.expect_ok();
    hold(&mut ada).await;
    let order = new_order_id();
    ada.place(order, GOOD_CARD, RING_PRICE).await.expect_ok();
    shop.until_status(order, "confirmed").await;
    let late = ada.post("/api/extend_hold", &[]).await.problem(409);
    assert!(late.is("not-extended"), "{late:?}");
    assert!(hold(&mut ada).await.is_empty());
    ada.post("/api/leave_checkout", &[]).await.expect_ok();
    assert_eq!(shop.stock(RING).await, (4, 1));
    assert_eq!(reserved(&shop).await, 0);
    shop.closed().await;
}
