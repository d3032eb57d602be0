//! What has an address of its own, which shoppers do not reach.

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use services::Shop;
use services::notification::Mailer;

use crate::health::Health;
use crate::measure;

/// `/metrics` as Prometheus reads it, and `/health/…` as well.
pub fn metrics_router(shop: Shop, health: Health, mailer: Mailer) -> Router {
    Router::new()
        .route("/metrics", get(answer))
        .with_state((shop, mailer))
        .merge(super::health::routes(health))
}

async fn answer(State((shop, mailer)): State<(Shop, Mailer)>) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/plain; version=0.0.4"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, measure::rendered(&shop, &mailer).await).into_response()
}
