//! Every order comes to an end: asked for by the shopper, whatever it waits for, or given up by staff.

use crate::shop::{RING, RING_PRICE, TestShop, eventually};

const GOOD_CARD: &str = "pm_card_visa";

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_cancelled_while_the_gateway_is_asked_and_the_money_is_let_go() {
    let shop = TestShop::with(&["--test-gateway-delay-ms=1500"]).await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "paying").await;
    let refused = ada.pay(order, GOOD_CARD).await.problem(409);
    assert!(refused.detail.contains("on its way"), "{refused:?}");
    ada.cancel(order).await.expect_ok();
    shop.until_status(order, "cancelled").await;
    shop.until_allocated(RING, 0).await;
    eventually("the gateway holds nothing", async || {
        shop.ledger().await.count("voided") == 1
    })
    .await;
    let again = ada.cancel(order).await.problem(409);
    assert!(again.kind.contains("not-cancellable"), "{again:?}");
    assert!(again.detail.contains("cancelled"), "{again:?}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn placed_and_reserved_are_one_commit_as_are_authorized_and_confirmed() {
    let shop = TestShop::open().await;
    // Enough that nothing is ordered again meanwhile.
    shop.count(RING, 9).await;
    let mut ada = shop.shopper();
    // The first order finds the deciders at the head.
    let first = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(first, "confirmed").await;
    let head = shop.log().stored_head().await.expect("a head");
    let mut tail = shop.log().tail(head);
    ada.add(RING, "1", "").await.expect_ok();
    let order = crate::client::new_order_id();
    ada.place(order, GOOD_CARD, RING_PRICE).await.expect_ok();
    let mut turns: Vec<Vec<String>> = Vec::new();
    while turns
        .last()
        .and_then(|turn| turn.last())
        .map(String::as_str)
        != Some("order.confirmed")
    {
        // What is committed at once is heard at once.
        let events = tail.next(100).await.expect("sound");
        turns.push(events.iter().map(|event| event.kind.clone()).collect());
    }
    assert_eq!(
        turns,
        [
            vec!["order.placed", "stock.reserved", "payment.requested"],
            vec!["payment.authorized", "order.confirmed"]
        ]
    );
    shop.closed().await;
}
