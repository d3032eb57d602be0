//! `server quarantine`.

use std::io::Write;

use broker::Log;
use clap::Args;

use super::operator::operator;

/// Which record is meant.
#[derive(Debug, Args)]
pub struct Place {
    /// Position of the damaged record, as the report of the damage names it
    #[arg(long)]
    position: u64,
}

/// What is known about the record is told: the next thing to do is to look for what it held.
pub async fn quarantine(log: &Log, place: &Place, out: &mut impl Write) -> anyhow::Result<()> {
    let position = place.position;
    let damage = log.quarantine(position, &operator()).await?;
    writeln!(out, "#{position} is stepped over from now on: {damage}")?;
    writeln!(
        out,
        "what it led to is missing; `server events` shows what stands around it"
    )?;
    Ok(())
}
