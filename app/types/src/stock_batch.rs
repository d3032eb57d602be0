//! Counts and thresholds of many SKUs that are set as one: all of them, or none.

use serde::{Deserialize, Serialize};

use crate::Sku;

/// Lines of one batch, at most.
pub const MAX_LINES: usize = 20_000;

/// How many pieces a SKU is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NewCount {
    /// So many, if there are as many now as whoever asks has seen; `None` saw nothing.
    To { on_hand: i64, seen: Option<i64> },
    /// So many more, or fewer, than there are.
    By { change: i64 },
}

/// What is set of one SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchLine {
    pub sku: Sku,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<NewCount>,
    /// Unsold pieces at which more are ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<i64>,
}

/// Why a line keeps the whole batch from being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchRefusal {
    /// Fewer than are promised to orders and held by checkouts.
    Promised,
    /// There are as many now, and whoever asked saw another number.
    ChangedMeanwhile,
    /// More than can be kept.
    TooMany,
}

/// A line that cannot be done, and how the SKU stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchConflict {
    pub sku: Sku,
    /// Pieces that there would be.
    pub wanted: i64,
    pub on_hand: i64,
    pub allocated: i64,
    #[serde(default)]
    pub reserved: i64,
    pub refusal: BatchRefusal,
}

impl BatchConflict {
    /// Why, for people.
    pub fn words(&self) -> String {
        let Self {
            wanted,
            on_hand,
            allocated,
            reserved,
            ..
        } = self;
        match self.refusal {
            BatchRefusal::Promised => format!(
                "{allocated} are promised to orders and {reserved} held by checkouts, so {wanted} \
                 cannot be on hand"
            ),
            BatchRefusal::ChangedMeanwhile => {
                format!("changed meanwhile: there are {on_hand} now, and it was to be {wanted}")
            }
            BatchRefusal::TooMany => format!("{wanted} are more than can be kept"),
        }
    }
}

/// Where a batch came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchSource {
    /// A file.
    Import,
    /// Rows that were chosen on the page.
    Chosen,
}

/// Counts and thresholds that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The same id acts once.
    pub id: crate::BatchId,
    pub source: BatchSource,
    pub reason: String,
    /// One per SKU.
    pub lines: Vec<BatchLine>,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchDone {
    /// Counts that were given, and those that differ from what there was.
    pub counted: u32,
    pub changed: u32,
    pub thresholds: u32,
    /// Position up to which the log tells of it.
    pub position: u64,
}
