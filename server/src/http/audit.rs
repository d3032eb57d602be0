//! What staff have done, as a file. Its page is one of `app`.

use app::api::admin::SIGN_IN;
use app::api::staff::{AUDIT, audit_query};
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use futures::{StreamExt, stream};
use services::{Visitor, audit_csv, audit_csv_head};

use super::problem::HttpProblem;
use super::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new().route(&format!("{AUDIT}/export.csv"), get(export))
}

/// All acts that are asked for, read part by part while they are sent.
async fn export(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(staff) = visitor.staff else {
        return Redirect::to(SIGN_IN).into_response();
    };
    let query = query.unwrap_or_default();
    let asked: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let value = |name: &str| {
        let found = asked.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let mut query = audit_query(&value("by"), &value("noun"), &value("day"), "");
    // The first part here, so that a refusal is told as one.
    let first = match state.shop.audit_part(&staff, &query).await {
        Ok(first) => first,
        Err(problem) => return HttpProblem(problem).into_response(),
    };
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
    ];
    let shop = state.shop.clone();
    query.before = first.last().map(|row| row.position);
    let parts = stream::try_unfold((Some(first), query), move |(known, mut query)| {
        let (shop, staff) = (shop.clone(), staff.clone());
        async move {
            let rows = match known {
                Some(rows) => rows,
                None => (shop.audit_part(&staff, &query).await)
                    .map_err(|problem| std::io::Error::other(problem.detail))?,
            };
            let Some(last) = rows.last() else {
                return Ok::<_, std::io::Error>(None);
            };
            query.before = Some(last.position);
            Ok(Some((Bytes::from(audit_csv(&rows)), (None, query))))
        }
    });
    let head = stream::once(async { Ok(Bytes::from(audit_csv_head())) });
    (headers, Body::from_stream(head.chain(parts))).into_response()
}
