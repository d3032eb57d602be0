//! Labels as files, and the tracking pages of a carrier that only the shop reaches.

use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use services::Visitor;
use types::{OrderId, Problem, ShipmentId};

use super::problem::HttpProblem;
use super::state::AppState;
use crate::carrier::TRACKING;

/// A page of another house: it may be looked at and does nothing.
const FOREIGN: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                       form-action 'none'; frame-ancestors 'none'";

pub fn routes() -> Router<AppState> {
    Router::new()
        .route(
            "/admin/orders/{order}/parcels/{parcel}/label.pdf",
            get(of_parcel),
        )
        .route("/orders/{order}/returns/{number}/label.pdf", get(of_return))
        .route(&format!("{TRACKING}/track/{{number}}"), get(track))
}

async fn of_parcel(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    Path((order, parcel)): Path<(String, String)>,
) -> Response {
    let Some(staff) = visitor.staff else {
        return Redirect::to("/admin/sign-in").into_response();
    };
    let label = async {
        let order = order.parse::<OrderId>().map_err(|_| no_label())?;
        let parcel = parcel.parse::<ShipmentId>().map_err(|_| no_label())?;
        state.shop.label_pdf(&staff, order, parcel).await
    };
    file(label.await)
}

async fn of_return(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    Path((order, number)): Path<(String, u32)>,
) -> Response {
    let label = async {
        let order = order.parse::<OrderId>().map_err(|_| no_label())?;
        let shopper = visitor.shopper;
        state.shop.return_label_pdf(shopper, order, number).await
    };
    file(label.await)
}

fn file(label: Result<(String, Vec<u8>), Problem>) -> Response {
    match label {
        Ok((number, pdf)) => {
            let shown = format!("inline; filename=\"label-{number}.pdf\"");
            let headers = [
                (CONTENT_TYPE, "application/pdf".to_owned()),
                (CONTENT_DISPOSITION, shown),
            ];
            (headers, pdf).into_response()
        }
        Err(problem) => HttpProblem(problem).into_response(),
    }
}

async fn track(State(state): State<AppState>, Path(number): Path<String>) -> Response {
    let unknown = || HttpProblem(Problem::not_found("There is no such parcel.")).into_response();
    let Some(carrier) = &state.tracking else {
        return unknown();
    };
    match carrier.tracking_page(&number).await {
        Ok(Some(page)) => ([(CONTENT_SECURITY_POLICY, FOREIGN)], Html(page)).into_response(),
        Ok(None) => unknown(),
        Err(error) => {
            tracing::debug!(%error, "a tracking page cannot be shown");
            let detail = "The carrier does not answer at the moment. Try again soon.";
            HttpProblem(Problem::unavailable(detail)).into_response()
        }
    }
}

fn no_label() -> Problem {
    Problem::not_found("There is no such label.")
}
