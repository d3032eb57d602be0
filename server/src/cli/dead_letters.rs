//! `server consumers`, `dead-letters`, `redrive`, `discard`.

use std::io::Write;

use broker::Log;
use clap::Args;
use types::log::{ParkedRow, ParkedState};
use types::staff::Right;

use super::format::Format;
use super::operator::Author;
use super::times::utc;

/// Which dead letters are meant.
#[derive(Debug, Args)]
pub struct Choice {
    /// The consumer that could not handle them
    #[arg(long)]
    consumer: String,

    /// Position of the dead letter
    #[arg(long, required_unless_present = "all", conflicts_with = "all")]
    position: Option<u64>,

    /// Every dead letter of that consumer
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    author: Author,
}

/// Who takes part, for what each does.
fn roster() -> broker::Roster {
    services::roster(&services::ShopSettings::default(), None)
}

pub async fn consumers(log: &Log, format: Format, out: &mut impl Write) -> anyhow::Result<()> {
    let view = services::log_view(log, &roster()).await?;
    if format.wrote(&view.consumers, out)? {
        return Ok(());
    }
    writeln!(out, "head {}", view.head)?;
    writeln!(
        out,
        "{:<16} {:<8} {:>8} {:>10} {:>8} {:>8} {:>8} {:>6}",
        "consumer", "role", "rebuilt", "position", "lag", "failures", "parked", "dead"
    )?;
    for row in view.consumers {
        writeln!(
            out,
            "{:<16} {:<8} {:>8} {:>10} {:>8} {:>8} {:>8} {:>6}",
            row.name,
            row.role.words(),
            (row.rebuilt_to).map_or_else(String::new, |to| format!("#{to}")),
            row.position,
            row.behind,
            row.failures,
            row.parked,
            row.dead
        )?;
    }
    Ok(())
}

pub async fn list(log: &Log, format: Format, out: &mut impl Write) -> anyhow::Result<()> {
    let view = services::log_view(log, &roster()).await?;
    if format.wrote(&view.parked, out)? {
        return Ok(());
    }
    if view.parked.is_empty() {
        writeln!(out, "no dead letters, and nothing waits")?;
    }
    for row in view.parked {
        let ParkedRow {
            consumer,
            position,
            kind,
            subject,
            attempts,
            error,
            ..
        } = row;
        let state = match row.state {
            ParkedState::Dead => format!("dead after {attempts} attempts: {error}"),
            ParkedState::Retrying => format!("tried {attempts} times: {error}"),
            ParkedState::Held => "waits behind an earlier event".to_owned(),
        };
        let since = utc(row.parked_at_us);
        writeln!(
            out,
            "{consumer} #{position} {kind} of {subject}, since {since}"
        )?;
        writeln!(out, "  {state}")?;
    }
    Ok(())
}

/// Asks for every chosen one. The consumer follows when it comes to the request: at once when the shop
/// runs, otherwise when it does.
pub async fn redrive(log: &Log, choice: &Choice, out: &mut impl Write) -> anyhow::Result<()> {
    let by = choice.author.may(log, Right::Log).await?;
    for position in chosen(log, choice).await? {
        let asked = log.redrive(&choice.consumer, position, &by).await;
        tell(choice, position, asked, "is to be tried again", out)?;
    }
    Ok(())
}

/// As [`redrive`].
pub async fn discard(log: &Log, choice: &Choice, out: &mut impl Write) -> anyhow::Result<()> {
    let by = choice.author.may(log, Right::Log).await?;
    for position in chosen(log, choice).await? {
        let asked = log.discard(&choice.consumer, position, &by).await;
        tell(choice, position, asked, "is to be given up", out)?;
    }
    Ok(())
}

fn tell<T>(
    choice: &Choice,
    position: u64,
    asked: Result<T, broker::Error>,
    what: &str,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    match asked {
        Ok(_) => writeln!(out, "asked: {} #{position} {what}", choice.consumer)?,
        // Of many one may have been decided meanwhile.
        Err(broker::Error::NoSuchDeadLetter { .. }) if choice.all => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

async fn chosen(log: &Log, choice: &Choice) -> anyhow::Result<Vec<u64>> {
    if let Some(position) = choice.position {
        return Ok(vec![position]);
    }
    let mut dead = log.parked(true, usize::MAX).await?;
    dead.retain(|parked| parked.consumer == choice.consumer);
    anyhow::ensure!(
        !dead.is_empty(),
        "{} has no dead letters; `server dead-letters` lists those there are",
        choice.consumer
    );
    Ok(dead.iter().map(|parked| parked.position).collect())
}
