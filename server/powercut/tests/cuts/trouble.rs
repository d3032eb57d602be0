//! The disk is full or ends with an error, once at each write of an order and then for a while. The
//! shop goes on by itself when the disk does: nobody restarts it, nothing that was told is lost.

use std::sync::Arc;
use std::time::Duration;

use broker::{Environment, GroupCommit, Log, Runner};
use db::Db;
use gateways::Gateway;
use powercut::{Disk, Fault};
use services::{Outside, Seed, Shop, ShopSettings};
use tempfile::TempDir;
use tokio::time::{Instant, timeout};
use types::{OrderId, Problem, ShopperId};

use crate::orders::{RING, count, gateway, order_of, paid, texts, until};

/// From the disk's return to the next accepted order.
const SELLS_AGAIN: Duration = Duration::from_secs(2);
/// How long a shopper waits for an answer, whatever the disk does.
const ANSWER: Duration = Duration::from_secs(5);

struct House {
    disk: Disk,
    folder: TempDir,
    db: Db,
    shop: Shop,
    runner: Runner,
    gateway: Gateway,
    accepted: Vec<OrderId>,
}

impl House {
    async fn open() -> Self {
        let disk = Disk::new().expect("a disk");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vitrine.db");
        let url = format!("sqlite:{}?vfs={}", path.display(), disk.vfs());
        let db = Db::open(&db::Settings::new(url)).await;
        let db = db.expect("a database");
        let log = Log::open(db.clone(), Environment::system()).await;
        let log = log.expect("a log");
        let writer = GroupCommit::start(&log, "shop");
        let seed = Seed::demo().expect("the demo").with_stock_everywhere(1_000);
        let shop = Shop::open(log.clone(), writer, Some(seed)).await;
        let shop = shop.expect("a shop");
        let house = gateway(folder.path()).await;
        let gateway = crate::orders::client(&house);
        let settings = ShopSettings::default();
        let pace = broker::Settings {
            backoff: Duration::from_millis(5),
            max_backoff: Duration::from_millis(50),
            ..broker::Settings::default()
        };
        let gateway = Arc::new(gateway);
        let roster = services::roster(
            &settings,
            Some(Outside {
                simulator: Some(gateway),
                ..Outside::default()
            }),
        );
        let mut runner = Runner::new(log.clone(), pace);
        roster.start(&mut runner).await;
        let counted = "select count(*) from variants where sku not in (select sku from stock)";
        until(&db, counted, 0, "the opening stock").await;
        shop.reload().await.expect("read");
        Self {
            disk,
            folder,
            db,
            shop,
            runner,
            gateway: house,
            accepted: Vec::new(),
        }
    }

    /// One attempt to fill the cart, if it is empty, and to order. What fails is asked for again with
    /// the same id, as a browser does.
    async fn try_to_buy(&self, shopper: ShopperId, order_id: OrderId) -> Result<(), Problem> {
        if self.shop.owns_order(shopper, order_id).await? {
            return Ok(());
        }
        let mut cart = self.shop.cart(shopper).await?;
        if cart.is_empty() {
            let ring = RING.parse().expect("a SKU");
            cart = self.shop.add_to_cart(shopper, &ring, 1, None).await?;
        }
        let order = order_of(order_id, cart.subtotal);
        self.shop.place_order(shopper, order).await.map(|_| ())
    }

    /// Buys, as often as it takes: within the time in which the shop is to sell again.
    async fn buy(&mut self, what: &str) {
        let (shopper, order) = (self.shop.new_shopper_id(), self.shop.new_order_id());
        let bought = async {
            let mut tick = tokio::time::interval(Duration::from_millis(5));
            loop {
                tick.tick().await;
                match self.try_to_buy(shopper, order).await {
                    Ok(()) => return,
                    Err(problem) => assert_eq!(problem.status, 503, "{what}: {problem}"),
                }
            }
        };
        let bought = timeout(SELLS_AGAIN, bought).await;
        assert!(bought.is_ok(), "{what}: not accepted in time");
        self.accepted.push(order);
    }

    /// Everything that was accepted is there, paid once and confirmed; the file is sound.
    async fn examine(self) {
        let confirmed = "select count(*) from order_progress where status = 'confirmed'";
        until(&self.db, confirmed, self.accepted.len() as i64, "the ends").await;
        let mut accepted: Vec<_> = self.accepted.iter().map(ToString::to_string).collect();
        accepted.sort();
        let stored = texts(&self.db, "select id from orders order by id").await;
        assert_eq!(stored, accepted);
        assert_eq!(paid(&self.gateway).await, accepted);
        let gaps = "select count(*) - max(position) from events";
        assert_eq!(count(&self.db, gaps).await, 0, "the log has no gap");
        let check = texts(&self.db, "pragma integrity_check").await;
        assert_eq!(check, ["ok"]);
        self.runner.stop().await;
        drop(self.shop);
        self.db.close().await;
        drop(self.folder);
    }
}

/// A fault at each write of an order, the order's consumers included.
async fn fails_once_at_each_write(fault: Fault) {
    /// Writes and syncs of one order, and some more.
    const CHANGES: usize = 48;
    let mut house = House::open().await;
    let mut struck = 0;
    for spared in 0..CHANGES {
        house.disk.fail(fault, spared, 1);
        house.buy(&format!("{fault:?} after {spared}")).await;
        // What the order leads to meets the rest of the writes.
        let ends = house.accepted.len() as i64;
        let confirmed = "select count(*) from order_progress where status = 'confirmed'";
        until(&house.db, confirmed, ends, "its confirmation").await;
        struck += house.disk.mend();
    }
    assert!(struck > CHANGES / 2, "it hardly ever failed: {struck}");
    house.examine().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_disk_that_is_full_once_at_each_write_is_waited_out() {
    fails_once_at_each_write(Fault::Full).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_error_of_the_disk_once_at_each_write_is_waited_out() {
    fails_once_at_each_write(Fault::Error).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_the_disk_is_full_pages_open_and_shoppers_are_told_and_then_it_sells_again() {
    let mut house = House::open().await;
    house.buy("before").await;
    for fault in [Fault::Full, Fault::Error] {
        house.disk.fail(fault, 0, usize::MAX);
        // Long enough for everything that runs by itself to meet it.
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(3) {
            let (shopper, order) = (house.shop.new_shopper_id(), house.shop.new_order_id());
            let told = timeout(ANSWER, house.try_to_buy(shopper, order)).await;
            let problem = told.expect("an answer").expect_err("not written");
            assert_eq!(problem.status, 503, "{problem}");
            let known = house.shop.owns_order(shopper, order).await;
            assert_eq!(known, Ok(false), "what is there can be read");
            assert!(house.shop.cart(shopper).await.expect("readable").is_empty());
        }
        let health = house.db.health().await;
        assert!(health.can_read && !health.can_write, "{health:?}");
        assert!(health.last_write_error.is_some(), "{health:?}");
        house.disk.mend();
        house.buy(&format!("after {fault:?}")).await;
        assert!(house.db.health().await.can_write);
    }
    house.examine().await;
}
