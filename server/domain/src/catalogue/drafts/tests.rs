use types::catalogue::Image;
use types::{Currency, Money, Sku, SupplierId};

use super::*;
use crate::catalogue::{MAX_PRICE, change_product, withdraw};
use crate::event::{ProductChangeRequested, ProductWithdrawalRequested};

const BY: &str = "ada";

fn slug() -> Slug {
    "a-ring".parse().expect("a slug")
}

fn sku(text: &str) -> Sku {
    text.parse().expect("a SKU")
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::Eur)
}

fn picture(name: &str) -> Image {
    Image {
        src: format!("/pictures/{name}.jpg"),
        alt: "A ring".to_owned(),
        width: 100,
        height: 125,
        metal: String::new(),
        built: None,
    }
}

fn variant(of: &str, minor: i64) -> Variant {
    Variant {
        sku: sku(of),
        metal: "gold".to_owned(),
        metal_label: "Gold".to_owned(),
        size_label: "One size".to_owned(),
        barcode: String::new(),
        price: eur(minor),
        compare_at: None,
        image: 0,
        reorder_threshold: 0,
        withdrawn: false,
    }
}

fn drafted() -> Product {
    let asked = ProductDraftRequested {
        product: slug(),
        category: "rings".parse().expect("a slug"),
        title: "A ring".to_owned(),
        details: ProductDetails::default(),
        by: BY.to_owned(),
    };
    match draft(None, &asked) {
        Event::ProductDrafted(event) => Product::drafted(&event, 7),
        other => panic!("{other:?}"),
    }
}

fn asked_variant(product: &Product, variant: Variant) -> ProductVariantRequested {
    ProductVariantRequested {
        product: slug(),
        variant,
        seen: product.version,
        by: BY.to_owned(),
        first: None,
    }
}

/// What is decided of a variant where nothing follows from it.
#[track_caller]
fn set(known: Option<&Product>, owner: Option<&Slug>, asked: &ProductVariantRequested) -> Event {
    let mut decided = set_variant(known, owner, asked);
    assert_eq!(decided.len(), 1, "{decided:?}");
    decided.remove(0)
}

fn with_variant(mut product: Product, variant: Variant) -> Product {
    let decided = set(Some(&product), None, &asked_variant(&product, variant));
    assert!(
        matches!(decided, Event::ProductVariantSet(_)),
        "{decided:?}"
    );
    product.evolve(&decided);
    product
}

fn asked_texts(product: &Product, details: ProductDetails) -> ProductChangeRequested {
    ProductChangeRequested {
        product: slug(),
        title: product.title.clone(),
        details,
        by: BY.to_owned(),
        category: None,
        seen: Some(product.version),
    }
}

fn with_details(mut product: Product, details: ProductDetails) -> Product {
    let decided = change_product(Some(&product), &asked_texts(&product, details));
    assert!(matches!(decided, Event::ProductChanged(_)), "{decided:?}");
    product.evolve(&decided);
    product
}

fn published(product: &Product) -> Event {
    publish(
        Some(product),
        &ProductPublicationRequested {
            product: slug(),
            by: BY.to_owned(),
        },
    )
}

#[track_caller]
fn assert_refused(decided: &Event, reason: Refusal) {
    assert!(
        matches!(decided, Event::ProductChangeRejected(no) if no.refusal == reason),
        "{reason:?}: {decided:?}"
    );
}

fn whole() -> Product {
    let details = ProductDetails {
        description: "Round.".to_owned(),
        images: vec![picture("front"), picture("side")],
        ..ProductDetails::default()
    };
    with_variant(with_details(drafted(), details), variant("RING", 1_000))
}

#[test]
fn a_draft_is_published_once_nothing_is_missing() {
    let product = drafted();
    assert!(product.draft && !product.is_for_sale());
    assert_refused(&published(&product), Refusal::NoVariant);
    let product = with_variant(product, variant("RING", 1_000));
    assert_refused(&published(&product), Refusal::NoPicture);
    let pictured = ProductDetails {
        images: vec![picture("front")],
        ..ProductDetails::default()
    };
    let product = with_details(product, pictured.clone());
    assert_refused(&published(&product), Refusal::NoDescription);
    let described = ProductDetails {
        description: "Round.".to_owned(),
        ..pictured
    };
    let mut product = with_details(product, described);
    product.evolve(&published(&product));
    assert!(product.is_for_sale());
    assert_refused(&published(&product), Refusal::NothingChanged);
    assert_eq!(product.version, 3, "one for each change");
}

#[test]
fn what_is_for_sale_keeps_what_it_cannot_be_without() {
    let mut product = whole();
    product.evolve(&published(&product));
    let bare = ProductDetails {
        images: Vec::new(),
        ..product.details.clone()
    };
    let decided = change_product(Some(&product), &asked_texts(&product, bare));
    assert_refused(&decided, Refusal::NoPicture);
    let silent = ProductDetails {
        description: " ".to_owned(),
        ..product.details.clone()
    };
    let decided = change_product(Some(&product), &asked_texts(&product, silent));
    assert_refused(&decided, Refusal::NoDescription);
}

#[test]
fn a_withdrawn_product_is_published_again() {
    let mut product = whole();
    let asked = ProductWithdrawalRequested {
        product: slug(),
        by: BY.to_owned(),
    };
    assert_refused(&withdraw(Some(&product), &asked), Refusal::NothingChanged);
    product.evolve(&published(&product));
    product.evolve(&withdraw(Some(&product), &asked));
    assert!(!product.is_for_sale() && !product.draft);
    product.evolve(&published(&product));
    assert!(product.is_for_sale());
}

#[test]
fn an_address_and_a_sku_belong_to_one_product() {
    let product = drafted();
    let asked = ProductDraftRequested {
        product: slug(),
        category: "rings".parse().expect("a slug"),
        title: "Another ring".to_owned(),
        details: ProductDetails::default(),
        by: BY.to_owned(),
    };
    assert_refused(&draft(Some(&product), &asked), Refusal::AddressTaken);
    let untitled = ProductDraftRequested {
        title: " ".to_owned(),
        ..asked
    };
    assert_refused(&draft(None, &untitled), Refusal::NoTitle);
    let other: Slug = "another-ring".parse().expect("a slug");
    let asked = asked_variant(&product, variant("RING", 1_000));
    let decided = set(Some(&product), Some(&other), &asked);
    assert_refused(&decided, Refusal::SkuTaken);
    assert_refused(&set(None, None, &asked), Refusal::UnknownProduct);
}

#[test]
fn a_price_is_free_until_it_is_published_and_has_its_own_way_from_then_on() {
    let mut product = with_variant(whole(), variant("RING", 2_000));
    assert_eq!(product.variants[0].price, eur(2_000));
    assert_eq!(product.variants.len(), 1, "the same SKU");
    product.evolve(&published(&product));
    let other = Variant {
        size_label: "EU 52".to_owned(),
        ..variant("RING", 1)
    };
    let product = with_variant(product, other);
    assert_eq!(product.variants[0].price, eur(2_000));
    assert_eq!(product.variants[0].size_label, "EU 52");
    let product = with_variant(product, variant("RING-2", 3_000));
    assert_eq!(
        product.variants[1].price,
        eur(3_000),
        "a new one has its first"
    );
}

#[test]
fn a_variant_that_makes_no_sense_is_refused_with_the_reason() {
    let product = whole();
    let with = |minor, compare_at| Variant {
        compare_at,
        ..variant("RING-2", minor)
    };
    let dollars = Variant {
        price: Money::new(1_000, Currency::Usd),
        ..variant("RING-2", 1)
    };
    for (variant, reason) in [
        (with(0, None), Refusal::PriceNotAboveZero),
        (with(MAX_PRICE + 1, None), Refusal::PriceTooHigh),
        (with(10, Some(eur(10))), Refusal::FormerPriceNotAbove),
        (dollars, Refusal::OtherCurrency),
        (variant("RING", 1_000), Refusal::NothingChanged),
    ] {
        let asked = asked_variant(&product, variant);
        assert_refused(&set(Some(&product), None, &asked), reason);
    }
    let full = (0..MAX_VARIANTS).fold(drafted(), |product, n| {
        with_variant(product, variant(&format!("RING-{n}"), 1_000))
    });
    let asked = asked_variant(&full, variant("ONE-MORE", 1_000));
    let decided = set(Some(&full), None, &asked);
    assert_refused(&decided, Refusal::TooManyVariants);
}

#[test]
fn a_new_variant_comes_with_its_rule_and_its_first_count_or_not_at_all() {
    let supplier: SupplierId = "sup-lindqvist".parse().expect("an id");
    let rule = RestockRule {
        supplier: Some(supplier),
        threshold: 1,
        up_to: 4,
        pack_size: 1,
        minimum: 1,
        lead_time_days: 0,
        unit_cost: eur(0),
    };
    let product = whole();
    let asked = |first| ProductVariantRequested {
        first: Some(first),
        ..asked_variant(&product, variant("RING-2", 1_000))
    };
    let first = FirstPieces {
        on_hand: 3,
        rule: Some(rule.clone()),
    };
    let decided = set_variant(Some(&product), None, &asked(first.clone()));
    let [
        Event::ProductVariantSet(set),
        Event::RestockRuleRequested(ruled),
        Event::StockCorrectionRequested(count),
    ] = &decided[..]
    else {
        panic!("{decided:?}");
    };
    assert_eq!(set.variant.sku, sku("RING-2"));
    assert_eq!((&ruled.sku, &ruled.rule), (&set.variant.sku, &rule));
    assert_eq!((&count.sku, count.on_hand), (&set.variant.sku, 3));
    assert_eq!([&ruled.by, &count.by], [BY, BY]);
    // What nobody orders is counted all the same.
    let unordered = FirstPieces {
        on_hand: 0,
        rule: None,
    };
    let decided = set_variant(Some(&product), None, &asked(unordered));
    assert!(
        matches!(
            &decided[..],
            [
                Event::ProductVariantSet(_),
                Event::StockCorrectionRequested(_)
            ]
        ),
        "{decided:?}"
    );
    // One that is there is counted by nobody who only adds it.
    let taken = ProductVariantRequested {
        variant: variant("RING", 2_000),
        ..asked(first)
    };
    let decided = set_variant(Some(&product), None, &taken);
    assert_eq!(decided.len(), 1, "{decided:?}");
    assert_refused(&decided[0], Refusal::SkuTaken);
}

#[test]
fn what_was_asked_before_there_were_first_pieces_is_read() {
    let asked = asked_variant(&drafted(), variant("RING", 1_000));
    let json = serde_json::to_string(&asked).expect("JSON");
    assert!(!json.contains("first"), "{json}");
    let read: ProductVariantRequested = serde_json::from_str(&json).expect("a request");
    assert_eq!(read, asked);
}

#[test]
fn who_has_not_seen_the_newest_version_changes_nothing() {
    let product = whole();
    let late = ProductVariantRequested {
        seen: product.version - 1,
        ..asked_variant(&product, variant("RING-2", 1_000))
    };
    let decided = set(Some(&product), None, &late);
    assert_refused(&decided, Refusal::ChangedMeanwhile);
    let details = ProductDetails {
        stones: "Topaz".to_owned(),
        ..product.details.clone()
    };
    let late = ProductChangeRequested {
        seen: Some(product.version - 1),
        ..asked_texts(&product, details)
    };
    let decided = change_product(Some(&product), &late);
    assert_refused(&decided, Refusal::ChangedMeanwhile);
}

#[test]
fn a_variant_keeps_its_picture_when_they_stand_in_another_order_or_one_is_gone() {
    let side = Variant {
        image: 1,
        ..variant("RING-2", 1_000)
    };
    let product = with_variant(whole(), side);
    let shown = |product: &Product| -> Vec<usize> {
        product
            .variants
            .iter()
            .map(|variant| variant.image)
            .collect()
    };
    assert_eq!(shown(&product), [0, 1]);
    let turned = ProductDetails {
        images: vec![picture("side"), picture("front")],
        ..product.details.clone()
    };
    let product = with_details(product, turned);
    assert_eq!(shown(&product), [1, 0]);
    let one = ProductDetails {
        images: vec![picture("side")],
        ..product.details.clone()
    };
    assert_eq!(shown(&with_details(product, one)), [0, 0]);
}

#[test]
fn what_a_shop_began_with_is_stored_as_before() {
    let product = Product {
        draft: false,
        version: 0,
        drafted_us: 0,
        ..whole()
    };
    let json = serde_json::to_string(&product).expect("JSON");
    for new in ["draft", "version", "withdrawn\":true"] {
        assert!(!json.contains(new), "{json}");
    }
}
