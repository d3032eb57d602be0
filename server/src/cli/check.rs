//! `server check`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use broker::{Link, Log};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use services::{LogHead, OrderRecord, ShopSettings};

use super::format::Format;

#[derive(Debug, Default, Args)]
pub struct Request {
    /// A head of the log as it was published before, POSITION:HASH: it has to be in the chain still
    #[arg(long, value_name = "POSITION:HASH", value_parser = published)]
    published: Vec<LogHead>,

    /// The record of an order, as its page gave it out: its steps have to be in the chain still
    #[arg(long, value_name = "FILE")]
    record: Vec<PathBuf>,

    #[command(flatten)]
    format: Format,
}

fn published(text: &str) -> Result<LogHead, String> {
    let parts = text.split_once(':').and_then(|(position, hash)| {
        Some(LogHead {
            position: position.parse().ok()?,
            hash: hash.parse().ok()?,
        })
    });
    parts.ok_or_else(|| "expected a position, a colon, and 64 hexadecimal digits".to_owned())
}

/// Reads the whole log, follows its chain, and compares what follows from it with what is kept and with what
/// was published.
///
/// # Errors
/// When something is wrong; what it is was written to `out`.
pub async fn check(log: &Log, request: &Request, out: &mut impl Write) -> anyhow::Result<()> {
    let records = request.record.iter().map(|path| {
        let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let record: OrderRecord = serde_json::from_slice(&text)
            .with_context(|| format!("{} is no record of an order", path.display()))?;
        Ok(record)
    });
    let records: Vec<OrderRecord> = records.collect::<anyhow::Result<_>>()?;
    let style = "check [{bar:40}] {human_pos}/{human_len} events, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(style)?.progress_chars("=> ");
    let bar = ProgressBar::new(log.stored_head().await?).with_style(style);
    let shown = bar.clone();
    let roster = services::roster(&ShopSettings::default(), None);
    let checked = log
        .check(&roster, move |position, head| {
            shown.set_length(head);
            shown.set_position(position);
        })
        .await?;
    bar.finish_and_clear();
    let mut faults = checked.faults;
    for head in &request.published {
        let place = format!("the head at {}", head.position);
        faults.extend(services::difference(log, &place, head).await?);
    }
    let mut kept = Vec::new();
    for record in &records {
        let differences = services::differences(log, record).await?;
        if differences.is_empty() {
            kept.push(record);
        }
        let order = &record.order;
        faults.extend((differences.into_iter()).map(|it| format!("order {order}, {it}")));
    }
    let found = Found {
        events: checked.head,
        hash: checked.head_link,
        older_than_the_chain: checked.unchained,
        quarantined: checked.quarantined,
        states: checked.states.into_iter().collect(),
        faults,
    };
    if !request.format.wrote(&[&found], out)? {
        tell(&found, &kept, out)?;
    }
    match found.faults.len() {
        0 => Ok(()),
        1 => bail!("one fault was found"),
        count => bail!("{count} faults were found"),
    }
}

/// What was found, for programs.
#[derive(Serialize)]
struct Found {
    events: u64,
    /// Of the last event.
    hash: Option<Link>,
    older_than_the_chain: u64,
    quarantined: u64,
    /// How many, by decider.
    states: BTreeMap<&'static str, u64>,
    faults: Vec<String>,
}

fn tell(found: &Found, kept: &[&OrderRecord], out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(out, "log: {} events", found.events)?;
    if let Some(hash) = found.hash {
        writeln!(out, "head: {}:{hash}", found.events)?;
    }
    if found.older_than_the_chain > 0 {
        let count = found.older_than_the_chain;
        writeln!(out, "{count} events are older than the chain")?;
    }
    for (decider, states) in &found.states {
        writeln!(out, "{decider}: {states} states")?;
    }
    if found.quarantined > 0 {
        writeln!(out, "{} events are quarantined", found.quarantined)?;
    }
    for OrderRecord { order, steps, .. } in kept {
        let steps = steps.len();
        writeln!(
            out,
            "order {order}: its {steps} steps are as they were recorded"
        )?;
    }
    for fault in &found.faults {
        writeln!(out, "✗ {fault}")?;
    }
    if found.faults.is_empty() {
        writeln!(out, "the log is whole, and all states are what it leads to")?;
    }
    Ok(())
}
