//! What pieces are called at the desk.

use leptos::prelude::*;
use types::Sku;
use types::desk::DeskOrder;

/// What a SKU is called on this order.
pub fn title(order: RwSignal<DeskOrder>, sku: &Sku) -> String {
    order.with_untracked(|order| {
        let line = order.order.lines.iter().find(|line| line.sku == *sku);
        line.map_or_else(
            || sku.to_string(),
            |line| format!("{}, {}", line.title, line.variant),
        )
    })
}
