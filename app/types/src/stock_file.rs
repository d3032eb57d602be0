//! Counts and thresholds that come as a file.

use serde::{Deserialize, Serialize};

use crate::BatchId;
use crate::stock_batch::{BatchConflict, BatchDone};

/// Bytes of a file, at most.
pub const MAX_FILE: usize = 2 * 1024 * 1024;

/// A line that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadLine {
    /// In the file, from 1 on.
    pub line: u64,
    /// The column's name; empty of a whole line.
    pub column: String,
    /// What stands there, cut short.
    pub found: String,
    pub expected: String,
}

/// What a file asks for, as the shop stands now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FileReport {
    /// Lines below the header.
    pub lines: usize,
    /// Counts and thresholds that are given, and lines that ask for nothing.
    pub counts: usize,
    pub thresholds: usize,
    pub empty: usize,
    /// Counts that differ from what there is.
    pub differing: usize,
    pub bad: Vec<BadLine>,
}

impl FileReport {
    pub const fn is_good(&self) -> bool {
        self.bad.is_empty() && self.counts + self.thresholds > 0
    }
}

/// How far an import is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// Nothing is changed: this is what would be.
    Checked(FileReport),
    /// It is done; so many of its movements are written into the ledgers.
    Done { done: BatchDone, written: u64 },
    /// These lines stood against it, and nothing was changed.
    Refused(Vec<BatchConflict>),
}

/// A file that was given to the shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportView {
    pub id: BatchId,
    pub name: String,
    /// When it came, unix microseconds.
    pub at_us: i64,
    /// Who gave it.
    pub by: String,
    pub state: ImportState,
}
