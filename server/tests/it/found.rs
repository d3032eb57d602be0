//! What search engines and link previews read: as true as the page itself.

use serde_json::{Value, json};
use services::NewPrice;
use types::OrderId;

use crate::client::Client;
use crate::shop::{RING, RING_PRICE, TestShop};

const GOOD_CARD: &str = "pm_card_visa";
const PUBLIC: &str = "https://shop.example";

/// The facts of a type on a page.
fn facts(page: &str, kind: &str) -> Value {
    let scripts = page.split("<script type=\"application/ld+json\"").skip(1);
    let facts = scripts.map(|script| {
        let (_, text) = script.split_once('>').expect("the end of the tag");
        let (text, _) = text.split_once("</script>").expect("the end of the script");
        serde_json::from_str::<Value>(text).expect("JSON")
    });
    let mut of_kind = facts.filter(|facts| facts["@type"] == kind);
    let found = of_kind.next().expect(kind);
    assert!(of_kind.next().is_none(), "one {kind}");
    found
}

/// SKU, price in minor units and availability of every offer of every product.
async fn offers(client: &mut Client, shop: &TestShop) -> Vec<(String, i64, bool)> {
    let mut offers = Vec::new();
    for card in shop.inner().cards(None) {
        let page = client.get(&format!("/p/{}", card.slug)).await.expect_ok();
        let product = facts(&page.body, "ProductGroup");
        assert_eq!(product["productGroupID"], json!(card.slug));
        for variant in product["hasVariant"].as_array().expect("variants") {
            let offer = &variant["offers"];
            assert_eq!(offer["priceCurrency"], "EUR");
            let price = offer["price"].as_str().expect("a price");
            let (euros, cents) = price.split_once('.').expect("cents");
            let minor = format!("{euros}{cents}").parse().expect("a number");
            let is_there = match offer["availability"].as_str() {
                Some("https://schema.org/InStock") => true,
                Some("https://schema.org/OutOfStock") => false,
                other => panic!("{other:?}"),
            };
            let sku = variant["sku"].as_str().expect("a SKU");
            offers.push((sku.to_owned(), minor, is_there));
        }
    }
    offers.sort();
    offers
}

/// The same as the books have it.
async fn ledger(shop: &TestShop) -> Vec<(String, i64, bool)> {
    let mut ledger = Vec::new();
    for sku in shop.inner().skus() {
        let (on_hand, allocated) = shop.stock(sku.as_str()).await;
        let opening = format!("select price_minor from variants where sku = '{sku}'");
        let price = match sku.as_str() {
            RING if shop.number(CHANGES).await > 0 => NEW_PRICE,
            _ => shop.number(&opening).await,
        };
        ledger.push((sku.to_string(), price, on_hand - allocated > 0));
    }
    ledger.sort();
    ledger
}

const CHANGES: &str = "select count(*) from events where type = 'price.changed'";
const NEW_PRICE: i64 = 260_050;

async fn change_price(shop: &TestShop) {
    let staff = shop.member_of_staff().await;
    let new = NewPrice {
        sku: RING.parse().expect("a SKU"),
        price_minor: NEW_PRICE,
        compare_at_minor: None,
        from_us: None,
        seen: None,
    };
    shop.inner()
        .change_price(&staff, new)
        .await
        .expect("a change");
}

#[tokio::test(flavor = "multi_thread")]
async fn offers_are_what_the_ledger_says_after_a_sale_and_a_new_price() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    assert_eq!(offers(&mut ada, &shop).await, ledger(&shop).await);

    shop.count(RING, 1).await;
    let order: OrderId = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    shop.until_seen(RING, 1).await;
    change_price(&shop).await;
    let after = offers(&mut ada, &shop).await;
    assert_eq!(after, ledger(&shop).await);
    assert!(after.contains(&(RING.to_owned(), NEW_PRICE, false)));
    shop.closed().await;
}

/// The content of the only tag that begins so.
fn only<'a>(page: &'a str, begin: &str) -> &'a str {
    let mut found = page.split(begin).skip(1);
    let rest = found.next().unwrap_or_else(|| panic!("{begin}: {page}"));
    assert!(found.next().is_none(), "only one {begin}");
    rest.split('"').next().unwrap_or_default()
}

/// What the page says is its address.
fn canonical(page: &str) -> Vec<&str> {
    let links = page.split("<link ").skip(1);
    let links = links.filter_map(|link| link.split('>').next());
    let canonical = links.filter(|link| link.contains("rel=\"canonical\""));
    canonical
        .filter_map(|link| link.split("href=\"").nth(1)?.split('"').next())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_public_page_names_its_one_address_and_a_picture_in_full() {
    let shop = TestShop::with(&["--public-url", PUBLIC]).await;
    let mut ada = shop.shopper();
    for (asked, address) in [
        ("/", "/"),
        ("/c/rings?metal=white-gold&sort=price", "/c/rings"),
        (
            "/p/vega-solitaire-ring?variant=AS-VEG-WG-50",
            "/p/vega-solitaire-ring",
        ),
        ("/delivery", "/delivery"),
        ("/privacy", "/privacy"),
    ] {
        let page = ada.get(asked).await.expect_ok().body;
        let address = format!("{PUBLIC}{address}");
        assert_eq!(canonical(&page), [address.as_str()]);
        assert_eq!(only(&page, "property=\"og:url\" content=\""), address);
        let picture = only(&page, "property=\"og:image\" content=\"");
        assert!(
            picture.starts_with(&format!("{PUBLIC}/images/")),
            "{picture}"
        );
        assert!(!only(&page, "property=\"og:title\" content=\"").is_empty());
        assert!(!page.contains("noindex"), "{asked}");
    }
    let way = facts(
        &ada.get("/p/vega-solitaire-ring").await.body,
        "BreadcrumbList",
    );
    let steps = way["itemListElement"].as_array().expect("steps").iter();
    let steps: Vec<&str> = steps.filter_map(|step| step["item"].as_str()).collect();
    let expected = ["/", "/c/rings", "/p/vega-solitaire-ring"];
    assert_eq!(steps, expected.map(|path| format!("{PUBLIC}{path}")));
    for private in ["/cart", "/nowhere"] {
        let page = ada.get(private).await.body;
        assert!(page.contains("noindex"), "{private}");
        assert!(!page.contains("canonical"), "{private}");
    }
    shop.closed().await;
}

/// `lastmod` of a page in the sitemap.
async fn last_change(client: &mut Client, path: &str) -> Option<String> {
    let map = client.get("/sitemap.xml").await.expect_ok().body;
    let begin = format!("<loc>{PUBLIC}{path}</loc>");
    let entry = map.split(&begin).nth(1).expect(path);
    let entry = entry.split("</url>").next().unwrap_or_default();
    let (_, date) = entry.split_once("<lastmod>")?;
    date.split("</lastmod>").next().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sitemap_dates_a_page_by_the_last_change_of_what_it_shows() {
    let shop = TestShop::with(&["--public-url", PUBLIC]).await;
    let mut robot = shop.shopper();
    let robots = robot.get("/robots.txt").await.expect_ok().body;
    assert!(robots.contains("Disallow: /checkout\n"), "{robots}");
    assert!(
        robots.contains(&format!("Sitemap: {PUBLIC}/sitemap.xml")),
        "{robots}"
    );
    let dated = async |kind: &str, product: &str| {
        let sql =
            format!("select max(time_us) from events where type = '{kind}' and key = '{product}'");
        shop.number(&sql).await / 1_000_000
    };
    let seconds = |date: Option<String>| {
        let date: jiff::Timestamp = date.expect("a date").parse().expect("a time");
        date.as_second()
    };
    let (ring, page) = ("vega-solitaire-ring", "/p/vega-solitaire-ring");
    let introduced = dated("product.introduced", ring).await;
    assert_eq!(seconds(last_change(&mut robot, page).await), introduced);

    change_price(&shop).await;
    let changed = dated("price.changed", ring).await;
    // A sale is no change of a page.
    let order = robot.order(RING, GOOD_CARD, NEW_PRICE).await;
    shop.until_status(order, "confirmed").await;
    assert_eq!(seconds(last_change(&mut robot, page).await), changed);
    assert_eq!(seconds(last_change(&mut robot, "/c/rings").await), changed);
    let other = seconds(last_change(&mut robot, "/p/alba-dome-hoops").await);
    assert_eq!(other, dated("product.introduced", "alba-dome-hoops").await);
    assert_eq!(last_change(&mut robot, "/delivery").await, None);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn built_pictures_are_offered_in_every_width_and_others_are_shown_as_they_are() {
    let shop = TestShop::open().await;
    let folder = shop.scratch().folder().join("site/pictures");
    std::fs::create_dir_all(&folder).expect("a folder");
    let built = json!({
        "/images/vega-solitaire-ring-white-gold.webp": {
            "name": "vega-0a1b", "tint": "edc", "widths": [160, 360, 1000], "share": [1000, 1250]
        }
    });
    std::fs::write(folder.join("manifest.json"), built.to_string()).expect("a manifest");
    std::fs::write(folder.join("vega-0a1b-360.webp"), "a picture").expect("a picture");
    let shop = shop.reopened().await;
    let mut ada = shop.shopper();
    let page = ada
        .get("/p/vega-solitaire-ring?metal=white-gold")
        .await
        .expect_ok()
        .body;
    assert!(
        page.contains("/pictures/vega-0a1b-1000.avif 1000w"),
        "{page}"
    );
    assert!(page.contains("/pictures/vega-0a1b-160.webp 160w"), "{page}");
    assert_eq!(page.matches("fetchpriority=\"high\"").count(), 2, "{page}");
    assert!(page.contains("imagesrcset="), "it is preloaded: {page}");
    assert!(
        page.contains("src=\"/images/vega-solitaire-ring-yellow-gold.webp\""),
        "{page}"
    );
    ada.add(RING, "1", "").await.expect_ok();
    let line = ada.cart().await.lines.remove(0);
    assert_eq!(line.image.src, "/pictures/vega-0a1b-360.webp");
    assert_eq!((line.image.width, line.image.height), (360, 450));
    let file = ada.get(&line.image.src).await.expect_ok();
    let kept = file.headers.get("cache-control").expect("it is kept");
    assert_eq!(kept, "public, max-age=31536000, immutable");
    shop.closed().await;
}
