//! What every form of the desk says of its order.

use leptos::prelude::*;
use types::desk::DeskOrder;

/// What every form about an order says of it: which, and as of when.
#[component]
pub fn About(order: RwSignal<DeskOrder>) -> impl IntoView {
    let id = order.with_untracked(|order| order.order.id);
    let version = move || order.with(|order| order.version.to_string());
    view! {
        <input type="hidden" name="order_id" value=id.to_string() />
        <input type="hidden" name="expected" value=version />
    }
}

/// Whether whoever looks may do anything with it; otherwise there are no forms.
pub fn may_change(order: RwSignal<DeskOrder>) -> bool {
    order.with_untracked(|order| order.may_change)
}
