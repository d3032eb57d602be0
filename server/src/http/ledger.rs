//! The ledger of a SKU as a file. Its page is one of `app`.

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use futures::stream;
use services::{Shop, Staff, Visitor, ledger_csv, ledger_csv_head};
use types::ledger::LedgerRow;
use types::{Problem, Sku};

use super::problem::HttpProblem;
use super::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new().route("/admin/inventory/{sku}/ledger.csv", get(csv))
}

async fn csv(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    Path(sku): Path<String>,
) -> Response {
    let Some(staff) = visitor.staff else {
        return Redirect::to("/admin/sign-in").into_response();
    };
    let Ok(sku) = sku.parse::<Sku>() else {
        let problem = Problem::not_found("There is no such SKU.");
        return HttpProblem(problem).into_response();
    };
    // The first part here, so that a refusal is told as one.
    let first = match state.shop.ledger_after(&staff, &sku, 0).await {
        Ok(first) => first,
        Err(problem) => return HttpProblem(problem).into_response(),
    };
    let named = format!("attachment; filename=\"ledger-{sku}.csv\"");
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, named),
    ];
    let shop = state.shop.clone();
    (headers, whole(shop, staff, sku, first)).into_response()
}

/// All movements, read part by part while they are sent.
fn whole(shop: Shop, staff: Staff, sku: Sku, first: Vec<LedgerRow>) -> Body {
    let head = Bytes::from(ledger_csv_head());
    let parts = stream::try_unfold((Some(first), 0_u64), move |(known, after)| {
        let (shop, staff, sku) = (shop.clone(), staff.clone(), sku.clone());
        async move {
            let rows = match known {
                Some(rows) => rows,
                None => (shop.ledger_after(&staff, &sku, after).await)
                    .map_err(|problem| std::io::Error::other(problem.detail))?,
            };
            let Some(last) = rows.last() else {
                return Ok::<_, std::io::Error>(None);
            };
            let after = last.position;
            Ok(Some((Bytes::from(ledger_csv(&rows)), (None, after))))
        }
    });
    Body::from_stream(futures::StreamExt::chain(
        stream::once(async { Ok(head) }),
        parts,
    ))
}
