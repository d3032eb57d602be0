//! Money that is given back, and not at once: what a gateway has only taken on is not done.

use gateways::{Behaviour, Console, Times};
use types::OrderId;
use types::order::order_number;
use uuid::Uuid;

use crate::client::Client;
use crate::mails::told;
use crate::parcels::refund;
use crate::replay::command;
use crate::shop::{RING, RING_PRICE, TestShop, data, eventually};

const GOOD_CARD: &str = "pm_card_visa";

struct Slow {
    shop: TestShop,
    gateway: Console,
    ada: Client,
    staff: Client,
    order: OrderId,
}

impl Slow {
    /// An order whose money is collected, at a gateway that takes the next refund on and no more.
    async fn open() -> Self {
        let shop = TestShop::with(&["--capture=confirmation"]).await;
        let mut ada = shop.shopper();
        let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
        let gateway = shop.running().gateway().expect("the simulator");
        let slow = Behaviour {
            pending_refunds: Times::Count(1),
            ..Behaviour::default()
        };
        gateway.behave(&slow).await.expect("it is slow");
        let staff = shop.staff().await;
        let slow = Self {
            shop,
            gateway,
            ada,
            staff,
            order,
        };
        slow.until_happened("payment.captured", 1).await;
        slow
    }

    async fn happened(&self, kind: &str) -> i64 {
        let order = self.order;
        let sql = format!("select count(*) from events where type = '{kind}' and key = '{order}'");
        self.shop.number(&sql).await
    }

    async fn until_happened(&self, kind: &str, times: i64) {
        eventually(&format!("{kind}, {times} times"), async || {
            self.happened(kind).await == times
        })
        .await;
    }

    /// Asks for some money, and waits until the gateway has taken that on; answers with its name for it.
    async fn asked_for(&mut self, amount: &str) -> String {
        let id = Uuid::now_v7().to_string();
        refund(&mut self.staff, self.order, &id, amount)
            .await
            .expect_ok();
        self.until_happened("payment.refund_pending", 1).await;
        let order = self.order;
        let sql = format!(
            "select data from events where type = 'payment.refund_pending' and key = '{order}'"
        );
        let data: serde_json::Value =
            serde_json::from_str(&self.shop.text(&sql).await).expect("JSON");
        let name = data["gateway_refund_id"].as_str().expect("its name");
        name.to_owned()
    }

    async fn page_of_shopper(&mut self) -> String {
        let page = format!("/orders/{}", self.order);
        self.ada.get(&page).await.expect_ok().body
    }

    async fn page_of_staff(&mut self) -> String {
        let page = format!("/admin/orders/{}", self.order);
        self.staff.get(&page).await.expect_ok().body
    }

    async fn differences(&self) -> String {
        let now = jiff::Timestamp::from_microsecond(self.shop.inner().now_us()).expect("a time");
        let day = now.to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
        let data = format!("--data-dir={}", data(self.shop.scratch()).display());
        let told = command(&self.shop, &["settlement", "--day", &day, &data]).await;
        told.expect("compared")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_is_only_taken_on_is_under_way_until_the_gateway_says_that_it_is_done() {
    let mut slow = Slow::open().await;
    let name = slow.asked_for("25").await;
    assert_eq!(slow.happened("payment.refunded").await, 0, "it is not done");
    let page = slow.page_of_shopper().await;
    assert!(page.contains("is under way to you since"), "{page}");
    assert!(!page.contains("was given back"), "{page}");
    let page = slow.page_of_staff().await;
    assert!(page.contains("Being given back, under way"), "{page}");
    assert!(page.contains(&name), "by the gateway's name: {page}");
    // What is on its way cannot be given a second time.
    let all = format!("{}.{:02}", RING_PRICE / 100, RING_PRICE % 100);
    let id = Uuid::now_v7().to_string();
    let order = slow.order;
    let told = refund(&mut slow.staff, order, &id, &all).await.problem(409);
    assert!(told.detail.contains("At most €2,465.00"), "{told:?}");

    slow.gateway.end_refund(&name, true).await.expect("done");
    slow.until_happened("payment.refunded", 1).await;
    let page = slow.page_of_shopper().await;
    assert!(page.contains("was given back"), "{page}");
    assert!(!page.contains("is under way to you"), "{page}");
    let page = slow.page_of_staff().await;
    assert!(!page.contains("Being given back, under way"), "{page}");
    assert_eq!(slow.shop.ledger().await.moved("refund"), 2_500);
    let told = slow.differences().await;
    assert!(told.contains("0 differences"), "the books agree: {told}");
    slow.shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_the_bank_refuses_is_an_alert_and_is_tried_again_as_another_one() {
    let mut slow = Slow::open().await;
    let name = slow.asked_for("25").await;
    slow.gateway
        .end_refund(&name, false)
        .await
        .expect("refused");
    slow.until_happened("payment.refund_failed", 1).await;
    let raised = "select count(*) from events where type = 'alert.raised' \
                  and data like '%money_not_moved%'";
    eventually("somebody is told", async || {
        slow.shop.number(raised).await == 1
    })
    .await;
    let page = slow.page_of_shopper().await;
    assert!(page.contains("did not reach you"), "{page}");
    let page = slow.page_of_staff().await;
    assert!(page.contains("Give back again"), "{page}");

    // As that form does: with an id, and so a key, of its own.
    let id = Uuid::now_v7().to_string();
    let order = slow.order;
    refund(&mut slow.staff, order, &id, "25.00")
        .await
        .expect_ok();
    slow.until_happened("payment.refunded", 1).await;
    let page = slow.page_of_staff().await;
    assert!(!page.contains("Give back again"), "{page}");
    assert_eq!(slow.shop.ledger().await.moved("refund"), 2_500);
    assert!(slow.differences().await.contains("0 differences"));
    slow.shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_was_done_and_is_refused_after_all_is_no_refund() {
    let mut slow = Slow::open().await;
    let name = slow.asked_for("25").await;
    slow.gateway.end_refund(&name, true).await.expect("done");
    slow.until_happened("payment.refunded", 1).await;
    slow.gateway
        .end_refund(&name, false)
        .await
        .expect("refused");
    slow.until_happened("payment.refund_failed", 1).await;
    let page = slow.page_of_staff().await;
    assert!(page.contains("Give back again"), "{page}");
    let page = slow.page_of_shopper().await;
    assert!(page.contains("did not reach you"), "{page}");
    let subjects = told(&slow.shop, slow.order, 4).await;
    let last: Vec<&str> = subjects.iter().map(String::as_str).skip(2).collect();
    let number = order_number(slow.order);
    assert_eq!(
        last,
        [
            format!("€25.00 of your order {number} go back to you"),
            format!("€25.00 of your order {number} did not reach you"),
        ]
    );
    slow.shop.closed().await;
}
