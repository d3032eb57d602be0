//! What is left of a product and what it costs: on its pages, and in what the socket says of them.

use serde::{Deserialize, Serialize};

use crate::Sku;

/// Available pieces of a product: over all variants, and of some of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductStock {
    pub available: i64,
    pub variants: Vec<VariantStock>,
    /// What its cards say it costs; said when it may have changed. In words: the script of a shelf is
    /// small.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<PriceTag>,
    /// Whether it has been taken off the shelves: then nobody gets any, whoever holds some.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_withdrawn: bool,
}

/// What a card says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceTag {
    /// Of a card that shows one metal; empty for one that shows the whole product.
    pub metal: String,
    /// `From €2,390`
    pub words: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariantStock {
    pub sku: Sku,
    pub available: i64,
    /// What it costs, in minor units; said when it may have changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_minor: Option<i64>,
    /// Whether it has been taken off the shelves, as [`ProductStock::is_withdrawn`] says it of all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_withdrawn: bool,
}
