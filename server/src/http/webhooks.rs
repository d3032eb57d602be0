//! Messages of carriers and gateways: news that nobody here has asked for. Believed is who signs as Standard
//! Webhooks has it, and what was sent just now; a message that comes again is answered like the first time, and
//! nothing happens twice. No cookie and no limit per visitor: it is not a visitor who comes here.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use services::Taken;
use services::stripe::{self, NotBelieved};
use types::Problem;
use webhooks::{Headers, ID_HEADER, Refusal, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER};

use super::problem::HttpProblem;
use super::state::AppState;
use crate::gateway::SIMULATOR_WEBHOOKS;
use crate::measure;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/webhooks/carriers/{carrier}", post(of_carrier))
        .route(SIMULATOR_WEBHOOKS, post(of_simulator))
        .route("/webhooks/payments/stripe", post(of_stripe))
}

async fn of_carrier(
    State(state): State<AppState>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some((carrier, secret)) = state.senders.carrier(&name) else {
        return nobody("carrier");
    };
    let taken = async |id: &str| state.shop.take_carrier_message(carrier, id, &body).await;
    answer(&state, secret, &headers, &body, taken).await
}

async fn of_simulator(State(state): State<AppState>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(secret) = &state.senders.simulator else {
        return nobody("gateway");
    };
    let taken = async |id: &str| state.shop.take_payment_message(id, &body).await;
    answer(&state, secret, &headers, &body, taken).await
}

async fn of_stripe(State(state): State<AppState>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(secret) = &state.senders.stripe else {
        return nobody("gateway");
    };
    let signature = headers.get("stripe-signature").map(HeaderValue::to_str);
    let signature = signature.and_then(Result::ok).unwrap_or_default();
    let now_s = state.shop.now_us().div_euclid(1_000_000);
    if let Err(not_believed) = stripe::verify(secret, signature, &body, now_s) {
        let outcome = match not_believed {
            NotBelieved::Header => "unsigned",
            NotBelieved::Time => "stale",
            NotBelieved::Signature => "forged",
        };
        return refused(outcome, &not_believed);
    }
    answered(state.shop.take_stripe_message(&body).await)
}

/// The answer to a message of somebody who is unknown here.
fn nobody(what: &str) -> Response {
    measure::webhook("unknown");
    let detail = format!("This shop hears no {what} of that name.");
    HttpProblem(Problem::not_found(detail)).into_response()
}

/// Has a message taken, once it is known to come from who knows `secret`. `take` is told its id.
async fn answer(
    state: &AppState,
    secret: &Secret,
    headers: &HeaderMap,
    body: &Bytes,
    take: impl AsyncFnOnce(&str) -> Result<Taken, Problem>,
) -> Response {
    let header = |name| {
        let mut values = headers.get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        // Which of two would be meant nobody knows.
        values.next().is_none().then_some(value)
    };
    let given = (
        header(ID_HEADER),
        header(TIMESTAMP_HEADER),
        header(SIGNATURE_HEADER),
    );
    let (Some(id), Some(timestamp), Some(signature)) = given else {
        return not_believed(Refusal::Headers);
    };
    let headers = Headers {
        id,
        timestamp,
        signature,
    };
    let now_s = state.shop.now_us().div_euclid(1_000_000);
    if let Err(refusal) = secret.verify(headers, body, now_s) {
        return not_believed(refusal);
    }
    answered(take(id).await)
}

fn answered(taken: Result<Taken, Problem>) -> Response {
    match taken {
        Ok(Taken::Now) => {
            measure::webhook("taken");
            StatusCode::OK.into_response()
        }
        Ok(Taken::Before) => {
            measure::webhook("repeated");
            StatusCode::OK.into_response()
        }
        Err(problem) => {
            measure::webhook("not_taken");
            HttpProblem(problem).into_response()
        }
    }
}

fn not_believed(refusal: Refusal) -> Response {
    let outcome = match refusal {
        Refusal::Headers => "unsigned",
        Refusal::Time => "stale",
        Refusal::Signature => "forged",
    };
    refused(outcome, &refusal)
}

fn refused(outcome: &'static str, why: &dyn std::error::Error) -> Response {
    measure::webhook(outcome);
    let problem = Problem {
        kind: "/problems/not-believed".to_owned(),
        title: "This message is not believed".to_owned(),
        ..Problem::unauthenticated(format!("{why}."))
    };
    HttpProblem(problem).into_response()
}
