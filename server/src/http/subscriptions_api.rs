//! `/subscriptions`: durable subscriptions of programs of others. They read what is theirs for a while, and say what
//! they have handled.

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{post, put};
use axum::{Json, Router};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use services::{ServiceAccount, outside_form};
use types::Problem;

use super::bearer::{Admitted, whole};
use super::event_query::EventQuery;
use super::events_api::patience;
use super::problem::HttpProblem;
use super::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/subscriptions/{name}", put(make).get(look).delete(end))
        .route("/subscriptions/{name}/read", post(read))
        .route("/subscriptions/{name}/acknowledgements", post(acknowledge))
}

/// Events that a reader has now.
#[derive(Debug, Serialize)]
struct GivenBody {
    /// To be shown with the acknowledgement; null when there are no events.
    lease: Option<String>,
    /// RFC 3339: from then on others may get them.
    until: Option<String>,
    events: Vec<GivenEventBody>,
}

#[derive(Debug, Serialize)]
struct GivenEventBody {
    position: u64,
    /// 1 for the first time.
    attempt: u32,
    event: Box<RawValue>,
}

fn answered(answer: Result<Response, Problem>) -> Response {
    answer.unwrap_or_else(|problem| HttpProblem(problem).into_response())
}

/// What a body says; `{}` for none.
fn said<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| {
        let detail = format!("The body is not what is expected here: {error}.");
        match error.is_data() {
            true => Problem::invalid_field("", detail),
            false => Problem::malformed(detail),
        }
    })
}

async fn make(
    State(state): State<AppState>,
    Admitted(account): Admitted,
    Path(name): Path<String>,
    body: Body,
) -> Response {
    let made = async {
        let body = whole(body).await?;
        let (view, is_new) = state.shop.subscribe(&account, &name, said(&body)?).await?;
        let status = if is_new {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        Ok((status, Json(view)).into_response())
    };
    answered(made.await)
}

async fn look(
    State(state): State<AppState>,
    Admitted(account): Admitted,
    Path(name): Path<String>,
) -> Response {
    let view = state.shop.subscription(&account, &name).await;
    answered(view.map(|view| Json(view).into_response()))
}

async fn end(
    State(state): State<AppState>,
    Admitted(account): Admitted,
    Path(name): Path<String>,
) -> Response {
    let ended = state.shop.unsubscribe(&account, &name).await;
    answered(ended.map(|()| StatusCode::NO_CONTENT.into_response()))
}

async fn read(
    State(state): State<AppState>,
    Admitted(account): Admitted,
    Path(name): Path<String>,
    uri: Uri,
) -> Response {
    answered(given(&state, &account, &name, &uri).await)
}

async fn given(
    state: &AppState,
    account: &ServiceAccount,
    name: &str,
    uri: &Uri,
) -> Result<Response, Problem> {
    let query = EventQuery::read(uri, &["limit", "wait"])?;
    let waits = !query.wait.is_zero();
    let _place = match waits {
        true => Some(state.waiting.place(account)?),
        false => None,
    };
    let until = patience(query.wait, state.stop.clone());
    let given = state
        .shop
        .pull_events(account, name, query.limit, waits, until)
        .await?;
    let Some(given) = given else {
        let nothing = GivenBody {
            lease: None,
            until: None,
            events: Vec::new(),
        };
        return Ok(Json(nothing).into_response());
    };
    let mut events = Vec::with_capacity(given.events.len());
    for one in &given.events {
        let event = RawValue::from_string(outside_form(&one.event)?);
        events.push(GivenEventBody {
            position: one.event.position,
            attempt: one.attempt,
            event: event.map_err(|_| Problem::internal())?,
        });
    }
    let until = jiff::Timestamp::from_microsecond(given.until_us);
    Ok(Json(GivenBody {
        lease: Some(given.lease),
        until: until.ok().map(|until| until.to_string()),
        events,
    })
    .into_response())
}

async fn acknowledge(
    State(state): State<AppState>,
    Admitted(account): Admitted,
    Path(name): Path<String>,
    body: Body,
) -> Response {
    let taken = async {
        let body = whole(body).await?;
        let outcomes = state
            .shop
            .acknowledge(&account, &name, said(&body)?)
            .await?;
        Ok(Json(outcomes).into_response())
    };
    answered(taken.await)
}
