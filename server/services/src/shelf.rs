//! What shelves show of a product: the whole of it, or one metal. Price, former price, stock, picture
//! and link of a card are always those of the same variants.

use types::catalogue::{Edition, Image, Metal, ProductCard};
use types::live::{ProductStock, VariantStock};
use types::stock::PriceTag;

use crate::catalogue::{ProductRecord, VariantRecord};
use crate::levels::Levels;

/// A card of the whole product, or of its variants in one metal; `None` when it has none.
pub(crate) fn card(
    product: &ProductRecord,
    metal: Option<&str>,
    levels: &Levels,
) -> Option<ProductCard> {
    let of_metal = |variant: &&VariantRecord| metal.is_none_or(|metal| variant.metal == metal);
    let shown: Vec<&VariantRecord> = product.offered().filter(of_metal).collect();
    let (available, position) = levels.available(shown.iter().map(|v| &v.sku));
    let cheapest = shown.iter().min_by_key(|variant| variant.price.minor)?;
    let stock = (shown.iter().zip(&available)).map(|(variant, available)| VariantStock {
        sku: variant.sku.clone(),
        available: *available,
        price_minor: None,
        is_withdrawn: false,
    });
    Some(ProductCard {
        slug: product.slug.clone(),
        title: product.title.clone(),
        category: product.category.clone(),
        metal: metal.map(str::to_owned),
        metals: metals(product),
        tag: price_words(&shown)?,
        price_from: cheapest.price,
        compare_at: cheapest.compare_at,
        images: images(product, cheapest, metal),
        edition: edition(product, &shown),
        stock: ProductStock {
            available: available.iter().sum(),
            // The total of a whole product is pushed as such.
            variants: metal.map(|_| stock.collect()).unwrap_or_default(),
            tags: Vec::new(),
            is_withdrawn: false,
        },
        position,
    })
}

/// What some variants cost: `€2,390`, or `From €2,390`; `None` when there are none.
fn price_words(shown: &[&VariantRecord]) -> Option<String> {
    let lowest = shown
        .iter()
        .map(|variant| variant.price)
        .min_by_key(|price| price.minor)?;
    let varies = shown.iter().any(|variant| variant.price != lowest);
    Some(match varies {
        true => format!("From {}", lowest.tag()),
        false => lowest.tag(),
    })
}

/// What the cards of a product say it costs: that of the whole, and those of its metals.
pub(crate) fn tags(product: &ProductRecord) -> Vec<PriceTag> {
    let of = |metal: &str| {
        let shown = product.offered();
        let shown = shown.filter(|variant| metal.is_empty() || variant.metal == metal);
        let words = price_words(&shown.collect::<Vec<_>>())?;
        let metal = metal.to_owned();
        Some(PriceTag { metal, words })
    };
    let metals = metals(product);
    let metals = metals.iter().map(|metal| metal.name.as_str());
    std::iter::once("").chain(metals).filter_map(of).collect()
}

/// How limited some variants of a product are. They have a size only where each of them has one.
pub(crate) fn edition(product: &ProductRecord, shown: &[&VariantRecord]) -> Option<Edition> {
    product.details.drop.then(|| Edition {
        made: (shown.iter())
            .map(|variant| product.details.made.get(&variant.sku))
            .sum(),
    })
}

/// The metals that a product is sold in, in the order of its variants.
fn metals(product: &ProductRecord) -> Vec<Metal> {
    let mut metals: Vec<Metal> = Vec::new();
    for variant in product.offered() {
        if metals.iter().all(|metal| metal.name != variant.metal) {
            metals.push(Metal {
                name: variant.metal.clone(),
                label: variant.metal_label.clone(),
            });
        }
    }
    metals
}

/// The product's pictures; that of the metal comes first.
fn images(product: &ProductRecord, variant: &VariantRecord, metal: Option<&str>) -> Vec<Image> {
    let mut images = product.details.images.clone();
    if metal.is_some() && variant.image < images.len() {
        images[..=variant.image].rotate_right(1);
    }
    images
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::catalogue::ProductDetails;
    use domain::event::{Event, StockCorrected};
    use types::{Currency, Money};

    use super::*;

    const GOLD: &str = "yellow-gold";
    const SILVER: &str = "sterling-silver";

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::Eur)
    }

    fn variant(sku: &str, metal: &str, price: i64, image: usize) -> VariantRecord {
        VariantRecord {
            sku: sku.parse().expect("a SKU"),
            metal: metal.to_owned(),
            metal_label: metal.to_uppercase(),
            size_label: "One size".to_owned(),
            barcode: "1".to_owned(),
            price: eur(price),
            compare_at: None,
            image,
            reorder_threshold: 0,
            withdrawn: false,
        }
    }

    fn image(metal: &str) -> Image {
        Image {
            src: format!("/images/{metal}.webp"),
            alt: metal.to_owned(),
            width: 4,
            height: 5,
            metal: metal.to_owned(),
            built: None,
        }
    }

    /// Gold in two sizes, of which the larger costs more; silver at a reduced price.
    fn ring() -> ProductRecord {
        ProductRecord {
            slug: "a-ring".parse().expect("a slug"),
            category: "rings".parse().expect("a slug"),
            title: "A ring".to_owned(),
            details: ProductDetails {
                description: String::new(),
                metals: Vec::new(),
                stones: String::new(),
                drop: false,
                drop_note: None,
                made: BTreeMap::new(),
                images: vec![image(GOLD), image(SILVER)],
                seo_title: String::new(),
                seo_description: String::new(),
            },
            variants: vec![
                variant("G-50", GOLD, 100_000, 0),
                variant("G-60", GOLD, 110_000, 0),
                VariantRecord {
                    compare_at: Some(eur(9_000)),
                    ..variant("S-50", SILVER, 8_000, 1)
                },
            ],
            draft: false,
            withdrawn: false,
            version: 0,
            drafted_us: 0,
            planned: Vec::new(),
        }
    }

    fn levels(product: &ProductRecord, on_hand: &[(&str, i64)]) -> Levels {
        let levels = Levels::of_nothing();
        levels.introduce(&product.variants);
        for (position, (sku, on_hand)) in (1..).zip(on_hand) {
            let counted = Event::from(StockCorrected {
                sku: sku.parse().expect("a SKU"),
                on_hand: *on_hand,
                allocated: 0,
                reserved: 0,
                change: *on_hand,
                reason: String::new(),
                by: String::new(),
                origin: None,
            });
            levels.apply(&counted, 0, position);
        }
        levels
    }

    #[test]
    fn a_card_of_one_metal_tells_price_stock_picture_and_variants_of_that_metal_alone() {
        let ring = ring();
        let levels = levels(&ring, &[("G-50", 0), ("G-60", 0), ("S-50", 7)]);
        let gold = card(&ring, Some(GOLD), &levels).expect("a card");
        assert_eq!((gold.price_from, &*gold.tag), (eur(100_000), "From €1,000"));
        assert_eq!(
            gold.compare_at, None,
            "silver's former price is none of gold's"
        );
        assert_eq!(gold.stock.available, 0, "all of the gold is gone");
        let followed: Vec<&str> = gold.stock.variants.iter().map(|v| v.sku.as_str()).collect();
        assert_eq!(followed, ["G-50", "G-60"]);
        assert_eq!(
            (gold.metal.as_deref(), &*gold.images[0].metal),
            (Some(GOLD), GOLD)
        );

        let silver = card(&ring, Some(SILVER), &levels).expect("a card");
        assert_eq!(
            (silver.price_from, &*silver.tag, silver.compare_at),
            (eur(8_000), "€80", Some(eur(9_000))),
            "one price is no price from which others rise"
        );
        assert_eq!(
            (silver.stock.available, &*silver.images[0].metal),
            (7, SILVER)
        );
        assert_eq!(card(&ring, Some("white-gold"), &levels), None);
    }

    #[test]
    fn a_card_of_the_whole_product_tells_the_lowest_price_and_all_of_the_stock() {
        let ring = ring();
        let levels = levels(&ring, &[("G-50", 1), ("G-60", 2), ("S-50", 7)]);
        let whole = card(&ring, None, &levels).expect("a card");
        assert_eq!(
            (whole.price_from, &*whole.tag, whole.compare_at),
            (eur(8_000), "From €80", Some(eur(9_000)))
        );
        assert_eq!((whole.stock.available, whole.stock.variants.len()), (10, 0));
        let pushed = tags(&ring).into_iter().map(|tag| tag.words);
        let pushed: Vec<String> = pushed.collect();
        assert_eq!(pushed, ["From €80", "From €1,000", "€80"]);
        let metals: Vec<&str> = whole.metals.iter().map(|metal| &*metal.name).collect();
        assert_eq!(metals, [GOLD, SILVER]);
        assert_eq!(&*whole.images[0].metal, GOLD);
    }

    #[test]
    fn what_is_withdrawn_is_on_no_card() {
        let mut ring = ring();
        let levels = levels(&ring, &[("G-50", 1), ("G-60", 2), ("S-50", 7)]);
        ring.variants[2].withdrawn = true;
        let whole = card(&ring, None, &levels).expect("a card");
        assert_eq!((whole.price_from, whole.stock.available), (eur(100_000), 3));
        assert_eq!(whole.metals.len(), 1);
        assert_eq!(card(&ring, Some(SILVER), &levels), None);
        let pushed: Vec<String> = tags(&ring).into_iter().map(|tag| tag.words).collect();
        assert_eq!(pushed, ["From €1,000", "From €1,000"]);
        ring.variants[0].withdrawn = true;
        let gold = card(&ring, Some(GOLD), &levels).expect("a card");
        assert_eq!((&*gold.tag, gold.stock.available), ("€1,100", 2));
    }

    #[test]
    fn a_limited_piece_has_a_size_only_where_that_of_each_variant_is_known() {
        let mut ring = ring();
        let made = |ring: &ProductRecord, metal| {
            let levels = levels(ring, &[]);
            card(ring, metal, &levels).expect("a card").edition
        };
        let count = |ring: &mut ProductRecord, sku: &str, made| {
            ring.details.made.insert(sku.parse().expect("a SKU"), made)
        };
        count(&mut ring, "G-50", 3);
        assert_eq!(made(&ring, None), None, "it is not limited");
        ring.details.drop = true;
        assert_eq!(made(&ring, None), Some(Edition { made: None }));
        count(&mut ring, "G-60", 4);
        assert_eq!(made(&ring, Some(GOLD)), Some(Edition { made: Some(7) }));
        assert_eq!(made(&ring, Some(SILVER)), Some(Edition { made: None }));
        count(&mut ring, "S-50", 5);
        assert_eq!(made(&ring, None), Some(Edition { made: Some(12) }));
    }
}
