//! What holds for every request: it comes whole and in time, is answered in time, is counted, and has
//! an id that every log line about it bears.

use std::any::Any;
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{CONNECTION, CONTENT_LENGTH};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::LengthLimitError;
use tracing::Instrument;
use types::Problem;
use uuid::Uuid;

use super::photographs;
use super::problem::{self, HttpProblem};
use super::stock_files::UPLOAD;
use crate::limits::MAX_BODY;
use crate::source::Proxies;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How long a request may take.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// Until its body is there.
    pub body: Duration,
    /// From then on until it is answered.
    pub answer: Duration,
}

/// Reads the body before anybody begins to work on it, and ends what takes too long.
pub async fn within_times(State(times): State<Times>, request: Request, next: Next) -> Response {
    let answer = match photographs::is_upload(&request) {
        true => photographs::PATIENCE + times.answer,
        false => times.answer,
    };
    // A file is read once it is known who sends it.
    let is_file = request.method() == Method::POST && request.uri().path() == UPLOAD;
    let is_later = is_file || photographs::is_upload(&request);
    let request = match is_later {
        true => request,
        false => match whole(request, times.body, MAX_BODY).await {
            Ok(request) => request,
            Err(problem) => return not_whole(problem),
        },
    };
    match tokio::time::timeout(answer, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            crate::measure::refused("deadline");
            let detail =
                "The shop took too long to answer. Look whether it was done, then try again.";
            HttpProblem(Problem::unavailable(detail)).into_response()
        }
    }
}

/// Reads the body, of so many bytes at most, before anybody begins to work on it. The answer may take its time.
pub async fn within_body_time(
    State((times, limit)): State<(Times, usize)>,
    request: Request,
    next: Next,
) -> Response {
    match whole(request, times.body, limit).await {
        Ok(request) => next.run(request).await,
        Err(problem) => not_whole(problem),
    }
}

fn not_whole(problem: Problem) -> Response {
    let mut response = HttpProblem(problem).into_response();
    // The rest of the body would be read as the next request.
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}

async fn whole(request: Request, patience: Duration, limit: usize) -> Result<Request, Problem> {
    if request.body().is_end_stream() {
        return Ok(request);
    }
    let said = request.headers().get(CONTENT_LENGTH);
    let said = said.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if said.is_some_and(|length| length > limit as u64) {
        return Err(problem::too_large(limit));
    }
    let (parts, body) = request.into_parts();
    let Ok(read) = tokio::time::timeout(patience, to_bytes(body, limit)).await else {
        crate::measure::refused("slow_body");
        return Err(problem::too_slow());
    };
    match read {
        Ok(bytes) => Ok(Request::from_parts(parts, Body::from(bytes))),
        Err(error) => Err(match error.into_inner().is::<LengthLimitError>() {
            true => problem::too_large(limit),
            false => Problem::malformed("The body of the request did not come whole."),
        }),
    }
}

/// Tells every later part where the request comes from.
pub async fn know_source(
    State(proxies): State<Proxies>,
    ConnectInfo(peer): ConnectInfo<std::net::SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let source = proxies.source(peer, request.headers());
    request.extensions_mut().insert(source);
    next.run(request).await
}

/// Counts the request and opens its span.
pub async fn observed(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("other", MatchedPath::as_str).to_owned();
    let method = known(request.method());
    let id = Uuid::now_v7();
    let span = tracing::info_span!("request", correlation_id = %id, method, route);
    let started = Instant::now();
    let mut response = next.run(request).instrument(span).await;
    crate::measure::request(
        &route,
        method,
        response.status().as_u16(),
        started.elapsed(),
    );
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// A client can make up methods; what is counted by them must be few.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}

/// A defect of ours ends one request and not its connection.
pub fn panicked(_: Box<dyn Any + Send>) -> Response {
    crate::measure::panicked("request");
    HttpProblem(Problem::internal()).into_response()
}
