//! `server show`: the past of an order, a SKU or an event.

use std::io::Write;

use broker::Log;
use clap::Args;
use types::log::{LookBack, StoryEvent};

use super::times::{Moment, moment, took, utc};

#[derive(Debug, Args)]
pub struct Query {
    /// An order's number (V-1234ABCD) or id, a SKU, or an event by its position (#342)
    what: String,

    /// As of this position or time, instead of now
    #[arg(long, value_parser = moment)]
    at: Option<Moment>,
}

pub async fn show(log: &Log, query: &Query, out: &mut impl Write) -> anyhow::Result<()> {
    let at = match query.at {
        Some(moment) => Some(moment.position(log).await?),
        None => None,
    };
    let found = services::look_back(log, &query.what, at)
        .await
        .map_err(|problem| anyhow::anyhow!(problem.detail))?;
    let LookBack {
        title,
        position,
        head,
        facts,
        story,
        content,
    } = found;
    writeln!(out, "{title}, as of position {position} of {head}")?;
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in &facts {
        writeln!(out, "  {name:width$}  {value}")?;
    }
    if let Some(content) = content {
        writeln!(out, "  {content}")?;
    }
    writeln!(out)?;
    for (event, branches) in story.iter().zip(branches(&story)) {
        let told = format!("{branches}#{} {}", event.position, event.kind);
        let time = match event.took_us {
            Some(took_us) => took(took_us),
            None => utc(event.at_us),
        };
        let StoryEvent {
            source, summary, ..
        } = event;
        writeln!(out, "{told:<44} {time:>12}  {source:<12} {summary}")?;
    }
    Ok(())
}

/// What stands before each event of a tree: `├─ ` or `└─ `, behind the lines of those above.
fn branches(story: &[StoryEvent]) -> Vec<String> {
    // From below: whether another event of that depth follows under the same cause.
    let mut open: Vec<bool> = Vec::new();
    let mut lines: Vec<String> = Vec::with_capacity(story.len());
    for event in story.iter().rev() {
        open.truncate(event.depth + 1);
        open.resize(event.depth + 1, false);
        let mut line = String::new();
        for (depth, follows) in open.iter().enumerate().skip(1) {
            line.push_str(match (depth == event.depth, follows) {
                (true, true) => "├─ ",
                (true, false) => "└─ ",
                (false, true) => "│  ",
                (false, false) => "   ",
            });
        }
        open[event.depth] = true;
        lines.push(line);
    }
    lines.reverse();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_shows_what_belongs_together() {
        let event = |depth| StoryEvent {
            position: 0,
            at_us: 0,
            kind: String::new(),
            source: String::new(),
            summary: String::new(),
            depth,
            took_us: None,
        };
        let story: Vec<StoryEvent> = [0, 1, 2, 2, 1, 2, 0, 1].map(event).into();
        let expected = ["", "├─ ", "│  ├─ ", "│  └─ ", "└─ ", "   └─ ", "", "└─ "];
        assert_eq!(branches(&story), expected);
    }
}
