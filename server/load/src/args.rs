//! What can be asked for.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ClapArgs, Parser, Subcommand};

/// Buys from the shop as many shoppers at once and measures what it costs.
///
/// Without --url it builds the shop, starts it with an empty database in a folder of its own, and
/// removes that folder afterwards. After every run it asks the database whether stock, orders and the
/// gateway's books agree, and ends with 1 when they do not.
///
/// Examples:
///   cargo run --release -p load -- --peak
///   cargo run --release -p load -- --orders 5000 --concurrency 64
///   cargo run --release -p load -- --orders 5000 --rate 300 --sockets 10000
///   cargo run --release -p load -- compare --server NEW --against OLD
///   cargo run --release -p load -- growth
///   cargo run -p load -- crash --kills 50
///   cargo run --release -p load -- broker
///   cargo run --release -p load -- watch
#[derive(Debug, Clone, Parser)]
#[command(
    name = "load",
    version,
    verbatim_doc_comment,
    args_conflicts_with_subcommands = true
)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The whole report: checkouts at five concurrencies, at half the best rate, idle sockets, and
    /// 500 buyers of a SKU with 50 pieces. Uses shops of its own.
    #[arg(long, conflicts_with_all = ["url", "rate", "sockets", "concurrency"])]
    pub peak: bool,

    /// Checkouts at once; the next begins when one ends.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=4_000))]
    pub concurrency: u64,

    /// Begins this many checkouts per second, whether or not earlier ones have ended. Then times
    /// count from when a checkout should have begun.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=20_000))]
    pub rate: Option<u64>,

    #[command(flatten)]
    pub checkouts: CheckoutArgs,

    /// Keeps this many sockets open beside the run, each following one product.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=200_000))]
    pub sockets: u64,

    /// Threads of this program. It shares the cores with the shop.
    #[arg(long, default_value_t = 1, value_parser = threads)]
    pub threads: usize,

    /// Pieces of every SKU in the shop it starts.
    #[arg(long, default_value_t = DEFAULT_STOCK, value_parser = clap::value_parser!(i64).range(0..=1_000_000))]
    pub stock: i64,

    /// The server's program. Without it cargo builds it, in the profile this program was built in.
    #[arg(long, conflicts_with = "url")]
    pub server: Option<PathBuf>,

    /// A shop that runs already, e.g. http://127.0.0.1:3000.
    #[arg(long, requires = "database_url")]
    pub url: Option<String>,

    /// That shop's database: sqlite:FILE or postgres://…
    #[arg(long, requires = "url")]
    pub database_url: Option<String>,

    /// That shop's process; without it CPU and memory are not measured.
    #[arg(long, requires = "url")]
    pub pid: Option<u32>,

    /// Allows a --url that is not on this machine. Load on a host of somebody else is an attack.
    #[arg(long)]
    pub i_own_this_host: bool,
}

/// Pieces of every SKU, unless the run is about running out.
pub const DEFAULT_STOCK: i64 = 1_000_000;

/// How checkouts are made.
#[derive(Debug, Clone, ClapArgs)]
pub struct CheckoutArgs {
    /// Checkouts of a run.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub orders: u64,

    /// Checkouts before the run that do not count: caches and connections fill.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(0..=100_000))]
    pub warm_up: u64,

    /// Everybody buys this one.
    #[arg(long)]
    pub one_sku: Option<String>,

    /// What pages are asked for in: browsers send "gzip, deflate, br". Empty asks for them as they
    /// are, which costs the shop less.
    #[arg(long, default_value = "gzip, deflate, br")]
    pub accept_encoding: String,

    /// Holds the cart first, as the page of the checkout does.
    #[arg(long)]
    pub hold: bool,

    /// Seconds after which a checkout counts as failed.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub patience: u64,

    /// Seconds after which a run begins no more checkouts.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub max_seconds: u64,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    Compare(CompareArgs),
    Growth(GrowthArgs),
    Crash(CrashArgs),
    Broker(BrokerArgs),
    Watch(WatchArgs),
}

/// Plays a believable day of orders with simulated time, and attacks mixed into it, and says what the rules that
/// watch the shop have found.
#[derive(Debug, Clone, ClapArgs)]
pub struct WatchArgs {
    /// Orders of the day.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub orders: u32,

    /// Another day of the same kind.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Measures two builds of the server on this machine, in turns, and prints them side by side.
#[derive(Debug, Clone, ClapArgs)]
pub struct CompareArgs {
    /// The server's program that is to be judged. Without it cargo builds it, in the profile this
    /// program was built in.
    #[arg(long)]
    pub server: Option<PathBuf>,

    /// The server's program that it is compared with, for example an older build.
    #[arg(long)]
    pub against: PathBuf,

    /// How often each is measured; the table has the median.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub rounds: u64,

    #[command(flatten)]
    pub checkouts: CheckoutArgs,
}

/// Measures a small shop, lets another one grow by selling, measures that, and prints both side by side.
#[derive(Debug, Clone, ClapArgs)]
pub struct GrowthArgs {
    /// The server's program. Without it cargo builds it, in the profile this program was built in.
    #[arg(long)]
    pub server: Option<PathBuf>,

    /// SKUs of the large shop, at least.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub skus: u64,

    /// Orders of the large shop, at least.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub orders: u64,

    /// Events in the log of the large shop, at least; orders are placed until there are so many.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub events: u64,
}

impl GrowthArgs {
    /// How checkouts are made: as in every other run, unless told otherwise there.
    pub fn checkouts(&self) -> CheckoutArgs {
        CheckoutArgs {
            orders: 5_000,
            warm_up: 200,
            one_sku: None,
            hold: false,
            accept_encoding: "gzip, deflate, br".to_owned(),
            patience: 30,
            max_seconds: 3_600,
        }
    }
}

/// Kills the shop at random moments, while shoppers buy, and looks after each restart whether
/// anything was lost, stuck or charged wrongly.
#[derive(Debug, Clone, ClapArgs)]
pub struct CrashArgs {
    /// How often it is killed.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub kills: u64,

    /// Decides when it is killed and what shoppers do; a random one by default, which is printed.
    #[arg(long)]
    pub seed: Option<u64>,

    /// The server's program. Without it cargo builds it, in the profile this program was built in.
    #[arg(long)]
    pub server: Option<PathBuf>,

    /// An empty PostgreSQL database or schema, postgres://…; an SQLite file in a folder of its own
    /// without it.
    #[arg(long)]
    pub database_url: Option<String>,
}

/// Measures the event broker by itself: events per second, latency, and what parallel keys gain.
#[derive(Debug, Clone, ClapArgs)]
pub struct BrokerArgs {
    /// An empty PostgreSQL database or schema, postgres://…, that is measured beside SQLite.
    #[arg(long)]
    pub postgres_url: Option<String>,

    /// Events of a measurement.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(64..=1_000_000))]
    pub events: u64,
}

fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(threads @ 1..=64) => Ok(threads),
        _ => Err("expected 1 to 64".to_owned()),
    }
}

impl CheckoutArgs {
    pub const fn patience(&self) -> Duration {
        Duration::from_secs(self.patience)
    }

    pub const fn max_time(&self) -> Duration {
        Duration::from_secs(self.max_seconds)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_flags_do_not_contradict_each_other() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_flat_flags_and_the_commands_stand_side_by_side() {
        let args = Args::try_parse_from(["load", "--orders", "9"]).expect("flags");
        assert!(args.command.is_none() && args.checkouts.orders == 9);
        let url = "postgres://localhost/empty";
        let args = ["load", "crash", "--kills", "7", "--database-url", url];
        let args = Args::try_parse_from(args).expect("a command");
        let Some(Command::Crash(crash)) = args.command else {
            panic!("another command: {args:?}");
        };
        assert_eq!((crash.kills, crash.database_url.as_deref()), (7, Some(url)));
        assert!(Args::try_parse_from(["load", "--orders", "9", "crash"]).is_err());
    }
}
