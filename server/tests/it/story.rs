//! The path of shoppers and staff, from the first piece in the cart to the end of the order.

use types::Problem;
use types::admin::Level;
use types::live::State;
use types::order::{CancelledBy, DeclineReason, OrderStatus, StepKind};

use crate::client::{Client, new_order_id};
use crate::shop::{RING, RING_PRICE, RING_TOPIC, TestShop, eventually};
use crate::socket::Socket;

const GOOD_CARD: &str = "pm_card_visa";
const BAD_CARD: &str = "pm_card_chargeDeclined";

const DECLINED: StepKind = StepKind::PaymentDeclined {
    reason: DeclineReason::CardDeclined,
};

/// Available pieces of the ring's product, over all its variants, and the position of that.
async fn watch_ring<S>(socket: &mut Socket<S>, after: u64) -> (i64, u64)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    socket.subscribe(&[RING_TOPIC], after).await;
    match socket.next_snapshot().await {
        (_, position, State::Product(stock)) => (stock.available, position),
        other => panic!("expected the ring, got {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_buys_and_every_open_page_moves() {
    // Slow enough that the socket is there before the gateway answers.
    let shop = TestShop::with(&["--test-gateway-delay-ms=600"]).await;
    let mut onlooker = shop.shopper().socket().await;
    let (available, seen) = watch_ring(&mut onlooker, 0).await;
    let mut ada = shop.shopper();
    assert!(!ada.has_cookie("shopper"));

    ada.add(RING, "1", "").await.expect_ok();
    assert!(ada.has_cookie("shopper"));
    assert_eq!(ada.cart_lines().await, [(RING.to_owned(), 1)]);
    let order = new_order_id();
    ada.place(order, GOOD_CARD, RING_PRICE).await.expect_ok();
    assert_eq!(ada.cart_lines().await, [], "the cart became the order");

    let mut socket = ada.socket().await;
    let mut followed = socket.follow(order, 0).await;
    assert_ne!(followed.progress.status, OrderStatus::Confirmed);
    socket.until(&mut followed, OrderStatus::Confirmed).await;
    assert!(followed.changes >= 2, "it was pushed, not only read");
    assert_eq!(
        followed.steps(),
        [
            StepKind::Placed,
            StepKind::Reserved,
            StepKind::PaymentRequested,
            StepKind::PaymentAuthorized,
            StepKind::Confirmed,
        ]
    );

    let (position, stock) = onlooker.until_available(available - 1).await;
    assert!(position > seen, "{position} after {seen}");
    let variant = stock.variants.iter().find(|v| v.sku.as_str() == RING);
    assert_eq!(variant.map(|variant| variant.available), Some(3));
    assert_eq!(stock.variants.len(), 1, "only what changed is told");
    assert_eq!(shop.stock(RING).await, (4, 1));

    let page = ada.get(&format!("/orders/{order}")).await.expect_ok();
    assert!(page.body.contains("Ada Lovelace"), "{}", page.body);
    let ledger = shop.ledger().await;
    let of_order = |it: &&gateways::ListedPayment| it.reference == order.to_string();
    let paid = ledger.of_status("authorized").filter(of_order);
    let paid: Vec<i64> = paid.map(|payment| payment.amount_minor).collect();
    assert_eq!(paid, [RING_PRICE]);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_card_keeps_the_stock_and_another_card_confirms_the_same_order() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, BAD_CARD, RING_PRICE).await;
    let mut socket = ada.socket().await;
    let mut followed = socket.follow(order, 0).await;
    let awaiting = OrderStatus::AwaitingPayment;
    socket.until(&mut followed, awaiting).await;
    let decline = followed.progress.decline();
    assert_eq!(decline, Some(DeclineReason::CardDeclined));
    assert!(followed.progress.reserved_until_us.is_some());
    assert_eq!(shop.stock(RING).await, (4, 1), "reserved meanwhile");

    shop.until_status(order, "awaiting_payment").await;
    ada.pay(order, GOOD_CARD).await.expect_ok();
    socket.until(&mut followed, OrderStatus::Confirmed).await;
    assert_eq!(
        followed.steps(),
        [
            StepKind::Placed,
            StepKind::Reserved,
            StepKind::PaymentRequested,
            DECLINED,
            StepKind::PaymentRequested,
            StepKind::PaymentAuthorized,
            StepKind::Confirmed,
        ]
    );
    assert_eq!(shop.stock(RING).await, (4, 1), "and not reserved twice");
    let problem = ada.pay(order, GOOD_CARD).await.problem(409);
    assert!(problem.is("not-payable"), "{problem:?}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_without_a_card_waits_for_one() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, "", RING_PRICE).await;
    let mut socket = ada.socket().await;
    let mut followed = socket.follow(order, 0).await;
    let awaiting = OrderStatus::AwaitingPayment;
    socket.until(&mut followed, awaiting).await;
    shop.until_status(order, "awaiting_payment").await;
    ada.pay(order, GOOD_CARD).await.expect_ok();
    socket.until(&mut followed, OrderStatus::Confirmed).await;
    assert_eq!(followed.steps()[2], StepKind::PaymentMethodRequired);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_order_gives_its_stock_back() {
    let shop = TestShop::open().await;
    let mut onlooker = shop.shopper().socket().await;
    let (available, _) = watch_ring(&mut onlooker, 0).await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, "", RING_PRICE).await;
    onlooker.until_available(available - 1).await;
    shop.until_status(order, "awaiting_payment").await;

    ada.cancel(order).await.expect_ok();
    let mut socket = ada.socket().await;
    let mut followed = socket.follow(order, 0).await;
    socket.until(&mut followed, OrderStatus::Cancelled).await;
    let by = CancelledBy::Shopper;
    assert_eq!(followed.steps().last(), Some(&StepKind::Cancelled { by }));
    onlooker.until_available(available).await;
    assert_eq!(shop.stock(RING).await, (4, 0));
    let problem = ada.pay(order, GOOD_CARD).await.problem(409);
    assert!(problem.is("not-payable"), "{problem:?}");
    assert_eq!(charges(&shop).await, 0);
    shop.closed().await;
}

async fn charges(shop: &TestShop) -> usize {
    shop.ledger().await.count("authorized")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpaid_order_ends_with_its_payment_window() {
    let shop = TestShop::with(&["--payment-window-seconds=1"]).await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, BAD_CARD, RING_PRICE).await;
    let mut socket = ada.socket().await;
    let mut followed = socket.follow(order, 0).await;
    socket.until(&mut followed, OrderStatus::Cancelled).await;
    let by = CancelledBy::PaymentWindow;
    assert_eq!(followed.steps().last(), Some(&StepKind::Cancelled { by }));
    assert!(followed.steps().contains(&DECLINED));
    shop.until_allocated(RING, 0).await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_order_posted_twice_is_placed_once() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "1", "").await.expect_ok();
    let order = new_order_id();
    ada.place(order, GOOD_CARD, RING_PRICE).await.expect_ok();
    let again = ada.place(order, GOOD_CARD, RING_PRICE).await.expect_ok();
    assert_eq!(again.json::<types::OrderId>(), order);
    shop.until_status(order, "confirmed").await;
    let placed = shop.number("select count(*) from events where type = 'order.placed'");
    assert_eq!(placed.await, 1);
    assert_eq!(shop.stock(RING).await, (4, 1));
    assert_eq!(charges(&shop).await, 1);

    // Nobody takes over an order by its id.
    let mut eve = shop.shopper();
    eve.add(RING, "1", "").await.expect_ok();
    let taken = eve.place(order, GOOD_CARD, RING_PRICE).await.problem(409);
    assert!(taken.is("order-id-taken"), "{taken:?}");
    assert_eq!(eve.cart_lines().await, [(RING.to_owned(), 1)]);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_id_used_again_with_another_content_is_refused_and_loses_nothing() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;

    // Another total, with nothing in the cart.
    let taken = ada
        .place(order, GOOD_CARD, RING_PRICE + 1)
        .await
        .problem(409);
    assert!(taken.is("order-id-taken"), "{taken:?}");

    // The same words, but what is in the cart now was never ordered.
    ada.add(RING, "1", "").await.expect_ok();
    for total in [RING_PRICE, 2 * RING_PRICE] {
        let taken = ada.place(order, GOOD_CARD, total).await.problem(409);
        assert!(taken.is("order-id-taken"), "{taken:?}");
    }
    assert_eq!(ada.cart_lines().await, [(RING.to_owned(), 1)]);
    let placed = shop.number("select count(*) from events where type = 'order.placed'");
    assert_eq!(placed.await, 1);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_comes_to_nothing_gives_its_cart_back() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "2", "For Grace").await.expect_ok();
    let order = new_order_id();
    ada.place(order, BAD_CARD, 2 * RING_PRICE).await.expect_ok();
    shop.until_status(order, "awaiting_payment").await;
    // Something else was put in meanwhile; it stays.
    ada.add(RING, "1", "").await.expect_ok();
    ada.cancel(order).await.expect_ok();
    let pieces = async || {
        shop.number("select cast(sum(quantity) as bigint) from carts")
            .await
    };
    eventually("the cart is back", async || pieces().await == 3).await;
    let notes: Vec<_> = ada
        .cart()
        .await
        .lines
        .into_iter()
        .map(|l| (l.quantity, l.gift_note))
        .collect();
    assert_eq!(notes.len(), 2);
    assert!(
        notes.contains(&(2, Some("For Grace".to_owned()))),
        "{notes:?}"
    );

    // Bought away before it was ordered: the order is rejected, and the cart says what is missing.
    let mut eve = shop.shopper();
    eve.add(RING, "3", "").await.expect_ok();
    shop.count(RING, 1).await;
    shop.until_seen(RING, 1).await;
    let order = new_order_id();
    eve.place(order, GOOD_CARD, 3 * RING_PRICE)
        .await
        .expect_ok();
    shop.until_status(order, "rejected").await;
    eventually("the other cart is back", async || pieces().await == 6).await;
    // Whoever heard no answer asks again, and gets the same one: no second order.
    let again = eve.place(order, GOOD_CARD, 3 * RING_PRICE).await;
    assert_eq!(again.expect_ok().json::<types::OrderId>(), order);
    let placed = shop.number("select count(*) from events where type = 'order.placed'");
    assert_eq!(placed.await, 2);
    let cart = eve.cart().await;
    assert_eq!(
        (cart.lines[0].quantity, cart.lines[0].is_covered()),
        (3, false)
    );
    shop.closed().await;
}

/// Another tab of the same shopper.
fn other_tab(shop: &TestShop, shopper: &Client) -> Client {
    let mut tab = shop.shopper();
    let cookie = shopper.cookie_header();
    let (name, value) = cookie.split_once('=').expect("a cookie");
    tab.set_cookie(name, value);
    tab
}

#[tokio::test(flavor = "multi_thread")]
async fn two_posts_of_one_order_at_once_place_it_once() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "2", "").await.expect_ok();
    let order = new_order_id();
    let mut other_tab = other_tab(&shop, &ada);
    let (one, two) = tokio::join!(
        ada.place(order, GOOD_CARD, 2 * RING_PRICE),
        other_tab.place(order, GOOD_CARD, 2 * RING_PRICE),
    );
    assert_eq!((one.status, two.status), (200, 200), "{one:?} {two:?}");
    shop.until_status(order, "confirmed").await;
    assert_eq!(shop.stock(RING).await, (4, 2));
    assert_eq!(charges(&shop).await, 1);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_put_into_one_cart_at_once_are_all_in_it() {
    let shop = TestShop::open().await;
    for _ in 0..5 {
        let mut ada = shop.shopper();
        ada.add(RING, "1", "").await.expect_ok();
        let [mut one, mut two, mut three] = [(); 3].map(|()| other_tab(&shop, &ada));
        let added = tokio::join!(
            one.add(RING, "1", ""),
            two.add(RING, "1", ""),
            three.add(RING, "1", "")
        );
        for answer in [added.0, added.1, added.2] {
            answer.expect_ok();
        }
        assert_eq!(ada.cart_lines().await, [(RING.to_owned(), 4)]);
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_total_than_the_shopper_saw_places_nothing() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "1", "For you").await.expect_ok();
    let order = new_order_id();
    let seen = RING_PRICE - 1;
    let problem = ada.place(order, GOOD_CARD, seen).await.problem(409);
    assert!(problem.is("price-changed"), "{problem:?}");
    assert!(problem.detail.contains("2,490.00"), "{problem:?}");
    assert_eq!(ada.cart_lines().await, [(RING.to_owned(), 1)]);
    assert_eq!(shop.number("select count(*) from orders").await, 0);
    // The same form again, with the total that is true.
    ada.place(order, GOOD_CARD, RING_PRICE).await.expect_ok();
    shop.until_status(order, "confirmed").await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_order_does_not_exist() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, "", RING_PRICE).await;
    shop.until_status(order, "awaiting_payment").await;

    let mut eve = shop.shopper();
    eve.add(RING, "1", "").await.expect_ok();
    let page = eve.get(&format!("/orders/{order}")).await;
    assert_eq!(page.status, 404);
    assert!(!page.body.contains("Ada Lovelace"));
    eve.pay(order, GOOD_CARD).await.problem(404);
    eve.cancel(order).await.problem(404);
    let (theirs, none) = (
        format!("order:{order}"),
        format!("order:{}", new_order_id()),
    );
    for client in [&eve, &shop.shopper()] {
        let mut socket = client.socket().await;
        socket.subscribe(&[&theirs, &none], 0).await;
        let (topic, detail) = socket.next_error().await;
        assert_eq!(topic.map(|topic| topic.to_string()).as_ref(), Some(&theirs));
        // It looks the same as one that never was.
        assert_eq!(socket.next_error().await.1, detail);
    }
    shop.until_status(order, "awaiting_payment").await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_comes_back_with_its_position_misses_nothing() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, BAD_CARD, RING_PRICE).await;
    let mut socket = ada.socket().await;
    let mut known = socket.follow(order, 0).await;
    let awaiting = OrderStatus::AwaitingPayment;
    socket.until(&mut known, awaiting).await;
    drop(socket);

    shop.until_status(order, "awaiting_payment").await;
    ada.pay(order, GOOD_CARD).await.expect_ok();
    shop.until_status(order, "confirmed").await;

    let mut socket = ada.socket().await;
    let missed = socket.follow(order, known.position).await;
    assert_eq!(
        missed.steps(),
        [
            StepKind::PaymentRequested,
            StepKind::PaymentAuthorized,
            StepKind::Confirmed
        ],
        "what was missed and nothing that was known"
    );
    known.progress.merge(&missed.progress.clone().into());
    let whole = socket.follow(order, 0).await;
    assert_eq!(known.progress.steps, whole.progress.steps);
    assert_eq!(known.progress.status, whole.progress.status);

    // A position of another log, from the future: everything comes anew.
    let anew = socket.follow(order, u64::MAX / 2).await;
    assert_eq!(anew.progress, whole.progress);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_carts_and_sockets_outlive_a_restart() {
    let shop = TestShop::with(&["--test-gateway-delay-ms=300"]).await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    let mut socket = ada.socket().await;
    let mut known = socket.follow(order, 0).await;
    eventually("the reservation is on every page", async || {
        shop.sees_available(RING) == 3
    })
    .await;
    let mut onlooker = shop.shopper().socket().await;
    let (available, position) = watch_ring(&mut onlooker, 0).await;
    ada.add(RING, "2", "For later").await.expect_ok();
    let staff = shop.staff().await;

    // The server goes while the gateway is being asked.
    let shop = shop.reopened().await;
    assert_eq!(onlooker.until_end().await, Some(1013), "try again later");
    let mut ada = ada.at(shop.url());
    assert_eq!(ada.cart_lines().await, [(RING.to_owned(), 2)]);
    let mut socket = ada.socket().await;
    let later = socket.follow(order, known.position).await;
    known.position = known.position.max(later.position);
    known.progress.merge(&later.progress.clone().into());
    socket.until(&mut known, OrderStatus::Confirmed).await;
    assert_eq!(
        known.steps(),
        [
            StepKind::Placed,
            StepKind::Reserved,
            StepKind::PaymentRequested,
            StepKind::PaymentAuthorized,
            StepKind::Confirmed,
        ]
    );
    assert_eq!(charges(&shop).await, 1);

    let mut staff = staff.at(shop.url());
    staff.count(RING, 9).await.expect_ok();
    let mut onlooker = shop.shopper().socket().await;
    let was = watch_ring(&mut onlooker, position).await;
    // 4 on hand became 9: told by the snapshot or right after it.
    let now = match was.0 {
        after if after == available + 5 => after,
        _ => onlooker.until_available(available + 5).await.1.available,
    };
    assert_eq!(now, available + 5);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stock_correction_reaches_every_page() {
    let shop = TestShop::open().await;
    let mut onlooker = shop.shopper().socket().await;
    let (available, _) = watch_ring(&mut onlooker, 0).await;
    let mut staff = shop.staff().await;
    let mut desk = staff.socket().await;
    desk.subscribe(&["inventory", "events"], 0).await;
    let (_, _, levels) = desk.next_snapshot().await;
    let State::Inventory { levels } = levels else {
        panic!("expected the inventory, got {levels:?}")
    };
    let skus = shop.number("select count(*) from variants").await;
    assert_eq!(levels.len() as i64, skus);
    let (_, stream_position, _) = desk.next_snapshot().await;

    let level: Level = staff.count(RING, 11).await.expect_ok().json();
    assert_eq!((level.on_hand, level.allocated), (11, 0));

    onlooker.until_available(available + 7).await;
    let mut counted = None;
    let mut kinds = Vec::new();
    while counted.is_none() || !kinds.iter().any(|kind| kind == "stock.corrected") {
        match desk.next_change().await {
            (_, position, State::Inventory { levels }) => {
                // Of whom a SKU is ordered may be news from before.
                if position < level.position {
                    continue;
                }
                let ring = levels.into_iter().find(|l| l.sku.as_str() == RING);
                counted = ring.map(|ring| ring.level);
            }
            (_, position, State::Events { events }) => {
                // The demo's rules of restocking may still be coming in, those of before the snapshot, too.
                if position <= stream_position {
                    continue;
                }
                let kinds_of_stock = events.into_iter().map(|event| event.kind);
                kinds.extend(kinds_of_stock.filter(|kind| kind.starts_with("stock.")));
            }
            other => panic!("unexpected {other:?}"),
        }
    }
    assert_eq!(counted, Some(level));
    assert_eq!(kinds, ["stock.correction_requested", "stock.corrected"]);
    let page = staff.get("/admin/inventory").await.expect_ok();
    assert!(page.body.contains(RING));
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_below_what_is_promised_changes_nothing() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "3", "").await.expect_ok();
    let order = new_order_id();
    let total = 3 * RING_PRICE;
    ada.place(order, GOOD_CARD, total).await.expect_ok();
    shop.until_status(order, "confirmed").await;
    let mut staff = shop.staff().await;
    let problem = staff.count(RING, 2).await.problem(409);
    assert!(problem.is("promised"), "{problem:?}");
    assert_eq!(shop.stock(RING).await, (4, 3));
    staff.count(RING, 3).await.expect_ok();
    assert_eq!(shop.stock(RING).await, (3, 3));
    shop.until_seen(RING, 3).await;
    let mut late = shop.shopper();
    let problem = late.add(RING, "1", "").await.problem(409);
    assert!(problem.is("sold-out"), "{problem:?}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_counts_from_an_old_page_is_told_and_replaces_nothing() {
    let shop = TestShop::open().await;
    let (mut ada, mut eve) = (shop.staff().await, shop.staff().await);
    ada.count_seen(RING, 8, "4").await.expect_ok();
    let told = eve.count_seen(RING, 10, "4").await.problem(409);
    assert!(told.is("counted-meanwhile"), "{told:?}");
    assert!(told.detail.contains("to 8 meanwhile"), "{told:?}");
    assert_eq!(shop.stock(RING).await, (8, 0));
    eve.count_seen(RING, 10, "8").await.expect_ok();
    assert_eq!(shop.stock(RING).await, (10, 0));
    let unclear = eve.count_seen(RING, 10, "many").await.problem(400);
    assert!(unclear.detail.contains("seen"), "{unclear:?}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_staff_see_and_change_the_inventory() {
    let shop = TestShop::open().await;
    let mut eve = shop.shopper();
    eve.add(RING, "1", "").await.expect_ok();
    let mut socket = eve.socket().await;
    socket.subscribe(&["inventory", "events"], 0).await;
    for topic in ["inventory", "events"] {
        let (refused, detail) = socket.next_error().await;
        assert_eq!(refused.map(|t| t.to_string()).as_deref(), Some(topic));
        assert!(detail.contains("Sign in"), "{detail}");
    }
    eve.count(RING, 99).await.problem(401);
    let page = eve.get("/admin/inventory").await;
    assert!(
        page.location() == Some("/admin/sign-in") || page.status == 401,
        "{page:?}"
    );
    let form = [
        ("email", crate::shop::EMAIL),
        ("password", "a wrong password"),
    ];
    let answer = eve.post("/admin/session", &form).await;
    let location = answer.location().unwrap_or_default().to_owned();
    assert_eq!(location, "/admin/sign-in", "{answer:?}");
    assert!(!eve.has_cookie("session"));

    // A session that was ended is worth nothing, on any tab.
    let mut staff = shop.staff().await;
    let session = staff.cookie("session").expect("a session").to_owned();
    staff.post("/admin/session/end", &[]).await;
    assert!(!staff.has_cookie("session"), "the browser forgets it");
    staff.set_cookie("session", &session);
    let problem: Problem = staff.count(RING, 99).await.problem(401);
    assert!(problem.is("not-signed-in"), "{problem:?}");
    assert_eq!(shop.stock(RING).await, (4, 0));
    shop.closed().await;
}

/// The whole purchase as a browser without JavaScript makes it.
#[tokio::test(flavor = "multi_thread")]
async fn plain_forms_alone_buy_a_ring() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let form = [("sku", RING), ("quantity", "1"), ("gift_note", "")];
    let added = ada.submit("/api/add_to_cart", &form).await;
    assert_eq!(added.location(), Some("/cart"), "{added:?}");
    let page = ada.get("/cart").await.expect_ok();
    assert!(page.body.contains("Vega"), "{}", page.body);
    let page = ada.get("/checkout").await.expect_ok();
    let order = value_of(&page.body, "order_id").expect("the form holds the order's id");

    let form = [
        ("order_id", order),
        ("email", "ada@example.com"),
        ("name", "Ada Lovelace"),
        ("street", "Main Street 1"),
        ("postal_code", "10115"),
        ("city", "Berlin"),
        ("country", "DE"),
        ("delivery", "standard"),
        ("expected_total_minor_standard", "249000"),
        ("expected_total_minor_express", "250490"),
    ];
    let placed = ada.submit("/api/place_order", &form).await;
    let address = format!("/orders/{order}");
    assert_eq!(placed.location(), Some(address.as_str()), "{placed:?}");
    let order = order.parse().expect("an order id");
    shop.until_status(order, "awaiting_payment").await;

    let card = [
        ("number", "4242 4242 4242 4242"),
        ("expiry", "12 / 40"),
        ("cvc", "123"),
    ];
    let door = format!("/test-gateway/tokens?return_to={address}");
    let shown = ada.submit(&door, &card).await;
    assert_eq!(shown.location(), Some(address.as_str()), "{shown:?}");
    assert!(!format!("{shown:?}").contains("424242"), "{shown:?}");
    let page = ada.get(&address).await.expect_ok();
    let token = value_of(&page.body, "payment_token").expect("the page offers to pay with it");
    let form = [("order_id", &*order.to_string()), ("payment_token", token)];
    let paid = ada.submit("/api/pay_order", &form).await;
    assert_eq!(paid.location(), Some(address.as_str()), "{paid:?}");
    shop.until_status(order, "confirmed").await;
    eventually("one charge", async || charges(&shop).await == 1).await;
    // The card was given once: the page knows nothing of it any more, and no address offers one.
    for again in [
        address.clone(),
        format!("{address}?payment_token={token}&last4=4242"),
    ] {
        let page = ada.get(&again).await.expect_ok();
        assert!(!page.body.contains(token), "{again}");
    }
    shop.closed().await;
}

/// The value of the page's first input of a name.
fn value_of<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let marker = format!("name=\"{name}\"");
    let input = (page.split("<input"))
        .filter_map(|rest| rest.split('>').next())
        .find(|input| input.contains(&marker))?;
    let (_, rest) = input.split_once("value=\"")?;
    rest.split('"').next()
}
