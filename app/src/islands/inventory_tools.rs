//! The inventory's filter and its order. Part of the admin's lazy island. Without the script they are a
//! plain form that asks for the page again.

use leptos::html;
use leptos::prelude::*;

use super::inventory_view::{Column, Sort, View};

/// The form that filter, headings and buttons belong to; without the script it asks for the page
/// again as it should look.
pub const TOOLS: &str = "inventory-tools";

/// Filter box and "low only".
#[component]
pub fn Tools(shown: RwSignal<View>) -> impl IntoView {
    let first = shown.get_untracked();
    let filter = NodeRef::<html::Input>::new();
    let low = NodeRef::<html::Input>::new();
    // What was typed or kept by the browser before the script came counts.
    Effect::new(move |_| {
        let (Some(filter), Some(low)) = (filter.get(), low.get()) else {
            return;
        };
        let (text, low_only) = (filter.value(), low.checked());
        if shown.with_untracked(|view| view.filter != text || view.low_only != low_only) {
            shown.update(|view| (view.filter, view.low_only) = (text, low_only));
        }
    });
    #[cfg(feature = "hydrate")]
    {
        let handle = window_event_listener(leptos::ev::keydown, move |event| {
            let typing = document().active_element().is_some_and(|element| {
                ["INPUT", "SELECT", "TEXTAREA"].contains(&element.tag_name().as_str())
            });
            if event.key() == "/" && !typing && !event.ctrl_key() && !event.meta_key() {
                event.prevent_default();
                if let Some(filter) = filter.get_untracked() {
                    let _ = filter.focus();
                    filter.select();
                }
            }
        });
        on_cleanup(move || handle.remove());
    }
    let orders = Sort::all().map(|(sort, name)| {
        let selected = move || shown.with(|view| view.sort == sort);
        view! {
            <option value=sort.written() prop:selected=selected selected=first.sort == sort>
                {name}
            </option>
        }
    });
    view! {
        <form
            id=TOOLS
            class="inventory__tools"
            method="get"
            action="/admin/inventory"
            role="search"
            on:submit=|event| event.prevent_default()
        >
            <label class="visually-hidden" for="filter">"Filter by product, variant or SKU"</label>
            <input
                id="filter"
                node_ref=filter
                r#type="search"
                name="filter"
                value=first.filter
                placeholder="Filter by product, variant or SKU"
                aria-keyshortcuts="/"
                autocomplete="off"
                on:input=move |event| {
                    let text = event_target_value(&event);
                    shown.update(|view| view.filter = text);
                }
            />
            <label class="inventory__low">
                <input
                    node_ref=low
                    r#type="checkbox"
                    name="low"
                    value="1"
                    checked=first.low_only
                    on:change=move |event| {
                        let low_only = event_target_checked(&event);
                        shown.update(|view| view.low_only = low_only);
                    }
                />
                "Low stock only"
            </label>
            // A wide table is sorted by its headings; even so this tells the plain form their order.
            <label class="inventory__sort">
                "Sort by"
                <select
                    name="sorted"
                    on:change=move |event| {
                        let sort = Sort::parse(&event_target_value(&event));
                        shown.update(|view| view.sort = sort);
                    }
                >
                    {orders.collect_view()}
                </select>
            </label>
            <button class="desk-button no-script" type="submit">"Apply"</button>
        </form>
    }
}

/// A column's heading; pressing it sorts.
#[component]
pub fn Heading(
    column: Column,
    shown: RwSignal<View>,
    #[prop(optional)] number: bool,
) -> impl IntoView {
    let sort = move || shown.with(|view| view.sort);
    let direction = move || {
        let Sort { by, descending } = sort();
        (by == column).then_some(if descending {
            "descending"
        } else {
            "ascending"
        })
    };
    view! {
        <th scope="col" aria-sort=direction data-number=number.then_some("")>
            <button
                type="submit"
                form=TOOLS
                name="sort"
                value=move || sort().pressed(column).written()
                on:click=move |event| {
                    event.prevent_default();
                    shown.update(|view| view.sort = view.sort.pressed(column));
                }
            >
                {column.title()}
            </button>
        </th>
    }
}
