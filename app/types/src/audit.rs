//! What staff have done, as pages show it.

use serde::{Deserialize, Serialize};

/// Acts on one page.
pub const PAGE: usize = 50;

/// Which acts are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditQuery {
    /// Who: as the log names them; empty for everybody.
    pub by: String,
    /// What: the part of a kind before its dot; empty for everything.
    pub noun: String,
    /// A day, from its first to its last microsecond, UTC; `None` for any.
    pub day_us: Option<(i64, i64)>,
    /// Those before this position; the newest without one.
    pub before: Option<u64>,
}

/// Something that somebody has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    pub position: u64,
    pub at_us: i64,
    /// Their email; of whoever is no member any more the log's name, and nothing of whoever only tried to sign in.
    pub who: String,
    /// The event's kind.
    pub kind: String,
    /// What it is about: an order's number, a SKU, or whatever the log calls it.
    pub subject: String,
    /// In words.
    pub what: String,
}

/// A page of them, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    pub rows: Vec<AuditRow>,
    /// Before which the next page begins, if there is one.
    pub older: Option<u64>,
    /// Who has done anything: how the log names them, and who that is.
    pub people: Vec<(String, String)>,
    /// What was done anything with.
    pub nouns: Vec<String>,
}
