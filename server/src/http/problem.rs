//! The one error type of HTTP: RFC 9457 `application/problem+json`.

use axum::Json;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use types::Problem;

pub const CONTENT: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Seconds after which trying again makes sense.
pub const SOON: HeaderValue = HeaderValue::from_static("2");

#[derive(Debug)]
pub struct HttpProblem(pub Problem);

impl From<Problem> for HttpProblem {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

pub fn status(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

impl IntoResponse for HttpProblem {
    fn into_response(self) -> Response {
        let status = status(&self.0);
        let mut response = (status, Json(self.0)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, CONTENT);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, SOON);
        }
        response
    }
}

/// What the libraries refuse by themselves, before any handler of ours, in the same words as the rest.
pub async fn refusals_as_problems(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let response = next.run(request).await;
    if response.headers().get(CONTENT_TYPE) == Some(&CONTENT) {
        return response;
    }
    let (kind, title, detail) = match response.status() {
        StatusCode::PAYLOAD_TOO_LARGE => (
            "too-large",
            "The request is too large",
            format!("Expected a body of at most {} bytes.", super::MAX_BODY),
        ),
        StatusCode::METHOD_NOT_ALLOWED => (
            "method-not-allowed",
            "Not that way",
            format!("This address does not answer to {method}."),
        ),
        _ => return response,
    };
    let problem = Problem {
        kind: format!("/problems/{kind}"),
        title: title.to_owned(),
        status: response.status().as_u16(),
        ..Problem::malformed(detail)
    };
    HttpProblem(problem).into_response()
}
