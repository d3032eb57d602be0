//! Requests that change something, and sockets, come from the shop's own pages or from no page at all.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use types::Problem;

use super::problem::HttpProblem;

/// Host and port under which browsers know the shop.
#[derive(Debug, Clone)]
pub struct PublicAuthority(pub Arc<str>);

/// Browsers say where a request comes from; other programs do not, and carry no shopper's cookies.
pub async fn refuse_cross_site(
    State(public): State<PublicAuthority>,
    request: Request,
    next: Next,
) -> Response {
    let reads = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if (!reads || request.uri().path() == types::live::PATH)
        && is_cross_site(request.headers(), &public.0)
    {
        let problem = Problem::forbidden(
            "This request came from another website. Expected an Origin of the shop itself.",
        );
        return HttpProblem(problem).into_response();
    }
    next.run(request).await
}

fn is_cross_site(headers: &HeaderMap, public: &str) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if matches!(
        text(HeaderName::from_static("sec-fetch-site")),
        Some("cross-site" | "same-site")
    ) {
        return true;
    }
    let Some(origin) = text(ORIGIN) else {
        return false;
    };
    let origin = origin.parse::<Uri>().ok();
    let origin = origin
        .as_ref()
        .and_then(Uri::authority)
        .map(|authority| authority.as_str());
    // A proxy may put a name of its own into Host; browsers know the public one.
    origin.is_none() || (origin != text(HOST) && origin != Some(public))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |&(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                value.parse().expect("a value"),
            )
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn only_the_shops_own_pages_and_programs_pass() {
        let host = ("host", "shop.example:8443");
        for (passes, others) in [
            (true, vec![]),
            (true, vec![("origin", "https://shop.example:8443")]),
            (true, vec![("sec-fetch-site", "same-origin")]),
            (true, vec![("origin", "https://public.example")]),
            (false, vec![("origin", "https://shop.example")]),
            (false, vec![("origin", "https://evil.example")]),
            (false, vec![("origin", "null")]),
            (
                false,
                vec![
                    ("origin", "https://shop.example:8443"),
                    ("sec-fetch-site", "cross-site"),
                ],
            ),
        ] {
            let mut given = vec![host];
            given.extend(&others);
            assert_eq!(
                !is_cross_site(&headers(&given), "public.example"),
                passes,
                "{others:?}"
            );
        }
    }
}
