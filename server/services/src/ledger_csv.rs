//! Movements as lines of a file.

use types::ledger::{LedgerRow, MovementOf};

use crate::csv_fields::{line, text};

const HEAD: [&str; 13] = [
    "position",
    "time",
    "movement",
    "on_hand_change",
    "on_hand",
    "allocated_change",
    "allocated",
    "reserved_change",
    "reserved",
    "of",
    "reason",
    "by",
    "of_id",
];

/// The names of the columns.
pub fn ledger_csv_head() -> String {
    line(&HEAD)
}

/// A line per movement.
pub fn ledger_csv(rows: &[LedgerRow]) -> String {
    rows.iter().map(one).collect()
}

fn one(row: &LedgerRow) -> String {
    let at = jiff::Timestamp::from_microsecond(row.at_us);
    let at = at.map_or_else(|_| row.at_us.to_string(), |at| at.to_string());
    let (number, id) = match &row.of {
        Some(MovementOf::Order { id, number } | MovementOf::Purchase { id, number }) => {
            (number.as_str(), id.as_str())
        }
        None => ("", ""),
    };
    line(&[
        row.position.to_string(),
        at,
        row.kind.into_str().to_owned(),
        row.on_hand_change.to_string(),
        row.on_hand.to_string(),
        row.allocated_change.to_string(),
        row.allocated.to_string(),
        row.reserved_change.to_string(),
        row.reserved.to_string(),
        number.to_owned(),
        text(&row.reason),
        text(&row.by),
        id.to_owned(),
    ])
}
