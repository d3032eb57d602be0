//! `server replay`.

use std::io::Write;

use broker::{Beginning, Log, Roster};
use clap::Args;
use clap::builder::PossibleValuesParser;
use indicatif::{ProgressBar, ProgressStyle};

use services::ShopSettings;
use types::staff::Right;

use super::operator::Author;
use super::times::{Moment, moment};

#[derive(Debug, Args)]
pub struct Request {
    /// The decider whose states are built anew
    #[arg(long, value_parser = deciders())]
    consumer: String,

    /// Begins with the states in use, and folds only what came after this position or time; without it
    /// they are built from nothing
    #[arg(long, value_parser = moment)]
    from: Option<Moment>,

    #[command(flatten)]
    author: Author,
}

fn roster() -> Roster {
    services::roster(&ShopSettings::default(), None)
}

fn deciders() -> PossibleValuesParser {
    PossibleValuesParser::new(roster().deciders())
}

pub async fn replay(log: &Log, request: &Request, out: &mut impl Write) -> anyhow::Result<()> {
    let by = request.author.may(log, Right::Log).await?;
    let beginning = match request.from {
        None => Beginning::Nothing,
        Some(Moment::Position(position)) => Beginning::Position(position),
        Some(Moment::Time(time_us)) => Beginning::Time(time_us),
    };
    let style = "{msg} [{bar:40}] {human_pos}/{human_len} events, {per_sec}, {eta} left";
    let bar = ProgressBar::new(log.stored_head().await?)
        .with_style(ProgressStyle::with_template(style)?.progress_chars("=> "))
        .with_message(request.consumer.clone());
    let shown = bar.clone();
    let progress = move |position, head| {
        shown.set_length(head);
        shown.set_position(position);
    };
    let replayed = log
        .replay(&roster(), &request.consumer, beginning, &by, progress)
        .await?;
    bar.finish_and_clear();
    let found = match replayed.differences {
        0 => "the same, byte for byte, as the one before".to_owned(),
        n => format!("{n} rows differed from the one before and are mended"),
    };
    writeln!(
        out,
        "{}: {} rows out of {} events ({} to {}); {found}",
        replayed.consumer, replayed.rows, replayed.events, replayed.from, replayed.to
    )?;
    Ok(())
}
