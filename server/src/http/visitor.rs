//! Who is asking: the shopper of a signed cookie, and the member of staff of a session.

use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite, SignedCookieJar};
use services::{Shop, Staff, Visitor};
use tower_sessions::Session;
use types::{Problem, ShopperId};

use super::AppState;
use super::problem::HttpProblem;

/// A cart is kept for a year.
const MAX_AGE_DAYS: i64 = 365;
/// Key of the staff's email in the session.
pub const STAFF: &str = "staff";

/// How cookies are named and marked.
#[derive(Debug, Clone, Copy)]
pub struct Cookies {
    secure: bool,
}

impl Cookies {
    pub const fn new(secure: bool) -> Self {
        Self { secure }
    }

    pub const fn is_secure(self) -> bool {
        self.secure
    }

    const fn shopper_name(self) -> &'static str {
        // The prefix makes browsers refuse the cookie from anyone but this very host over TLS.
        if self.secure {
            "__Host-shopper"
        } else {
            "shopper"
        }
    }

    pub const fn session_name(self) -> &'static str {
        if self.secure {
            "__Host-session"
        } else {
            "session"
        }
    }

    fn shopper(self, id: ShopperId) -> Cookie<'static> {
        Cookie::build((self.shopper_name(), id.to_string()))
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .path("/")
            .max_age(time::Duration::days(MAX_AGE_DAYS))
            .build()
    }
}

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

/// Tells every handler who asks. A shopper gets a cookie with the first thing they do, not with the
/// first page they look at.
pub async fn identify(
    State(state): State<AppState>,
    session: Session,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let is_page = request.method() == Method::GET && path != types::live::PATH;
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
    let staff = match staff_of(&state.shop, &session, request.headers(), state.cookies).await {
        Ok(staff) => staff,
        Err(problem) => return HttpProblem(problem).into_response(),
    };
    let (shopper, is_new) = match shown {
        Shown::Valid(id) => (id, false),
        Shown::None | Shown::Forged => (state.shop.new_shopper_id(), true),
    };
    let is_command = request.method() == Method::POST && path.starts_with("/api/");
    request.extensions_mut().insert(Visitor {
        shopper,
        is_new,
        is_secure: state.cookies.is_secure(),
        staff,
    });
    let mut response = next.run(request).await;
    if is_new && is_command {
        let jar = SignedCookieJar::new(state.key.clone()).add(state.cookies.shopper(shopper));
        // Beside the cookie that a refused form may have set, not in its place.
        for cookie in jar.into_response().headers().get_all(SET_COOKIE) {
            response.headers_mut().append(SET_COOKIE, cookie.clone());
        }
    } else if matches!(shown, Shown::Forged) {
        remove_cookie(&state, response.headers_mut());
    }
    response
}

fn remove_cookie(state: &AppState, headers: &mut HeaderMap) {
    let mut cookie = state.cookies.shopper(state.shop.new_shopper_id());
    cookie.make_removal();
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        headers.append(SET_COOKIE, value);
    }
}

/// Only who shows a session cookie costs a look into the database.
async fn staff_of(
    shop: &Shop,
    session: &Session,
    headers: &HeaderMap,
    cookies: Cookies,
) -> Result<Option<Staff>, Problem> {
    if CookieJar::from_headers(headers)
        .get(cookies.session_name())
        .is_none()
    {
        return Ok(None);
    }
    let email: Option<String> = session.get(STAFF).await.map_err(|error| {
        tracing::error!(%error, "a session cannot be read");
        Problem::internal()
    })?;
    match email {
        Some(email) => shop.staff(&email).await,
        None => Ok(None),
    }
}
