//! Prices, as staff see them.

use serde::{Deserialize, Serialize};

use crate::{Money, Sku, Slug};

/// A page of what SKUs cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceList {
    pub rows: Vec<PriceRow>,
    /// SKUs on all pages.
    pub found: usize,
    pub pages: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceRow {
    pub sku: Sku,
    pub product: Slug,
    pub title: String,
    /// `White gold, EU 52`
    pub variant: String,
    pub price: Money,
    /// The former price, where it is shown.
    pub compare_at: Option<Money>,
    /// What it is going to cost, the next one first.
    pub planned: Vec<PlannedPrice>,
}

/// What a page has shown of what a SKU costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenPrice {
    pub price: Money,
    /// The former price, where it was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare_at: Option<Money>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPrice {
    pub price: Money,
    pub compare_at: Option<Money>,
    /// Unix microseconds.
    pub from_us: i64,
}
