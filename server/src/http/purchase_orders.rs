//! Orders to suppliers as files. Their pages are those of `app`.

use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use services::{Visitor, purchase_csv};
use types::Problem;
use types::purchasing::PurchaseView;

use super::papers;
use super::problem::HttpProblem;
use super::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin/purchase-orders/{id}/order.pdf", get(pdf))
        .route("/admin/purchase-orders/{id}/order.csv", get(csv))
}

async fn pdf(state: State<AppState>, visitor: Extension<Visitor>, id: Path<String>) -> Response {
    let order = match order(state, visitor, id).await {
        Ok(order) => order,
        Err(answer) => return answer,
    };
    let name = format!("{}.pdf", order.row.number);
    papers::pdf(&name, move |house| ::papers::purchase_order(house, &order)).await
}

async fn csv(state: State<AppState>, visitor: Extension<Visitor>, id: Path<String>) -> Response {
    let order = match order(state, visitor, id).await {
        Ok(order) => order,
        Err(answer) => return answer,
    };
    let named = format!("attachment; filename=\"{}.csv\"", order.row.number);
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, named),
    ];
    (headers, purchase_csv(&order)).into_response()
}

async fn order(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<PurchaseView, Response> {
    let Some(staff) = visitor.staff else {
        return Err(Redirect::to("/admin/sign-in").into_response());
    };
    let found = async {
        let id = id.parse();
        let id = id.map_err(|_| Problem::not_found("There is no such purchase order."))?;
        state.shop.purchase_order(&staff, id).await
    };
    found
        .await
        .map_err(|problem| HttpProblem(problem).into_response())
}
