//! The `#[server]` functions: every command of the pages. The browser calls them as functions; a
//! plain form posts to the same addresses and is redirected.

pub mod account;
pub mod address_form;
pub mod admin;
pub mod alerts;
pub mod cart;
pub mod checkout;
pub mod checkout_form;
pub mod delivery;
pub mod delivery_form;
pub mod desk;
pub mod flash;
pub mod inventory;
pub mod inventory_forms;
pub mod mails;
#[cfg(feature = "ssr")]
mod meanwhile;
pub mod order_address;
pub mod orders;
pub mod parcels;
pub mod persons;
pub mod price_form;
pub mod prices;
pub mod product_forms;
pub mod products;
pub mod purchase_forms;
pub mod purchasing;
pub mod receipt_form;
pub mod returns;
pub mod service_form;
pub mod services;
pub mod signup;
pub mod staff;

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};
use types::Problem;

/// What a command answers when it is refused: the problem's own JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApiError(pub Problem);

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        Self(match error {
            ServerFnErrorErr::Args(detail) | ServerFnErrorErr::Deserialization(detail) => {
                Problem::malformed(detail)
            }
            ServerFnErrorErr::MissingArg(name) => Problem::malformed(format!("{name} is missing")),
            ServerFnErrorErr::Request(_) => Problem::no_connection(),
            // What remains happened inside; its message is for the log, never for the caller.
            _ => Problem::internal(),
        })
    }
}

#[cfg(feature = "ssr")]
mod form;
#[cfg(feature = "ssr")]
pub use form::{end_on, may, refusal, refuse, shop, signed_in, visitor};
