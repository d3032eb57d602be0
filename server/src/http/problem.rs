//! The one error type of HTTP: RFC 9457 `application/problem+json`.

use axum::Json;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use types::Problem;

pub const CONTENT: HeaderValue = HeaderValue::from_static("application/problem+json");

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
        response
    }
}
