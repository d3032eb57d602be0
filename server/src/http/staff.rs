//! Signing in and out.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use axum::{Extension, Form, Router};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use serde::Deserialize;
use services::Visitor;
use tower_sessions::Session;
use types::Problem;

use super::AppState;
use super::problem::HttpProblem;
use super::visitor::STAFF;

/// Tries to sign in, by address.
pub type SignIns = Arc<DefaultKeyedRateLimiter<IpAddr>>;

/// Twenty at once, then one every six seconds.
pub fn sign_ins() -> SignIns {
    const PER_MINUTE: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
    const BURST: NonZeroU32 = NonZeroU32::new(20).expect("not zero");
    Arc::new(RateLimiter::keyed(
        Quota::per_minute(PER_MINUTE).allow_burst(BURST),
    ))
}

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin/session", post(sign_in))
        .route("/admin/session/end", post(sign_out))
}

#[derive(Deserialize)]
struct Credentials {
    email: String,
    password: String,
}

async fn sign_in(
    State(state): State<AppState>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    session: Session,
    credentials: Result<Form<Credentials>, FormRejection>,
) -> Response {
    let Form(credentials) = match credentials {
        Ok(form) => form,
        Err(rejection) => {
            return HttpProblem(Problem::malformed(rejection.body_text())).into_response();
        }
    };
    // Addresses that have not tried for a while are forgotten.
    state.sign_ins.retain_recent();
    if state.sign_ins.check_key(&address.ip()).is_err() {
        return refused("Too many tries. Wait a minute, then try again.");
    }
    let staff = match state
        .shop
        .sign_in(&credentials.email, credentials.password)
        .await
    {
        Ok(staff) => staff,
        Err(problem) => return refused(&problem.detail),
    };
    // A new id for the new rights: one that somebody planted before is worth nothing.
    let signed_in = async {
        session.cycle_id().await?;
        session.insert(STAFF, staff.email).await
    };
    match signed_in.await {
        Ok(()) => Redirect::to("/admin/inventory").into_response(),
        Err(error) => {
            tracing::error!(%error, "a session cannot be written");
            HttpProblem(Problem::internal()).into_response()
        }
    }
}

fn refused(why: &str) -> Response {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("error", why)
        .finish();
    Redirect::to(&format!("/admin/sign-in?{query}")).into_response()
}

async fn sign_out(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    session: Session,
) -> Response {
    if let Err(error) = session.flush().await {
        tracing::error!(%error, "a session cannot be ended");
        return HttpProblem(Problem::internal()).into_response();
    }
    if let Some(staff) = visitor.staff {
        state.hub.close_staff(&staff.email);
    }
    Redirect::to("/admin/sign-in").into_response()
}
