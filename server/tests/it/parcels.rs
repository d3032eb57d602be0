//! A paid order on its way: packed and sent in parts, collected, cancelled, given back.

use types::order::{CancelledBy, OrderStatus, StepKind};
use types::{OrderId, Problem};
use uuid::Uuid;

use crate::carriers::desk;
use crate::client::{Answer, Client};
use crate::replay::command;
use crate::shop::{RING, RING_PRICE, TestShop, eventually};

const GOOD_CARD: &str = "pm_card_visa";

fn new_id() -> String {
    Uuid::now_v7().to_string()
}

/// Packs so many rings into a parcel.
pub async fn pack(staff: &mut Client, order: OrderId, parcel: &str, rings: u32) -> Answer {
    let (order, rings) = (order.to_string(), rings.to_string());
    let form = [
        ("order_id", &*order),
        ("shipment_id", parcel),
        ("lines[0][sku]", RING),
        ("lines[0][quantity]", &*rings),
    ];
    staff.post("/api/pack_order", &form).await
}

pub async fn ship(staff: &mut Client, order: OrderId, parcel: &str, tracking: &str) -> Answer {
    let order = order.to_string();
    let form = [
        ("order_id", &*order),
        ("shipment_id", parcel),
        ("tracking_number", tracking),
    ];
    staff.post("/api/ship_order", &form).await
}

pub async fn end(staff: &mut Client, order: OrderId, parcel: &str, outcome: &str) -> Answer {
    let order = order.to_string();
    let form = [
        ("order_id", &*order),
        ("shipment_id", parcel),
        ("outcome", outcome),
    ];
    staff.post("/api/end_shipment", &form).await
}

pub async fn refund(staff: &mut Client, order: OrderId, id: &str, amount: &str) -> Answer {
    let order = order.to_string();
    let form = [
        ("order_id", &*order),
        ("refund_id", id),
        ("amount", amount),
        ("reason", "A scratch"),
    ];
    staff.post("/api/refund_order", &form).await
}

impl TestShop {
    /// Minor units that the gateway has moved.
    async fn moved(&self, kind: &str) -> i64 {
        self.ledger().await.moved(kind)
    }

    pub async fn until_moved(&self, kind: &str, minor: i64) {
        eventually(&format!("{kind} of {minor}"), async || {
            self.moved(kind).await == minor
        })
        .await;
    }

    /// Rings on hand and allocated.
    async fn rings(&self) -> (i64, i64) {
        let column = async |name| {
            let sql = format!("select {name} from stock where sku = '{RING}'");
            self.number(&sql).await
        };
        (column("on_hand").await, column("allocated").await)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_leaves_in_two_parcels_and_the_shopper_follows_each() {
    let shop = TestShop::with(&[]).await;
    let mut ada = shop.shopper();
    ada.add(RING, "3", "").await.expect_ok();
    let order = crate::client::new_order_id();
    ada.place(order, GOOD_CARD, 3 * RING_PRICE)
        .await
        .expect_ok();
    shop.until_status(order, "confirmed").await;
    let mut socket = ada.socket().await;
    let mut followed = socket.follow(order, 0).await;
    socket.until(&mut followed, OrderStatus::Confirmed).await;
    let (on_hand, allocated) = shop.rings().await;
    assert_eq!(allocated, 3);

    let mut staff = shop.staff().await;
    let (first, second) = (new_id(), new_id());
    pack(&mut staff, order, &first, 2).await.expect_ok();
    socket.until(&mut followed, OrderStatus::Packed).await;
    // Sent twice, it is packed once.
    pack(&mut staff, order, &first, 2).await.expect_ok();
    let refused = pack(&mut staff, order, &second, 2).await.problem(409);
    assert!(refused.detail.contains("only 1"), "{refused:?}");
    assert_eq!(shop.moved("capture").await, 0, "nothing has left");

    ship(&mut staff, order, &first, "JD 0146").await.expect_ok();
    socket
        .until(&mut followed, OrderStatus::PartlyShipped)
        .await;
    shop.until_moved("capture", 2 * RING_PRICE).await;
    eventually("the stock follows the parcel", async || {
        shop.rings().await == (on_hand - 2, 1)
    })
    .await;
    let sent = followed.steps().pop();
    let Some(StepKind::Shipped {
        parcel: 1,
        pieces: 2,
        tracking: Some(tracking),
        replaces: None,
    }) = sent
    else {
        panic!("the parcel with its number, and not {sent:?}");
    };
    assert_eq!(tracking.number, "JD 0146");

    pack(&mut staff, order, &second, 1).await.expect_ok();
    ship(&mut staff, order, &second, "").await.expect_ok();
    socket.until(&mut followed, OrderStatus::Shipped).await;
    shop.until_moved("capture", 3 * RING_PRICE).await;
    end(&mut staff, order, &first, "delivered")
        .await
        .expect_ok();
    end(&mut staff, order, &second, "came_back")
        .await
        .expect_ok();
    // Until somebody has looked at what came back, it is not on sale.
    socket.until(&mut followed, OrderStatus::CameBack).await;
    assert_eq!(shop.rings().await, (on_hand - 3, 0));
    let came = [(RING, "1", "0")];
    crate::astray::give_up(&mut staff, order, &second, &came, "0")
        .await
        .expect_ok();
    socket.until(&mut followed, OrderStatus::Delivered).await;
    eventually("what came back is on the shelf", async || {
        shop.rings().await == (on_hand - 2, 0)
    })
    .await;
    let told: Problem = end(&mut staff, order, &first, "lost").await.problem(409);
    assert!(told.detail.contains("known already"), "{told:?}");

    // Its page tells all of it, also to a browser without script.
    let page = ada.get(&format!("/orders/{order}")).await.body;
    for words in [
        "Your order has arrived",
        "JD 0146",
        "Came back to us",
        "Parcel 2: 1 piece",
    ] {
        assert!(page.contains(words), "{words}");
    }
    let story = shop
        .staff()
        .await
        .get(&format!("/admin/events?of={order}"))
        .await
        .body;
    assert!(story.contains("parcel 1 has left: JD 0146"), "{story}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_given_back_once_and_never_more_than_was_collected() {
    let shop = TestShop::with(&[]).await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    let mut staff = shop.staff().await;
    let none = refund(&mut staff, order, &new_id(), "1").await.problem(409);
    assert!(none.detail.contains("Nothing"), "{none:?}");
    let parcel = new_id();
    pack(&mut staff, order, &parcel, 1).await.expect_ok();
    ship(&mut staff, order, &parcel, "").await.expect_ok();
    shop.until_moved("capture", RING_PRICE).await;
    eventually("the order knows of the money", async || {
        let collected = "select count(*) from events where type = 'payment.captured'";
        shop.number(collected).await == 1
    })
    .await;

    let id = new_id();
    for _ in 0..3 {
        refund(&mut staff, order, &id, "20.50").await.expect_ok();
    }
    shop.until_moved("refund", 2_050).await;
    let much = (RING_PRICE - 2_049) / 100 + 1;
    let refused = refund(&mut staff, order, &new_id(), &much.to_string()).await;
    let refused = refused.problem(409);
    assert!(refused.detail.starts_with("At most"), "{refused:?}");
    for bad in ["", "0", "-5", "1,50", "all"] {
        let refused = refund(&mut staff, order, &new_id(), bad).await.problem(422);
        assert!(refused.field("amount").is_some(), "{bad}: {refused:?}");
    }
    let mut socket = ada.socket().await;
    let followed = socket.follow(order, 0).await;
    let given_back = |step: &&StepKind| matches!(step, StepKind::Refunded { .. });
    assert_eq!(followed.steps().iter().filter(given_back).count(), 1);
    assert_eq!(
        followed.progress.status,
        OrderStatus::Shipped,
        "a refund moves no parcel"
    );
    assert_eq!(shop.moved("refund").await, 2_050);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_order_is_cancelled_until_it_is_packed_and_costs_nothing() {
    let shop = TestShop::with(&[]).await;
    let (on_hand, _) = shop.rings().await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    let id = order.to_string();
    ada.post("/api/cancel_order", &[("order_id", &id)])
        .await
        .expect_ok();
    shop.until_status(order, "cancelled").await;
    eventually("the ring is back and the money let go", async || {
        shop.rings().await == (on_hand, 0) && shop.ledger().await.count("voided") == 1
    })
    .await;
    assert_eq!(ada.cart_lines().await, [], "a change of mind fills no cart");

    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    let mut staff = shop.staff().await;
    let parcel = new_id();
    pack(&mut staff, order, &parcel, 1).await.expect_ok();
    let id = order.to_string();
    let cancel = [("order_id", &*id)];
    let late = ada.post("/api/cancel_order", &cancel).await.problem(409);
    assert!(late.detail.contains("packed already"), "{late:?}");
    // Staff can still open the parcel.
    staff
        .post("/api/cancel_for_shopper", &cancel)
        .await
        .expect_ok();
    let mut socket = ada.socket().await;
    let mut followed = socket.follow(order, 0).await;
    socket.until(&mut followed, OrderStatus::Cancelled).await;
    let by = CancelledBy::Staff;
    assert_eq!(followed.steps().last(), Some(&StepKind::Cancelled { by }));
    let refused = ship(&mut staff, order, &parcel, "").await.problem(409);
    assert!(
        refused.detail.contains("paid and not cancelled"),
        "{refused:?}"
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_staff_moves_a_parcel_or_money() {
    let shop = TestShop::with(&[]).await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    let id = new_id();
    pack(&mut ada, order, &id, 1).await.problem(401);
    ship(&mut ada, order, &id, "").await.problem(401);
    end(&mut ada, order, &id, "delivered").await.problem(401);
    refund(&mut ada, order, &id, "1").await.problem(401);
    let order_id = order.to_string();
    for path in [
        "/api/unpack_order",
        "/api/cancel_for_shopper",
        "/api/capture_again",
    ] {
        let form = [("order_id", &*order_id), ("shipment_id", &*id)];
        ada.post(path, &form).await.problem(401);
    }
    let mut staff = shop.staff().await;
    let stranger = crate::client::new_order_id();
    pack(&mut staff, stranger, &id, 1).await.problem(404);
    end(&mut staff, order, &id, "eaten").await.problem(400);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_collects_at_once_gives_it_all_back_with_a_cancellation() {
    let shop = TestShop::with(&["--capture=confirmation"]).await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_moved("capture", RING_PRICE).await;
    let id = order.to_string();
    ada.post("/api/cancel_order", &[("order_id", &id)])
        .await
        .expect_ok();
    shop.until_moved("refund", RING_PRICE).await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_collected_at_once_for_a_rest_that_is_given_up_is_paid_back() {
    let shop = TestShop::with(&["--capture=confirmation"]).await;
    let mut ada = shop.shopper();
    ada.add(RING, "1", "").await.expect_ok();
    let order = ada.order(RING, GOOD_CARD, 2 * RING_PRICE).await;
    shop.until_moved("capture", 2 * RING_PRICE).await;
    let mut staff = shop.staff().await;
    let parcel = new_id();
    pack(&mut staff, order, &parcel, 1).await.expect_ok();
    ship(&mut staff, order, &parcel, "").await.expect_ok();
    let id = order.to_string();
    staff
        .post("/api/cancel_for_shopper", &[("order_id", &id)])
        .await
        .expect_ok();
    shop.until_moved("refund", RING_PRICE).await;
    assert_eq!(shop.moved("capture").await, 2 * RING_PRICE);
    let page = ada.get(&format!("/orders/{order}")).await.body;
    assert!(page.contains("you do not pay for it"), "{page}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_give_money_back_in_the_same_moment_one_does_and_the_other_is_told() {
    let shop = TestShop::with(&["--capture=confirmation"]).await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_moved("capture", RING_PRICE).await;
    eventually("the order knows of the money", async || {
        let collected = "select count(*) from events where type = 'payment.captured'";
        shop.number(collected).await == 1
    })
    .await;
    let version = desk(&shop, order).await.version.to_string();
    let id = order.to_string();
    let mut tries = Vec::new();
    for _ in 0..4 {
        let mut staff = shop.staff().await;
        let (id, version) = (id.clone(), version.clone());
        tries.push(async move {
            let refund_id = new_id();
            let form = [
                ("order_id", &*id),
                ("expected", &*version),
                ("refund_id", &*refund_id),
                ("amount", "20"),
                ("reason", "A scratch"),
            ];
            staff.post("/api/refund_order", &form).await
        });
    }
    let mut answers = futures::future::join_all(tries).await;
    answers.sort_by_key(|answer| answer.status);
    answers.remove(0).expect_ok();
    for answer in answers {
        let told = answer.problem(409);
        assert!(told.is("changed-meanwhile"), "{told:?}");
    }
    shop.until_moved("refund", 2_000).await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_come_back_are_sold_again_or_written_off_and_their_money_is_given_back() {
    let shop = TestShop::with(&[]).await;
    let (on_hand, _) = shop.rings().await;
    let mut ada = shop.shopper();
    ada.add(RING, "2", "").await.expect_ok();
    let order = crate::client::new_order_id();
    ada.place(order, GOOD_CARD, 2 * RING_PRICE)
        .await
        .expect_ok();
    shop.until_status(order, "confirmed").await;
    let mut staff = shop.staff().await;
    let (parcel, back) = (new_id(), new_id());
    let id = order.to_string();
    let ask = |quantity: &'static str, back: &str| {
        [
            ("order_id", id.clone()),
            ("return_id", back.to_owned()),
            ("lines[0][sku]", RING.to_owned()),
            ("lines[0][quantity]", quantity.to_owned()),
            ("lines[0][reason]", "does_not_fit".to_owned()),
        ]
    };
    async fn post(client: &mut Client, path: &str, form: &[(&str, String)]) -> Answer {
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, &**value)).collect();
        client.post(path, &form).await
    }
    let early = post(&mut ada, "/api/ask_return", &ask("1", &back))
        .await
        .problem(409);
    assert!(early.detail.contains("has arrived"), "{early:?}");
    pack(&mut staff, order, &parcel, 2).await.expect_ok();
    ship(&mut staff, order, &parcel, "").await.expect_ok();
    end(&mut staff, order, &parcel, "delivered")
        .await
        .expect_ok();
    shop.until_moved("capture", 2 * RING_PRICE).await;
    let page = ada.get(&format!("/orders/{order}")).await.body;
    assert!(page.contains("Send something back"), "{page}");

    let mut bob = shop.shopper();
    post(&mut bob, "/api/ask_return", &ask("1", &back))
        .await
        .problem(404);
    for _ in 0..2 {
        post(&mut ada, "/api/ask_return", &ask("2", &back))
            .await
            .expect_ok();
    }
    let refused = post(&mut ada, "/api/ask_return", &ask("1", &new_id()))
        .await
        .problem(409);
    assert!(
        refused.detail.contains("Vega Solitaire Ring"),
        "{refused:?}"
    );
    let page = ada.get(&format!("/orders/{order}")).await.body;
    assert!(!page.contains("Send something back"), "nothing is left");
    // Who is to send something back has an address until it is there.
    let erase = ["person", "erase", "ada@example.com", "--yes"];
    let early = command(&shop, &erase).await.expect_err("a return is open");
    assert!(early.contains("a return that is not at its end"), "{early}");
    let answer = [
        ("order_id", id.clone()),
        ("return_id", back.clone()),
        ("answer", "accept".into()),
    ];
    post(&mut ada, "/api/answer_return", &answer)
        .await
        .problem(401);
    let label = format!("/orders/{order}/returns/1");
    assert_eq!(ada.get(&label).await.status, 404, "not accepted yet");
    post(&mut staff, "/api/answer_return", &answer)
        .await
        .expect_ok();
    let page = ada.get(&format!("/orders/{order}")).await.body;
    assert!(page.contains(&label), "{page}");
    let shown = ada.get(&label).await.expect_ok().body;
    assert!(
        shown.contains("Example Street") && shown.contains("2 pieces"),
        "{shown}"
    );
    assert_eq!(
        bob.get(&label).await.status,
        404,
        "of somebody else's order"
    );
    let amount = format!("{}", RING_PRICE / 100);
    let came = [
        ("order_id", id.clone()),
        ("return_id", back.clone()),
        ("lines[0][sku]", RING.to_owned()),
        ("lines[0][restocked]", "1".to_owned()),
        ("lines[0][written_off]", "1".to_owned()),
        ("amount", amount),
    ];
    post(&mut ada, "/api/receive_return", &came)
        .await
        .problem(401);
    eventually("the money is known to be collected", async || {
        let collected = "select count(*) from events where type = 'payment.captured'";
        shop.number(collected).await == 1
    })
    .await;
    post(&mut staff, "/api/receive_return", &came)
        .await
        .expect_ok();
    shop.until_moved("refund", RING_PRICE / 100 * 100).await;
    eventually("one of two is on the shelf", async || {
        shop.rings().await == (on_hand - 1, 0)
    })
    .await;
    let page = ada.get(&format!("/orders/{order}")).await.body;
    assert!(page.contains("Return 1: arrived with us"), "{page}");
    shop.closed().await;
}

/// Whoever comes first in the log has it; the other one is told.
#[tokio::test(flavor = "multi_thread")]
async fn two_who_do_what_excludes_the_other_at_once_do_it_once() {
    let shop = TestShop::with(&[]).await;
    let (on_hand, _) = shop.rings().await;
    let mut ada = shop.shopper();
    let mut one = shop.staff().await;
    let mut two = shop.staff().await;
    let both = |statuses: [u16; 2]| {
        let done = statuses.iter().filter(|status| **status == 200).count();
        let refused = statuses.iter().filter(|status| **status == 409).count();
        assert_eq!((done, refused), (1, 1), "{statuses:?}");
    };

    // The same piece, into two parcels.
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    let (first, second) = (new_id(), new_id());
    let (a, b) = tokio::join!(
        pack(&mut one, order, &first, 1),
        pack(&mut two, order, &second, 1)
    );
    both([a.status, b.status]);
    let parcel = if a.status == 200 { &first } else { &second };

    // The same parcel, off twice.
    let (a, b) = tokio::join!(
        ship(&mut one, order, parcel, ""),
        ship(&mut two, order, parcel, "")
    );
    both([a.status, b.status]);
    shop.until_moved("capture", RING_PRICE).await;
    eventually("the order knows of the money", async || {
        let collected = "select count(*) from events where type = 'payment.captured'";
        shop.number(collected).await == 1
    })
    .await;

    // More than half of the money, twice.
    let much = (RING_PRICE / 200 + 1).to_string();
    let (first, second) = (new_id(), new_id());
    let (a, b) = tokio::join!(
        refund(&mut one, order, &first, &much),
        refund(&mut two, order, &second, &much)
    );
    both([a.status, b.status]);
    shop.until_moved("refund", (RING_PRICE / 200 + 1) * 100)
        .await;

    // The shopper's change of mind, and the parcel.
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    let (id, parcel) = (order.to_string(), new_id());
    let cancel = [("order_id", &*id)];
    let (packed, cancelled) = tokio::join!(
        pack(&mut one, order, &parcel, 1),
        ada.post("/api/cancel_order", &cancel)
    );
    both([packed.status, cancelled.status]);
    let allocated = i64::from(packed.status == 200);
    eventually("the ring is in the parcel or on the shelf", async || {
        shop.rings().await == (on_hand - 1, allocated)
    })
    .await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_staff_type_of_parcels_and_money_is_looked_at() {
    let shop = TestShop::with(&[]).await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    let mut staff = shop.staff().await;
    let parcel = new_id();
    pack(&mut staff, order, &parcel, 1).await.expect_ok();
    for bad in ["<b>1</b>", "1\u{202e}2", &"1".repeat(61)] {
        let refused = ship(&mut staff, order, &parcel, bad).await.problem(422);
        assert!(
            refused.field("tracking_number").is_some(),
            "{bad}: {refused:?}"
        );
    }
    let id = order.to_string();
    for quantity in ["-1", "1.5", "one", "99999999999"] {
        let (other, form) = (new_id(), quantity);
        let form = [
            ("order_id", &*id),
            ("shipment_id", &*other),
            ("lines[0][sku]", RING),
            ("lines[0][quantity]", form),
        ];
        let refused = staff.post("/api/pack_order", &form).await.problem(422);
        assert!(
            refused.field("quantity").is_some(),
            "{quantity}: {refused:?}"
        );
    }
    let long = "x".repeat(201);
    let unseen = [
        "",
        " ",
        "\u{200b}",
        "\u{2800}",
        "a\u{7}b",
        "\u{202e}abc",
        &long,
    ];
    // The log keeps it when who ordered is erased.
    let of_persons = [
        "for Ada",
        "as agreed with lovelace.",
        "told ada@example.com",
    ];
    for reason in unseen.into_iter().chain(of_persons) {
        let refund_id = new_id();
        let form = [
            ("order_id", &*id),
            ("refund_id", &*refund_id),
            ("amount", "1"),
            ("reason", reason),
        ];
        let refused = staff.post("/api/refund_order", &form).await.problem(422);
        assert!(refused.field("reason").is_some(), "{reason:?}: {refused:?}");
    }
    shop.closed().await;
}
