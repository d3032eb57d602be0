//! What commands and pages on the server share: who asks, the shop, and what a refused plain form
//! comes back with.

use axum::http::header::REFERER;
use axum::http::request::Parts;
use leptos::prelude::*;
use types::Problem;
use types::staff::Right;

use super::{ApiError, flash};

/// The shop, as the server provides it to every request.
pub fn shop() -> services::Shop {
    expect_context()
}

/// Who asks.
pub fn visitor() -> services::Visitor {
    expect_context()
}

/// The member of staff who asks for something that takes this right. Before anything of a form is looked at, so that
/// whoever may not hears that and nothing else; the services ask again.
///
/// # Errors
/// 401 when it is none, 403 with who may.
pub fn signed_in(right: Right) -> Result<services::Staff, Problem> {
    let staff = visitor().staff;
    let ended = || Problem::unauthenticated("Your session has ended. Sign in again.");
    let staff = staff.ok_or_else(ended)?;
    staff.may(right)?;
    Ok(staff)
}

/// Whether the member of staff who asks may do this. For what pages show; what is done, and what is read, asks
/// again where the data is reached.
pub fn may(right: Right) -> bool {
    let staff = visitor().staff;
    staff.is_some_and(|staff| staff.role.may(right))
}

/// Ends a command on a page, which tells what became of it: without script by a redirect, and what was refused
/// by a flash.
///
/// # Errors
/// Those of the command.
pub fn end_on(page: &str, result: Result<(), Problem>) -> Result<(), ApiError> {
    match result {
        Ok(()) => {
            leptos_axum::redirect(page, false);
            Ok(())
        }
        Err(problem) => {
            flash::keep(page, page, problem.clone().into());
            Err(ApiError(problem))
        }
    }
}

/// Sends a refused plain form back to the page it came from, or to `otherwise`.
pub fn refuse(problem: &Problem, otherwise: &str) {
    let (path, location) = came_from().unwrap_or_else(|| (otherwise.into(), otherwise.into()));
    flash::keep(&path, &location, problem.clone().into());
}

/// What the last plain form of the page at `path` was refused with.
pub fn refusal(path: &str) -> Option<Problem> {
    flash::take(path)?.problem
}

/// Path, and path with query, of the shop's page that held the form.
fn came_from() -> Option<(String, String)> {
    let parts = use_context::<Parts>()?;
    let address: axum::http::Uri = parts.headers.get(REFERER)?.to_str().ok()?.parse().ok()?;
    // Only path and query are used: a redirect never leaves the shop, whatever the header says.
    let location = address.path_and_query()?.as_str();
    let is_ours = location.starts_with('/') && !location[1..].starts_with(['/', '\\']);
    is_ours.then(|| (address.path().to_owned(), location.to_owned()))
}
