//! What can be asked for.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
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
///   cargo run -p load -- crash --kills 50
///   cargo run --release -p load -- broker
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

    /// The whole report: checkouts at three concurrencies, at half the best rate, idle sockets, and
    /// 500 buyers of a SKU with 50 pieces. Uses shops of its own.
    #[arg(long, conflicts_with_all = ["url", "rate", "sockets", "concurrency"])]
    pub peak: bool,

    /// Checkouts of a run.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub orders: u64,

    /// Checkouts at once; the next begins when one ends.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=4_000))]
    pub concurrency: u64,

    /// Begins this many checkouts per second, whether or not earlier ones have ended. Then times
    /// count from when a checkout should have begun.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=20_000))]
    pub rate: Option<u64>,

    /// Checkouts before the run that do not count: caches and connections fill.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(0..=100_000))]
    pub warm_up: u64,

    /// Everybody buys this one.
    #[arg(long)]
    pub one_sku: Option<String>,

    /// Keeps this many sockets open beside the run, each following one product.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=200_000))]
    pub sockets: u64,

    /// What pages are asked for in: browsers send "gzip, deflate, br". Empty asks for them as they
    /// are, which costs the shop less.
    #[arg(long, default_value = "gzip, deflate, br")]
    pub accept_encoding: String,

    /// Seconds after which a checkout counts as failed.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub patience: u64,

    /// Seconds after which a run begins no more checkouts.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub max_seconds: u64,

    /// Threads of this program. It shares the cores with the shop.
    #[arg(long, default_value_t = 1, value_parser = threads)]
    pub threads: usize,

    /// Pieces of every SKU in the shop it starts.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(i64).range(0..=1_000_000))]
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

    /// That shop's process; without it CPU and memory are not told.
    #[arg(long, requires = "url")]
    pub pid: Option<u32>,

    /// Allows a --url that is not on this machine. Load on a host of somebody else is an attack.
    #[arg(long)]
    pub i_own_this_host: bool,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    Crash(CrashArgs),
    Broker(BrokerArgs),
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

impl Args {
    pub const fn patience(&self) -> Duration {
        Duration::from_secs(self.patience)
    }

    pub const fn max_time(&self) -> Duration {
        Duration::from_secs(self.max_seconds)
    }
}

/// Host and port of `http://HOST:PORT`, resolved, and refused when it is not on this machine.
pub async fn address_of(url: &str, is_own_host: bool) -> anyhow::Result<SocketAddr> {
    let uri: hyper::Uri = url.parse().with_context(|| format!("--url {url:?}"))?;
    ensure!(
        uri.scheme_str() == Some("http"),
        "--url: expected http://HOST:PORT, got {url:?}"
    );
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let port = uri.port_u16().unwrap_or(80);
    let address = tokio::net::lookup_host((host, port))
        .await
        .with_context(|| format!("--url: cannot find {host:?}"))?
        .next()
        .with_context(|| format!("--url: {host:?} has no address"))?;
    if !address.ip().is_loopback() && !is_own_host {
        bail!("--url: {host:?} is not this machine; if it is yours, add --i-own-this-host");
    }
    Ok(address)
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
        assert!(args.command.is_none() && args.orders == 9);
        let url = "postgres://localhost/empty";
        let args = ["load", "crash", "--kills", "7", "--database-url", url];
        let args = Args::try_parse_from(args).expect("a command");
        let Some(Command::Crash(crash)) = args.command else {
            panic!("another command: {args:?}");
        };
        assert_eq!((crash.kills, crash.database_url.as_deref()), (7, Some(url)));
        assert!(Args::try_parse_from(["load", "--orders", "9", "crash"]).is_err());
    }

    #[tokio::test]
    async fn only_this_machine_is_loaded_unless_one_insists() {
        let loopback = address_of("http://127.0.0.1:3000", false).await;
        assert_eq!(loopback.expect("allowed").port(), 3000);
        let own = address_of("http://[::1]:81/", false).await;
        assert_eq!(own.expect("allowed").port(), 81);
        // TEST-NET-1 of RFC 5737: belongs to nobody, and nothing is sent.
        assert!(address_of("http://192.0.2.1:80", false).await.is_err());
        assert!(address_of("http://192.0.2.1:80", true).await.is_ok());
        assert!(address_of("https://127.0.0.1:1", false).await.is_err());
    }
}
