//! The bank asks who pays; the gateway is slow, silent, down or forgetful; its news comes late, twice and out of
//! turn. Whatever it does, an order is paid once or not at all.

use gateways::{Behaviour, Times};
use reqwest::Method;
use types::OrderId;

use crate::client::{Client, new_order_id};
use crate::shop::{RING, RING_PRICE, TestShop, eventually};

const ASKS: &str = "pm_card_authenticationRequired";
const GOOD_CARD: &str = "pm_card_visa";

/// Orders with a card that the bank asks about; answers with the page on which it does.
async fn challenged(shop: &TestShop, ada: &mut Client) -> (OrderId, String) {
    let order = ada.order(RING, ASKS, RING_PRICE).await;
    shop.until_status(order, "action_required").await;
    let page = ada.get(&format!("/orders/{order}")).await.expect_ok();
    let link = page.body.split("href=\"").find_map(|rest| {
        let (link, _) = rest.split_once('"')?;
        link.starts_with("/test-gateway/challenges/")
            .then(|| link.to_owned())
    });
    (order, link.expect("a link to the gateway's page"))
}

/// Answers as the shopper, and follows the way back.
async fn answer(ada: &mut Client, page: &str, answer: &str) -> String {
    let shown = ada.get(page).await.expect_ok();
    assert!(!shown.body.contains("<script"), "{}", shown.body);
    let sent = ada.submit(page, &[("answer", answer)]).await;
    let back = sent.location().expect("back to the shop").to_owned();
    let arrived = ada.get(&back).await;
    arrived.location().expect("to the order").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_proves_who_they_are_comes_back_to_an_order_that_is_paid() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let (order, page) = challenged(&shop, &mut ada).await;
    let refused = ada.pay(order, GOOD_CARD).await.problem(409);
    assert!(refused.detail.contains("on its way"), "{refused:?}");
    let back = answer(&mut ada, &page, "approve").await;
    assert_eq!(back, format!("/orders/{order}"));
    shop.until_status(order, "confirmed").await;
    assert_eq!(shop.ledger().await.count("authorized"), 1);
    // Answered again, it stays as it is.
    answer(&mut ada, &page, "refuse").await;
    shop.until_status(order, "confirmed").await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_no_pays_with_another_card() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let (order, page) = challenged(&shop, &mut ada).await;
    answer(&mut ada, &page, "refuse").await;
    shop.until_status(order, "awaiting_payment").await;
    ada.pay(order, GOOD_CARD).await.expect_ok();
    shop.until_status(order, "confirmed").await;
    let ledger = shop.ledger().await;
    assert_eq!(
        (ledger.count("authorized"), ledger.count("declined")),
        (1, 1)
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn news_that_is_kept_back_is_asked_for_and_changes_nothing_when_it_comes_late_twice_and_reversed()
 {
    let shop = TestShop::open().await;
    let gateway = shop.gateway();
    let silent = Behaviour {
        hold_webhooks: true,
        ..Behaviour::default()
    };
    gateway.behave(&silent).await.expect("told");
    let mut ada = shop.shopper();
    let (order, page) = challenged(&shop, &mut ada).await;
    answer(&mut ada, &page, "refuse").await;
    shop.until_status(order, "awaiting_payment").await;
    ada.pay(order, ASKS).await.expect_ok();
    shop.until_status(order, "action_required").await;
    let shown = ada.get(&format!("/orders/{order}")).await.expect_ok();
    let second = shown.body.rsplit("/test-gateway/challenges/").next();
    let second = second
        .and_then(|rest| rest.split('"').next())
        .expect("a page");
    answer(
        &mut ada,
        &format!("/test-gateway/challenges/{second}"),
        "approve",
    )
    .await;
    shop.until_status(order, "confirmed").await;
    // Now both pieces of news come, the newer first, and each three times.
    let talkative = Behaviour {
        webhook_copies: 3,
        newest_first: true,
        ..Behaviour::default()
    };
    gateway.behave(&talkative).await.expect("told");
    let told = "select count(*) from webhook_messages where id like 'payments/%'";
    eventually("both messages are taken", async || {
        shop.number(told).await == 2
    })
    .await;
    shop.until_status(order, "confirmed").await;
    let ledger = shop.ledger().await;
    assert_eq!((ledger.count("authorized"), ledger.count("voided")), (1, 0));
    let confirmed =
        format!("select count(*) from events where key = '{order}' and type = 'order.confirmed'");
    assert_eq!(shop.number(&confirmed).await, 1);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_nobody_answers_ends_with_the_payment_window() {
    let shop = TestShop::with(&["--payment-window-seconds=1"]).await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, ASKS, RING_PRICE).await;
    shop.until_status(order, "cancelled").await;
    shop.until_allocated(RING, 0).await;
    let ledger = shop.ledger().await;
    assert_eq!(
        (ledger.count("authorized"), ledger.count("declined")),
        (0, 1)
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_cancelled_while_the_bank_asks_keeps_no_money() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let (order, page) = challenged(&shop, &mut ada).await;
    ada.cancel(order).await.expect_ok();
    shop.until_status(order, "cancelled").await;
    answer(&mut ada, &page, "approve").await;
    eventually("nothing is held", async || {
        let ledger = shop.ledger().await;
        ledger.count("authorized") == 0 && ledger.count("action_required") == 0
    })
    .await;
    shop.until_status(order, "cancelled").await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_of_somebody_elses_order_tells_nothing_of_it() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let (order, _) = challenged(&shop, &mut ada).await;
    let mut eve = shop.shopper();
    let before = shop.log().head();
    let back = eve.get(&format!("/orders/{order}/payment")).await;
    assert_eq!(back.location(), Some(format!("/orders/{order}").as_str()));
    assert_eq!(eve.get(&format!("/orders/{order}")).await.status, 404);
    assert_eq!(shop.log().head(), before, "nobody is asked");
    for unknown in ["auth_none", "..%2f..%2fpayments", "a%20b", "x%3Fy"] {
        let page = eve
            .get(&format!("/test-gateway/challenges/{unknown}"))
            .await;
        page.problem(404);
    }
    let request = eve.request(Method::GET, "/test-gateway/payments");
    assert_eq!(
        eve.send(request).await.status,
        404,
        "the shop hands on no more"
    );
    shop.closed().await;
}

/// Each way of failing, and how often: the order is paid once, and asked for with the same key.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_down_half_open_or_forgetful_charges_once() {
    let shop = TestShop::with(&["--gateway-seconds=1"]).await;
    let gateway = shop.gateway();
    let well = Behaviour::default;
    let mut expected = 0;
    for trouble in [
        Behaviour {
            down: Times::Count(2),
            ..well()
        },
        Behaviour {
            half_open: Times::Count(1),
            ..well()
        },
        Behaviour {
            forgetful: Times::Count(1),
            hold_webhooks: true,
            ..well()
        },
        // The news is there before the answer to the second question.
        Behaviour {
            forgetful: Times::Count(1),
            ..well()
        },
        Behaviour {
            slow_ms: 300,
            ..well()
        },
    ] {
        gateway.behave(&trouble).await.expect("told");
        let mut ada = shop.shopper();
        let order = new_order_id();
        ada.add(RING, "1", "").await.expect_ok();
        ada.place(order, GOOD_CARD, RING_PRICE).await.expect_ok();
        shop.until_status(order, "confirmed").await;
        expected += 1;
        let ledger = shop.ledger().await;
        let of_order = |it: &&gateways::ListedPayment| it.reference == order.to_string();
        assert_eq!(
            ledger.payments.iter().filter(of_order).count(),
            1,
            "{trouble:?}"
        );
        assert_eq!(ledger.count("authorized"), expected, "{trouble:?}");
        if expected == 3 {
            // What is on the shelf is sold.
            shop.count(RING, 20).await;
        }
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_was_held_for_too_long_is_shown_to_staff_and_asked_for_again() {
    let shop = TestShop::open().await;
    let gateway = shop.gateway();
    let hasty = Behaviour {
        held_us: 1,
        ..Behaviour::default()
    };
    gateway.behave(&hasty).await.expect("told");
    let mut ada = shop.shopper();
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    let expired = format!(
        "select count(*) from events where key = '{order}' and type = 'payment.authorization_expired'"
    );
    eventually("the gateway has told", async || {
        shop.number(&expired).await == 1
    })
    .await;
    gateway.behave(&Behaviour::default()).await.expect("told");
    let mut staff = shop.staff().await;
    let desk = staff
        .get(&format!("/admin/orders/{order}"))
        .await
        .expect_ok();
    assert!(desk.body.contains("Collect again"), "staff are shown it");
    let form = [("order_id", &*order.to_string())];
    staff.post("/api/capture_again", &form).await.expect_ok();
    let held = format!(
        "select count(*) from events where key = '{order}' and type = 'payment.reauthorized'"
    );
    eventually("it is held again", async || shop.number(&held).await == 1).await;
    assert_eq!(shop.ledger().await.count("authorized"), 1);
    shop.closed().await;
}
