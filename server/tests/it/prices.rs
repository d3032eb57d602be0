//! Prices that change while the shop runs.

use services::{NewPrice, PriceAnswer, Staff};
use types::live::State;
use types::staff::Right;
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
        from_us: None,
        seen: None,
    }
}

impl TestShop {
    pub async fn member_of_staff(&self) -> Staff {
        let staff = self.inner().sign_in(EMAIL, PASSWORD.to_owned()).await;
        staff.expect("a member of staff")
    }

    /// How the log names the member of staff of the settings.
    pub async fn id_of_staff(&self) -> String {
        let staff = self.member_of_staff().await;
        staff.may(Right::See).expect("an owner").to_owned()
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
        shop.id_of_staff().await
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

#[tokio::test(flavor = "multi_thread")]
async fn a_new_price_is_pushed_and_stands_beside_the_old_one_until_it_is_accepted() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "2", "").await.expect_ok();
    let mut socket = ada.socket().await;
    socket.subscribe(&[crate::shop::RING_TOPIC], 0).await;
    let (_, seen, _) = socket.next_snapshot().await;
    let staff = shop.member_of_staff().await;
    let changed = shop.inner().change_price(&staff, new_price(NEW_PRICE));
    changed.await.expect("a change");
    let price_of_ring = |state: State| match state {
        State::Product(stock) => {
            let ring = stock
                .variants
                .into_iter()
                .find(|it| it.sku.as_str() == RING);
            ring.and_then(|ring| ring.price_minor)
        }
        _ => None,
    };
    let (.., state) = socket.next_change().await;
    assert_eq!(price_of_ring(state), Some(NEW_PRICE));
    // Who was away meanwhile is told on coming back.
    let mut late = shop.shopper().socket().await;
    late.subscribe(&[crate::shop::RING_TOPIC], seen).await;
    let (.., state) = late.next_snapshot().await;
    assert_eq!(price_of_ring(state), Some(NEW_PRICE));

    let was = ada.cart().await.lines[0].was.map(|was| was.minor);
    assert_eq!(was, Some(RING_PRICE));
    let page = ada.get("/checkout").await.expect_ok();
    assert!(page.body.contains("Accept the new prices"));
    let form = ada.submit("/api/accept_order", &[("city", "Berlin")]).await;
    assert_eq!(form.location(), Some("/checkout"));
    let page = ada.get("/checkout").await.expect_ok();
    assert!(page.body.contains("Your order was updated"));
    assert!(page.body.contains("value=\"Berlin\""), "what was typed");
    assert!(page.body.contains("Pay on the next page"));
    assert_eq!(ada.cart().await.lines[0].was, None);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planned_price_comes_by_itself_and_over_a_restart() {
    let shop = TestShop::open().await;
    let staff = shop.member_of_staff().await;
    let in_seconds = |seconds: i64| NewPrice {
        from_us: Some(shop.log().environment().now_us() + seconds * 1_000_000),
        ..new_price(NEW_PRICE)
    };
    let planned = shop.inner().change_price(&staff, in_seconds(2)).await;
    assert!(
        matches!(planned, Ok(PriceAnswer::Planned { .. })),
        "{planned:?}"
    );
    let past = shop.inner().change_price(&staff, in_seconds(-1)).await;
    let past = past.expect_err("it is past");
    assert!(past.field("from").is_some(), "{past:?}");
    assert_eq!(unit_price_of_a_new_shopper(&shop).await, RING_PRICE);
    let shop = shop.reopened().await;
    let has_come = async || unit_price_of_a_new_shopper(&shop).await == NEW_PRICE;
    eventually("the planned price", has_come).await;
    assert_eq!(shop.changes_in_log().await, 1);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_set_plan_and_withdraw_prices_on_a_page() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    let page = staff.get("/admin/prices?q=vega+50+white").await.expect_ok();
    assert!(page.body.contains("1 SKU, page 1 of 1"), "{}", page.body);
    let form = |price, from| {
        [
            ("sku", RING),
            ("price", price),
            ("compare_at", ""),
            ("from", from),
            ("q", "vega"),
            ("page", "0"),
        ]
    };
    let answer = staff.submit("/api/set_price", &form("2600", "")).await;
    assert_eq!(answer.location(), Some("/admin/prices?q=vega"));
    assert_eq!(unit_price_of_a_new_shopper(&shop).await, NEW_PRICE);

    let typo = staff.submit("/api/set_price", &form("cheap", "")).await;
    assert_eq!(typo.location(), Some("/admin/prices?q=vega"));
    let page = staff.get("/admin/prices?q=vega").await.expect_ok();
    assert!(page.body.contains("Enter an amount like 2590"));
    assert!(page.body.contains("value=\"cheap\""), "what was typed");

    let plan = form("2700.50", "2999-12-01T08:00");
    staff.submit("/api/set_price", &plan).await;
    let page = staff.get("/admin/prices?q=vega").await.expect_ok();
    assert!(page.body.contains("€2,700.50"), "the plan");
    let from_us = types::calendar::minute_us("2999-12-01T08:00").expect("a minute");
    let from_us = from_us.to_string();
    let withdrawal = [("sku", RING), ("from_us", from_us.as_str()), ("q", "vega")];
    staff.submit("/api/withdraw_price", &withdrawal).await;
    let page = staff.get("/admin/prices?q=vega").await.expect_ok();
    assert!(!page.body.contains("€2,700.50"), "no plan");
    let again = staff.post("/api/withdraw_price", &withdrawal).await;
    assert!(again.problem(409).is("price-unchanged"));
    // Nobody else does.
    let mut eve = shop.shopper();
    eve.post("/api/set_price", &form("1", ""))
        .await
        .problem(401);
    assert_eq!(unit_price_of_a_new_shopper(&shop).await, NEW_PRICE);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_a_price_the_later_sees_the_others_and_decides() {
    let shop = TestShop::open().await;
    let (mut ada, mut bo) = (shop.staff().await, shop.staff().await);
    let address = "/admin/prices?q=vega+50+white";
    let seen = |page: &str| {
        let label = format!("aria-label=\"Price of {RING}\"");
        let form = page.split("<form").find(|it| it.contains(&label));
        let form = form.expect("the form");
        let from = form.find("name=\"seen\" value=\"").expect("seen") + 19;
        let value = form[from..].split('"').next().expect("an end");
        value.replace("&quot;", "\"")
    };
    let shown = seen(&ada.get(address).await.expect_ok().body);
    let form = |price: &'static str, seen: &str| {
        [
            ("sku", RING.to_owned()),
            ("price", price.to_owned()),
            ("compare_at", String::new()),
            ("q", "vega 50 white".to_owned()),
            ("seen", seen.to_owned()),
        ]
    };
    let of_bo = form("2600", &shown);
    let of_bo = of_bo.each_ref().map(|(n, v)| (*n, v.as_str()));
    bo.post("/api/set_price", &of_bo).await.expect_ok();
    let late = form("2400", &shown);
    let late = late.each_ref().map(|(n, v)| (*n, v.as_str()));
    let told = ada.post("/api/set_price", &late).await.problem(409);
    let of_price = told.field("price").expect("told at its field");
    assert!(told.is("changed-meanwhile"), "{told:?}");
    assert!(of_price.contains("2600.00"), "{of_price}");
    assert_eq!(unit_price_of_a_new_shopper(&shop).await, NEW_PRICE);
    let answer = ada.submit("/api/set_price", &late).await;
    let page = ada.get(answer.location().expect("back")).await;
    let page = page.expect_ok().body;
    assert!(page.contains(of_price), "{page}");
    assert!(page.contains("value=\"2400\""), "what was typed: {page}");
    let again = form("2400", &seen(&page));
    let again = again.each_ref().map(|(n, v)| (*n, v.as_str()));
    ada.post("/api/set_price", &again).await.expect_ok();
    assert_eq!(unit_price_of_a_new_shopper(&shop).await, 240_000);
    shop.closed().await;
}
