//! The `#[server]` functions of `app`, and how their errors become HTTP answers.

use app::api::flash;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use leptos::server_fn::error::SERVER_FN_ERROR_HEADER;
use types::Problem;

use super::pages;
use super::problem::{self, HttpProblem};
use super::state::AppState;
use crate::limits::MAX_BODY;

pub fn routes() -> Router<AppState> {
    Router::new().route("/api/{*command}", post(run))
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
    let context = pages::context(state.shop.clone());
    leptos_axum::handle_server_fns_with_context(context, request)
        .await
        .into_response()
}

/// Leptos answers every error with 500; the body is the problem itself and knows better. This stands
/// around all routes, for Leptos routes the commands it knows by itself.
pub async fn errors_as_problems(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    if !response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        return response;
    }
    if response.status().is_redirection() {
        stay_here(&mut response, state.cookies.is_secure());
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let read = to_bytes(body, MAX_BODY).await.ok();
    let problem = read
        .as_deref()
        .and_then(|body| serde_json::from_slice::<Problem>(body).ok());
    let Some(problem) = problem else {
        return HttpProblem(Problem::internal()).into_response();
    };
    parts.status = problem::status(&problem);
    if parts.status == StatusCode::SERVICE_UNAVAILABLE {
        parts.headers.insert(RETRY_AFTER, problem::SOON);
    }
    parts.headers.insert(CONTENT_TYPE, problem::CONTENT);
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(read.unwrap_or_default()))
}

/// Leptos redirects a form that cannot be read to its Referer, which may be any site, with its message in
/// the query, which anybody can make up. Only path and other parameters are kept; the message goes by
/// cookie.
fn stay_here(response: &mut Response, is_secure: bool) {
    let Some(location) = response.headers().get(LOCATION) else {
        return;
    };
    let text = location.to_str().unwrap_or_default().to_owned();
    let uri: Option<Uri> = text.parse().ok();
    let (path, query) = uri
        .as_ref()
        .filter(|uri| uri.path().starts_with('/') && !uri.path()[1..].starts_with(['/', '\\']))
        .map_or(("/", ""), |uri| {
            (uri.path(), uri.query().unwrap_or_default())
        });
    let (kept, words): (Vec<&str>, Vec<&str>) = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .partition(|pair| !pair.starts_with("__path=") && !pair.starts_with("__err="));
    let mut here = match kept.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{}", kept.join("&")),
    };
    // A place of the page, where the form stands.
    let is_place = |it: &&str| it.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if let Some(place) = text
        .split_once('#')
        .map(|(_, place)| place)
        .filter(is_place)
    {
        here = format!("{here}#{place}");
    }
    let unreadable = Problem::malformed("A field could not be read. Please check them.");
    let said = flash::cookie_for(path, &unreadable.into(), is_secure);
    if let Ok(here) = HeaderValue::from_str(&here) {
        response.headers_mut().insert(LOCATION, here);
    }
    if let Some(said) = said.filter(|_| !words.is_empty()) {
        response.headers_mut().append(SET_COOKIE, said);
    }
}
