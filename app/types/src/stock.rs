//! What is left of a product: on its pages, and in what the socket says of them.

use serde::{Deserialize, Serialize};

use crate::Sku;

/// Available pieces of a product: over all variants, and of some of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductStock {
    pub available: i64,
    pub variants: Vec<VariantStock>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariantStock {
    pub sku: Sku,
    pub available: i64,
}
