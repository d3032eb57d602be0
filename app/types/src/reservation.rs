//! What a checkout holds for its shopper, as pages show it.

use serde::{Deserialize, Serialize};

use crate::fulfilment::Pieces;
use crate::{Sku, Slug};

/// What is held for a shopper who is at the checkout. Nobody else can order it meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Held {
    /// An entry per SKU; empty when nothing is held.
    pub lines: Vec<Pieces>,
    /// Microseconds that it is held from the moment this was said. Not a time of day: the browser's clock
    /// may be wrong.
    pub left_us: i64,
    /// The checkout was closed, as far as the server knows: what is held ends soon.
    pub is_left: bool,
    /// How often the end can still be put off.
    pub extensions_left: u32,
}

impl Held {
    /// Pieces of a SKU that are held.
    pub fn of(&self, sku: &Sku) -> u32 {
        let line = self.lines.iter().find(|line| line.sku == *sku);
        line.map_or(0, |line| line.quantity)
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

/// What a shopper's own checkout holds, for the pages of the shelves. Only that shopper is told: for
/// everybody else these pieces are gone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OwnHold {
    /// An entry per SKU; empty when nothing is held.
    pub pieces: Vec<OwnPieces>,
}

/// Pieces of one SKU that the own checkout holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnPieces {
    pub product: Slug,
    pub sku: Sku,
    pub quantity: u32,
}

impl OwnHold {
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Pieces of a SKU that are held.
    pub fn of(&self, sku: &Sku) -> u32 {
        self.sum(|pieces| pieces.sku == *sku)
    }

    /// Pieces of a product that are held.
    pub fn of_product(&self, product: &Slug) -> u32 {
        self.sum(|pieces| pieces.product == *product)
    }

    fn sum(&self, counts: impl Fn(&OwnPieces) -> bool) -> u32 {
        let counted = self.pieces.iter().filter(|pieces| counts(pieces));
        counted.map(|pieces| pieces.quantity).sum()
    }
}
