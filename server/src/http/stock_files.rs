//! The inventory as a file, and files of counts that staff give to the shop. Their pages are those of `app`.

use std::time::Duration;

use app::api::admin::{INVENTORY, SIGN_IN};
use app::api::flash;
use app::api::inventory::IMPORT;
use app::islands::inventory_view::{Sort, View, found};
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, SET_COOKIE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use futures::StreamExt;
use services::{Staff, Visitor, inventory_csv_head, inventory_csv_line};
use types::admin::InventoryRow;
use types::staff::Right;
use types::stock_file::MAX_FILE;
use types::{BatchId, Problem};

use super::problem::{self, HttpProblem};
use super::state::AppState;

/// Where a file is given; its body may be larger than any other, and is read once it is known who sends it.
pub const UPLOAD: &str = IMPORT;
/// A file, and what a form puts around it.
const MAX_UPLOAD: usize = MAX_FILE + 64 * 1024;
/// Of what is too large so much is read, so that its sender hears why.
const MAX_DISCARDED: usize = 16 * 1024 * 1024;
/// A file comes within this time.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn routes() -> Router<AppState> {
    Router::new()
        .route(&format!("{INVENTORY}/export.csv"), get(export))
        .route(UPLOAD, post(upload))
}

/// The rows that match, in the order of the page.
async fn export(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(staff) = visitor.staff else {
        return Redirect::to(SIGN_IN).into_response();
    };
    let mut view = View::default();
    for (name, value) in form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes()) {
        match &*name {
            "filter" => view.filter = value.chars().take(100).collect(),
            "low" => view.low_only = !value.is_empty(),
            "sort" => view.sort = Sort::parse(&value),
            _ => {}
        }
    }
    let inventory = match state.shop.inventory_view(&staff).await {
        Ok(inventory) => inventory,
        Err(problem) => return HttpProblem(problem).into_response(),
    };
    let written = tokio::task::spawn_blocking(move || {
        let level = |row: &InventoryRow| row.level.clone();
        let found = found(&inventory.rows, &inventory.suppliers, level, &view);
        let mut csv = inventory_csv_head();
        for (index, level) in &found {
            csv.push_str(&inventory_csv_line(&inventory.rows[*index], level));
        }
        csv
    });
    match written.await {
        Ok(csv) => {
            let headers = [
                (CONTENT_TYPE, "text/csv; charset=utf-8"),
                (
                    CONTENT_DISPOSITION,
                    "attachment; filename=\"inventory.csv\"",
                ),
            ];
            (headers, csv).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the inventory cannot be written as a file");
            HttpProblem(Problem::internal()).into_response()
        }
    }
}

/// Takes a file in and leads to the page that says what it would do.
async fn upload(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Response {
    let Some(staff) = visitor.staff else {
        return Redirect::to(SIGN_IN).into_response();
    };
    // Before anything is read.
    if let Err(problem) = staff.may(Right::Stock) {
        return HttpProblem(problem).into_response();
    }
    match taken(&state, &staff, request).await {
        Ok(id) => Redirect::to(&format!("{IMPORT}/{id}")).into_response(),
        Err(problem) => {
            let mut back = Redirect::to(IMPORT).into_response();
            let said = flash::cookie_for(IMPORT, &problem.into(), state.cookies.is_secure());
            if let Some(said) = said {
                back.headers_mut().append(SET_COOKIE, said);
            }
            back
        }
    }
}

async fn taken(state: &AppState, staff: &Staff, request: Request) -> Result<BatchId, Problem> {
    let (parts, body) = request.into_parts();
    let kind = parts.headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(kind)
        .map_err(|_| Problem::malformed("Expected a form with a file in it."))?;
    let body = whole(body).await?;
    let (name, file) = file_of(body, boundary).await?;
    state.shop.take_stock_file(staff, &name, &file).await
}

async fn whole(body: Body) -> Result<Bytes, Problem> {
    let read = tokio::time::timeout(PATIENCE, read(body)).await;
    read.map_err(|_| problem::too_slow())?
}

/// What is too large is read to its end, or nearly: who still sends hears no answer.
async fn read(body: Body) -> Result<Bytes, Problem> {
    let (mut whole, mut length) = (Vec::new(), 0);
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| Problem::malformed("The file did not come whole."))?;
        length += part.len();
        if length <= MAX_UPLOAD {
            whole.extend_from_slice(&part);
        } else if length <= MAX_DISCARDED {
            whole.clear();
        } else {
            break;
        }
    }
    if length > MAX_UPLOAD {
        let message = format!("Expected a file of at most {} MB.", MAX_FILE / 1024 / 1024);
        return Err(Problem::invalid_field("file", message));
    }
    Ok(whole.into())
}

/// Name and content of the form's file.
async fn file_of(body: Bytes, boundary: String) -> Result<(String, Bytes), Problem> {
    let unreadable = |_| Problem::malformed("The form could not be read. Choose the file again.");
    let stream = futures::stream::once(async { Ok::<_, std::convert::Infallible>(body) });
    let mut form = multer::Multipart::new(stream, boundary);
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        if field.name() == Some("file") {
            let name = field.file_name().unwrap_or_default().to_owned();
            let content = field.bytes().await.map_err(unreadable)?;
            let name = if name.is_empty() {
                "a file".to_owned()
            } else {
                name
            };
            return Ok((name, content));
        }
    }
    Err(Problem::invalid_field("file", "Choose a file."))
}
