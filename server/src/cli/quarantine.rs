//! `server quarantine`.

use std::io::Write;

use broker::Log;
use clap::Args;
use types::staff::Right;

use super::operator::Author;

/// Which record is meant.
#[derive(Debug, Args)]
pub struct Place {
    /// Position of the damaged record, as the report of the damage names it
    #[arg(long)]
    position: u64,
    #[command(flatten)]
    author: Author,
}

/// What is known about the record is told: the next thing to do is to look for what it held.
pub async fn quarantine(log: &Log, place: &Place, out: &mut impl Write) -> anyhow::Result<()> {
    let position = place.position;
    let by = place.author.may(log, Right::Log).await?;
    let damage = log.quarantine(position, &by).await?;
    writeln!(out, "#{position} is stepped over from now on: {damage}")?;
    writeln!(
        out,
        "what it led to is missing; `server events` shows what stands around it"
    )?;
    Ok(())
}
