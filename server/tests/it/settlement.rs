//! The gateway's report is compared with the shop's books.

use types::OrderId;

use crate::client::Client;
use crate::replay::command;
use crate::shop::{RING, RING_PRICE, TestShop, data};

const GOOD_CARD: &str = "pm_card_visa";

/// Orders, and waits until the money is collected.
async fn paid(shop: &TestShop, ada: &mut Client, collected: i64) -> OrderId {
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_moved("capture", collected * RING_PRICE).await;
    let booked =
        format!("select count(*) from events where key = '{order}' and type = 'payment.captured'");
    crate::shop::eventually("it is booked", async || shop.number(&booked).await == 1).await;
    order
}

fn today(shop: &TestShop) -> String {
    let now = jiff::Timestamp::from_microsecond(shop.inner().now_us()).expect("a time");
    now.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

async fn compare(shop: &TestShop, day: &str) -> Result<String, String> {
    let data = format!("--data-dir={}", data(shop.scratch()).display());
    command(shop, &["settlement", "--day", day, &data]).await
}

async fn settle(shop: &TestShop, day: &str) -> String {
    let told = compare(shop, day).await;
    told.expect("compared")
}

async fn alerts(shop: &TestShop) -> i64 {
    let sql = "select count(*) from events where type = 'payment.settlement_differs'";
    shop.number(sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn books_that_agree_raise_nothing_and_each_difference_one_alert() {
    let shop = TestShop::with(&["--capture=confirmation"]).await;
    let mut ada = shop.shopper();
    let (_, second) = (
        paid(&shop, &mut ada, 1).await,
        paid(&shop, &mut ada, 2).await,
    );
    let day = today(&shop);
    // Where no gateway has ever been, nothing can differ.
    let nowhere = tempfile::tempdir().expect("a folder");
    let elsewhere = format!("--data-dir={}", nowhere.path().display());
    let asked = command(&shop, &["settlement", "--day", &day, &elsewhere]).await;
    let refused = asked.expect_err("there is no ledger");
    assert!(refused.contains("no ledger of a gateway"), "{refused}");
    assert_eq!(alerts(&shop).await, 0);
    let told = settle(&shop, &day).await;
    assert!(
        told.contains("2 lines of the gateway, 0 differences"),
        "{told}"
    );
    assert_eq!(alerts(&shop).await, 0);

    // The gateway has booked another amount.
    let movements = shop.ledger().await.movements;
    let of = |order: OrderId| {
        let mut all = movements.iter();
        all.find(|it| it.reference == order.to_string())
            .expect("a movement")
    };
    let gateway = shop.gateway();
    let line = &of(second).idempotency_key;
    gateway
        .falsify(line, Some(RING_PRICE - 1))
        .await
        .expect("done");
    for new in [1, 0] {
        let told = settle(&shop, &day).await;
        assert!(
            told.contains(&format!("1 differences, {new} of them new")),
            "{told}"
        );
        assert_eq!(
            alerts(&shop).await,
            1,
            "one alert, however often it is compared"
        );
    }
    // And has forgotten another one.
    let first = movements.iter().find(|it| it.idempotency_key != *line);
    let first = &first.expect("the other").idempotency_key;
    gateway.falsify(first, None).await.expect("done");
    let told = settle(&shop, &day).await;
    assert!(
        told.contains("1 lines of the gateway, 2 differences, 1 of them new"),
        "{told}"
    );
    assert_eq!(alerts(&shop).await, 2);

    let mut staff = shop.staff().await;
    crate::shop::eventually("staff are shown two alerts", async || {
        let page = shop.staff().await.get("/admin/alerts").await.expect_ok();
        page.body.matches("Gateway and books differ: ").count() == 2
    })
    .await;
    let events = staff.get("/admin/events/consumers").await.expect_ok();
    assert!(
        events.body.contains("payment.settlement_differs"),
        "staff are shown it"
    );
    // What agrees in the end is nothing to look at any more.
    gateway.falsify(line, Some(RING_PRICE)).await.expect("done");
    let told = settle(&shop, &day).await;
    assert!(told.contains("1 differences, 0 of them new"), "{told}");
    let ended = "select count(*) from events where type = 'alert.changed' and data like \
                 '%settlement_differs%'";
    crate::shop::eventually("its alert ends", async || shop.number(ended).await == 1).await;
    let bad = compare(&shop, "yesterday").await;
    assert!(bad.expect_err("refused").contains("2026-11-30"));
    shop.closed().await;
}
