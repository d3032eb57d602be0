//! A shop with a database of its own, on a port of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use db::Columns;
use scratch::Scratch;
use server::Running;
use server::cli::Cli;
use server::config::Config;
use tokio::net::{TcpListener, TcpSocket};
use types::OrderId;

use crate::client::Client;

/// Among the settings: that they name no member of staff.
const NOBODY: &str = "nobody";

/// Longer than anything here takes; what takes longer has failed.
pub const DEADLINE: Duration = Duration::from_secs(60);

pub const EMAIL: &str = "admin@aurel-stone.example";
pub const PASSWORD: &str = "correct horse battery";

/// €2,490.00, 4 pieces on the first day.
pub const RING: &str = "AS-VEG-WG-50";
pub const RING_PRICE: i64 = 249_000;
pub const RING_TOPIC: &str = "product:vega-solitaire-ring";

pub struct TestShop {
    running: Running,
    url: String,
    scratch: Scratch,
    settings: Vec<String>,
}

impl TestShop {
    /// A new shop whose gateway answers at once.
    pub async fn open() -> Self {
        Self::with(&[]).await
    }

    /// A new shop into which nobody can sign in yet.
    pub async fn without_staff() -> Self {
        Self::with(&[NOBODY]).await
    }

    /// Limits per visitor and address are lifted: all shoppers of a test come from one machine.
    pub async fn with(settings: &[&str]) -> Self {
        Self::limited(&[&["--lift-limits"], settings].concat()).await
    }

    /// A new shop with the limits that shoppers meet, but for these settings.
    pub async fn limited(settings: &[&str]) -> Self {
        let settings = settings.iter().map(|setting| (*setting).to_owned());
        Self::of(Scratch::new().await, settings.collect()).await
    }

    /// The shop that somebody else has put into this database.
    pub async fn on(scratch: Scratch) -> Self {
        Self::of(scratch, vec!["--lift-limits".to_owned()]).await
    }

    async fn of(scratch: Scratch, settings: Vec<String>) -> Self {
        let pkg = scratch.folder().join("site").join("pkg");
        std::fs::create_dir_all(&pkg).expect("a site folder");
        std::fs::write(pkg.join("current"), "built").expect("a site");
        let shop = Self::start(scratch, settings, any_port().await).await;
        // What a new shop begins with goes through its log as all else does: the rules by which
        // pieces are ordered again come last.
        shop.until_heard("restock").await;
        shop
    }

    /// A folder that ends with the shop.
    pub fn scratch_folder(&self) -> &Path {
        self.scratch.folder()
    }

    /// A new shop whose sockets have as little room in the kernel as it allows.
    pub async fn with_small_buffers() -> Self {
        let mut shop = Self::with(&[]).await;
        let socket = TcpSocket::new_v4().expect("a socket");
        // What is accepted inherits it.
        socket.set_send_buffer_size(4_096).expect("a small buffer");
        let address = "127.0.0.1:0".parse().expect("an address");
        socket.bind(address).expect("a free port");
        let listener = socket.listen(64).expect("listening");
        shop.running.stop().await;
        shop = Self::start(shop.scratch, shop.settings, listener).await;
        shop
    }

    /// Stops the shop and opens it again on what it had written.
    pub async fn reopened(self) -> Self {
        self.running.stop().await;
        Self::start(self.scratch, self.settings, any_port().await).await
    }

    /// Stops the shop and opens it again with other settings.
    pub async fn reopened_with(self, settings: &[&str]) -> Self {
        self.running.stop().await;
        let settings = settings.iter().map(|setting| (*setting).to_owned());
        let settings = std::iter::once("--lift-limits".to_owned()).chain(settings);
        Self::start(self.scratch, settings.collect(), any_port().await).await
    }

    /// A second process of the same shop, on the same database.
    pub async fn beside(&self) -> Running {
        let config = config(&self.scratch, &self.settings);
        let running = server::start(any_port().await, config).await;
        running.expect("a second one")
    }

    /// Stops the shop; what it had written remains as long as this is held.
    pub async fn closed(self) -> Scratch {
        self.running.stop().await;
        self.scratch
    }

    async fn start(scratch: Scratch, settings: Vec<String>, listener: TcpListener) -> Self {
        let config = config(&scratch, &settings);
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let running = server::start(listener, config).await.expect("a shop");
        Self {
            running,
            url,
            scratch,
            settings,
        }
    }

    /// Where it tells its metrics.
    pub fn metrics_url(&self) -> String {
        let address = self.running.metrics_address.expect("a setting for it");
        format!("http://{address}")
    }

    pub const fn running(&self) -> &Running {
        &self.running
    }

    /// Where its built-in carrier is reached.
    pub fn carrier_url(&self) -> String {
        let address = self.running.carrier_address().expect("a carrier");
        format!("http://{address}")
    }

    /// The shop itself, for what no shopper can do.
    pub const fn inner(&self) -> &services::Shop {
        &self.running.shop
    }

    /// Has a supervised task panic.
    pub fn panic_in(&self, task: &'static str) {
        self.running.panic_in(task);
    }

    /// Where it listens, whatever it is called in public.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What the shop writes to.
    pub const fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// Where its books are, for programs beside it.
    pub fn database_url(&self) -> String {
        self.scratch.url()
    }

    /// The event log, for what no shopper can do.
    pub fn log(&self) -> &broker::Log {
        self.running.shop.log()
    }

    /// A new shopper, without a cookie yet.
    pub fn shopper(&self) -> Client {
        Client::new(self.url())
    }

    /// A member of staff, signed in through the form.
    pub async fn staff(&self) -> Client {
        let mut staff = Client::new(self.url());
        let form = [("email", EMAIL), ("password", PASSWORD)];
        let answer = staff.post("/admin/session", &form).await;
        assert_eq!(answer.location(), Some("/admin/inventory"), "{answer:?}");
        staff
    }

    /// Sets the pieces on hand, and waits until every page shows them.
    pub async fn count(&self, sku: &str, on_hand: i64) {
        let mut staff = self.staff().await;
        staff.count(sku, on_hand).await.expect_ok();
        self.until_seen(sku, on_hand).await;
    }

    /// Waits until pages and carts know that this many pieces are on hand.
    pub async fn until_seen(&self, sku: &str, on_hand: i64) {
        let sku = sku.parse().expect("a SKU");
        let levels = self.running.shop.levels();
        eventually(&format!("{on_hand} of {sku} on every page"), async || {
            levels
                .level(&sku)
                .is_some_and(|level| level.on_hand == on_hand)
        })
        .await;
    }

    /// Available pieces as pages show them.
    pub fn sees_available(&self, sku: &str) -> i64 {
        let sku = sku.parse().expect("a SKU");
        let level = self.running.shop.levels().level(&sku);
        level.map_or(0, |level| level.available())
    }

    /// What one piece of a SKU costs, delivery aside, in minor units.
    pub fn price_of(&self, sku: &str) -> i64 {
        let price = self.inner().price(&sku.parse().expect("a SKU"));
        price.expect("a price").minor
    }

    /// The first column of the rows that `sql` finds.
    pub async fn numbers(&self, sql: &str) -> Vec<i64> {
        let rows = self.rows(sql).await;
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// The same where it is text.
    pub async fn lines(&self, sql: &str) -> Vec<String> {
        let rows = self.rows(sql).await;
        rows.iter().map(|row| row.get(0)).collect()
    }

    async fn rows(&self, sql: &str) -> Vec<db::Row> {
        let found = db::query(db::trusted_sql(sql.to_owned()))
            .fetch_all(self.log().db().reader())
            .await;
        found.expect(sql)
    }

    pub async fn number(&self, sql: &str) -> i64 {
        let numbers = self.numbers(sql).await;
        assert_eq!(numbers.len(), 1, "{sql}");
        numbers[0]
    }

    /// Changes one row behind the shop's back.
    pub async fn alter(&self, sql: String) {
        let mut tx = self.log().db().begin().await.expect("a transaction");
        let changed = db::query(db::trusted_sql(sql)).execute(tx.conn()).await;
        assert_eq!(changed.expect("SQL").rows_affected(), 1);
        tx.commit().await.expect("a commit");
    }

    /// On hand and allocated, as the books say.
    pub async fn stock(&self, sku: &str) -> (i64, i64) {
        let column = |name| format!("select {name} from stock where sku = '{sku}'");
        (
            self.number(&column("on_hand")).await,
            self.number(&column("allocated")).await,
        )
    }

    pub async fn until_allocated(&self, sku: &str, allocated: i64) {
        eventually(&format!("{allocated} of {sku} allocated"), async || {
            self.stock(sku).await.1 == allocated
        })
        .await;
    }

    /// Waits until a consumer has passed everything that the log holds now.
    pub async fn until_heard(&self, consumer: &str) {
        until_heard(self.log(), consumer).await;
    }

    /// Waits until the process manager has brought an order there.
    pub async fn until_status(&self, order: OrderId, status: &str) {
        let sql = format!(
            "select count(*) from order_progress where order_id = '{order}' and status = '{status}'"
        );
        eventually(&format!("the order is {status}"), async || {
            self.number(&sql).await == 1
        })
        .await;
    }
}

fn config(scratch: &Scratch, settings: &[String]) -> Config {
    let site = scratch.folder().join("site");
    let mut arguments = vec![
        "server".to_owned(),
        format!("--data-dir={}", data(scratch).display()),
        format!("--database-url={}", scratch.url()),
        format!("--site-dir={}", site.display()),
    ];
    if !settings.iter().any(|text| text == NOBODY) {
        arguments.push(format!("--admin-email={EMAIL}"));
        arguments.push(format!("--admin-password={PASSWORD}"));
    }
    if !settings.iter().any(|text| text.contains("gateway-delay")) {
        arguments.push("--test-gateway-delay-ms=0".to_owned());
    }
    let settings = settings.iter().filter(|text| *text != NOBODY);
    arguments.extend(settings.cloned());
    Cli::parse_from(arguments).config
}

/// The shop's own folder.
pub fn data(scratch: &Scratch) -> PathBuf {
    scratch.folder().join("data")
}

async fn any_port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}

/// Waits until a consumer has passed everything that a log holds now.
pub async fn until_heard(log: &broker::Log, consumer: &str) {
    let head = log.stored_head().await.expect("a head");
    eventually(&format!("{consumer} as of {head}"), async || {
        let lags = log.lags().await.expect("lags");
        let passed = |lag: &broker::Lag| lag.consumer == consumer && lag.position >= head;
        lags.iter().any(passed)
    })
    .await;
}

/// Looks again until `is_so` says yes, and fails when that takes too long. Only for what no message
/// tells.
pub async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    let waited = tokio::time::timeout(DEADLINE, async {
        while !is_so().await {
            tick.tick().await;
        }
    });
    assert!(waited.await.is_ok(), "in vain waited for: {what}");
}
