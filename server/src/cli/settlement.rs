//! `server settlement`: compares a day with the gateway's report.

use std::io::Write;

use broker::Log;
use clap::Args;
use domain::event::Gateway;
use services::settlement::{Day, settle};

use super::format::Format;
use crate::config::Config;
use crate::gateway;

#[derive(Debug, Args)]
pub struct Request {
    /// The day, UTC, e.g. 2026-11-30
    #[arg(long)]
    day: Day,
    #[command(flatten)]
    format: Format,
}

pub async fn settlement(
    log: &Log,
    config: &Config,
    request: &Request,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    // An empty ledger would differ from every payment.
    anyhow::ensure!(
        gateway::has_ledger(&config.gateway, &config.data_dir),
        "{} holds no ledger of a gateway: give --data-dir of the shop, or VITRINE_GATEWAY_URL and \
         VITRINE_GATEWAY_KEY of the gateway that it asks",
        config.data_dir.display()
    );
    let gateway = gateway::beside(&config.gateway, &config.data_dir).await?;
    let found = settle(log, &*gateway.asked, Gateway::Test, &request.day).await?;
    let day = request.day.name();
    let told = serde_json::json!({
        "day": day,
        "lines": found.lines,
        "differences": found.differences,
        "new": found.new,
    });
    if !request.format.wrote(&[told], out)? {
        writeln!(
            out,
            "{day}: {} lines of the gateway, {} differences, {} of them new",
            found.lines, found.differences, found.new
        )?;
        if found.differences > 0 {
            writeln!(out, "see: server events --type payment.settlement_differs")?;
        }
    }
    if let Some(own) = gateway.own {
        own.stop().await;
    }
    Ok(())
}
