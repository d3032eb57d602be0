//! Commands about the cart.

use leptos::prelude::*;
use types::cart::Cart;
use types::{LineId, Sku};

use super::ApiError;

/// Puts pieces of a variant into the shopper's cart. A plain form lands on the cart's page.
#[server(prefix = "/api", endpoint = "add_to_cart")]
pub async fn add_to_cart(
    sku: Sku,
    quantity: i64,
    #[server(default)] gift_note: Option<String>,
) -> Result<Cart, ApiError> {
    let (shop, visitor) = (super::shop(), super::visitor());
    let gift_note = gift_note
        .map(|note| note.trim().to_owned())
        .filter(|note| !note.is_empty());
    finish(
        shop.add_to_cart(visitor.shopper, &sku, quantity, gift_note)
            .await,
    )
}

/// Sets the number of pieces of a line.
#[server(prefix = "/api", endpoint = "set_quantity")]
pub async fn set_quantity(line: LineId, quantity: i64) -> Result<Cart, ApiError> {
    let (shop, visitor) = (super::shop(), super::visitor());
    finish(shop.set_quantity(visitor.shopper, line, quantity).await)
}

/// Takes a line out of the cart.
#[server(prefix = "/api", endpoint = "remove_line")]
pub async fn remove_line(line: LineId) -> Result<Cart, ApiError> {
    let (shop, visitor) = (super::shop(), super::visitor());
    finish(shop.remove_line(visitor.shopper, line).await)
}

/// Takes out what the stock of this moment does not cover.
#[server(prefix = "/api", endpoint = "fit_cart")]
pub async fn fit_cart() -> Result<Cart, ApiError> {
    let (shop, visitor) = (super::shop(), super::visitor());
    finish(shop.fit_cart(visitor.shopper).await)
}

/// Agrees to what the pieces cost by now.
#[server(prefix = "/api", endpoint = "accept_prices")]
pub async fn accept_prices() -> Result<Cart, ApiError> {
    let (shop, visitor) = (super::shop(), super::visitor());
    finish(shop.accept_prices(visitor.shopper).await)
}

/// The cart as it is now: what a page shows again after prices, stock or the cart itself have moved.
#[server(prefix = "/api", endpoint = "review_cart")]
pub async fn review_cart() -> Result<Cart, ApiError> {
    let (shop, visitor) = (super::shop(), super::visitor());
    Ok(shop.cart(visitor.shopper).await?)
}

/// Where a plain form lands: in the cart, or back where it came from with the reason.
#[cfg(feature = "ssr")]
fn finish(answer: Result<Cart, types::Problem>) -> Result<Cart, ApiError> {
    match &answer {
        Ok(_) => leptos_axum::redirect("/cart", false),
        Err(problem) => super::refuse(problem, "/cart"),
    }
    Ok(answer?)
}
