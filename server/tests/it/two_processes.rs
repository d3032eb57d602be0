//! Two processes of one shop on one database: what people do in the same moment through both is done once, and
//! whoever comes second is told.

use futures::future::join_all;
use server::Running;
use types::OrderId;
use uuid::Uuid;

use crate::carriers::desk;
use crate::client::{Answer, Client, new_order_id};
use crate::shop::{RING, RING_PRICE, TestShop, eventually};

const GOOD_CARD: &str = "pm_card_visa";
/// Requests at once.
const AT_ONCE: usize = 8;

/// A shop with a second process beside it, and where that is reached.
struct Pair {
    shop: TestShop,
    beside: Running,
    url: String,
}

impl Pair {
    async fn open(settings: &[&str]) -> Self {
        let shop = TestShop::with(settings).await;
        let beside = shop.beside().await;
        let url = beside.url.clone();
        Self { shop, beside, url }
    }

    /// Every other one comes through the other process.
    fn spread(&self, client: Client, at: usize) -> Client {
        match at % 2 {
            0 => client,
            _ => client.at(&self.url),
        }
    }

    async fn staff(&self) -> Vec<Client> {
        let mut staff = Vec::new();
        for at in 0..AT_ONCE {
            staff.push(self.spread(self.shop.staff().await, at));
        }
        staff
    }

    async fn close(self) {
        self.beside.stop().await;
        self.shop.closed().await;
    }

    async fn happened(&self, kind: &str, order: OrderId) -> i64 {
        let sql = format!("select count(*) from events where type = '{kind}' and key = '{order}'");
        self.shop.number(&sql).await
    }
}

/// The same form, by everybody at once.
async fn all_post(
    staff: Vec<Client>,
    path: &str,
    form: impl Fn(usize) -> Vec<(&'static str, String)>,
) -> Vec<Answer> {
    let posts = staff.into_iter().enumerate().map(|(at, mut client)| {
        let form = form(at);
        async move {
            let form: Vec<(&str, &str)> = form.iter().map(|(name, it)| (*name, &**it)).collect();
            client.post(path, &form).await
        }
    });
    join_all(posts).await
}

/// One is done, and every other one is told what has changed.
fn one_of(mut answers: Vec<Answer>) {
    answers.sort_by_key(|answer| answer.status);
    answers.remove(0).expect_ok();
    for answer in answers {
        let told = answer.problem(409);
        assert!(told.is("changed-meanwhile"), "{told:?}");
        assert!(told.detail.starts_with("Meanwhile: #"), "{told:?}");
    }
}

fn new_id() -> String {
    Uuid::now_v7().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_who_pack_send_and_give_money_back_at_once_do_it_once() {
    let pair = Pair::open(&[]).await;
    let shop = &pair.shop;
    let mut ada = shop.shopper();
    ada.add(RING, "2", "").await.expect_ok();
    let order = new_order_id();
    ada.place(order, GOOD_CARD, 2 * RING_PRICE)
        .await
        .expect_ok();
    shop.until_status(order, "confirmed").await;

    // One of two pieces each: both parcels would fit the order.
    let seen = desk(shop, order).await.version.to_string();
    let ids: Vec<String> = (0..AT_ONCE).map(|_| new_id()).collect();
    let answers = all_post(pair.staff().await, "/api/pack_order", |at| {
        vec![
            ("order_id", order.to_string()),
            ("expected", seen.clone()),
            ("shipment_id", ids[at].clone()),
            ("lines[0][sku]", RING.to_owned()),
            ("lines[0][quantity]", "1".to_owned()),
        ]
    });
    one_of(answers.await);
    assert_eq!(pair.happened("shipment.packed", order).await, 1);

    let now = desk(shop, order).await;
    let (seen, parcel) = (now.version.to_string(), now.parcels[0].id.to_string());
    let answers = all_post(pair.staff().await, "/api/ship_order", |_| {
        vec![
            ("order_id", order.to_string()),
            ("expected", seen.clone()),
            ("shipment_id", parcel.clone()),
        ]
    });
    one_of(answers.await);
    shop.until_moved("capture", RING_PRICE).await;
    eventually("it is booked", async || {
        pair.happened("payment.captured", order).await == 1
    })
    .await;

    let seen = desk(shop, order).await.version.to_string();
    let answers = all_post(pair.staff().await, "/api/refund_order", |at| {
        vec![
            ("order_id", order.to_string()),
            ("expected", seen.clone()),
            ("refund_id", ids[at].clone()),
            ("amount", "20".to_owned()),
            ("reason", "A scratch".to_owned()),
        ]
    });
    one_of(answers.await);
    shop.until_moved("refund", 2_000).await;
    eventually("it is booked", async || {
        pair.happened("payment.refunded", order).await == 1
    })
    .await;
    assert_eq!(shop.ledger().await.moved("capture"), RING_PRICE);
    assert_eq!(shop.ledger().await.moved("refund"), 2_000);
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_sent_twice_through_both_is_done_once_and_answered_well() {
    let pair = Pair::open(&[]).await;
    let shop = &pair.shop;
    let mut ada = shop.shopper();
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    let (seen, parcel) = (desk(shop, order).await.version.to_string(), new_id());
    let answers = all_post(pair.staff().await, "/api/pack_order", |_| {
        vec![
            ("order_id", order.to_string()),
            ("expected", seen.clone()),
            ("shipment_id", parcel.clone()),
            ("lines[0][sku]", RING.to_owned()),
            ("lines[0][quantity]", "1".to_owned()),
        ]
    });
    for answer in answers.await {
        // Refused by the order itself, which has packed this very parcel.
        let is_known = answer.status == 409 && answer.body.contains("packed already");
        assert!(answer.status == 200 || is_known, "{answer:?}");
    }
    assert_eq!(pair.happened("shipment.packed", order).await, 1);
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_cart_becomes_one_order_however_often_its_button_is_pressed_at_once() {
    let pair = Pair::open(&[]).await;
    let shop = &pair.shop;
    for round in 0..3 {
        let mut ada = shop.shopper();
        ada.add(RING, "1", "").await.expect_ok();
        let cookie = ada.cookie("shopper").expect("a cookie").to_owned();
        let presses = (0..AT_ONCE).map(|at| {
            let mut tab = pair.spread(shop.shopper(), at);
            tab.set_cookie("shopper", &cookie);
            // Each tab has an id of its own, as its page has made it.
            async move { tab.place(new_order_id(), "", RING_PRICE).await }
        });
        let orders: Vec<OrderId> = (join_all(presses).await.into_iter())
            .map(|answer| answer.expect_ok().json())
            .collect();
        assert!(orders.iter().all(|it| *it == orders[0]), "{orders:?}");
        ada.get(&format!("/orders/{}", orders[0])).await.expect_ok();
        let placed = shop.number("select count(*) from orders").await;
        assert_eq!(placed, round + 1, "one order for one cart");
        assert_eq!(ada.cart_lines().await, []);
        // Without script the second press leads to the same page.
        let id = new_order_id().to_string();
        let total = RING_PRICE.to_string();
        let form = [
            ("order_id", id.as_str()),
            ("email", "ada@example.com"),
            ("name", "Ada Lovelace"),
            ("street", "Main Street 1"),
            ("postal_code", "10115"),
            ("city", "Berlin"),
            ("country", "DE"),
            ("delivery", "standard"),
            ("expected_total_minor_standard", &total),
        ];
        let again = ada.submit("/api/place_order", &form).await;
        let page = format!("/orders/{}", orders[0]);
        assert_eq!(again.location(), Some(&*page), "{again:?}");
        ada.cancel(orders[0]).await.expect_ok();
        shop.until_status(orders[0], "cancelled").await;
        // What came back into the cart is another order.
        eventually("the cart is back", async || {
            let lines = "select count(*) from carts";
            shop.number(lines).await == round + 1
        })
        .await;
    }
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_on_a_shelf_is_ordered_once_however_often_its_button_is_pressed_at_once() {
    let pair = Pair::open(&[]).await;
    let shop = &pair.shop;
    let mut staff = shop.staff().await;
    // Its drafts wait for nobody, and are approved at once.
    let supplier = [
        ("id", "sup-once"),
        ("name", "Once & Co"),
        ("email", "once@example.com"),
        ("gather_minutes", "0"),
        ("approve_up_to", "100000"),
        ("new", "yes"),
    ];
    let set = staff.post("/api/set_supplier", &supplier).await;
    set.expect_ok();
    let rule = [
        ("sku", RING),
        ("supplier", "sup-once"),
        ("threshold", "2"),
        ("up_to", "12"),
        ("pack_size", "1"),
        ("minimum", "1"),
        ("lead_time_days", "7"),
        ("unit_cost", "100"),
    ];
    staff.post("/api/set_restock_rule", &rule).await.expect_ok();
    let answers = all_post(pair.staff().await, "/api/order_suggested", |_| {
        vec![("sku", RING.to_owned())]
    })
    .await;
    let done = answers.iter().filter(|it| it.status == 200).count();
    assert_eq!(done, 1, "{answers:?}");
    for answer in answers.into_iter().filter(|it| it.status != 200) {
        let told = answer.problem(409);
        assert!(told.is("nothing-to-order"), "{told:?}");
    }
    let approved = "select count(*) from events where type = 'purchase_order.approved'";
    assert_eq!(shop.number(approved).await, 1);
    pair.close().await;
}
