//! Pages of the shelves as they were last sent, compressed, until what they show changes. Rendering and
//! compressing one costs as much as all else that a checkout does.
//!
//! A page depends on its address, on the number of pieces in the visitor's cart, and on what it shows of
//! the catalogue and its stock; nothing else may, or it does not belong here. For who is at the checkout, to
//! whom pieces are not sold out that their checkout holds, it is rendered each time. A page that is taken from
//! here says the same as one that would be rendered now. Positions in it may be older: then the socket
//! tells what came since.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::api::flash::COOKIE_NAME;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    COOKIE, SET_COOKIE, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use services::{Shelf, ShelfVersion, Shop, Visitor};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use super::inline_scripts::InlineScripts;

/// What all pages together may take, in bytes.
const CAPACITY: u64 = 32 * 1024 * 1024;
/// A page that is larger is rendered each time.
const MAX_PAGE: usize = 512 * 1024;
/// A longer address or header is nothing that a browser asks with.
const MAX_KEY: usize = 256;
/// For what a page says about today.
const MAX_AGE: Duration = Duration::from_secs(60);

/// What a kept page keeps of its head.
const KEPT_HEADERS: [HeaderName; 4] = [CONTENT_TYPE, CONTENT_ENCODING, CACHE_CONTROL, VARY];

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    /// Path and query.
    target: String,
    accept_encoding: String,
    pieces_in_cart: u32,
}

#[derive(Debug)]
struct Page {
    version: ShelfVersion,
    rendered: Instant,
    headers: HeaderMap,
    body: Bytes,
}

#[derive(Debug, Clone)]
struct Size;

impl Weighter<Key, Arc<Page>> for Size {
    fn weight(&self, key: &Key, page: &Arc<Page>) -> u64 {
        // With what maps and headers take beside.
        let bytes = key.target.len() + key.accept_encoding.len() + page.body.len() + 1_024;
        bytes as u64
    }
}

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct PageCache {
    pages: Arc<Cache<Key, Arc<Page>, Size>>,
    scripts: Arc<InlineScripts>,
    shop: Shop,
}

impl PageCache {
    pub fn new(shop: Shop, scripts: InlineScripts) -> Self {
        Self {
            pages: Arc::new(Cache::with_weighter(1_024, CAPACITY, Size)),
            scripts: Arc::new(scripts),
            shop,
        }
    }

    /// Under which a page that is asked for is kept, for a visitor whose cart is empty, and what it shows
    /// as of now. `None` for what is rendered for one visitor alone.
    fn key(&self, request: &Request) -> Option<(Key, ShelfVersion)> {
        let target = request.uri().path_and_query()?.as_str();
        if request.method() != Method::GET || target.len() > MAX_KEY {
            return None;
        }
        let headers = request.headers();
        if has_message(headers) {
            return None;
        }
        let accept_encoding = headers.get(ACCEPT_ENCODING).map(HeaderValue::to_str);
        let accept_encoding = accept_encoding.transpose().ok()?.unwrap_or_default();
        if accept_encoding.len() > MAX_KEY {
            return None;
        }
        let version = self.shop.shelf_version(shelf_of(request.uri().path())?)?;
        let key = Key {
            target: target.to_owned(),
            accept_encoding: accept_encoding.to_owned(),
            pieces_in_cart: 0,
        };
        Some((key, version))
    }
}

/// What the page of a path shows; `None` for pages that are not kept.
fn shelf_of(path: &str) -> Option<Shelf<'_>> {
    if path == "/" {
        return Some(Shelf::Everything);
    }
    if let Some(slug) = path.strip_prefix("/c/") {
        return Some(Shelf::Category(slug));
    }
    if let Some(slug) = path.strip_prefix("/p/") {
        return Some(Shelf::Product(slug));
    }
    let plain = ["/delivery", "/returns", "/imprint", "/privacy"];
    plain.contains(&path).then_some(Shelf::Nothing)
}

/// Whether a cookie has something that the page is to say once.
fn has_message(headers: &HeaderMap) -> bool {
    let cookies = headers.get_all(COOKIE).into_iter();
    let mut pairs = cookies.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    pairs.any(|pair| {
        let value = pair.trim_ascii_start().strip_prefix(COOKIE_NAME.as_bytes());
        value.is_some_and(|value| value.starts_with(b"="))
    })
}

/// Answers with the kept page where there is one that still holds, and keeps what is rendered.
pub async fn keep(State(cache): State<PageCache>, request: Request, next: Next) -> Response {
    let visitor = request.extensions().get::<Visitor>().cloned();
    let (Some((mut key, version)), Some(visitor)) = (cache.key(&request), visitor) else {
        return next.run(request).await;
    };
    if !visitor.is_new {
        // Pieces that their own checkout holds look sold out to everybody else.
        if cache.shop.holds_anything(visitor.shopper) {
            return next.run(request).await;
        }
        match cache.shop.cart(visitor.shopper).await {
            Ok(cart) => key.pieces_in_cart = cart.count(),
            // The page can do without.
            Err(_) => return next.run(request).await,
        }
    }
    if let Some(page) = cache.pages.get(&key)
        && page.version == version
        && page.rendered.elapsed() < MAX_AGE
    {
        return page.response();
    }
    let rendered = next.run(request).await;
    if rendered.status() != StatusCode::OK || rendered.headers().contains_key(SET_COOKIE) {
        return rendered;
    }
    let (mut parts, body) = compressed(rendered, &key.accept_encoding)
        .await
        .into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        // It is made in memory.
        return Response::from_parts(parts, Body::empty());
    };
    if body.len() <= MAX_PAGE {
        let mut headers = HeaderMap::new();
        for name in KEPT_HEADERS {
            for value in parts.headers.get_all(&name) {
                headers.append(&name, value.clone());
            }
        }
        // A nonce is for one answer; this one is given many times.
        headers.insert(CONTENT_SECURITY_POLICY, cache.scripts.policy());
        let page = Arc::new(Page {
            version,
            rendered: Instant::now(),
            headers,
            body: body.clone(),
        });
        parts
            .headers
            .insert(CONTENT_SECURITY_POLICY, cache.scripts.policy());
        cache.pages.insert(key, page);
    }
    Response::from_parts(parts, Body::from(body))
}

/// Compressed for whoever accepts that: better than what is sent once, as it is sent often.
async fn compressed(response: Response, accepted: &str) -> Response {
    let mut asking = Request::new(Body::empty());
    if let Ok(accepted) = HeaderValue::from_str(accepted) {
        asking.headers_mut().insert(ACCEPT_ENCODING, accepted);
    }
    let mut response = Some(response);
    let answer = move |_: Request| {
        let response = response.take().unwrap_or_default();
        std::future::ready(Ok::<_, Infallible>(response))
    };
    let compressing = ServiceBuilder::new()
        .layer(CompressionLayer::new().quality(CompressionLevel::Default))
        .service(service_fn(answer));
    match compressing.oneshot(asking).await {
        Ok(response) => response.map(Body::new),
        Err(never) => match never {},
    }
}

impl Page {
    fn response(&self) -> Response {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.headers_mut() = self.headers.clone();
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_has_something_to_say_once_is_no_kept_one() {
        let mut headers = HeaderMap::new();
        assert!(!has_message(&headers));
        headers.append(COOKIE, HeaderValue::from_static("shopper=flash=1"));
        assert!(!has_message(&headers), "it is another cookie's value");
        headers.append(COOKIE, HeaderValue::from_static("a=b; flash=%7B%7D"));
        assert!(has_message(&headers));
    }

    #[test]
    fn private_pages_are_not_kept() {
        for path in [
            "/cart",
            "/checkout",
            "/orders/1",
            "/admin/inventory",
            "/nothing",
        ] {
            assert!(shelf_of(path).is_none(), "{path}");
        }
        assert!(matches!(
            shelf_of("/c/rings"),
            Some(Shelf::Category("rings"))
        ));
    }
}
