//! The `#[server]` functions of `app`, and how their errors leave the house.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use leptos::server_fn::error::SERVER_FN_ERROR_HEADER;
use types::Problem;

use super::problem::{self, HttpProblem};
use super::{AppState, pages};

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/{*command}", post(run))
        .layer(middleware::from_fn(errors_as_problems))
}

async fn run(State(state): State<AppState>, request: Request) -> Response {
    let known = leptos::server_fn::axum::get_server_fn_service(
        request.uri().path(),
        request.method().clone(),
    );
    if known.is_none() {
        let detail = format!("There is no command {}.", request.uri().path());
        return HttpProblem(Problem::not_found(detail)).into_response();
    }
    let context = pages::context(state.shop);
    leptos_axum::handle_server_fns_with_context(context, request)
        .await
        .into_response()
}

/// Leptos answers every error with 500; the body is the problem itself and knows better.
async fn errors_as_problems(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if response.status().is_redirection()
        || !response.headers().contains_key(SERVER_FN_ERROR_HEADER)
    {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let read = to_bytes(body, super::MAX_BODY).await.ok();
    let problem = read
        .as_deref()
        .and_then(|body| serde_json::from_slice::<Problem>(body).ok());
    let Some(problem) = problem else {
        return HttpProblem(Problem::internal()).into_response();
    };
    parts.status = problem::status(&problem);
    parts.headers.insert(CONTENT_TYPE, problem::CONTENT);
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(read.unwrap_or_default()))
}
