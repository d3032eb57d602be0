//! Signing in, with one step or two, out, and taking an invitation up.

use app::api::account::CODE;
use app::api::admin::SIGN_IN;
use app::api::flash::{self, Flash};
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use axum::{Extension, Form, Router};
use axum_extra::extract::cookie::{Cookie, SameSite, SignedCookieJar};
use domain::event::SecondStep;
use form_urlencoded::byte_serialize;
use serde::Deserialize;
use services::{Half, JOIN, SignIn, Staff};
use sha2::{Digest, Sha256};
use tower_sessions::Session;
use types::Problem;

use super::browsers;
use super::problem::HttpProblem;
use super::sessions::{ADDRESS, BROWSER, MARK, STAFF};
use super::sign_ins::Trier;
use super::state::AppState;
use super::visitor::{StaffSession, known_device, remember_device, remove_session};
use crate::source::Source;

/// Where whoever has signed in begins.
const FIRST_PAGE: &str = "/admin/inventory";
/// For so long a right password waits for its code.
const HALF_US: i64 = 5 * 60 * 1_000_000;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin/session", post(sign_in))
        .route("/admin/session/code", post(show_code))
        .route("/admin/session/end", post(sign_out))
        .route("/admin/account/password", post(change_password))
        .route(&format!("{JOIN}{{token}}"), post(join))
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

fn malformed(rejection: FormRejection) -> Response {
    HttpProblem(Problem::malformed(rejection.body_text())).into_response()
}

/// Who tries, and where from.
struct Asker<'a> {
    state: &'a AppState,
    source: Source,
    headers: &'a HeaderMap,
    session: &'a Session,
}

impl Asker<'_> {
    fn trier(&self, account: &str) -> Trier {
        match known_device(self.state, self.headers, account) {
            Some(device) => Trier::Device(device),
            None => Trier::Source(self.source),
        }
    }

    /// Has whoever was wrong often wait.
    async fn wait(&self, trier: &Trier, account: &str) -> Result<(), Problem> {
        match self.state.sign_ins.wait(trier, account) {
            Ok(wait) => {
                tokio::time::sleep(wait).await;
                Ok(())
            }
            Err(_) => {
                crate::measure::refused("sign_ins");
                let detail = "Too many tries. Wait a few seconds, then try again.";
                Err(Problem::unauthenticated(detail))
            }
        }
    }

    async fn was_wrong(&self, trier: Trier, account: &str, email: &str) {
        let state = self.state;
        crate::measure::sign_in_failed();
        let wrong = state.sign_ins.was_wrong(trier, account);
        if state.log_pace.check().is_ok() {
            tracing::warn!(wrong, "a sign-in failed; so many of this source or browser");
        }
        if state.event_pace.check().is_ok() {
            let source = state.shop.source_mark(&self.source.text());
            let told = state.shop.sign_in_failed(source, email);
            if let Err(problem) = told.await {
                tracing::warn!(%problem, "a wrong sign-in could not be written down");
            }
        }
    }

    /// Signs in for good.
    async fn admit(&self, staff: &Staff, step: SecondStep) -> Response {
        if let Err(problem) = self.state.shop.signed_in(staff, step).await {
            return HttpProblem(problem).into_response();
        }
        match self.remember(staff).await {
            Ok(()) => {
                tracing::info!("a member of staff has signed in");
                let mut answer = Redirect::to(FIRST_PAGE).into_response();
                let account = account_of(&staff.email);
                remember_device(self.state, &account, answer.headers_mut());
                answer
            }
            Err(error) => {
                tracing::error!(%error, "a session cannot be written");
                HttpProblem(Problem::internal()).into_response()
            }
        }
    }

    /// A new id for the new rights: one that somebody planted before is worth nothing.
    async fn remember(&self, staff: &Staff) -> Result<(), tower_sessions::session::Error> {
        let session = self.session;
        session.cycle_id().await?;
        session.insert(STAFF, &staff.email).await?;
        session.insert(MARK, &staff.mark).await?;
        session
            .insert(BROWSER, browsers::in_words(self.headers))
            .await?;
        session.insert(ADDRESS, self.source.shortened()).await
    }
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
        Err(rejection) => return malformed(rejection),
    };
    let asker = Asker {
        state: &state,
        source,
        headers: &headers,
        session: &session,
    };
    let account = account_of(&credentials.email);
    let trier = asker.trier(&account);
    if let Err(problem) = asker.wait(&trier, &account).await {
        return refused(&state, SIGN_IN, problem);
    }
    let tried = state
        .shop
        .check_password(&credentials.email, credentials.password);
    match tried.await {
        Ok(SignIn::Done(staff)) => {
            state.sign_ins.was_right(&trier);
            asker.admit(&staff, SecondStep::None).await
        }
        // Wrong tries are forgotten with the right code, and not before.
        Ok(SignIn::CodeNeeded(half)) => {
            let mut answer = Redirect::to(CODE).into_response();
            let until_us = state.shop.now_us() + HALF_US;
            set_half(&state, &half_text(&half, until_us), answer.headers_mut());
            answer
        }
        Err(problem) if problem.status == 401 => {
            asker.was_wrong(trier, &account, &credentials.email).await;
            refused(&state, SIGN_IN, problem)
        }
        Err(problem) => refused(&state, SIGN_IN, problem),
    }
}

/// A password that waits for its code, as its cookie has it. The email is last, and may hold what cookies may not.
fn half_text(half: &Half, until_us: i64) -> String {
    let email: String = byte_serialize(half.email.as_bytes()).collect();
    format!("{until_us}.{}.{email}", half.mark)
}

/// The password that the browser has shown, if that was not long ago.
fn half_of(state: &AppState, headers: &HeaderMap) -> Option<Half> {
    let signed = SignedCookieJar::from_headers(headers, state.key.clone());
    let value = signed.get(state.cookies.half_name())?.value().to_owned();
    let mut parts = value.splitn(3, '.');
    let until_us: i64 = parts.next()?.parse().ok()?;
    let (mark, email) = (parts.next()?.to_owned(), parts.next()?);
    let (email, _) = form_urlencoded::parse(email.as_bytes()).next()?;
    let email = email.into_owned();
    (state.shop.now_us() < until_us).then_some(Half { email, mark })
}

/// Signed, so that nobody makes one, and read by this page alone. Empty it is taken away.
fn set_half(state: &AppState, value: &str, headers: &mut HeaderMap) {
    let mut cookie = Cookie::build((state.cookies.half_name(), value.to_owned()))
        .http_only(true)
        .secure(state.cookies.is_secure())
        .same_site(SameSite::Strict)
        .path("/")
        .build();
    if value.is_empty() {
        cookie.make_removal();
        if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
            headers.append(SET_COOKIE, value);
        }
        return;
    }
    let jar = SignedCookieJar::new(state.key.clone()).add(cookie);
    for cookie in jar.into_response().headers().get_all(SET_COOKIE) {
        headers.append(SET_COOKIE, cookie.clone());
    }
}

#[derive(Deserialize)]
struct Code {
    #[serde(default)]
    code: String,
}

/// The second step.
async fn show_code(
    State(state): State<AppState>,
    Extension(source): Extension<Source>,
    headers: HeaderMap,
    session: Session,
    code: Result<Form<Code>, FormRejection>,
) -> Response {
    let Form(Code { code }) = match code {
        Ok(form) => form,
        Err(rejection) => return malformed(rejection),
    };
    let Some(half) = half_of(&state, &headers) else {
        let detail = "That took too long. Enter email and password again.";
        return refused(&state, SIGN_IN, Problem::unauthenticated(detail));
    };
    let asker = Asker {
        state: &state,
        source,
        headers: &headers,
        session: &session,
    };
    let account = account_of(&half.email);
    let trier = asker.trier(&account);
    if let Err(problem) = asker.wait(&trier, &account).await {
        return refused(&state, CODE, problem);
    }
    // Six digits are soon tried: wherever tries come from, an account has few.
    if state.codes.check_key(&account).is_err() {
        crate::measure::refused("sign_ins");
        let detail = "Too many codes were tried. Wait a minute, then try again.";
        return refused(&state, CODE, Problem::unauthenticated(detail));
    }
    match state.shop.check_code(&half, &code).await {
        Ok((staff, step)) => {
            state.sign_ins.was_right(&trier);
            let mut answer = asker.admit(&staff, step).await;
            set_half(&state, "", answer.headers_mut());
            answer
        }
        Err(problem) if problem.status == 401 => {
            asker.was_wrong(trier, &account, &half.email).await;
            refused(&state, CODE, problem)
        }
        Err(problem) => refused(&state, CODE, problem),
    }
}

/// Back to the form, which says why.
fn refused(state: &AppState, page: &str, problem: Problem) -> Response {
    refused_with(state, page, problem.into())
}

fn refused_with(state: &AppState, page: &str, flash: Flash) -> Response {
    let mut back = Redirect::to(page).into_response();
    if let Some(cookie) = flash::cookie_for(page, &flash, state.cookies.is_secure()) {
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

#[derive(Deserialize)]
struct Joining {
    /// Of a first owner; others were written to.
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
}

fn not_the_same() -> Problem {
    Problem::invalid_field(
        "again",
        "These two are not the same. Type the password twice.",
    )
}

/// Takes an invitation up, and signs in.
async fn join(
    State(state): State<AppState>,
    Extension(source): Extension<Source>,
    headers: HeaderMap,
    session: Session,
    Path(token): Path<String>,
    joining: Result<Form<Joining>, FormRejection>,
) -> Response {
    let Form(Joining {
        email,
        password,
        again,
    }) = match joining {
        Ok(form) => form,
        Err(rejection) => return malformed(rejection),
    };
    // No link of ours; and no address to send anybody to.
    if !token
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    {
        return HttpProblem(Problem::not_found("There is no such invitation.")).into_response();
    }
    let page = format!("{JOIN}{token}");
    let joined = async {
        // A link of no use is told first, and nothing is hashed for it.
        state.shop.invited(&token).await?;
        if password != again {
            return Err(not_the_same());
        }
        state.shop.join(&token, &email, password).await
    };
    match joined.await {
        Ok(staff) => {
            let asker = Asker {
                state: &state,
                source,
                headers: &headers,
                session: &session,
            };
            asker.admit(&staff, SecondStep::None).await
        }
        // Its page says the same, and there is nothing to mend.
        Err(problem) if problem.status == 404 => Redirect::to(&page).into_response(),
        Err(problem) => {
            let typed = Flash {
                person: Some(email).filter(|email| email.len() <= 254),
                ..problem.into()
            };
            refused_with(&state, &page, typed)
        }
    }
}

#[derive(Deserialize)]
struct NewPassword {
    #[serde(default)]
    current: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
}

/// Another password, and a session for it: those of before end.
async fn change_password(
    State(state): State<AppState>,
    Extension(source): Extension<Source>,
    Extension(visitor): Extension<services::Visitor>,
    headers: HeaderMap,
    session: Session,
    form: Result<Form<NewPassword>, FormRejection>,
) -> Response {
    use app::api::account::ACCOUNT;

    let Some(staff) = visitor.staff else {
        return Redirect::to(SIGN_IN).into_response();
    };
    let Form(NewPassword {
        current,
        password,
        again,
    }) = match form {
        Ok(form) => form,
        Err(rejection) => return malformed(rejection),
    };
    let asker = Asker {
        state: &state,
        source,
        headers: &headers,
        session: &session,
    };
    // Whoever finds a browser open does not find out the password with it.
    let account = account_of(&staff.email);
    let trier = asker.trier(&account);
    let changed = async {
        asker.wait(&trier, &account).await?;
        if password != again {
            return Err(not_the_same());
        }
        let changed = state.shop.change_own_password(&staff, current, password);
        changed.await
    };
    let staff = match changed.await {
        Ok(staff) => staff,
        Err(problem) => {
            if problem.field("current").is_some() {
                asker.was_wrong(trier, &account, &staff.email).await;
            }
            return refused(&state, ACCOUNT, problem);
        }
    };
    state.sign_ins.was_right(&trier);
    match asker.remember(&staff).await {
        Ok(()) => {
            let said = flash::Done::Said(
                "Your password is changed. Other browsers are signed out.".to_owned(),
            );
            refused_with(&state, ACCOUNT, said.into())
        }
        Err(error) => {
            tracing::error!(%error, "a session cannot be written");
            Redirect::to(SIGN_IN).into_response()
        }
    }
}
