//! What a person sees: progress while it runs, and the table at the end.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "telling what was measured is what this program is for"
)]

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

use crate::args::Args;
use crate::machine;
use crate::oversell::{BUYERS, PIECES, Rush};
use crate::run;
use crate::tally::Times;

/// Error messages that are printed of a run.
const MESSAGES: usize = 4;
const PERCENTILES: [f64; 3] = [50.0, 95.0, 99.0];
/// From this load on somebody else is at work on the machine, or was a moment ago.
const BUSY: f64 = 2.5;

/// A bar on stderr; none where that is not a terminal.
#[derive(Debug, Clone)]
pub struct Progress(ProgressBar);

impl Progress {
    pub fn new(name: &str, count: u64) -> Self {
        let bar = ProgressBar::new(count)
            .with_message(name.to_owned())
            .with_finish(ProgressFinish::AndClear);
        if let Ok(style) = ProgressStyle::with_template("{msg:18} {wide_bar} {pos}/{len} {per_sec}")
        {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub fn step(&self) {
        self.0.inc(1);
    }
}

/// One line about what is happening now.
pub fn note(text: &str) {
    eprintln!("▸ {text}");
}

/// What was found, on stdout.
pub fn print(text: &str) {
    print!("{text}");
}

/// This program and the machine, with the file system of `data`.
pub fn head(data: Option<&Path>) -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut head = vec![(
        "load",
        format!("{}, {} build", env!("CARGO_PKG_VERSION"), profile()),
    )];
    head.extend(machine::describe(data)?);
    Ok(head)
}

/// The head as lines.
pub fn write_head(text: &mut String, head: &[(&'static str, String)]) {
    for (name, value) in head {
        let _ = writeln!(text, "{name:12} {value}");
    }
}

/// A table in Markdown: what was measured goes into a README as it is. The first column names, the
/// others are numbers.
pub fn table(header: Vec<String>, rows: Vec<Vec<String>>) -> Table {
    let columns = header.len();
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header(header);
    table.add_rows(rows);
    for i in 1..columns {
        if let Some(column) = table.column_mut(i) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// One run.
#[derive(Debug)]
pub struct Column {
    pub name: String,
    pub outcome: run::Outcome,
    pub server_cpu: Option<Duration>,
    pub own_cpu: Option<Duration>,
    pub server_memory: Option<u64>,
    /// Of the machine, at the end.
    pub load: f64,
    pub disagreements: Vec<String>,
}

impl Column {
    /// Checkouts that came to their end, per second.
    pub fn per_second(&self) -> f64 {
        self.outcome.tally.ended() as f64 / self.outcome.took.as_secs_f64()
    }

    fn cpu_per_order(&self, cpu: Option<Duration>) -> String {
        match (cpu, self.outcome.tally.ended()) {
            (None, _) | (_, 0) => "–".to_owned(),
            (Some(cpu), ended) => format!("{:.2}", cpu.as_secs_f64() * 1e3 / ended as f64),
        }
    }

    fn cores(&self, cpu: Option<Duration>) -> String {
        cpu.map_or_else(
            || "–".to_owned(),
            |cpu| format!("{:.2}", cpu.as_secs_f64() / self.outcome.took.as_secs_f64()),
        )
    }
}

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
    head: Vec<(&'static str, String)>,
    pub columns: Vec<Column>,
    pub idle: Option<IdleCost>,
    pub rush: Option<Rush>,
}

impl Report {
    pub fn new(args: &Args, data: Option<&Path>) -> anyhow::Result<Self> {
        let mut head = head(data)?;
        let shop = match &args.url {
            Some(url) => format!("{url}, running already"),
            None => format!(
                "its own: SQLite with synchronous=full, gateway delay 0 ms, {} pieces per SKU",
                args.stock
            ),
        };
        head.push(("shop", shop));
        let bought = args.one_sku.as_deref().unwrap_or("all SKUs in turn");
        let encoding = match args.accept_encoding.as_str() {
            "" => "as they are",
            encoding => encoding,
        };
        head.push((
            "checkouts",
            format!("{} per run, of {bought}; pages: {encoding}", args.orders),
        ));
        Ok(Self {
            head,
            columns: Vec::new(),
            idle: None,
            rush: None,
        })
    }

    /// Whether everything that must agree agrees.
    pub fn is_sound(&self) -> bool {
        self.columns.iter().all(|it| it.disagreements.is_empty())
            && self.rush.as_ref().is_none_or(Rush::is_sound)
    }

    pub fn print(&self) {
        print(&self.text());
    }

    fn text(&self) -> String {
        let mut text = String::new();
        write_head(&mut text, &self.head);
        let _ = writeln!(text, "{}", self.table());
        for column in &self.columns {
            let tally = &column.outcome.tally;
            for (message, count) in tally.messages.iter().take(MESSAGES) {
                let _ = writeln!(text, "{}: {count} × {message}", column.name);
            }
            for said in &column.disagreements {
                let _ = writeln!(text, "✗ {}: {said}", column.name);
            }
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
        let row = |name: &str, cell: &dyn Fn(&Column) -> String| {
            let cells = self.columns.iter().map(cell);
            std::iter::once(name.to_owned())
                .chain(cells)
                .collect::<Vec<_>>()
        };
        let tally = |cell: fn(&crate::tally::Tally) -> u64| {
            move |column: &Column| cell(&column.outcome.tally).to_string()
        };
        let header = row("", &|column| column.name.clone());
        let rows = vec![
            row("orders per second", &|column| {
                format!("{:.0}", column.per_second())
            }),
            row("confirmed", &tally(|it| it.confirmed)),
            row("sold out", &tally(|it| it.rejected)),
            row("errors", &tally(|it| it.errors)),
            row("order to accepted, ms p50 / p95 / p99", &|column| {
                times(&column.outcome.tally.accepted)
            }),
            row("order to confirmed heard, ms", &|column| {
                times(&column.outcome.tally.heard)
            }),
            row("page to confirmed heard, ms", &|column| {
                times(&column.outcome.tally.whole)
            }),
            row("shop: CPU per order, ms", &|column| {
                column.cpu_per_order(column.server_cpu)
            }),
            row("shop: cores busy", &|column| {
                column.cores(column.server_cpu)
            }),
            row("this program: CPU per order, ms", &|column| {
                column.cpu_per_order(column.own_cpu)
            }),
            row("shop: resident memory, MiB", &|column| {
                let mib = |bytes: u64| format!("{:.0}", bytes as f64 / f64::from(1 << 20));
                column.server_memory.map_or_else(|| "–".to_owned(), mib)
            }),
            row("machine's load after", &|column| {
                let busy = if column.load > BUSY { " (busy)" } else { "" };
                format!("{:.1}{busy}", column.load)
            }),
        ];
        table(header, rows)
    }
}

fn times(times: &Times) -> String {
    PERCENTILES
        .map(|percent| {
            times.percentile(percent).map_or_else(
                || "–".to_owned(),
                |time| format!("{:.1}", time.as_secs_f64() * 1e3),
            )
        })
        .join(" / ")
}

const fn profile() -> &'static str {
    if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    }
}
