//! Packing slips and invoices as files. Their pages are those of `app`.

use axum::extract::{RawQuery, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use papers::{House, PaperError};
use services::Visitor;
use types::house::HOUSE;
use types::order::Order;
use types::{OrderId, Problem};

use super::problem::HttpProblem;
use super::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin/print/slips.pdf", get(slips))
        .route("/admin/print/invoices.pdf", get(invoices))
}

type Draw = fn(House<'_>, &[Order]) -> Result<Vec<u8>, PaperError>;

async fn slips(state: State<AppState>, visitor: Extension<Visitor>, query: RawQuery) -> Response {
    file(state, visitor, query, "packing-slips.pdf", papers::slips).await
}

async fn invoices(
    state: State<AppState>,
    visitor: Extension<Visitor>,
    query: RawQuery,
) -> Response {
    file(state, visitor, query, "invoices.pdf", papers::invoices).await
}

async fn file(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
    name: &'static str,
    draw: Draw,
) -> Response {
    let Some(staff) = visitor.staff else {
        return Redirect::to("/admin/sign-in").into_response();
    };
    let named = form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes());
    let named = named.filter(|(field, _)| field == "order");
    let ids: Vec<OrderId> = named.filter_map(|(_, id)| id.parse().ok()).collect();
    let drawn = async {
        let orders = state.shop.papers(&staff, &ids).await?;
        if orders.is_empty() {
            return Err(Problem::not_found("There is no such order."));
        }
        Ok(pdf(name, move |house| draw(house, &orders)).await)
    };
    drawn
        .await
        .unwrap_or_else(|problem| HttpProblem(problem).into_response())
}

/// The answer that shows a paper.
pub async fn pdf(
    name: &str,
    draw: impl FnOnce(House<'static>) -> Result<Vec<u8>, PaperError> + Send + 'static,
) -> Response {
    // Not on the threads that answer requests: many papers take a while.
    let drawn = tokio::task::spawn_blocking(move || draw(House { name: HOUSE })).await;
    let drawn = drawn.map_err(|error| error.to_string());
    match drawn.and_then(|drawn| drawn.map_err(|error| error.to_string())) {
        Ok(pdf) => {
            let shown = format!("inline; filename=\"{name}\"");
            let headers = [
                (CONTENT_TYPE, "application/pdf".to_owned()),
                (CONTENT_DISPOSITION, shown),
            ];
            (headers, pdf).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "{name} cannot be drawn");
            HttpProblem(Problem::internal()).into_response()
        }
    }
}
