//! The database cannot be written to, or is away: shoppers are told so in time, pages that need nothing
//! of it open, and the shop goes on by itself. Or it comes back as it was yesterday: open tabs are told.

use std::process::Stdio;
use std::time::{Duration, Instant};

use clap::Parser;
use private_postgres::{Durability, Programs, Proxy, Server, Stop};
use server::Running;
use server::cli::Cli;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout, Command};
use types::live::{ServerMessage, State};

use crate::client::{Answer, Client, new_order_id};
use crate::shop::{DEADLINE, RING, RING_PRICE, RING_TOPIC, until_heard};

/// From the return of the disk or the server to the next sale.
const SELLS_AGAIN: Duration = Duration::from_secs(2);
/// No request waits longer.
const LIMIT: Duration = Duration::from_secs(5);

/// A folder with a site that was built.
fn site(folder: &TempDir) -> String {
    let pkg = folder.path().join("site").join("pkg");
    std::fs::create_dir_all(&pkg).expect("a site folder");
    std::fs::write(pkg.join("current"), "built").expect("a site");
    format!("--site-dir={}", folder.path().join("site").display())
}

fn data(folder: &TempDir) -> String {
    format!("--data-dir={}", folder.path().join("data").display())
}

/// The program itself, told not to die of a file that must not grow.
struct Process {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(folder: &TempDir) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
        shell.arg(env!("CARGO_BIN_EXE_server"));
        shell.args([
            "--listen=127.0.0.1:0",
            "--test-gateway-delay-ms=0",
            "--lift-limits",
        ]);
        shell.args(["--demo-stock=1000", &site(folder), &data(folder)]);
        shell.env_remove("VITRINE_DATABASE_URL");
        // While the disk is full every request fails, and each says so.
        shell.env("VITRINE_LOG", "off");
        shell.stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = shell.spawn().expect("started");
        let output = child.stdout.take().expect("its output");
        Self {
            child,
            output: BufReader::new(output).lines(),
        }
    }

    async fn url(&mut self) -> String {
        let announced = async {
            loop {
                let line = self.output.next_line().await.expect("readable");
                let line = line.expect("the shop has not ended");
                if let Some(url) = line.strip_prefix("listening on ") {
                    return url.to_owned();
                }
            }
        };
        let url = tokio::time::timeout(DEADLINE, announced).await;
        url.expect("opened in time")
    }

    /// Lets no file grow past so many bytes.
    #[cfg(target_os = "linux")]
    fn limit_files(&self, bytes: u64) {
        let id = self.child.id().expect("it runs");
        let limits = Some((bytes, rlimit::INFINITY));
        rlimit::prlimit(id.cast_signed(), rlimit::Resource::FSIZE, limits, None).expect("limited");
    }
}

fn assert_told(answer: &Answer) {
    answer.problem(503);
    assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
}

/// Buys until it goes well, within the time in which the shop is to sell again.
async fn sells_again(shopper: &mut Client, within: Duration) {
    let bought = async {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        loop {
            tick.tick().await;
            let added = shopper.add(RING, "1", "").await;
            if added.status == 200 {
                break;
            }
            assert_told(&added);
        }
        let total = shopper.cart().await.subtotal.minor;
        let placed = shopper.place(new_order_id(), "pm_card_visa", total).await;
        placed.expect_ok();
    };
    let bought = tokio::time::timeout(within, bought).await;
    assert!(bought.is_ok(), "it does not sell again");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_and_waited_out_without_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut process = Process::start(&folder);
    let url = process.url().await;
    let mut shopper = Client::new(&url);
    let kept = shopper.order(RING, "pm_card_visa", RING_PRICE).await;

    process.limit_files(1_000);
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(2) {
        let asked = Instant::now();
        assert_told(&shopper.add(RING, "1", "").await);
        let form = [("sku", RING), ("quantity", "1"), ("gift_note", "")];
        let plain = shopper.submit("/api/add_to_cart", &form).await;
        let page = match plain.location() {
            Some(back) => shopper.get(&back.replace(&url, "")).await,
            None => plain,
        };
        assert!(
            page.body.contains("cannot do this at the moment"),
            "{page:?}"
        );
        let order = format!("/orders/{kept}");
        for path in ["/", "/c/rings", "/p/vega-solitaire-ring", "/cart", &order] {
            let page = shopper.get(path).await;
            assert_eq!(page.status, 200, "{path}");
        }
        assert!(asked.elapsed() < LIMIT, "{:?}", asked.elapsed());
    }

    process.limit_files(rlimit::INFINITY);
    sells_again(&mut shopper, SELLS_AGAIN).await;
    process.child.kill().await.expect("killed");

    let mut process = Process::start(&folder);
    let mut shopper = shopper.at(&process.url().await);
    let page = shopper.get(&format!("/orders/{kept}")).await.expect_ok();
    assert!(page.body.contains("Confirmed"), "{page:?}");
}

fn postgres() -> Server {
    let programs = Programs::find().expect("PostgreSQL's server programs");
    programs.start(Durability::Volatile).expect("a server")
}

async fn shop_on(folder: &TempDir, database_url: &str) -> Running {
    let database = format!("--database-url={database_url}");
    let arguments = [
        "server",
        "--test-gateway-delay-ms=0",
        "--lift-limits",
        &site(folder),
        &data(folder),
        &database,
    ];
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let running = server::start(listener, Cli::parse_from(arguments).config).await;
    let running = running.expect("a shop");
    // A new shop goes on with what it begins with after its door is open; the rules of restocking come last.
    until_heard(running.shop.log(), "restock").await;
    running
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_told_in_time_and_sold_from_when_it_is_back() {
    let postgres = postgres();
    let folder = tempfile::tempdir().expect("a folder");
    let running = shop_on(&folder, &postgres.url()).await;
    let mut shopper = Client::new(&running.url);
    let order = shopper.order(RING, "pm_card_visa", RING_PRICE).await;

    postgres.stop(Stop::Fast).expect("stopped");
    for _ in 0..2 {
        let asked = Instant::now();
        assert_told(&shopper.add(RING, "1", "").await);
        assert!(asked.elapsed() < LIMIT, "{:?}", asked.elapsed());
        for path in ["/cart", "/checkout", &format!("/orders/{order}")] {
            let asked = Instant::now();
            let page = shopper.get(path).await;
            assert_eq!(page.status, 503, "{path}: {page:?}");
            assert!(page.headers.contains_key("retry-after"), "{path}: {page:?}");
            assert!(asked.elapsed() < LIMIT, "{path}: {:?}", asked.elapsed());
        }
        for path in ["/", "/c/rings", "/p/vega-solitaire-ring"] {
            let asked = Instant::now();
            let page = shopper.get(path).await;
            assert_eq!(page.status, 200, "{path}: {page:?}");
            assert!(asked.elapsed() < LIMIT, "{path}: {:?}", asked.elapsed());
        }
    }
    postgres.start_again().expect("started");
    sells_again(&mut shopper, LIMIT).await;
    running.stop().await;
}

/// Nobody says that the server is away: it only does not answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_server_is_silent_nobody_waits_long() {
    let postgres = postgres();
    let proxy = Proxy::before(postgres.port()).expect("a proxy");
    let folder = tempfile::tempdir().expect("a folder");
    let running = shop_on(&folder, &postgres.url_at(proxy.port())).await;
    let mut shopper = Client::new(&running.url);
    shopper.order(RING, "pm_card_visa", RING_PRICE).await;

    proxy.go_silent();
    for _ in 0..3 {
        let many = (0..24).map(|n| {
            let mut shopper = Client::new(&running.url);
            let command = n % 2 == 0;
            tokio::spawn(async move {
                let asked = Instant::now();
                if command {
                    assert_told(&shopper.add(RING, "1", "").await);
                } else {
                    let page = shopper.get("/cart").await;
                    assert_eq!(page.status, 503, "{page:?}");
                }
                asked.elapsed()
            })
        });
        for waited in futures::future::join_all(many).await {
            let waited = waited.expect("told");
            assert!(waited < LIMIT, "{waited:?}");
        }
    }
    proxy.speak();
    sells_again(&mut shopper, LIMIT).await;
    running.stop().await;
}

/// A tab of before the restore knows higher positions than the shop has now.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restored_backup_open_tabs_hear_of_another_log_and_get_all_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |suffix: &str| folder.path().join(format!("shop.db{suffix}"));
    let database = format!("sqlite:{}", file("").display());
    let snapshot = async |running: &Running, after: u64| {
        let mut socket = Client::new(&running.url).socket().await;
        socket.subscribe(&[RING_TOPIC], after).await;
        match socket.next().await {
            ServerMessage::Snapshot {
                position,
                log,
                state: State::Product(stock),
                ..
            } => (position, log, stock),
            other => panic!("expected a snapshot, got {other:?}"),
        }
    };
    let running = shop_on(&folder, &database).await;
    let (_, log, whole) = snapshot(&running, 0).await;
    running.stop().await;
    std::fs::copy(file(""), file(".backup")).expect("a backup");

    let running = shop_on(&folder, &database).await;
    let mut shopper = Client::new(&running.url);
    shopper.order(RING, "pm_card_visa", RING_PRICE).await;
    let (position, same, sold) = snapshot(&running, 0).await;
    assert_eq!(same, log, "it was only restarted");
    assert!(sold.available < whole.available, "{sold:?}");
    running.stop().await;

    std::fs::copy(file(".backup"), file("")).expect("restored");
    let running = shop_on(&folder, &database).await;
    let (lower, other, restored) = snapshot(&running, position).await;
    assert_ne!(other, log);
    assert!(lower < position, "{lower} of {position}");
    assert_eq!(restored, whole, "all of it, not only what is newer");
    running.stop().await;
}
