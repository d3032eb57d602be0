//! Leaving a list by the link of a mail: with the button of its page, or with the one that mail programs
//! show (RFC 8058), which post to the same address and follow no redirect.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;

use super::problem::HttpProblem;
use super::state::AppState;

pub fn routes() -> Router<AppState> {
    // The pattern is what is measured and logged, never the token. The page itself is one of the app's.
    Router::new().route("/back-in-stock/{token}", post(leave))
}

/// What a mail program posts.
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

async fn leave(State(state): State<AppState>, Path(token): Path<String>, body: String) -> Response {
    match state.shop.leave_signup(&token).await {
        Ok(()) if body.trim() == ONE_CLICK => StatusCode::OK.into_response(),
        Ok(()) => Redirect::to(&format!("/back-in-stock/{token}?left")).into_response(),
        Err(problem) => HttpProblem(problem).into_response(),
    }
}
