//! Preparing a product: it is drafted, gets its variants, and is published when nothing is missing.

use serde::{Deserialize, Serialize};
use types::Slug;
use types::restock::RestockRule;

use super::{MAX_VARIANTS, Product, ProductDetails, Refusal, Variant, check_price};
use crate::event::{
    Event, ProductChangeRejected, ProductDraftRequested, ProductDrafted,
    ProductPublicationRequested, ProductPublished, ProductVariantRequested, ProductVariantSet,
    RestockRuleRequested, StockCorrectionRequested,
};

/// Why a new SKU has pieces.
const OPENING: &str = "opening stock";

/// What a new variant begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstPieces {
    /// How many of it there are.
    pub on_hand: i64,
    /// The rule by which more of it is ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RestockRule>,
}

impl FirstPieces {
    /// Asks restocking for its rule, and the inventory for its first count. The rule stands first: what is counted
    /// for the first time is not ordered.
    fn ask(&self, asked: &ProductVariantRequested) -> Vec<Event> {
        let (sku, by) = (&asked.variant.sku, &asked.by);
        let rule = self.rule.clone().map(|rule| {
            RestockRuleRequested {
                sku: sku.clone(),
                rule,
                by: by.clone(),
                seen: None,
            }
            .into()
        });
        let count = StockCorrectionRequested {
            sku: sku.clone(),
            on_hand: self.on_hand,
            seen: None,
            reason: OPENING.to_owned(),
            by: by.clone(),
            origin: None,
        };
        rule.into_iter().chain([count.into()]).collect()
    }
}

impl Product {
    /// A product that is being prepared, since `at_us`.
    pub fn drafted(event: &ProductDrafted, at_us: i64) -> Self {
        Self {
            slug: event.product.clone(),
            category: event.category.clone(),
            title: event.title.clone(),
            details: event.details.clone(),
            variants: Vec::new(),
            draft: true,
            withdrawn: false,
            version: 0,
            drafted_us: at_us,
            planned: Vec::new(),
        }
    }

    /// Puts a variant in the place of that with its SKU, or behind the others.
    pub(super) fn set_variant(&mut self, variant: &Variant) {
        let last = self.details.images.len().saturating_sub(1);
        let variant = Variant {
            image: variant.image.min(last),
            ..variant.clone()
        };
        match self.variants.iter_mut().find(|it| it.sku == variant.sku) {
            Some(known) => *known = variant,
            None => self.variants.push(variant),
        }
    }

    /// Has each variant keep its picture where pictures come, go, or stand in another order.
    pub(super) fn keep_pictures(&mut self, new: &ProductDetails) {
        let last = new.images.len().saturating_sub(1);
        for variant in &mut self.variants {
            let known = self.details.images.get(variant.image);
            let same = known.and_then(|known| new.images.iter().position(|it| it.src == known.src));
            variant.image = same.unwrap_or(variant.image.min(last));
        }
    }

    /// The variant as it would be set. Of what was for sale already the price has its own way.
    fn variant_as_set(&self, asked: &ProductVariantRequested) -> Result<Variant, Refusal> {
        let mut variant = asked.variant.clone();
        let known = self.variants.iter().find(|it| it.sku == variant.sku);
        if known.is_some() && asked.first.is_some() {
            return Err(Refusal::SkuTaken);
        }
        // Whether it is offered has its own way.
        variant.withdrawn = known.is_some_and(|known| known.withdrawn);
        if let Some(known) = known
            && !self.draft
        {
            (variant.price, variant.compare_at) = (known.price, known.compare_at);
        }
        check_price(variant.price, variant.compare_at)?;
        let others = self.variants.first();
        if others.is_some_and(|other| other.price.currency != variant.price.currency) {
            return Err(Refusal::OtherCurrency);
        }
        if known.is_none() && self.variants.len() >= MAX_VARIANTS {
            return Err(Refusal::TooManyVariants);
        }
        if known == Some(&variant) {
            return Err(Refusal::NothingChanged);
        }
        if asked.seen != self.version {
            return Err(Refusal::ChangedMeanwhile);
        }
        Ok(variant)
    }

    /// What is missing before shoppers may see it.
    pub fn is_complete(&self) -> Result<(), Refusal> {
        if self.variants.is_empty() {
            return Err(Refusal::NoVariant);
        }
        if self.details.images.is_empty() {
            return Err(Refusal::NoPicture);
        }
        if self.details.description.trim().is_empty() {
            return Err(Refusal::NoDescription);
        }
        Ok(())
    }
}

fn rejected(product: Slug, refusal: Refusal, by: String) -> Event {
    ProductChangeRejected {
        product,
        refusal,
        by,
    }
    .into()
}

/// Begins to prepare a product, or says why not.
pub fn draft(known: Option<&Product>, asked: &ProductDraftRequested) -> Event {
    let ProductDraftRequested {
        product,
        category,
        title,
        details,
        by,
    } = asked.clone();
    if known.is_some() {
        return rejected(product, Refusal::AddressTaken, by);
    }
    if title.trim().is_empty() {
        return rejected(product, Refusal::NoTitle, by);
    }
    ProductDrafted {
        product,
        category,
        title,
        details,
        by,
    }
    .into()
}

/// Sets a variant, or says why not. `owner` is the product that has its SKU. What a new one begins with is asked for
/// in the same decision: it is in the log with the variant, or neither is.
pub fn set_variant(
    known: Option<&Product>,
    owner: Option<&Slug>,
    asked: &ProductVariantRequested,
) -> Vec<Event> {
    let set = known.ok_or(Refusal::UnknownProduct).and_then(|known| {
        if owner.is_some_and(|owner| *owner != asked.product) {
            return Err(Refusal::SkuTaken);
        }
        Ok((known.variant_as_set(asked)?, known.version + 1))
    });
    let (product, by) = (asked.product.clone(), asked.by.clone());
    match set {
        Ok((variant, version)) => {
            let set = ProductVariantSet {
                product,
                variant,
                version,
                by,
            };
            let first = asked.first.iter().flat_map(|first| first.ask(asked));
            std::iter::once(set.into()).chain(first).collect()
        }
        Err(refusal) => vec![rejected(product, refusal, by)],
    }
}

/// Puts a product on the shelves, or says what is missing.
pub fn publish(known: Option<&Product>, asked: &ProductPublicationRequested) -> Event {
    let checked = known.ok_or(Refusal::UnknownProduct).and_then(|known| {
        if known.is_for_sale() {
            return Err(Refusal::NothingChanged);
        }
        known
            .is_complete()
            .map(|()| known.skus().cloned().collect())
    });
    let ProductPublicationRequested { product, by } = asked.clone();
    match checked {
        Ok(skus) => ProductPublished { product, skus, by }.into(),
        Err(refusal) => rejected(product, refusal, by),
    }
}

#[cfg(test)]
mod tests;
