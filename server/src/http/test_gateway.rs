//! The shop's door to the simulator, which stands for another company's: what comes here is handed on as it is
//! and read by nobody. A card number is looked at by the gateway alone.

use app::api::flash::{self, Flash, GivenCard};
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Deserialize;
use services::Visitor;
use types::{OrderId, Problem};

use super::problem::HttpProblem;
use super::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/test-gateway/tokens", post(tokens))
        .route(
            "/test-gateway/challenges/{id}",
            get(challenge).post(challenge),
        )
        .route("/orders/{id}/payment", get(back))
}

/// Where a page without JavaScript wants to be taken back to.
#[derive(Deserialize)]
struct Back {
    return_to: Option<String>,
}

async fn tokens(
    State(state): State<AppState>,
    Query(Back { return_to }): Query<Back>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // Only back to an order's page: this is not a way to send people anywhere.
    let is_order = |path: &str| {
        let id = path.strip_prefix("/orders/").map(str::parse::<OrderId>);
        matches!(id, Some(Ok(_)))
    };
    if return_to.as_deref().is_some_and(|path| !is_order(path)) {
        let message = "Expected the address of an order, /orders/ID.";
        return HttpProblem(Problem::invalid_field("return_to", message)).into_response();
    }
    let Some(door) = &state.door else {
        return no_door();
    };
    let asked = door.hand_on(Method::POST, "/tokens", &headers, body);
    match (asked.await, return_to) {
        (Ok((status, headers, body)), None) => (status, headers, body).into_response(),
        (Err(problem), None) => HttpProblem(problem).into_response(),
        (answer, Some(return_to)) => {
            let flash = flash_of(answer.map(|(status, _, body)| (status, body)));
            back_to(&state, &return_to, &flash)
        }
    }
}

/// The answer of a shop that takes no test cards.
fn no_door() -> Response {
    let problem = Problem::not_found("This shop takes no test cards.");
    HttpProblem(problem).into_response()
}

/// What the page of the order is to show. Neither a token nor a refusal stands in the address: it would be
/// kept in histories, and a link could make one up.
fn flash_of(answer: Result<(StatusCode, Bytes), Problem>) -> Flash {
    let (status, body) = match answer {
        Ok(answered) => answered,
        Err(problem) => return problem.into(),
    };
    if status.is_success() {
        return match serde_json::from_slice::<GivenCard>(&body) {
            Ok(card) => card.into(),
            Err(_) => Problem::internal().into(),
        };
    }
    let problem = serde_json::from_slice(&body).unwrap_or_else(|_| Problem::internal());
    problem.into()
}

fn back_to(state: &AppState, return_to: &str, flash: &Flash) -> Response {
    let mut back = Redirect::to(return_to).into_response();
    if let Some(cookie) = flash::cookie_for(return_to, flash, state.cookies.is_secure()) {
        back.headers_mut().append(SET_COOKIE, cookie);
    }
    back
}

/// Where the gateway sends the shopper back to: it is asked what has come of it, and the order's page tells.
async fn back(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<OrderId>,
) -> Response {
    // Who may not see the order is told so by its page.
    if let Err(problem) = state.shop.back_from_gateway(visitor.shopper, id).await
        && problem.status >= 500
    {
        return HttpProblem(problem).into_response();
    }
    Redirect::to(&format!("/orders/{id}")).into_response()
}

/// The page on which the shopper proves who they are, and their answer.
async fn challenge(
    State(state): State<AppState>,
    method: Method,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if id.is_empty() || !id.bytes().all(is_name) {
        let problem = Problem::not_found("There is no such question.");
        return HttpProblem(problem).into_response();
    }
    let method = if method == Method::HEAD {
        Method::GET
    } else {
        method
    };
    let path = format!("/challenges/{id}");
    let Some(door) = &state.door else {
        return no_door();
    };
    match door.hand_on(method, &path, &headers, body).await {
        Ok((status, mut headers, body)) => {
            let unlisted = HeaderName::from_static("x-robots-tag");
            headers.insert(unlisted, HeaderValue::from_static("noindex"));
            (status, headers, body).into_response()
        }
        Err(problem) => HttpProblem(problem).into_response(),
    }
}
