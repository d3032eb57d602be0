//! Routes. Pages and their commands come from `app`; what a browser needs beside them stands here, one
//! file per resource.

mod commands;
mod live;
mod origin;
mod pages;
mod problem;
mod sessions;
mod site;
mod staff;
mod test_gateway;
mod visitor;

use axum::Router;
use axum::extract::FromRef;
use axum::http::header::{REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware;
use axum_extra::extract::cookie::Key;
use leptos::prelude::LeptosOptions;
use services::Shop;
use services::test_gateway::TestGateway;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::live::Hub;
pub use site::Site;

/// Bytes of a request's body, at most: no form of the shop comes near it.
const MAX_BODY: usize = 64 * 1024;

/// What handlers share; cheap to clone.
#[derive(Clone)]
pub struct AppState {
    shop: Shop,
    hub: Hub,
    gateway: TestGateway,
    key: Key,
    options: LeptosOptions,
    cookies: visitor::Cookies,
    sign_ins: staff::SignIns,
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.options.clone()
    }
}

pub fn router(shop: Shop, hub: Hub, gateway: TestGateway, key: Key, site: &Site) -> Router {
    let cookies = visitor::Cookies::new(site.is_secure());
    let sessions = sessions::layer(&shop, cookies.is_secure());
    let state = AppState {
        shop,
        hub,
        gateway,
        key,
        options: site.leptos_options(),
        cookies,
        sign_ins: staff::sign_ins(),
    };
    let header = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    let compressed = SizeAbove::new(512).and(NotForContentType::IMAGES);
    // What a person or a script asks for; each request knows its visitor.
    let dynamic = Router::new()
        .merge(commands::routes())
        .merge(live::routes())
        .merge(staff::routes())
        .merge(test_gateway::routes())
        .merge(pages::routes(&state))
        .layer(middleware::from_fn(commands::errors_as_problems))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            visitor::identify,
        ))
        .layer(sessions)
        .layer(middleware::from_fn_with_state(
            site.public_authority(),
            origin::refuse_cross_site,
        ))
        .layer(RequestBodyLimitLayer::new(MAX_BODY))
        .layer(middleware::from_fn(problem::refusals_as_problems))
        .layer(
            CompressionLayer::new()
                .quality(CompressionLevel::Fastest)
                .compress_when(compressed),
        );
    let mut router = dynamic
        .with_state(state)
        .merge(site.files())
        .layer(header(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // Plain forms come back to the page that the Referer names.
        .layer(header(REFERRER_POLICY, "same-origin"))
        .layer(header(
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ));
    if site.is_https() {
        router = router.layer(header(STRICT_TRANSPORT_SECURITY, "max-age=31536000"));
    }
    router
}
