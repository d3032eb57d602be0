//! Tables in Markdown, and the lines above them that describe the machine.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};

use crate::machine;

/// What stands in a cell that has no value.
pub const NO_VALUE: &str = "–";

/// Name and value of a line above the table.
pub type Heading = (&'static str, String);

/// This program and the machine, with the file system of `data`.
pub fn headings(data: Option<&Path>) -> anyhow::Result<Vec<Heading>> {
    let mut headings = vec![(
        "load",
        format!("{}, {} build", env!("CARGO_PKG_VERSION"), profile()),
    )];
    headings.extend(machine::describe(data)?);
    Ok(headings)
}

/// The headings as lines.
pub fn write_headings(text: &mut String, headings: &[Heading]) {
    for (name, value) in headings {
        let _ = writeln!(text, "{name:12} {value}");
    }
}

/// A table in Markdown: what was measured goes into a README as it is. The first column names, the
/// others are numbers.
pub fn table(header: Vec<String>, rows: Vec<Vec<String>>) -> Table {
    let columns = header.len();
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header(header);
    table.add_rows(rows);
    for i in 1..columns {
        if let Some(column) = table.column_mut(i) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// A row: its name, then one cell per column.
pub fn row<T>(name: &str, columns: &[T], cell: impl Fn(&T) -> String) -> Vec<String> {
    std::iter::once(name.to_owned())
        .chain(columns.iter().map(cell))
        .collect()
}

/// Milliseconds with one decimal.
pub fn milliseconds(time: Option<Duration>) -> String {
    time.map_or_else(
        || NO_VALUE.to_owned(),
        |time| format!("{:.1}", time.as_secs_f64() * 1e3),
    )
}

const fn profile() -> &'static str {
    if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    }
}
