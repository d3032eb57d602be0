//! The shop's frame around a page: skip link, header, main, footer.

use leptos::prelude::*;

/// Everything of a shop page but its content. `id="main"` is where the skip link leads.
#[component]
pub fn ShopFrame(children: Children) -> impl IntoView {
    view! { <main id="main">{children()}</main> }
}
