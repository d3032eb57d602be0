//! Whatever comes in: a clear answer, nothing lost, and the shop goes on.

use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, ORIGIN, REFERER};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use types::Problem;
use types::live::{MAX_CLIENT_MESSAGE, MAX_TOPICS, Topic};

use crate::client::{Answer, Client, new_order_id};
use crate::shop::{DEADLINE, RING, RING_PRICE, RING_TOPIC, TestShop};
use crate::socket::handshake;

const FORM: &str = "application/x-www-form-urlencoded";

/// A shopper with something to lose.
async fn shopper_with_cart(shop: &TestShop) -> Client {
    let mut ada = shop.shopper();
    ada.add(RING, "2", "For you").await.expect_ok();
    ada
}

/// The cart is what it was, and the shop still sells.
async fn assert_nothing_lost(shop: TestShop, mut ada: Client) {
    assert_eq!(ada.cart_lines().await, [(RING.to_owned(), 2)]);
    assert_eq!(shop.number("select count(*) from orders").await, 0);
    let order = new_order_id();
    let placed = ada.place(order, "pm_card_visa", 2 * RING_PRICE).await;
    placed.expect_ok();
    shop.until_status(order, "confirmed").await;
    shop.closed().await;
}

async fn post_raw(client: &mut Client, path: &str, content: &str, body: Vec<u8>) -> Answer {
    let request = client.request(Method::POST, path);
    let request = request.header(ACCEPT, "application/json");
    let request = request.header(CONTENT_TYPE, content).body(body);
    client.send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_sku_or_quantity_is_told_and_changes_nothing() {
    let shop = TestShop::open().await;
    let mut ada = shopper_with_cart(&shop).await;
    let unknown = ada.add("AS-NO-SUCH-1", "1", "").await.problem(404);
    assert!(unknown.detail.contains("AS-NO-SUCH-1"), "{unknown:?}");
    for quantity in [
        "0",
        "-1",
        "11",
        "9223372036854775807",
        "-9223372036854775808",
    ] {
        let problem = ada.add(RING, quantity, "").await.problem(422);
        let message = problem.field("quantity").expect("under its field");
        assert!(message.contains(quantity), "{message}");
    }
    for quantity in ["", "two", "1.5", "1e3", "9223372036854775808", "NaN", "1;2"] {
        ada.add(RING, quantity, "").await.problem(400);
    }
    for sku in [
        "",
        "as-veg",
        "'; drop table carts; --",
        "\u{0}",
        &"A".repeat(41),
    ] {
        ada.add(sku, "1", "").await.problem(400);
    }
    let note = "x".repeat(141);
    let problem = ada.add(RING, "1", &note).await.problem(422);
    assert!(problem.field("gift_note").is_some());
    for unseen in ["a\u{7}b", "\u{200b}", "\u{202e}abc", "Ada\n\u{2060}"] {
        ada.add(RING, "1", unseen).await.problem(422);
    }
    let problem = ada.add(RING, "3", "").await.problem(409);
    assert_eq!(
        problem.detail,
        "Only 4 left, and your cart holds 2 already."
    );

    let line = ada.cart().await.lines[0].id.to_string();
    for (line, quantity, status) in [
        (line.as_str(), "0", 422),
        (&line, "-3", 422),
        (&line, "99999999999", 422),
        (&line, "many", 400),
        ("nonsense", "1", 400),
        ("0199c0a0-1111-7aaa-8bbb-123456789abc", "1", 404),
    ] {
        let form = [("line", line), ("quantity", quantity)];
        ada.post("/api/set_quantity", &form).await.problem(status);
    }
    assert_nothing_lost(shop, ada).await;
}

/// Nobody changes a line of somebody else's cart.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_another_cart_is_out_of_reach() {
    let shop = TestShop::open().await;
    let mut ada = shopper_with_cart(&shop).await;
    let line = ada.cart().await.lines[0].id.to_string();
    let mut eve = shop.shopper();
    let form = [("line", line.as_str()), ("quantity", "1")];
    eve.post("/api/set_quantity", &form).await.problem(404);
    eve.post("/api/remove_line", &form[..1]).await.expect_ok();
    assert_nothing_lost(shop, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_cannot_be_read_is_refused() {
    let shop = TestShop::open().await;
    let mut ada = shopper_with_cart(&shop).await;
    for path in [
        "/api/add_to_cart",
        "/api/set_quantity",
        "/api/remove_line",
        "/api/place_order",
        "/api/pay_order",
        "/api/cancel_order",
    ] {
        for body in [
            b"".to_vec(),
            b"\xff\xfe%%%===&&&".to_vec(),
            b"{\"sku\":1}".to_vec(),
            vec![b'&'; 4_000],
            b"sku[a][b]=1&quantity[]=2&order_id[x]=3&line=%ff".to_vec(),
        ] {
            let answer = post_raw(&mut ada, path, FORM, body.clone()).await;
            let text = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            assert!(
                matches!(answer.status, 400 | 422),
                "{path} {text:?}: {answer:?}"
            );
            answer.problem(answer.status);
        }
    }
    for order in ["", "x", "550e8400-e29b-41d4-a716-446655440000", "../admin"] {
        let form = [("order_id", order), ("payment_token", "pm_card_visa")];
        ada.post("/api/pay_order", &form).await.problem(400);
        ada.post("/api/cancel_order", &form).await.problem(400);
    }
    let none = new_order_id();
    ada.pay(none, "pm_card_visa").await.problem(404);
    ada.cancel(none).await.problem(404);
    assert_nothing_lost(shop, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_form_gets_every_complaint_at_once() {
    let shop = TestShop::open().await;
    let mut ada = shopper_with_cart(&shop).await;
    let order = new_order_id().to_string();
    let long = "x".repeat(300);
    let form = [
        ("order_id", order.as_str()),
        ("email", "ada@"),
        ("name", "  "),
        ("street", "a\u{0}b"),
        ("postal_code", &long),
        ("city", &long),
        ("country", "XX"),
        ("delivery", "by pigeon"),
        ("payment_token", "4000 0000"),
        ("expected_total_minor", "12.50"),
    ];
    let problem = ada.post("/api/place_order", &form).await.problem(422);
    for (field, _) in &form[1..] {
        assert!(problem.field(field).is_some(), "{field}: {problem:?}");
    }
    let mut nobody = shop.shopper();
    let placed = nobody.place(new_order_id(), "", 0).await.problem(409);
    assert!(placed.is("empty-cart"), "{placed:?}");
    assert_nothing_lost(shop, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_does_not_exist_is_a_problem_and_an_unknown_page_a_page() {
    let shop = TestShop::open().await;
    let mut ada = shopper_with_cart(&shop).await;
    let problem = ada.post("/api/give_me_all", &[]).await.problem(404);
    assert!(problem.detail.contains("/api/give_me_all"), "{problem:?}");
    ada.post("/api/a/b/c", &[]).await.problem(404);
    for path in ["/api/review_cart", "/admin/session", "/test-gateway/tokens"] {
        let problem = ada.get(path).await.problem(405);
        assert!(problem.detail.contains("GET"), "{path}: {problem:?}");
    }
    for path in [
        "/no-such-page",
        "/products/no-such-ring",
        "/orders/nonsense",
    ] {
        let page = ada.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.body.contains("<html"), "{path}: {page:?}");
    }
    assert_nothing_lost(shop, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_shopper_cookie_acts_for_nobody_and_the_page_still_shows() {
    let shop = TestShop::open().await;
    let ada = shopper_with_cart(&shop).await;
    let cookie = ada.cookie_header();
    let (name, signed) = cookie.split_once('=').expect("a cookie");
    // Percent-encoded: a signature of 44 characters, then the shopper's id.
    let (start, id) = signed.split_at(signed.len() - 36);
    let last = if id.ends_with('0') { "1" } else { "0" };
    let other_id = format!("{start}{}{last}", &id[..35]);
    for value in [id, &other_id, "x", &"a".repeat(4_000)] {
        let mut forger = shop.shopper();
        forger.set_cookie(name, value);
        let problem = forger.add(RING, "1", "").await.problem(400);
        assert!(problem.detail.contains("cookie"), "{problem:?}");
        assert!(!forger.has_cookie(name), "it is taken away");
        forger.set_cookie(name, value);
        let url = handshake(shop.url(), &[("cookie", &forger.cookie_header())]);
        assert_eq!(refused(url).await.status, 400);
        let page = forger.get("/cart").await.expect_ok();
        assert!(!page.body.contains("For you"), "not Ada's cart");
        assert!(!forger.has_cookie(name));
        // Rid of it, they shop like anyone.
        forger.add(RING, "1", "").await.expect_ok();
    }
    assert_nothing_lost(shop, ada).await;
}

/// The handshake must be refused with a problem.
async fn refused(request: tokio_tungstenite::tungstenite::handshake::client::Request) -> Problem {
    let Err(Error::Http(answer)) = connect_async(request).await else {
        panic!("expected a refusal")
    };
    let content = answer.headers().get("content-type").map(|v| v.as_bytes());
    assert_eq!(content, Some(b"application/problem+json".as_slice()));
    let body = answer.body().as_deref().unwrap_or_default();
    let problem: Problem = serde_json::from_slice(body).expect("a problem");
    assert_eq!(problem.status, answer.status().as_u16());
    problem
}

#[tokio::test(flavor = "multi_thread")]
async fn another_website_neither_posts_nor_opens_sockets() {
    let shop = TestShop::open().await;
    let mut ada = shopper_with_cart(&shop).await;
    let cookies = ada.cookie_header();
    for header in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:1"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let headers = [("cookie", cookies.as_str()), header];
        let problem = refused(handshake(shop.url(), &headers)).await;
        assert_eq!(problem.status, 403, "{header:?}");
        assert!(problem.detail.contains("another website"), "{problem:?}");
        for path in ["/api/place_order", "/admin/session", "/test-gateway/tokens"] {
            let request = ada.request(Method::POST, path).form(&[("sku", RING)]);
            let answer = ada.send(request.header(header.0, header.1)).await;
            answer.problem(403);
        }
    }
    // A page without the right headers is no handshake, and says so.
    let plain = ada.get("/live").await;
    assert!(plain.problem(400).detail.contains("WebSocket"));
    assert_nothing_lost(shop, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_form_comes_back_to_this_shop_only() {
    let shop = TestShop::open().await;
    let mut ada = shopper_with_cart(&shop).await;
    for referer in [
        "https://evil.example/products/x",
        "//evil.example/",
        "https://evil.example//evil.example/x",
        "javascript:alert(1)",
    ] {
        let request = ada.request(Method::POST, "/api/add_to_cart");
        let request = request.header(ACCEPT, "text/html").header(REFERER, referer);
        let request = request.form(&[("sku", "AS-NO-SUCH-1"), ("quantity", "1")]);
        let answer = ada.send(request).await;
        let location = answer.location().expect("back to a page");
        let ours = location.starts_with('/') && !location.starts_with("//");
        assert!(ours, "{referer}: {location}");
    }
    // Also when a field cannot even be read.
    let request = ada.request(Method::POST, "/api/add_to_cart");
    let request = request.header(ACCEPT, "text/html");
    let request = request.header(REFERER, "https://evil.example/x");
    let request = request.form(&[("sku", RING), ("quantity", "many")]);
    let answer = ada.send(request).await;
    let location = answer.location().unwrap_or("/");
    assert!(!location.contains("evil.example"), "{location}");
    assert_nothing_lost(shop, ada).await;
}

/// Announces a body and sends none of it: a client that sends on while it is refused may be cut off
/// before it reads why.
async fn announce_body(url: &str, path: &str, length: usize) -> String {
    let host = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).await.expect("connected");
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: {FORM}\r\n\
         content-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    let read = tokio::time::timeout(DEADLINE, read).await;
    read.expect("in time").expect("an answer");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_refused() {
    let shop = TestShop::open().await;
    let ada = shopper_with_cart(&shop).await;
    for path in [
        "/api/add_to_cart",
        "/api/place_order",
        "/admin/session",
        "/test-gateway/tokens",
    ] {
        let answer = announce_body(shop.url(), path, 64 * 1024 + 1).await;
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
        assert!(head.starts_with("HTTP/1.1 413 "), "{path}: {head}");
        assert!(
            head.contains("content-type: application/problem+json"),
            "{head}"
        );
        let problem: Problem = serde_json::from_str(body).expect("a problem");
        assert!(
            problem.is("too-large") && problem.status == 413,
            "{problem:?}"
        );
    }
    assert_nothing_lost(shop, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_not_of_the_protocol_is_answered_and_the_socket_lives() {
    let shop = TestShop::open().await;
    let ada = shopper_with_cart(&shop).await;
    let mut socket = ada.socket().await;
    for text in [
        "",
        "{",
        "null",
        "[]",
        r#"{"type":"shout"}"#,
        r#"{"type":"subscribe"}"#,
        r#"{"type":"subscribe","topics":["everything"]}"#,
        r#"{"type":"subscribe","topics":["order:1"]}"#,
        r#"{"type":"subscribe","topics":[],"after":-1}"#,
        r#"{"type":"subscribe","topics":[],"since":1}"#,
    ] {
        socket.say_text(text).await;
        let (topic, detail) = socket.next_error().await;
        assert_eq!(topic, None);
        assert!(
            detail.starts_with("Expected {\"type\":\"subscribe\""),
            "{detail}"
        );
    }
    socket.subscribe(&["product:no-such-ring"], 0).await;
    let (topic, detail) = socket.next_error().await;
    assert!(
        topic.is_some() && detail.contains("no-such-ring"),
        "{detail}"
    );
    socket.subscribe(&[RING_TOPIC], 0).await;
    socket.next_snapshot().await;
    // Twenty mistakes are a bad page; more are none of ours.
    for _ in 0..11 {
        socket.say_text("nonsense").await;
    }
    assert_eq!(socket.until_end().await, Some(1008));
    assert_nothing_lost(shop, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binary_or_oversized_message_closes_its_own_socket_only() {
    let shop = TestShop::open().await;
    let ada = shopper_with_cart(&shop).await;
    let mut bystander = ada.socket().await;
    bystander.subscribe(&[RING_TOPIC], 0).await;
    bystander.next_snapshot().await;

    let mut socket = ada.socket().await;
    socket
        .say(Message::Binary(Bytes::from_static(b"\0\xff")))
        .await;
    assert_eq!(socket.until_end().await, Some(1003), "expected text");

    let mut socket = ada.socket().await;
    socket.say_text("x".repeat(MAX_CLIENT_MESSAGE + 1)).await;
    assert_eq!(socket.until_end().await, Some(1009), "too big");

    shop.count(RING, 5).await;
    bystander.next_change().await;
    assert_nothing_lost(shop, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_follows_so_many_topics_and_says_which_are_too_many() {
    let shop = TestShop::open().await;
    let mut ada = shopper_with_cart(&shop).await;
    // More orders than there are products: made up, and Ada's own for once.
    let mut ids = Vec::new();
    let order = ada
        .order("AS-NOT-YG-54", "", 2 * RING_PRICE + 125_000)
        .await;
    let mut tx = shop.log().db().begin().await.expect("a transaction");
    for _ in 0..MAX_TOPICS + 5 {
        let id = new_order_id();
        db::query(
            "insert into orders (id, shopper_id, placed_at_us, email, name, street, postal_code, \
             city, country, delivery, lines, subtotal_minor, delivery_minor, total_minor, currency) \
             select $1, shopper_id, placed_at_us, email, name, street, \
             postal_code, city, country, delivery, lines, subtotal_minor, delivery_minor, \
             total_minor, currency from orders where id = $2",
        )
        .bind(id.to_string())
        .bind(order.to_string())
        .execute(tx.conn())
        .await
        .expect("a copy");
        ids.push(format!("order:{id}"));
    }
    tx.commit().await.expect("committed");

    let mut socket = ada.socket().await;
    let topics: Vec<&str> = ids.iter().map(String::as_str).collect();
    socket.subscribe(&topics, 0).await;
    for topic in &topics[..MAX_TOPICS] {
        assert_eq!(socket.next_snapshot().await.0.to_string(), *topic);
    }
    for topic in &topics[MAX_TOPICS..] {
        let (refused, detail) = socket.next_error().await;
        assert_eq!(
            refused.as_ref().map(Topic::to_string).as_deref(),
            Some(*topic)
        );
        assert!(detail.contains(&MAX_TOPICS.to_string()), "{detail}");
    }
    // One less makes room for one more.
    let leave = format!(r#"{{"type":"unsubscribe","topics":["{}"]}}"#, topics[0]);
    socket.say_text(leave).await;
    socket.subscribe(&[RING_TOPIC], 0).await;
    socket.next_snapshot().await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_with_all_sockets_taken_says_so() {
    let shop = TestShop::with(&["--max-sockets=2"]).await;
    let ada = shopper_with_cart(&shop).await;
    let _first = ada.socket().await;
    let second = ada.socket().await;
    let problem = refused(handshake(shop.url(), &[])).await;
    assert_eq!(problem.status, 503, "{problem:?}");
    drop(second);
    crate::shop::eventually("a place is free again", async || {
        connect_async(handshake(shop.url(), &[])).await.is_ok()
    })
    .await;
    assert_nothing_lost(shop, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_count_is_told_under_its_field() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    for on_hand in ["", "-1", "1000001", "many", "1.5", "99999999999999999999"] {
        let form = [("sku", RING), ("on_hand", on_hand), ("reason", "recount")];
        let answer = staff.post("/api/correct_stock", &form).await;
        assert!(answer.problem(422).field("on_hand").is_some(), "{on_hand}");
    }
    let long = "x".repeat(201);
    for reason in ["", "  ", &long] {
        let form = [("sku", RING), ("on_hand", "5"), ("reason", reason)];
        let answer = staff.post("/api/correct_stock", &form).await;
        assert!(answer.problem(422).field("reason").is_some(), "{reason}");
    }
    staff.count("AS-NO-SUCH-1", 5).await.problem(404);
    staff.count("not a sku", 5).await.problem(400);
    assert_eq!(shop.stock(RING).await, (4, 0));
    let mut eve = shop.shopper();
    let request = eve.request(Method::POST, "/admin/session");
    let request = request.header(ORIGIN, shop.url()).form(&[("email", "x")]);
    let answer = eve.send(request).await;
    assert!(matches!(answer.status, 400 | 422), "{answer:?}");
    answer.problem(answer.status);
    shop.closed().await;
}
