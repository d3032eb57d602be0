//! How the shop keeps its pace as it grows: a small shop and one with many SKUs, events and orders side
//! by side.
//!
//! The large shop grows as a real one does, by selling: its log, its states and its gateway's books are
//! what the shop itself has written.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use comfy_table::Table;
use tokio::sync::oneshot;
use tokio::time::Instant;
use types::order::order_number;

use crate::args::{CheckoutArgs, DEFAULT_STOCK, GrowthArgs};
use crate::checkout::{self, Shopper};
use crate::checkout_report::write_complaints;
use crate::checkout_run::Pace;
use crate::console::{self, note};
use crate::goods::Good;
use crate::measured_run::{MeasuredRun, measure, sell, warm_up};
use crate::running_shop::{RunningShop, StartSettings};
use crate::table::{self, NO_VALUE, headings, milliseconds, write_headings};
use crate::times::Times;
use crate::workspace::Workspace;
use crate::{catalogue, database, file_limit, goods};
use shopper::forms::pieces;
use shopper::http::Pool;

/// The load at which throughput is measured, and with which the large shop grows.
const BUSY: u64 = 128;
/// Orders between two looks at how large the shop is.
const STEP: u64 = 20_000;
/// How often each page is asked for, and how often before that, uncounted.
const PAGE_VIEWS: (u32, u32) = (60, 5);
/// Orders that are placed one after the other.
const SINGLE_ORDERS: u64 = 250;
/// What can be built anew while the shop sells.
const REPLAYED: [&str; 2] = ["inventory", "orders"];
/// A replay with no writer held longer than this is the aim.
const HELD_GOAL: Duration = Duration::from_millis(50);

/// What was measured of one shop.
struct Measured {
    skus: u64,
    orders: i64,
    events: i64,
    /// By page, in the order of the rows.
    pages: Vec<(&'static str, Option<Duration>)>,
    single: MeasuredRun,
    busy: MeasuredRun,
    restart: Duration,
    replays: Vec<Replay>,
    /// Of a count of every SKU.
    import: Replay,
}

/// A command while one shopper after the other orders.
struct Replay {
    /// The consumer that is built anew, or what else is done.
    consumer: &'static str,
    took: Duration,
    /// What it said when it was done.
    told: String,
    /// How long orders took to be accepted meanwhile.
    accepted: Times,
}

/// Measures both and prints the table. Whether everything that must agree agrees.
pub async fn carry_out(args: &GrowthArgs) -> anyhow::Result<bool> {
    file_limit::raise(0, BUSY)?;
    let workspace = Workspace::find()?;
    let server = workspace.server(args.server.as_deref()).await?;
    let folder = workspace.folder()?;
    let mut text = String::new();
    write_headings(&mut text, &headings(Some(folder.path()))?);
    write_headings(
        &mut text,
        &[
            ("server", server.display().to_string()),
            (
                "shop",
                "SQLite with synchronous=full, gateway delay 0 ms".to_owned(),
            ),
            (
                "large",
                format!(
                    "at least {} SKUs, {} orders and {} events",
                    args.skus, args.orders, args.events
                ),
            ),
        ],
    );
    let checkouts = args.checkouts();

    note("the small shop");
    let mut shop = start(&server, None).await?;
    warm_up(&checkouts, &shop).await?;
    let small = measured(&checkouts, &mut shop).await?;
    drop(shop);

    note("the large shop");
    let file = folder.path().join("catalogue.json");
    catalogue::write(&file, args.skus)?;
    let mut shop = start(&server, Some(&file)).await?;
    warm_up(&checkouts, &shop).await?;
    grow(args, &checkouts, &shop).await?;
    let large = measured(&checkouts, &mut shop).await?;
    drop(shop);

    let _ = writeln!(text, "{}", table_of(&small, &large));
    let mut is_sound = true;
    for (name, measured) in [("small", &small), ("large", &large)] {
        for run in [&measured.single, &measured.busy] {
            write_complaints(&mut text, &format!("{name}, {}", run.name), run);
            is_sound &= run.disagreements.is_empty();
        }
        for replay in &measured.replays {
            let Replay { consumer, told, .. } = replay;
            let _ = writeln!(text, "{name}, replay of {consumer}: {told}");
        }
        let _ = writeln!(text, "{name}, import: {}", measured.import.told);
    }
    console::print(&text);
    Ok(is_sound)
}

async fn start(server: &Path, catalogue: Option<&Path>) -> anyhow::Result<RunningShop> {
    RunningShop::start(StartSettings {
        server: Some(server),
        stock: DEFAULT_STOCK,
        sockets: 0,
        gateway_delay_ms: 0,
        catalogue,
    })
    .await
}

/// Sells until the shop is as large as it is to be.
async fn grow(
    args: &GrowthArgs,
    checkouts: &CheckoutArgs,
    shop: &RunningShop,
) -> anyhow::Result<()> {
    let mut before = 0;
    loop {
        let (orders, events) = size(shop).await?;
        note(&format!("{orders} orders, {events} events"));
        let missing = missing_orders(args, orders.unsigned_abs(), events.unsigned_abs());
        if missing == 0 {
            return Ok(());
        }
        ensure!(
            before == 0 || orders > before,
            "the shop sells nothing and cannot grow"
        );
        before = orders;
        sell(checkouts, shop, missing.min(STEP), Pace::AtOnce(BUSY)).await?;
    }
}

/// Orders still to be placed, when each leads to as many events as those so far.
fn missing_orders(args: &GrowthArgs, orders: u64, events: u64) -> u64 {
    let per_order = (events / orders.max(1)).clamp(1, 8);
    let for_events = args.events.saturating_sub(events).div_ceil(per_order);
    args.orders.saturating_sub(orders).max(for_events)
}

async fn size(shop: &RunningShop) -> anyhow::Result<(i64, i64)> {
    let orders = database::number(&shop.database, "select count(*) from orders").await?;
    let events = "select position from log_head where id = 1";
    Ok((orders, database::number(&shop.database, events).await?))
}

async fn measured(checkouts: &CheckoutArgs, shop: &mut RunningShop) -> anyhow::Result<Measured> {
    let goods = goods::read(&shop.database, None).await?;
    let (orders, events) = size(shop).await?;
    note("pages");
    let pages = pages(shop, &goods[0]).await?;
    let single = measure(checkouts, shop, SINGLE_ORDERS, Pace::AtOnce(1)).await?;
    let busy = measure(checkouts, shop, checkouts.orders, Pace::AtOnce(BUSY)).await?;
    let mut replays = Vec::new();
    for consumer in REPLAYED {
        note(&format!("replay of {consumer}"));
        let args = ["replay", "--consumer", consumer];
        replays.push(beside_orders(shop, &goods, consumer, &args).await?);
    }
    note("import of counts");
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), counts(shop).await?)?;
    let path = file.path().display().to_string();
    let args = ["import", "inventory", &path];
    let import = beside_orders(shop, &goods, "import", &args).await?;
    note("restart");
    let restart = shop.restart().await?;
    Ok(Measured {
        skus: goods.len() as u64,
        orders,
        events,
        pages,
        single,
        busy,
        restart,
        replays,
        import,
    })
}

/// A file that says of every SKU that there is a piece more.
async fn counts(shop: &RunningShop) -> anyhow::Result<String> {
    let output = shop.command(&["export", "inventory"])?.output().await?;
    let exported = String::from_utf8(output.stdout)?;
    let mut file = "sku,counted\n".to_owned();
    for line in exported.lines().skip(1) {
        let mut fields = line.split(',');
        let sku = fields.next().unwrap_or_default();
        // Behind them titles may have commas in quotes; the numbers are counted from the end.
        let on_hand = line.rsplit(',').nth(10);
        let on_hand: i64 = on_hand
            .and_then(|it| it.parse().ok())
            .context(line.to_owned())?;
        let _ = writeln!(file, "{sku},{}", on_hand + 1);
    }
    Ok(file)
}

/// How long each page takes, the median.
async fn pages(
    shop: &RunningShop,
    good: &Good,
) -> anyhow::Result<Vec<(&'static str, Option<Duration>)>> {
    let (target, pool) = (&shop.target, Pool::default());
    let shopper = checkout::fill_cart(target, &pool, good, "").await?;
    let shopper_cookie = shopper.cookie().to_owned();
    let order = shopper.order(target, &pool).await?;
    // A cart with something in it, for its page.
    let mut connection = pool.take(target).await?;
    let form = pieces(&good.sku, 1, "");
    connection
        .post(target, "/api/add_to_cart", Some(&shopper_cookie), form)
        .await?;
    let staff_cookie = connection.sign_in(target, shop.admin()?).await?;
    let (shopper, staff) = (Some(shopper_cookie.as_str()), Some(staff_cookie.as_str()));
    let number = order_number(order);
    // The middle of the list: as many orders are newer as older.
    let middle = "select placed_at_us from order_desk order by placed_at_us \
                  limit 1 offset (select count(*) / 2 from order_desk)";
    let middle = database::number(&shop.database, middle).await?;
    let search = |text: &str| format!("/admin/orders?search={text}");
    let pages = [
        ("home", "/".to_owned(), None),
        ("category", "/c/rings".to_owned(), None),
        ("product", format!("/p/{}", good.product), None),
        ("cart", "/cart".to_owned(), shopper),
        ("checkout", "/checkout".to_owned(), shopper),
        ("order", format!("/orders/{order}"), shopper),
        ("admin: inventory", "/admin/inventory".to_owned(), staff),
        ("admin: events", "/admin/events".to_owned(), staff),
        (
            "admin: the ledger of a SKU",
            format!("/admin/inventory/{}", good.sku),
            staff,
        ),
        (
            "admin: the inventory as a file",
            "/admin/inventory/export.csv".to_owned(),
            staff,
        ),
        (
            "admin: look an order up by its number",
            format!("/admin/events?of={number}"),
            staff,
        ),
        (
            "admin: look a SKU up",
            format!("/admin/events?of={}", good.sku),
            staff,
        ),
        ("admin: orders", "/admin/orders?tab=all".to_owned(), staff),
        (
            "admin: orders, from the middle on",
            format!("/admin/orders?tab=all&older={middle}.{order}"),
            staff,
        ),
        ("admin: orders by number", search(&number), staff),
        (
            "admin: orders by the beginning of a number",
            search("V-7K"),
            staff,
        ),
        ("admin: orders by SKU", search(&good.sku), staff),
        ("admin: orders by email", search("ada.love"), staff),
        ("admin: orders by a word of the name", search("love"), staff),
        ("admin: an order", format!("/admin/orders/{order}"), staff),
        (
            "admin: pick list",
            "/admin/print/pick-list".to_owned(),
            staff,
        ),
    ];
    let mut measured = Vec::with_capacity(pages.len());
    let (counted, uncounted) = PAGE_VIEWS;
    for (name, path, cookie) in pages {
        let mut times = Times::new()?;
        for view in 0..uncounted + counted {
            let began = Instant::now();
            connection.get_as(target, &path, "gzip", cookie).await?;
            if view >= uncounted {
                times.add(began.elapsed());
            }
        }
        measured.push((name, times.percentile(50.0)));
    }
    Ok(measured)
}

/// Does something from the command line, while one shopper after the other orders.
async fn beside_orders(
    shop: &RunningShop,
    goods: &[Good],
    consumer: &'static str,
    args: &[&str],
) -> anyhow::Result<Replay> {
    let (done, mut is_done) = oneshot::channel::<()>();
    let began = Instant::now();
    let replaying = async {
        let output = shop.command(args)?.output().await?;
        let took = began.elapsed();
        let _ = done.send(());
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{consumer}: {said}");
        let told = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        anyhow::Ok((took, told))
    };
    let ordering = async {
        let pool = Pool::default();
        let mut accepted = Times::new()?;
        let mut buyers = goods.iter().cycle();
        while is_done.try_recv() == Err(oneshot::error::TryRecvError::Empty) {
            let good = buyers.next().context("the shop has nothing to sell")?;
            let shopper: Shopper = checkout::fill_cart(&shop.target, &pool, good, "").await?;
            let began = Instant::now();
            shopper.order(&shop.target, &pool).await?;
            accepted.add(began.elapsed());
        }
        anyhow::Ok(accepted)
    };
    let ((took, told), accepted) = tokio::try_join!(replaying, ordering)?;
    Ok(Replay {
        consumer,
        took,
        told,
        accepted,
    })
}

fn table_of(small: &Measured, large: &Measured) -> Table {
    let mut rows = Vec::new();
    let mut count = |name: &str, small: String, large: String| {
        rows.push(vec![name.to_owned(), small, large, NO_VALUE.to_owned()]);
    };
    count("SKUs", small.skus.to_string(), large.skus.to_string());
    count("orders", small.orders.to_string(), large.orders.to_string());
    count("events", small.events.to_string(), large.events.to_string());
    let time = |name: String, small: Option<Duration>, large: Option<Duration>| {
        let factor = small
            .zip(large)
            .map(|(small, large)| format!("× {:.2}", large.as_secs_f64() / small.as_secs_f64()));
        let factor = factor.unwrap_or_else(|| NO_VALUE.to_owned());
        vec![name, milliseconds(small), milliseconds(large), factor]
    };
    for ((page, small), (_, large)) in small.pages.iter().zip(&large.pages) {
        rows.push(time(format!("page: {page}, p50 ms"), *small, *large));
    }
    let p50 = |times: &Times| times.percentile(50.0);
    rows.push(time(
        "order to accepted, 1 at once, p50 ms".to_owned(),
        p50(&small.single.outcome.tally.accepted),
        p50(&large.single.outcome.tally.accepted),
    ));
    rows.push(time(
        "order to confirmed heard, 1 at once, p50 ms".to_owned(),
        p50(&small.single.outcome.tally.heard),
        p50(&large.single.outcome.tally.heard),
    ));
    let (before, after) = (small.busy.per_second(), large.busy.per_second());
    rows.push(vec![
        format!("checkouts per second, {BUSY} at once"),
        format!("{before:.0}"),
        format!("{after:.0}"),
        format!("× {:.2}", after / before),
    ]);
    rows.push(time(
        "killed and started again, until it serves, ms".to_owned(),
        Some(small.restart),
        Some(large.restart),
    ));
    for (small, large) in small.replays.iter().zip(&large.replays) {
        let name = small.consumer;
        rows.push(time(
            format!("replay of {name}, ms"),
            Some(small.took),
            Some(large.took),
        ));
        let longest = |replay: &Replay| replay.accepted.percentile(100.0);
        rows.push(time(
            format!(
                "the longest that an order meanwhile took to be accepted, ms (aim: {})",
                HELD_GOAL.as_millis()
            ),
            longest(small),
            longest(large),
        ));
    }
    rows.push(time(
        "a count of every SKU imported, ms".to_owned(),
        Some(small.import.took),
        Some(large.import.took),
    ));
    rows.push(time(
        "the longest that an order meanwhile took to be accepted, ms".to_owned(),
        small.import.accepted.percentile(100.0),
        large.import.accepted.percentile(100.0),
    ));
    table::table(
        ["", "small", "large", "factor"].map(str::to_owned).into(),
        rows,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shop_grows_until_it_has_both_the_orders_and_the_events() {
        let args = GrowthArgs {
            server: None,
            skus: 1,
            orders: 100,
            events: 1_000,
        };
        assert_eq!(missing_orders(&args, 10, 50), 190);
        assert_eq!(missing_orders(&args, 99, 2_000), 1);
        assert_eq!(missing_orders(&args, 200, 1_000), 0);
    }
}
