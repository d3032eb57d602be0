//! What commands and pages on the server share: who asks, the shop, and the problem a refused plain
//! form comes back with.

use leptos::prelude::*;
use leptos::server_fn::error::ServerFnUrlError;
use leptos_router::hooks::use_query_map;
use types::Problem;

use super::ApiError;

/// The shop, as the server provides it to every request.
pub fn shop() -> services::Shop {
    expect_context()
}

/// Who asks.
pub fn visitor() -> services::Visitor {
    expect_context()
}

/// A plain form that was refused returns to its page with the problem in the address.
pub fn problem_in_address() -> Option<Problem> {
    let encoded = use_query_map().read_untracked().get("__err")?;
    Some(ServerFnUrlError::<ApiError>::decode_err(&encoded).0)
}
