//! Views of what is for sale, with the stock as it is at a position of the log.

use serde::{Deserialize, Serialize};

use crate::pictures::{BuiltPicture, Pictures};
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
    /// Its files, where staff have uploaded it; those of the others are known by `src`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built: Option<BuiltPicture>,
}

impl Image {
    /// Its files, whether the build made them or they came with an upload.
    pub fn files<'a>(&'a self, of_the_build: &'a Pictures) -> Option<&'a BuiltPicture> {
        self.built.as_ref().or_else(|| of_the_build.get(&self.src))
    }
}

/// A wide picture for the head of a page and the products to be seen on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hero {
    pub image: Image,
    pub products: Vec<Slug>,
    /// Where on the picture they are, in pixels of its own size: one for each product, or none at all.
    #[serde(default)]
    pub spots: Vec<(u32, u32)>,
}

/// A product as a card in a grid: the whole of it, or its variants in one metal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductCard {
    pub slug: Slug,
    pub title: String,
    pub category: Slug,
    /// The metal that price, stock, picture and link are of; `None` for the whole product.
    pub metal: Option<String>,
    /// All metals that the product comes in, in the order of its variants.
    pub metals: Vec<Metal>,
    pub price_from: Money,
    /// What it costs, in words: `From €2,390`.
    pub tag: String,
    /// The former price of the variant that costs `price_from`.
    pub compare_at: Option<Money>,
    /// The one that the card shows comes first.
    pub images: Vec<Image>,
    /// For a limited piece: how many were made of what the card shows.
    pub edition: Option<Edition>,
    /// What is left of what the card shows. Names the variants when they are not the whole product.
    pub stock: ProductStock,
    /// Position of the log at which `stock` is true.
    pub position: u64,
}

/// A metal, as the address of a page and as people name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metal {
    /// `white-gold`
    pub name: String,
    /// `White gold`
    pub label: String,
}

/// What is limited: its number is told however many are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// Pieces that were made; `None` where the catalogue does not say.
    pub made: Option<i64>,
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
    /// For a variant of a limited piece: how many were made of it.
    pub edition: Option<Edition>,
}

/// Whether some metal comes in more than one size. Else there is no size to choose.
pub fn come_in_sizes(variants: &[Variant]) -> bool {
    let alike = |a: &Variant, b: &Variant| a.metal == b.metal && a.sku != b.sku;
    (variants.iter()).any(|a| variants.iter().any(|b| alike(a, b)))
}

/// What a shopper is told about a number of available pieces: the ledger's own number when few are
/// left or the piece is limited, never an invented one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    SoldOut,
    /// Sold out to everybody but the shopper whose checkout holds it.
    InOwnCheckout,
    Few(i64),
    InStock,
    /// A limited piece.
    Limited {
        left: i64,
        of: Option<i64>,
    },
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

    /// The same for a piece that may be limited.
    pub fn of_edition(available: i64, edition: Option<Edition>) -> Self {
        match edition {
            Some(edition) if available > 0 => Self::Limited {
                left: available,
                // After a count found more than were made, the size is no longer true.
                of: edition.made.filter(|made| *made >= available),
            },
            _ => Self::of(available),
        }
    }

    /// The same for a shopper whose own checkout holds so many pieces, which are not available to anybody.
    pub fn to_holder(available: i64, edition: Option<Edition>, held: u32) -> Self {
        match available {
            ..=0 if held > 0 => Self::InOwnCheckout,
            _ => Self::of_edition(available, edition),
        }
    }

    /// The number that is told, if one is. [`Self::words`] follow it.
    pub const fn number(self) -> Option<i64> {
        match self {
            Self::SoldOut | Self::InOwnCheckout | Self::InStock => None,
            Self::Few(left) | Self::Limited { left, .. } => Some(left),
        }
    }

    /// What is said after the number, or in its place.
    pub fn words(self) -> String {
        match self {
            Self::SoldOut => "Sold out".to_owned(),
            Self::InOwnCheckout => "In your checkout".to_owned(),
            Self::InStock => "In stock".to_owned(),
            Self::Few(_) | Self::Limited { of: None, .. } => " left".to_owned(),
            Self::Limited { of: Some(made), .. } => [" of ", &made.to_string(), " left"].concat(),
        }
    }

    /// `In stock`, `3 left`, `7 of 12 left`, `In your checkout` or `Sold out`.
    pub fn label(self) -> String {
        let words = self.words();
        self.number().map_or_else(
            || words.clone(),
            |number| [&number.to_string(), &*words].concat(),
        )
    }

    /// Whether a shopper who wants one had better not wait.
    pub const fn is_few(self) -> bool {
        matches!(self.number(), Some(..=Self::FEW))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(available: i64, made: Option<i64>) -> String {
        Availability::of_edition(available, Some(Edition { made })).label()
    }

    #[test]
    fn a_number_is_told_when_few_are_left_and_always_of_a_limited_piece() {
        let plain = [-1, 0, 1, 5, 6].map(|n| Availability::of_edition(n, None).label());
        assert_eq!(
            plain,
            ["Sold out", "Sold out", "1 left", "5 left", "In stock"]
        );
        assert_eq!(told(7, Some(12)), "7 of 12 left");
        assert_eq!(told(12, Some(12)), "12 of 12 left");
        assert_eq!(told(0, Some(12)), "Sold out");
        assert_eq!(told(7, None), "7 left");
    }

    #[test]
    fn more_than_were_made_are_told_without_a_size_that_cannot_be_true() {
        assert_eq!(told(13, Some(12)), "13 left");
    }

    #[test]
    fn what_the_own_checkout_holds_is_not_sold_out_to_its_shopper() {
        let to = |available, held| Availability::to_holder(available, None, held).label();
        assert_eq!([to(0, 0), to(0, 1)], ["Sold out", "In your checkout"]);
        assert_eq!(to(2, 1), "2 left", "there are more, and they can be added");
    }

    #[test]
    fn few_are_few_whatever_the_size_of_the_edition() {
        let few = |n| Availability::of_edition(n, Some(Edition { made: Some(40) })).is_few();
        assert!(few(5) && !few(6) && !few(0));
        assert!(Availability::of(1).is_few() && !Availability::of(6).is_few());
    }
}
