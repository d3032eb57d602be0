//! Random journeys of shoppers, staff and parcels, with random faults of gateway, carrier and mail server. In
//! the end the books of all of them agree. What is tried is decided by a seed, which is printed; how it meets
//! what others do at the time is not.
//!
//! `VITRINE_JOURNEYS=1000 VITRINE_SEED=7 cargo test --workspace --test it -- journeys --nocapture`

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use gateways::{Behaviour, Times};
use mail_parser::MessageParser;
use serde_json::json;
use services::Staff;
use types::OrderId;
use types::desk::DeskOrder;
use types::fulfilment::{CarrierStatus, LabelState, ShipmentState};
use types::order::OrderStatus;
use types::returns::ReturnState;
use uuid::Uuid;

use crate::carriers::{Control, shop_with};
use crate::client::{Client, new_order_id};
use crate::mails::until_all_is_heard;
use crate::shop::{EMAIL, PASSWORD, RING, RING_PRICE, TestShop, eventually};
use crate::smtp_sink::{Manner, Sink};

const GOOD_CARD: &str = "pm_card_visa";
const BAD_CARD: &str = "pm_card_chargeDeclined";
/// Journeys of the short form.
const FEW: usize = 40;
const AT_ONCE: usize = 6;
const STOCK: i64 = 10_000;

/// Numbers that follow from a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to below `n`.
    fn below(&mut self, n: u64) -> u64 {
        self.roll() % n
    }

    /// Once in so many times.
    fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// What all journeys share.
struct World {
    shop: TestShop,
    control: Control,
    sink: Sink,
    staff: Staff,
}

/// One journey: a shopper, a member of staff, and what they want to do.
struct Journey<'w> {
    world: &'w World,
    dice: Dice,
    shopper: Client,
    desk: Client,
    order: OrderId,
}

fn number_from(name: &str, otherwise: u64) -> u64 {
    let given = std::env::var(name);
    given.map_or(otherwise, |given| given.parse().expect(name))
}

impl World {
    async fn order(&self, id: OrderId) -> DeskOrder {
        let order = self.shop.inner().desk_order(&self.staff, id).await;
        order.expect("an order")
    }

    async fn until(
        &self,
        what: &str,
        id: OrderId,
        is_so: impl Fn(&DeskOrder) -> bool,
    ) -> DeskOrder {
        eventually(&format!("{id}: {what}"), async || {
            is_so(&self.order(id).await)
        })
        .await;
        self.order(id).await
    }

    async fn gateway(&self, behaviour: Behaviour) {
        let console = self.shop.gateway();
        console.behave(&behaviour).await.expect("it answers");
    }

    /// Something goes wrong for a while, or nothing.
    async fn weather(&self, dice: &mut Dice) {
        let carrier = match dice.below(12) {
            0 => json!({"mode": "down", "requests": 2}),
            1 => json!({"mode": "reset", "requests": 1}),
            2 => json!({"mode": "slow", "delay_ms": 200, "requests": 3}),
            3 => json!({"mode": "unwilling", "requests": 1}),
            4 => json!({"telling": "off"}),
            5 => json!({"telling": "twice"}),
            6 => json!({"telling": "reordered"}),
            7 if dice.once_in(4) => json!({"mode": "half_open", "requests": 1}),
            _ => json!({}),
        };
        self.control.faults(carrier).await;
        let well = Behaviour::default();
        let gateway = match dice.below(10) {
            0 => Behaviour {
                down: Times::Count(2),
                ..well
            },
            1 => Behaviour {
                forgetful: Times::Count(1),
                ..well
            },
            2 => Behaviour {
                slow_ms: 200,
                ..well
            },
            3 if dice.once_in(4) => Behaviour {
                half_open: Times::Count(1),
                ..well
            },
            _ => well,
        };
        self.gateway(gateway).await;
        self.sink.is_to(match dice.below(8) {
            0 => Manner::Answers(451),
            1 => Manner::HangsUp,
            _ => Manner::Takes,
        });
    }
}

impl Journey<'_> {
    async fn ask(&mut self, path: &str, more: &[(&str, &str)]) -> u16 {
        let order = self.order.to_string();
        let form = [&[("order_id", order.as_str())], more].concat();
        self.desk.post(path, &form).await.status
    }

    /// What happens to an order, until nothing more does.
    async fn run(&mut self) {
        let rings = 1 + self.dice.below(3) as u32;
        let add = self.shopper.add(RING, &rings.to_string(), "").await;
        add.expect_ok();
        let card = if self.dice.once_in(4) {
            BAD_CARD
        } else {
            GOOD_CARD
        };
        let total = i64::from(rings) * RING_PRICE;
        self.world.weather(&mut self.dice).await;
        let placed = self.shopper.place(self.order, card, total).await;
        placed.expect_ok();
        if self.dice.once_in(10) {
            // Sometimes too late.
            self.shopper.cancel(self.order).await;
        }
        if !self.is_paid(card).await {
            return;
        }
        if self.dice.once_in(10) {
            self.ask("/api/cancel_for_shopper", &[]).await;
            let status = OrderStatus::Cancelled;
            self.world
                .until("cancelled", self.order, |it| it.status == status)
                .await;
            return;
        }
        self.send_all(rings).await;
        let order = self.world.order(self.order).await;
        let has_arrived = order
            .parcels
            .iter()
            .any(|it| it.state == ShipmentState::Delivered);
        if has_arrived && self.dice.once_in(3) {
            self.send_back().await;
        }
        if self.dice.once_in(4) {
            self.give_back().await;
        }
    }

    async fn is_paid(&mut self, card: &str) -> bool {
        let waits = |it: &DeskOrder| {
            matches!(
                it.status,
                OrderStatus::Confirmed | OrderStatus::AwaitingPayment | OrderStatus::Cancelled
            )
        };
        let mut order = self.world.until("paid or not", self.order, waits).await;
        if order.status == OrderStatus::AwaitingPayment {
            assert_eq!(card, BAD_CARD, "{}", self.order);
            if self.dice.once_in(2) {
                self.shopper.cancel(self.order).await;
            } else {
                self.shopper.pay(self.order, GOOD_CARD).await;
            }
            let is_over = |it: &DeskOrder| {
                matches!(it.status, OrderStatus::Confirmed | OrderStatus::Cancelled)
            };
            order = self
                .world
                .until("paid or cancelled", self.order, is_over)
                .await;
        }
        order.status == OrderStatus::Confirmed
    }

    /// Packs and sends everything, in one parcel or in several.
    async fn send_all(&mut self, rings: u32) {
        let mut left = rings;
        while left > 0 {
            if left < rings && self.dice.once_in(6) {
                self.ask("/api/cancel_for_shopper", &[]).await;
                return;
            }
            let quantity = 1 + self.dice.below(u64::from(left)) as u32;
            let parcel = Uuid::now_v7().to_string();
            let packed = [
                ("shipment_id", parcel.as_str()),
                ("lines[0][sku]", RING),
                ("lines[0][quantity]", &quantity.to_string()),
            ];
            assert_eq!(self.ask("/api/pack_order", &packed).await, 200);
            self.world.weather(&mut self.dice).await;
            let is_sent = match self.dice.once_in(4) {
                true => self.by_hand(&parcel).await,
                false => self.by_carrier(&parcel).await,
            };
            if is_sent {
                left -= quantity;
            }
        }
    }

    async fn by_hand(&mut self, parcel: &str) -> bool {
        let of = [("shipment_id", parcel)];
        assert_eq!(self.ask("/api/ship_order", &of).await, 200);
        let outcome = ["delivered", "delivered", "lost", "came_back"][self.dice.below(4) as usize];
        let told = [("shipment_id", parcel), ("outcome", outcome)];
        assert_eq!(self.ask("/api/end_shipment", &told).await, 200);
        true
    }

    /// Buys a label until there is one.
    async fn label(&mut self, parcel: &str) -> String {
        let of = [("shipment_id", parcel)];
        loop {
            assert_eq!(self.ask("/api/buy_label", &of).await, 200);
            let is_answered = |it: &DeskOrder| {
                label_of(it, parcel).is_some_and(|(state, _)| {
                    matches!(state, LabelState::Bought | LabelState::Failed)
                })
            };
            let order = self
                .world
                .until("a label or not", self.order, is_answered)
                .await;
            if let Some((LabelState::Bought, number)) = label_of(&order, parcel) {
                return number;
            }
        }
    }

    /// Has the carrier take a label back, until it does.
    async fn give_label_back(&mut self, parcel: &str) {
        let of = [("shipment_id", parcel)];
        loop {
            assert_eq!(self.ask("/api/cancel_label", &of).await, 200);
            let is_answered = |it: &DeskOrder| {
                label_of(it, parcel).is_some_and(|(state, _)| {
                    matches!(state, LabelState::Cancelled | LabelState::Kept)
                })
            };
            let order = self
                .world
                .until("the label is back or not", self.order, is_answered)
                .await;
            if label_of(&order, parcel).is_some_and(|(state, _)| state == LabelState::Cancelled) {
                return;
            }
        }
    }

    /// A refusal to take the label of a parcel back that is not sent is not the end of it.
    async fn tidy(&mut self) {
        let pending = |it: &DeskOrder| {
            let asked = |state| state == LabelState::CancelRequested;
            !it.labels.iter().any(|label| asked(label.state))
        };
        let what = "the carrier has answered";
        let order = self.world.until(what, self.order, pending).await;
        for label in &order.labels {
            let parcel = label.shipment_id.to_string();
            if label.state == LabelState::Kept && state_of(&order, &parcel).is_none() {
                self.give_label_back(&parcel).await;
            }
        }
    }

    async fn by_carrier(&mut self, parcel: &str) -> bool {
        let of = [("shipment_id", parcel)];
        let mut number = self.label(parcel).await;
        if self.dice.once_in(6) {
            self.give_label_back(parcel).await;
            number = self.label(parcel).await;
        }
        if self.dice.once_in(8) {
            assert_eq!(self.ask("/api/unpack_order", &of).await, 200);
            return false;
        }
        for status in [
            CarrierStatus::Accepted,
            CarrierStatus::InTransit,
            CarrierStatus::OutForDelivery,
        ] {
            if !self.dice.once_in(4) {
                assert_eq!(self.world.control.happen(&number, status).await, 200);
            }
        }
        let ends: &[CarrierStatus] = match self.dice.below(8) {
            0 => &[CarrierStatus::Lost],
            1 => &[CarrierStatus::Lost, CarrierStatus::Delivered],
            2 => &[CarrierStatus::Returned],
            _ => &[CarrierStatus::Delivered],
        };
        for end in ends {
            assert_eq!(self.world.control.happen(&number, *end).await, 200);
        }
        let end = match ends.last() {
            Some(CarrierStatus::Lost) => ShipmentState::Lost,
            Some(CarrierStatus::Returned) => ShipmentState::CameBack,
            _ => ShipmentState::Delivered,
        };
        let has_ended = |it: &DeskOrder| state_of(it, parcel) == Some(end);
        self.world
            .until("the parcel is at its end", self.order, has_ended)
            .await;
        true
    }

    async fn send_back(&mut self) {
        let back = Uuid::now_v7().to_string();
        let order = self.order.to_string();
        let asked = [
            ("order_id", order.as_str()),
            ("return_id", &back),
            ("lines[0][sku]", RING),
            ("lines[0][quantity]", "1"),
            ("lines[0][reason]", "changed_mind"),
        ];
        self.shopper
            .post("/api/ask_return", &asked)
            .await
            .expect_ok();
        let accepted = [("return_id", back.as_str()), ("answer", "accept")];
        assert_eq!(self.ask("/api/answer_return", &accepted).await, 200);
        let is_answered = |it: &DeskOrder| {
            let label = it.returns.first().and_then(|it| it.label.as_ref());
            label.is_some_and(|label| label.tracking.is_some() || !label.reason.is_empty())
        };
        let known = self
            .world
            .until("a label for the return", self.order, is_answered)
            .await;
        let label = known.returns.first().and_then(|it| it.label.clone());
        if let Some(tracking) = label.and_then(|label| label.tracking) {
            let status = CarrierStatus::Delivered;
            assert_eq!(
                self.world.control.happen(&tracking.number, status).await,
                200
            );
        }
        let (restocked, off) = if self.dice.once_in(2) {
            ("1", "0")
        } else {
            ("0", "1")
        };
        let came = [
            ("return_id", back.as_str()),
            ("lines[0][sku]", RING),
            ("lines[0][restocked]", restocked),
            ("lines[0][written_off]", off),
            ("amount", "100"),
        ];
        self.world
            .until("money to give back", self.order, |it| {
                it.money.refundable.minor >= 10_000
            })
            .await;
        assert_eq!(self.ask("/api/receive_return", &came).await, 200);
    }

    async fn give_back(&mut self) {
        self.world
            .until("money to give back", self.order, |it| {
                it.money.refundable.minor >= 2_000
            })
            .await;
        let id = Uuid::now_v7().to_string();
        let refund = [
            ("refund_id", id.as_str()),
            ("amount", "20"),
            ("reason", "A scratch"),
        ];
        assert_eq!(self.ask("/api/refund_order", &refund).await, 200);
    }
}

fn label_of(order: &DeskOrder, parcel: &str) -> Option<(LabelState, String)> {
    let mut labels = order.labels.iter();
    let label = labels.find(|label| label.shipment_id.to_string() == parcel)?;
    let number = label
        .tracking
        .as_ref()
        .map(|tracking| tracking.number.clone());
    Some((label.state, number.unwrap_or_default()))
}

fn state_of(order: &DeskOrder, parcel: &str) -> Option<ShipmentState> {
    let mut parcels = order.parcels.iter();
    let parcel = parcels.find(|it| it.id.to_string() == parcel)?;
    Some(parcel.state)
}

/// Collected less given back, by order, as the gateway's own ledger has it.
async fn ledger(shop: &TestShop) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for moved in shop.ledger().await.movements {
        let minor = moved.amount_minor;
        let sum = sums.entry(moved.reference).or_insert(0);
        *sum += if moved.kind == "refund" {
            -minor
        } else {
            minor
        };
    }
    sums
}

#[tokio::test(flavor = "multi_thread")]
async fn after_random_journeys_with_random_faults_all_books_agree() {
    let count = number_from("VITRINE_JOURNEYS", FEW as u64);
    let seed = number_from("VITRINE_SEED", u64::from(Uuid::now_v7().as_fields().1));
    // Shown with a failure.
    eprintln!("VITRINE_JOURNEYS={count} VITRINE_SEED={seed}");
    let sink = Sink::open().await;
    let url = sink.url();
    let shop = shop_with(&[
        &url,
        "--mail-from=Aurel & Stone <orders@aurel-stone.example>",
        "--smtp-seconds=10",
        "--mail-retry-seconds=1",
        "--carrier-poll-seconds=1",
        "--max-attempts=100",
    ])
    .await;
    shop.count(RING, STOCK).await;
    let staff = shop.inner().sign_in(EMAIL, PASSWORD.to_owned()).await;
    let world = World {
        control: Control::of(&shop),
        staff: staff.expect("signed in"),
        shop,
        sink,
    };

    let journeys = stream::iter(0..count).map(|at| {
        let world = &world;
        async move {
            let mut journey = Journey {
                dice: Dice(seed.wrapping_add(at.wrapping_mul(0x1000_0001))),
                shopper: world.shop.shopper(),
                desk: world.shop.staff().await,
                order: new_order_id(),
                world,
            };
            journey.run().await;
            journey.tidy().await;
            journey.order
        }
    });
    let orders: Vec<OrderId> = journeys.buffer_unordered(AT_ONCE).collect().await;
    world.control.faults(json!({})).await;
    world.gateway(Behaviour::default()).await;
    world.sink.is_to(Manner::Takes);
    settle(&world, &orders).await;
    let mut known = Vec::new();
    for order in &orders {
        known.push(world.order(*order).await);
    }
    expect_money(&world, &known).await;
    expect_stock(&world, &known).await;
    expect_parcels(&world, &known).await;
    expect_mails(&world).await;
    world.shop.closed().await;
}

/// Waits until nothing is under way any more.
async fn settle(world: &World, orders: &[OrderId]) {
    for order in orders {
        let has_ended = |it: &DeskOrder| {
            let is_over = matches!(
                it.status,
                OrderStatus::Delivered
                    | OrderStatus::CameBack
                    | OrderStatus::Lost
                    | OrderStatus::Cancelled
            );
            let pending =
                |state| matches!(state, LabelState::Requested | LabelState::CancelRequested);
            let labels = it.labels.iter().any(|label| pending(label.state));
            let returns = it
                .returns
                .iter()
                .all(|it| it.state == ReturnState::Received);
            is_over && !labels && returns
        };
        world.until("at its end", *order, has_ended).await;
    }
    let shop = &world.shop;
    eventually("everybody has heard everything", async || {
        let head = shop.log().stored_head().await.expect("a head");
        let lags = shop.log().lags().await.expect("lags");
        lags.iter().all(|lag| lag.position >= head)
    })
    .await;
    until_all_is_heard(shop).await;
    // What a mail server has put off several times waits for minutes.
    let waits = "select count(*) from mails where state in ('queued', 'sending')";
    let sent = async {
        let mut tick = tokio::time::interval(Duration::from_millis(100));
        while shop.number(waits).await > 0 {
            tick.tick().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(600), sent).await;
    assert!(waited.is_ok(), "all mails are sent");
    let parked = shop.log().parked(false, 10).await.expect("parked");
    assert!(parked.is_empty(), "{parked:?}");
}

/// Captures less refunds are what the orders say, and what was never sent costs nothing.
async fn expect_money(world: &World, orders: &[DeskOrder]) {
    let ledger = ledger(&world.shop).await;
    for order in orders {
        let id = order.order.id.to_string();
        let held = ledger.get(&id).copied().unwrap_or(0);
        let money = order.money;
        assert_eq!(held, money.captured.minor - money.refunded.minor, "{id}");
        assert!(!money.has_failed, "{id}");
        if order.status == OrderStatus::Cancelled {
            assert_eq!(held, 0, "{id}: nothing was sent");
        }
        let sent = order.parcels.iter().flat_map(|it| &it.lines);
        let sent: u32 = sent.map(|line| line.quantity).sum();
        assert_eq!(
            money.captured.minor,
            i64::from(sent) * RING_PRICE * i64::from(order.status != OrderStatus::Cancelled),
            "{id}"
        );
    }
    let ours: BTreeSet<String> = orders.iter().map(|it| it.order.id.to_string()).collect();
    assert!(
        ledger.keys().all(|id| ours.contains(id)),
        "of no other order"
    );
}

/// No piece has come or gone that no order, parcel or return tells of.
async fn expect_stock(world: &World, orders: &[DeskOrder]) {
    let mut gone = 0;
    for order in orders
        .iter()
        .filter(|it| it.status != OrderStatus::Cancelled)
    {
        // What came back waits until somebody says what becomes of it, and is not in the books until then.
        let away = order.parcels.iter();
        let away = away.flat_map(|it| &it.lines);
        gone += away.map(|line| i64::from(line.quantity)).sum::<i64>();
    }
    let restocked = "select data from events where type = 'return.received'";
    let rows = db::query(restocked)
        .fetch_all(world.shop.log().db().reader())
        .await
        .expect("events");
    for row in &rows {
        let event: serde_json::Value =
            serde_json::from_str(db::Columns::get(row, 0)).expect("JSON");
        gone -= event["lines"][0]["restocked"].as_i64().expect("a number");
    }
    assert_eq!(
        world.shop.stock(RING).await,
        (STOCK - gone, 0),
        "on hand, allocated"
    );
}

/// Every piece is in one parcel or will never be sent, and the carrier knows the labels that the shop knows.
async fn expect_parcels(world: &World, orders: &[DeskOrder]) {
    let mut ours = BTreeMap::new();
    for order in orders {
        let id = order.order.id;
        if order.status != OrderStatus::Cancelled {
            let pieces = order
                .parcels
                .iter()
                .flat_map(|it| &it.lines)
                .chain(&order.never);
            let sent: u32 = pieces.map(|line| line.quantity).sum();
            let ordered: u32 = order.order.lines.iter().map(|line| line.quantity).sum();
            assert_eq!(sent, ordered, "{id}");
        }
        for label in &order.labels {
            let parcel = order.parcels.iter().find(|it| it.id == label.shipment_id);
            let tracking = label.tracking.as_ref();
            if let Some(tracking) = tracking.filter(|_| label.state == LabelState::Bought) {
                let state = parcel.expect("a label is of a parcel").state;
                ours.insert(tracking.number.clone(), state);
            }
        }
    }
    let mut theirs = 0;
    for known in world.control.known().await {
        if known.status == CarrierStatus::Cancelled || known.reference.starts_with("return/") {
            continue;
        }
        theirs += 1;
        let state = ours.get(&known.tracking_number);
        let expected = match known.status {
            CarrierStatus::Delivered => ShipmentState::Delivered,
            CarrierStatus::Lost => ShipmentState::Lost,
            CarrierStatus::Returned => ShipmentState::CameBack,
            other => panic!("{known:?} is still {other:?}"),
        };
        assert_eq!(state, Some(&expected), "{known:?}");
    }
    assert_eq!(
        theirs,
        ours.len(),
        "no label of the shop's that the carrier does not know"
    );
}

/// Each mail that the shop has sent was taken once, and no other.
async fn expect_mails(world: &World) {
    let rows = db::query("select message_id, state from mails")
        .fetch_all(world.shop.log().db().reader())
        .await
        .expect("mails");
    let mut sent = Vec::new();
    for row in &rows {
        // What a mail that had to wait says may not be true any more.
        if db::Columns::get::<&str, _>(row, 1) == "moot" {
            continue;
        }
        assert_eq!(db::Columns::get::<&str, _>(row, 1), "sent");
        let id: &str = db::Columns::get(row, 0);
        sent.push(id.trim_matches(['<', '>']).to_owned());
    }
    let taken = world.sink.taken();
    let parser = MessageParser::default();
    let id = |bytes: &[u8]| {
        let mail = parser.parse(bytes).expect("a mail");
        mail.message_id().expect("an id").to_owned()
    };
    let mut taken: Vec<String> = taken.iter().map(|mail| id(&mail.bytes)).collect();
    sent.sort();
    taken.sort();
    let counted: BTreeSet<&String> = taken.iter().collect();
    assert_eq!(counted.len(), taken.len(), "a mail was taken twice");
    assert_eq!(taken, sent);
}
