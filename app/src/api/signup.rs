//! The command of who wants to be told when a piece is back.

use leptos::prelude::*;
use types::signup::SignedUp;
#[cfg(feature = "ssr")]
use types::{Problem, Sku};

use super::ApiError;

/// Tells somebody when a SKU is back. A plain form comes back to the piece.
#[server(prefix = "/api", endpoint = "tell_me_when_back")]
pub async fn tell_me_when_back(
    #[server(default)] sku: String,
    #[server(default)] email: String,
) -> Result<SignedUp, ApiError> {
    let (shop, visitor) = (super::shop(), super::visitor());
    let sku: Sku = (sku.parse()).map_err(|error| Problem::malformed(format!("sku: {error}")))?;
    let answer = shop.sign_up(visitor.source, &sku, &email).await;
    let path = match shop.product_of(&sku) {
        Some(product) => format!("/p/{product}"),
        None => "/".to_owned(),
    };
    let flash = match &answer {
        Ok(signed_up) => super::flash::Flash {
            signed_up: Some(signed_up.clone()),
            ..super::flash::Flash::default()
        },
        Err(problem) => super::flash::Flash {
            signup_email: Some(email),
            ..problem.clone().into()
        },
    };
    super::flash::keep(&path, &format!("{path}?variant={sku}"), flash);
    Ok(answer?)
}
