//! The stock of a product on its card.

use leptos::prelude::*;
use types::Slug;
use types::live::ProductStock;

use crate::components::StockLabel;
use crate::live;

/// Follows the product and shows how many are left over all its variants.
#[island]
pub fn CardStock(slug: Slug, available: i64, position: u64) -> impl IntoView {
    let initial = ProductStock {
        available,
        variants: Vec::new(),
    };
    let stock = live::product(slug, initial, position);
    view! { <StockLabel available=Signal::derive(move || stock.with(|stock| stock.available)) /> }
}
