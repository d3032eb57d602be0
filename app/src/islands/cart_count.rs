//! The number of pieces in the cart, inside the header's link to it.

use leptos::prelude::*;

use types::pieces;

use super::tab;

/// `2`, and for those who listen `2 pieces`: the link is called `Cart 2 pieces`.
#[island]
pub fn CartCount(count: u32) -> impl IntoView {
    let count = tab::cart_count(count);
    view! {
        <span class="cart-link__count" aria-hidden="true" data-empty=move || count.get() == 0>
            {count}
        </span>
        <span class="visually-hidden">
            {move || match count.get() {
                0 => "empty".to_owned(),
                count => pieces(count),
            }}
        </span>
    }
}
