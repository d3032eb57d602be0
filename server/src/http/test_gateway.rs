//! HTTP of the built-in test gateway, which stands for another company's: the only route that takes card
//! numbers. It exchanges them for tokens.

use app::api::flash::{self, Flash, GivenCard};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use services::test_gateway::Card;
use types::{OrderId, Problem};

use super::problem::HttpProblem;
use super::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new().route("/test-gateway/tokens", post(tokens))
}

/// What a page without JavaScript posts.
#[derive(Deserialize)]
struct CardForm {
    number: String,
    /// `MM / YY`
    expiry: String,
    cvc: String,
    /// The order's page.
    return_to: String,
}

async fn tokens(State(state): State<AppState>, headers: HeaderMap, body: Bytes) -> Response {
    let content_type = headers
        .get(CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    if content_type.starts_with(b"application/json") {
        return match serde_json::from_slice::<Card>(&body) {
            Ok(card) => match state.gateway.tokenize(card).await {
                Ok(token) => Json(token).into_response(),
                Err(problem) => HttpProblem(problem).into_response(),
            },
            Err(error) => malformed(&error),
        };
    }
    if content_type.starts_with(b"application/x-www-form-urlencoded") {
        return match serde_urlencoded::from_bytes::<CardForm>(&body) {
            Ok(form) => from_form(&state, form).await,
            Err(error) => malformed(&error),
        };
    }
    let detail = "Expected a card as application/json or application/x-www-form-urlencoded.";
    HttpProblem(Problem {
        status: 415,
        ..Problem::malformed(detail)
    })
    .into_response()
}

/// The words of a parser may repeat what it read, and that may be a card number: only the place is
/// told.
fn malformed(_: &dyn std::error::Error) -> Response {
    let detail = "Expected number, exp_month, exp_year and cvc (JSON), or number, expiry, cvc and \
                  return_to (form).";
    HttpProblem(Problem::malformed(detail)).into_response()
}

async fn from_form(state: &AppState, form: CardForm) -> Response {
    let CardForm {
        number,
        expiry,
        cvc,
        return_to,
    } = form;
    // Only back to an order's page: this is not a way to send people anywhere.
    let order = return_to
        .strip_prefix("/orders/")
        .map(str::parse::<OrderId>);
    if !matches!(order, Some(Ok(_))) {
        let message = "Expected the address of an order, /orders/ID.";
        return HttpProblem(Problem::invalid_field("return_to", message)).into_response();
    }
    let (exp_month, exp_year) = read_expiry(&expiry);
    let answer = state
        .gateway
        .tokenize(Card {
            number,
            exp_month,
            exp_year,
            cvc,
        })
        .await;
    // Neither a token nor a refusal stands in the address: it would be kept in histories, and a link
    // could make one up.
    let flash = match answer {
        Ok(token) => GivenCard {
            token: token.token,
            last4: token.last4,
        }
        .into(),
        Err(problem) => Flash::from(problem),
    };
    let mut back = Redirect::to(&return_to).into_response();
    if let Some(cookie) = flash::cookie_for(&return_to, &flash, state.cookies.is_secure()) {
        back.headers_mut().append(SET_COOKIE, cookie);
    }
    back
}

/// Month and year of `MM / YY`; zeros, which no card has, for anything else.
fn read_expiry(text: &str) -> (u32, u32) {
    let number = |text: &str| text.trim().parse().unwrap_or(0);
    text.split_once('/')
        .map_or((0, 0), |(month, year)| (number(month), number(year)))
}
