//! Count sheets: what was counted of many SKUs, against what the books held when the sheet was made.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::Sku;

/// Lines of one sheet, at most.
pub const MAX_SHEET: usize = 200;

/// A SKU on a sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetRow {
    pub sku: Sku,
    pub title: String,
    pub variant: String,
    /// In the house when the sheet was made.
    pub expected: i64,
    /// And now.
    pub on_hand: i64,
    /// Whether somebody has counted it since.
    pub is_counted: bool,
}

impl SheetRow {
    /// Pieces that have come or gone since the sheet was made.
    pub const fn moved(&self) -> i64 {
        self.on_hand - self.expected
    }
}

/// What is to be counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountSheet {
    /// Position of the log that it was made at.
    pub at: u64,
    /// When that was, unix microseconds.
    pub at_us: i64,
    pub rows: Vec<SheetRow>,
}

/// Whether pieces that have moved since the sheet was made were there when they were counted.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Counted {
    /// Before they moved: what is missing, or too much, is carried over to what there is now.
    #[default]
    Before,
    /// After: there are as many as were counted.
    After,
}

/// A line of a sheet that was filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedLine {
    pub sku: Sku,
    pub pieces: i64,
    pub counted: Counted,
}

/// A line that is not in the books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedLine {
    pub sku: Sku,
    pub pieces: i64,
    pub why: String,
}

/// What became of a sheet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SheetOutcome {
    /// Lines that found what was expected.
    pub as_expected: u32,
    /// Lines that the books follow now: in words, for those that had moved since.
    pub corrected: u32,
    pub carried: Vec<String>,
    pub refused: Vec<RefusedLine>,
    /// Refused lines that are not among these, since there were too many to be told.
    #[serde(default)]
    pub left_out: u32,
}
