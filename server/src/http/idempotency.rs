//! `Idempotency-Key` for every command: as a header, or as the form field `idempotency_key`. The same key
//! and content are answered as before; another content with the same key is 422, and a command that
//! still runs 409. An answer that says "not now" (429, 5xx) is not kept: such a command may be tried again.
//!
//! Commands are what is posted below `/api/`. A sign-in is none, whose answer holds a session; nor is a card
//! that is shown to the gateway, of which no digest may be kept.

use std::fmt::Write;

use axum::Extension;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use services::{Claim, Keyed, Staff, Visitor};
use sha2::{Digest, Sha256};
use types::Problem;
use types::staff::Right;

use super::problem::{HttpProblem, too_large};
use super::state::AppState;
use crate::limits::MAX_BODY;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// The field of a plain form.
const FIELD: &str = "idempotency_key";
/// Characters of a key.
const MAX_KEY: usize = 255;
/// Of an answer these are kept.
const KEPT_HEADERS: [HeaderName; 3] = [CONTENT_TYPE, LOCATION, SET_COOKIE];

/// An answer as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

pub async fn once_per_key(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::POST || !request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return HttpProblem(too_large(MAX_BODY)).into_response();
    };
    let key = match key_of(&parts.headers, &body) {
        Ok(key) => key,
        Err(problem) => return HttpProblem(problem).into_response(),
    };
    let again = |body: Bytes| Request::from_parts(parts.clone(), Body::from(body));
    let Some(key) = key else {
        return next.run(again(body)).await;
    };
    let target = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let accepts = parts.headers.get(axum::http::header::ACCEPT);
    let accepts = accepts.map_or(&[][..], |accepts| accepts.as_bytes());
    // With another role the answer may be another one.
    let own = |staff: &Staff| {
        let role: &str = staff.role.into_str();
        let id = staff.may(Right::OwnAccount).ok()?;
        Some(format!("{id} {role}"))
    };
    let staff = visitor.staff.as_ref().and_then(own);
    let who = staff.unwrap_or_else(|| visitor.shopper.to_string());
    let keyed = Keyed {
        key: digest(&[who.as_bytes(), key.as_bytes()]),
        request: digest(&[target.as_bytes(), accepts, &body]),
    };
    match state.shop.claim_key(&keyed).await {
        Err(problem) => HttpProblem(problem).into_response(),
        Ok(Claim::Other) => HttpProblem(other()).into_response(),
        Ok(Claim::Running) => HttpProblem(running()).into_response(),
        Ok(Claim::Answered(kept)) => answer(&kept),
        Ok(Claim::New) => {
            // A task of its own: who goes away meanwhile finds the answer when they come back.
            let run = run_and_keep(state, keyed.key, next.run(again(body)));
            match tokio::spawn(run).await {
                Ok(response) => response,
                // As if it had happened here, where it is caught and counted.
                Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
                Err(_) => HttpProblem(Problem::internal()).into_response(),
            }
        }
    }
}

async fn run_and_keep(
    state: AppState,
    key: String,
    running: impl Future<Output = Response>,
) -> Response {
    let (parts, body) = running.await.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let is_final = !parts.status.is_server_error()
        && parts.status != StatusCode::TOO_MANY_REQUESTS
        && parts.status != StatusCode::REQUEST_TIMEOUT;
    let kept = is_final.then(|| keep(parts.status, &parts.headers, &body));
    let ended = match kept.flatten() {
        Some(kept) => state.shop.keep_answer(key, kept).await,
        None => state.shop.give_key_back(key).await,
    };
    if let Err(problem) = ended {
        // The command is done; only its answer cannot be given again.
        tracing::warn!(%problem, "the answer to a keyed command is not kept");
    }
    Response::from_parts(parts, Body::from(body))
}

/// `None` for an answer that is no text.
fn keep(status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Option<String> {
    let mut kept = Vec::new();
    for name in KEPT_HEADERS {
        for value in headers.get_all(&name) {
            kept.push((name.as_str().to_owned(), value.to_str().ok()?.to_owned()));
        }
    }
    let kept = Kept {
        status: status.as_u16(),
        headers: kept,
        body: String::from_utf8(body.to_vec()).ok()?,
    };
    serde_json::to_string(&kept).ok()
}

fn answer(kept: &str) -> Response {
    let Ok(kept) = serde_json::from_str::<Kept>(kept) else {
        return HttpProblem(Problem::internal()).into_response();
    };
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, kept.body).into_response();
    response.headers_mut().remove(CONTENT_TYPE);
    for (name, value) in kept.headers {
        let name = HeaderName::try_from(name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

fn key_of(headers: &HeaderMap, body: &Bytes) -> Result<Option<String>, Problem> {
    let expected = || {
        let detail = format!("Idempotency-Key: expected 1 to {MAX_KEY} visible ASCII characters.");
        Problem::malformed(detail)
    };
    let key = match headers.get(&HEADER) {
        Some(value) => value.to_str().map_err(|_| expected())?.trim().to_owned(),
        None => match field(headers, body) {
            Some(key) => key,
            None => return Ok(None),
        },
    };
    let is_visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    match (1..=MAX_KEY).contains(&key.len()) && is_visible {
        true => Ok(Some(key)),
        false => Err(expected()),
    }
}

fn field(headers: &HeaderMap, body: &Bytes) -> Option<String> {
    let content = headers.get(CONTENT_TYPE)?.as_bytes();
    if !content.starts_with(b"application/x-www-form-urlencoded") {
        return None;
    }
    let mut fields = form_urlencoded::parse(body);
    let (_, key) = fields.find(|(name, _)| name == FIELD)?;
    Some(key.into_owned())
}

/// In hexadecimal digits. Each part with its length before it, so that none can pass for two.
fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn other() -> Problem {
    Problem {
        status: 422,
        ..Problem::conflict(
            "key-reused",
            "This key was used for something else",
            "Another request was sent with this Idempotency-Key. Use a new key for a new request.",
        )
    }
}

fn running() -> Problem {
    Problem::conflict(
        "still-running",
        "This is being done already",
        "The first request with this Idempotency-Key is not answered yet. Try again in a moment.",
    )
}
