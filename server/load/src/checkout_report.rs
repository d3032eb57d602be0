//! The report of runs of checkouts.

use std::fmt::Write as _;

use comfy_table::Table;

use crate::args::{Args, CheckoutArgs};
use crate::console;
use crate::measured_run::MeasuredRun;
use crate::oversell::{BUYERS, PIECES, Rush};
use crate::running_shop::RunningShop;
use crate::table::{self, Heading, NO_VALUE, headings, milliseconds, row, write_headings};
use crate::tally::Tally;
use crate::times::Times;

/// Error messages that are printed of a run.
const MESSAGES: usize = 4;
const PERCENTILES: [f64; 3] = [50.0, 95.0, 99.0];
/// From this load on somebody else is at work on the machine, or was a moment ago.
const BUSY: f64 = 2.5;

#[derive(Debug, Clone, Copy)]
pub struct IdleCost {
    pub sockets: u64,
    /// Closed by the shop before the end.
    pub lost: u64,
    /// Resident memory that came with them.
    pub bytes: Option<u64>,
}

#[derive(Debug)]
pub struct Report {
    headings: Vec<Heading>,
    pub runs: Vec<MeasuredRun>,
    pub idle: Option<IdleCost>,
    pub rush: Option<Rush>,
}

impl Report {
    pub fn new(args: &Args, shop: &RunningShop) -> anyhow::Result<Self> {
        let mut headings = headings(shop.data.as_deref())?;
        let counted = shop.write_counters.source();
        let shop = match &args.url {
            Some(url) => format!("{url}, running already"),
            None => format!(
                "its own: SQLite with synchronous=full, gateway delay 0 ms, {} pieces per SKU",
                args.stock
            ),
        };
        headings.push(("shop", shop));
        headings.push(checkouts_heading(&args.checkouts));
        headings.push(("transactions", format!("counted by {counted}")));
        Ok(Self {
            headings,
            runs: Vec::new(),
            idle: None,
            rush: None,
        })
    }

    /// Whether everything that must agree agrees.
    pub fn is_sound(&self) -> bool {
        self.runs.iter().all(|it| it.disagreements.is_empty())
            && self.rush.as_ref().is_none_or(Rush::is_sound)
    }

    pub fn print(&self) {
        console::print(&self.text());
    }

    fn text(&self) -> String {
        let mut text = String::new();
        write_headings(&mut text, &self.headings);
        let _ = writeln!(text, "{}", self.table());
        for run in &self.runs {
            write_complaints(&mut text, &run.name, run);
        }
        if let Some(idle) = self.idle {
            let each = idle.bytes.map(|bytes| bytes / idle.sockets.max(1));
            let each = each.map_or_else(|| "unknown".to_owned(), |bytes| bytes.to_string());
            let _ = writeln!(
                text,
                "idle sockets: {}, {each} bytes of the shop's memory each, {} lost",
                idle.sockets, idle.lost
            );
        }
        if let Some(rush) = &self.rush {
            let _ = writeln!(
                text,
                "rush: {BUYERS} buyers of {PIECES} × {}: {} pieces sold, {} orders confirmed, {} \
                 rejected, {} errors",
                rush.sku,
                rush.sold,
                rush.confirmed,
                rush.rejected,
                rush.errors.values().sum::<u64>()
            );
            for (message, count) in rush.errors.iter().take(MESSAGES) {
                let _ = writeln!(text, "rush: {count} × {message}");
            }
            for said in &rush.disagreements {
                let _ = writeln!(text, "✗ rush: {said}");
            }
        }
        let verdict = if self.is_sound() {
            "✓ stock, orders, the gateway's books and the log agree"
        } else {
            "✗ the books do not agree"
        };
        let _ = writeln!(text, "{verdict}");
        text
    }

    /// Runs side by side.
    fn table(&self) -> Table {
        let runs = &self.runs;
        let count = |name, cell: fn(&Tally) -> u64| {
            row(name, runs, |run| cell(&run.outcome.tally).to_string())
        };
        let spread = |name, cell: fn(&Tally) -> &Times| {
            row(name, runs, |run| percentiles(cell(&run.outcome.tally)))
        };
        let rows = vec![
            row("orders per second", runs, |run| {
                format!("{:.0}", run.per_second())
            }),
            count("confirmed", |it| it.confirmed),
            count("sold out", |it| it.rejected),
            count("errors", |it| it.errors),
            spread("order to accepted, ms p50 / p95 / p99", |it| &it.accepted),
            spread("order to confirmed heard, ms", |it| &it.heard),
            spread("page to confirmed heard, ms", |it| &it.whole),
            row("write transactions per order", runs, commits_per_order),
            row("fsyncs per order", runs, |run| {
                run.ended()
                    .map_or_else(no_value, |n| run.writes.fsyncs_per(n))
            }),
            row("shop: CPU per order, ms", runs, |run| {
                two_digits(run.cpu_per_order(run.server_cpu))
            }),
            row("shop: cores busy", runs, |run| {
                let took = run.outcome.took.as_secs_f64();
                two_digits(run.server_cpu.map(|cpu| cpu.as_secs_f64() / took))
            }),
            row("this program: CPU per order, ms", runs, |run| {
                two_digits(run.cpu_per_order(run.own_cpu))
            }),
            row("shop: resident memory, MiB", runs, |run| {
                let mib = |bytes: u64| format!("{:.0}", bytes as f64 / f64::from(1 << 20));
                run.server_memory.map_or_else(no_value, mib)
            }),
            row("machine's load after", runs, |run| {
                let busy = if run.load > BUSY { " (busy)" } else { "" };
                format!("{:.1}{busy}", run.load)
            }),
        ];
        table::table(row("", runs, |run| run.name.clone()), rows)
    }
}

/// How the checkouts are made, for the lines above a table.
pub fn checkouts_heading(args: &CheckoutArgs) -> Heading {
    let bought = args.one_sku.as_deref().unwrap_or("all SKUs in turn");
    let encoding = match args.accept_encoding.as_str() {
        "" => "as they are",
        encoding => encoding,
    };
    let held = if args.hold { ", held first" } else { "" };
    let text = format!(
        "{} per run, of {bought}{held}; pages: {encoding}",
        args.orders
    );
    ("checkouts", text)
}

/// What went wrong in a run, a line each.
pub fn write_complaints(text: &mut String, name: &str, run: &MeasuredRun) {
    for (message, count) in run.outcome.tally.messages.iter().take(MESSAGES) {
        let _ = writeln!(text, "{name}: {count} × {message}");
    }
    for said in &run.disagreements {
        let _ = writeln!(text, "✗ {name}: {said}");
    }
}

fn commits_per_order(run: &MeasuredRun) -> String {
    two_digits(run.ended().map(|orders| run.writes.commits_per(orders)))
}

fn two_digits(value: Option<f64>) -> String {
    value.map_or_else(no_value, |value| format!("{value:.2}"))
}

fn no_value() -> String {
    NO_VALUE.to_owned()
}

fn percentiles(times: &Times) -> String {
    PERCENTILES
        .map(|percent| milliseconds(times.percentile(percent)))
        .join(" / ")
}
