//! Commands about orders: placing, paying again, cancelling. Each is the target of a plain HTML
//! form and a call of the page's islands. All arguments are text, so that whatever is wrong with
//! them is answered under the field's name and not by a failed decoding.

use leptos::prelude::*;
use types::OrderId;
#[cfg(feature = "ssr")]
use types::Problem;

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
        Ok(id) => {
            leptos_axum::redirect(&format!("/orders/{id}"), false);
            Ok(id)
        }
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

/// Another card on the same order.
#[server(prefix = "/api", endpoint = "pay_order")]
pub async fn pay_order(
    #[server(default)] order_id: String,
    #[server(default)] payment_token: String,
) -> Result<(), ApiError> {
    let paid = async {
        let (shop, visitor) = (super::shop(), super::visitor());
        shop.pay(visitor.shopper, known(&order_id)?, payment_token)
            .await
    };
    back_to_order(&order_id, paid.await)
}

/// Gives up an order that still waits for a card.
#[server(prefix = "/api", endpoint = "cancel_order")]
pub async fn cancel_order(#[server(default)] order_id: String) -> Result<(), ApiError> {
    let cancelled = async {
        let (shop, visitor) = (super::shop(), super::visitor());
        shop.cancel(visitor.shopper, known(&order_id)?).await
    };
    back_to_order(&order_id, cancelled.await)
}

#[cfg(feature = "ssr")]
fn known(order_id: &str) -> Result<OrderId, Problem> {
    order_id
        .parse()
        .map_err(|error| Problem::malformed(format!("order_id: {error}")))
}

/// Both commands end on the order's page, which tells how it stands.
#[cfg(feature = "ssr")]
fn back_to_order(order_id: &str, result: Result<(), Problem>) -> Result<(), ApiError> {
    // Only a well-formed id becomes part of an address.
    let page = match order_id.parse::<OrderId>() {
        Ok(id) => format!("/orders/{id}"),
        Err(_) => "/cart".to_owned(),
    };
    match result {
        Ok(()) => {
            leptos_axum::redirect(&page, false);
            Ok(())
        }
        Err(problem) => {
            super::flash::keep(&page, &page, problem.clone().into());
            Err(ApiError(problem))
        }
    }
}
