//! The stock of a product on its card.

use leptos::prelude::*;
use types::catalogue::Edition;
use types::live::ProductStock;
use types::{Sku, Slug};

use super::own::own_hold;
use crate::components::StockLabel;
use crate::live;

/// Follows the product and shows how many are left over all its variants, or over those that `stock`
/// names: a card of one metal tells that metal's. A new price is put where the page says the old one, which
/// is plain HTML: an island of its own for it would weigh more than all the rest of a card.
#[island]
pub fn CardStock(
    slug: Slug,
    stock: ProductStock,
    edition: Option<Edition>,
    position: u64,
) -> impl IntoView {
    let shown: Vec<Sku> = stock.variants.iter().map(|v| v.sku.clone()).collect();
    // The total is the product's; a card of some variants does not know it.
    let of_all = shown.is_empty();
    let stock = live::product(slug.clone(), stock, position);
    let own = own_hold(position);
    let product = slug.clone();
    Effect::new(move |_| stock.with(|stock| show_prices(&slug, stock)));
    let shown = StoredValue::new(shown);
    let available = Signal::derive(move || {
        stock.with(|stock| match of_all {
            true => stock.available,
            false => shown.with_value(|shown| {
                let shown = shown.iter();
                shown.map(|sku| live::available(stock, sku)).sum()
            }),
        })
    });
    let held = Signal::derive(move || {
        own.with(|own| match of_all {
            true => own.of_product(&product),
            false => shown.with_value(|shown| shown.iter().map(|sku| own.of(sku)).sum()),
        })
    });
    view! { <StockLabel available edition held /> }
}

#[cfg(not(feature = "hydrate"))]
fn show_prices(_slug: &Slug, _stock: &ProductStock) {}

#[cfg(feature = "hydrate")]
fn show_prices(slug: &Slug, stock: &ProductStock) {
    for tag in &stock.tags {
        let of = [
            "[data-price='",
            slug.as_str(),
            "'][data-metal='",
            &tag.metal,
            "']",
        ]
        .concat();
        let Ok(shown) = document().query_selector_all(&of) else {
            continue;
        };
        for place in (0..shown.length()).filter_map(|i| shown.get(i)) {
            if place.text_content().as_ref() == Some(&tag.words) {
                continue;
            }
            place.set_text_content(Some(&tag.words));
            // What it cost before the last change is not what it cost before this one: the space and the
            // struck price behind it.
            while let Some(former) = place.next_sibling() {
                let Some(parent) = former.parent_node() else {
                    break;
                };
                let _ = parent.remove_child(&former);
            }
        }
    }
}
