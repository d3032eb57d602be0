//! The cart.

use leptos::prelude::*;

use crate::api::{refusal, shop, visitor};
use crate::components::{LazyHint, ShopFrame};
use crate::islands::cart_lines::CartLines;
use crate::pages::page_problem::PageProblem;

/// The page of the cart.
#[component]
pub fn CartPage() -> impl IntoView {
    let (shop, visitor) = (shop(), visitor());
    let problem = refusal("/cart");
    view! {
        <ShopFrame title="Your cart">
            <header class="page-head">
                <h1>"Your cart"</h1>
            </header>
            <div class="section section--flush">
                <Suspense>
                    {Suspend::new(async move {
                        let shopper = visitor.shopper;
                        match shop.cart(shopper).await {
                            Ok(cart) => view! {
                                <LazyHint island="cart_lines" />
                                <CartLines shopper cart problem />
                            }
                            .into_any(),
                            Err(problem) => view! { <PageProblem problem /> }.into_any(),
                        }
                    })}
                </Suspense>
            </div>
        </ShopFrame>
    }
}
