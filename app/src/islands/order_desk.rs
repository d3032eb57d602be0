//! An order as it lives: where it stands, and what it needs from the shopper. One lazy island, so
//! that none of this weighs on the pages before it.

use leptos::html;
use leptos::prelude::*;
use types::checkout::DeliveryMethod;
use types::delivery::DeliveryTerms;
use types::order::{OrderStatus, Progress, Step, StepKind};
use types::{Money, OrderId, Problem, ReturnId};

use super::admin_live::keep_fresh;
use super::focus;
use super::order_next::OrderNext;
use super::order_parcels::OrderParcels;
use super::order_payment::OrderPayment;
use super::order_piece::Piece;
use super::order_progress::{HEADLINE_ID, Names, OrderProgress, title_of};
use crate::api::flash::GivenCard;
use crate::live;

/// Marks the document once the page moves by itself.
pub const AWAKE: &str = "data-awake";

/// `position` is where in the log `progress` was true; `problem` is what a plain form came back with;
/// `now_us` the server's clock; `title_end` what follows the state in the document's title.
#[island(lazy)]
pub fn OrderDesk(
    id: OrderId,
    return_id: ReturnId,
    names: Names,
    progress: Progress,
    position: u64,
    delivery: DeliveryMethod,
    /// What delivery costs now, for what may be ordered once more.
    terms: DeliveryTerms,
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
    let desk = NodeRef::<html::Div>::new();
    #[cfg(feature = "hydrate")]
    {
        // A press beside everything that takes the focus leaves it nowhere and names nothing.
        let pressed = window_event_listener(leptos::ev::pointerdown, move |_| {
            focus::after_change(move || {
                let active = document().active_element();
                let stands = desk
                    .get_untracked()
                    .is_some_and(|desk| desk.contains(active.as_ref().map(AsRef::as_ref)));
                inside.set_value(stands);
            });
        });
        on_cleanup(move || pressed.remove());
    }
    let status = Memo::new(move |_| progress.with(|progress| progress.status));
    Effect::new(move |before: Option<OrderStatus>| {
        let now = status.get();
        if before.is_some_and(|before| before != now) {
            if inside.get_value() {
                focus::unless_somewhere(HEADLINE_ID);
            }
            if is_own && matches!(now, OrderStatus::Rejected | OrderStatus::Cancelled) {
                cart_comes_back(id);
            }
        }
        now
    });
    // The address is not in what the socket tells: it is fetched with the page.
    let address = Memo::new(move |_| progress.with(address_version));
    keep_fresh(address.get_untracked(), move || address.get());
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
            node_ref=desk
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
            <OrderParcels id progress />
            <OrderNext id return_id progress delivery terms pieces problem is_own />
        </div>
    }
}

/// Where in the log the address was corrected last; 0 when it never was.
fn address_version(progress: &Progress) -> u64 {
    let corrected = |step: &&Step| matches!(step.kind, StepKind::AddressCorrected);
    let last = progress.steps.iter().rfind(corrected);
    last.map_or(0, |step| step.position)
}

/// What the order had taken is put back into the cart: shows how many pieces that makes.
fn cart_comes_back(id: OrderId) {
    #[cfg(not(feature = "hydrate"))]
    let _ = id;
    #[cfg(feature = "hydrate")]
    leptos::task::spawn_local(async move {
        if let Ok(cart) = crate::api::orders::returned_cart(id.to_string()).await {
            super::tab::set_cart_count(cart.count());
        }
    });
}
