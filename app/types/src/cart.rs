//! The cart and its pricing. Pricing is pure and the same in the browser and on the server; the
//! server's result is the one that counts.

use serde::{Deserialize, Serialize};

use crate::catalogue::{Edition, Image};
use crate::checkout::DeliveryMethod;
use crate::delivery::DeliveryTerms;
use crate::reservation::Held;
use crate::{LineId, Money, Sku, Slug};

/// Pieces of one line, at most. A larger order is a conversation, not a form.
pub const MAX_QUANTITY: u32 = 10;
/// Lines of one cart, at most.
pub const MAX_LINES: usize = 50;
/// Characters of a gift note, at most.
pub const MAX_GIFT_NOTE: usize = 140;

/// The cart as its page and drawer show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    pub lines: Vec<CartLine>,
    /// Goods without delivery; VAT included.
    pub subtotal: Money,
    /// Position of the log at which the lines' `available` is true.
    pub position: u64,
    /// What the shopper's checkout holds.
    #[serde(default)]
    pub held: Held,
    /// What delivery costs.
    #[serde(default)]
    pub delivery: DeliveryTerms,
    /// What it was when the shopper last agreed to it, where it costs something else now.
    #[serde(default)]
    pub delivery_was: Option<DeliveryTerms>,
}

impl Cart {
    /// Pieces in the cart.
    pub fn count(&self) -> u32 {
        self.lines.iter().map(|line| line.quantity).sum()
    }

    /// Pieces that the own checkout does not hold, because they are sold out by now.
    pub fn not_held(&self) -> u32 {
        let mut skus: Vec<&Sku> = self.lines.iter().map(|line| &line.sku).collect();
        skus.sort_unstable();
        skus.dedup();
        let missing = skus.into_iter().map(|sku| {
            let of_sku = self.lines.iter().filter(|line| line.sku == *sku);
            let wanted = of_sku
                .map(|line| line.quantity)
                .fold(0, u32::saturating_add);
            wanted.saturating_sub(self.held.of(sku))
        });
        missing.fold(0, u32::saturating_add)
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether anything, or its delivery, costs something else than the shopper has agreed to.
    pub fn has_new_prices(&self) -> bool {
        self.delivery_was.is_some() || self.lines.iter().any(|line| line.was.is_some())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    pub id: LineId,
    pub sku: Sku,
    pub product: Slug,
    pub title: String,
    /// `White gold, EU 52`
    pub variant: String,
    pub image: Image,
    pub quantity: u32,
    pub gift_note: Option<String>,
    pub unit_price: Money,
    /// What a piece cost when the shopper last agreed to it, where it costs something else now.
    #[serde(default)]
    pub was: Option<Money>,
    pub line_price: Money,
    /// To this shopper: what the own checkout holds is there.
    pub available: i64,
    /// Whether the piece has been taken off the shelves since it was put in.
    #[serde(default)]
    pub is_withdrawn: bool,
    /// For a limited piece: how many were made.
    #[serde(default)]
    pub edition: Option<Edition>,
}

impl CartLine {
    /// Whether the stock of this moment covers the line.
    pub fn is_covered(&self) -> bool {
        i64::from(self.quantity) <= self.available
    }
}

/// What an order costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub subtotal: Money,
    pub delivery: Money,
    pub total: Money,
}

/// Adds up goods and delivery. `None` on overflow or mixed currencies, which a catalogue of one
/// currency and bounded quantities cannot reach.
pub fn totals(subtotal: Money, delivery: DeliveryMethod, terms: &DeliveryTerms) -> Option<Totals> {
    let delivery = terms.price(delivery, subtotal);
    Some(Totals {
        subtotal,
        delivery,
        total: subtotal.checked_add(delivery)?,
    })
}
