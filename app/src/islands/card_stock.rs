//! The stock of a product on its card.

use leptos::prelude::*;
use types::catalogue::Edition;
use types::live::ProductStock;
use types::{Sku, Slug};

use crate::components::StockLabel;
use crate::live;

/// Follows the product and shows how many are left over all its variants, or over those that `stock`
/// names: a card of one metal tells that metal's.
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
    let stock = live::product(slug, stock, position);
    let available = Signal::derive(move || {
        stock.with(|stock| match of_all {
            true => stock.available,
            false => shown.iter().map(|sku| live::available(stock, sku)).sum(),
        })
    });
    view! { <StockLabel available edition /> }
}
