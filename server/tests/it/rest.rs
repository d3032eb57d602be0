//! What is still possible when pieces have gone: the rest of a rejected order, and a cart that fits.

use types::OrderId;

use crate::client::{Answer, Client, new_order_id};
use crate::shop::{RING, RING_PRICE, TestShop, eventually};

/// €1,250.00
const SIGNET: &str = "AS-NOT-YG-54";
const SIGNET_PRICE: i64 = 125_000;
const GOOD_CARD: &str = "pm_card_visa";

async fn order_rest(client: &mut Client, old: OrderId, total: i64) -> Answer {
    let form = [
        ("order_id", old.to_string()),
        ("expected_total_minor", total.to_string()),
    ];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    client.post("/api/order_rest", &form).await
}

/// An order of two rings and two signets, of which one ring and the signets are left; its cart is back.
async fn rejected(shop: &TestShop, ada: &mut Client) -> OrderId {
    ada.add(RING, "2", "For Grace").await.expect_ok();
    ada.add(SIGNET, "2", "").await.expect_ok();
    shop.count(RING, 1).await;
    shop.until_seen(RING, 1).await;
    let order = new_order_id();
    let total = 2 * RING_PRICE + 2 * SIGNET_PRICE;
    ada.place(order, GOOD_CARD, total).await.expect_ok();
    shop.until_status(order, "rejected").await;
    eventually("the cart is back", async || {
        shop.number("select count(*) from carts").await == 2
    })
    .await;
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_a_rejected_order_is_ordered_once_and_paid_with_the_card_given() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let old = rejected(&shop, &mut ada).await;
    let total = RING_PRICE + 2 * SIGNET_PRICE;

    let problem = order_rest(&mut ada, old, total - 1).await.problem(409);
    assert!(problem.is("price-changed"), "{problem:?}");
    assert_eq!(ada.cart_lines().await.len(), 2, "the cart stays");
    shop.shopper().get("/").await.expect_ok();
    let mut eve = shop.shopper();
    order_rest(&mut eve, old, total).await.problem(404);

    // Two tabs at once, and a third press.
    let mut tab = shop.shopper();
    tab.set_cookie("shopper", ada.cookie("shopper").expect("a cookie"));
    let (one, other) = tokio::join!(
        order_rest(&mut ada, old, total),
        order_rest(&mut tab, old, total)
    );
    let new: OrderId = one.expect_ok().json();
    let again = order_rest(&mut ada, old, total).await;
    for answer in [other, again] {
        assert_eq!(answer.expect_ok().json::<OrderId>(), new);
    }
    shop.until_status(new, "confirmed").await;
    assert_eq!(shop.number("select count(*) from orders").await, 2);
    assert_eq!(shop.stock(RING).await, (1, 1));
    // One ring was short, and waits.
    assert_eq!(ada.cart_lines().await, [(RING.to_owned(), 1)]);
    assert_eq!(
        ada.cart().await.lines[0].gift_note.as_deref(),
        Some("For Grace")
    );
    // Of an order that was not rejected there is no rest.
    let problem = order_rest(&mut ada, new, total).await;
    assert!(problem.problem(409).is("nothing-left"));
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_form_for_the_rest_lands_on_the_new_order_or_back_on_the_old_one() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let old = rejected(&shop, &mut ada).await;
    let page = ada.get(&format!("/orders/{old}")).await.expect_ok().body;
    assert!(
        page.contains("Order the other three for €4,990.00"),
        "{page}"
    );
    let submit = async |ada: &mut Client, total: i64| {
        let form = [
            ("order_id", old.to_string()),
            ("expected_total_minor", total.to_string()),
        ];
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = ada.submit("/api/order_rest", &form).await;
        let page = answer.location().expect("a page").to_owned();
        let id = page.strip_prefix("/orders/").expect("an order's page");
        id.parse::<OrderId>().expect("an id")
    };
    assert_eq!(submit(&mut ada, 1).await, old);
    let new = submit(&mut ada, RING_PRICE + 2 * SIGNET_PRICE).await;
    assert_ne!(new, old);
    shop.until_status(new, "confirmed").await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_is_made_to_fit_the_stock() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "1", "For Grace").await.expect_ok();
    ada.add(RING, "2", "").await.expect_ok();
    ada.add(SIGNET, "1", "").await.expect_ok();
    let fitted = ada.post("/api/fit_cart", &[]).await.expect_ok();
    assert_eq!(
        fitted.json::<types::cart::Cart>().count(),
        4,
        "all is there"
    );
    for (on_hand, left) in [(2, 3), (1, 2), (0, 1)] {
        shop.count(RING, on_hand).await;
        shop.until_seen(RING, on_hand).await;
        let cart = ada.post("/api/fit_cart", &[]).await.expect_ok();
        let cart: types::cart::Cart = cart.json();
        assert_eq!(cart.count(), left, "{on_hand} rings are left");
        assert!(cart.lines.iter().all(types::cart::CartLine::is_covered));
        assert_eq!(ada.cart().await, cart);
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_found_an_order_again_orders_no_rest_with_the_card_of_whoever_placed_it() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let old = rejected(&shop, &mut ada).await;
    let mut finder = shop.shopper();
    let number = types::order::order_number(old);
    let form = [("number", number.as_str()), ("email", "ada@example.com")];
    finder.post("/api/find_order", &form).await.expect_ok();
    let page = finder.get(&format!("/orders/{old}")).await.expect_ok().body;
    assert!(!page.contains("/api/order_rest"), "{page}");
    let total = RING_PRICE + 2 * SIGNET_PRICE;
    let refused = order_rest(&mut finder, old, total).await.problem(409);
    assert!(refused.is("nothing-left"), "{refused:?}");
    assert_eq!(shop.number("select count(*) from orders").await, 1);
    shop.closed().await;
}
