//! The gateway's doors. Cards and challenges come from browsers; everything else asks with the key.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{Notify, Semaphore};
use types::{FieldError, Problem};
use uuid::Uuid;

use crate::api::{Authorize, IDEMPOTENCY_KEY, MoveMoney};
use crate::books::{self, Kind, Lives, Payment};
use crate::cards::{Card, look_at};
use crate::challenge;
use crate::clock::now_us;
use crate::faults::{Behaviour, Fate, Faults};
use crate::ledger::{self, Ledger};
use crate::{outbox, refunds, settlement};

/// Bytes of a body, at most.
const MAX_BODY: usize = 64 * 1024;
/// Characters of a key, an id or a reference.
const MAX_NAME: usize = 128;
const MAX_URL: usize = 1_024;
/// Requests at once; one more is told to come again.
const AT_ONCE: usize = 8_192;
/// How long a request that is never answered is kept.
const SILENCE: Duration = Duration::from_secs(120);

#[derive(Clone)]
pub struct Desk {
    pub ledger: Ledger,
    pub faults: Faults,
    /// Wakes who tells the news.
    pub wake: Arc<Notify>,
    pub key: Arc<str>,
    pub room: Arc<Semaphore>,
}

impl Desk {
    pub fn new(ledger: Ledger, faults: Faults, wake: Arc<Notify>, key: Arc<str>) -> Self {
        Self {
            ledger,
            faults,
            wake,
            key,
            room: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    fn lives(&self) -> Lives {
        let now = self.faults.now();
        Lives {
            held_us: now.held_us,
            challenge_us: now.challenge_us,
        }
    }

    async fn write<T, F>(&self, job: F) -> Result<T, Refused>
    where
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, sqlx::Result<T>>
            + Send
            + 'static,
        T: Send + 'static,
    {
        Ok(self.ledger.write(job).await?)
    }
}

/// Why a request is not done.
struct Refused(Problem);

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<ledger::Error> for Refused {
    fn from(error: ledger::Error) -> Self {
        tracing::error!(%error, "the gateway cannot answer");
        Self(Problem::unavailable("The gateway cannot answer just now."))
    }
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        ledger::Error::from(error).into()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.0)).into_response();
        let content = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, content);
        response
    }
}

type Answer<T> = Result<T, Refused>;

pub fn routes(desk: Desk) -> Router {
    let asked = Router::new()
        .route("/payments", post(authorize))
        .route("/payments/{id}", get(show))
        .route("/payments/{id}/capture", post(capture))
        .route("/payments/{id}/refund", post(refund))
        .route("/payments/{id}/void", post(void))
        .route("/payments/{id}/again", post(hold_again))
        .route("/refunds/{id}", get(show_refund));
    let asked = asked.route_layer(middleware::from_fn_with_state(desk.clone(), as_told));
    let books = Router::new()
        .route("/ledger/payments", get(list_payments))
        .route("/ledger/movements", get(list_movements))
        .route("/settlements/{day}", get(settle))
        .route("/control", get(behaviour).put(behave).delete(behave_well))
        .route("/control/movements", post(falsify))
        .route("/control/refunds/{id}", post(end_refund));
    let with_key = asked
        .merge(books)
        .route_layer(middleware::from_fn_with_state(desk.clone(), needs_key));
    Router::new()
        .merge(with_key)
        .route("/tokens", post(tokens))
        .route(
            "/challenges/{id}",
            get(challenge_page).post(challenge_answer),
        )
        .route("/health", get(|| async { "ok" }))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(desk.clone(), within_room))
        .with_state(desk)
}

async fn within_room(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let Ok(_place) = desk.room.try_acquire() else {
        return Refused(Problem::unavailable("Too many requests at once.")).into_response();
    };
    next.run(request).await
}

async fn needs_key(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let given = request.headers().get(AUTHORIZATION);
    let given = given.and_then(|given| given.as_bytes().strip_prefix(b"Bearer "));
    if !given.is_some_and(|given| is_same(given, desk.key.as_bytes())) {
        let problem = Problem::unauthenticated("Expected Authorization: Bearer and the key.");
        return Refused(problem).into_response();
    }
    next.run(request).await
}

/// Compares without telling by the time it takes where they differ.
fn is_same(given: &[u8], key: &[u8]) -> bool {
    let differs = given
        .iter()
        .zip(key)
        .fold(0, |differs, (a, b)| differs | (a ^ b));
    given.len() == key.len() && differs == 0
}

/// Slow, down, forgetful or half-open, as it was told to be.
async fn as_told(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let (fate, wait) = desk.faults.next();
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    match fate {
        Fate::Answered => next.run(request).await,
        Fate::Refused => {
            let problem = Problem::unavailable("The gateway was told to be down.");
            Refused(problem).into_response()
        }
        Fate::Swallowed => silence().await,
        Fate::DoneInSilence => {
            let is_new = request.uri().path() == "/payments";
            let answer = next.run(request).await;
            if is_new {
                desk.tell_unanswered(answer.headers()).await;
            }
            silence().await
        }
    }
}

async fn silence() -> Response {
    let _ = tokio::time::timeout(SILENCE, pending::<()>()).await;
    Refused(Problem::unavailable("Nobody was meant to hear this.")).into_response()
}

/// In which a payment's answer names it to whoever stands around the handler.
const PAYMENT_HEADER: &str = "payment-id";

impl Desk {
    /// Whoever asked has heard nothing: they are told by webhook.
    async fn tell_unanswered(&self, answered: &HeaderMap) {
        let id = answered.get(PAYMENT_HEADER);
        let Some(id) = id.and_then(|id| id.to_str().ok()).map(str::to_owned) else {
            return;
        };
        let Ok(Some(payment)) = books::find(self.ledger.reader(), &id).await else {
            return;
        };
        let put = self.ledger.write(move |c| {
            Box::pin(async move { outbox::put(c, &payment.news(payment.kind()), now_us()).await })
        });
        if let Err(error) = put.await {
            tracing::error!(%error, "news of a payment is lost");
        }
        self.wake.notify_one();
    }
}

fn new_id(prefix: &str) -> String {
    format!("{prefix}_{}", Uuid::now_v7().simple())
}

/// What a page without JavaScript posts.
#[derive(Deserialize)]
struct CardForm {
    number: String,
    /// `MM / YY`
    expiry: String,
    cvc: String,
}

impl From<CardForm> for Card {
    fn from(form: CardForm) -> Self {
        let (exp_month, exp_year) = read_expiry(&form.expiry);
        Self {
            number: form.number,
            exp_month,
            exp_year,
            cvc: form.cvc,
        }
    }
}

/// Month and year of `MM / YY`; zeros, which no card has, for anything else.
fn read_expiry(text: &str) -> (u32, u32) {
    let number = |text: &str| text.trim().parse().unwrap_or(0);
    text.split_once('/')
        .map_or((0, 0), |(month, year)| (number(month), number(year)))
}

async fn tokens(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Answer<Response> {
    let content = headers.get(CONTENT_TYPE);
    let content = content.map(HeaderValue::as_bytes).unwrap_or_default();
    let card = if content.starts_with(b"application/json") {
        serde_json::from_slice::<Card>(&body).ok()
    } else if content.starts_with(b"application/x-www-form-urlencoded") {
        let form = serde_urlencoded::from_bytes::<CardForm>(&body).ok();
        form.map(Card::from)
    } else {
        let detail = "Expected a card as application/json or application/x-www-form-urlencoded.";
        return Err(Refused(Problem {
            status: 415,
            ..Problem::malformed(detail)
        }));
    };
    // The words of a parser may repeat what it read, and that may be a card number.
    let card = card.ok_or_else(|| {
        Problem::malformed(
            "Expected number, exp_month, exp_year and cvc (JSON), or number, expiry and cvc (form).",
        )
    })?;
    let now_us = now_us();
    let (token, outcome) = look_at(&card, new_id("pm"), now_us)?;
    let kept = token.clone();
    desk.write(move |c| {
        Box::pin(async move {
            books::forget_tokens(c, now_us).await?;
            books::keep_token(c, &kept, outcome, now_us).await
        })
    })
    .await?;
    Ok(Json(token).into_response())
}

/// The key that makes a request safe to repeat.
fn key_of(headers: &HeaderMap) -> Result<String, Problem> {
    let key = headers.get(IDEMPOTENCY_KEY);
    let key = key.and_then(|key| key.to_str().ok()).unwrap_or_default();
    match (1..=MAX_NAME).contains(&key.len()) {
        true => Ok(key.to_owned()),
        false => Err(Problem::malformed(
            "Expected an Idempotency-Key of 1 to 128 characters.",
        )),
    }
}

fn read<T: for<'a> Deserialize<'a>>(body: &Bytes) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::malformed(error.to_string()))
}

/// Whether an amount and a currency are some.
fn check_money(amount_minor: i64, currency: &str) -> Result<(), Problem> {
    let mut errors = Vec::new();
    if amount_minor <= 0 {
        errors.push(FieldError::new("amount_minor", "Expected at least 1."));
    }
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        errors.push(FieldError::new(
            "currency",
            "Expected three letters, like EUR.",
        ));
    }
    match errors.is_empty() {
        true => Ok(()),
        false => Err(Problem::invalid(errors)),
    }
}

async fn authorize(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Answer<Response> {
    let key = key_of(&headers)?;
    let request: Authorize = read(&body)?;
    check_money(request.amount_minor, &request.currency)?;
    let is_long = [&request.reference, &request.payment_token]
        .iter()
        .any(|text| text.len() > MAX_NAME);
    if is_long || request.return_url.len() > MAX_URL {
        let detail = "A reference and a token have 128 characters at most, an address 1,024.";
        return Err(Problem::malformed(detail).into());
    }
    let (id, lives) = (new_id("auth"), desk.lives());
    let payment = desk
        .write(move |c| {
            Box::pin(async move { books::authorize(c, id, &key, &request, lives, now_us()).await })
        })
        .await?;
    Ok(answer(&payment))
}

fn answer(payment: &Payment) -> Response {
    let mut response = Json(payment.answer()).into_response();
    if let Ok(id) = HeaderValue::from_str(&payment.id) {
        response.headers_mut().insert(PAYMENT_HEADER, id);
    }
    response
}

fn found(payment: Option<Payment>) -> Answer<Payment> {
    let unknown = || Problem::not_found("There is no payment of this name.");
    Ok(payment.ok_or_else(unknown)?)
}

async fn show(State(desk): State<Desk>, Path(id): Path<String>) -> Answer<Response> {
    let payment = found(books::find(desk.ledger.reader(), &id).await?)?;
    Ok(answer(&payment))
}

async fn capture(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<Response> {
    let key = key_of(&headers)?;
    let money: MoveMoney = read(&body)?;
    let moved = desk
        .write(move |c| {
            Box::pin(async move {
                books::move_money(c, &id, &key, &money, Kind::Capture, now_us()).await
            })
        })
        .await?;
    Ok(Json(moved).into_response())
}

async fn refund(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<Response> {
    let key = key_of(&headers)?;
    let money: MoveMoney = read(&body)?;
    let (refund_id, is_slow) = (new_id("re"), desk.faults.is_slow_refund());
    let begun = desk
        .write(move |c| {
            Box::pin(async move {
                refunds::begin(c, (refund_id, &id), &key, &money, is_slow, now_us()).await
            })
        })
        .await?;
    Ok(Json(begun).into_response())
}

async fn show_refund(State(desk): State<Desk>, Path(id): Path<String>) -> Answer<Response> {
    let found = refunds::find(desk.ledger.reader(), &id).await?;
    let unknown = || Problem::not_found("There is no refund of this name.");
    Ok(Json(found.ok_or_else(unknown)?).into_response())
}

/// What becomes of a refund that is on its way.
#[derive(Deserialize)]
struct RefundEnd {
    done: bool,
}

async fn end_refund(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer<Response> {
    let RefundEnd { done } = read(&body)?;
    let ended = desk
        .write(move |c| Box::pin(async move { refunds::end(c, &id, done, now_us()).await }))
        .await?;
    desk.wake.notify_one();
    match ended {
        Some(()) => Ok(StatusCode::NO_CONTENT.into_response()),
        None => Err(Problem::not_found("There is no such refund that could end so.").into()),
    }
}

async fn void(State(desk): State<Desk>, Path(id): Path<String>) -> Answer<Response> {
    let voided = desk
        .write(move |c| Box::pin(async move { books::void(c, &id).await }))
        .await?;
    Ok(answer(&found(voided)?))
}

async fn hold_again(State(desk): State<Desk>, Path(id): Path<String>) -> Answer<Response> {
    let lives = desk.lives();
    let held = desk
        .write(move |c| Box::pin(async move { books::hold_again(c, &id, lives, now_us()).await }))
        .await?;
    Ok(answer(&found(held)?))
}

async fn challenge_page(State(desk): State<Desk>, Path(id): Path<String>) -> Answer<Response> {
    let payment = found(books::find(desk.ledger.reader(), &id).await?)?;
    Ok((challenge::headers(), Html(challenge::page(&payment))).into_response())
}

#[derive(Deserialize)]
struct ChallengeForm {
    answer: String,
}

async fn challenge_answer(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer<Response> {
    let form = serde_urlencoded::from_bytes::<ChallengeForm>(&body).ok();
    let form = form.ok_or_else(|| Problem::malformed("Expected an answer: approve or refuse."))?;
    let is_approved = form.answer == "approve";
    let lives = desk.lives();
    let answered = desk
        .write(move |c| {
            Box::pin(
                async move { books::answer_challenge(c, &id, is_approved, lives, now_us()).await },
            )
        })
        .await?;
    desk.wake.notify_one();
    let payment = found(answered)?;
    if payment.return_url.is_empty() {
        return Ok(Html(challenge::page(&payment)).into_response());
    }
    Ok((challenge::headers(), Redirect::to(&payment.return_url)).into_response())
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: i64,
}

#[derive(Deserialize)]
struct AfterKey {
    #[serde(default)]
    after: String,
}

#[derive(Serialize)]
struct Page<T> {
    lines: Vec<T>,
    /// Whether there may be more after these.
    more: bool,
}

fn page<T: Serialize>(lines: Vec<T>) -> Response {
    let more = i64::try_from(lines.len()).is_ok_and(|len| len >= settlement::PAGE);
    Json(Page { lines, more }).into_response()
}

async fn list_payments(
    State(desk): State<Desk>,
    Query(After { after }): Query<After>,
) -> Answer<Response> {
    Ok(page(
        settlement::payments(desk.ledger.reader(), after).await?,
    ))
}

async fn list_movements(
    State(desk): State<Desk>,
    Query(AfterKey { after }): Query<AfterKey>,
) -> Answer<Response> {
    let ever = (i64::MIN, i64::MAX);
    Ok(page(
        settlement::movements(desk.ledger.reader(), ever, &after).await?,
    ))
}

async fn settle(
    State(desk): State<Desk>,
    Path(day): Path<String>,
    Query(AfterKey { after }): Query<AfterKey>,
) -> Answer<Response> {
    let unknown = || Problem::malformed("Expected a day, like 2026-11-30.");
    let day = settlement::day_us(&day).ok_or_else(unknown)?;
    Ok(page(
        settlement::movements(desk.ledger.reader(), day, &after).await?,
    ))
}

async fn behaviour(State(desk): State<Desk>) -> Json<Behaviour> {
    Json(desk.faults.now())
}

async fn behave(State(desk): State<Desk>, body: Bytes) -> Answer<Json<Behaviour>> {
    desk.faults.set(read(&body)?);
    Ok(Json(desk.faults.now()))
}

async fn behave_well(State(desk): State<Desk>) -> Json<Behaviour> {
    desk.faults.reset();
    Json(desk.faults.now())
}

/// An entry of the books that is to be wrong.
#[derive(Deserialize)]
struct Falsified {
    idempotency_key: String,
    /// None: the line is torn out.
    amount_minor: Option<i64>,
}

async fn falsify(State(desk): State<Desk>, body: Bytes) -> Answer<Response> {
    let Falsified {
        idempotency_key,
        amount_minor,
    } = read(&body)?;
    let changed = desk
        .write(move |c| {
            Box::pin(async move {
                let sql = match amount_minor {
                    Some(_) => "update movements set amount_minor = $2 where idempotency_key = $1",
                    None => "delete from movements where idempotency_key = $1",
                };
                let change = sqlx::query(sql).bind(idempotency_key);
                let change = match amount_minor {
                    Some(minor) => change.bind(minor),
                    None => change,
                };
                Ok(change.execute(c).await?.rows_affected())
            })
        })
        .await?;
    match changed {
        0 => Err(Problem::not_found("There is no movement of this key.").into()),
        _ => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}
