//! An order as it lives: where it stands, and what it needs from the shopper. One lazy island, so
//! that none of this weighs on the pages before it.

use leptos::prelude::*;
use types::checkout::DeliveryMethod;
use types::order::{OrderStatus, Progress};
use types::{Money, OrderId, Problem};

use super::order_next::{OrderNext, Piece};
use super::order_parcels::OrderParcels;
use super::order_payment::{GivenCard, OrderPayment};
use super::order_progress::{HEADLINE_ID, Names, OrderProgress, title_of};
use super::{focus, tab};
use crate::live;

/// Marks the document once the page moves by itself.
pub const AWAKE: &str = "data-awake";

/// `position` is where in the log `progress` was true; `problem` is what a plain form came back with;
/// `now_us` the server's clock; `title_end` what follows the state in the document's title.
#[island(lazy)]
pub fn OrderDesk(
    id: OrderId,
    names: Names,
    progress: Progress,
    position: u64,
    delivery: DeliveryMethod,
    total: Money,
    pieces: Vec<Piece>,
    given: Option<GivenCard>,
    problem: Option<Problem>,
    now_us: i64,
    is_own: bool,
    title_end: String,
) -> impl IntoView {
    let progress = live::order(id, progress, position);
    #[cfg(feature = "hydrate")]
    Effect::new(|_| {
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute(AWAKE, "");
        }
    });
    // Whether the reader stands on something in here. What they stand on may go with the state.
    let inside = StoredValue::new(false);
    let status = Memo::new(move |_| progress.with(|progress| progress.status));
    Effect::new(move |before: Option<OrderStatus>| {
        let now = status.get();
        if before.is_some_and(|before| before != now) {
            if inside.get_value() {
                focus::unless_somewhere(HEADLINE_ID);
            }
            if is_own && matches!(now, OrderStatus::Rejected | OrderStatus::Cancelled) {
                tab::cart_came_back();
            }
        }
        now
    });
    let title = Memo::new(move |_| progress.with(title_of));
    Effect::new(move |before: Option<&str>| {
        let now = title.get();
        if before.is_some_and(|before| before != now) {
            document().set_title(&[now, " \u{2013} ", &title_end].concat());
        }
        now
    });
    view! {
        <div
            class="order-desk"
            on:focusin=move |_| inside.set_value(true)
            on:focusout=move |event| {
                // Nothing is named where the element itself has gone.
                if event.related_target().is_some() {
                    inside.set_value(false);
                }
            }
        >
            <OrderProgress names progress delivery is_own now_us />
            <OrderPayment id progress total given problem=problem.clone() now_us />
            <OrderParcels progress />
            <OrderNext id progress delivery pieces problem is_own />
        </div>
    }
}
