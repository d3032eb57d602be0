//! The link in a mail that opens its order without a cookie.
//!
//! It is asked for by programs, too, that look into mails before their reader does. Nothing of the
//! order changes by that: each gets a right of its own to see it, which it does not use.

use axum::Extension;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, REFERRER_POLICY};
use axum::http::{HeaderName, Method};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use services::Visitor;

use super::problem::HttpProblem;
use super::state::AppState;
use super::visitor::remember_shopper;

pub fn routes() -> Router<AppState> {
    // The pattern is what is measured and logged, never the token.
    Router::new().route("/o/{token}", get(open))
}

/// Where who has a link that opens nothing finds their order all the same.
const OTHER_WAY: &str = "/orders/find?link=unknown";

async fn open(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    method: Method,
    Path(token): Path<String>,
) -> Response {
    // Who only looks whether something is there gets no right to it.
    let opened = match method {
        Method::HEAD => return unseen(Redirect::to(OTHER_WAY).into_response()),
        _ => state.shop.open_by_link(visitor.shopper, &token).await,
    };
    unseen(match opened {
        Ok(order) => {
            let mut response = Redirect::to(&format!("/orders/{order}")).into_response();
            if visitor.is_new {
                remember_shopper(&state, visitor.shopper, response.headers_mut());
            }
            response
        }
        Err(problem) if problem.status == 404 => Redirect::to(OTHER_WAY).into_response(),
        Err(problem) => HttpProblem(problem).into_response(),
    })
}

/// Whoever has the address has the order: it is kept and told nowhere.
fn unseen(response: Response) -> Response {
    let headers = [
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ];
    (headers, response).into_response()
}
