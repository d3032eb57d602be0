//! The carrier's doors: `/v1` for those who send, `/control` for what happens, `/track` for everybody.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Extension, Json, Router};
use serde::{Deserialize, Serialize};
use types::fulfilment::CarrierStatus;

use crate::book::{Book, NewShipment, Parcel, Trouble};
use crate::faults::{Faults, Forget, Refuse, Weather, weathered};
use crate::{label, page};

/// What the doors share.
#[derive(Debug)]
pub struct House {
    pub book: Book,
    pub weather: Arc<Weather>,
    /// What those who send show.
    pub key: String,
    /// Under which everybody finds the tracking pages.
    pub public_url: String,
}

type Shared = Arc<House>;

/// Bytes of a request, at most.
const MAX_BODY: usize = 16 * 1024;
/// Changes on one page of the news.
const PAGE: u32 = 200;
/// Characters of an idempotency key, and of a reference.
const MAX_KEY: usize = 255;
/// Characters of a line of an address.
const MAX_LINE: usize = 200;

pub fn routes(house: Shared) -> Router {
    let api = Router::new()
        .route("/v1/shipments", post(create))
        .route("/v1/shipments/{number}", get(status))
        .route("/v1/shipments/{number}/label.pdf", get(label_of))
        .route("/v1/shipments/{number}/cancel", post(cancel))
        .route("/v1/shipments/{number}/addresses", delete(erase))
        .route("/v1/changes", get(changes))
        .layer(from_fn_with_state(house.weather.clone(), weathered));
    let control = Router::new()
        .route("/control/shipments", get(all))
        .route("/control/shipments/{number}", post(happen))
        .route("/control/faults", post(set_faults));
    api.merge(control)
        .layer(from_fn_with_state(house.clone(), with_key))
        .route("/track/{number}", get(track))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(house)
}

/// The parcel as those who send see it.
#[derive(Debug, Serialize)]
struct View {
    reference: String,
    tracking_number: String,
    tracking_url: String,
    status: CarrierStatus,
    sequence: u64,
    happened_at_us: i64,
}

fn view(house: &House, parcel: Parcel) -> View {
    View {
        tracking_url: format!("{}/track/{}", house.public_url, parcel.tracking_number),
        reference: parcel.reference,
        tracking_number: parcel.tracking_number,
        status: parcel.status,
        sequence: parcel.sequence,
        happened_at_us: parcel.changed_at_us,
    }
}

#[derive(Debug, Serialize)]
struct Said {
    detail: String,
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::OtherRequest | Self::TooLate(_) => StatusCode::CONFLICT,
            Self::Book(_) | Self::Content(_) => {
                tracing::error!(error = %self, "the carrier's books");
                let detail = "The books cannot be read or written.".to_owned();
                return (StatusCode::SERVICE_UNAVAILABLE, Json(Said { detail })).into_response();
            }
        };
        let detail = self.to_string();
        (status, Json(Said { detail })).into_response()
    }
}

fn refused(detail: &str) -> Response {
    let detail = detail.to_owned();
    (StatusCode::UNPROCESSABLE_ENTITY, Json(Said { detail })).into_response()
}

async fn with_key(
    State(house): State<Shared>,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Response {
    let shown = headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok());
    let shown = shown.and_then(|it| it.strip_prefix("Bearer "));
    // Compared by digests, so that how long it takes tells nothing of the key.
    let digest = |text: &str| <sha2::Sha256 as sha2::Digest>::digest(text.as_bytes());
    if shown.is_none_or(|shown| digest(shown) != digest(&house.key)) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    next.run(request).await
}

async fn create(
    State(house): State<Shared>,
    forget: Option<Extension<Forget>>,
    refuse: Option<Extension<Refuse>>,
    headers: HeaderMap,
    Json(new): Json<NewShipment>,
) -> Response {
    let key = headers
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok());
    let Some(key) = key.filter(|key| (1..=MAX_KEY).contains(&key.len())) else {
        return refused("Expected an Idempotency-Key of 1 to 255 characters.");
    };
    if let Err(what) = check(&new) {
        return refused(what);
    }
    let entered = async {
        // Whoever was not answered and asks again hears what they would have heard.
        if refuse.is_some() && !house.book.knows(key).await? {
            return Ok(None);
        }
        let parcel = house.book.enter(key, &new).await?;
        if forget.is_some() {
            house.book.forget(&parcel.tracking_number).await?;
        }
        Ok::<_, Trouble>(Some(parcel))
    };
    match entered.await {
        Ok(Some(parcel)) => (StatusCode::CREATED, Json(view(&house, parcel))).into_response(),
        Ok(None) => refused("This carrier does not go there."),
        Err(trouble) => trouble.into_response(),
    }
}

/// Whether somebody could bring it there.
fn check(new: &NewShipment) -> Result<(), &'static str> {
    if !(1..=MAX_KEY).contains(&new.reference.len()) {
        return Err("Expected a reference of 1 to 255 characters.");
    }
    for address in [&new.sender, &new.recipient] {
        let needed = [
            &address.name,
            &address.street,
            &address.postal_code,
            &address.city,
            &address.country,
        ];
        if needed.iter().any(|line| line.trim().is_empty()) {
            return Err("An address needs a name, a street, a postal code, a city and a country.");
        }
        let lines = needed.into_iter().chain([&address.street_2]);
        if lines
            .into_iter()
            .any(|line| line.chars().count() > MAX_LINE)
        {
            return Err("A line of an address is longer than 200 characters.");
        }
    }
    if new.pieces == 0 || !(1..=31_500).contains(&new.weight_grams) {
        return Err("Expected at least a piece, and 1 to 31,500 grams.");
    }
    Ok(())
}

async fn status(State(house): State<Shared>, Path(number): Path<String>) -> Response {
    answer(&house, house.book.parcel(&number).await)
}

async fn cancel(
    State(house): State<Shared>,
    refuse: Option<Extension<Refuse>>,
    Path(number): Path<String>,
) -> Response {
    if refuse.is_some() {
        let known = house.book.parcel(&number).await;
        if known.is_ok_and(|it| it.status != CarrierStatus::Cancelled) {
            return refused("This carrier takes no label back.");
        }
    }
    answer(
        &house,
        house.book.set(&number, CarrierStatus::Cancelled).await,
    )
}

fn answer(house: &House, parcel: Result<Parcel, Trouble>) -> Response {
    match parcel {
        Ok(parcel) => Json(view(house, parcel)).into_response(),
        Err(trouble) => trouble.into_response(),
    }
}

async fn label_of(State(house): State<Shared>, Path(number): Path<String>) -> Response {
    let parcel = match house.book.parcel(&number).await {
        Ok(parcel) => parcel,
        Err(trouble) => return trouble.into_response(),
    };
    let drawn = tokio::task::spawn_blocking(move || label::pdf(&parcel)).await;
    match drawn {
        Ok(Ok(Some(pdf))) => ([(CONTENT_TYPE, "application/pdf")], pdf).into_response(),
        Ok(Ok(None)) => {
            let detail = "Its addresses were erased: there is no label any more.".to_owned();
            (StatusCode::GONE, Json(Said { detail })).into_response()
        }
        failed => {
            tracing::error!(?failed, "a label cannot be drawn");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn erase(State(house): State<Shared>, Path(number): Path<String>) -> Response {
    match house.book.erase(&number).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(trouble) => trouble.into_response(),
    }
}

#[derive(Debug, Deserialize)]
struct After {
    #[serde(default)]
    after: i64,
}

async fn changes(State(house): State<Shared>, Query(After { after }): Query<After>) -> Response {
    match house.book.news(after, PAGE).await {
        Ok(news) => Json(news).into_response(),
        Err(trouble) => trouble.into_response(),
    }
}

async fn all(State(house): State<Shared>) -> Response {
    match house.book.parcels().await {
        Ok(parcels) => {
            let views = parcels.into_iter().map(|parcel| view(&house, parcel));
            Json(views.collect::<Vec<View>>()).into_response()
        }
        Err(trouble) => trouble.into_response(),
    }
}

#[derive(Debug, Deserialize)]
struct Happen {
    status: CarrierStatus,
}

async fn happen(
    State(house): State<Shared>,
    Path(number): Path<String>,
    Json(Happen { status }): Json<Happen>,
) -> Response {
    answer(&house, house.book.set(&number, status).await)
}

async fn set_faults(State(house): State<Shared>, Json(faults): Json<Faults>) -> Response {
    house.weather.set(faults);
    StatusCode::NO_CONTENT.into_response()
}

async fn track(State(house): State<Shared>, Path(number): Path<String>) -> Response {
    let found = async {
        let parcel = house.book.parcel(&number).await?;
        let history = house.book.history(&number).await?;
        Ok::<_, Trouble>(page::html(&parcel, &history))
    };
    match found.await {
        Ok(html) => Html(html).into_response(),
        Err(trouble) => trouble.into_response(),
    }
}
