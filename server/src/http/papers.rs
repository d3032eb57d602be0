//! Packing slips, invoices and credit notes as files. Their pages are those of `app`.

use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use papers::{House, PaperError};
use services::Visitor;
use types::house::HOUSE;
use types::{OrderId, Problem, RefundId, ShipmentId};

use super::problem::HttpProblem;
use super::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin/print/slips.pdf", get(slips))
        .route("/admin/print/invoices.pdf", get(invoices))
        .route("/admin/print/credit-notes.pdf", get(credit_notes))
        .route("/orders/{order}/invoice.pdf", get(own_invoice))
        .route(
            "/orders/{order}/credit-notes/{refund}/note.pdf",
            get(own_credit_note),
        )
}

/// What an address names.
struct Asked {
    orders: Vec<OrderId>,
    parcel: Option<ShipmentId>,
}

impl Asked {
    fn of(query: Option<&str>) -> Self {
        let named = || form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let of = |wanted: &'static str| named().filter(move |(field, _)| field == wanted);
        Self {
            orders: of("order").filter_map(|(_, id)| id.parse().ok()).collect(),
            parcel: of("parcel").find_map(|(_, id)| id.parse().ok()),
        }
    }
}

async fn slips(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(staff) = visitor.staff else {
        return sign_in();
    };
    let Asked { orders, parcel } = Asked::of(query.as_deref());
    match state.shop.slips(&staff, &orders, parcel).await {
        Ok(slips) if !slips.is_empty() => {
            pdf("packing-slips.pdf", move |house| {
                papers::slips(house, &slips)
            })
            .await
        }
        answer => none(
            answer.err(),
            "There is nothing to pack, and nothing was sent.",
        ),
    }
}

async fn invoices(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(staff) = visitor.staff else {
        return sign_in();
    };
    let Asked { orders, .. } = Asked::of(query.as_deref());
    match state.shop.invoices(&staff, &orders).await {
        Ok(invoices) if !invoices.is_empty() => {
            pdf("invoices.pdf", move |house| {
                papers::invoices(house, &invoices)
            })
            .await
        }
        answer => none(answer.err(), "There is no invoice."),
    }
}

async fn credit_notes(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(staff) = visitor.staff else {
        return sign_in();
    };
    let Asked { orders, .. } = Asked::of(query.as_deref());
    let Some(order) = orders.first() else {
        return none(None, "There is no such order.");
    };
    match state.shop.credit_notes(&staff, *order).await {
        Ok(notes) if !notes.is_empty() => {
            pdf("credit-notes.pdf", move |house| {
                papers::credit_notes(house, &notes)
            })
            .await
        }
        answer => none(answer.err(), "No money of this order was given back."),
    }
}

async fn own_invoice(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    Path(order): Path<String>,
) -> Response {
    let Ok(order) = order.parse::<OrderId>() else {
        return none(None, "There is no such order.");
    };
    match state.shop.own_invoice(visitor.shopper, order).await {
        Ok(invoice) => {
            let name = format!("{}.pdf", invoice.number);
            pdf(&name, move |house| papers::invoices(house, &[invoice])).await
        }
        Err(problem) => HttpProblem(problem).into_response(),
    }
}

async fn own_credit_note(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    Path((order, refund)): Path<(String, String)>,
) -> Response {
    let named = (order.parse::<OrderId>(), refund.parse::<RefundId>());
    let (Ok(order), Ok(refund)) = named else {
        return none(None, "There is no such credit note.");
    };
    let note = state.shop.own_credit_note(visitor.shopper, order, refund);
    match note.await {
        Ok(note) => {
            let name = format!("{}.pdf", note.number);
            pdf(&name, move |house| papers::credit_notes(house, &[note])).await
        }
        Err(problem) => HttpProblem(problem).into_response(),
    }
}

fn sign_in() -> Response {
    Redirect::to("/admin/sign-in").into_response()
}

fn none(problem: Option<Problem>, why: &str) -> Response {
    HttpProblem(problem.unwrap_or_else(|| Problem::not_found(why))).into_response()
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
