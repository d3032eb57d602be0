//! The shop as seen from outside, and what it does when a part of it breaks.

use reqwest::header::RETRY_AFTER;
use types::order::OrderStatus;

use crate::client::Client;
use crate::shop::{RING, RING_PRICE, RING_TOPIC, TestShop, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_whose_database_does_not_work_is_alive_but_not_ready() {
    let shop = TestShop::open().await;
    let is =
        async |path: &str, status: u16| Client::new(shop.url()).get(path).await.status == status;
    eventually("it is ready", async || is("/health/ready", 200).await).await;
    let rename = async |from: &str, to: &str| {
        let mut tx = shop.log().db().begin().await.expect("a transaction");
        let sql = format!("alter table {from} rename to {to}");
        db::query(db::trusted_sql(sql))
            .execute(tx.conn())
            .await
            .expect("renamed");
        tx.commit().await.expect("a commit");
    };
    rename("write_probe", "gone").await;
    eventually("it is not", async || is("/health/ready", 503).await).await;
    let told = shop.shopper().get("/health/ready").await;
    assert!(told.headers.contains_key(RETRY_AFTER), "{told:?}");
    told.problem(503);
    assert!(is("/health/live", 200).await);
    rename("gone", "write_probe").await;
    eventually("it is again", async || is("/health/ready", 200).await).await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_have_an_address_of_their_own_and_name_nobody() {
    let shop = TestShop::with(&["--metrics-listen=127.0.0.1:0"]).await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, "pm_card_visa", RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    let _socket = ada.socket().await;
    let open = ada.order(RING, "", RING_PRICE).await;
    shop.until_status(open, "awaiting_payment").await;
    let form = [
        ("email", "eve@example.com"),
        ("password", "a wrong password"),
    ];
    ada.post("/admin/session", &form).await;
    ada.get("/products/made-up-by-a-client").await;
    let told = Client::new(&shop.metrics_url())
        .get("/metrics")
        .await
        .expect_ok();
    for name in [
        "vitrine_requests_total{",
        "vitrine_request_seconds_bucket{",
        "vitrine_consumer_lag_events{consumer=\"orders\"}",
        "vitrine_dead_letters{consumer=\"payment\"}",
        "vitrine_log_head ",
        "vitrine_open_orders 1\n",
        "vitrine_held_pieces 1\n",
        "vitrine_write_queue ",
        "vitrine_commits_total ",
        "vitrine_commit_seconds_bucket{",
        "vitrine_commit_seconds_sum ",
        "vitrine_wal_bytes ",
        "vitrine_sockets ",
        "vitrine_connections ",
        "vitrine_sign_in_failures_total ",
        "vitrine_ready ",
    ] {
        assert!(told.body.contains(name), "{name}: {}", told.body);
    }
    for secret in [
        "example.com",
        "made-up",
        "Lovelace",
        &order.to_string(),
        "pm_card",
    ] {
        assert!(!told.body.contains(secret), "{secret}: {}", told.body);
    }
    assert_eq!(
        ada.get("/metrics").await.status,
        404,
        "shoppers are not told"
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_has_an_id_and_hardening_headers() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let one = ada.get("/").await.expect_ok();
    let two = ada.add("NONE", "1", "").await;
    assert_ne!(one.headers["x-request-id"], two.headers["x-request-id"]);
    for answer in [&one, &two] {
        assert_eq!(answer.headers["x-frame-options"], "DENY");
        assert_eq!(
            answer.headers["cross-origin-resource-policy"],
            "same-origin"
        );
        assert!(answer.headers.contains_key("permissions-policy"));
        let policy = answer.headers["content-security-policy"]
            .to_str()
            .expect("text");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_panics_begins_again_and_tabs_miss_nothing() {
    let shop = TestShop::open().await;
    let ada = shop.shopper();
    let mut socket = ada.socket().await;
    socket.subscribe(&[RING_TOPIC], 0).await;
    let (_, seen, _) = socket.next_snapshot().await;
    shop.panic_in("hub");
    assert_eq!(socket.until_end().await, Some(1013), "tabs come back");
    let mut socket = ada.socket().await;
    socket.subscribe(&[RING_TOPIC], seen).await;
    socket.next_snapshot().await;
    shop.count(RING, 2).await;
    let mut bob = shop.shopper();
    let order = bob.order(RING, "pm_card_visa", RING_PRICE).await;
    let mut tab = bob.socket().await;
    let mut followed = tab.follow(order, 0).await;
    tab.until(&mut followed, OrderStatus::Confirmed).await;
    let (_, position, _) = socket.next_change().await;
    assert!(position > seen);
    shop.closed().await;
}
