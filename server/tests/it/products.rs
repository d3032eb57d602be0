//! Products that staff prepare, publish, change and withdraw, and the photographs that they upload.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pictures::Picture;
use reqwest::Method;
use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use types::live::{ServerMessage, State};
use types::products::ProductTexts;
use types::seen::Seen;
use types::staff::Role;

use crate::client::{Answer, Client};
use crate::replay::command;
use crate::shop::{RING, TestShop};

const PAGE: &str = "/p/tide-ring";
const EDITOR: &str = "/admin/products/tide-ring";
const UPLOAD: &str = "/admin/products/tide-ring/photographs";
const SKU: &str = "AS-EBB-YG-52";
/// €2,000.00, which is sent for nothing.
const PRICE: i64 = 200_000;
const GOOD_CARD: &str = "pm_card_visa";

fn photograph(colour: [u8; 3]) -> Vec<u8> {
    Picture::plain(240, 300, colour).jpeg(90).expect("a JPEG")
}

async fn give(staff: &mut Client, to: &str, name: &str, content: &[u8]) -> Answer {
    let head = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"alt\"\r\n\r\nThe ring, from above\r\n\
         --edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: image/jpeg\r\n\r\n"
    );
    let mut body = head.into_bytes();
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    let request = staff
        .request(Method::POST, to)
        .header(CONTENT_TYPE, "multipart/form-data; boundary=edge")
        .header(ACCEPT, "text/html")
        .body(body);
    staff.send(request).await
}

async fn draft(staff: &mut Client) {
    let form = [("title", "Tide Ring"), ("category", "rings")];
    let answer = staff.submit("/api/draft_product", &form).await;
    assert_eq!(answer.location(), Some(EDITOR), "{answer:?}");
}

async fn describe(staff: &mut Client) -> Answer {
    let form = [
        ("product", "tide-ring"),
        ("title", "Tide Ring"),
        ("category", "rings"),
        ("description", "A wave of gold, cast in sand."),
        ("metals", "18k yellow gold\r\nRecycled"),
    ];
    staff.submit("/api/set_product", &form).await
}

async fn add_variant(staff: &mut Client, sku: &str, pieces: &str) -> Answer {
    let form = [
        ("product", "tide-ring"),
        ("new", "1"),
        ("sku", sku),
        ("metal", "Yellow gold"),
        ("size", "EU 52"),
        ("price", "2000"),
        ("pieces", pieces),
        ("threshold", "1"),
        ("up_to", "4"),
        ("supplier", "sup-lindqvist"),
    ];
    staff.submit("/api/set_variant", &form).await
}

pub async fn publish(staff: &mut Client, withdraw: &str) -> Answer {
    let form = [("product", "tide-ring"), ("withdraw", withdraw)];
    staff.submit("/api/publish_product", &form).await
}

/// Where the first picture of the product's page is.
pub async fn picture(shopper: &mut Client) -> String {
    let page = shopper.get(PAGE).await.expect_ok().body;
    let (_, picture) = page.split_once("/pictures/uploaded/").expect("a picture");
    let name = picture.split([' ', '"', ',']).next().expect("a name");
    format!("/pictures/uploaded/{name}")
}

/// All that a product needs.
pub async fn prepared(staff: &mut Client) {
    draft(staff).await;
    let answer = give(staff, UPLOAD, "front.jpg", &photograph([200, 170, 120])).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    describe(staff).await;
    add_variant(staff, SKU, "3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_seen_by_staff_alone_and_is_bought_once_it_is_published() {
    let shop = TestShop::open().await;
    let (mut staff, mut ada) = (shop.staff().await, shop.shopper());
    draft(&mut staff).await;
    assert_eq!(ada.get(PAGE).await.status, 404);
    let page = staff.get(EDITOR).await.expect_ok().body;
    assert!(page.contains("Nobody but staff sees it"), "{page}");
    publish(&mut staff, "").await;
    let page = staff.get(EDITOR).await.expect_ok().body;
    assert!(page.contains("it has no variant yet"), "{page}");

    let answer = give(&mut staff, UPLOAD, "a.jpg", &photograph([200, 170, 120])).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    describe(&mut staff).await;
    add_variant(&mut staff, SKU, "3").await;
    let page = staff.get(EDITOR).await.expect_ok().body;
    assert!(page.contains("3 available"), "{page}");
    assert_eq!(ada.get(PAGE).await.status, 404, "still a draft");
    let shelf = ada.get("/c/rings").await.expect_ok().body;
    assert!(!shelf.contains("Tide Ring"));
    let refused = ada.add(SKU, "1", "").await;
    assert!(refused.status >= 400, "{refused:?}");

    publish(&mut staff, "").await;
    let page = ada.get(PAGE).await.expect_ok().body;
    for said in ["Tide Ring", "A wave of gold", "18k yellow gold", "€2,000"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(ada.get("/c/rings").await.body.contains("Tide Ring"));
    let picture = picture(&mut ada).await;
    let file = ada.get(&picture).await;
    assert_eq!(file.status, 200);
    assert!(file.header(CACHE_CONTROL.as_str()).contains("immutable"));
    assert_eq!(ada.get("/pictures/uploaded/none.avif").await.status, 404);

    assert_eq!(shop.stock(SKU).await, (3, 0));
    let order = ada.order(SKU, GOOD_CARD, PRICE).await;
    shop.until_status(order, "confirmed").await;
    assert_eq!(shop.stock(SKU).await, (3, 1));

    // What is withdrawn is bought by nobody; who has it in the cart is told, and orders keep it.
    let mut eve = shop.shopper();
    eve.add(SKU, "1", "").await.expect_ok();
    publish(&mut staff, "1").await;
    let gone = eve.get(PAGE).await;
    assert_eq!(gone.status, 410);
    assert!(gone.body.contains("no longer sold"), "{gone:?}");
    let late = crate::client::new_order_id();
    let refused = eve.place(late, GOOD_CARD, PRICE).await;
    assert!(refused.status >= 400, "{refused:?}");
    let kept = ada.get(&format!("/orders/{order}")).await.expect_ok().body;
    assert!(kept.contains("Tide Ring"), "{kept}");

    publish(&mut staff, "").await;
    assert_eq!(ada.get(PAGE).await.status, 200);
    let told = command(&shop, &["replay", "--consumer=catalogue"]).await;
    let told = told.expect("replayed");
    assert!(told.contains("the same, byte for byte"), "{told}");
    let shop = shop.reopened().await;
    assert_eq!(shop.shopper().get(PAGE).await.status, 200);
    assert_eq!(shop.price_of(SKU), PRICE);
    shop.closed().await;
}

const OTHER: &str = "AS-EBB-YG-54";
/// Below that of [`SKU`].
const OTHER_PRICE: i64 = 150_000;

async fn offer(staff: &mut Client, sku: &str, withdraw: &str) -> String {
    let form = [
        ("product", "tide-ring"),
        ("sku", sku),
        ("withdraw", withdraw),
    ];
    staff.submit("/api/offer_variant", &form).await;
    staff.get(EDITOR).await.expect_ok().body
}

#[tokio::test(flavor = "multi_thread")]
async fn one_variant_is_withdrawn_alone_and_sold_again() {
    let shop = TestShop::open().await;
    let (mut staff, mut ada) = (shop.staff().await, shop.shopper());
    prepared(&mut staff).await;
    let form = [
        ("product", "tide-ring"),
        ("new", "1"),
        ("sku", OTHER),
        ("metal", "Yellow gold"),
        ("size", "EU 54"),
        ("price", "1500"),
        ("pieces", "3"),
    ];
    staff.submit("/api/set_variant", &form).await;
    publish(&mut staff, "").await;
    let shelf = ada.get("/c/rings").await.expect_ok().body;
    assert!(shelf.contains("From €1,500"), "{shelf}");
    let order = ada.order(OTHER, GOOD_CARD, OTHER_PRICE).await;
    shop.until_status(order, "confirmed").await;
    let mut eve = shop.shopper();
    eve.add(OTHER, "1", "").await.expect_ok();
    eve.post("/api/hold_cart", &[]).await.expect_ok();
    let mut open = shop.shopper().socket().await;
    open.subscribe(&["product:tide-ring"], 0).await;

    let page = offer(&mut staff, OTHER, "1").await;
    assert!(page.contains("The variant is no longer sold."), "{page}");
    assert!(page.contains("Sell AS-EBB-YG-54 again"), "{page}");
    // Who has it open sees that at once, and what the others cost.
    let told = loop {
        let heard = open.next_or_end().await.expect("news");
        if let ServerMessage::Change {
            state: State::Product(stock),
            ..
        } = heard
            && stock.variants.iter().any(|it| it.is_withdrawn)
        {
            break stock;
        }
    };
    assert_eq!((told.available, told.is_withdrawn), (3, false));
    let gone: Vec<_> = told.variants.iter().filter(|it| it.is_withdrawn).collect();
    assert_eq!((gone[0].sku.as_str(), gone[0].available), (OTHER, 0));
    assert_eq!(told.tags[0].words, "€2,000");
    let page = ada.get(PAGE).await.expect_ok().body;
    assert!(page.contains(SKU), "{page}");
    for said in [OTHER, "EU 54", "1500.00", "€1,500"] {
        assert!(!page.contains(said), "{said}: {page}");
    }
    let asked = ada.get(&format!("{PAGE}?variant={OTHER}")).await;
    assert!(asked.expect_ok().body.contains("EU 52"));
    let shelf = ada.get("/c/rings").await.expect_ok().body;
    assert!(!shelf.contains("€1,500"), "{shelf}");

    // Nobody buys it, whoever holds it; orders keep it.
    let refused = ada.add(OTHER, "1", "").await;
    assert!(refused.status >= 400, "{refused:?}");
    let late = crate::client::new_order_id();
    let refused = eve.place(late, GOOD_CARD, OTHER_PRICE).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    assert!(refused.body.contains("no-longer-sold"), "{refused:?}");
    let cart = eve.get("/cart").await.expect_ok().body;
    assert!(cart.contains("sold out"), "{cart}");
    eve.post("/api/fit_cart", &[]).await.expect_ok();
    let kept = ada.get(&format!("/orders/{order}")).await.expect_ok().body;
    assert!(kept.contains("EU 54"), "{kept}");
    // What lies in the house is counted all the same.
    staff.count(OTHER, 2).await.expect_ok();

    let page = offer(&mut staff, OTHER, "1").await;
    assert!(page.contains("it is so already"), "{page}");
    let page = offer(&mut staff, SKU, "1").await;
    assert!(page.contains("it is the last variant"), "{page}");
    assert_eq!(ada.get(PAGE).await.status, 200);
    let page = offer(&mut staff, OTHER, "").await;
    assert!(page.contains("on the shelves again"), "{page}");
    let page = ada.get(PAGE).await.expect_ok().body;
    assert!(page.contains("EU 54") && page.contains("1500.00"), "{page}");
    offer(&mut staff, OTHER, "1").await;
    let told = command(&shop, &["replay", "--consumer=catalogue"]).await;
    let told = told.expect("replayed");
    assert!(told.contains("the same, byte for byte"), "{told}");
    let shop = shop.reopened().await;
    let page = shop.shopper().get(PAGE).await.expect_ok().body;
    assert!(!page.contains(OTHER), "{page}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_at_the_checkout_when_a_piece_is_withdrawn_orders_nothing_and_is_told() {
    let shop = TestShop::open().await;
    let (mut staff, mut ada) = (shop.staff().await, shop.shopper());
    prepared(&mut staff).await;
    publish(&mut staff, "").await;
    ada.add(SKU, "1", "").await.expect_ok();
    ada.post("/api/hold_cart", &[]).await.expect_ok();
    publish(&mut staff, "1").await;
    let order = crate::client::new_order_id();
    let refused = ada.place(order, GOOD_CARD, PRICE).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    assert!(refused.body.contains("no-longer-sold"), "{refused:?}");
    let cart = ada.get("/cart").await.expect_ok().body;
    for said in ["Tide Ring", "sold out", "Not everything is there any more"] {
        assert!(cart.contains(said), "{said}: {cart}");
    }
    // The page that comes back takes the piece out, and lets go of it.
    ada.post("/api/fit_cart", &[]).await.expect_ok();
    ada.post("/api/hold_cart", &[]).await.expect_ok();
    let cart = ada.get("/cart").await.expect_ok().body;
    assert!(cart.contains("Nothing here yet."), "{cart}");
    assert_eq!(shop.stock(SKU).await, (3, 0), "nothing is allocated");
    let placed = "select count(*) from events where type = 'order.placed'";
    assert_eq!(shop.number(placed).await, 0);
    shop.closed().await;
}

/// A process that ends between two commits would leave a variant that nobody has counted: there is one commit.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_variant_is_counted_and_ordered_again_in_the_commit_that_makes_it() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    draft(&mut staff).await;
    let log = shop.inner().log();
    let mut tail = log.tail(log.head());
    add_variant(&mut staff, SKU, "3").await;
    // Whoever sees anything of it sees all of it.
    let seen = loop {
        let seen = tail.next(1_000).await.expect("events");
        if seen.iter().any(|it| it.kind == "product.variant_requested") {
            break seen;
        }
    };
    let asked = seen
        .iter()
        .find(|it| it.kind == "product.variant_requested");
    let asked = asked.expect("a request").id;
    let of_it = seen.iter().filter(|it| it.correlation_id == asked);
    let kinds: Vec<&str> = of_it.map(|it| it.kind.as_str()).collect();
    for kind in [
        "product.variant_set",
        "restock.rule_changed",
        "stock.corrected",
    ] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    assert_eq!(shop.stock(SKU).await, (3, 0));
    // It was not low before its first count: nothing is ordered.
    assert!(!kinds.contains(&"restock.threshold_crossed"), "{kinds:?}");
    let told = command(&shop, &["replay", "--consumer=catalogue"]).await;
    let told = told.expect("replayed");
    assert!(told.contains("the same, byte for byte"), "{told}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_photograph_given_twice_at_once_is_there_once() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    draft(&mut staff).await;
    let file = photograph([90, 90, 90]);
    let mut other = shop.staff().await;
    tokio::join!(
        give(&mut staff, UPLOAD, "a.jpg", &file),
        give(&mut other, UPLOAD, "b.jpg", &file),
    );
    let member = shop.member_of_staff().await;
    let slug = "tide-ring".parse().expect("a slug");
    let desk = shop.inner().product_desk(&member, &slug).expect("it");
    assert_eq!(desk.images.len(), 1);
    let pages = [&mut staff, &mut other].map(|who| who.get(EDITOR));
    let pages = futures::future::join_all(pages).await;
    let told = pages
        .iter()
        .filter(|page| page.body.contains("has that picture already"));
    assert_eq!(told.count(), 1, "the second of them");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_saves_after_somebody_else_is_told_what_they_have_written() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    prepared(&mut staff).await;
    let member = shop.member_of_staff().await;
    let slug = "tide-ring".parse().expect("a slug");
    let seen = shop.inner().product_desk(&member, &slug).expect("it").texts;

    // A photograph more changes no words: it stands in nobody's way.
    give(&mut staff, UPLOAD, "b.jpg", &photograph([20, 20, 20])).await;
    let other = ProductTexts {
        stones: "A topaz".to_owned(),
        ..seen.clone()
    };
    let saved = shop
        .inner()
        .change_texts(&member, &slug, &other, Some(&seen));
    saved.await.expect("saved");

    let written = Seen::new(Some(&seen)).written();
    let form = [
        ("product", "tide-ring"),
        ("title", "Tidal Ring"),
        ("category", "rings"),
        ("description", &seen.description),
        ("metals", &seen.metals),
        ("stones", ""),
        ("seo_title", &seen.seo_title),
        ("seo_description", &seen.seo_description),
        ("seen", &written),
    ];
    let answer = staff.submit("/api/set_product", &form).await;
    assert_eq!(answer.location(), Some(EDITOR), "{answer:?}");
    let page = staff.get(EDITOR).await.expect_ok().body;
    assert!(page.contains("has changed this to A topaz"), "{page}");
    assert!(page.contains("value=\"A topaz\""), "the other's: {page}");
    assert!(
        page.contains("value=\"Tidal Ring\""),
        "what was typed: {page}"
    );
    let now = shop.inner().product_desk(&member, &slug).expect("it");
    assert_eq!((now.texts, now.images.len()), (other, 2));
    // Once it was looked at, the page shows what is.
    let page = staff.get(EDITOR).await.expect_ok().body;
    assert!(!page.contains("Tidal Ring"), "{page}");
    shop.closed().await;
}

/// A PNG of so many pixels, of which the stream says this.
fn png(width: u32, height: u32, stream: &[u8]) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::new();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    for (kind, content) in [(b"IHDR", &header[..]), (b"IDAT", stream), (b"IEND", b"")] {
        let length = u32::try_from(content.len()).expect("short");
        png.extend(length.to_be_bytes());
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(content);
        png.extend(kind);
        png.extend(content);
        png.extend(crc.sum().to_be_bytes());
    }
    png
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_photograph_of_ours_is_refused_with_what_was_expected() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    draft(&mut staff).await;
    let whole = photograph([200, 170, 120]);
    let mut bomb = ZlibEncoder::new(Vec::new(), Compression::best());
    for _ in 0..150 {
        bomb.write_all(&vec![0; 1024 * 1024]).expect("memory");
    }
    let bomb = bomb.finish().expect("memory");
    assert!(bomb.len() < 1024 * 1024);
    let large = vec![0xff; 50 * 1024 * 1024];
    for (name, content, told) in [
        (
            "wide.png",
            &png(20_000, 400, &bomb)[..],
            "20000 x 400 pixels",
        ),
        ("bomb.png", &png(11_000, 11_000, &bomb), "50 million in all"),
        ("tiny.png", &png(20, 20, &bomb), "at least 200 a side"),
        ("cut.jpg", &whole[..whole.len() / 3], "damaged or not whole"),
        ("page.jpg", b"<svg onload=alert(1)>", "JPEG, PNG or WebP"),
        (
            "moving.jpg",
            b"GIF89a\x01\0\x01\0\0\0\0;",
            "JPEG, PNG or WebP",
        ),
        ("large.jpg", &large, "at most 20 MB"),
        ("none.jpg", b"", "Choose a photograph"),
    ] {
        let answer = give(&mut staff, UPLOAD, name, content).await;
        assert_eq!(answer.status, 303, "{name}: {answer:?}");
        let page = staff.get(EDITOR).await.expect_ok().body;
        assert!(page.contains(told), "{name}: {told}");
    }
    assert_eq!(shop.number("select count(*) from photographs").await, 0);

    // The same one twice, and a product that there is not.
    give(&mut staff, UPLOAD, "a.jpg", &whole).await;
    let files = shop.number("select count(*) from photographs").await;
    assert!(files > 0);
    give(&mut staff, UPLOAD, "a.jpg", &whole).await;
    let page = staff.get(EDITOR).await.expect_ok().body;
    assert!(page.contains("has that picture already"), "{page}");
    assert_eq!(shop.number("select count(*) from photographs").await, files);
    let nowhere = "/admin/products/nothing/photographs";
    give(&mut staff, nowhere, "a.jpg", &whole).await;
    assert_eq!(shop.number("select count(*) from photographs").await, files);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sku_and_an_address_belong_to_one_product_whoever_asks_first() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    prepared(&mut staff).await;
    // One that the shop began with keeps its stock.
    add_variant(&mut staff, RING, "99").await;
    let page = staff.get(EDITOR).await.expect_ok().body;
    assert!(page.contains("There is a variant with this SKU"), "{page}");
    assert_eq!(shop.stock(RING).await, (4, 0));
    let form = [
        ("title", "Another"),
        ("slug", "tide-ring"),
        ("category", "rings"),
    ];
    staff.submit("/api/draft_product", &form).await;
    let page = staff.get("/admin/products").await.expect_ok().body;
    assert!(page.contains("Another product has this address"), "{page}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_prepares_and_owners_publish() {
    let shop = TestShop::open().await;
    let mut stock = shop.signed_in_as(Role::Stock).await;
    prepared(&mut stock).await;
    let form = [("product", "tide-ring")];
    let refused = stock.post("/api/publish_product", &form).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    let page = stock.get(EDITOR).await.expect_ok().body;
    assert!(page.contains("Who publishes: Owner"), "{page}");
    publish(&mut shop.staff().await, "").await;
    assert_eq!(shop.shopper().get(PAGE).await.status, 200);
    // What is added now would be for sale at once.
    add_variant(&mut stock, "AS-EBB-YG-54", "1").await;
    let page = stock.get(EDITOR).await.expect_ok().body;
    assert!(!page.contains("AS-EBB-YG-54, €"), "{page}");
    let known = "select count(*) from events where type = 'product.variant_set'";
    assert_eq!(shop.number(known).await, 1);
    let mut orders = shop.signed_in_as(Role::Orders).await;
    assert_eq!(orders.get(EDITOR).await.status, 403);
    let refused = give(&mut orders, UPLOAD, "a.jpg", &photograph([1, 2, 3])).await;
    assert_eq!(refused.status, 403);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn open_pages_hear_of_what_changes_and_not_of_drafts() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    let mut shopper = shop.shopper().socket().await;
    shopper.subscribe(&["shelves"], 0).await;
    let mut desk = staff.socket().await;
    desk.subscribe(&["products"], 0).await;
    prepared(&mut staff).await;
    let drafted = loop {
        let heard = desk.next_or_end().await.expect("news");
        if let ServerMessage::Change {
            state: State::Products { version },
            ..
        } = heard
        {
            break version;
        }
    };
    publish(&mut staff, "").await;
    let published = loop {
        let heard = shopper.next_or_end().await.expect("news");
        if let ServerMessage::Change {
            state: State::Shelves { version },
            ..
        } = heard
        {
            break version;
        }
    };
    let at = "select max(position) from events where type = 'product.published'";
    assert_eq!(published, shop.number(at).await.unsigned_abs());
    assert!(drafted < published);
    // Nobody gets what is withdrawn: who has it open sees that at once.
    shopper.subscribe(&["product:tide-ring"], 0).await;
    publish(&mut staff, "1").await;
    loop {
        let heard = shopper.next_or_end().await.expect("news");
        if let ServerMessage::Change {
            state: State::Product(stock),
            ..
        } = heard
            && stock.available == 0
        {
            break;
        }
    }
    shop.closed().await;
}
