//! A line of an order, as its page's island knows it.

use serde::{Deserialize, Serialize};
use types::Money;

/// A line of the order, as far as another order of it needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    pub sku: types::Sku,
    pub title: String,
    pub product: types::Slug,
    pub quantity: u32,
    /// Pieces of it that can be sent back once all has arrived.
    pub returnable: u32,
    /// What it costs now; `None` when it is sold no more.
    pub price: Option<Money>,
}
