//! The shop itself: an order whose shopper was told "accepted" is there after a power cut, whole, and
//! goes on to its end.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use broker::{Environment, GroupCommit, Log};
use db::{Columns, Db, Synchronous};
use futures::future::join_all;
use gateways::Gateway;
use powercut::{Disk, Unsynced};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use services::simulator::Simulator;
use services::{Outside, Seed, Shop, ShopSettings};
use tempfile::TempDir;
use types::cart::totals;
use types::checkout::{DeliveryMethod, PlaceOrder};
use types::delivery::DeliveryTerms;
use types::{Money, OrderId, ShopperId};

const FILE: &str = "vitrine.db";
const SHOPPERS: usize = 8;
const ORDERS_EACH: usize = 12;
const CUTS: u64 = 100;
/// Of so many cuts, one is followed by a new start of the shop.
const RESTARTS: u64 = 20;
pub const RING: &str = "AS-VEG-WG-50";
const DEADLINE: Duration = Duration::from_secs(30);

/// A day of selling.
struct Sold {
    disk: Disk,
    _folder: TempDir,
    /// Which order was accepted, and when its shopper was told.
    accepted: Vec<(usize, OrderId)>,
}

async fn sell(synchronous: Synchronous) -> Sold {
    let disk = Disk::new().expect("a disk");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(FILE);
    let settings = db::Settings {
        synchronous,
        ..db::Settings::new(format!(
            "sqlite:{}?mode=rwc&vfs={}",
            path.display(),
            disk.vfs()
        ))
    };
    let db = Db::open(&settings).await.expect("a database");
    let log = Log::open(db.clone(), Environment::system()).await;
    let log = log.expect("a log");
    let writer = GroupCommit::start(&log, "shop");
    let seed = Seed::demo().expect("the demo").with_stock_everywhere(1_000);
    let shop = Shop::open(log.clone(), writer, Some(seed)).await;
    let shop = shop.expect("a shop");
    let house = gateway(folder.path()).await;
    let runner = start_consumers(&log, &house).await;
    let counted = "select count(*) from variants where sku not in (select sku from stock)";
    until(&db, counted, 0, "the opening stock").await;
    shop.reload().await.expect("read");
    let shoppers = (0..SHOPPERS).map(|_| {
        let (shop, disk) = (shop.clone(), disk.clone());
        tokio::spawn(async move {
            let shopper = shop.new_shopper_id();
            let mut accepted = Vec::with_capacity(ORDERS_EACH);
            for _ in 0..ORDERS_EACH {
                let order = buy(&shop, shopper).await;
                accepted.push((disk.moment(), order));
            }
            accepted
        })
    });
    let accepted = join_all(shoppers).await.into_iter();
    let accepted = accepted.flat_map(|orders| orders.expect("a shopper"));
    let accepted = accepted.collect();
    runner.stop().await;
    drop(shop);
    db.close().await;
    Sold {
        disk,
        _folder: folder,
        accepted,
    }
}

/// Another house, on a disk that nobody cuts off, with its ledger in this folder.
pub async fn gateway(folder: &Path) -> Gateway {
    let gateway = Gateway::start(gateways::Settings {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        ledger: folder.join("gateway.db"),
        key: "known to the shop".to_owned(),
        delay: Duration::ZERO,
        webhooks: None,
    });
    gateway.await.expect("a gateway")
}

/// Asks that gateway.
pub fn client(gateway: &Gateway) -> Simulator {
    let patience = Duration::from_secs(10);
    Simulator::new(gateway.url(), gateway.key(), patience).expect("a client")
}

/// For which orders the gateway holds money, in the order of ids.
pub async fn paid(gateway: &Gateway) -> Vec<String> {
    let payments = gateway.console().payments().await.expect("it answers");
    let held = payments.into_iter().filter(|it| it.status == "authorized");
    let mut held: Vec<String> = held.map(|it| it.reference).collect();
    held.sort();
    held
}

async fn start_consumers(log: &Log, gateway: &Gateway) -> broker::Runner {
    let gateway = client(gateway);
    let pace = broker::Settings::default();
    let gateway = Arc::new(gateway);
    let roster = services::roster(
        &ShopSettings::default(),
        Some(Outside {
            simulator: Some(gateway),
            ..Outside::default()
        }),
    );
    let mut runner = broker::Runner::new(log.clone(), pace);
    roster.start(&mut runner).await;
    runner
}

async fn buy(shop: &Shop, shopper: ShopperId) -> OrderId {
    let ring = RING.parse().expect("a SKU");
    let cart = shop.add_to_cart(shopper, &ring, 1, None).await;
    let cart = cart.expect("added");
    let order = order_of(shop.new_order_id(), cart.subtotal);
    shop.place_order(shopper, order).await.expect("accepted")
}

/// A form as it is sent for goods of this value.
pub fn order_of(order_id: OrderId, subtotal: Money) -> PlaceOrder {
    let delivery = DeliveryMethod::Standard;
    PlaceOrder {
        order_id,
        email: "ada@example.com".into(),
        name: "Ada Lovelace".into(),
        street: "Main Street 1".into(),
        street_2: String::new(),
        phone: String::new(),
        postal_code: "10115".into(),
        city: "Berlin".into(),
        country: "DE".into(),
        delivery,
        billing: None,
        payment_token: Some("pm_card_visa".into()),
        expected_total_minor: totals(subtotal, delivery, &DeliveryTerms::default())
            .expect("a total")
            .total
            .minor,
    }
}

pub async fn texts(db: &Db, sql: &'static str) -> Vec<String> {
    let rows = db::query(sql).fetch_all(db.reader()).await.expect(sql);
    rows.iter().map(|row| row.get(0)).collect()
}

pub async fn count(db: &Db, sql: &'static str) -> i64 {
    let row = db::query(sql).fetch_one(db.reader()).await.expect(sql);
    row.get(0)
}

/// Waits until the number that `sql` finds is `expected`.
pub async fn until(db: &Db, sql: &'static str, expected: i64, what: &str) {
    let mut tick = tokio::time::interval(Duration::from_millis(5));
    let reached = tokio::time::timeout(DEADLINE, async {
        loop {
            if count(db, sql).await == expected {
                return;
            }
            tick.tick().await;
        }
    });
    assert!(reached.await.is_ok(), "in vain waited for {what}");
}

/// What is left: the orders, each with its first event. With `goes_on` the shop is started on it, and
/// brings every order to its end, paid once.
async fn examine(folder: &Path, goes_on: bool, what: &str) -> BTreeSet<String> {
    let settings = db::Settings::sqlite_file(&folder.join(FILE));
    let db = Db::open(&settings).await;
    let db = db.unwrap_or_else(|error| panic!("{what}: {error}"));
    let orders = texts(&db, "select id from orders order by id").await;
    let placed = "select key from events where type = 'order.placed' order by key";
    assert_eq!(orders, texts(&db, placed).await, "{what}: no half order");
    if goes_on && !orders.is_empty() {
        let log = Log::open(db.clone(), Environment::system()).await;
        let log = log.expect("a log");
        // Of another house everything is there; of this moment it knows what the log says it has done.
        let before = "select key from events where type = 'payment.authorized' order by key";
        let before = texts(&db, before).await;
        let house = gateway(folder).await;
        let runner = start_consumers(&log, &house).await;
        let confirmed = "select count(*) from order_progress where status = 'confirmed'";
        until(&db, confirmed, orders.len() as i64, what).await;
        runner.stop().await;
        let mut paid = paid(&house).await;
        paid.extend(before);
        paid.sort();
        assert_eq!(paid, orders, "{what}: each paid once");
    }
    db.close().await;
    orders.into_iter().collect()
}

/// Cuts the power again and again; answers with how many accepted orders were looked for and how many
/// of them were not found.
async fn cut_often(sold: &Sold) -> (usize, usize) {
    let (mut looked_for, mut lost) = (0, 0);
    for seed in 0..CUTS {
        let mut random = StdRng::seed_from_u64(seed);
        let moment = match seed % 2 {
            // Just after somebody was told.
            0 => sold.accepted[random.random_range(0..sold.accepted.len())].0,
            _ => random.random_range(0..=sold.disk.moment()),
        };
        let unsynced = match seed % 4 {
            0 | 1 => Unsynced::Lost,
            _ => Unsynced::Partly(seed),
        };
        let folder = tempfile::tempdir().expect("a folder");
        let cut = sold.disk.cut(moment, unsynced, folder.path());
        cut.expect("written");
        let what = format!("seed {seed}, moment {moment}");
        let left = examine(folder.path(), seed % RESTARTS == 0, &what).await;
        let told = sold.accepted.iter().filter(|(when, _)| *when <= moment);
        for (_, order) in told {
            looked_for += 1;
            lost += usize::from(!left.contains(&order.to_string()));
        }
    }
    (looked_for, lost)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_accepted_order_survives_a_power_cut() {
    let sold = sell(Synchronous::Full).await;
    let (looked_for, lost) = cut_often(&sold).await;
    assert_eq!(lost, 0, "of {looked_for}");
    assert!(looked_for > 1_000, "it was not an easy one: {looked_for}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_a_sync_at_each_commit_accepted_orders_are_lost() {
    let sold = sell(Synchronous::Normal).await;
    let (looked_for, lost) = cut_often(&sold).await;
    assert!(lost > 0, "of {looked_for}");
}
