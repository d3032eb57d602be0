//! A number of pieces: an input, and beside it a button for one fewer and one more.

use leptos::prelude::*;
use types::cart::MAX_QUANTITY;

/// A labelled field named `quantity`. `on_change` hears what was settled on, not every key.
/// Without JavaScript the input alone does the work.
#[component]
pub fn QuantityField(
    value: RwSignal<u32>,
    /// Says whose quantity it is where a page has several: `Quantity of Vega Ring`.
    #[prop(into)]
    label: String,
    #[prop(optional)] on_change: Option<Callback<u32>>,
) -> impl IntoView {
    let settle = move |quantity: u32| {
        let quantity = quantity.clamp(1, MAX_QUANTITY);
        if value.get_untracked() != quantity {
            value.set(quantity);
            if let Some(on_change) = on_change {
                on_change.run(quantity);
            }
        }
    };
    let step = move |by: i32| settle(value.get_untracked().saturating_add_signed(by));
    view! {
        <span class="quantity">
            <button
                type="button"
                class="quantity__step"
                // By keyboard the arrows in the field do the same.
                tabindex="-1"
                aria-label="One fewer"
                disabled=move || { value.get() <= 1 }
                on:click=move |_| step(-1)
            >
                "\u{2212}"
            </button>
            <input
                class="quantity__input"
                type="number"
                name="quantity"
                inputmode="numeric"
                min="1"
                max=MAX_QUANTITY
                required
                // A number that the browser kept over a reload would pass for one just typed.
                autocomplete="off"
                aria-label=label
                value=value.get_untracked()
                prop:value=move || value.get().to_string()
                on:change:target=move |event| {
                    let input = event.target();
                    match input.value().trim().parse() {
                        Ok(quantity) => settle(quantity),
                        Err(_) => input.set_value(&value.get_untracked().to_string()),
                    }
                }
            />
            <button
                type="button"
                class="quantity__step"
                tabindex="-1"
                aria-label="One more"
                disabled=move || { value.get() >= MAX_QUANTITY }
                on:click=move |_| step(1)
            >
                "+"
            </button>
        </span>
    }
}
