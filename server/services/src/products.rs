//! The catalogue: what is for sale and at what price, changed by staff.

use broker::{Decider, Failure, Filter, NewEvent, Recorded, Rule, States};
use domain::Event;
use domain::catalogue::{self, Product, drafts, offers};
use domain::event::{
    PriceChangeRequested, PriceDue, PricePlanWithdrawalRequested, ProductChangeRequested,
    ProductDraftRequested, ProductIntroduced, ProductPublicationRequested,
    ProductVariantOfferRequested, ProductVariantRequested, ProductVariantWithdrawalRequested,
    ProductWithdrawalRequested,
};
use serde::{Deserialize, Serialize};
use types::{Sku, Slug};

use crate::events::{decode, encode, encode_all};

#[derive(Debug)]
pub(crate) struct Products;

/// What the catalogue remembers under a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Kept {
    /// By slug.
    Product(Box<Product>),
    /// By [`SKU`] and the SKU: the product that it was set for. Those of products that were introduced as a
    /// whole have none; they never change, and are compared before a request is written.
    Sku { of: Slug },
}

/// Begins the keys of SKUs; no slug has a slash.
const SKU: &str = "sku/";

fn sku_key(sku: &Sku) -> String {
    format!("{SKU}{sku}")
}

fn product<'a>(kept: &'a States<Kept>, key: &str) -> Option<&'a Product> {
    match kept.get(key)? {
        Kept::Product(product) => Some(product),
        Kept::Sku { .. } => None,
    }
}

impl Decider for Products {
    const NAME: &'static str = "catalogue";
    const HEARS: Filter<'static> = Filter(&[Rule::topic(ProductIntroduced::TOPIC).of(&[
        ProductIntroduced::KIND,
        PriceChangeRequested::KIND,
        PriceDue::KIND,
        PricePlanWithdrawalRequested::KIND,
        ProductChangeRequested::KIND,
        ProductDraftRequested::KIND,
        ProductPublicationRequested::KIND,
        ProductVariantRequested::KIND,
        ProductVariantOfferRequested::KIND,
        ProductVariantWithdrawalRequested::KIND,
        ProductWithdrawalRequested::KIND,
    ])]);
    type State = Kept;

    fn keys(&self, event: &Recorded) -> Result<Vec<String>, Failure> {
        let content = decode(event)?;
        if catalogue::product_of(&content).is_none() {
            // What it asks of others for a new variant changes nothing here.
            return Ok(Vec::new());
        }
        let mut keys = vec![event.key.clone()];
        match &*content {
            Event::ProductVariantRequested(asked) => keys.push(sku_key(&asked.variant.sku)),
            Event::ProductVariantSet(set) => keys.push(sku_key(&set.variant.sku)),
            _ => {}
        }
        Ok(keys)
    }

    fn decide(&self, kept: &States<Kept>, event: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let known = product(kept, &event.key);
        let at_us = event.time_us;
        let decided = match &*decode(event)? {
            Event::PriceChangeRequested(asked) => catalogue::change_price(known, asked, at_us),
            Event::PriceDue(due) => match catalogue::change_planned(known, due, at_us) {
                Some(changed) => changed,
                None => return Ok(Vec::new()),
            },
            Event::PricePlanWithdrawalRequested(asked) => catalogue::withdraw_planned(known, asked),
            Event::ProductChangeRequested(asked) => catalogue::change_product(known, asked),
            Event::ProductDraftRequested(asked) => drafts::draft(known, asked),
            Event::ProductPublicationRequested(asked) => drafts::publish(known, asked),
            Event::ProductVariantRequested(asked) => {
                let owner = match kept.get(&sku_key(&asked.variant.sku)) {
                    Some(Kept::Sku { of }) => Some(of),
                    _ => None,
                };
                return encode_all(drafts::set_variant(known, owner, asked));
            }
            Event::ProductVariantWithdrawalRequested(asked) => {
                offers::withdraw_variant(known, asked)
            }
            Event::ProductVariantOfferRequested(asked) => offers::offer_variant(known, asked),
            Event::ProductWithdrawalRequested(asked) => catalogue::withdraw(known, asked),
            _ => return Ok(Vec::new()),
        };
        encode_all(vec![decided])
    }

    fn evolve(&self, kept: &mut States<Kept>, event: &Recorded) -> Result<(), Failure> {
        let content = decode(event)?;
        if catalogue::product_of(&content).is_none() {
            return Ok(());
        }
        let is_new = kept.get(&event.key).is_none();
        match &*content {
            // Two servers that start at once may both introduce what stands in the tables.
            Event::ProductIntroduced(introduced) if is_new => {
                kept.put(&event.key, Kept::Product(Box::new(introduced.into())));
            }
            Event::ProductIntroduced(_) => {}
            Event::ProductDrafted(drafted) if is_new => {
                let drafted = Product::drafted(drafted, event.time_us);
                kept.put(&event.key, Kept::Product(Box::new(drafted)));
            }
            other => {
                if let Event::ProductVariantSet(set) = other {
                    let of = set.product.clone();
                    kept.put(&sku_key(&set.variant.sku), Kept::Sku { of });
                }
                kept.change(&event.key, |kept| {
                    if let Kept::Product(product) = kept {
                        product.evolve(&content);
                    }
                });
            }
        }
        Ok(())
    }

    fn deadline(&self, kept: &Kept) -> Option<i64> {
        match kept {
            Kept::Product(product) => product.deadline(),
            Kept::Sku { .. } => None,
        }
    }

    fn elapsed(&self, _: &str, kept: &Kept) -> Result<Option<NewEvent>, Failure> {
        match kept {
            Kept::Product(product) => product.elapsed().map(encode).transpose(),
            Kept::Sku { .. } => Ok(None),
        }
    }
}
