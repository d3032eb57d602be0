//! What the shop knows of a person, as a file for them. The page is that of `app`.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use axum::{Extension, Form, Router};
use serde::Deserialize;
use services::Visitor;
use types::Problem;

use super::problem::HttpProblem;
use super::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new().route("/admin/persons/export", post(export))
}

/// Posted, so that no address holds the email.
#[derive(Debug, Deserialize)]
struct Sought {
    #[serde(default)]
    email: String,
}

async fn export(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    Form(Sought { email }): Form<Sought>,
) -> Response {
    let Some(staff) = visitor.staff else {
        return Redirect::to("/admin/sign-in").into_response();
    };
    let known = state.shop.export_person(&staff, &email).await;
    let written = known.and_then(|person| {
        serde_json::to_vec_pretty(&person).map_err(|error| {
            tracing::error!(%error, "a person cannot be written down");
            Problem::internal()
        })
    });
    match written {
        Ok(json) => {
            let headers = [
                (CONTENT_TYPE, "application/json"),
                (CONTENT_DISPOSITION, "attachment; filename=\"person.json\""),
                (CACHE_CONTROL, "no-store"),
            ];
            (headers, json).into_response()
        }
        Err(problem) => HttpProblem(problem).into_response(),
    }
}
