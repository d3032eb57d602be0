//! A product, its variants and their prices, and what changes them.

pub mod events;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::catalogue::Image;
use types::{Money, Sku, Slug};

use crate::event::{
    Event, PriceChangeRejected, PriceChangeRequested, PriceChanged, ProductChangeRejected,
    ProductChangeRequested, ProductChanged, ProductIntroduced, ProductWithdrawalRequested,
    ProductWithdrawn,
};

/// The highest price of a piece, in minor units: sums of a whole cart stay far from an overflow.
pub const MAX_PRICE: i64 = 10_000_000_000;

/// A product as its events have made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    pub slug: Slug,
    pub category: Slug,
    pub title: String,
    pub details: ProductDetails,
    pub variants: Vec<Variant>,
    /// Whether it is sold no more.
    pub withdrawn: bool,
}

/// The part of a product that nothing is looked up by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductDetails {
    pub description: String,
    pub metals: Vec<String>,
    pub stones: String,
    pub drop: bool,
    pub drop_note: Option<String>,
    /// Pieces that were ever made of each variant, where there will be no more and it is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub made: BTreeMap<Sku, i64>,
    pub images: Vec<Image>,
    pub seo_title: String,
    pub seo_description: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    pub sku: Sku,
    pub metal: String,
    pub metal_label: String,
    pub size_label: String,
    pub barcode: String,
    pub price: Money,
    /// The former price, where it is shown.
    pub compare_at: Option<Money>,
    /// Which of the product's pictures shows it.
    pub image: usize,
    pub reorder_threshold: i64,
}

impl Variant {
    /// `White gold, EU 52`
    pub fn title(&self) -> String {
        format!("{}, {}", self.metal_label, self.size_label)
    }
}

/// Why the catalogue stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    #[error("there is no such product")]
    UnknownProduct,
    #[error("the product has no such SKU")]
    UnknownSku,
    #[error("the product is sold no more")]
    Withdrawn,
    #[error("the price is not above 0")]
    PriceNotAboveZero,
    #[error("the price is higher than the shop can take")]
    PriceTooHigh,
    #[error("the price is in another currency than the catalogue")]
    OtherCurrency,
    #[error("the former price is not above the price")]
    FormerPriceNotAbove,
    #[error("the product would have no title")]
    NoTitle,
    #[error("a variant would have no picture")]
    NoPicture,
    #[error("it is so already")]
    NothingChanged,
}

impl From<&ProductIntroduced> for Product {
    fn from(introduced: &ProductIntroduced) -> Self {
        Self {
            slug: introduced.product.clone(),
            category: introduced.category.clone(),
            title: introduced.title.clone(),
            details: introduced.details.clone(),
            variants: introduced.variants.clone(),
            withdrawn: false,
        }
    }
}

impl Product {
    pub fn skus(&self) -> impl Iterator<Item = &Sku> {
        self.variants.iter().map(|variant| &variant.sku)
    }

    /// Takes note of what has happened to it.
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::PriceChanged(event) => {
                let variant = self.variants.iter_mut().find(|v| v.sku == event.sku);
                if let Some(variant) = variant {
                    variant.price = event.price;
                    variant.compare_at = event.compare_at;
                }
            }
            Event::ProductChanged(event) => {
                self.title.clone_from(&event.title);
                self.details.clone_from(&event.details);
            }
            Event::ProductWithdrawn(_) => self.withdrawn = true,
            _ => {}
        }
    }

    fn price_before(&self, asked: &PriceChangeRequested) -> Result<Money, Refusal> {
        let variant = self.variants.iter().find(|v| v.sku == asked.sku);
        let variant = variant.ok_or(Refusal::UnknownSku)?;
        let before = variant.price;
        if self.withdrawn {
            return Err(Refusal::Withdrawn);
        }
        if asked.price.minor <= 0 {
            return Err(Refusal::PriceNotAboveZero);
        }
        if asked.price.currency != before.currency {
            return Err(Refusal::OtherCurrency);
        }
        if asked.price.minor > MAX_PRICE {
            return Err(Refusal::PriceTooHigh);
        }
        if let Some(former) = asked.compare_at {
            if former.currency != before.currency {
                return Err(Refusal::OtherCurrency);
            }
            if former.minor <= asked.price.minor {
                return Err(Refusal::FormerPriceNotAbove);
            }
            if former.minor > MAX_PRICE {
                return Err(Refusal::PriceTooHigh);
            }
        }
        if (before, variant.compare_at) == (asked.price, asked.compare_at) {
            return Err(Refusal::NothingChanged);
        }
        Ok(before)
    }

    fn check_change(&self, asked: &ProductChangeRequested) -> Result<(), Refusal> {
        if self.withdrawn {
            return Err(Refusal::Withdrawn);
        }
        if asked.title.trim().is_empty() {
            return Err(Refusal::NoTitle);
        }
        let pictures = asked.details.images.len();
        if self.variants.iter().any(|v| v.image >= pictures) {
            return Err(Refusal::NoPicture);
        }
        if (&self.title, &self.details) == (&asked.title, &asked.details) {
            return Err(Refusal::NothingChanged);
        }
        Ok(())
    }
}

/// Changes a price, or says why not.
pub fn change_price(product: Option<&Product>, asked: &PriceChangeRequested) -> Event {
    let checked = product.ok_or(Refusal::UnknownProduct);
    let PriceChangeRequested {
        product,
        sku,
        price,
        compare_at,
        by,
    } = asked.clone();
    match checked.and_then(|known| known.price_before(asked)) {
        Ok(before) => PriceChanged {
            product,
            sku,
            price,
            compare_at,
            before,
            by,
        }
        .into(),
        Err(refusal) => PriceChangeRejected {
            product,
            sku,
            price,
            refusal,
            by,
        }
        .into(),
    }
}

/// Changes texts and pictures, or says why not.
pub fn change_product(product: Option<&Product>, asked: &ProductChangeRequested) -> Event {
    let checked = product.ok_or(Refusal::UnknownProduct);
    let ProductChangeRequested {
        product,
        title,
        details,
        by,
    } = asked.clone();
    match checked.and_then(|known| known.check_change(asked)) {
        Ok(()) => ProductChanged {
            product,
            title,
            details,
            by,
        }
        .into(),
        Err(refusal) => ProductChangeRejected {
            product,
            refusal,
            by,
        }
        .into(),
    }
}

/// Takes a product off the shelves, or says why not.
pub fn withdraw(product: Option<&Product>, asked: &ProductWithdrawalRequested) -> Event {
    let known = product;
    let ProductWithdrawalRequested { product, by } = asked.clone();
    let refusal = match known {
        None => Refusal::UnknownProduct,
        Some(known) if known.withdrawn => Refusal::NothingChanged,
        Some(_) => return ProductWithdrawn { product, by }.into(),
    };
    ProductChangeRejected {
        product,
        refusal,
        by,
    }
    .into()
}

/// The product that an event is about; `None` for an event of another noun.
pub const fn product_of(event: &Event) -> Option<&Slug> {
    match event {
        Event::ProductIntroduced(event) => Some(&event.product),
        Event::PriceChangeRequested(event) => Some(&event.product),
        Event::PriceChanged(event) => Some(&event.product),
        Event::PriceChangeRejected(event) => Some(&event.product),
        Event::ProductChangeRequested(event) => Some(&event.product),
        Event::ProductChanged(event) => Some(&event.product),
        Event::ProductWithdrawalRequested(event) => Some(&event.product),
        Event::ProductWithdrawn(event) => Some(&event.product),
        Event::ProductChangeRejected(event) => Some(&event.product),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use types::Currency;

    use super::*;

    const RING: &str = "RING-50";

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::Eur)
    }

    fn sku(text: &str) -> Sku {
        text.parse().expect("a SKU")
    }

    fn slug() -> Slug {
        "a-ring".parse().expect("a slug")
    }

    fn ring() -> Product {
        let image = Image {
            src: "/images/ring.webp".to_owned(),
            alt: "A ring".to_owned(),
            width: 100,
            height: 100,
            metal: String::new(),
        };
        Product::from(&ProductIntroduced {
            product: slug(),
            category: "rings".parse().expect("a slug"),
            title: "A ring".to_owned(),
            details: ProductDetails {
                description: "Round.".to_owned(),
                metals: vec!["Gold".to_owned()],
                stones: String::new(),
                drop: false,
                drop_note: None,
                made: BTreeMap::new(),
                images: vec![image],
                seo_title: "A ring".to_owned(),
                seo_description: "A round ring.".to_owned(),
            },
            variants: vec![Variant {
                sku: sku(RING),
                metal: "gold".to_owned(),
                metal_label: "Gold".to_owned(),
                size_label: "EU 50".to_owned(),
                barcode: "1".to_owned(),
                price: eur(1_000),
                compare_at: None,
                image: 0,
                reorder_threshold: 1,
            }],
            by: "seed".to_owned(),
        })
    }

    fn asked(of: &str, price: Money, compare_at: Option<Money>) -> PriceChangeRequested {
        PriceChangeRequested {
            product: slug(),
            sku: sku(of),
            price,
            compare_at,
            by: "ada".to_owned(),
        }
    }

    #[test]
    fn a_price_changes_and_says_who_changed_it_and_what_it_was() {
        let mut ring = ring();
        let decided = change_price(Some(&ring), &asked(RING, eur(800), Some(eur(1_000))));
        let Event::PriceChanged(changed) = &decided else {
            panic!("{decided:?}");
        };
        assert_eq!((changed.before, changed.by.as_str()), (eur(1_000), "ada"));
        ring.evolve(&decided);
        let variant = &ring.variants[0];
        assert_eq!(variant.price, eur(800));
        assert_eq!(variant.compare_at, Some(eur(1_000)));
    }

    #[test]
    fn a_price_that_makes_no_sense_is_refused_with_the_reason() {
        let dollars = Money::new(900, Currency::Usd);
        let withdrawn = Product {
            withdrawn: true,
            ..ring()
        };
        let ring = ring();
        let (ring, withdrawn) = (Some(&ring), Some(&withdrawn));
        for (product, asked, reason) in [
            (None, asked(RING, eur(900), None), Refusal::UnknownProduct),
            (ring, asked("RING-51", eur(900), None), Refusal::UnknownSku),
            (withdrawn, asked(RING, eur(900), None), Refusal::Withdrawn),
            (ring, asked(RING, eur(0), None), Refusal::PriceNotAboveZero),
            (ring, asked(RING, eur(-1), None), Refusal::PriceNotAboveZero),
            (
                ring,
                asked(RING, eur(MAX_PRICE + 1), None),
                Refusal::PriceTooHigh,
            ),
            (ring, asked(RING, dollars, None), Refusal::OtherCurrency),
            (
                ring,
                asked(RING, eur(800), Some(dollars)),
                Refusal::OtherCurrency,
            ),
            (
                ring,
                asked(RING, eur(800), Some(eur(800))),
                Refusal::FormerPriceNotAbove,
            ),
            (ring, asked(RING, eur(1_000), None), Refusal::NothingChanged),
        ] {
            let decided = change_price(product, &asked);
            let Event::PriceChangeRejected(rejected) = &decided else {
                panic!("{reason:?}: {decided:?}");
            };
            assert_eq!(rejected.refusal, reason);
        }
    }

    #[test]
    fn texts_and_pictures_change_together_and_every_variant_keeps_a_picture() {
        let mut ring = ring();
        let asked = |title: &str, details: &ProductDetails| ProductChangeRequested {
            product: slug(),
            title: title.to_owned(),
            details: details.clone(),
            by: "ada".to_owned(),
        };
        let bare = ProductDetails {
            images: Vec::new(),
            ..ring.details.clone()
        };
        for (asked, reason) in [
            (asked(" ", &ring.details), Refusal::NoTitle),
            (asked("A ring", &bare), Refusal::NoPicture),
            (asked("A ring", &ring.details), Refusal::NothingChanged),
        ] {
            let decided = change_product(Some(&ring), &asked);
            assert!(
                matches!(&decided, Event::ProductChangeRejected(no) if no.refusal == reason),
                "{reason:?}: {decided:?}"
            );
        }
        let decided = change_product(Some(&ring), &asked("The ring", &ring.details));
        ring.evolve(&decided);
        assert_eq!(ring.title, "The ring");
    }

    #[test]
    fn a_product_is_withdrawn_once() {
        let mut ring = ring();
        let asked = ProductWithdrawalRequested {
            product: slug(),
            by: "ada".to_owned(),
        };
        ring.evolve(&withdraw(Some(&ring), &asked));
        assert!(ring.withdrawn);
        for (product, reason) in [
            (None, Refusal::UnknownProduct),
            (Some(&ring), Refusal::NothingChanged),
        ] {
            let decided = withdraw(product, &asked);
            assert!(
                matches!(&decided, Event::ProductChangeRejected(no) if no.refusal == reason),
                "{decided:?}"
            );
        }
    }
}
