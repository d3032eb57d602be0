//! Products as staff edit them.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::catalogue::Image;
use crate::{Money, Sku, Slug, SupplierId};

/// Characters of a title, a metal or a note, at most.
pub const MAX_LINE: usize = 120;
/// Characters of a description, at most: twice in a form, it stays below what a request may have.
pub const MAX_DESCRIPTION: usize = 2_500;
/// Characters of what search engines and link previews show, at most.
pub const MAX_SUMMARY: usize = 300;
/// Bytes of a photograph, at most.
pub const MAX_PHOTOGRAPH: usize = 20 * 1024 * 1024;

/// Whether shoppers see a product.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Publication {
    Draft,
    Published,
    Withdrawn,
}

impl Publication {
    pub const fn words(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::Published => "Published",
            Self::Withdrawn => "Withdrawn",
        }
    }
}

/// A product in the list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductRow {
    pub slug: Slug,
    pub title: String,
    pub category: String,
    pub publication: Publication,
    pub variants: usize,
    /// What the cheapest variant costs.
    pub price_from: Option<Money>,
    pub image: Option<Image>,
    /// Pieces that anybody may have.
    pub available: i64,
}

/// A page of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductList {
    pub rows: Vec<ProductRow>,
    pub found: usize,
    pub pages: usize,
}

/// The words about a product, as a form has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProductTexts {
    pub title: String,
    /// The category's slug.
    pub category: String,
    pub description: String,
    /// One on each line.
    pub metals: String,
    pub stones: String,
    /// Whether there will be no more of it.
    pub limited: bool,
    pub edition: String,
    pub seo_title: String,
    pub seo_description: String,
}

/// A variant, as a form has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VariantTexts {
    pub metal: String,
    pub size: String,
    pub barcode: String,
    /// The address of the picture that shows it.
    pub picture: String,
    /// In minor units; counts until the product is published for the first time.
    pub price_minor: i64,
    /// The former price, where it is shown.
    pub compare_at_minor: Option<i64>,
}

/// What a new variant begins with beside its texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirstStock {
    pub pieces: i64,
    /// With so many left more are ordered; 0: never.
    pub threshold: i64,
    /// How many there are to be after a delivery.
    pub up_to: i64,
    pub supplier: Option<SupplierId>,
}

impl FirstStock {
    /// Whether more of it are ordered, or staff are told, when few are left.
    pub const fn is_ordered(&self) -> bool {
        self.supplier.is_some() || self.threshold > 0
    }
}

/// A product on the page where it is edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductDesk {
    pub slug: Slug,
    pub publication: Publication,
    pub texts: ProductTexts,
    pub images: Vec<Image>,
    pub variants: Vec<DeskVariant>,
    /// Why it cannot be published yet.
    pub missing: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskVariant {
    pub sku: Sku,
    pub texts: VariantTexts,
    pub price: Money,
    pub available: i64,
    pub threshold: i64,
    pub supplier: Option<SupplierId>,
    /// Whether it is off the shelves by itself.
    pub is_withdrawn: bool,
}

/// What is to become of a picture of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PictureChange {
    Describe {
        alt: String,
        /// The metal it shows, e.g. `white-gold`; empty for several.
        metal: String,
    },
    /// It changes places with the one before it.
    Earlier,
    Remove,
}
