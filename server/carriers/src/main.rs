//! The simulated carrier as a program.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use carriers::{Hears, Settings, serve};
use clap::Parser;
use tokio::net::TcpListener;
use tokio::sync::watch;
use webhooks::Secret;

/// A carrier that brings nothing anywhere.
#[derive(Debug, Parser)]
#[command(name = "carrier")]
struct Arguments {
    /// Address and port to listen on.
    #[arg(long, env = "CARRIER_LISTEN", default_value = "127.0.0.1:3001")]
    listen: SocketAddr,
    /// The SQLite file of its books.
    #[arg(long, env = "CARRIER_DATABASE", default_value = "carrier.db")]
    database: PathBuf,
    /// Under which everybody finds the tracking pages; defaults to the address listened on.
    #[arg(long, env = "CARRIER_PUBLIC_URL")]
    public_url: Option<String>,
    /// What those who send show, as a bearer token.
    #[arg(long, env = "CARRIER_KEY", hide_env_values = true)]
    key: String,
    /// Who is told what happens: the shop's /webhooks/carriers/simulator.
    #[arg(long, env = "CARRIER_WEBHOOK_URL", requires = "webhook_secret")]
    webhook_url: Option<String>,
    /// What those messages are signed with.
    #[arg(long, env = "CARRIER_WEBHOOK_SECRET", hide_env_values = true)]
    webhook_secret: Option<Secret>,
    /// Seconds that a parcel takes from one step to the next; without it parcels wait to be told.
    #[arg(long, env = "CARRIER_STEP_SECONDS")]
    step_seconds: Option<u32>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt::init();
    let arguments = Arguments::parse();
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let address = listener.local_addr()?;
    let public_url = match arguments.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://{address}"),
    };
    let hears = arguments.webhook_url.zip(arguments.webhook_secret);
    let settings = Settings {
        database: arguments.database,
        public_url,
        key: arguments.key,
        hears: hears.map(|(url, secret)| Hears { url, secret }),
        step: arguments
            .step_seconds
            .map(|seconds| Duration::from_secs(seconds.into())),
    };
    let (stop, stopped) = watch::channel(false);
    tracing::info!(%address, "the carrier serves");
    let ended = serve(listener, settings, stopped);
    tokio::select! {
        ended = ended => ended?,
        pressed = tokio::signal::ctrl_c() => {
            pressed?;
            stop.send_replace(true);
        }
    }
    Ok(())
}
