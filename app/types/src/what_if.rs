//! What would have been with another rule, for staff.

use serde::{Deserialize, Serialize};

use crate::Sku;

/// What is tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    pub sku: Sku,
    pub threshold: i64,
    /// After this position; from the beginning when there is none.
    pub from: Option<u64>,
    /// Up to this one; to the newest when there is none.
    pub to: Option<u64>,
}

/// What was, and what would have been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhatIf {
    pub tried: Tried,
    /// The threshold in whose place the other one comes.
    pub threshold_was: i64,
    /// Events of the stretch that are about the SKU.
    pub events: usize,
    /// Whether the rule as it was leads to what the log says: if not, the two cannot be compared.
    pub is_reproduced: bool,
    pub was: Outcome,
    pub would: Outcome,
    pub differences: usize,
    /// Where the two differ, in the order of the log. Of many only the first.
    pub steps: Vec<WhatIfStep>,
}

/// What was said in the stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Outcome {
    pub alerts: usize,
    pub drafts: usize,
}

/// A moment at which the two differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhatIfStep {
    pub position: u64,
    /// Unix microseconds.
    pub at_us: i64,
    /// What happened there.
    pub cause: String,
    pub was: Option<String>,
    pub would: Option<String>,
}
