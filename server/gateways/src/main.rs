//! `gateway`: the simulator by itself, for a shop that runs elsewhere.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use gateways::{Gateway, Settings};

/// A test gateway for payments: no money moves.
#[derive(Debug, Parser)]
struct Args {
    /// Address and port to listen on.
    #[arg(long, env = "GATEWAY_LISTEN", default_value = "127.0.0.1:3400")]
    listen: SocketAddr,
    /// File of its ledger.
    #[arg(long, env = "GATEWAY_LEDGER", default_value = "gateway.db")]
    ledger: PathBuf,
    /// What the shop has to know to ask it, VITRINE_GATEWAY_KEY there.
    #[arg(long, env = "GATEWAY_KEY", hide_env_values = true)]
    key: String,
    /// Milliseconds that each answer takes.
    #[arg(long, env = "GATEWAY_DELAY_MS", default_value_t = 400)]
    delay_ms: u64,
    /// Where it tells what it could not answer at once: https://shop.example/webhooks/payments/simulator
    #[arg(long, env = "GATEWAY_WEBHOOK_URL", requires = "webhook_secret")]
    webhook_url: Option<String>,
    /// What signs that, `whsec_…`; VITRINE_GATEWAY_WEBHOOK_SECRET there.
    #[arg(long, env = "GATEWAY_WEBHOOK_SECRET", hide_env_values = true)]
    webhook_secret: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter("warn,gateways=info")
        .init();
    let args = Args::parse();
    let secret = args.webhook_secret.as_deref().map(str::parse).transpose();
    let secret = secret.context("GATEWAY_WEBHOOK_SECRET")?;
    let gateway = Gateway::start(Settings {
        listen: args.listen,
        ledger: args.ledger,
        key: args.key,
        delay: Duration::from_millis(args.delay_ms),
        webhooks: args.webhook_url.zip(secret),
    })
    .await?;
    tracing::info!(url = gateway.url(), "the test gateway serves");
    tokio::signal::ctrl_c().await?;
    gateway.stop().await;
    Ok(())
}
