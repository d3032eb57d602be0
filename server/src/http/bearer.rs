//! Programs of others, by the token that they show. No cookie is looked at: a browser sends none of this by itself.

use axum::Extension;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use services::ServiceAccount;
use types::Problem;

use super::pace::TooMany;
use super::problem::HttpProblem;
use super::state::AppState;
use crate::source::Source;

/// Bytes of a request, at most.
pub const MAX_REQUEST: usize = 4 * 1024 * 1024;

const NO_TOKEN: HeaderValue = HeaderValue::from_static("Bearer realm=\"vitrine\"");
const WRONG_TOKEN: HeaderValue =
    HeaderValue::from_static("Bearer realm=\"vitrine\", error=\"invalid_token\"");

/// The token of a request; it is never logged.
pub fn token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}

/// The service that asks, if it may ask now: 401 without a token that is good, 429 for too much. Known before
/// anything of a body is read.
pub struct Admitted(pub ServiceAccount);

impl FromRequestParts<AppState> for Admitted {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let source = Extension::<Source>::from_request_parts(parts, state).await;
        let Extension(source) = source.map_err(IntoResponse::into_response)?;
        admitted(state, source, &parts.headers).await.map(Self)
    }
}

/// The whole body of a request.
///
/// # Errors
/// 400 where it breaks off, or is longer than anything that is read.
pub async fn whole(body: Body) -> Result<Bytes, Problem> {
    let body = to_bytes(body, MAX_REQUEST).await;
    body.map_err(|_| Problem::malformed("The body did not come whole."))
}

async fn admitted(
    state: &AppState,
    source: Source,
    headers: &HeaderMap,
) -> Result<ServiceAccount, Response> {
    let token = token(headers);
    let account = match state.shop.service_account(token).await {
        Ok(account) => account,
        Err(problem) => {
            // Whoever shows wrong ones is slowed by where they come from.
            state.pace.socket(source).map_err(too_many)?;
            let is_unknown = problem.status == 401;
            let mut response = HttpProblem(problem).into_response();
            if is_unknown {
                let challenge = if token.is_some() {
                    WRONG_TOKEN
                } else {
                    NO_TOKEN
                };
                response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            }
            return Err(response);
        }
    };
    state.pace.service(account.name()).map_err(too_many)?;
    Ok(account)
}

/// 429 for a service.
pub fn too_many(too_many: TooMany) -> Response {
    let problem = Problem::too_many(format!(
        "More came than a service may ask for. Nothing was done; try again in {} seconds.",
        too_many.seconds()
    ));
    let mut response = HttpProblem(problem).into_response();
    let seconds = HeaderValue::from(too_many.seconds());
    response.headers_mut().insert(RETRY_AFTER, seconds);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_that_of_a_bearer() {
        let of = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_static(value));
            token(&headers).map(str::to_owned)
        };
        assert_eq!(of("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(of("bearer  abc ").as_deref(), Some("abc"));
        for none in ["Basic abc", "Bearer", "Bearer ", "abc"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
