//! Pages that are sent again as they are, until what they show changes.

use crate::client::Client;
use crate::shop::{RING, RING_PRICE, TestShop, eventually};

const PAGE: &str = "/p/vega-solitaire-ring";
const SHELF: &str = "/c/rings";

async fn page(client: &mut Client, path: &str) -> String {
    client.get(path).await.expect_ok().body
}

/// What the page of a variant says of its stock beside the button.
async fn told(client: &mut Client, path: &str) -> String {
    let page = page(client, path).await;
    let (_, form) = page.split_once("class=\"buy\"").expect("a form");
    let (_, stock) = form.split_once("class=\"stock\"").expect("its stock");
    let (stock, _) = stock.split_once("<button").expect("its button");
    let texts = stock.split('<').filter_map(|part| part.split_once('>'));
    texts.map(|(_, text)| text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_says_the_same_is_rendered_once_and_runs_the_builds_scripts_alone() {
    let shop = TestShop::open().await;
    shop.count(RING, 40).await;
    for path in [PAGE, SHELF, "/", "/delivery"] {
        let first = page(&mut shop.shopper(), path).await;
        let answer = shop.shopper().get(path).await.expect_ok();
        assert_eq!(first, answer.body, "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("script-src 'self' 'sha256-"), "{policy}");
        assert!(!policy.contains("nonce"), "{policy}");
        assert!(!policy.contains("unsafe-inline"), "{policy}");
        assert_eq!(answer.header("cache-control"), "private, no-cache");
    }
    // One piece fewer of many: nobody reads another word.
    let before = page(&mut shop.shopper(), PAGE).await;
    shop.count(RING, 39).await;
    assert_eq!(page(&mut shop.shopper(), PAGE).await, before);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_says_of_stock_is_never_that_of_before() {
    let shop = TestShop::open().await;
    let chosen = format!("{PAGE}?variant={RING}");
    for left in [4, 3, 2, 1, 0, 40, 3] {
        shop.count(RING, left).await;
        let words = match left {
            0 => "Sold out".to_owned(),
            40 => "In stock".to_owned(),
            left => format!("{left} left"),
        };
        let told = told(&mut shop.shopper(), &chosen).await;
        assert!(told.contains(&words), "{words}: {told}");
    }
    let mut ada = shop.shopper();
    let order = ada.order(RING, "pm_card_visa", RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    eventually("the page tells of the order", async || {
        told(&mut shop.shopper(), &chosen).await.contains("2 left")
    })
    .await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_visitor_sees_their_own_cart_and_message() {
    let shop = TestShop::open().await;
    let (mut ada, mut eve) = (shop.shopper(), shop.shopper());
    ada.add(RING, "2", "").await.expect_ok();
    for _ in 0..2 {
        assert!(page(&mut ada, PAGE).await.contains("2 pieces"));
        assert!(!page(&mut eve, PAGE).await.contains("2 pieces"));
    }
    // A plain form that was refused: the page says so once, and to nobody else.
    let form = [("sku", RING), ("quantity", "1000"), ("gift_note", "")];
    let came_back = ada.submit("/api/add_to_cart", &form).await;
    assert!(came_back.location().is_some(), "{}", came_back.body);
    let words = "Choose a quantity";
    assert!(!page(&mut eve, "/cart").await.contains(words));
    let told = came_back.location().expect("a page").to_owned();
    assert!(page(&mut ada, &told).await.contains(words));
    assert!(!page(&mut ada, &told).await.contains(words));
    assert!(!page(&mut eve, &told).await.contains(words));
    shop.closed().await;
}
