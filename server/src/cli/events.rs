//! `server events`: the log, chosen by the same patterns that consumers subscribe with.

use std::io::Write;

use broker::{Filter, Log, Recorded, Rule};
use clap::Args;
use services::StaffNames;

use super::times::{Moment, moment, utc};

/// Events read at once.
const PAGE: usize = 256;

#[derive(Debug, Args)]
pub struct Query {
    /// Only of this topic; a star stands for anything
    #[arg(long)]
    topic: Option<String>,

    /// Only of this type, e.g. order.placed or 'stock.*'; may be given several times
    #[arg(long = "type", value_name = "TYPE")]
    kinds: Vec<String>,

    /// Only with this attribute, e.g. gateway=test, source=seed or partitionkey=AS-VEG-WG-50; may be
    /// given several times, and then all must be so
    #[arg(long = "with", value_name = "NAME=PATTERN", value_parser = attribute)]
    attributes: Vec<(String, String)>,

    /// Only after this position or time
    #[arg(long, default_value = "0", value_parser = moment)]
    after: Moment,

    /// Events, at most
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,

    /// Goes on with those to come, until interrupted
    #[arg(long, conflicts_with = "limit")]
    follow: bool,

    /// As CloudEvents in JSON, one per line
    #[arg(long)]
    json: bool,
}

fn attribute(text: &str) -> Result<(String, String), String> {
    let (name, pattern) = text
        .split_once('=')
        .ok_or("expected NAME=PATTERN, e.g. source=seed")?;
    Ok((name.to_owned(), pattern.to_owned()))
}

pub async fn list(log: &Log, query: &Query, out: &mut impl Write) -> anyhow::Result<()> {
    let kinds: Vec<&str> = query.kinds.iter().map(String::as_str).collect();
    let attributes: Vec<(&str, &str)> = (query.attributes.iter())
        .map(|(name, pattern)| (name.as_str(), pattern.as_str()))
        .collect();
    let mut rule = match &query.topic {
        Some(topic) => Rule::topic(topic),
        None => Rule::ANY,
    };
    if !kinds.is_empty() {
        rule = rule.of(&kinds);
    }
    let rules = [rule.with(&attributes)];
    let filter = Filter(&rules);
    let staff = names(log).await?;
    let mut at = query.after.position(log).await?;
    let mut left = if query.follow {
        usize::MAX
    } else {
        query.limit as usize
    };
    loop {
        let (events, to) = log.read_matching(filter, at, left.min(PAGE)).await?;
        for event in &events {
            print(event, &staff, query.json, out)?;
        }
        out.flush()?;
        left = left.saturating_sub(events.len());
        if left == 0 || (to == at && !query.follow) {
            return Ok(());
        }
        if to == at {
            // What comes next is read anew, with all that came along.
            log.tail(at).next(1).await?;
        }
        at = to;
    }
}

async fn names(log: &Log) -> anyhow::Result<StaffNames> {
    let names = StaffNames::read(log).await;
    names.map_err(|problem| anyhow::anyhow!(problem.detail))
}

fn print(
    event: &Recorded,
    staff: &StaffNames,
    as_json: bool,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    if as_json {
        writeln!(out, "{}", event.to_cloud_event()?)?;
        return Ok(());
    }
    let row = services::event_row(event, staff);
    writeln!(
        out,
        "#{:<7} {}  {:<28} {:<14} {:<12} {}",
        row.position,
        utc(row.at_us),
        row.kind,
        row.subject,
        row.source,
        row.summary
    )?;
    Ok(())
}
