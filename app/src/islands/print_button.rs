//! Has the browser print the page. Without the script its own menu does.

use leptos::prelude::*;

#[island(lazy)]
pub fn PrintButton() -> impl IntoView {
    view! {
        <button
            class="desk-button desk-button--strong with-script"
            type="button"
            on:click=move |_| {
                #[cfg(feature = "hydrate")]
                let _ = window().print();
            }
        >
            "Print"
        </button>
    }
}
