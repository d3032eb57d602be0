//! Where an order goes, corrected by staff: the target of a plain form on the order's page in the admin.

use leptos::prelude::*;

use super::ApiError;
use super::address_form::TypedAddress;

/// Corrects where an order goes. What was typed comes back with what is wrong with it.
#[server(prefix = "/api", endpoint = "correct_address")]
pub async fn correct_address(
    #[server(default)] order_id: String,
    #[server(default)] expected: String,
    #[server(flatten)] typed: TypedAddress,
) -> Result<(), ApiError> {
    let address = types::checkout::BillingAddress {
        name: typed.name.clone(),
        street: typed.street.clone(),
        street_2: typed.street_2.clone(),
        postal_code: typed.postal_code.clone(),
        city: typed.city.clone(),
        country: typed.country.clone(),
    };
    let corrected = async {
        let (shop, staff) = super::parcels::begin(&order_id, &expected, "").await?;
        let order = super::orders::known(&order_id)?;
        shop.correct_address(&staff, order, address).await
    };
    let answer = corrected.await;
    if let (Err(problem), Ok(id)) = (&answer, order_id.parse::<types::OrderId>()) {
        let page = format!("/admin/orders/{id}");
        let flash = super::flash::Flash {
            address: Some(typed),
            ..problem.clone().into()
        };
        super::flash::keep(&page, &page, flash);
        return Err(ApiError(problem.clone()));
    }
    super::parcels::back(&order_id, answer)
}
