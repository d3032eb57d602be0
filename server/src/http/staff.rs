//! Signing in and out.

use app::api::admin::SIGN_IN;
use app::api::flash;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use axum::{Extension, Form, Router};
use serde::Deserialize;
use services::Staff;
use sha2::{Digest, Sha256};
use tower_sessions::Session;
use types::Problem;

use super::problem::HttpProblem;
use super::sessions::{MARK, STAFF};
use super::sign_ins::Trier;
use super::state::AppState;
use super::visitor::{StaffSession, known_device, remember_device, remove_session};
use crate::source::Source;

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

/// How a device's cookie names an account.
fn account_of(email: &str) -> String {
    let hash = Sha256::digest(email.trim().to_lowercase());
    hash.iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

async fn sign_in(
    State(state): State<AppState>,
    Extension(source): Extension<Source>,
    headers: HeaderMap,
    session: Session,
    credentials: Result<Form<Credentials>, FormRejection>,
) -> Response {
    let Form(credentials) = match credentials {
        Ok(form) => form,
        Err(rejection) => {
            return HttpProblem(Problem::malformed(rejection.body_text())).into_response();
        }
    };
    let account = account_of(&credentials.email);
    let trier = match known_device(&state, &headers, &account) {
        Some(device) => Trier::Device(device),
        None => Trier::Source(source),
    };
    match state.sign_ins.wait(&trier, &account) {
        Ok(wait) => tokio::time::sleep(wait).await,
        Err(_) => {
            crate::measure::refused("sign_ins");
            return refused(
                &state,
                Problem::unauthenticated("Too many tries. Wait a few seconds, then try again."),
            );
        }
    }
    let tried = state.shop.sign_in(&credentials.email, credentials.password);
    let staff = match tried.await {
        Ok(staff) => staff,
        Err(problem) if problem.status == 401 => {
            crate::measure::sign_in_failed();
            let wrong = state.sign_ins.was_wrong(trier, &account);
            if state.log_pace.check().is_ok() {
                tracing::warn!(wrong, "a sign-in failed; so many of this source or browser");
            }
            if state.event_pace.check().is_ok() {
                let source = state.shop.source_mark(&source.text());
                let told = state.shop.sign_in_failed(source, &credentials.email);
                if let Err(problem) = told.await {
                    tracing::warn!(%problem, "a wrong sign-in could not be written down");
                }
            }
            return refused(&state, problem);
        }
        Err(problem) => return refused(&state, problem),
    };
    state.sign_ins.was_right(&trier);
    match remember(&session, &staff).await {
        Ok(()) => {
            tracing::info!("a member of staff has signed in");
            let mut answer = Redirect::to("/admin/inventory").into_response();
            remember_device(&state, &account, answer.headers_mut());
            answer
        }
        Err(error) => {
            tracing::error!(%error, "a session cannot be written");
            HttpProblem(Problem::internal()).into_response()
        }
    }
}

/// A new id for the new rights: one that somebody planted before is worth nothing.
async fn remember(session: &Session, staff: &Staff) -> Result<(), tower_sessions::session::Error> {
    session.cycle_id().await?;
    session.insert(STAFF, &staff.email).await?;
    session.insert(MARK, &staff.mark).await
}

/// Back to the form, which says why.
fn refused(state: &AppState, problem: Problem) -> Response {
    let mut back = Redirect::to(SIGN_IN).into_response();
    if let Some(cookie) = flash::cookie_for(SIGN_IN, &problem.into(), state.cookies.is_secure()) {
        back.headers_mut().append(SET_COOKIE, cookie);
    }
    back
}

async fn sign_out(
    State(state): State<AppState>,
    session: Option<Extension<StaffSession>>,
) -> Response {
    if let Some(Extension(StaffSession(id))) = session {
        if let Err(problem) = state.shop.end_session(id.clone()).await {
            return HttpProblem(problem).into_response();
        }
        state.hub.close_sessions(&[id]);
    }
    let mut answer = Redirect::to(SIGN_IN).into_response();
    remove_session(&state, answer.headers_mut());
    answer
}
