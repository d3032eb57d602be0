//! Requests that change something, and sockets, come from the shop's own pages or from no page at all.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, Method, Uri, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use types::Problem;

use super::problem::HttpProblem;

/// Where the shop's own pages come from.
#[derive(Debug, Clone)]
pub struct OwnOrigin {
    /// Scheme, host and port under which browsers know the shop, as they write it.
    public: Arc<str>,
    /// Whether that is known from a setting. Otherwise the shop answers to whatever name it is called
    /// by, and a page's origin is compared with that.
    is_set: bool,
}

impl OwnOrigin {
    /// `None` when `url` has no host.
    pub fn new(url: &str, is_set: bool) -> Option<Self> {
        let public = written_origin(&url.parse().ok()?)?.into();
        Some(Self { public, is_set })
    }

    fn is(&self, origin: &Uri, host: Option<&str>) -> bool {
        let Some(origin) = written_origin(origin) else {
            return false;
        };
        if origin == *self.public {
            return true;
        }
        let scheme = self.public.split("://").next();
        let called = host.and_then(|host| format!("{}://{host}", scheme?).parse().ok());
        !self.is_set && called.and_then(|called| written_origin(&called)) == Some(origin)
    }
}

/// Scheme, host and port; without the port when it is the scheme's own, as browsers write it.
fn written_origin(uri: &Uri) -> Option<String> {
    let scheme = uri.scheme_str()?;
    let host = uri.host()?.to_ascii_lowercase();
    let own_port = if scheme == "https" { 443 } else { 80 };
    Some(match uri.port_u16().filter(|port| *port != own_port) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

/// Browsers say where a request comes from; other programs do not, and carry no shopper's cookies.
pub async fn refuse_cross_site(
    State(own): State<OwnOrigin>,
    request: Request,
    next: Next,
) -> Response {
    let reads = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if (!reads || request.uri().path() == types::live::PATH)
        && is_cross_site(request.headers(), &own)
    {
        crate::measure::refused("cross_site");
        let problem = Problem::forbidden(
            "This request came from another website. Expected an Origin of the shop itself.",
        );
        return HttpProblem(problem).into_response();
    }
    next.run(request).await
}

fn is_cross_site(headers: &HeaderMap, own: &OwnOrigin) -> bool {
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
    let origin = origin.parse::<Uri>();
    !origin.is_ok_and(|origin| own.is(&origin, text(HOST)))
}

/// HTTP/1.1 asks for exactly one Host, RFC 9112, section 3.2.
pub async fn refuse_unclear_host(request: Request, next: Next) -> Response {
    let hosts = request.headers().get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() >= Version::HTTP_11) {
        let problem = Problem::malformed("Expected exactly one Host header.");
        return HttpProblem(problem).into_response();
    }
    next.run(request).await
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

    fn passes(own: &OwnOrigin, pairs: &[(&'static str, &'static str)]) -> bool {
        !is_cross_site(&headers(pairs), own)
    }

    #[test]
    fn a_shop_that_knows_its_address_takes_pages_of_that_address_only() {
        let own = OwnOrigin::new("https://public.example", true).expect("an address");
        let host = ("host", "inner.example:8443");
        for (right, others) in [
            (true, vec![]),
            (true, vec![("origin", "https://public.example")]),
            (true, vec![("origin", "https://public.example:443")]),
            (true, vec![("sec-fetch-site", "same-origin")]),
            (false, vec![("origin", "http://public.example")]),
            (false, vec![("origin", "https://inner.example:8443")]),
            (false, vec![("origin", "https://public.example:8443")]),
            (false, vec![("origin", "https://evil.example")]),
            (false, vec![("origin", "null")]),
            (
                false,
                vec![
                    ("origin", "https://public.example"),
                    ("sec-fetch-site", "cross-site"),
                ],
            ),
        ] {
            let given = [vec![host], others.clone()].concat();
            assert_eq!(passes(&own, &given), right, "{others:?}");
        }
    }

    #[test]
    fn a_shop_that_knows_none_takes_pages_of_the_name_it_is_called_by() {
        let own = OwnOrigin::new("http://127.0.0.1:3000", false).expect("an address");
        let host = ("host", "localhost:3000");
        for (right, origin) in [
            (true, "http://localhost:3000"),
            (true, "http://127.0.0.1:3000"),
            (false, "https://localhost:3000"),
            (false, "http://localhost"),
            (false, "http://evil.example:3000"),
        ] {
            assert_eq!(passes(&own, &[host, ("origin", origin)]), right, "{origin}");
        }
    }
}
