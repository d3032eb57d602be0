//! Which variants of a product are offered: one can be withdrawn alone, and offered again.

use types::{Sku, Slug};

use super::{Product, Refusal, Variant};
use crate::event::{
    Event, ProductChangeRejected, ProductVariantOfferRequested, ProductVariantOffered,
    ProductVariantWithdrawalRequested, ProductVariantWithdrawn,
};

impl Product {
    /// The variants that are for sale wherever the product is: of one that has any, one at least.
    pub fn offered(&self) -> impl Iterator<Item = &Variant> {
        self.variants.iter().filter(|variant| !variant.withdrawn)
    }

    /// Whether shoppers can have a variant of it.
    pub const fn sells(&self, variant: &Variant) -> bool {
        self.is_for_sale() && !variant.withdrawn
    }

    pub(super) fn offer(&mut self, sku: &Sku, is_offered: bool) {
        let variant = self.variants.iter_mut().find(|it| it.sku == *sku);
        if let Some(variant) = variant {
            variant.withdrawn = !is_offered;
        }
    }

    fn check_offer(&self, sku: &Sku, is_offered: bool) -> Result<(), Refusal> {
        let known = self.variants.iter().find(|it| it.sku == *sku);
        let known = known.ok_or(Refusal::UnknownSku)?;
        if known.withdrawn != is_offered {
            return Err(Refusal::NothingChanged);
        }
        match !is_offered && self.offered().count() == 1 {
            true => Err(Refusal::LastVariant),
            false => Ok(()),
        }
    }
}

fn checked(product: Option<&Product>, sku: &Sku, is_offered: bool) -> Result<(), Refusal> {
    let known = product.ok_or(Refusal::UnknownProduct)?;
    known.check_offer(sku, is_offered)
}

fn rejected(product: Slug, refusal: Refusal, by: String) -> Event {
    ProductChangeRejected {
        product,
        refusal,
        by,
    }
    .into()
}

/// Takes a variant off the shelves, or says why not.
pub fn withdraw_variant(
    known: Option<&Product>,
    asked: &ProductVariantWithdrawalRequested,
) -> Event {
    let ProductVariantWithdrawalRequested { product, sku, by } = asked.clone();
    match checked(known, &sku, false) {
        Ok(()) => ProductVariantWithdrawn { product, sku, by }.into(),
        Err(refusal) => rejected(product, refusal, by),
    }
}

/// Puts a variant that was withdrawn on the shelves again, or says why not.
pub fn offer_variant(known: Option<&Product>, asked: &ProductVariantOfferRequested) -> Event {
    let ProductVariantOfferRequested { product, sku, by } = asked.clone();
    match checked(known, &sku, true) {
        Ok(()) => ProductVariantOffered { product, sku, by }.into(),
        Err(refusal) => rejected(product, refusal, by),
    }
}

#[cfg(test)]
mod tests {
    use types::{Currency, Money};

    use super::*;
    use crate::catalogue::drafts::set_variant;
    use crate::catalogue::{ProductDetails, drafts};
    use crate::event::{ProductDraftRequested, ProductDrafted, ProductVariantRequested};

    const BY: &str = "ada";

    fn slug() -> Slug {
        "a-ring".parse().expect("a slug")
    }

    fn sku(text: &str) -> Sku {
        text.parse().expect("a SKU")
    }

    fn variant(of: &str) -> Variant {
        Variant {
            sku: sku(of),
            metal: "gold".to_owned(),
            metal_label: "Gold".to_owned(),
            size_label: of.to_owned(),
            barcode: String::new(),
            price: Money::new(1_000, Currency::Eur),
            compare_at: None,
            image: 0,
            reorder_threshold: 0,
            withdrawn: false,
        }
    }

    fn set(product: &mut Product, variant: Variant) {
        let asked = ProductVariantRequested {
            product: slug(),
            variant,
            seen: product.version,
            by: BY.to_owned(),
            first: None,
        };
        for event in set_variant(Some(product), None, &asked) {
            assert!(matches!(event, Event::ProductVariantSet(_)), "{event:?}");
            product.evolve(&event);
        }
    }

    /// Of two sizes.
    fn ring() -> Product {
        let asked = ProductDraftRequested {
            product: slug(),
            category: "rings".parse().expect("a slug"),
            title: "A ring".to_owned(),
            details: ProductDetails::default(),
            by: BY.to_owned(),
        };
        let Event::ProductDrafted(drafted) = drafts::draft(None, &asked) else {
            panic!("a draft");
        };
        let drafted: ProductDrafted = drafted;
        let mut product = Product::drafted(&drafted, 7);
        product.draft = false;
        set(&mut product, variant("RING-50"));
        set(&mut product, variant("RING-52"));
        product
    }

    fn withdrawal(of: &str) -> ProductVariantWithdrawalRequested {
        ProductVariantWithdrawalRequested {
            product: slug(),
            sku: sku(of),
            by: BY.to_owned(),
        }
    }

    fn offer(of: &str) -> ProductVariantOfferRequested {
        ProductVariantOfferRequested {
            product: slug(),
            sku: sku(of),
            by: BY.to_owned(),
        }
    }

    #[track_caller]
    fn assert_refused(decided: &Event, reason: Refusal) {
        assert!(
            matches!(decided, Event::ProductChangeRejected(no) if no.refusal == reason),
            "{reason:?}: {decided:?}"
        );
    }

    fn sold(product: &Product) -> Vec<&str> {
        product.offered().map(|it| it.sku.as_str()).collect()
    }

    #[test]
    fn a_variant_is_withdrawn_alone_and_offered_again() {
        let mut ring = ring();
        ring.evolve(&withdraw_variant(Some(&ring), &withdrawal("RING-50")));
        assert_eq!(sold(&ring), ["RING-52"]);
        assert!(ring.is_for_sale() && !ring.sells(&ring.variants[0]));
        assert_eq!(ring.variants.len(), 2, "orders still name it");
        let again = withdraw_variant(Some(&ring), &withdrawal("RING-50"));
        assert_refused(&again, Refusal::NothingChanged);
        ring.evolve(&offer_variant(Some(&ring), &offer("RING-50")));
        assert_eq!(sold(&ring), ["RING-50", "RING-52"]);
        let again = offer_variant(Some(&ring), &offer("RING-50"));
        assert_refused(&again, Refusal::NothingChanged);
    }

    #[test]
    fn the_last_one_stays_and_what_nobody_knows_is_refused() {
        let mut ring = ring();
        ring.evolve(&withdraw_variant(Some(&ring), &withdrawal("RING-52")));
        let last = withdraw_variant(Some(&ring), &withdrawal("RING-50"));
        assert_refused(&last, Refusal::LastVariant);
        let unknown = withdraw_variant(Some(&ring), &withdrawal("RING-54"));
        assert_refused(&unknown, Refusal::UnknownSku);
        let nowhere = offer_variant(None, &offer("RING-50"));
        assert_refused(&nowhere, Refusal::UnknownProduct);
    }

    #[test]
    fn another_size_or_price_of_it_puts_it_on_no_shelf() {
        let mut ring = ring();
        ring.evolve(&withdraw_variant(Some(&ring), &withdrawal("RING-50")));
        // A form of before does not know that it was withdrawn.
        let renamed = Variant {
            size_label: "EU 50".to_owned(),
            ..variant("RING-50")
        };
        set(&mut ring, renamed);
        assert_eq!(ring.variants[0].size_label, "EU 50");
        assert_eq!(sold(&ring), ["RING-52"]);
    }
}
