//! Changing many SKUs of the inventory at once, and the ways to its other pages. Part of the admin's lazy island.
//! A plain form: what becomes of it is told by the page that it ends on.

use leptos::html;
use leptos::prelude::*;
use types::admin::MAX_REASON;

use super::inventory_view::View;
use crate::api::admin::INVENTORY;
use crate::live::Inventory;

/// The form that the boxes of the rows belong to.
pub const BULK: &str = "inventory-bulk";

/// The pages that are about the rows that match.
#[component]
pub fn Ways(shown: RwSignal<View>) -> impl IntoView {
    let may_count = shown.with_untracked(|view| view.may_count);
    let below = move |path: &'static str| {
        move || shown.with(|view| view.below(&format!("{INVENTORY}/{path}")))
    };
    view! {
        <p class="inventory__ways">
            <a class="desk-button" href=below("count")>"Count with a sheet"</a>
            <a class="desk-button" href=below("export.csv")>"Export CSV"</a>
            {may_count.then(|| view! {
                <a class="desk-button" href=format!("{INVENTORY}/import")>"Import CSV"</a>
            })}
        </p>
    }
}

/// `chosen` rows, or all that match, get another threshold or count: all of them, or none.
#[component]
pub fn Bulk(
    shown: RwSignal<View>,
    levels: Inventory,
    matching: Signal<usize>,
    chosen: Signal<usize>,
    batch: String,
    at: u64,
) -> impl IntoView {
    let all = RwSignal::new(false);
    let known = NodeRef::<html::Input>::new();
    let filter = move || shown.with(|view| view.filter.clone());
    let low = move || shown.with(|view| if view.low_only { "1" } else { "" });
    let count = move || {
        if all.get() {
            matching.get()
        } else {
            chosen.get()
        }
    };
    let words = move || match count() {
        1 => "Change 1 SKU".to_owned(),
        count => format!("Change {count} SKUs"),
    };
    // Whoever presses has seen what has come until then.
    let on_submit = move |_: leptos::ev::SubmitEvent| {
        if let Some(known) = known.get_untracked() {
            known.set_value(&levels.newest().max(at).to_string());
        }
    };
    view! {
        <details class="inventory__bulk">
            <summary>"Change many"</summary>
            <form id=BULK method="post" action="/api/set_many" on:submit=on_submit>
                <input type="hidden" name="batch_id" value=batch.clone() />
                <input type="hidden" name="idempotency_key" value=batch />
                <input type="hidden" name="at" value=at.to_string() node_ref=known />
                <input type="hidden" name="filter" value=filter />
                <input type="hidden" name="low" value=low />
                <label class="desk-field">
                    "What"
                    <select name="what">
                        <option value="threshold">"Set the threshold to"</option>
                        <option value="add">"Add to the count"</option>
                        <option value="set">"Set the count to"</option>
                    </select>
                </label>
                <label class="desk-field">
                    "Pieces"
                    <input type="text" name="value" inputmode="numeric" autocomplete="off" required=true />
                </label>
                <label class="desk-field desk-field--wide">
                    "Reason"
                    <input
                        type="text"
                        name="reason"
                        maxlength=MAX_REASON.to_string()
                        required=true
                        value="recount"
                    />
                </label>
                <label class="inventory__all">
                    <input
                        type="checkbox"
                        name="all"
                        value="1"
                        prop:checked=move || all.get()
                        on:change=move |event| all.set(event_target_checked(&event))
                    />
                    {move || format!("All {} that match", matching.get())}
                </label>
                <button class="desk-button desk-button--strong" type="submit">
                    <span class="with-script">{words}</span>
                    <span class="no-script">"Change"</span>
                </button>
                <p class="inventory__hint">
                    "Choose rows by their boxes. All of them are changed, or none: what stands against it is told."
                </p>
            </form>
        </details>
    }
}
