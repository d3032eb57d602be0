//! `/checkout`: contact, address, delivery and payment on one page.

use leptos::prelude::*;

use crate::api::flash::{self, Flash};
use crate::api::{shop, visitor};
use crate::components::{LazyHint, ShopFrame};
use crate::islands::checkout_form::Checkout;
use crate::pages::page_problem::PageProblem;

#[component]
pub fn CheckoutPage() -> impl IntoView {
    let (shop, visitor) = (shop(), visitor());
    let now_us = shop.now_us();
    let shopper = visitor.shopper;
    let is_paid_elsewhere = shop.is_paid_elsewhere();
    let flash = flash::take("/checkout").unwrap_or_default();
    let cart = Resource::new_blocking(
        || (),
        move |()| {
            let shop = shop.clone();
            async move {
                shop.cart(shopper)
                    .await
                    .map(|cart| (cart, shop.new_order_id()))
            }
        },
    );
    let content = move || {
        let Flash {
            problem,
            checkout: draft,
            ..
        } = flash.clone();
        Suspend::new(async move {
            match cart.await {
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
                Ok((cart, _)) if cart.is_empty() => view! { <Empty /> }.into_any(),
                Ok((cart, fresh)) => {
                    // A form that came back keeps its id: it is still the same order. An id that is
                    // taken stays taken.
                    let is_taken = problem.as_ref().is_some_and(|p| p.is("order-id-taken"));
                    let order_id = draft
                        .as_ref()
                        .filter(|_| !is_taken)
                        .and_then(|draft| draft.order_id.parse().ok())
                        .unwrap_or(fresh);
                    view! {
                        <LazyHint island="checkout" />
                        <Checkout shopper cart order_id draft problem now_us is_paid_elsewhere />
                    }
                    .into_any()
                }
            }
        })
    };
    view! {
        <ShopFrame title="Checkout">
            <div class="checkout-page">
                <h1>"Checkout"</h1>
                <Suspense>{content}</Suspense>
            </div>
        </ShopFrame>
    }
}

#[component]
fn Empty() -> impl IntoView {
    view! {
        <div class="checkout-empty">
            <p class="checkout-empty__words">"There is nothing in your cart yet."</p>
            <p>"Choose a piece first; it waits for you here."</p>
            <p>
                <a class="button" href="/">"See the collection"</a>
            </p>
        </div>
    }
}
