//! Prices that change while the shop runs.

use services::{NewPrice, PriceAnswer, Staff};
use types::{Currency, Money};

use crate::client::{Client, new_order_id};
use crate::replay::command;
use crate::shop::{EMAIL, PASSWORD, RING, RING_PRICE, TestShop, eventually};

const PAGE: &str = "/p/vega-solitaire-ring";
const GOOD_CARD: &str = "pm_card_visa";
/// €2,600.00
const NEW_PRICE: i64 = 260_000;

fn new_price(price_minor: i64) -> NewPrice {
    NewPrice {
        sku: RING.parse().expect("a SKU"),
        price_minor,
        compare_at_minor: None,
    }
}

impl TestShop {
    pub async fn member_of_staff(&self) -> Staff {
        let staff = self.inner().sign_in(EMAIL, PASSWORD.to_owned()).await;
        staff.expect("a member of staff")
    }

    async fn changes_in_log(&self) -> i64 {
        let count = "select count(*) from events where type = 'price.changed'";
        self.number(count).await
    }
}

async fn unit_price(shopper: &mut Client) -> i64 {
    shopper.cart().await.lines[0].unit_price.minor
}

async fn unit_price_of_a_new_shopper(shop: &TestShop) -> i64 {
    let mut shopper = shop.shopper();
    shopper.add(RING, "1", "").await.expect_ok();
    unit_price(&mut shopper).await
}

#[tokio::test(flavor = "multi_thread")]
async fn page_cart_and_order_follow_a_price_that_changes_while_the_shop_runs() {
    let shop = TestShop::open().await;
    let mut early = shop.shopper();
    let kept = early.order(RING, GOOD_CARD, RING_PRICE).await;
    let mut ada = shop.shopper();
    ada.add(RING, "1", "").await.expect_ok();
    assert_eq!(unit_price(&mut ada).await, RING_PRICE);
    assert!(!ada.get(PAGE).await.expect_ok().body.contains("€2,600<"));

    let staff = shop.member_of_staff().await;
    let answer = shop
        .inner()
        .change_price(&staff, new_price(NEW_PRICE))
        .await;
    let answer = answer.expect("a change");
    let eur = |minor| Money::new(minor, Currency::Eur);
    assert!(
        matches!(answer, PriceAnswer::Changed { before, price, .. }
            if (before, price) == (eur(RING_PRICE), eur(NEW_PRICE))),
        "{answer:?}"
    );

    assert!(ada.get(PAGE).await.expect_ok().body.contains("€2,600<"));
    assert_eq!(unit_price(&mut ada).await, NEW_PRICE);
    // Who saw the old total is told, and has lost nothing.
    let refused = ada.place(new_order_id(), GOOD_CARD, RING_PRICE).await;
    let refused = refused.problem(409);
    assert!(refused.is("price-changed"), "{refused:?}");
    assert!(refused.detail.contains("€2,600.00"), "{refused:?}");
    assert_eq!(unit_price(&mut ada).await, NEW_PRICE);
    let order = new_order_id();
    ada.place(order, GOOD_CARD, NEW_PRICE).await.expect_ok();
    shop.until_status(order, "confirmed").await;
    let total = |order| format!("select total_minor from orders where id = '{order}'");
    assert_eq!(shop.number(&total(order)).await, NEW_PRICE);
    assert_eq!(shop.number(&total(kept)).await, RING_PRICE);

    let replayed = command(&shop, &["replay", "--consumer=catalogue"]).await;
    replayed.expect("a replay");
    assert_eq!(unit_price_of_a_new_shopper(&shop).await, NEW_PRICE);
    // Who changed it stands in the log, and a restart changes nothing.
    let by = format!(
        "select count(*) from events where type = 'price.changed' and data like '%\"{}\"%'",
        shop.member_of_staff().await.id
    );
    assert_eq!(shop.number(&by).await, 1);
    let shop = shop.reopened().await;
    assert_eq!(unit_price_of_a_new_shopper(&shop).await, NEW_PRICE);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_from_the_command_line_reaches_the_running_shop() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "1", "").await.expect_ok();
    let ring = format!("--sku={RING}");
    let said = command(
        &shop,
        &["price", &ring, "--price=2600", "--compare-at=2700.50"],
    )
    .await;
    let said = said.expect("a change");
    assert!(said.contains("costs €2,600.00"), "{said}");
    assert!(said.contains("before it was €2,490.00"), "{said}");
    let catalogue = || {
        shop.inner()
            .product(&"vega-solitaire-ring".parse().expect("a slug"))
    };
    eventually("the new price on the page", async || {
        let product = catalogue().expect("the ring");
        let ring = product
            .variants
            .into_iter()
            .find(|v| v.sku.as_str() == RING);
        ring.is_some_and(|ring| {
            let former = ring.compare_at.map(|former| former.minor);
            (ring.price.minor, former) == (NEW_PRICE, Some(270_050))
        })
    })
    .await;
    ada.place(new_order_id(), GOOD_CARD, RING_PRICE)
        .await
        .problem(409);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_makes_no_sense_is_refused_and_changes_nothing() {
    let shop = TestShop::open().await;
    let staff = shop.member_of_staff().await;
    let unknown = NewPrice {
        sku: "AS-NONE-1".parse().expect("a SKU"),
        ..new_price(NEW_PRICE)
    };
    let below_its_former = NewPrice {
        compare_at_minor: Some(NEW_PRICE),
        ..new_price(NEW_PRICE)
    };
    for (new, status) in [
        (new_price(0), 422),
        (new_price(-1), 422),
        (new_price(i64::MAX), 422),
        (below_its_former, 422),
        (new_price(RING_PRICE), 409),
        (unknown, 404),
    ] {
        let refused = shop.inner().change_price(&staff, new.clone()).await;
        let refused = refused.expect_err("a refusal");
        assert_eq!(refused.status, status, "{new:?}: {refused:?}");
    }
    let ring = format!("--sku={RING}");
    for price in ["--price=-1", "--price=2,600", "--price=0"] {
        let refused = command(&shop, &["price", &ring, price]).await;
        refused.expect_err(price);
    }
    assert_eq!(shop.changes_in_log().await, 0);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_product_is_introduced_once_however_often_the_shop_opens() {
    let shop = TestShop::open().await;
    let count = "select count(*) from events where type = 'product.introduced'";
    let introduced = shop.number(count).await;
    assert_eq!(
        introduced,
        shop.number("select count(*) from products").await
    );
    let shop = shop.reopened().await;
    assert_eq!(shop.number(count).await, introduced);
    shop.closed().await;
}
