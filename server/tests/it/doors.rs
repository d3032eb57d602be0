//! What one client may take of the shop, tried with real connections.

use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::{ACCEPT, RETRY_AFTER};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::connect_async;
use types::OrderId;
use types::live::ServerMessage;
use uuid::Uuid;

use crate::client::{Answer, Client, new_order_id};
use crate::shop::{DEADLINE, EMAIL, PASSWORD, RING, RING_PRICE, RING_TOPIC, TestShop, eventually};
use crate::socket::handshake;

async fn connected(shop: &TestShop) -> TcpStream {
    let address = shop.url().trim_start_matches("http://");
    TcpStream::connect(address).await.expect("a connection")
}

/// All that the shop says until it closes the connection.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let read = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut said)).await;
    // A reset is an end as well.
    let _ = read.expect("the shop closes the connection");
    String::from_utf8_lossy(&said).into_owned()
}

/// What the shop says to a request on a connection of its own.
async fn asked(shop: &TestShop) -> String {
    let mut stream = connected(shop).await;
    let request = "GET /health/live HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("sent");
    until_closed(&mut stream).await
}

/// Whether the shop answers on this connection.
async fn answers(stream: &mut TcpStream) -> bool {
    let request = "GET /health/live HTTP/1.1\r\nhost: shop\r\n\r\n";
    if stream.write_all(request.as_bytes()).await.is_err() {
        return false;
    }
    let mut said = Vec::new();
    while !said.ends_with(b"alive\n") {
        let read = tokio::time::timeout(DEADLINE, stream.read_buf(&mut said)).await;
        if !matches!(read.expect("an answer or an end"), Ok(1..)) {
            return false;
        }
    }
    said.starts_with(b"HTTP/1.1 200")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_says_nothing_or_half_a_header_is_closed() {
    let shop = TestShop::limited(&["--header-seconds=1"]).await;
    let mut silent = connected(&shop).await;
    let mut half = connected(&shop).await;
    half.write_all(b"GET / HTTP/1.1\r\nhost: sh")
        .await
        .expect("sent");
    let mut idle = connected(&shop).await;
    assert!(answers(&mut idle).await);
    let (mut slow, mut drip) = connected(&shop).await.into_split();
    let dripping = tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_millis(100));
        while drip.write_all(b"G").await.is_ok() {
            tick.tick().await;
        }
    });
    until_closed(&mut silent).await;
    until_closed(&mut half).await;
    until_closed(&mut idle).await;
    let mut said = Vec::new();
    let read = tokio::time::timeout(DEADLINE, slow.read_to_end(&mut said)).await;
    let _ = read.expect("who drips is closed as well");
    dripping.await.expect("it ends");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_answered_and_its_connection_closed() {
    let shop = TestShop::limited(&["--body-seconds=1"]).await;
    let mut slow = connected(&shop).await;
    let head = "POST /api/add_to_cart HTTP/1.1\r\nhost: shop\r\ncontent-length: 100\r\n\r\nsku=";
    slow.write_all(head.as_bytes()).await.expect("sent");
    let said = until_closed(&mut slow).await;
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(said.contains("/problems/too-slow"), "{said}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_request_does_not_keep_the_shop_from_stopping() {
    let shop = TestShop::limited(&[]).await;
    let mut half = connected(&shop).await;
    half.write_all(b"GET / HTTP/1.1\r\nhost: sh")
        .await
        .expect("sent");
    let mut idle = connected(&shop).await;
    assert!(answers(&mut idle).await);
    let begun = Instant::now();
    shop.closed().await;
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_gets_so_many_connections_and_another_when_one_ends() {
    let shop = TestShop::limited(&["--max-connections-per-address=3"]).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut stream = connected(&shop).await;
        assert!(answers(&mut stream).await);
        held.push(stream);
    }
    let said = asked(&shop).await;
    assert!(said.starts_with("HTTP/1.1 429"), "{said}");
    drop(held.pop());
    eventually("there is room again", async || {
        answers(&mut connected(&shop).await).await
    })
    .await;
    assert!(answers(&mut held[0]).await, "who was there stays");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shop_takes_so_many_connections_and_says_so() {
    let shop = TestShop::limited(&["--max-connections=2"]).await;
    let (mut one, mut two) = (connected(&shop).await, connected(&shop).await);
    assert!(answers(&mut one).await && answers(&mut two).await);
    let said = asked(&shop).await;
    assert!(said.starts_with("HTTP/1.1 503"), "{said}");
    assert!(said.contains("retry-after: 5"), "{said}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_gets_so_many_sockets() {
    let shop = TestShop::limited(&["--max-sockets-per-address=2"]).await;
    let ada = shop.shopper();
    let (first, _second) = (ada.socket().await, ada.socket().await);
    let third = || connect_async(handshake(shop.url(), &[("origin", shop.url())]));
    let refused = third().await.expect_err("refused").to_string();
    assert!(refused.contains("429"), "{refused}");
    drop(first);
    eventually("there is room again", async || third().await.is_ok()).await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_asks_without_end_is_closed() {
    let shop = TestShop::limited(&["--socket-topics-per-minute=30"]).await;
    let mut socket = shop.shopper().socket().await;
    let ended = loop {
        socket.subscribe(&[RING_TOPIC], 0).await;
        match socket.next_or_end().await {
            Ok(ServerMessage::Snapshot { .. }) => {}
            Ok(other) => panic!("{other:?}"),
            Err(ended) => break ended,
        }
    };
    assert_eq!(ended, Some(1008));
    shop.closed().await;
}

#[track_caller]
fn is_too_many(answer: &Answer) -> bool {
    if answer.status != 429 {
        return false;
    }
    let after = answer.headers.get(RETRY_AFTER).expect("when to come back");
    let after: u64 = after.to_str().expect("text").parse().expect("seconds");
    assert!((1..=120).contains(&after), "{after}");
    true
}

/// Adds to the cart until that is refused, at most so often.
async fn adds_until_refused(client: &mut Client, most: u32) -> Option<u32> {
    for done in 0..most {
        if is_too_many(&client.add("AS-LIN-G", "1", "").await) {
            return Some(done);
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn one_visitor_gives_so_many_commands_and_hinders_nobody_else() {
    let shop = TestShop::limited(&["--commands-per-minute=12"]).await;
    let mut eve = shop.shopper();
    let done = adds_until_refused(&mut eve, 10).await;
    assert_eq!(
        done,
        Some(5),
        "the first, without a cookie, and four at once"
    );
    // A plain form is answered with a page, not with a machine's words.
    let form = [("sku", RING), ("quantity", "1"), ("gift_note", "")];
    let page = eve.submit("/api/add_to_cart", &form).await;
    assert!(is_too_many(&page), "{page:?}");
    assert!(page.body.contains("<h1>"), "{}", page.body);
    eve.get("/cart").await.expect_ok();
    shop.shopper().add(RING, "1", "").await.expect_ok();
    shop.closed().await;
}

/// A visitor who comes through a proxy.
struct Behind<'a>(Client, &'a str);

impl Behind<'_> {
    async fn add(&mut self) -> Answer {
        let form = [("sku", RING), ("quantity", "1"), ("gift_note", "")];
        let request = self.0.request(Method::POST, "/api/add_to_cart").form(&form);
        let request = request.header(ACCEPT, "application/json");
        self.0.send(request.header("x-forwarded-for", self.1)).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn newcomers_are_counted_by_address_and_a_trusted_proxy_tells_it() {
    let limits = ["--new-visitors-per-minute-per-address=6"];
    let shop = TestShop::limited(&[limits[0], "--trusted-proxies=127.0.0.1,10.0.0.0/8"]).await;
    let newcomer = |address| Behind(shop.shopper(), address);
    for _ in 0..2 {
        newcomer("2001:db8:1:2::1").add().await.expect_ok();
    }
    // All of one network of IPv6 is one address.
    assert!(is_too_many(&newcomer("2001:db8:1:2::77").add().await));
    assert!(is_too_many(
        &newcomer("1.1.1.1, 2001:db8:1:2::1, 10.0.0.9").add().await
    ));
    newcomer("2001:db8:1:3::1").add().await.expect_ok();
    newcomer("192.0.2.7").add().await.expect_ok();
    shop.closed().await;

    let shop = TestShop::limited(&limits).await;
    let newcomer = |address| Behind(shop.shopper(), address);
    newcomer("192.0.2.1").add().await.expect_ok();
    newcomer("192.0.2.2").add().await.expect_ok();
    let third = newcomer("192.0.2.3").add().await;
    assert!(is_too_many(&third), "nobody is believed: {third:?}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shopper_has_so_many_unpaid_orders_and_keeps_the_cart() {
    let shop = TestShop::limited(&["--open-orders=1"]).await;
    let mut ada = shop.shopper();
    let first = ada.order(RING, "", RING_PRICE).await;
    shop.until_status(first, "awaiting_payment").await;
    ada.add(RING, "1", "").await.expect_ok();
    let refused = ada.place(new_order_id(), "", RING_PRICE).await.problem(409);
    assert!(refused.is("open-orders"), "{refused:?}");
    assert!(
        refused.detail.contains("V-"),
        "which one: {}",
        refused.detail
    );
    assert_eq!(ada.cart_lines().await, [(RING.to_owned(), 1)]);
    // Another shopper is not hindered.
    shop.shopper().order(RING, "", RING_PRICE).await;
    ada.cancel(first).await.expect_ok();
    shop.until_status(first, "cancelled").await;
    // Its piece comes back into the cart.
    let returned = async || {
        let mut again = shop.shopper();
        again.set_cookie("shopper", ada.cookie("shopper").expect("a cookie"));
        again.cart_lines().await == [(RING.to_owned(), 2)]
    };
    eventually("both pieces are in the cart", returned).await;
    let second = new_order_id();
    let placed = async || {
        let mut again = shop.shopper();
        again.set_cookie("shopper", ada.cookie("shopper").expect("a cookie"));
        let total = 2 * RING_PRICE;
        again.place(second, "pm_card_visa", total).await.status == 200
    };
    eventually("the cancelled order counts no more", placed).await;
    shop.until_status(second, "confirmed").await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_empties_the_shop_with_orders_that_are_not_paid() {
    let shop = TestShop::limited(&["--held-pieces-per-address=2"]).await;
    for _ in 0..2 {
        shop.shopper().order(RING, "", RING_PRICE).await;
    }
    shop.until_allocated(RING, 2).await;
    let mut eve = shop.shopper();
    eve.add(RING, "1", "").await.expect_ok();
    let refused = eve.place(new_order_id(), "", RING_PRICE).await.problem(409);
    assert!(refused.is("open-orders"), "{refused:?}");
    assert_eq!(shop.stock(RING).await, (4, 2));
    // Those of before the start are known as well, by shopper.
    let shop = shop.reopened().await;
    assert_eq!(shop.stock(RING).await, (4, 2));
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn open_orders_from_before_a_restart_count() {
    let shop = TestShop::limited(&["--open-orders=1"]).await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, "", RING_PRICE).await;
    shop.until_status(order, "awaiting_payment").await;
    let shop = shop.reopened().await;
    let mut ada = ada.at(shop.url());
    ada.add(RING, "1", "").await.expect_ok();
    let refused = ada.place(new_order_id(), "", RING_PRICE).await.problem(409);
    assert!(refused.is("open-orders"), "{refused:?}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_orders_have_never_the_same_number() {
    let shop = TestShop::open().await;
    let first = shop.shopper().order(RING, "", RING_PRICE).await;
    let other_bits = first.uuid().as_u128() ^ (1 << 64);
    let same_number = OrderId::new(Uuid::from_u128(other_bits));
    assert_eq!(
        types::order::order_number(first),
        types::order::order_number(same_number)
    );
    let mut eve = shop.shopper();
    eve.add(RING, "1", "").await.expect_ok();
    let refused = eve.place(same_number, "", RING_PRICE).await.problem(409);
    assert!(refused.is("order-id-taken"), "{refused:?}");
    assert_eq!(shop.number("select count(*) from orders").await, 1);
    assert_eq!(eve.cart_lines().await.len(), 1);
    shop.closed().await;
}

/// Where that leads, what the page will say, and how long it took.
async fn try_to_sign_in(client: &mut Client, password: &str) -> (String, String, Duration) {
    let begun = Instant::now();
    let form = [("email", EMAIL), ("password", password)];
    let answer = client.post("/admin/session", &form).await;
    let location = answer.location().expect("a page to go to").to_owned();
    let said = client.cookie("flash").unwrap_or_default().to_owned();
    (location, said, begun.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_sign_ins_slow_their_source_and_lock_out_no_owner() {
    let shop = TestShop::limited(&[]).await;
    // The owner has signed in with this browser before.
    let mut owner = shop.staff().await;
    owner.post("/admin/session/end", &[]).await;
    let mut eve = shop.shopper();
    let mut waited = Vec::new();
    for _ in 0..8 {
        let (location, said, took) = try_to_sign_in(&mut eve, "a wrong password").await;
        assert_eq!(location, "/admin/sign-in");
        assert!(said.contains("not%20right"), "{said}");
        waited.push(took);
    }
    assert!(waited[7] >= Duration::from_millis(900), "{waited:?}");
    // Many at once wait one behind the other, and most are sent away.
    let mut at_once = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let mut one = shop.shopper();
        at_once.spawn(async move { try_to_sign_in(&mut one, "a wrong password").await.1 });
    }
    let (location, _, took) = try_to_sign_in(&mut owner, PASSWORD).await;
    assert_eq!(location, "/admin/inventory", "the owner gets in");
    assert!(took < Duration::from_secs(4), "and is not slowed: {took:?}");
    let answers = at_once.join_all().await;
    let slowed = answers
        .iter()
        .filter(|said| said.contains("Too%20many%20tries"));
    assert!(slowed.count() >= 20, "{answers:?}");
    // From the same address, with a browser that nobody knows.
    let (location, ..) = try_to_sign_in(&mut shop.shopper(), PASSWORD).await;
    assert_eq!(
        location, "/admin/inventory",
        "a right password is never refused"
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_on_the_sign_in_page_are_the_shops_own() {
    let shop = TestShop::open().await;
    let mut eve = shop.shopper();
    let page = eve.get("/admin/sign-in?error=Your+account+is+locked").await;
    assert!(!page.expect_ok().body.contains("locked"));
    let told = "The email or the password is not right.";
    let page = eve.get("/admin/sign-in?error=wrong").await.expect_ok();
    assert!(!page.body.contains(told), "nobody has tried");
    try_to_sign_in(&mut eve, "a wrong password").await;
    let page = eve.get("/admin/sign-in").await.expect_ok();
    assert!(page.body.contains(told), "{}", page.body);
    let page = eve.get("/admin/sign-in").await.expect_ok();
    assert!(!page.body.contains(told), "said once");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_read_is_refused_in_names_and_reasons() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "1", "").await.expect_ok();
    for name in ["\u{200b}", "\u{feff}\u{2060}", "\u{202e}adA", "Ada\u{7}"] {
        let id = new_order_id().to_string();
        let total = RING_PRICE.to_string();
        let form = [
            ("order_id", id.as_str()),
            ("email", "ada@example.com"),
            ("name", name),
            ("street", "Main Street 1"),
            ("postal_code", "10115"),
            ("city", "Berlin"),
            ("country", "DE"),
            ("delivery", "standard"),
            ("payment_token", ""),
            ("expected_total_minor", &total),
        ];
        let problem = ada.post("/api/place_order", &form).await.problem(422);
        assert!(problem.field("name").is_some(), "{name:?}: {problem:?}");
    }
    let mut staff = shop.staff().await;
    for reason in ["a\u{1b}[31mb", "a\u{0}b", "a\nb", "\u{200b}"] {
        let form = [("sku", RING), ("on_hand", "3"), ("reason", reason)];
        let problem = staff.post("/api/correct_stock", &form).await.problem(422);
        assert!(problem.field("reason").is_some(), "{reason:?}: {problem:?}");
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_host_or_with_two_is_refused() {
    let shop = TestShop::open().await;
    for hosts in ["", "host: a\r\nhost: b\r\n"] {
        let mut stream = connected(&shop).await;
        let request = format!("GET / HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let said = until_closed(&mut stream).await;
        assert!(said.starts_with("HTTP/1.1 400"), "{hosts:?}: {said}");
    }
    shop.closed().await;
}

/// Where a proxy in front goes by the length and the shop by the chunks, what follows the last chunk would
/// be the next request of somebody else. So nothing that follows is read.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_two_lengths_ends_its_connection() {
    let shop = TestShop::open().await;
    let smuggled = "GET /health/live HTTP/1.1\r\nhost: shop\r\n\r\n";
    for lengths in [
        "transfer-encoding: chunked\r\ncontent-length: 55\r\n",
        "content-length: 55\r\ntransfer-encoding: chunked\r\n",
    ] {
        let mut stream = connected(&shop).await;
        let head = format!("POST /api/review_cart HTTP/1.1\r\nhost: shop\r\n{lengths}\r\n");
        let request = format!("{head}0\r\n\r\n{smuggled}");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let said = until_closed(&mut stream).await;
        assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{lengths:?}: {said}");
        assert!(!said.contains("alive"), "{lengths:?}: {said}");
    }
    // Lengths that contradict each other, and an encoding that is none.
    for lengths in [
        "content-length: 3\r\ncontent-length: 4\r\n",
        "content-length: +3\r\n",
        "transfer-encoding: identity\r\n",
        "transfer-encoding: chunked, identity\r\n",
    ] {
        let mut stream = connected(&shop).await;
        let request =
            format!("POST /api/review_cart HTTP/1.1\r\nhost: shop\r\n{lengths}\r\n0\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let said = until_closed(&mut stream).await;
        assert!(said.starts_with("HTTP/1.1 400"), "{lengths:?}: {said}");
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_says_how_browsers_may_use_it() {
    let shop = TestShop::open().await;
    let mut eve = shop.shopper();
    let missing = eve.post("/api/nothing", &[]).await;
    missing.problem(404);
    for answer in [
        eve.get("/").await,
        eve.get("/nothing").await,
        eve.get("/health/live").await,
        eve.get("/sitemap.xml").await,
        eve.get("/favicon.svg").await,
        missing,
    ] {
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("permissions-policy").contains("camera=()"));
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
    }
    let policy = eve.post("/api/nothing", &[]).await;
    let policy = policy.header("content-security-policy");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    shop.closed().await;
}

/// What leptos refuses before any command of ours sees it.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_cannot_be_read_comes_back_with_nothing_in_the_address() {
    let shop = TestShop::open().await;
    let mut eve = shop.shopper();
    let request = eve.request(Method::POST, "/api/set_quantity");
    let request = request.header(ACCEPT, "text/html");
    let page = format!("{}/cart?from=here", shop.url());
    let request = request.header("referer", page).form(&[("line", "none")]);
    let back = eve.send(request).await;
    assert_eq!(back.location(), Some("/cart?from=here"), "{back:?}");
    let told = "A field could not be read.";
    assert!(eve.get("/cart").await.body.contains(told));
    assert!(!eve.get("/cart").await.body.contains(told), "said once");
    assert!(!eve.get("/cart?__err=e30").await.body.contains(told));
    shop.closed().await;
}
