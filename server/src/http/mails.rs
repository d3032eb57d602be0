//! What a mail says, for staff: its HTML for the frame of the mail's page, and the mail as a file.

use axum::extract::{Path, State};
use axum::http::header::{
    CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_FRAME_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use services::{Staff, Visitor};
use types::{MailId, Problem};

use super::problem::HttpProblem;
use super::state::AppState;

/// It may be looked at and does nothing: no script, no picture from elsewhere, no form, no way out.
const FRAMED: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'self'; sandbox";

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin/mails/{id}/html", get(html))
        .route("/admin/mails/{id}/source", get(source))
}

async fn html(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Response {
    let read = async {
        let (staff, id) = asked(&visitor, &id)?;
        state.shop.mail_html(staff, id).await
    };
    match read.await {
        Ok(html) => {
            let headers = [
                (CONTENT_TYPE, "text/html; charset=utf-8"),
                (CONTENT_SECURITY_POLICY, FRAMED),
                (X_FRAME_OPTIONS, "SAMEORIGIN"),
            ];
            (headers, html).into_response()
        }
        Err(problem) => HttpProblem(problem).into_response(),
    }
}

async fn source(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Response {
    let read = async {
        let (staff, id) = asked(&visitor, &id)?;
        let bytes = state.shop.mail_source(staff, id).await?;
        Ok::<_, Problem>((id, bytes))
    };
    match read.await {
        Ok((id, bytes)) => {
            let headers = [
                (CONTENT_TYPE, "message/rfc822".to_owned()),
                (
                    CONTENT_DISPOSITION,
                    format!("attachment; filename=\"{id}.eml\""),
                ),
            ];
            (headers, bytes).into_response()
        }
        Err(problem) => HttpProblem(problem).into_response(),
    }
}

fn asked<'a>(visitor: &'a Visitor, id: &str) -> Result<(&'a Staff, MailId), Problem> {
    let staff = visitor.staff.as_ref();
    let staff = staff.ok_or_else(|| Problem::unauthenticated("Sign in to see mails."))?;
    let id = id
        .parse()
        .map_err(|error| Problem::not_found(format!("{error}")))?;
    Ok((staff, id))
}
