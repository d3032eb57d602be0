//! The process ends at every step of the event path, in every part that has such a step, and another
//! one goes on: the shop ends up as if nothing had happened.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use broker::decisions::DEAD_LETTERED;
use broker::{Beginning, Environment, GroupCommit, Log, NewEvent, Probe, Runner, Step};
use db::{Columns, Db};
use parking_lot::Mutex;
use scratch::Scratch;
use services::gateway::{Answer, Authorize, Decision, MoveMoney, Moved, NoAnswer, PaymentGateway};
use services::notification::{Folder, Mailer};
use services::test_gateway::TestGateway;
use services::{House, Outside, Seed, Shop, ShopSettings};
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::time::timeout;
use types::cart::totals;
use types::checkout::{DeliveryMethod, PlaceOrder};
use types::fulfilment::{Carrier, Outcome, Pieces};
use types::{Currency, Money, OrderId, RefundId, ShipmentId, ShopperId, Sku};
use uuid::Uuid;

use crate::shop::{DEADLINE, RING, eventually};

/// Another ring; 4 pieces on the first day, as of [`RING`].
const SCARCE: &str = "AS-VEG-WG-52";
/// The key of an event that nobody can read.
const POISON: &str = "poison";

/// What a part has come to, and how often.
type Visits = BTreeMap<(String, Step), usize>;

/// Where the process is to end: at the n-th time that this part comes to this step.
#[derive(Debug, Clone)]
struct Point {
    who: String,
    step: Step,
    nth: usize,
}

/// Counts steps, and ends the process at one of them: what awaits it never goes on.
#[derive(Default)]
struct Watch {
    visits: Mutex<Visits>,
    end: Mutex<Option<Point>>,
    ended: Notify,
}

impl Watch {
    fn probe(self: &Arc<Self>) -> Probe {
        let watch = self.clone();
        Arc::new(move |step, who: &str| {
            let nth = {
                let mut visits = watch.visits.lock();
                let count = visits.entry((who.to_owned(), step)).or_default();
                *count += 1;
                *count
            };
            let end = watch.end.lock();
            let is_end =
                (end.as_ref()).is_some_and(|e| e.who == who && e.step == step && e.nth == nth);
            drop(end);
            if !is_end {
                return Box::pin(std::future::ready(()))
                    as Pin<Box<dyn Future<Output = ()> + Send>>;
            }
            watch.ended.notify_one();
            Box::pin(std::future::pending())
        })
    }
}

/// Does not answer the first time it is asked for anything.
struct Shy {
    gateway: TestGateway,
    asked: Mutex<Vec<String>>,
}

impl Shy {
    fn is_new(&self, key: &str) -> bool {
        let mut asked = self.asked.lock();
        let is_new = !asked.iter().any(|known| known == key);
        if is_new {
            asked.push(key.to_owned());
        }
        is_new
    }
}

impl PaymentGateway for Shy {
    fn authorize(&self, request: Authorize) -> Answer<'_, Decision> {
        if self.is_new(&request.idempotency_key) {
            return Box::pin(async { Err(NoAnswer("not yet".to_owned())) });
        }
        self.gateway.authorize(request)
    }

    fn capture(&self, request: MoveMoney) -> Answer<'_, Moved> {
        if self.is_new(&request.idempotency_key) {
            return Box::pin(async { Err(NoAnswer("not yet".to_owned())) });
        }
        self.gateway.capture(request)
    }

    fn refund(&self, request: MoveMoney) -> Answer<'_, Moved> {
        if self.is_new(&request.idempotency_key) {
            return Box::pin(async { Err(NoAnswer("not yet".to_owned())) });
        }
        self.gateway.refund(request)
    }

    fn void(&self, authorization_id: String) -> Answer<'_, ()> {
        self.gateway.void(authorization_id)
    }
}

/// A shop without its pages: everything between the commands and the disk.
struct Process {
    shop: Shop,
    runner: Runner,
}

impl Process {
    async fn start(scratch: &Scratch, environment: Environment) -> Self {
        let db = Db::open(&db::Settings::new(scratch.url()))
            .await
            .expect("a database");
        let log = Log::open(db, environment).await.expect("a log");
        let writer = GroupCommit::start(&log, "shop");
        let seed = Seed::demo().expect("the demo");
        let shop = Shop::open(log.clone(), writer.clone(), Some(seed)).await;
        let shop = shop.expect("a shop");
        let gateway = Shy {
            gateway: TestGateway::new(log.clone(), writer, Duration::ZERO),
            asked: Mutex::default(),
        };
        let pace = broker::Settings {
            min_gap: Duration::ZERO,
            backoff: Duration::from_millis(1),
            max_backoff: Duration::from_millis(2),
            max_attempts: 2,
            lease: Duration::from_millis(100),
            ..broker::Settings::default()
        };
        let house = House::new(
            "https://shop.example",
            "orders@shop.example",
            None,
            b"secret",
        );
        let house = Arc::new(house.expect("a house"));
        let files = || Folder::new(scratch.folder().join("mails"));
        let retry = Duration::from_secs(1);
        let mailer = Some(Mailer::new(
            shop.clone(),
            house,
            Arc::new(files()),
            files(),
            retry,
        ));
        let settings = ShopSettings::default();
        let gateway = Arc::new(gateway);
        let mut runner = Runner::new(log.clone(), pace);
        let roster = services::roster(&settings, Some(Outside { gateway, mailer }));
        roster.start(&mut runner).await;
        // What the hub does: pages and carts know the stock from the log.
        let levels = shop.clone();
        tokio::spawn(async move {
            let mut tail = log.tail(levels.levels().position());
            while let Ok(events) = tail.next(256).await {
                for event in events {
                    if let Ok(decoded) = services::decode(&event) {
                        levels.levels().apply(&decoded, event.position);
                    }
                }
            }
        });
        Self { shop, runner }
    }

    async fn number(&self, sql: &str) -> i64 {
        let row = db::query(db::built(sql.to_owned()))
            .fetch_one(self.shop.log().db().reader())
            .await
            .expect(sql);
        row.get(0)
    }

    async fn texts(&self, sql: &str) -> Vec<String> {
        let rows = db::query(db::built(sql.to_owned()))
            .fetch_all(self.shop.log().db().reader())
            .await
            .expect(sql);
        rows.iter().map(|row| row.get(0)).collect()
    }
}

/// One shopper's order.
struct Wish {
    shopper: ShopperId,
    order: OrderId,
    sku: &'static str,
    quantity: u32,
    token: Option<&'static str>,
}

impl Wish {
    fn new(n: u128, sku: &'static str, quantity: u32, token: Option<&'static str>) -> Self {
        let id = |n| Uuid::from_u128(0x0199_c0a0_0000_7000_8000_0000_0000_0000 | n);
        Self {
            shopper: ShopperId::new(id(n)),
            order: OrderId::new(id(0x100 + n)),
            sku,
            quantity,
            token,
        }
    }

    /// Puts the pieces into the cart, unless they are there or ordered.
    async fn fill_cart(&self, shop: &Shop) {
        if self.is_placed(shop).await {
            return;
        }
        let cart = shop.cart(self.shopper).await.expect("a cart");
        if cart.is_empty() {
            let sku: Sku = self.sku.parse().expect("a SKU");
            let added = shop
                .add_to_cart(self.shopper, &sku, self.quantity.into(), None)
                .await;
            added.expect("added");
        }
    }

    async fn is_placed(&self, shop: &Shop) -> bool {
        shop.owns_order(self.shopper, self.order)
            .await
            .expect("known")
    }

    async fn place(&self, shop: &Shop) {
        if self.is_placed(shop).await {
            return;
        }
        let cart = shop.cart(self.shopper).await.expect("a cart");
        let delivery = DeliveryMethod::Standard;
        let order = PlaceOrder {
            order_id: self.order,
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
            payment_token: self.token.map(str::to_owned),
            expected_total_minor: totals(cart.subtotal, delivery)
                .expect("a total")
                .total
                .minor,
        };
        shop.place_order(self.shopper, order).await.expect("placed");
    }

    async fn until(&self, process: &Process, status: &str) {
        self.until_either(process, [status, status]).await;
    }

    /// Waits for one of two statuses, and says which it is.
    async fn until_either<'a>(&self, process: &Process, statuses: [&'a str; 2]) -> &'a str {
        let sql = format!(
            "select status from order_progress where order_id = '{}'",
            self.order
        );
        let found = Mutex::new(statuses[0]);
        eventually(&format!("{} is {statuses:?}", self.order), async || {
            let status = process.texts(&sql).await.pop().unwrap_or_default();
            let known = statuses.into_iter().find(|known| *known == status);
            known.map(|known| *found.lock() = known).is_some()
        })
        .await;
        found.into_inner()
    }
}

/// The whole day of the shop. Every step of it can be taken again, as people do when they hear nothing.
async fn day(process: &Process) {
    let shop = &process.shop;
    eventually("the opening stock is counted in", async || {
        shop.levels().are_complete()
    })
    .await;
    let bought = Wish::new(1, RING, 1, Some("pm_card_visa"));
    let declined = Wish::new(2, RING, 1, Some("pm_card_chargeDeclined"));
    let regretted = Wish::new(3, RING, 1, None);
    let first = Wish::new(4, SCARCE, 3, Some("pm_card_visa"));
    let late = Wish::new(5, SCARCE, 3, Some("pm_card_visa"));
    // Both see three pieces.
    first.fill_cart(shop).await;
    late.fill_cart(shop).await;
    first.place(shop).await;
    first.until(process, "confirmed").await;
    late.place(shop).await;
    for wish in [&bought, &declined, &regretted] {
        wish.fill_cart(shop).await;
        wish.place(shop).await;
    }
    late.until(process, "rejected").await;
    bought.until(process, "confirmed").await;

    // Another card, and another mind. After a crash either may have been taken up already.
    let waiting = "awaiting_payment";
    if declined.until_either(process, [waiting, "confirmed"]).await == waiting {
        let (shopper, order) = (declined.shopper, declined.order);
        let _ = shop.pay(shopper, order, "pm_card_visa".into()).await;
    }
    if regretted
        .until_either(process, [waiting, "cancelled"])
        .await
        == waiting
    {
        let _ = shop.cancel(regretted.shopper, regretted.order).await;
    }
    declined.until(process, "confirmed").await;
    regretted.until(process, "cancelled").await;
    send(shop, first.order).await;
    give_up_poison(process).await;
    let rest = "select (select count(*) from parked) + (select count(*) from events \
                where type = 'order.cancelled') - (select count(*) from events \
                where type = 'stock.released') \
                + (select count(*) from events where type = 'shipment.shipped') \
                - (select count(*) from events where type = 'stock.shipped') \
                + (select count(*) from events where type = 'payment.capture_requested') \
                - (select count(*) from events where type = 'payment.captured') \
                + (select count(*) from events where type = 'payment.refund_requested') \
                - (select count(*) from events where type = 'payment.refunded')";
    eventually("all has come to rest", async || {
        process.number(rest).await == 0
    })
    .await;
    let untold = format!(
        "select (select count(*) from events where key <> '{POISON}' and type in ('order.placed', \
         'order.confirmed', 'order.rejected', 'order.cancelled', 'payment.method_required', \
         'payment.declined', 'payment.refunded', 'shipment.shipped', 'shipment.delivered', \
         'order.rest_cancelled', 'return.accepted', 'return.declined')) \
         - (select count(*) from mails where state = 'sent')"
    );
    eventually("everything is told", async || {
        process.number(&untold).await == 0
    })
    .await;
    rebuild(process).await;
}

/// Staff send the three pieces of an order in two parcels, and give something back. What they have done
/// already is refused, which is as good.
async fn send(shop: &Shop, order: OrderId) {
    let email = "staff@example.com";
    shop.name_owner(email, Some("a good password".into()))
        .await
        .expect("named");
    let staff = shop.sign_in(email, "a good password".into()).await;
    let staff = staff.expect("signed in");
    let id = |n: u128| Uuid::from_u128(0x0199_c0a0_0000_7000_8000_0000_0000_0200 | n);
    for (n, quantity) in [(1, 2), (2, 1)] {
        let parcel = ShipmentId::new(id(n));
        let lines = vec![Pieces {
            sku: SCARCE.parse().expect("a SKU"),
            quantity,
        }];
        let _ = shop
            .pack(&staff, order, parcel, lines, Carrier::Manual)
            .await;
        let _ = shop.ship(&staff, order, parcel, None).await;
        let _ = shop
            .end_shipment(&staff, order, parcel, Outcome::Delivered)
            .await;
    }
    let (refund, amount) = (RefundId::new(id(3)), Money::new(500, Currency::Eur));
    eventually("the money is given back", async || {
        // Not before the gateway has collected it.
        let refunded = shop.refund(&staff, order, refund, amount, "a scratch");
        refunded.await.is_ok()
    })
    .await;
}

/// All states are built anew, and are what they were.
async fn rebuild(process: &Process) {
    let roster = services::roster(&ShopSettings::default(), None);
    for decider in roster.deciders() {
        let log = process.shop.log();
        let replayed = log.replay(&roster, decider, Beginning::Nothing, "test", |_, _| {});
        let replayed = replayed.await.expect("replayed");
        assert_eq!(replayed.differences, 0, "{replayed:?}");
    }
}

/// An event that three consumers cannot read becomes three dead letters, which staff gives up.
async fn give_up_poison(process: &Process) {
    let log = process.shop.log();
    let poison = format!("select count(*) from events where key = '{POISON}'");
    if process.number(&poison).await == 0 {
        let mut tx = log.begin("test").await.expect("a transaction");
        tx.append(NewEvent::new("order.placed", "orders", POISON, "{}"), None);
        tx.commit().await.expect("committed");
    }
    let dead = format!("select count(*) from events where type = '{DEAD_LETTERED}'");
    eventually("three dead letters", async || {
        process.number(&dead).await == 3
    })
    .await;
    for parked in log.parked(true, 10).await.expect("read") {
        // One of them may be followed between the question and the decision.
        let _ = log
            .discard(&parked.consumer, parked.position, "staff")
            .await;
    }
}

/// What is left at the end of the day, as far as anybody can care.
async fn books(process: &Process) -> Vec<String> {
    let mut books = Vec::new();
    let orders = "select order_id || ' ' || status || ' ' || attempts || ' ' || payment_token \
                  from order_progress order by order_id";
    books.extend(process.texts(orders).await);
    let stock = format!(
        "select sku || ' ' || on_hand || ' ' || allocated from stock \
         where sku in ('{RING}', '{SCARCE}') order by sku"
    );
    books.extend(process.texts(&stock).await);
    let gateway = "select reference || ' ' || status || ' ' || amount_minor \
                   from test_gateway_payments order by reference, status";
    books.extend(process.texts(gateway).await);
    let mails = "select order_id || ' ' || kind || ' ' || count(*) from mails \
                 group by order_id, kind order by order_id, kind";
    books.extend(process.texts(mails).await);
    // What happened, told by what it was; commands may have been given twice.
    let events = "select type || ' ' || count(*) from events where type not in \
                  ('payment.method_given', 'order.cancellation_requested', \
                  'order.cancellation_refused', 'shipment.requested', 'shipment.refused', \
                  'shipment.handover_reported', 'shipment.outcome_reported', \
                  'payment.refund_asked', 'payment.refund_refused', \
                  'broker.discard_requested', 'broker.replayed') group by type order by type";
    books.extend(process.texts(events).await);
    let moved = "select authorization_id || ' ' || kind || ' ' || amount_minor \
                 from test_gateway_movements order by kind, amount_minor";
    let moved = process.texts(moved).await.into_iter();
    // The gateway's names for payments are random.
    books.extend(moved.filter_map(|line| Some(line.split_once(' ')?.1.to_owned())));
    let steps = "select key || ' ' || type from events where topic in ('orders', 'payments') \
                 and type not in ('payment.method_given', 'order.cancellation_requested', \
                 'order.cancellation_refused', 'payment.refund_asked', 'payment.refund_refused', \
                 'payment.captured') \
                 order by key, position";
    books.extend(process.texts(steps).await);
    let head = process.shop.log().stored_head().await.expect("a head");
    let read = process
        .shop
        .log()
        .read_after(0, 100_000)
        .await
        .expect("sound");
    assert_eq!(read.len() as u64, head, "no gap");
    books
}

/// What came of a day.
struct Day {
    books: Vec<String>,
    /// Where the first process has been.
    visits: Visits,
    /// Whether it took two processes.
    ended: bool,
}

/// A day with the first process ending at `end`.
fn run(end: Option<Point>) -> Day {
    let scratch = Runtime::new().expect("a runtime").block_on(Scratch::new());
    let watch = Arc::new(Watch::default());
    *watch.end.lock() = end;
    let mut lives = 0;
    let books = loop {
        let runtime = Runtime::new().expect("a runtime");
        let whole_day = runtime.block_on(async {
            let environment = match lives {
                0 => Environment::system().with_probe(watch.probe()),
                _ => Environment::system(),
            };
            let whole = async {
                let process = Process::start(&scratch, environment).await;
                day(&process).await;
                let books = books(&process).await;
                process.runner.stop().await;
                process.shop.log().db().close().await;
                books
            };
            tokio::select! {
                books = timeout(2 * DEADLINE, whole) => Some(books.expect("a day ends")),
                () = watch.ended.notified() => None,
            }
        });
        // With everything that is in memory, tasks and connections.
        runtime.shutdown_timeout(DEADLINE);
        lives += 1;
        if let Some(books) = whole_day {
            break books;
        }
        // The second one does not end before its day does.
        assert_eq!(lives, 1);
    };
    let visits = watch.visits.lock().clone();
    Day {
        books,
        visits,
        ended: lives == 2,
    }
}

#[test]
fn wherever_the_process_ends_the_next_one_goes_on() {
    let Day {
        books: expected,
        visits,
        ..
    } = run(None);
    for step in Step::ALL {
        assert!(
            visits.keys().any(|(_, visited)| *visited == step),
            "{step:?} is visited"
        );
    }
    for who in [
        "inventory",
        "notification",
        "orders",
        "payment",
        "shop",
        "replay",
    ] {
        assert!(
            visits.keys().any(|(visitor, _)| visitor == who),
            "{who} is visited"
        );
    }
    let is_set = |name| std::env::var_os(name).is_some();
    let (on_server, all) = (
        is_set("VITRINE_TEST_POSTGRES"),
        is_set("VITRINE_ALL_FAILPOINTS"),
    );
    let mut points = Vec::new();
    for ((who, step), count) in &visits {
        // What ends with the test itself is no part of the shop.
        if who == "test" {
            continue;
        }
        // The first time, and one in the middle. A day on a server takes several times as long: there
        // the middle has to do, unless all is asked for.
        let mut times = vec![1, count.div_ceil(2)];
        if on_server && !all {
            times.remove(0);
        }
        times.dedup();
        for nth in times {
            let (who, step) = (who.clone(), *step);
            points.push(Point { who, step, nth });
        }
    }
    points.retain(|point| {
        let day = run(Some(point.clone()));
        assert_eq!(day.books, expected, "after the end at {point:?}");
        // Batches fall differently from run to run: a part may do with fewer. Never with none.
        assert!(day.ended || point.nth > 1, "{point:?} is visited");
        day.ended
    });
    let parts: std::collections::BTreeSet<&str> = points.iter().map(|p| p.who.as_str()).collect();
    let line = format!(
        "failpoints: the process ended at {} points ({} pairs of part and step; parts: {})\n",
        points.len(),
        visits.len(),
        parts.into_iter().collect::<Vec<_>>().join(", ")
    );
    // Past the test harness, which shows nothing of a test that passes.
    std::io::stderr().write_all(line.as_bytes()).expect("told");
}
