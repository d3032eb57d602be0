//! Parcels that were lost or came back: sent again or paid back, told to whoever waits for them, and on paper.

use types::fulfilment::{Astray, ShipmentState};
use types::order::{OrderStatus, order_number};
use types::{OrderId, Problem};

use crate::client::{Answer, Client, new_order_id};
use crate::mails::{Read, files, told};
use crate::parcels::{end, pack, refund, ship};
use crate::shop::{EMAIL, PASSWORD, RING, RING_PRICE, TestShop, data, eventually};

const GOOD_CARD: &str = "pm_card_visa";

fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

async fn send_again(staff: &mut Client, order: OrderId, parcel: &str, other: &str) -> Answer {
    let form = [
        ("order_id", &*order.to_string()),
        ("shipment_id", parcel),
        ("replacement_id", other),
    ];
    staff.post("/api/send_again", &form).await
}

/// `came` is what came back: SKU, back on sale, written off.
pub async fn give_up(
    staff: &mut Client,
    order: OrderId,
    parcel: &str,
    came: &[(&str, &str, &str)],
    amount: &str,
) -> Answer {
    let order = order.to_string();
    let mut form = vec![
        ("order_id".to_owned(), order.as_str()),
        ("shipment_id".to_owned(), parcel),
        ("amount".to_owned(), amount),
    ];
    for (at, (sku, restocked, off)) in came.iter().enumerate() {
        form.push((format!("lines[{at}][sku]"), sku));
        form.push((format!("lines[{at}][restocked]"), restocked));
        form.push((format!("lines[{at}][written_off]"), off));
    }
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (&**name, *value)).collect();
    staff.post("/api/give_up_parcel", &form).await
}

/// An order of one ring whose parcel has left, collected, and what became of it.
async fn astray(shop: &TestShop, ada: &mut Client, outcome: &str) -> (OrderId, String) {
    let mut staff = shop.staff().await;
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    let parcel = new_id();
    pack(&mut staff, order, &parcel, 1).await.expect_ok();
    ship(&mut staff, order, &parcel, "JD 1").await.expect_ok();
    eventually("it is collected", async || {
        let sql = format!(
            "select count(*) from events where type = 'payment.captured' and key = '{order}'"
        );
        shop.number(&sql).await == 1
    })
    .await;
    // That it is on its way is not told once it is not.
    told(shop, order, 3).await;
    end(&mut staff, order, &parcel, outcome).await.expect_ok();
    told(shop, order, 4).await;
    (order, parcel)
}

async fn desk(shop: &TestShop, order: OrderId) -> types::desk::DeskOrder {
    let staff = shop.inner().sign_in(EMAIL, PASSWORD.to_owned()).await;
    let staff = staff.expect("signed in");
    shop.inner()
        .desk_order(&staff, order)
        .await
        .expect("an order")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_lost_is_sent_again_from_stock_and_paid_for_once() {
    let shop = TestShop::with(&[]).await;
    let mut ada = shop.shopper();
    let (on_hand, _) = shop.stock(RING).await;
    let (order, parcel) = astray(&shop, &mut ada, "lost").await;
    let mut socket = ada.socket().await;
    let mut followed = socket.follow(order, 0).await;
    socket.until(&mut followed, OrderStatus::Lost).await;
    let mut staff = shop.staff().await;
    let other = new_id();
    for _ in 0..2 {
        // Sent twice, it is packed once.
        send_again(&mut staff, order, &parcel, &other)
            .await
            .expect_ok();
    }
    socket.until(&mut followed, OrderStatus::SendingAgain).await;
    assert_eq!(shop.stock(RING).await, (on_hand - 1, 1));
    let refused = send_again(&mut staff, order, &parcel, &new_id()).await;
    let refused: Problem = refused.problem(409);
    assert!(refused.detail.contains("sent again already"), "{refused:?}");
    ship(&mut staff, order, &other, "JD 2").await.expect_ok();
    socket.until(&mut followed, OrderStatus::ShippedAgain).await;
    eventually("the stock follows", async || {
        shop.stock(RING).await == (on_hand - 2, 0)
    })
    .await;
    let page = ada.get(&format!("/orders/{order}")).await.body;
    for words in ["on its way again", "in place of parcel 1", "Reported lost"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    told(&shop, order, 5).await;
    end(&mut staff, order, &other, "delivered")
        .await
        .expect_ok();
    socket.until(&mut followed, OrderStatus::Delivered).await;
    assert_eq!(shop.ledger().await.moved("capture"), RING_PRICE);
    let number = order_number(order);
    let subjects = told(&shop, order, 6).await;
    assert_eq!(
        subjects[2..],
        [
            format!("Your order {number} is on its way"),
            format!("{number}: your parcel was lost"),
            format!("{number}: your parcel is on its way again"),
            format!("{number}: your parcel was delivered"),
        ]
    );
    let ended = "select count(*) from events where type = 'alert.changed' and data like \
                 '%parcel_astray%'";
    eventually("the alert ends, as somebody has decided", async || {
        shop.number(ended).await == 1
    })
    .await;
    // The first one arrives after all: the customer has two, and nobody would know.
    end(&mut staff, order, &parcel, "delivered")
        .await
        .expect_ok();
    let raised = "select count(*) from events where type = 'alert.raised' and data like \
                  '%parcel_turned_up%'";
    eventually("staff are told", async || shop.number(raised).await == 1).await;
    let page = staff.get(&format!("/admin/orders/{order}")).await.body;
    assert!(page.contains("has arrived after all"), "{page}");
    let alerts = staff.get("/admin/alerts").await.body;
    assert!(
        alerts.contains("A parcel settled as lost has arrived"),
        "{alerts}"
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_stock_it_says_what_is_missing_and_pays_back_instead() {
    let shop = TestShop::with(&[]).await;
    let mut ada = shop.shopper();
    let (order, parcel) = astray(&shop, &mut ada, "lost").await;
    shop.count(RING, 0).await;
    let mut staff = shop.staff().await;
    let refused = send_again(&mut staff, order, &parcel, &new_id()).await;
    let refused = refused.problem(409);
    assert!(refused.is("not-in-stock"), "{refused:?}");
    assert!(
        refused.detail.contains("0 of 1 Vega Solitaire Ring"),
        "{refused:?}"
    );
    let much = give_up(&mut staff, order, &parcel, &[], "2490.01").await;
    assert!(much.problem(422).field("amount").is_some());
    let none = give_up(&mut staff, order, &parcel, &[(RING, "1", "0")], "0").await;
    assert!(none.problem(409).detail.contains("Nothing of this parcel"));
    for _ in 0..2 {
        let done = give_up(&mut staff, order, &parcel, &[], "2490").await;
        done.expect_ok();
    }
    shop.until_moved("refund", RING_PRICE).await;
    let known = desk(&shop, order).await;
    assert_eq!(known.status, OrderStatus::Undelivered);
    assert_eq!(known.parcels[0].astray, Some(Astray::GivenUp));
    assert_eq!(shop.stock(RING).await, (0, 0));
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_back_waits_and_goes_out_again_or_onto_the_shelf_or_is_written_off() {
    let shop = TestShop::with(&[]).await;
    let mut ada = shop.shopper();
    let (on_hand, _) = shop.stock(RING).await;
    let (order, parcel) = astray(&shop, &mut ada, "came_back").await;
    assert_eq!(shop.stock(RING).await, (on_hand - 1, 0), "it waits");
    let mut staff = shop.staff().await;
    // The same piece: also when there is no other.
    shop.count(RING, 0).await;
    let other = new_id();
    send_again(&mut staff, order, &parcel, &other)
        .await
        .expect_ok();
    assert_eq!(shop.stock(RING).await, (1, 1));
    ship(&mut staff, order, &other, "").await.expect_ok();
    end(&mut staff, order, &other, "came_back")
        .await
        .expect_ok();
    let taken = give_up(&mut staff, order, &other, &[(RING, "0", "1")], "2490").await;
    taken.expect_ok();
    shop.until_moved("refund", RING_PRICE).await;
    assert_eq!(shop.stock(RING).await, (0, 0), "written off");
    assert_eq!(desk(&shop, order).await.status, OrderStatus::Undelivered);

    shop.count(RING, 1).await;
    let (order, parcel) = astray(&shop, &mut ada, "came_back").await;
    let taken = give_up(&mut staff, order, &parcel, &[(RING, "1", "0")], "0").await;
    taken.expect_ok();
    eventually("on sale again", async || shop.stock(RING).await == (1, 0)).await;
    let ledger =
        format!("select count(*) from stock_movements where sku = '{RING}' and kind = 'came_back'");
    shop.until_heard("stock_ledger").await;
    assert_eq!(shop.number(&ledger).await, 1);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_decide_in_the_same_moment_one_does_and_the_other_is_told() {
    let shop = TestShop::with(&[]).await;
    let mut ada = shop.shopper();
    let (order, parcel) = astray(&shop, &mut ada, "lost").await;
    let version = desk(&shop, order).await.version.to_string();
    let (mut one, mut two) = (shop.staff().await, shop.staff().await);
    let id = order.to_string();
    let (first, second) = (new_id(), new_id());
    let form = |other| {
        [
            ("order_id", id.as_str()),
            ("expected", version.as_str()),
            ("shipment_id", parcel.as_str()),
            ("replacement_id", other),
        ]
    };
    let (a, b) = (form(first.as_str()), form(second.as_str()));
    let (a, b) = tokio::join!(
        one.post("/api/send_again", &a),
        two.post("/api/send_again", &b)
    );
    let statuses = [a.status, b.status];
    assert!(
        statuses.contains(&409) && statuses.iter().any(|it| *it < 400),
        "{statuses:?}"
    );
    let parcels = desk(&shop, order).await.parcels;
    let packed = parcels
        .iter()
        .filter(|it| it.state == ShipmentState::Packed);
    assert_eq!(packed.count(), 1);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_corrected_before_it_is_sent_again_and_complaints_lose_nothing() {
    let shop = TestShop::with(&[]).await;
    let mut ada = shop.shopper();
    let (order, _) = astray(&shop, &mut ada, "came_back").await;
    let mut staff = shop.staff().await;
    let id = order.to_string();
    let form = |street: &'static str, country: &'static str| {
        [
            ("order_id", id.clone()),
            ("name", "Ada King".to_owned()),
            ("street", street.to_owned()),
            ("street_2", String::new()),
            ("postal_code", "10999".to_owned()),
            ("city", "Berlin".to_owned()),
            ("country", country.to_owned()),
        ]
    };
    let bad = form("", "XX");
    let bad = bad.each_ref().map(|(name, value)| (*name, value.as_str()));
    let refused = staff.post("/api/correct_address", &bad).await.problem(422);
    assert!(refused.field("street").is_some() && refused.field("country").is_some());
    let page = staff.submit("/api/correct_address", &bad).await;
    let page = staff.get(page.location().expect("a page")).await.body;
    assert!(
        page.contains("Ada King") && page.contains("Enter your street"),
        "{page}"
    );
    let good = form("Second Street 2", "DE");
    let good = good.each_ref().map(|(name, value)| (*name, value.as_str()));
    ada.post("/api/correct_address", &good).await.problem(401);
    staff.post("/api/correct_address", &good).await.expect_ok();
    let slip = format!("/admin/print/slips?order={order}");
    let slip = staff.get(&slip).await.expect_ok().body;
    assert!(
        slip.contains("Second Street 2") && slip.contains("Ada King"),
        "{slip}"
    );
    let leaked = "select count(*) from events where data like '%Second Street%'";
    assert_eq!(shop.number(leaked).await, 0, "not in the log");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slip_is_of_one_parcel_and_says_what_follows_and_what_was_sent() {
    let shop = TestShop::with(&[]).await;
    let mut ada = shop.shopper();
    ada.add(RING, "3", "").await.expect_ok();
    let order = new_order_id();
    ada.place(order, GOOD_CARD, 3 * RING_PRICE)
        .await
        .expect_ok();
    shop.until_status(order, "confirmed").await;
    let mut staff = shop.staff().await;
    let parcels = [new_id(), new_id()];
    pack(&mut staff, order, &parcels[0], 1).await.expect_ok();
    ship(&mut staff, order, &parcels[0], "").await.expect_ok();
    pack(&mut staff, order, &parcels[1], 1).await.expect_ok();
    let page = staff
        .get(&format!("/admin/print/slips?order={order}"))
        .await;
    let page = page.expect_ok().body;
    assert_eq!(
        page.matches("<article class=\"paper\">").count(),
        2,
        "{page}"
    );
    for words in [
        "Parcel 2",
        "1 in this parcel",
        "Still to be packed",
        "In another parcel",
        "Sent before, in parcel 1",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let one = format!("/admin/print/slips?order={order}&parcel={}", parcels[0]);
    let page = staff.get(&one).await.expect_ok().body;
    assert_eq!(page.matches("<article class=\"paper\">").count(), 1);
    assert!(
        page.contains("Parcel 1") && !page.contains("Sent before"),
        "{page}"
    );
    let pdf = one.replace("/slips?", "/slips.pdf?");
    let pdf = staff.request(reqwest::Method::GET, &pdf).send().await;
    let pdf = pdf.expect("an answer").bytes().await.expect("a PDF");
    assert!(String::from_utf8_lossy(&pdf).contains("/Count 1"));
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shopper_finds_the_invoice_and_each_credit_note_and_nobody_else_does() {
    let shop = TestShop::with(&[]).await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, "", RING_PRICE).await;
    shop.until_status(order, "awaiting_payment").await;
    let invoice = format!("/orders/{order}/invoice");
    assert_eq!(ada.get(&invoice).await.status, 404, "nothing is paid");
    let (order, parcel) = astray(&shop, &mut ada, "lost").await;
    let mut staff = shop.staff().await;
    refund(&mut staff, order, &new_id(), "20.50")
        .await
        .expect_ok();
    shop.until_moved("refund", 2_050).await;
    give_up(&mut staff, order, &parcel, &[], "2469.50")
        .await
        .expect_ok();
    shop.until_moved("refund", RING_PRICE).await;
    eventually("both are told", async || {
        let sql = format!(
            "select count(*) from events where type = 'payment.refunded' and key = '{order}'"
        );
        shop.number(&sql).await == 2
    })
    .await;
    let known = desk(&shop, order).await;
    let number = order_number(order).replace("V-", "");
    let numbers: Vec<String> = known
        .papers
        .credits
        .iter()
        .map(|(_, it)| it.clone())
        .collect();
    assert_eq!(
        numbers,
        [format!("CN-{number}-1"), format!("CN-{number}-2")]
    );

    let invoice = format!("/orders/{order}/invoice");
    let page = ada.get(&invoice).await.expect_ok().body;
    // 19 % of 2,490.00 are contained.
    for words in [
        &*format!("INV-{number}"),
        "€2,490.00",
        "€397.56",
        "€0.00",
        "€20.50",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let notes: Vec<String> = known
        .papers
        .credits
        .iter()
        .map(|(refund, _)| format!("/orders/{order}/credit-notes/{refund}"))
        .collect();
    let order_page = ada.get(&format!("/orders/{order}")).await.body;
    for link in notes.iter().chain([&invoice]) {
        assert!(order_page.contains(link), "{link}: {order_page}");
    }
    let plain = ada.get(&notes[0]).await.expect_ok().body;
    assert!(
        plain.contains(&numbers[0]) && plain.contains("€3.27"),
        "{plain}"
    );
    let parcel = ada.get(&notes[1]).await.expect_ok().body;
    assert!(
        parcel.contains("Parcel 1 did not arrive") && parcel.contains(RING),
        "{parcel}"
    );
    for pdf in [format!("{invoice}.pdf"), format!("{}/note.pdf", notes[1])] {
        let answer = ada
            .request(reqwest::Method::GET, &pdf)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.headers()["content-type"], "application/pdf", "{pdf}");
        assert!(answer.bytes().await.expect("a PDF").starts_with(b"%PDF-"));
    }
    let mut eve = shop.shopper();
    eve.get("/").await.expect_ok();
    for page in notes.iter().chain([&invoice]) {
        let answer = eve.get(page).await;
        assert_eq!(answer.status, 404, "{page}");
        assert!(!answer.body.contains("Lovelace"), "{page}");
    }
    eve.get(&format!("{invoice}.pdf")).await.problem(404);
    eve.get(&format!("{}/note.pdf", notes[0]))
        .await
        .problem(404);
    let both = staff
        .get(&format!("/admin/print/credit-notes?order={order}"))
        .await;
    assert_eq!(
        both.expect_ok()
            .body
            .matches("<article class=\"paper\">")
            .count(),
        2
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivered_parcel_is_told_with_its_own_pieces_alone() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "1", "").await.expect_ok();
    ada.add("AS-NOT-YG-54", "1", "").await.expect_ok();
    let order = new_order_id();
    let total = RING_PRICE + shop.price_of("AS-NOT-YG-54");
    ada.place(order, GOOD_CARD, total).await.expect_ok();
    shop.until_status(order, "confirmed").await;
    let mut staff = shop.staff().await;
    let parcel = new_id();
    pack(&mut staff, order, &parcel, 1).await.expect_ok();
    ship(&mut staff, order, &parcel, "").await.expect_ok();
    told(&shop, order, 3).await;
    end(&mut staff, order, &parcel, "delivered")
        .await
        .expect_ok();
    told(&shop, order, 4).await;
    let mails = files(&data(shop.scratch()));
    let mails = mails
        .iter()
        .map(|file| Read::new(&std::fs::read(file).expect("a mail")));
    let arrived = mails.filter(|mail| mail.subject.contains("was delivered"));
    let arrived: Vec<Read> = arrived.collect();
    let [arrived] = &*arrived else {
        panic!("{arrived:?}");
    };
    let (here, to_come) = arrived.text.split_once("Still to come").expect("the rest");
    assert!(
        here.contains("Vega Solitaire Ring") && !here.contains("Signet"),
        "{here}"
    );
    assert!(
        to_come.contains("Signet") && !to_come.contains("Vega"),
        "{to_come}"
    );
    shop.closed().await;
}
