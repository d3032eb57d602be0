//! A product, its variants and their prices, and what changes them.

pub mod drafts;
pub mod events;
pub mod offers;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::catalogue::Image;
use types::prices::SeenPrice;
use types::{Money, Sku, Slug};

use crate::event::{
    Event, PriceChangeRejected, PriceChangeRequested, PriceChanged, PriceDue,
    PricePlanWithdrawalRequested, PricePlanWithdrawn, PricePlanned, ProductChangeRejected,
    ProductChangeRequested, ProductChanged, ProductIntroduced, ProductWithdrawalRequested,
    ProductWithdrawn,
};

/// Prices that may be planned for one product.
pub const MAX_PLANNED: usize = 50;

/// Variants of one product.
pub const MAX_VARIANTS: usize = 100;

/// Pictures of one product.
pub const MAX_PICTURES: usize = 24;

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
    /// Whether it was never for sale yet.
    #[serde(default, skip_serializing_if = "is_default")]
    pub draft: bool,
    /// Whether it is sold no more.
    pub withdrawn: bool,
    /// Grows with each change of its texts, pictures and variants.
    #[serde(default, skip_serializing_if = "is_default")]
    pub version: u64,
    /// When it was drafted, in unix microseconds: the catalogue has them in this order. 0 for what a shop begins
    /// with, which stands before them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub drafted_us: i64,
    /// What its SKUs are going to cost, the next one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub planned: Vec<PlannedPrice>,
}

fn is_default<T: Default + PartialEq>(it: &T) -> bool {
    *it == T::default()
}

/// What a SKU is going to cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPrice {
    pub sku: Sku,
    pub price: Money,
    pub compare_at: Option<Money>,
    /// Unix microseconds.
    pub from_us: i64,
    /// Who planned it.
    pub by: String,
}

/// The part of a product that nothing is looked up by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Whether it is off the shelves by itself, while others of the product are for sale.
    #[serde(default, skip_serializing_if = "is_default")]
    pub withdrawn: bool,
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
    #[error("that time is past")]
    Past,
    #[error("no more prices can be planned for this product")]
    TooManyPlanned,
    #[error("no such price is planned")]
    NotPlanned,
    #[error("somebody else has changed it since this page was opened")]
    ChangedMeanwhile,
    #[error("something else is planned for that time; withdraw it first, or choose another time")]
    PlannedOtherwise,
    #[error("another product has this address")]
    AddressTaken,
    #[error("another product has this SKU")]
    SkuTaken,
    #[error("it has no variant yet")]
    NoVariant,
    #[error("it is the last variant that is for sale; withdraw the product instead")]
    LastVariant,
    #[error("it has no description yet")]
    NoDescription,
    #[error("a product has at most {MAX_VARIANTS} variants")]
    TooManyVariants,
    #[error("a product has at most {MAX_PICTURES} pictures")]
    TooManyPictures,
}

impl From<&ProductIntroduced> for Product {
    fn from(introduced: &ProductIntroduced) -> Self {
        Self {
            slug: introduced.product.clone(),
            category: introduced.category.clone(),
            title: introduced.title.clone(),
            details: introduced.details.clone(),
            variants: introduced.variants.clone(),
            draft: false,
            withdrawn: false,
            version: 0,
            drafted_us: 0,
            planned: Vec::new(),
        }
    }
}

impl Product {
    pub fn skus(&self) -> impl Iterator<Item = &Sku> {
        self.variants.iter().map(|variant| &variant.sku)
    }

    /// Whether shoppers see and buy it.
    pub const fn is_for_sale(&self) -> bool {
        !self.draft && !self.withdrawn
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
            Event::PricePlanned(event) => {
                self.forget_planned(&event.sku, event.from_us);
                self.planned.push(PlannedPrice {
                    sku: event.sku.clone(),
                    price: event.price,
                    compare_at: event.compare_at,
                    from_us: event.from_us,
                    by: event.by.clone(),
                });
                self.planned.sort_by_key(|planned| planned.from_us);
            }
            Event::PriceDue(event) => self.forget_planned(&event.sku, event.from_us),
            Event::PricePlanWithdrawn(event) => self.forget_planned(&event.sku, event.from_us),
            Event::ProductChanged(event) => {
                self.title.clone_from(&event.title);
                self.keep_pictures(&event.details);
                self.details.clone_from(&event.details);
                if let Some(category) = &event.category {
                    self.category.clone_from(category);
                }
                self.version = event.version;
            }
            Event::ProductVariantSet(event) => {
                self.set_variant(&event.variant);
                self.version = event.version;
            }
            Event::ProductVariantWithdrawn(event) => self.offer(&event.sku, false),
            Event::ProductVariantOffered(event) => self.offer(&event.sku, true),
            Event::ProductPublished(_) => (self.draft, self.withdrawn) = (false, false),
            Event::ProductWithdrawn(_) => self.withdrawn = true,
            _ => {}
        }
    }

    fn forget_planned(&mut self, sku: &Sku, from_us: i64) {
        let same = |it: &PlannedPrice| it.sku == *sku && it.from_us == from_us;
        self.planned.retain(|planned| !same(planned));
    }

    fn planned(&self, sku: &Sku, from_us: i64) -> Option<&PlannedPrice> {
        let mut planned = self.planned.iter();
        planned.find(|it| it.sku == *sku && it.from_us == from_us)
    }

    /// When the next of its prices changes by itself, unix microseconds.
    pub fn deadline(&self) -> Option<i64> {
        self.planned.first().map(|planned| planned.from_us)
    }

    /// The event that says that this time has come.
    pub fn elapsed(&self) -> Option<Event> {
        let planned = self.planned.first()?;
        let due = PriceDue {
            product: self.slug.clone(),
            sku: planned.sku.clone(),
            from_us: planned.from_us,
        };
        Some(due.into())
    }

    fn price_before(&self, asked: &PriceChangeRequested) -> Result<Money, Refusal> {
        let variant = self.variants.iter().find(|v| v.sku == asked.sku);
        let variant = variant.ok_or(Refusal::UnknownSku)?;
        let before = variant.price;
        if self.withdrawn {
            return Err(Refusal::Withdrawn);
        }
        if asked.price.currency != before.currency {
            return Err(Refusal::OtherCurrency);
        }
        check_price(asked.price, asked.compare_at)?;
        let is_now = asked.from_us.is_none();
        if is_now && (before, variant.compare_at) == (asked.price, asked.compare_at) {
            return Err(Refusal::NothingChanged);
        }
        let now = SeenPrice {
            price: before,
            compare_at: variant.compare_at,
        };
        if is_now && asked.seen.is_some_and(|seen| seen != now) {
            return Err(Refusal::ChangedMeanwhile);
        }
        Ok(before)
    }

    fn check_change(&self, asked: &ProductChangeRequested) -> Result<(), Refusal> {
        if asked.title.trim().is_empty() {
            return Err(Refusal::NoTitle);
        }
        let pictures = asked.details.images.len();
        // What was sold keeps one: orders show it.
        if pictures == 0 && !self.draft {
            return Err(Refusal::NoPicture);
        }
        if pictures > MAX_PICTURES {
            return Err(Refusal::TooManyPictures);
        }
        if !self.draft && asked.details.description.trim().is_empty() {
            return Err(Refusal::NoDescription);
        }
        let category = asked.category.as_ref().unwrap_or(&self.category);
        if (&self.title, &self.details, &self.category) == (&asked.title, &asked.details, category)
        {
            return Err(Refusal::NothingChanged);
        }
        if asked.seen.is_some_and(|seen| seen != self.version) {
            return Err(Refusal::ChangedMeanwhile);
        }
        Ok(())
    }
}

/// Whether a price makes sense by itself, and beside the former one.
fn check_price(price: Money, compare_at: Option<Money>) -> Result<(), Refusal> {
    if price.minor <= 0 {
        return Err(Refusal::PriceNotAboveZero);
    }
    if price.minor > MAX_PRICE {
        return Err(Refusal::PriceTooHigh);
    }
    let Some(former) = compare_at else {
        return Ok(());
    };
    if former.currency != price.currency {
        return Err(Refusal::OtherCurrency);
    }
    if former.minor <= price.minor {
        return Err(Refusal::FormerPriceNotAbove);
    }
    match former.minor > MAX_PRICE {
        true => Err(Refusal::PriceTooHigh),
        false => Ok(()),
    }
}

/// Changes a price at `at_us` or plans the change, or says why not.
pub fn change_price(product: Option<&Product>, asked: &PriceChangeRequested, at_us: i64) -> Event {
    let checked = product.ok_or(Refusal::UnknownProduct).and_then(|known| {
        let before = known.price_before(asked)?;
        let Some(from_us) = asked.from_us else {
            return Ok(before);
        };
        if from_us <= at_us {
            return Err(Refusal::Past);
        }
        let is_another = known.planned(&asked.sku, from_us).is_none();
        // Who has a page open may not have seen it.
        if !is_another && asked.seen.is_some() {
            return Err(Refusal::PlannedOtherwise);
        }
        match is_another && known.planned.len() >= MAX_PLANNED {
            true => Err(Refusal::TooManyPlanned),
            false => Ok(before),
        }
    });
    let PriceChangeRequested {
        product,
        sku,
        price,
        compare_at,
        by,
        from_us,
        seen: _,
    } = asked.clone();
    match (checked, from_us) {
        (Ok(_), Some(from_us)) => PricePlanned {
            product,
            sku,
            price,
            compare_at,
            from_us,
            by,
        }
        .into(),
        (Ok(before), None) => PriceChanged {
            product,
            sku,
            price,
            compare_at,
            before,
            by,
        }
        .into(),
        (Err(refusal), _) => PriceChangeRejected {
            product,
            sku,
            price,
            refusal,
            by,
        }
        .into(),
    }
}

/// Changes a price whose time has come; `None` when it is not planned any more.
pub fn change_planned(product: Option<&Product>, due: &PriceDue, at_us: i64) -> Option<Event> {
    let planned = product?.planned(&due.sku, due.from_us)?;
    let asked = PriceChangeRequested {
        product: due.product.clone(),
        sku: planned.sku.clone(),
        price: planned.price,
        compare_at: planned.compare_at,
        by: planned.by.clone(),
        from_us: None,
        seen: None,
    };
    Some(change_price(product, &asked, at_us))
}

/// Takes a planned price back, or says why not.
pub fn withdraw_planned(product: Option<&Product>, asked: &PricePlanWithdrawalRequested) -> Event {
    let is_planned =
        product.is_some_and(|product| product.planned(&asked.sku, asked.from_us).is_some());
    let PricePlanWithdrawalRequested {
        product,
        sku,
        from_us,
        by,
    } = asked.clone();
    match is_planned {
        true => PricePlanWithdrawn {
            product,
            sku,
            from_us,
            by,
        }
        .into(),
        false => ProductChangeRejected {
            product,
            refusal: Refusal::NotPlanned,
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
        category,
        seen: _,
    } = asked.clone();
    let checked = checked.and_then(|known| {
        known.check_change(asked)?;
        Ok(known.version + 1)
    });
    match checked {
        Ok(version) => ProductChanged {
            product,
            title,
            details,
            by,
            category,
            version,
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
        Some(known) if !known.is_for_sale() => Refusal::NothingChanged,
        Some(known) => {
            let skus = known.skus().cloned().collect();
            return ProductWithdrawn { product, skus, by }.into();
        }
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
        Event::PricePlanned(event) => Some(&event.product),
        Event::PriceDue(event) => Some(&event.product),
        Event::PricePlanWithdrawalRequested(event) => Some(&event.product),
        Event::PricePlanWithdrawn(event) => Some(&event.product),
        Event::PriceChangeRejected(event) => Some(&event.product),
        Event::ProductDraftRequested(event) => Some(&event.product),
        Event::ProductDrafted(event) => Some(&event.product),
        Event::ProductVariantRequested(event) => Some(&event.product),
        Event::ProductVariantSet(event) => Some(&event.product),
        Event::ProductVariantWithdrawalRequested(event) => Some(&event.product),
        Event::ProductVariantWithdrawn(event) => Some(&event.product),
        Event::ProductVariantOfferRequested(event) => Some(&event.product),
        Event::ProductVariantOffered(event) => Some(&event.product),
        Event::ProductPublicationRequested(event) => Some(&event.product),
        Event::ProductPublished(event) => Some(&event.product),
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
            built: None,
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
                withdrawn: false,
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
            from_us: None,
            seen: None,
        }
    }

    #[test]
    fn who_has_not_seen_the_price_of_now_or_what_is_planned_replaces_neither() {
        let mut ring = ring();
        let refusal = |ring: &Product, seen, price, from_us| {
            let asked = PriceChangeRequested {
                from_us,
                seen: Some(SeenPrice {
                    price: seen,
                    compare_at: None,
                }),
                ..asked(RING, price, None)
            };
            match change_price(Some(ring), &asked, 0) {
                Event::PriceChangeRejected(no) => Some(no.refusal),
                _ => None,
            }
        };
        let (now, older, new) = (eur(1_000), eur(1_200), eur(800));
        assert_eq!(refusal(&ring, now, new, None), None);
        let late = refusal(&ring, older, new, None);
        assert_eq!(late, Some(Refusal::ChangedMeanwhile));
        let same = refusal(&ring, older, now, None);
        assert_eq!(same, Some(Refusal::NothingChanged), "both want the same");
        // A plan says what it is to be, whatever it is until then.
        assert_eq!(refusal(&ring, older, new, Some(200)), None);
        let plan = PriceChangeRequested {
            from_us: Some(200),
            ..asked(RING, new, None)
        };
        let planned = change_price(Some(&ring), &plan, 0);
        ring.evolve(&planned);
        let other = refusal(&ring, now, older, Some(200));
        assert_eq!(other, Some(Refusal::PlannedOtherwise));
    }

    #[test]
    fn a_price_changes_and_says_who_changed_it_and_what_it_was() {
        let mut ring = ring();
        let decided = change_price(Some(&ring), &asked(RING, eur(800), Some(eur(1_000))), 0);
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
            let decided = change_price(product, &asked, 0);
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
            category: None,
            seen: None,
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

    #[test]
    fn a_planned_price_comes_at_its_time_and_one_that_was_withdrawn_does_not() {
        let mut ring = ring();
        let from = |from_us, minor| PriceChangeRequested {
            from_us: Some(from_us),
            ..asked(RING, eur(minor), None)
        };
        let at = 100;
        for (from_us, minor) in [(300, 700), (200, 800)] {
            let planned = change_price(Some(&ring), &from(from_us, minor), at);
            assert!(matches!(planned, Event::PricePlanned(_)), "{planned:?}");
            ring.evolve(&planned);
        }
        assert_eq!(ring.variants[0].price, eur(1_000), "not yet");
        assert_eq!(ring.deadline(), Some(200));
        let Some(Event::PriceDue(due)) = ring.elapsed() else {
            panic!("the first one is due");
        };
        let changed = change_planned(Some(&ring), &due, 200).expect("a change");
        ring.evolve(&due.clone().into());
        ring.evolve(&changed);
        assert_eq!(ring.variants[0].price, eur(800));
        assert_eq!(change_planned(Some(&ring), &due, 201), None, "once");

        let withdrawal = PricePlanWithdrawalRequested {
            product: slug(),
            sku: sku(RING),
            from_us: 300,
            by: "ada".to_owned(),
        };
        let withdrawn = withdraw_planned(Some(&ring), &withdrawal);
        ring.evolve(&withdrawn);
        assert_eq!(ring.deadline(), None);
        let again = withdraw_planned(Some(&ring), &withdrawal);
        assert!(
            matches!(again, Event::ProductChangeRejected(_)),
            "{again:?}"
        );

        let past = change_price(Some(&ring), &from(100, 900), at);
        let Event::PriceChangeRejected(rejected) = past else {
            panic!("rejected, not {past:?}");
        };
        assert_eq!(rejected.refusal, Refusal::Past);
    }
}
