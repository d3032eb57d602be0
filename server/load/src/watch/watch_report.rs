//! What was measured, as a table.

use std::fmt::Write as _;

use super::in_memory::Measured;
use super::on_a_log::OnLog;
use crate::args::WatchArgs;
use crate::table::{self, NO_VALUE, milliseconds};

pub fn text(args: &WatchArgs, alone: &Measured, on_log: &OnLog) -> anyhow::Result<String> {
    let mut text = String::new();
    table::write_headings(&mut text, &table::headings(None)?);
    let header = [
        "attack",
        "rule",
        "events until found",
        "found after, s",
        "alert in the log, ms",
    ];
    let rows = alone.attacks.iter().zip(&on_log.raised_in);
    let rows = rows.map(|(found, raised_in)| {
        let kind: &str = found.kind.into_str();
        vec![
            found.name.to_owned(),
            format!("{kind} ({})", found.of),
            found.events.to_string(),
            found
                .found_after_us
                .map_or_else(|| NO_VALUE.to_owned(), seconds),
            milliseconds(*raised_in),
        ]
    });
    let header = header.map(str::to_owned).to_vec();
    let _ = writeln!(text, "\n{}", table::table(header, rows.collect()));
    let _ = writeln!(
        text,
        "\n{} orders, {} events, seed {}: {} alerts without an attack",
        alone.orders,
        alone.events,
        args.seed,
        alone.false_alerts.len()
    );
    for alert in &alone.false_alerts {
        let _ = writeln!(text, "  {alert}");
    }
    let _ = writeln!(
        text,
        "on the log, all attacks in one day: {} alerts without an attack; {} events in {:.1} s, the longest commit {} ms",
        on_log.false_alerts,
        on_log.events,
        on_log.took.as_secs_f64(),
        milliseconds(Some(on_log.slowest_commit)),
    );
    Ok(text)
}

fn seconds(us: i64) -> String {
    let tenths = us.div_euclid(100_000);
    format!("{}.{}", tenths / 10, tenths % 10)
}
