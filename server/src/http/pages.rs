//! The pages of `app`, rendered on the server.

use std::sync::LazyLock;

use app::PublicUrl;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Uri};
use axum::response::Response;
use axum::{Router, middleware};
use leptos::nonce::use_nonce;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{
    AxumRouteListing, LeptosRoutes, ResponseOptions, generate_route_list,
    render_app_async_with_context,
};
use services::{Shop, Visitor};

use super::inline_scripts::InlineScripts;
use super::page_cache::{self, PageCache};
use super::state::AppState;

/// The addresses of the pages. They are the same for every shop, and asked for once: while Leptos lists
/// them, what any page of the process begins to read is never read, and the page waits for ever.
static ROUTES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(app::App));

/// # Errors
/// When the app renders no page.
pub async fn routes(state: &AppState) -> anyhow::Result<Router<AppState>> {
    let routes = ROUTES.clone();
    let options = state.options.clone();
    let page = page_context(state.shop.clone(), state.url.clone());
    let cache = PageCache::new(state.shop.clone(), inline_scripts(state).await?);
    Ok(Router::new()
        .leptos_routes_with_context(state, routes, page, move || app::shell(options.clone()))
        .fallback(not_found)
        .layer(middleware::from_fn_with_state(cache, page_cache::keep)))
}

/// The scripts of every page, out of one that shows nothing of the catalogue.
async fn inline_scripts(state: &AppState) -> anyhow::Result<InlineScripts> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = Uri::from_static("/imprint");
    request.extensions_mut().insert(Visitor {
        shopper: state.shop.new_shopper_id(),
        is_new: true,
        is_secure: state.cookies.is_secure(),
        source: 0,
        staff: None,
    });
    let page = not_found(State(state.clone()), request).await;
    let page = to_bytes(page.into_body(), usize::MAX).await?;
    InlineScripts::of(std::str::from_utf8(&page)?)
}

/// Any other address: the app's own page says so, and helps.
async fn not_found(State(state): State<AppState>, request: Request) -> Response {
    let options = state.options.clone();
    let shell = move || app::shell(options.clone());
    let context = page_context(state.shop.clone(), state.url.clone());
    render_app_async_with_context(context, shell)(request).await
}

/// Pages that nobody should find in a browser's memory after their owner has left.
fn is_private(path: &str) -> bool {
    let pages = ["/admin", "/checkout", "/orders", "/back-in-stock"];
    pages.iter().any(|page| path.starts_with(page))
}

/// What every page and command finds: the shop, and who asks.
pub fn context(shop: Shop) -> impl Fn() + Clone + Send + Sync + 'static {
    move || {
        provide_context(shop.clone());
        let visitor = use_context::<Parts>().and_then(|p| p.extensions.get::<Visitor>().cloned());
        if let Some(visitor) = visitor {
            provide_context(visitor);
        }
    }
}

/// For pages also the policy that lets only our own scripts run, and that a page is asked for anew
/// each time: what it shows was true when it was rendered.
fn page_context(shop: Shop, url: PublicUrl) -> impl Fn() + Clone + Send + Sync + 'static {
    let context = context(shop);
    move || {
        context();
        provide_context(url.clone());
        let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else {
            return;
        };
        let policy = format!(
            "default-src 'self'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; \
             style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
             form-action 'self'; frame-ancestors 'none'"
        );
        let fresh = HeaderValue::from_static(match use_context::<Parts>() {
            Some(parts) if is_private(parts.uri.path()) => "no-store",
            _ => "private, no-cache",
        });
        response.insert_header(CACHE_CONTROL, fresh);
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            response.insert_header(CONTENT_SECURITY_POLICY, policy);
        }
    }
}
