//! The cart as it stands after something was put into it, beside the page one is on. Its code is
//! fetched with the first piece, and weighs on no page before.

use std::cell::RefCell;

use leptos::prelude::*;
use leptos::wasm_split::SplitLoaderError;
use types::Sku;
use types::cart::{Cart, CartLine};
use wasm_bindgen::JsCast;
use web_sys::HtmlDialogElement;

use crate::components::{LinePicture, anchor};

/// The cart, and the piece that came in last.
type Shown = ArcRwSignal<(Cart, Sku)>;

thread_local! {
    /// What the drawer shows, once it was opened.
    static SHOWN: RefCell<Option<Shown>> = const { RefCell::new(None) };
}

/// Opens the drawer, the piece that has just come in first.
///
/// # Errors
/// When the code did not arrive; then the page says by itself that the piece was added.
#[lazy(fallible)]
pub fn open_drawer(cart: Cart, added: Sku) -> Result<(), SplitLoaderError> {
    open(cart, added);
    Ok(())
}

fn open(cart: Cart, added: Sku) {
    let Some(dialog) = document().get_element_by_id(anchor::DRAWER) else {
        return;
    };
    let dialog: HtmlDialogElement = dialog.unchecked_into();
    match SHOWN.with_borrow(Clone::clone) {
        Some(shown) => shown.set((cart, added)),
        None => {
            let shown = ArcRwSignal::new((cart, added));
            SHOWN.set(Some(shown.clone()));
            let place = dialog.clone().unchecked_into();
            // Stays as long as the page.
            mount_to(place, move || view! { <Drawer shown /> }).forget();
        }
    }
    // It is open already when somebody was faster than the answer.
    let _ = dialog.show_modal();
}

#[component]
fn Drawer(shown: Shown) -> impl IntoView {
    let cart = shown.clone();
    let lines = move || {
        cart.with(|(cart, added)| {
            let is_new = |line: &&CartLine| line.sku == *added;
            let others = cart.lines.iter().filter(|line| !is_new(line));
            let lines = cart.lines.iter().filter(is_new).chain(others);
            lines
                .map(|line| view! { <Line line=line.clone() /> })
                .collect_view()
        })
    };
    let cart = shown.clone();
    let pieces = move || {
        let count = cart.with(|(cart, _)| cart.count());
        ["Subtotal, ", &types::pieces(count)].concat()
    };
    let subtotal = move || shown.with(|(cart, _)| cart.subtotal.to_string());
    view! {
        <header class="drawer__head">
            <h2 id="drawer-title">"Added to your cart"</h2>
            <form method="dialog">
                <button class="dialog-close" aria-label="Close"></button>
            </form>
        </header>
        <ul class="order-lines drawer__lines" role="list">
            {lines}
        </ul>
        <div class="drawer__end">
            <p class="drawer__sum">
                <span>{pieces}</span>
                <span>{subtotal}</span>
            </p>
            <a class="button button--wide" href="/checkout" autofocus=true>
                "Checkout"
            </a>
            <a class="button button--quiet" href="/cart">
                "View cart"
            </a>
        </div>
    }
}

#[component]
fn Line(line: CartLine) -> impl IntoView {
    let quantity = ["Quantity ", &line.quantity.to_string()].concat();
    view! {
        <li class="order-line">
            <LinePicture image=line.image />
            <div class="order-line__words">
                <p class="order-line__title">{line.title}</p>
                <p class="order-line__note">{line.variant}</p>
                <p class="order-line__note">{quantity}</p>
            </div>
            <p class="order-line__price">{line.line_price.to_string()}</p>
        </li>
    }
}
