//! Views of what is for sale, with the stock as it is at a position of the log.

use serde::{Deserialize, Serialize};

use crate::stock::ProductStock;
use crate::{Money, Sku, Slug};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    pub slug: Slug,
    pub title: String,
    pub description: String,
}

/// A picture under the site's root, e.g. `/images/vega-solitaire-ring-white-gold.webp`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    pub src: String,
    pub alt: String,
    pub width: u32,
    pub height: u32,
    /// The metal it shows, e.g. `white-gold`; empty for a composition of several pieces.
    pub metal: String,
}

/// A wide picture for the head of a page and the products to be seen on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hero {
    pub image: Image,
    pub products: Vec<Slug>,
}

/// A product as a card in a grid: the whole of it, or its variants in one metal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductCard {
    pub slug: Slug,
    pub title: String,
    pub category: Slug,
    pub price_from: Money,
    /// Whether some variant costs more than `price_from`.
    pub price_varies: bool,
    /// The former price of the variant that costs `price_from`.
    pub compare_at: Option<Money>,
    pub images: Vec<Image>,
    /// A limited piece.
    pub drop: bool,
    /// What is left of what the card shows. Names the variants when they are not the whole product.
    pub stock: ProductStock,
    /// Position of the log at which `stock` is true.
    pub position: u64,
}

/// A product on its own page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    pub slug: Slug,
    pub title: String,
    pub category: Slug,
    pub description: String,
    pub metals: Vec<String>,
    pub stones: String,
    pub drop_note: Option<String>,
    pub images: Vec<Image>,
    pub variants: Vec<Variant>,
    pub seo_title: String,
    pub seo_description: String,
    pub position: u64,
}

/// One variant (SKU) of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    pub sku: Sku,
    /// `white-gold`
    pub metal: String,
    /// `White gold`
    pub metal_label: String,
    /// `EU 50`, `45 cm`, `One size`
    pub size_label: String,
    pub price: Money,
    pub compare_at: Option<Money>,
    /// Index into the product's images.
    pub image: usize,
    pub available: i64,
}

/// What a shopper is told about a number of available pieces: the ledger's own number when few are
/// left, never an invented one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    SoldOut,
    Few(i64),
    InStock,
}

impl Availability {
    /// At and under this many pieces the shopper sees the number.
    pub const FEW: i64 = 5;

    pub const fn of(available: i64) -> Self {
        match available {
            ..=0 => Self::SoldOut,
            1..=Self::FEW => Self::Few(available),
            _ => Self::InStock,
        }
    }

    pub fn label(self) -> String {
        match self {
            Self::SoldOut => "Sold out".to_owned(),
            Self::Few(n) => format!("{n} left"),
            Self::InStock => "In stock".to_owned(),
        }
    }
}
