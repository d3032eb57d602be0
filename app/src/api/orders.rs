//! Commands about orders: placing, paying again, cancelling, finding one again. Each is the target of a plain HTML
//! form and a call of the page's islands. All arguments are text, so that whatever is wrong with
//! them is answered under the field's name and not by a failed decoding.

use leptos::prelude::*;
#[cfg(feature = "ssr")]
use types::Problem;
use types::{OrderId, cart::Cart};

use super::ApiError;
use super::checkout_form::CheckoutForm;

/// `PlaceOrder`. Accepted means: written down. What becomes of it is told by the order's page.
#[server(name = PostedOrder, prefix = "/api", endpoint = "place_order")]
pub async fn place_order(#[server(flatten)] form: CheckoutForm) -> Result<OrderId, ApiError> {
    let placed = async {
        let (shop, visitor) = (super::shop(), super::visitor());
        shop.place_order_from(visitor.source, visitor.shopper, form.command()?)
            .await
    };
    match placed.await {
        Ok(id) => Ok(onto_page_of(id)),
        Err(problem) => {
            // The token stays behind: it is good for one try.
            let draft = CheckoutForm {
                payment_token: String::new(),
                ..form
            };
            let flash = super::flash::Flash {
                checkout: Some(draft),
                ..problem.clone().into()
            };
            super::flash::keep("/checkout", "/checkout", flash);
            Err(ApiError(problem))
        }
    }
}

/// Where a checkout without script goes when its pieces are not all there any more: the cart is made
/// to fit the stock, and what was typed comes back.
#[server(prefix = "/api", endpoint = "fit_order")]
pub async fn fit_order(#[server(flatten)] form: CheckoutForm) -> Result<(), ApiError> {
    let (shop, visitor) = (super::shop(), super::visitor());
    let fitted = shop.fit_cart(visitor.shopper).await;
    let detail = "What is sold out was taken out. Look at the total again, then pay.";
    checkout_again(form, fitted, detail)
}

/// Agrees to what the pieces cost by now, without script: the checkout comes back with what was typed.
#[server(prefix = "/api", endpoint = "accept_order")]
pub async fn accept_order(#[server(flatten)] form: CheckoutForm) -> Result<(), ApiError> {
    let (shop, visitor) = (super::shop(), super::visitor());
    let accepted = shop.accept_prices(visitor.shopper).await;
    let detail = "It has the new prices. Look at the total again, then pay.";
    checkout_again(form, accepted, detail)
}

/// Shows the checkout again after its cart was changed: what was typed is kept.
#[cfg(feature = "ssr")]
fn checkout_again(
    form: CheckoutForm,
    cart: Result<Cart, Problem>,
    detail: &'static str,
) -> Result<(), ApiError> {
    if cart.as_ref().is_ok_and(Cart::is_empty) {
        leptos_axum::redirect("/cart", false);
        return Ok(());
    }
    let told =
        cart.as_ref().err().cloned().unwrap_or_else(|| {
            Problem::conflict("order-updated", "Your order was updated", detail)
        });
    let flash = super::flash::Flash {
        checkout: Some(form),
        ..told.into()
    };
    super::flash::keep("/checkout", "/checkout", flash);
    Ok(cart.map(|_| ())?)
}

/// Orders what is left of an order that was rejected. Ends on the new order's page.
#[server(prefix = "/api", endpoint = "order_rest")]
pub async fn order_rest(
    #[server(default)] order_id: String,
    #[server(default)] expected_total_minor: String,
) -> Result<OrderId, ApiError> {
    let placed = async {
        let (shop, visitor) = (super::shop(), super::visitor());
        let total = expected_total_minor
            .parse()
            .map_err(|error| Problem::malformed(format!("expected_total_minor: {error}")))?;
        let rejected = known(&order_id)?;
        shop.order_rest(visitor.source, visitor.shopper, rejected, total)
            .await
    };
    match placed.await {
        Ok(id) => Ok(onto_page_of(id)),
        Err(problem) => {
            back_to_order(&order_id, Err(problem.clone()))?;
            Err(ApiError(problem))
        }
    }
}

/// Where an order is looked for.
pub const FIND_ORDER: &str = "/orders/find";

/// Opens an order by its number and email, in this browser.
#[server(prefix = "/api", endpoint = "find_order")]
pub async fn find_order(
    #[server(default)] number: String,
    #[server(default)] email: String,
) -> Result<OrderId, ApiError> {
    let (shop, visitor) = (super::shop(), super::visitor());
    match shop.find_order(visitor.shopper, &number, &email).await {
        Ok(id) => Ok(onto_page_of(id)),
        Err(problem) => {
            let flash = super::flash::Flash {
                sought: Some((number, email)),
                ..problem.clone().into()
            };
            super::flash::keep(FIND_ORDER, FIND_ORDER, flash);
            Err(ApiError(problem))
        }
    }
}

/// Another card on the same order.
#[server(prefix = "/api", endpoint = "pay_order")]
pub async fn pay_order(
    #[server(default)] order_id: String,
    #[server(default)] payment_token: String,
) -> Result<(), ApiError> {
    let paid = async {
        let (shop, visitor) = (super::shop(), super::visitor());
        shop.pay(
            visitor.source,
            visitor.shopper,
            known(&order_id)?,
            payment_token,
        )
        .await
    };
    back_to_order(&order_id, paid.await)
}

/// Gives up an order of which nothing is packed yet.
#[server(prefix = "/api", endpoint = "cancel_order")]
pub async fn cancel_order(#[server(default)] order_id: String) -> Result<(), ApiError> {
    let cancelled = async {
        let (shop, visitor) = (super::shop(), super::visitor());
        shop.cancel(visitor.shopper, known(&order_id)?).await
    };
    back_to_order(&order_id, cancelled.await)
}

/// The cart once what an order that came to nothing had taken out of it is back.
#[server(prefix = "/api", endpoint = "returned_cart")]
pub async fn returned_cart(#[server(default)] order_id: String) -> Result<Cart, ApiError> {
    let (shop, visitor) = (super::shop(), super::visitor());
    Ok(shop
        .returned_cart(visitor.shopper, known(&order_id)?)
        .await?)
}

/// Sends the browser to the order's page.
#[cfg(feature = "ssr")]
fn onto_page_of(id: OrderId) -> OrderId {
    leptos_axum::redirect(&format!("/orders/{id}"), false);
    id
}

#[cfg(feature = "ssr")]
pub(super) fn known(order_id: &str) -> Result<OrderId, Problem> {
    order_id
        .parse()
        .map_err(|error| Problem::malformed(format!("order_id: {error}")))
}

/// Both commands end on the order's page, which tells how it stands.
#[cfg(feature = "ssr")]
pub(super) fn back_to_order(order_id: &str, result: Result<(), Problem>) -> Result<(), ApiError> {
    // Only a well-formed id becomes part of an address.
    let page = match order_id.parse::<OrderId>() {
        Ok(id) => format!("/orders/{id}"),
        Err(_) => "/cart".to_owned(),
    };
    super::end_on(&page, result)
}
