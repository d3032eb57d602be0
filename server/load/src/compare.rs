//! Two builds of the server on the same machine, measured in turns: what slows the machine down for a
//! while then slows both.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::args::{CompareArgs, DEFAULT_STOCK};
use crate::checkout_report::{checkouts_heading, write_complaints};
use crate::checkout_run::Pace;
use crate::console::{self, note};
use crate::file_limit;
use crate::measured_run::{MeasuredRun, measure, warm_up};
use crate::running_shop::{RunningShop, StartSettings};
use crate::table::{self, NO_VALUE, headings, write_headings};
use crate::workspace::Workspace;

/// The load at which a build's throughput and CPU are measured.
const PEAK: u64 = 128;
/// Enough checkouts on their way that a gateway which takes 400 ms is not what limits them.
const WAITING: u64 = 1_024;
/// The test gateway's own default.
const GATEWAY_DELAY_MS: u32 = 400;

/// The runs of one round, in the order in which they are made; the orders of a run are divided by the
/// last number.
const RUNS: [(u32, u64, u64); 5] = [
    (0, 1, 20),
    (0, 8, 4),
    (0, PEAK, 1),
    (0, WAITING, 1),
    (GATEWAY_DELAY_MS, WAITING, 1),
];

/// A number of a round, as a row of the table.
struct Figure {
    name: &'static str,
    digits: usize,
    of: fn(&Round) -> Option<f64>,
}

const FIGURES: [Figure; 7] = [
    Figure {
        name: "checkouts per second, 128 at once",
        digits: 0,
        of: |round| Some(round.runs[2].per_second()),
    },
    Figure {
        name: "CPU of the shop per order at that load, ms",
        digits: 2,
        of: |round| round.runs[2].cpu_per_order(round.runs[2].server_cpu),
    },
    Figure {
        name: "order to confirmed heard, 8 at once, p50 ms",
        digits: 1,
        of: |round| median_heard_ms(&round.runs[1]),
    },
    Figure {
        name: "order to confirmed heard, 1 at once, p50 ms",
        digits: 1,
        of: |round| median_heard_ms(&round.runs[0]),
    },
    Figure {
        name: "write transactions per order, uncontended",
        digits: 2,
        of: |round| Some(round.runs[0].writes.commits_per(round.runs[0].ended()?)),
    },
    Figure {
        name: "checkouts per second, 1024 at once, gateway at 0 ms",
        digits: 0,
        of: |round| Some(round.runs[3].per_second()),
    },
    Figure {
        name: "checkouts per second, 1024 at once, gateway at 400 ms",
        digits: 0,
        of: |round| Some(round.runs[4].per_second()),
    },
];

/// One build measured once.
struct Round {
    /// In the order of [`RUNS`].
    runs: Vec<MeasuredRun>,
}

/// A build with all its rounds.
struct Build {
    name: &'static str,
    server: PathBuf,
    rounds: Vec<Round>,
}

/// Measures both and prints the table. Whether everything that must agree agrees.
pub async fn carry_out(args: &CompareArgs) -> anyhow::Result<bool> {
    file_limit::raise(0, WAITING)?;
    let workspace = Workspace::find()?;
    let server = workspace.server(args.server.as_deref()).await?;
    let folder = workspace.folder()?;
    let mut text = String::new();
    write_headings(&mut text, &headings(Some(folder.path()))?);
    let mut builds =
        [("against", args.against.clone()), ("server", server)].map(|(name, server)| Build {
            name,
            server,
            rounds: Vec::new(),
        });
    for number in 1..=args.rounds {
        for build in &mut builds {
            note(&format!(
                "round {number} of {}: {}",
                args.rounds, build.name
            ));
            let round = measure_round(args, &build.server).await?;
            build.rounds.push(round);
        }
    }
    let rounds = format!(
        "{} of each, in turns; the table has the median",
        args.rounds
    );
    let shop = "SQLite with synchronous=full, in a folder of its own each time".to_owned();
    let mut more = vec![("rounds", rounds), ("shop", shop)];
    more.push(checkouts_heading(&args.checkouts));
    for build in &builds {
        more.push((build.name, build.server.display().to_string()));
    }
    write_headings(&mut text, &more);
    let _ = writeln!(text, "{}", table_of(&builds));
    let mut is_sound = true;
    for build in &builds {
        for run in build.rounds.iter().flat_map(|round| &round.runs) {
            write_complaints(&mut text, &format!("{}, {}", build.name, run.name), run);
            is_sound &= run.disagreements.is_empty();
        }
    }
    console::print(&text);
    Ok(is_sound)
}

/// All runs of a round on a build; shops with another gateway are shops of their own.
async fn measure_round(args: &CompareArgs, server: &Path) -> anyhow::Result<Round> {
    let mut runs = Vec::with_capacity(RUNS.len());
    let mut open: Option<(u32, RunningShop)> = None;
    for (gateway_delay_ms, concurrency, divisor) in RUNS {
        let shop = match open.take() {
            Some((delay_ms, shop)) if delay_ms == gateway_delay_ms => shop,
            // The one before ends first: two would share the machine.
            before => {
                drop(before);
                let shop = RunningShop::start(StartSettings {
                    server: Some(server),
                    stock: DEFAULT_STOCK,
                    sockets: 0,
                    gateway_delay_ms,
                    catalogue: None,
                })
                .await?;
                warm_up(&args.checkouts, &shop).await?;
                shop
            }
        };
        let orders = args.checkouts.orders.div_ceil(divisor);
        let pace = Pace::AtOnce(concurrency);
        runs.push(measure(&args.checkouts, &shop, orders, pace).await?);
        open = Some((gateway_delay_ms, shop));
    }
    Ok(Round { runs })
}

fn table_of([against, server]: &[Build; 2]) -> comfy_table::Table {
    let header = ["", against.name, server.name, "factor"];
    let rows = FIGURES.iter().map(|figure| {
        let of = |build: &Build| {
            let values = build.rounds.iter().filter_map(figure.of);
            median(values.collect())
        };
        let (old, new) = (of(against), of(server));
        let number = |value: Option<f64>| match value {
            Some(value) => format!("{value:.*}", figure.digits),
            None => NO_VALUE.to_owned(),
        };
        let factor = old.zip(new).filter(|(old, _)| *old > 0.0);
        let factor = factor.map_or_else(
            || NO_VALUE.to_owned(),
            |(old, new)| format!("× {:.2}", new / old),
        );
        vec![figure.name.to_owned(), number(old), number(new), factor]
    });
    table::table(header.map(str::to_owned).into(), rows.collect())
}

fn median_heard_ms(run: &MeasuredRun) -> Option<f64> {
    let time = run.outcome.tally.heard.percentile(50.0)?;
    Some(time.as_secs_f64() * 1e3)
}

/// The middle value; between two, their mean.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_in_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 9.0]), Some(3.0));
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
    }

    #[test]
    fn the_figures_name_the_runs_they_are_taken_from() {
        let name = |at: usize| FIGURES[at].name;
        assert!(name(0).contains(&format!("{} at once", RUNS[2].1)));
        assert!(name(2).contains(&format!("{} at once", RUNS[1].1)));
        assert!(name(4).contains("uncontended") && RUNS[0].1 == 1);
        assert!(name(6).contains(&format!("{} at once, gateway at {}", RUNS[4].1, RUNS[4].0)));
    }
}
