//! An order as it lives: where it stands, and what it needs from the shopper. One lazy island, so
//! that none of this weighs on the pages before it.

use leptos::prelude::*;
use types::order::Progress;
use types::{Money, OrderId, Problem};

use super::order_payment::{GivenCard, OrderPayment, Piece};
use super::order_progress::OrderProgress;
use crate::live;

/// Marks the document once the page moves by itself.
pub const AWAKE: &str = "data-awake";

/// `name` is the shopper's; `position` is where in the log `progress` was true; `problem` is what a
/// plain form came back with; `now_us` the server's clock.
#[island(lazy)]
pub fn OrderDesk(
    id: OrderId,
    name: String,
    progress: Progress,
    position: u64,
    total: Money,
    pieces: Vec<Piece>,
    given: Option<GivenCard>,
    problem: Option<Problem>,
    now_us: i64,
) -> impl IntoView {
    let progress = live::order(id, progress, position);
    #[cfg(feature = "hydrate")]
    Effect::new(|_| {
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute(AWAKE, "");
        }
    });
    view! {
        <OrderProgress name progress />
        <OrderPayment id progress total pieces given problem now_us />
    }
}
