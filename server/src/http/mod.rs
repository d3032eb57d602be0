//! Routes. Pages and their commands come from `app`; what a browser needs beside them stands here, one
//! file per resource.

mod audit;
mod bearer;
mod browsers;
mod commands;
mod cookies;
mod door;
mod event_query;
mod events_api;
mod found;
mod health;
mod idempotency;
mod inline_scripts;
mod labels;
mod ledger;
mod live;
mod mails;
mod metrics;
mod order_links;
mod order_records;
mod origin;
mod pace;
mod page_cache;
mod pages;
mod papers;
mod persons;
mod photographs;
mod problem;
mod purchase_orders;
mod request;
mod senders;
mod sessions;
mod sign_ins;
mod signups;
mod site;
mod staff;
mod state;
mod stock_files;
mod subscriptions_api;
mod test_gateway;
mod visitor;
mod waiting;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware;
use axum_extra::extract::cookie::Key;
use services::{HttpCarrier, SessionTimes, Shop};
use tokio::sync::watch;
use tower::ServiceBuilder;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::health::Health;
use crate::limits::{Limits, seconds};
use crate::live::Hub;
use crate::source::Proxies;
pub use door::Door;
pub use metrics::metrics_router;
pub use pace::Pace;
pub use senders::Senders;
pub use site::Site;

use state::{AppState, Shared};

/// Policy of what is no page of `app`: styles at most.
const NO_CONTENT: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";

/// What the routes are made of.
pub struct Parts {
    pub shop: Shop,
    pub hub: Hub,
    pub door: Option<Door>,
    pub key: Key,
    pub limits: Limits,
    pub session_times: SessionTimes,
    pub health: Health,
    pub senders: Senders,
    /// The carrier whose tracking pages the shop shows.
    pub tracking: Option<HttpCarrier>,
    /// Tells when the shop stops.
    pub stop: watch::Receiver<bool>,
}

/// The routes, and the limits that they keep, which forget idle visitors when they are told to.
///
/// # Errors
/// When the app renders no page.
pub async fn router(parts: Parts, site: &Site) -> anyhow::Result<(Router, Pace)> {
    let Parts {
        shop,
        hub,
        door,
        key,
        limits,
        session_times,
        health,
        senders,
        tracking,
        stop,
    } = parts;
    let cookies = cookies::Cookies::new(site.is_https());
    shop.show_pictures(site.pictures());
    let photographs = photographs::files(shop.clone());
    let found = found::routes(shop.clone(), site.public_url());
    let sessions = sessions::layer(&shop, cookies, session_times);
    let pace = Pace::new(&limits);
    let times = request::Times {
        body: seconds(limits.body_seconds),
        answer: seconds(limits.request_seconds),
    };
    let state = AppState::from(Shared {
        shop,
        hub,
        door,
        key,
        options: site.leptos_options(),
        url: site.public_url(),
        cookies,
        session_times,
        sign_ins: Arc::default(),
        log_pace: sign_ins::log_pace(),
        event_pace: sign_ins::event_pace(),
        codes: sign_ins::code_pace(),
        pace: pace.clone(),
        styles: site.styles(),
        senders,
        tracking,
        waiting: waiting::Waiting::default(),
        stop,
    });
    let pages = pages::routes(&state).await?;
    let header = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    let compressed = SizeAbove::new(512).and(NotForContentType::IMAGES);
    let proxies = Proxies::new(limits.trusted_proxies);
    // As one layer each: every further one on a router is a box more per request. The first is the
    // outermost.
    let around_dynamic = ServiceBuilder::new()
        .layer(
            CompressionLayer::new()
                .quality(CompressionLevel::Fastest)
                .compress_when(compressed),
        )
        // Answers to commands, and refusals; pages say it better.
        .layer(header(CACHE_CONTROL, "no-store"))
        .layer(header(CONTENT_SECURITY_POLICY, NO_CONTENT))
        .layer(header(
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ))
        .layer(middleware::from_fn(request::observed))
        .layer(middleware::from_fn(problem::refusals_as_problems))
        .layer(CatchPanicLayer::custom(request::panicked))
        .layer(middleware::from_fn(origin::refuse_unclear_host))
        .layer(middleware::from_fn_with_state(
            proxies.clone(),
            request::know_source,
        ))
        .layer(middleware::from_fn_with_state(
            site.origin(),
            origin::refuse_cross_site,
        ))
        .layer(middleware::from_fn_with_state(times, request::within_times))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            visitor::identify,
        ))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            idempotency::once_per_key,
        ))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            commands::errors_as_problems,
        ));
    // What programs of other houses send: nobody signs in, and nothing is shown.
    let around_messages = ServiceBuilder::new()
        .layer(header(CACHE_CONTROL, "no-store"))
        .layer(header(CONTENT_SECURITY_POLICY, NO_CONTENT))
        .layer(middleware::from_fn(request::observed))
        .layer(middleware::from_fn(problem::refusals_as_problems))
        .layer(CatchPanicLayer::custom(request::panicked))
        .layer(middleware::from_fn(origin::refuse_unclear_host))
        .layer(middleware::from_fn_with_state(times, request::within_times));
    // What programs of others ask: by token, without a cookie, and some of them wait for long.
    let around_services = ServiceBuilder::new()
        .layer(header(CACHE_CONTROL, "no-store"))
        .layer(header(CONTENT_SECURITY_POLICY, NO_CONTENT))
        .layer(middleware::from_fn(request::observed))
        .layer(middleware::from_fn(problem::refusals_as_problems))
        .layer(CatchPanicLayer::custom(request::panicked))
        .layer(middleware::from_fn(origin::refuse_unclear_host))
        .layer(middleware::from_fn_with_state(
            proxies,
            request::know_source,
        ))
        .layer(middleware::from_fn_with_state(
            (times, bearer::MAX_REQUEST),
            request::within_body_time,
        ));
    let strict = site
        .is_https()
        .then(|| header(STRICT_TRANSPORT_SECURITY, "max-age=31536000"));
    let around_everything = ServiceBuilder::new()
        .option_layer(strict)
        .layer(header(
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ))
        // Plain forms come back to the page that the Referer names.
        .layer(header(REFERRER_POLICY, "same-origin"))
        .layer(header(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=()",
        ))
        .layer(header(X_FRAME_OPTIONS, "DENY"));
    // What a person or a script asks for; each request knows its visitor.
    let dynamic = Router::new()
        .merge(commands::routes())
        .merge(live::routes())
        .merge(staff::routes().layer(sessions))
        .merge(papers::routes())
        .merge(purchase_orders::routes())
        .merge(labels::routes())
        .merge(ledger::routes())
        .merge(stock_files::routes())
        .merge(photographs::routes())
        .merge(persons::routes())
        .merge(audit::routes())
        .merge(test_gateway::routes())
        .merge(order_links::routes())
        .merge(order_records::routes())
        .merge(signups::routes())
        .merge(mails::routes())
        .merge(pages)
        .layer(around_dynamic);
    let router = dynamic
        .merge(webhooks::routes().layer(around_messages))
        .merge(
            events_api::routes()
                .merge(subscriptions_api::routes())
                .layer(around_services),
        )
        .with_state(state)
        .merge(site.files())
        .merge(found)
        .merge(photographs)
        .merge(health::routes(health))
        .layer(around_everything);
    Ok((router, pace))
}
