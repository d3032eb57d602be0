//! What staff do with an order: each the target of a plain form on its page in the admin, where it ends.
//! `shipment_id` and `refund_id` are made by the form, so that one that is sent twice acts once; `expected` is
//! the version of the order that it has shown, so that nobody acts on what has changed meanwhile.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
#[cfg(feature = "ssr")]
use types::staff::Right;
#[cfg(feature = "ssr")]
use types::{Money, OrderId, Problem, fulfilment::Pieces, fulfilment::Tracking};

use super::ApiError;

/// Pieces of a SKU for a parcel, as they were typed. Nothing typed is none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TypedPieces {
    #[serde(default)]
    pub sku: String,
    #[serde(default)]
    pub quantity: String,
}

/// Packs pieces of an order into a parcel.
#[server(prefix = "/api", endpoint = "pack_order")]
pub async fn pack_order(
    #[server(default)] order_id: String,
    #[server(default)] expected: String,
    #[server(default)] shipment_id: String,
    #[server(default)] lines: Vec<TypedPieces>,
    #[server(default)] carrier: String,
) -> Result<(), ApiError> {
    let packed = async {
        let (shop, staff) = begin(&order_id, &expected, &shipment_id).await?;
        let carrier = match carrier.as_str() {
            "" => Default::default(),
            carrier => (carrier.parse()).map_err(|error| malformed("carrier", &error))?,
        };
        let lines = typed(&lines)?;
        let (order, id) = ids(&order_id, &shipment_id)?;
        shop.pack(&staff, order, id, lines, carrier).await
    };
    back(&order_id, packed.await)
}

/// Opens a packed parcel again.
#[server(prefix = "/api", endpoint = "unpack_order")]
pub async fn unpack_order(
    #[server(default)] order_id: String,
    #[server(default)] expected: String,
    #[server(default)] shipment_id: String,
) -> Result<(), ApiError> {
    let unpacked = async {
        let (shop, staff) = begin(&order_id, &expected, "").await?;
        let (order, id) = ids(&order_id, &shipment_id)?;
        shop.unpack(&staff, order, id).await
    };
    back(&order_id, unpacked.await)
}

/// Notes that a packed parcel was given to its carrier.
#[server(prefix = "/api", endpoint = "ship_order")]
pub async fn ship_order(
    #[server(default)] order_id: String,
    #[server(default)] expected: String,
    #[server(default)] shipment_id: String,
    #[server(default)] tracking_number: String,
    #[server(default)] tracking_url: String,
) -> Result<(), ApiError> {
    let shipped = async {
        let (shop, staff) = begin(&order_id, &expected, "").await?;
        let (order, id) = ids(&order_id, &shipment_id)?;
        let tracking = Tracking::typed(&tracking_number, &tracking_url)
            .map_err(|message| Problem::invalid_field("tracking_number", message))?;
        shop.ship(&staff, order, id, tracking).await
    };
    back(&order_id, shipped.await)
}

/// Asks the carrier for a label for a packed parcel.
#[server(prefix = "/api", endpoint = "buy_label")]
pub async fn buy_label(
    #[server(default)] order_id: String,
    #[server(default)] expected: String,
    #[server(default)] shipment_id: String,
) -> Result<(), ApiError> {
    let bought = async {
        let (shop, staff) = begin(&order_id, &expected, "").await?;
        let (order, id) = ids(&order_id, &shipment_id)?;
        shop.buy_label(&staff, order, id).await
    };
    back(&order_id, bought.await)
}

/// Asks the carrier to take the label of a parcel back.
#[server(prefix = "/api", endpoint = "cancel_label")]
pub async fn cancel_label(
    #[server(default)] order_id: String,
    #[server(default)] expected: String,
    #[server(default)] shipment_id: String,
) -> Result<(), ApiError> {
    let cancelled = async {
        let (shop, staff) = begin(&order_id, &expected, "").await?;
        let (order, id) = ids(&order_id, &shipment_id)?;
        shop.cancel_label(&staff, order, id).await
    };
    back(&order_id, cancelled.await)
}

/// Notes what became of a parcel: `delivered`, `lost` or `came_back`.
#[server(prefix = "/api", endpoint = "end_shipment")]
pub async fn end_shipment(
    #[server(default)] order_id: String,
    #[server(default)] expected: String,
    #[server(default)] shipment_id: String,
    #[server(default)] outcome: String,
) -> Result<(), ApiError> {
    let ended = async {
        let (shop, staff) = begin(&order_id, &expected, "").await?;
        let (order, id) = ids(&order_id, &shipment_id)?;
        let outcome = (outcome.parse()).map_err(|error| malformed("outcome", &error))?;
        shop.end_shipment(&staff, order, id, outcome).await
    };
    back(&order_id, ended.await)
}

/// Sends the pieces of a parcel again that was lost or came back. `replacement_id` is made by the form.
#[server(prefix = "/api", endpoint = "send_again")]
pub async fn send_again(
    #[server(default)] order_id: String,
    #[server(default)] expected: String,
    #[server(default)] shipment_id: String,
    #[server(default)] replacement_id: String,
) -> Result<(), ApiError> {
    let sent = async {
        let (shop, staff) = begin(&order_id, &expected, &replacement_id).await?;
        let (order, id) = ids(&order_id, &shipment_id)?;
        let (_, replacement) = ids(&order_id, &replacement_id)?;
        shop.send_again(&staff, order, id, replacement).await
    };
    back(&order_id, sent.await)
}

/// Gives up a parcel that was lost or came back: takes in what came, and gives its money back.
#[server(prefix = "/api", endpoint = "give_up_parcel")]
pub async fn give_up_parcel(
    #[server(default)] order_id: String,
    #[server(default)] expected: String,
    #[server(default)] shipment_id: String,
    #[server(default)] lines: Vec<super::receipt_form::TypedReceipt>,
    #[server(default)] amount: String,
) -> Result<(), ApiError> {
    let given_up = async {
        let (shop, staff) = begin(&order_id, &expected, &shipment_id).await?;
        let (order, id) = ids(&order_id, &shipment_id)?;
        let came = super::receipt_form::came(&lines)?;
        let refund = super::receipt_form::amount_of(&amount, shop.currency())?;
        shop.give_up(&staff, order, id, came, refund).await
    };
    back(&order_id, given_up.await)
}

/// Cancels an order, or what of it has not left.
#[server(prefix = "/api", endpoint = "cancel_for_shopper")]
pub async fn cancel_for_shopper(
    #[server(default)] order_id: String,
    #[server(default)] expected: String,
) -> Result<(), ApiError> {
    let cancelled = async {
        let (shop, staff) = begin(&order_id, &expected, "").await?;
        shop.cancel_order(&staff, super::orders::known(&order_id)?)
            .await
    };
    back(&order_id, cancelled.await)
}

/// Lets an order go on that is held for review.
#[server(prefix = "/api", endpoint = "release_order")]
pub async fn release_order(
    #[server(default)] order_id: String,
    #[server(default)] expected: String,
) -> Result<(), ApiError> {
    let released = async {
        let (shop, staff) = begin(&order_id, &expected, "").await?;
        shop.release_order(&staff, super::orders::known(&order_id)?)
            .await
    };
    back(&order_id, released.await)
}

/// Gives money back.
#[server(prefix = "/api", endpoint = "refund_order")]
pub async fn refund_order(
    #[server(default)] order_id: String,
    #[server(default)] expected: String,
    #[server(default)] refund_id: String,
    #[server(default)] amount: String,
    #[server(default)] reason: String,
) -> Result<(), ApiError> {
    let refunded = async {
        let (shop, staff) = begin(&order_id, &expected, &refund_id).await?;
        let order = super::orders::known(&order_id)?;
        let id = (refund_id.parse()).map_err(|error| malformed("refund_id", &error))?;
        let minor = types::money::minor_units(amount.trim()).map_err(|_| {
            let message = "Enter an amount like 25 or 25.00.";
            Problem::invalid_field("amount", message)
        })?;
        let amount = Money::new(minor, shop.currency());
        shop.refund(&staff, order, id, amount, &reason).await
    };
    back(&order_id, refunded.await)
}

/// Packs all that is left of each of these orders, each into one parcel. Ends on the list, which says which
/// of them could not be packed.
#[server(prefix = "/api", endpoint = "pack_orders")]
pub async fn pack_orders(#[server(default)] order: Vec<String>) -> Result<(), ApiError> {
    let packed = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Orders)?);
        let mut ids = Vec::with_capacity(order.len());
        for id in &order {
            ids.push(super::orders::known(id)?);
        }
        shop.pack_all(&staff, &ids).await
    };
    const LIST: &str = "/admin/orders";
    match packed.await {
        Ok(()) => {
            leptos_axum::redirect(LIST, false);
            Ok(())
        }
        Err(problem) => {
            super::flash::keep(LIST, LIST, problem.clone().into());
            Err(ApiError(problem))
        }
    }
}

/// Asks again for money that the gateway refused to collect.
#[server(prefix = "/api", endpoint = "capture_again")]
pub async fn capture_again(#[server(default)] order_id: String) -> Result<(), ApiError> {
    let asked = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Orders)?);
        shop.capture_again(&staff, super::orders::known(&order_id)?)
            .await
    };
    back(&order_id, asked.await)
}

/// Who asks, of whom. The order must be as the form has shown it: `expected` is the version that it had
/// then, `own` an id that the form has made. What is asked through this shop is done only if that is still so then.
#[cfg(feature = "ssr")]
pub(super) async fn begin(
    order_id: &str,
    expected: &str,
    own: &str,
) -> Result<(services::Shop, services::Staff), Problem> {
    let (shop, staff) = (super::shop(), super::signed_in(Right::Orders)?);
    if expected.is_empty() {
        return Ok((shop, staff));
    }
    let version = (expected.parse()).map_err(|error| malformed("expected", &error))?;
    let order = super::orders::known(order_id)?;
    let shop = shop.expect_version(&staff, order, version, own).await?;
    Ok((shop, staff))
}

#[cfg(feature = "ssr")]
fn malformed(field: &str, error: &dyn std::fmt::Display) -> Problem {
    Problem::malformed(format!("{field}: {error}"))
}

#[cfg(feature = "ssr")]
fn ids(order_id: &str, shipment_id: &str) -> Result<(OrderId, types::ShipmentId), Problem> {
    let order = super::orders::known(order_id)?;
    let shipment = shipment_id.parse();
    let shipment = shipment.map_err(|error| malformed("shipment_id", &error))?;
    Ok((order, shipment))
}

#[cfg(feature = "ssr")]
fn typed(lines: &[TypedPieces]) -> Result<Vec<Pieces>, Problem> {
    let mut pieces = Vec::new();
    for line in lines {
        let quantity = match line.quantity.trim() {
            "" => 0,
            typed => typed.parse().map_err(|_| {
                let message = "Enter the pieces to pack, a whole number.";
                Problem::invalid_field("quantity", message)
            })?,
        };
        if quantity > 0 {
            let sku = (line.sku.parse()).map_err(|error| malformed("sku", &error))?;
            pieces.push(Pieces { sku, quantity });
        }
    }
    Ok(pieces)
}

/// Ends on the order's page in the admin, which tells how it stands.
#[cfg(feature = "ssr")]
pub(super) fn back(order_id: &str, result: Result<(), Problem>) -> Result<(), ApiError> {
    // Only a well-formed id becomes part of an address.
    let page = match order_id.parse::<OrderId>() {
        Ok(id) => format!("/admin/orders/{id}"),
        Err(_) => "/admin/orders".to_owned(),
    };
    super::end_on(&page, result)
}
