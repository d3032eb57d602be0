//! The one error type of HTTP: RFC 9457 `application/problem+json`.

use axum::Json;
use axum::extract::Request;
use axum::http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use types::Problem;

use super::pace::TooMany;

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
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    HttpProblem(Problem {
        kind: "/problems/method-not-allowed".to_owned(),
        title: "Not that way".to_owned(),
        status: 405,
        ..Problem::malformed(format!("This address does not answer to {method}."))
    })
    .into_response()
}

pub fn too_large(limit: usize) -> Problem {
    let detail = format!("Expected a body of at most {limit} bytes.");
    Problem {
        kind: "/problems/too-large".to_owned(),
        title: "The request is too large".to_owned(),
        status: 413,
        ..Problem::malformed(detail)
    }
}

pub fn too_slow() -> Problem {
    Problem {
        kind: "/problems/too-slow".to_owned(),
        title: "The request came too slowly".to_owned(),
        status: 408,
        ..Problem::malformed("The body of the request did not come in time. Try again.")
    }
}

/// For a script a problem; for a plain form, whose answer is looked at by a person, a page.
pub fn too_many(too_many: TooMany, headers: &HeaderMap, styles: &str) -> Response {
    let problem = too_many.problem();
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let mut response = if accept.is_some_and(|accept| accept.contains("text/html")) {
        // Words of ours only: nothing in it comes from a request.
        let page = format!(
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
             <link rel=\"stylesheet\" href=\"{styles}\"></head><body><main>\
             <h1>{title}</h1><p>{detail}</p><p><a href=\"/\">Back to the shop</a></p>\
             </main></body></html>",
            title = problem.title,
            detail = problem.detail,
        );
        (status(&problem), Html(page)).into_response()
    } else {
        HttpProblem(problem).into_response()
    };
    let seconds = HeaderValue::from(too_many.seconds());
    response.headers_mut().insert(RETRY_AFTER, seconds);
    response
}
