//! `/health/live` and `/health/ready`, for whoever starts and stops the shop or sends it shoppers.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use types::Problem;

use super::problem::HttpProblem;
use crate::health::Health;

pub fn routes(health: Health) -> Router {
    Router::new()
        .route("/health/live", get(answer))
        .route("/health/ready", get(ready))
        .with_state(health)
}

/// The process answers, whatever else is wrong: starting it again would not help.
async fn answer() -> Response {
    (StatusCode::OK, [(CACHE_CONTROL, "no-store")], "alive\n").into_response()
}

/// Whether the shop can read and write, as of a moment ago.
async fn ready(State(health): State<Health>) -> Response {
    match health.trouble() {
        None => (StatusCode::OK, [(CACHE_CONTROL, "no-store")], "ready\n").into_response(),
        Some(trouble) => HttpProblem(Problem::unavailable(trouble)).into_response(),
    }
}
