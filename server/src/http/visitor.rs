//! Who is asking: the shopper of a signed cookie, and the member of staff of a session.

use std::time::Duration;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite, SignedCookieJar};
use services::{Staff, Visitor};
use tower_sessions::session::Id;
use types::{Problem, ShopperId};

use super::pace::TooMany;
use super::problem::{self, HttpProblem};
use super::sessions::stored_id;
use super::state::AppState;
use crate::source::Source;

/// The shopper's cookie as it came.
enum Shown {
    None,
    Valid(ShopperId),
    /// There is one, and we did not sign it.
    Forged,
}

fn shown(state: &AppState, headers: &HeaderMap) -> Shown {
    let name = state.cookies.shopper_name();
    let signed = SignedCookieJar::from_headers(headers, state.key.clone());
    let id = signed
        .get(name)
        .and_then(|cookie| cookie.value().parse().ok());
    match id {
        Some(id) => Shown::Valid(id),
        None if CookieJar::from_headers(headers).get(name).is_some() => Shown::Forged,
        None => Shown::None,
    }
}

/// The member of staff's session, as the database names it.
#[derive(Debug, Clone)]
pub struct StaffSession(pub String);

/// Tells every handler who asks. A shopper gets a cookie with the first thing they do, not with the
/// first page they look at.
pub async fn identify(
    State(state): State<AppState>,
    Extension(source): Extension<Source>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let is_socket = path == types::live::PATH;
    let is_page = request.method() == Method::GET && !is_socket;
    let shown = shown(&state, request.headers());
    if matches!(shown, Shown::Forged) && !is_page {
        // Acting for somebody else's cart would be wrong, and so would silently emptying this one.
        let problem = Problem::malformed(
            "The shopper cookie was not signed by this shop. Delete this site's cookies, then reload.",
        );
        let mut response = HttpProblem(problem).into_response();
        remove_cookie(&state, response.headers_mut());
        return response;
    }
    let known = match shown {
        Shown::Valid(id) => Some(id),
        Shown::None | Shown::Forged => None,
    };
    let is_command = request.method() == Method::POST && path.starts_with("/api/");
    let admitted = if is_socket {
        state.pace.socket(source)
    } else if is_page {
        Ok(())
    } else {
        state.pace.command(source, known)
    };
    if let Err(too_many) = admitted {
        return problem::too_many(too_many, request.headers(), &state.styles);
    }
    let mark = state.shop.source_mark(&source.text());
    let slowed_us = (!is_page && !is_socket).then(|| state.shop.slowed_for(mark));
    let staff = match staff_of(&state, request.headers()).await {
        Ok(staff) => staff,
        Err(problem) => return HttpProblem(problem).into_response(),
    };
    let (staff, session) = staff.unzip();
    // A rule asks for it; whoever has signed in already is known.
    if let (Some(left_us), None) = (slowed_us.flatten(), &staff) {
        crate::measure::refused("slowed");
        let left = Duration::from_micros(left_us.unsigned_abs());
        return problem::too_many(TooMany(left), request.headers(), &state.styles);
    }
    if let Some(session) = session {
        request.extensions_mut().insert(session);
    }
    let shopper = known.unwrap_or_else(|| state.shop.new_shopper_id());
    request.extensions_mut().insert(Visitor {
        shopper,
        is_new: known.is_none(),
        is_secure: state.cookies.is_secure(),
        source: mark,
        staff,
    });
    let mut response = next.run(request).await;
    if known.is_none() && is_command {
        remember_shopper(&state, shopper, response.headers_mut());
    } else if matches!(shown, Shown::Forged) {
        remove_cookie(&state, response.headers_mut());
    }
    response
}

/// Lets the browser be this shopper from now on.
pub fn remember_shopper(state: &AppState, shopper: ShopperId, headers: &mut HeaderMap) {
    add_signed(state, state.cookies.shopper(shopper), headers);
}

/// Beside the cookies that are set already, not in their place.
fn add_signed(state: &AppState, cookie: Cookie<'static>, headers: &mut HeaderMap) {
    let jar = SignedCookieJar::new(state.key.clone()).add(cookie);
    for cookie in jar.into_response().headers().get_all(SET_COOKIE) {
        headers.append(SET_COOKIE, cookie.clone());
    }
}

fn remove_cookie(state: &AppState, headers: &mut HeaderMap) {
    let mut cookie = state.cookies.shopper(state.shop.new_shopper_id());
    cookie.make_removal();
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        headers.append(SET_COOKIE, value);
    }
}

/// Browsers take a cookie of this name away only when it is marked as it was set.
pub fn remove_session(state: &AppState, headers: &mut HeaderMap) {
    let mut cookie = Cookie::build((state.cookies.session_name(), ""))
        .http_only(true)
        .secure(state.cookies.is_secure())
        .same_site(SameSite::Strict)
        .path("/")
        .build();
    cookie.make_removal();
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        headers.append(SET_COOKIE, value);
    }
}

/// Only who shows a session cookie costs a look into the database.
async fn staff_of(
    state: &AppState,
    headers: &HeaderMap,
) -> Result<Option<(Staff, StaffSession)>, Problem> {
    let jar = CookieJar::from_headers(headers);
    let id = jar.get(state.cookies.session_name());
    let Some(id) = id.and_then(|cookie| cookie.value().parse::<Id>().ok()) else {
        return Ok(None);
    };
    let session = stored_id(&id);
    let staff = state.shop.staff_of_session(&session, state.session_times);
    Ok(staff.await?.map(|staff| (staff, StaffSession(session))))
}

/// The browser with which this account has signed in before, if it is one.
pub fn known_device(state: &AppState, headers: &HeaderMap, account: &str) -> Option<String> {
    let signed = SignedCookieJar::from_headers(headers, state.key.clone());
    let value = signed.get(state.cookies.device_name())?.value().to_owned();
    let (owner, _) = value.split_once('.')?;
    (owner == account).then_some(value)
}

/// Remembers that this account has signed in with this browser.
pub fn remember_device(state: &AppState, account: &str, headers: &mut HeaderMap) {
    let value = format!("{account}.{:032x}", rand::random::<u128>());
    add_signed(state, state.cookies.device(value), headers);
}
