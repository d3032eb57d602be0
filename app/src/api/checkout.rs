//! Commands of the checkout before there is an order: what it holds meanwhile.

use leptos::prelude::*;
use types::cart::Cart;
use types::reservation::Held;

use super::ApiError;

/// Holds what is in the cart, or goes on holding what is in it by now.
#[server(prefix = "/api", endpoint = "hold_cart")]
pub async fn hold_cart() -> Result<Cart, ApiError> {
    let (shop, visitor) = (super::shop(), super::visitor());
    finish(shop.hold_cart(visitor.shopper, visitor.source).await)
}

/// Puts the end of it off.
#[server(prefix = "/api", endpoint = "extend_hold")]
pub async fn extend_hold() -> Result<Held, ApiError> {
    let (shop, visitor) = (super::shop(), super::visitor());
    finish(shop.extend_hold(visitor.shopper).await)
}

/// The page of the checkout is being closed, or loaded again.
#[server(prefix = "/api", endpoint = "leave_checkout")]
pub async fn leave_checkout() -> Result<(), ApiError> {
    let (shop, visitor) = (super::shop(), super::visitor());
    Ok(shop.leave_checkout(visitor.shopper).await?)
}

/// A plain form lands on the checkout again.
#[cfg(feature = "ssr")]
fn finish<T>(answer: Result<T, types::Problem>) -> Result<T, ApiError> {
    let (done, ended) = match answer {
        Ok(done) => (Some(done), Ok(())),
        Err(problem) => (None, Err(problem)),
    };
    super::end_on("/checkout", ended)?;
    done.ok_or_else(|| ApiError(types::Problem::internal()))
}
