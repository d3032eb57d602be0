//! Pieces that come back: the shopper's form on the order's page, and those of staff on its page in the
//! admin. `return_id` is made by the form, so that one that is sent twice asks once.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
#[cfg(feature = "ssr")]
use types::{OrderId, Problem, ReturnId, returns::ReturnPieces};

use super::ApiError;
use super::receipt_form::TypedReceipt;
#[cfg(feature = "ssr")]
use super::receipt_form::{amount_of, came, count, sku};

/// Pieces of a SKU to send back, as they were typed. Nothing typed is none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TypedReturn {
    #[serde(default)]
    pub sku: String,
    #[serde(default)]
    pub quantity: String,
    #[serde(default)]
    pub reason: String,
}

/// Asks to send pieces back.
#[server(prefix = "/api", endpoint = "ask_return")]
pub async fn ask_return(
    #[server(default)] order_id: String,
    #[server(default)] return_id: String,
    #[server(default)] lines: Vec<TypedReturn>,
) -> Result<(), ApiError> {
    let asked = async {
        let (shop, visitor) = (super::shop(), super::visitor());
        let (order, id) = ids(&order_id, &return_id)?;
        let lines = lines.iter().filter_map(|line| typed(line).transpose());
        let lines = lines.collect::<Result<Vec<ReturnPieces>, Problem>>()?;
        shop.ask_return(visitor.shopper, order, id, lines).await
    };
    super::orders::back_to_order(&order_id, asked.await)
}

/// Accepts or declines a return: `answer` is `accept` or `decline`.
#[server(prefix = "/api", endpoint = "answer_return")]
pub async fn answer_return(
    #[server(default)] order_id: String,
    #[server(default)] expected: String,
    #[server(default)] return_id: String,
    #[server(default)] answer: String,
) -> Result<(), ApiError> {
    let answered = async {
        let (shop, staff) = super::parcels::begin(&order_id, &expected, "").await?;
        let (order, id) = ids(&order_id, &return_id)?;
        let is_accepted = match answer.as_str() {
            "accept" => true,
            "decline" => false,
            _ => return Err(Problem::malformed("answer: expected accept or decline")),
        };
        shop.answer_return(&staff, order, id, is_accepted).await
    };
    super::parcels::back(&order_id, answered.await)
}

/// Asks the carrier once more for the label of an accepted return.
#[server(prefix = "/api", endpoint = "buy_return_label")]
pub async fn buy_return_label(
    #[server(default)] order_id: String,
    #[server(default)] expected: String,
    #[server(default)] return_id: String,
) -> Result<(), ApiError> {
    let asked = async {
        let (shop, staff) = super::parcels::begin(&order_id, &expected, "").await?;
        let (order, id) = ids(&order_id, &return_id)?;
        shop.buy_return_label(&staff, order, id).await
    };
    super::parcels::back(&order_id, asked.await)
}

/// Notes what came back and what is given back for it.
#[server(prefix = "/api", endpoint = "receive_return")]
pub async fn receive_return(
    #[server(default)] order_id: String,
    #[server(default)] expected: String,
    #[server(default)] return_id: String,
    #[server(default)] lines: Vec<TypedReceipt>,
    #[server(default)] amount: String,
) -> Result<(), ApiError> {
    let received = async {
        let (shop, staff) = super::parcels::begin(&order_id, &expected, "").await?;
        let (order, id) = ids(&order_id, &return_id)?;
        let came = came(&lines)?;
        let refund = amount_of(&amount, shop.currency())?;
        shop.receive_return(&staff, order, id, came, refund).await
    };
    super::parcels::back(&order_id, received.await)
}

#[cfg(feature = "ssr")]
fn ids(order_id: &str, return_id: &str) -> Result<(OrderId, ReturnId), Problem> {
    let order = super::orders::known(order_id)?;
    let id = return_id.parse();
    let id = id.map_err(|error| Problem::malformed(format!("return_id: {error}")))?;
    Ok((order, id))
}

#[cfg(feature = "ssr")]
fn typed(line: &TypedReturn) -> Result<Option<ReturnPieces>, Problem> {
    let quantity = count("quantity", &line.quantity)?;
    if quantity == 0 {
        return Ok(None);
    }
    let reason = line.reason.parse();
    let reason = reason.map_err(|_| Problem::invalid_field("reason", "Choose a reason."))?;
    Ok(Some(ReturnPieces {
        sku: sku(&line.sku)?,
        quantity,
        reason,
    }))
}
