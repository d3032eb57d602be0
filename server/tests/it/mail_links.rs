//! The link of a mail: who has it sees the order, and nobody else learns it.

use reqwest::Method;

use crate::client::Client;
use crate::mails::{Read, files, told};
use crate::shop::{RING, RING_PRICE, TestShop, data};

/// A shop with one order, and the path that its mails hold.
async fn shop_with_link(settings: &[&str]) -> (TestShop, types::OrderId, String) {
    let shop = TestShop::with(settings).await;
    let order = shop.shopper().order(RING, "pm_card_visa", RING_PRICE).await;
    told(&shop, order, 2).await;
    let file = files(&data(shop.scratch())).remove(0);
    let link = Read::new(&std::fs::read(file).expect("a mail")).link(shop.url());
    (shop, order, link)
}

async fn grants(shop: &TestShop) -> i64 {
    shop.number("select count(*) from order_grants").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_not_kept_and_not_told_and_opens_one_order() {
    let (shop, order, link) = shop_with_link(&["--metrics-listen=127.0.0.1:0"]).await;
    let page = format!("/orders/{order}");
    let mut browser = shop.shopper();
    assert_eq!(browser.get(&page).await.status, 404, "before");
    let opened = browser.get(&link).await;
    assert_eq!((opened.status, opened.location()), (303, Some(&*page)));
    assert_eq!(opened.header("cache-control"), "no-store");
    assert_eq!(opened.header("referrer-policy"), "no-referrer");
    assert_eq!(opened.header("x-robots-tag"), "noindex");
    browser.get(&page).await.expect_ok();
    assert_eq!(grants(&shop).await, 1);
    // Again: the same right, and the same browser.
    browser.get(&link).await;
    assert_eq!(grants(&shop).await, 1);

    let mut other = shop.shopper();
    let another = other.order(RING, "pm_card_visa", RING_PRICE).await;
    assert_eq!(browser.get(&format!("/orders/{another}")).await.status, 404);

    let metrics = Client::new(&shop.metrics_url())
        .get("/metrics")
        .await
        .expect_ok();
    assert!(metrics.body.contains("/o/{token}"), "{}", metrics.body);
    assert!(!metrics.body.contains(link.trim_start_matches("/o/")));
    let token = link.trim_start_matches("/o/").as_bytes();
    for (name, bytes) in shop.scratch().contents().await {
        let holds = bytes.windows(token.len()).any(|window| window == token);
        assert!(!holds, "{name} holds the link");
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_wrong_leads_to_the_other_way_and_grants_nothing() {
    let (shop, _, link) = shop_with_link(&[]).await;
    let cut = &link[..link.len() - 1];
    let mut changed = link.clone();
    changed.replace_range(40..41, if &link[40..41] == "A" { "B" } else { "A" });
    for wrong in [
        cut,
        &changed,
        "/o/x",
        "/o/%00",
        &format!("/o/{}", "A".repeat(64)),
    ] {
        let mut browser = shop.shopper();
        let answer = browser.get(wrong).await;
        assert_eq!(
            answer.location(),
            Some("/orders/find?link=unknown"),
            "{wrong}"
        );
        assert_eq!(answer.header("cache-control"), "no-store");
        let page = browser.get("/orders/find?link=unknown").await.expect_ok();
        assert!(page.body.contains("This link opens no order"));
    }
    assert_eq!(grants(&shop).await, 0);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_look_into_mails_change_nothing_of_the_order() {
    let (shop, order, link) = shop_with_link(&[]).await;
    let mut scanner = shop.shopper();
    let looked = scanner.send(scanner.request(Method::HEAD, &link)).await;
    assert_eq!(looked.status, 303);
    assert_eq!(grants(&shop).await, 0, "who only asks whether it is there");
    let events = "select count(*) from events";
    let before = shop.number(events).await;
    for _ in 0..5 {
        let mut scanner = shop.shopper();
        let opened = scanner.get(&link).await;
        scanner
            .get(opened.location().expect("a page"))
            .await
            .expect_ok();
    }
    assert_eq!(shop.number(events).await, before);
    // The link is as good for its reader as before.
    let mut reader = shop.shopper();
    reader.get(&link).await;
    reader.get(&format!("/orders/{order}")).await.expect_ok();
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_end_with_the_secret_and_with_a_year() {
    let secret = |letter: &str| format!("--secret={}", letter.repeat(40));
    let (shop, order, link) = shop_with_link(&[&secret("a")]).await;
    let unknown = Some("/orders/find?link=unknown");
    let shop = shop.reopened_with(&[&secret("b")]).await;
    assert_eq!(shop.shopper().get(&link).await.location(), unknown);
    let shop = shop.reopened_with(&[&secret("a"), "--mail=off"]).await;
    let page = format!("/orders/{order}");
    assert_eq!(
        shop.shopper().get(&link).await.location(),
        Some(&*page),
        "also with mails off"
    );
    let year_us = 366_i64 * 24 * 60 * 60 * 1_000_000;
    shop.alter(format!(
        "update orders set placed_at_us = placed_at_us - {year_us}"
    ))
    .await;
    assert_eq!(shop.shopper().get(&link).await.location(), unknown);
    shop.closed().await;
}
