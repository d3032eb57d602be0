//! `/events`: the log for programs of others, as CloudEvents 1.0 over HTTP. They send single events (structured or
//! binary) and batches, and read from a position on, by request or as a stream.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE, LINK};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::{Stream, stream};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use services::{Asked, CloudEvent, MAX_BATCH, MAX_EVENT, ServiceAccount, outside_form};
use tokio::sync::watch;
use types::Problem;

use super::bearer::{self, Admitted, whole};
use super::event_query::EventQuery;
use super::problem::HttpProblem;
use super::state::AppState;
use super::waiting::Place;

/// Between two signs of life on a stream; then the token is looked at again, too.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events that a stream holds at once: what nobody takes stays in the log.
const PAGE: usize = 64;

/// After every event there will be.
const FAR: u64 = i64::MAX.unsigned_abs();

const STRUCTURED: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";
/// Up to which position an answer says everything.
const LOG_POSITION: HeaderName = HeaderName::from_static("log-position");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

pub fn routes() -> Router<AppState> {
    Router::new().route("/events", get(read).post(send))
}

/// Waits for as long as was asked for, and no longer than the shop runs.
pub async fn patience(wait: Duration, mut stop: watch::Receiver<bool>) {
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

async fn send(
    State(state): State<AppState>,
    Admitted(account): Admitted,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let read = match whole(body).await {
        Ok(body) => events_of(&headers, &body),
        Err(problem) => Err(problem),
    };
    let read = match read {
        Ok(read) => read,
        Err(problem) => return HttpProblem(problem).into_response(),
    };
    if let Err(too_many) = state.pace.service_events(account.name(), read.events.len()) {
        return bearer::too_many(too_many);
    }
    let is_batch = read.is_batch;
    let taken = state
        .shop
        .take_events(&account, read.events, is_batch)
        .await;
    let accepted = match taken {
        Ok(accepted) => accepted,
        Err(problem) => return HttpProblem(problem).into_response(),
    };
    let is_new = accepted.iter().any(|event| !event.repeated);
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    match (is_batch, accepted.first()) {
        (false, Some(one)) => (status, Json(one)).into_response(),
        _ => (status, Json(accepted)).into_response(),
    }
}

/// What was sent.
struct Sent {
    events: Vec<CloudEvent>,
    is_batch: bool,
}

fn events_of(headers: &HeaderMap, body: &Bytes) -> Result<Sent, Problem> {
    let content = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let content = content
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    let content = content.trim().to_ascii_lowercase();
    let is_binary = headers.contains_key("ce-specversion");
    let json = || {
        serde_json::from_slice::<Value>(body)
            .map_err(|error| Problem::malformed(format!("The body is no JSON: {error}.")))
    };
    if content == BATCH {
        let Value::Array(values) = json()? else {
            return Err(Problem::malformed(
                "Expected a list of CloudEvents in JSON.",
            ));
        };
        if values.len() > MAX_BATCH {
            let detail = format!("Expected at most {MAX_BATCH} events in a batch.");
            return Err(too_large(detail));
        }
        let mut events = Vec::with_capacity(values.len());
        let mut wrong = Vec::new();
        for (number, value) in values.into_iter().enumerate() {
            match CloudEvent::read(value, &format!("/{number}")) {
                Ok(event) => events.push(event),
                Err(errors) => wrong.extend(errors),
            }
        }
        return match wrong.is_empty() {
            true => Ok(Sent {
                events,
                is_batch: true,
            }),
            false => Err(services::wrong_fields(wrong)),
        };
    }
    // What holds one event beside its content is small.
    if body.len() > 2 * MAX_EVENT {
        let detail = format!("Expected at most {MAX_EVENT} bytes in the data of an event.");
        return Err(too_large(detail));
    }
    let value = if content == STRUCTURED {
        json()?
    } else if is_binary {
        binary(headers, &content, body)?
    } else {
        return Err(Problem {
            kind: "/problems/unknown-content".to_owned(),
            title: "This is not sent so".to_owned(),
            status: 415,
            ..Problem::malformed(format!(
                "Expected CloudEvents 1.0: Content-Type {STRUCTURED} or {BATCH}, or the headers ce-specversion, \
                 ce-id, ce-source and ce-type with the content as application/json."
            ))
        });
    };
    let event = CloudEvent::read(value, "").map_err(services::wrong_fields)?;
    Ok(Sent {
        events: vec![event],
        is_batch: false,
    })
}

fn too_large(detail: String) -> Problem {
    Problem {
        kind: "/problems/too-large".to_owned(),
        title: "The request is too large".to_owned(),
        status: 413,
        ..Problem::malformed(detail)
    }
}

/// The same event in the JSON format: attributes from the headers, content from the body.
fn binary(headers: &HeaderMap, content: &str, body: &Bytes) -> Result<Value, Problem> {
    let mut event = Map::new();
    for (name, value) in headers {
        let Some(name) = name.as_str().strip_prefix("ce-") else {
            continue;
        };
        let text = value.to_str().ok();
        let text = text.and_then(|text| percent_decode_str(text).decode_utf8().ok());
        let Some(text) = text else {
            let detail = format!("The header ce-{name} is to be UTF-8, percent-encoded.");
            return Err(Problem::malformed(detail));
        };
        if event.insert(name.to_owned(), text.into()).is_some() {
            let detail = format!("The header ce-{name} stands there twice.");
            return Err(Problem::malformed(detail));
        }
    }
    if !content.is_empty() {
        event.insert("datacontenttype".to_owned(), content.into());
    }
    if !body.is_empty() && (content.is_empty() || content == "application/json") {
        let data = serde_json::from_slice(body)
            .map_err(|error| Problem::malformed(format!("The body is no JSON: {error}.")))?;
        event.insert("data".to_owned(), data);
    }
    Ok(Value::Object(event))
}

async fn read(
    State(state): State<AppState>,
    Admitted(account): Admitted,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let answer = match wants_stream(&headers) {
        true => streamed(&state, account, &uri, &headers).await,
        false => page(&state, &account, &uri).await,
    };
    answer.unwrap_or_else(|problem| HttpProblem(problem).into_response())
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/event-stream"))
}

async fn page(state: &AppState, account: &ServiceAccount, uri: &Uri) -> Result<Response, Problem> {
    let query = EventQuery::read(uri, &["after", "types", "topics", "limit", "wait"])?;
    let _place = match query.wait.is_zero() {
        true => None,
        false => Some(state.waiting.place(account)?),
    };
    let until = patience(query.wait, state.stop.clone());
    let read = state
        .shop
        .read_events(account, &query.asked, query.after, query.limit, until)
        .await?;
    let mut body = String::from("[");
    for (number, event) in read.events.iter().enumerate() {
        if number > 0 {
            body.push(',');
        }
        body.push_str(&outside_form(event)?);
    }
    body.push(']');
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(BATCH));
    headers.insert(LOG_POSITION, HeaderValue::from(read.at));
    if let Ok(next) = HeaderValue::from_str(&next_link(&query, read.at)) {
        headers.insert(LINK, next);
    }
    Ok(response)
}

/// Where it goes on.
fn next_link(query: &EventQuery, at: u64) -> String {
    let mut next = form_urlencoded::Serializer::new(String::new());
    next.append_pair("after", &at.to_string());
    for (name, patterns) in [
        ("types", &query.asked.types),
        ("topics", &query.asked.topics),
    ] {
        if !patterns.is_empty() {
            next.append_pair(name, &patterns.join(","));
        }
    }
    next.append_pair("limit", &query.limit.to_string());
    if !query.wait.is_zero() {
        next.append_pair("wait", &query.wait.as_secs().to_string());
    }
    format!("</events?{}>; rel=\"next\"", next.finish())
}

/// Where a stream is.
struct Feed {
    state: AppState,
    token: String,
    account: ServiceAccount,
    asked: Asked,
    /// Everything up to here was looked at.
    at: u64,
    /// What the reader is told next.
    next: VecDeque<Event>,
    /// When the token was looked at.
    seen: Instant,
    _place: Place,
}

async fn streamed(
    state: &AppState,
    account: ServiceAccount,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let query = EventQuery::read(uri, &["after", "types", "topics"])?;
    let after = match headers.get(LAST_EVENT_ID) {
        Some(last) => {
            let last = last.to_str().ok().and_then(|last| last.trim().parse().ok());
            let last = last.filter(|last| *last <= FAR);
            last.ok_or_else(|| {
                Problem::invalid_field("Last-Event-ID", "Last-Event-ID is to be a position.")
            })?
        }
        None => query.after,
    };
    // What may not be asked for is refused before anything is streamed.
    let nothing = std::future::ready(());
    let asked = query.asked;
    state
        .shop
        .read_events(&account, &asked, FAR, 1, nothing)
        .await?;
    let feed = Feed {
        state: state.clone(),
        token: bearer::token(headers).unwrap_or_default().to_owned(),
        asked,
        at: after,
        // At once, so that the reader knows that it is heard.
        next: VecDeque::from([Event::default().comment("here")]),
        seen: Instant::now(),
        _place: state.waiting.place(&account)?,
        account,
    };
    Ok(Sse::new(events(feed)).into_response())
}

/// Nothing is read before the reader has taken what was: one that takes nothing is cut off by its connection.
fn events(feed: Feed) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(feed, async |mut feed| {
        loop {
            if *feed.state.stop.borrow() {
                return None;
            }
            if let Some(event) = feed.next.pop_front() {
                return Some((Ok(event), feed));
            }
            if let Err(ended) = feed.fill().await {
                tracing::debug!(service = feed.account.name(), %ended, "a stream ends");
                return None;
            }
        }
    })
}

impl Feed {
    async fn fill(&mut self) -> Result<(), Problem> {
        if self.seen.elapsed() >= HEARTBEAT {
            self.account = self.state.shop.service_account(Some(&self.token)).await?;
            self.seen = Instant::now();
        }
        let until = patience(HEARTBEAT, self.state.stop.clone());
        let read = self
            .state
            .shop
            .read_events(&self.account, &self.asked, self.at, PAGE, until)
            .await?;
        for event in &read.events {
            let position = event.position.to_string();
            let event = Event::default().id(position).data(outside_form(event)?);
            self.next.push_back(event);
        }
        if read.events.is_empty() {
            // What comes back later need not look through it again.
            let beat = match read.at > self.at {
                true => Event::default().id(read.at.to_string()),
                false => Event::default().comment("still here"),
            };
            self.next.push_back(beat);
        }
        self.at = read.at;
        Ok(())
    }
}
