//! What can be kept and compared later: the head of the log, for everybody, and the record of an order, for who
//! may see it.

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use services::{LogHead, Visitor};
use types::{OrderId, Problem};

use super::problem::HttpProblem;
use super::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/log-head", get(newest))
        .route("/log-head/{position}", get(at))
        .route("/orders/{order}/record.json", get(of_order))
}

async fn newest(State(state): State<AppState>) -> Response {
    head(state.shop.log_head(None).await)
}

async fn at(State(state): State<AppState>, Path(position): Path<String>) -> Response {
    match position.parse() {
        Ok(position) => head(state.shop.log_head(Some(position)).await),
        Err(_) => HttpProblem(no_such_event()).into_response(),
    }
}

fn head(found: services::Result<Option<LogHead>>) -> Response {
    match found {
        Ok(Some(head)) => ([(CACHE_CONTROL, "no-store")], Json(head)).into_response(),
        Ok(None) => HttpProblem(no_such_event()).into_response(),
        Err(problem) => HttpProblem(problem).into_response(),
    }
}

fn no_such_event() -> Problem {
    Problem::not_found("The log has no event with a hash there.")
}

async fn of_order(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    Path(order): Path<String>,
) -> Response {
    let record = async {
        let id = order.parse::<OrderId>().map_err(|_| no_such_order())?;
        let record = state.shop.order_record(visitor.shopper, id).await?;
        record.ok_or_else(no_such_event)
    };
    match record.await {
        Ok(record) => {
            let file = format!("attachment; filename=\"{}.json\"", record.order);
            let headers = [
                (CONTENT_DISPOSITION, file),
                (CACHE_CONTROL, "no-store".to_owned()),
            ];
            (headers, Json(record)).into_response()
        }
        Err(problem) => HttpProblem(problem).into_response(),
    }
}

fn no_such_order() -> Problem {
    Problem::not_found("There is no such order.")
}
