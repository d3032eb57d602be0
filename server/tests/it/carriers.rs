//! The shop and a carrier: the built-in one, over its own door, with its own books, on good days and on bad ones.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use types::OrderId;
use types::desk::DeskOrder;
use types::fulfilment::{CarrierStatus, LabelState, Transit};
use types::order::{OrderStatus, StepKind};
use uuid::Uuid;

use crate::client::Client;
use crate::shop::{RING, RING_PRICE, TestShop, eventually};
use crate::webhooks::setting;

const GOOD_CARD: &str = "pm_card_visa";
pub const KEY: &str = "the key of the carrier in tests";

/// Who tells the carrier what happens.
pub struct Control {
    http: reqwest::Client,
    url: String,
}

/// A parcel as the carrier knows it.
#[derive(Debug, Clone, Deserialize)]
pub struct Known {
    /// The shop's own name for it.
    pub reference: String,
    pub tracking_number: String,
    pub status: CarrierStatus,
}

impl Control {
    pub fn of(shop: &TestShop) -> Self {
        Self::at(shop.carrier_url())
    }

    /// Of a carrier that knows [`KEY`].
    pub fn at(url: String) -> Self {
        let http = reqwest::Client::builder().no_proxy().build();
        Self {
            http: http.expect("a client"),
            url,
        }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> reqwest::Response {
        let request = self.http.request(method, format!("{}{path}", self.url));
        let request = request.bearer_auth(KEY);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.expect("an answer")
    }

    pub async fn faults(&self, faults: Value) {
        let answer = self.ask(Method::POST, "/control/faults", Some(faults));
        assert_eq!(answer.await.status(), 204);
    }

    pub async fn happen(&self, number: &str, status: CarrierStatus) -> u16 {
        let body = json!({ "status": status });
        let path = format!("/control/shipments/{number}");
        let answer = self.ask(Method::POST, &path, Some(body));
        answer.await.status().as_u16()
    }

    /// All parcels that the carrier has ever been asked for.
    pub async fn known(&self) -> Vec<Known> {
        let answer = self.ask(Method::GET, "/control/shipments", None).await;
        answer.json().await.expect("parcels")
    }

    async fn label_status(&self, number: &str) -> u16 {
        let path = format!("/v1/shipments/{number}/label.pdf");
        self.ask(Method::GET, &path, None).await.status().as_u16()
    }
}

pub async fn shop_with(more: &[&str]) -> TestShop {
    let (key, secret) = (format!("--carrier-key={KEY}"), setting());
    let settings = [key.as_str(), &secret, "--carrier-step-seconds=0"];
    TestShop::with(&[&settings[..], more].concat()).await
}

pub async fn desk(shop: &TestShop, order: OrderId) -> DeskOrder {
    let staff = shop
        .inner()
        .sign_in(crate::shop::EMAIL, crate::shop::PASSWORD.to_owned());
    let staff = staff.await.expect("signed in");
    let order = shop.inner().desk_order(&staff, order).await;
    order.expect("an order")
}

/// Waits until the list of orders has it so.
async fn until(shop: &TestShop, order: OrderId, status: &str) {
    let sql = format!(
        "select count(*) from order_desk where order_id = '{order}' and status = '{status}'"
    );
    eventually(&format!("the order is {status}"), async || {
        shop.number(&sql).await == 1
    })
    .await;
}

async fn post(
    staff: &mut Client,
    path: &str,
    order: OrderId,
    parcel: &str,
) -> crate::client::Answer {
    let order = order.to_string();
    let form = [("order_id", order.as_str()), ("shipment_id", parcel)];
    staff.post(path, &form).await
}

/// Has a label bought: the shop has taken that down, the carrier may not have answered yet.
async fn buy_label(staff: &mut Client, order: OrderId, parcel: &str) {
    let asked = post(staff, "/api/buy_label", order, parcel).await;
    asked.expect_ok();
}

async fn pack(staff: &mut Client, order: OrderId, quantity: &str) -> String {
    let (order, parcel) = (order.to_string(), Uuid::now_v7().to_string());
    let form = [
        ("order_id", order.as_str()),
        ("shipment_id", &parcel),
        ("lines[0][sku]", RING),
        ("lines[0][quantity]", quantity),
    ];
    staff.post("/api/pack_order", &form).await.expect_ok();
    parcel
}

async fn label_state(shop: &TestShop, order: OrderId) -> Option<(LabelState, Option<String>)> {
    let label = desk(shop, order).await.labels.pop()?;
    Some((label.state, label.tracking.map(|tracking| tracking.number)))
}

async fn until_label(shop: &TestShop, order: OrderId, state: LabelState) -> String {
    eventually(&format!("the label is {state:?}"), async || {
        label_state(shop, order)
            .await
            .is_some_and(|(is, _)| is == state)
    })
    .await;
    let label = label_state(shop, order).await;
    label.and_then(|(_, number)| number).unwrap_or_default()
}

/// A shopper with a paid order of so many rings that are packed, and who packed them.
async fn packed(shop: &TestShop, rings: u32) -> (Client, OrderId, Client, String) {
    let mut ada = shop.shopper();
    let order = crate::client::new_order_id();
    ada.add(RING, &rings.to_string(), "").await.expect_ok();
    let total = i64::from(rings) * RING_PRICE;
    ada.place(order, GOOD_CARD, total).await.expect_ok();
    shop.until_status(order, "confirmed").await;
    let mut staff = shop.staff().await;
    let parcel = pack(&mut staff, order, &rings.to_string()).await;
    (ada, order, staff, parcel)
}

async fn events(shop: &TestShop, kind: &str) -> i64 {
    let sql = format!("select count(*) from events where type = '{kind}'");
    shop.number(&sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_is_bought_and_its_parcel_is_followed_to_the_door() {
    let shop = shop_with(&[]).await;
    let control = Control::of(&shop);
    let (mut ada, order, mut staff, parcel) = packed(&shop, 1).await;
    let mut socket = ada.socket().await;
    let mut followed = socket.follow(order, 0).await;

    buy_label(&mut staff, order, &parcel).await;
    let number = until_label(&shop, order, LabelState::Bought).await;
    assert_eq!(
        followed.progress.status,
        OrderStatus::Packed,
        "it is still here"
    );

    let file = format!("/admin/orders/{order}/parcels/{parcel}/label.pdf");
    let pdf = staff.get(&file).await;
    assert_eq!(pdf.status, 200);
    assert_eq!(pdf.header("content-type"), "application/pdf");
    assert!(pdf.body.starts_with("%PDF-"));
    let shut = ada.get(&file).await;
    assert_eq!(shut.location(), Some("/admin/sign-in"), "staff alone");
    assert!(!shut.body.contains("%PDF-"));

    assert_eq!(control.happen(&number, CarrierStatus::Accepted).await, 200);
    socket.until(&mut followed, OrderStatus::Shipped).await;
    for (status, transit) in [
        (CarrierStatus::InTransit, Transit::InTransit),
        (CarrierStatus::OutForDelivery, Transit::OutForDelivery),
    ] {
        control.happen(&number, status).await;
        socket
            .until_step(&mut followed, |step| {
                matches!(step, StepKind::Moved { parcel: 1, transit: is, .. } if *is == transit)
            })
            .await;
    }
    let page = ada.get(&format!("/orders/{order}")).await.body;
    for words in ["Out for delivery", &number, "/demo-carrier/track/"] {
        assert!(page.contains(words), "{words}");
    }
    control.happen(&number, CarrierStatus::Delivered).await;
    socket.until(&mut followed, OrderStatus::Delivered).await;
    assert_eq!(events(&shop, "shipment.shipped").await, 1);
    eventually("the money is collected", async || {
        events(&shop, "payment.captured").await == 1
    })
    .await;

    let tracking = ada.get(&format!("/demo-carrier/track/{number}")).await;
    assert_eq!(tracking.status, 200);
    assert!(tracking.body.contains("Delivered"), "{tracking:?}");
    assert!(!tracking.body.contains("Ada"), "nobody is named");
    assert_eq!(ada.get("/demo-carrier/track/VP1").await.status, 404);
    // No event names where it goes.
    let named =
        "select count(*) from events where data like '%Example Street%' or data like '%Lovelace%'";
    assert_eq!(shop.number(named).await, 0);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_on_bad_days_sells_one_label() {
    let shop = shop_with(&[]).await;
    let control = Control::of(&shop);
    let (_, order, mut staff, parcel) = packed(&shop, 1).await;
    let bad_days = [
        json!({"mode": "down"}),
        // Done, and the answer is lost on its way; then done again.
        json!({"mode": "reset", "requests": 2}),
        json!({"mode": "slow", "delay_ms": 700, "requests": 1}),
        json!({"mode": "half_open", "requests": 1}),
    ];
    for (at, faults) in (1..).zip(bad_days) {
        control.faults(faults.clone()).await;
        buy_label(&mut staff, order, &parcel).await;
        if faults["mode"] == "down" {
            eventually("it stops asking so often", async || {
                shop.log().reactors().iter().any(|it| it.is_circuit_open)
            })
            .await;
            let waits = label_state(&shop, order).await.expect("a label");
            assert_eq!(
                waits,
                (LabelState::Requested, None),
                "staff see that it waits"
            );
            let again = post(&mut staff, "/api/buy_label", order, &parcel).await;
            assert!(again.problem(409).detail.contains("asked"), "{faults}");
            control.faults(json!({})).await;
        }
        let number = until_label(&shop, order, LabelState::Bought).await;
        let known = control.known().await;
        assert_eq!(known.len(), at, "{faults}: one label each");
        assert_eq!(known.last().expect("it").tracking_number, number);
        post(&mut staff, "/api/cancel_label", order, &parcel)
            .await
            .expect_ok();
        until_label(&shop, order, LabelState::Cancelled).await;
        let known = control.known().await;
        assert_eq!(known.last().expect("it").status, CarrierStatus::Cancelled);
    }
    // A refusal is an answer.
    control
        .faults(json!({"mode": "unwilling", "requests": 1}))
        .await;
    buy_label(&mut staff, order, &parcel).await;
    until_label(&shop, order, LabelState::Failed).await;
    let told = desk(&shop, order).await.labels.pop().expect("a label");
    assert!(told.reason.contains("does not go there"), "{told:?}");
    buy_label(&mut staff, order, &parcel).await;
    until_label(&shop, order, LabelState::Bought).await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_carrier_has_done_and_not_answered_it_does_not_refuse_when_asked_again() {
    let shop = shop_with(&[]).await;
    let control = Control::of(&shop);
    let (_, order, mut staff, parcel) = packed(&shop, 1).await;
    let stands = async |status: CarrierStatus| {
        eventually("the carrier has done it", async || {
            control.known().await.iter().any(|it| it.status == status)
        })
        .await;
    };
    control.faults(json!({"mode": "reset"})).await;
    buy_label(&mut staff, order, &parcel).await;
    stands(CarrierStatus::Labelled).await;
    control.faults(json!({"mode": "unwilling"})).await;
    let number = until_label(&shop, order, LabelState::Bought).await;
    let known = control.known().await;
    assert_eq!(known.len(), 1, "no label that the shop does not know");
    assert_eq!(known[0].tracking_number, number);

    control.faults(json!({"mode": "reset"})).await;
    post(&mut staff, "/api/cancel_label", order, &parcel)
        .await
        .expect_ok();
    stands(CarrierStatus::Cancelled).await;
    control.faults(json!({"mode": "unwilling"})).await;
    until_label(&shop, order, LabelState::Cancelled).await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_that_has_forgotten_a_label_sells_another_one() {
    let shop = shop_with(&[]).await;
    let control = Control::of(&shop);
    let (_, order, mut staff, parcel) = packed(&shop, 1).await;
    control
        .faults(json!({"mode": "forgetful", "requests": 1}))
        .await;
    buy_label(&mut staff, order, &parcel).await;
    until_label(&shop, order, LabelState::Bought).await;
    assert_eq!(control.known().await.len(), 0, "it has forgotten");
    let file = format!("/admin/orders/{order}/parcels/{parcel}/label.pdf");
    let gone = staff.get(&file).await.problem(404);
    assert!(gone.detail.contains("buy another"), "{gone:?}");
    post(&mut staff, "/api/cancel_label", order, &parcel)
        .await
        .expect_ok();
    until_label(&shop, order, LabelState::Cancelled).await;
    buy_label(&mut staff, order, &parcel).await;
    until_label(&shop, order, LabelState::Bought).await;
    assert_eq!(staff.get(&file).await.status, 200);
    control.faults(json!({"mode": "down"})).await;
    staff.get(&file).await.problem(503);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn news_that_come_twice_late_or_the_wrong_way_round_move_a_parcel_once() {
    let shop = shop_with(&[]).await;
    let control = Control::of(&shop);
    for telling in ["twice", "reordered"] {
        let shipped = events(&shop, "shipment.shipped").await;
        let delivered = events(&shop, "shipment.delivered").await;
        let captured = events(&shop, "payment.captured").await;
        let (_, order, mut staff, parcel) = packed(&shop, 1).await;
        buy_label(&mut staff, order, &parcel).await;
        let number = until_label(&shop, order, LabelState::Bought).await;
        control.faults(json!({ "telling": telling })).await;
        for status in [
            CarrierStatus::Accepted,
            CarrierStatus::InTransit,
            CarrierStatus::OutForDelivery,
            CarrierStatus::Delivered,
        ] {
            control.happen(&number, status).await;
        }
        until(&shop, order, "delivered").await;
        let told = format!(
            "select count(*) from events where type = 'shipment.carrier_reported' and key = '{order}'"
        );
        eventually("all of it was told", async || shop.number(&told).await == 4).await;
        assert_eq!(
            events(&shop, "shipment.shipped").await,
            shipped + 1,
            "{telling}"
        );
        assert_eq!(events(&shop, "shipment.delivered").await, delivered + 1);
        eventually("the money is collected", async || {
            events(&shop, "payment.captured").await == captured + 1
        })
        .await;
        until(&shop, order, "delivered").await;
        control.faults(json!({})).await;
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_message_costs_only_time() {
    let shop = shop_with(&["--carrier-poll-seconds=1"]).await;
    let control = Control::of(&shop);
    control.faults(json!({"telling": "off"})).await;
    let (_, order, mut staff, parcel) = packed(&shop, 1).await;
    buy_label(&mut staff, order, &parcel).await;
    let number = until_label(&shop, order, LabelState::Bought).await;
    control.happen(&number, CarrierStatus::InTransit).await;
    until(&shop, order, "shipped").await;
    // What was asked for is not taken again when a message tells it, nor asked for again after a restart.
    let shop = shop.reopened().await;
    let control = Control::of(&shop);
    control.faults(json!({"telling": "off"})).await;
    control.happen(&number, CarrierStatus::Lost).await;
    until(&shop, order, "lost").await;
    assert_eq!(events(&shop, "shipment.carrier_reported").await, 2);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_members_of_staff_buy_one_label() {
    let shop = shop_with(&[]).await;
    let control = Control::of(&shop);
    let (_, order, mut staff, parcel) = packed(&shop, 1).await;
    let mut other = shop.staff().await;
    let (first, second) = tokio::join!(
        post(&mut staff, "/api/buy_label", order, &parcel),
        post(&mut other, "/api/buy_label", order, &parcel)
    );
    let mut answers = [first.status, second.status];
    answers.sort_unstable();
    assert_eq!(answers, [200, 409], "one of them is told");
    until_label(&shop, order, LabelState::Bought).await;
    assert_eq!(control.known().await.len(), 1);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_is_given_back_with_its_parcel_or_its_order() {
    let shop = shop_with(&[]).await;
    let control = Control::of(&shop);
    // Opened again while the carrier was being asked.
    let (_, order, mut staff, parcel) = packed(&shop, 1).await;
    control
        .faults(json!({"mode": "slow", "delay_ms": 600, "requests": 1}))
        .await;
    buy_label(&mut staff, order, &parcel).await;
    post(&mut staff, "/api/unpack_order", order, &parcel)
        .await
        .expect_ok();
    until_label(&shop, order, LabelState::Cancelled).await;
    // Cancelled with its order.
    let parcel = pack(&mut staff, order, "1").await;
    buy_label(&mut staff, order, &parcel).await;
    until_label(&shop, order, LabelState::Bought).await;
    let form = [("order_id", order.to_string())];
    let form = [("order_id", form[0].1.as_str())];
    staff
        .post("/api/cancel_for_shopper", &form)
        .await
        .expect_ok();
    until_label(&shop, order, LabelState::Cancelled).await;
    let known = control.known().await;
    assert!(
        known.iter().all(|it| it.status == CarrierStatus::Cancelled),
        "{known:?}"
    );
    assert_eq!(known.len(), 2);
    // The carrier had it already: staff are told.
    let (_, order, mut staff, parcel) = packed(&shop, 1).await;
    buy_label(&mut staff, order, &parcel).await;
    let number = until_label(&shop, order, LabelState::Bought).await;
    control.faults(json!({"telling": "off"})).await;
    control.happen(&number, CarrierStatus::Accepted).await;
    post(&mut staff, "/api/cancel_label", order, &parcel)
        .await
        .expect_ok();
    until_label(&shop, order, LabelState::Kept).await;
    let told = desk(&shop, order).await.labels.pop().expect("a label");
    assert!(told.reason.contains("Accepted"), "{told:?}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_erased_is_forgotten_by_the_carrier_too() {
    let shop = shop_with(&[]).await;
    let control = Control::of(&shop);
    let (_, order, mut staff, parcel) = packed(&shop, 1).await;
    buy_label(&mut staff, order, &parcel).await;
    let number = until_label(&shop, order, LabelState::Bought).await;
    control.happen(&number, CarrierStatus::Delivered).await;
    until(&shop, order, "delivered").await;
    assert_eq!(control.label_status(&number).await, 200);
    let email = desk(&shop, order).await.order.email;
    let known = services::export_person(shop.log(), &email, "tests").await;
    let known = serde_json::to_string(&known.expect("known")).expect("JSON");
    assert!(
        known.contains(&number),
        "what the carrier knows is said: {known}"
    );
    // Also when it is away at first.
    control.faults(json!({"mode": "down"})).await;
    let erased = services::erase_person(shop.log(), &email, "a test").await;
    assert_eq!(erased.expect("erased"), 1);
    control.faults(json!({})).await;
    eventually("the carrier has forgotten", async || {
        control.label_status(&number).await == 410
    })
    .await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_return_has_a_label_and_is_followed_home() {
    let shop = shop_with(&[]).await;
    let control = Control::of(&shop);
    let (mut ada, order, mut staff, parcel) = packed(&shop, 1).await;
    buy_label(&mut staff, order, &parcel).await;
    let number = until_label(&shop, order, LabelState::Bought).await;
    control.happen(&number, CarrierStatus::Delivered).await;
    until(&shop, order, "delivered").await;
    let (id, back) = (order.to_string(), Uuid::now_v7().to_string());
    let asked = [
        ("order_id", id.as_str()),
        ("return_id", &back),
        ("lines[0][sku]", RING),
        ("lines[0][quantity]", "1"),
        ("lines[0][reason]", "does_not_fit"),
    ];
    ada.post("/api/ask_return", &asked).await.expect_ok();
    // The carrier refuses at first.
    control
        .faults(json!({"mode": "unwilling", "requests": 1}))
        .await;
    let accepted = [
        ("order_id", id.as_str()),
        ("return_id", &back),
        ("answer", "accept"),
    ];
    staff
        .post("/api/answer_return", &accepted)
        .await
        .expect_ok();
    let label = async || desk(&shop, order).await.returns.pop().expect("it").label;
    eventually("staff see why there is no label", async || {
        label()
            .await
            .is_some_and(|label| label.reason.contains("does not go there"))
    })
    .await;
    let file = format!("/orders/{order}/returns/1/label.pdf");
    ada.get(&file).await.problem(404);
    let page = ada.get(&format!("/orders/{order}/returns/1")).await.body;
    assert!(
        page.contains("Print this page"),
        "the address does meanwhile"
    );

    let again = [("order_id", id.as_str()), ("return_id", &back)];
    staff
        .post("/api/buy_return_label", &again)
        .await
        .expect_ok();
    eventually("there is a label", async || {
        label().await.is_some_and(|label| label.tracking.is_some())
    })
    .await;
    let refused = staff
        .post("/api/buy_return_label", &again)
        .await
        .problem(409);
    assert!(refused.detail.contains("label already"), "{refused:?}");
    let number = label()
        .await
        .and_then(|label| label.tracking)
        .expect("one")
        .number;
    let page = ada.get(&format!("/orders/{order}/returns/1")).await.body;
    assert!(
        page.contains(&number) && page.contains("label.pdf"),
        "{page}"
    );
    let pdf = ada.get(&file).await;
    assert!(pdf.body.starts_with("%PDF-"), "{pdf:?}");
    shop.shopper().get(&file).await.problem(404);

    let mut socket = ada.socket().await;
    let mut followed = socket.follow(order, 0).await;
    for status in [CarrierStatus::InTransit, CarrierStatus::Delivered] {
        control.happen(&number, status).await;
    }
    socket
        .until_step(&mut followed, |step| {
            matches!(
                step,
                StepKind::ReturnMoved {
                    number: 1,
                    transit: types::returns::BackTransit::Arrived
                }
            )
        })
        .await;
    let seen = label().await.and_then(|label| label.transit);
    assert_eq!(
        seen.map(|(transit, _)| transit),
        Some(types::returns::BackTransit::Arrived)
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_carrier_all_is_as_by_hand() {
    let shop = TestShop::with(&["--carrier=manual"]).await;
    let (_, order, mut staff, parcel) = packed(&shop, 1).await;
    let refused = post(&mut staff, "/api/buy_label", order, &parcel)
        .await
        .problem(409);
    assert!(refused.is("no-carrier"), "{refused:?}");
    let page = staff.get(&format!("/admin/orders/{order}")).await.body;
    assert!(!page.contains("Buy a label"), "{page}");
    post(&mut staff, "/api/ship_order", order, &parcel)
        .await
        .expect_ok();
    until(&shop, order, "shipped").await;
    assert_eq!(events(&shop, "shipment.label_requested").await, 0);
    shop.closed().await;
}
