//! Has the browser print the page. Without the script its own menu does.

use leptos::prelude::*;

#[island(lazy)]
pub fn PrintButton(class: String) -> impl IntoView {
    view! {
        <button
            class=[class.as_str(), " with-script"].concat()
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
