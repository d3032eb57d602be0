//! Photographs of products: taken in from staff, and given out under names of their content.

use std::time::Duration;

use app::api::admin::SIGN_IN;
use app::api::flash;
use app::api::products::{PRODUCTS, editor};
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, SET_COOKIE,
};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use multer::{Field, Multipart};
use pictures::{Picture, Unusable};
use services::{Shop, Staff, Visitor};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use types::catalogue::Image;
use types::pictures::{BuiltPicture, FOLDER, UPLOADED};
use types::products::MAX_PHOTOGRAPH;
use types::staff::Right;
use types::{Problem, Slug};

use super::problem::{self, HttpProblem};
use super::state::AppState;

/// How the address of the uploads of a product ends.
const ENDING: &str = "/photographs";
/// Photographs of one form, at most.
const MAX_FILES: usize = 12;
/// Of a file that is too large so much is read, so that its sender hears why.
const MAX_DISCARDED: usize = 64 * 1024 * 1024;
/// A form comes, and its photographs are ready, within this time.
pub const PATIENCE: Duration = Duration::from_secs(240);
/// Bytes of the description that comes with them.
const MAX_ALT: usize = 2_048;
/// Hexadecimal digits of a hash in a name: it only has to tell a picture from the others.
const NAME: usize = 24;

/// One at a time: a shop on a small machine goes on selling meanwhile.
static ENCODING: Semaphore = Semaphore::const_new(1);

pub fn routes() -> Router<AppState> {
    Router::new().route(&format!("{PRODUCTS}/{{slug}}{ENDING}"), post(upload))
}

/// The files, which are the same for everybody.
pub fn files(shop: Shop) -> Router {
    let path = format!("/{FOLDER}/{UPLOADED}{{file}}");
    Router::new().route(&path, get(file)).with_state(shop)
}

/// Whether a request brings photographs: its body may be larger than any other, and is read once it is known who
/// sends it.
pub fn is_upload(request: &Request) -> bool {
    let path = request.uri().path();
    let inside = path.strip_prefix(PRODUCTS);
    request.method() == Method::POST && inside.is_some_and(|path| path.ends_with(ENDING))
}

async fn file(State(shop): State<Shop>, Path(name): Path<String>) -> Response {
    let kind = match name.rsplit('.').next() {
        Some("avif") => "image/avif",
        Some("webp") => "image/webp",
        Some("jpg") => "image/jpeg",
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    match shop.photograph(&name).await {
        Ok(Some(content)) => {
            let headers = [
                (CONTENT_TYPE, kind),
                (CACHE_CONTROL, "public, max-age=31536000, immutable"),
                (CONTENT_DISPOSITION, "inline"),
                (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
            ];
            (headers, content).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(problem) => HttpProblem(problem).into_response(),
    }
}

async fn upload(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    Path(slug): Path<String>,
    request: Request,
) -> Response {
    let Some(staff) = visitor.staff else {
        return Redirect::to(SIGN_IN).into_response();
    };
    // Before anything is read.
    if let Err(problem) = staff.may(Right::Products) {
        return HttpProblem(problem).into_response();
    }
    let Ok(slug) = slug.parse::<Slug>() else {
        return HttpProblem(Problem::not_found("There is no such product.")).into_response();
    };
    let back = editor(&slug);
    let taken = tokio::time::timeout(PATIENCE, taken(&state.shop, &staff, &slug, request));
    let taken = taken.await.unwrap_or_else(|_| Err(problem::too_slow()));
    let mut response = Redirect::to(&format!("{back}#photographs")).into_response();
    if let Err(problem) = taken {
        let said = flash::cookie_for(&back, &problem.into(), state.cookies.is_secure());
        if let Some(said) = said {
            response.headers_mut().append(SET_COOKIE, said);
        }
    }
    response
}

/// Takes the photographs of a form in, one after the other, up to the first that is none.
async fn taken(shop: &Shop, staff: &Staff, slug: &Slug, request: Request) -> Result<(), Problem> {
    shop.product_desk(staff, slug)?;
    let (parts, body) = request.into_parts();
    let kind = parts.headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(kind)
        .map_err(|_| Problem::malformed("Expected a form with a photograph in it."))?;
    let mut form = Multipart::new(Body::into_data_stream(body), boundary);
    let (mut alt, mut count) = (String::new(), 0);
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        match field.name() {
            Some("alt") => {
                let bytes = read(field, MAX_ALT).await?;
                let text = String::from_utf8(bytes.unwrap_or_default());
                alt = text.unwrap_or_default().trim().to_owned();
            }
            Some("file") => {
                let name = told(field.file_name().unwrap_or_default());
                let content = read(field, MAX_PHOTOGRAPH).await?;
                let wrong = |why: &str| Problem::invalid_field("file", format!("{name}: {why}"));
                let limit = MAX_PHOTOGRAPH / 1024 / 1024;
                let content = content
                    .ok_or_else(|| wrong(&format!("Expected a picture of at most {limit} MB.")))?;
                if content.is_empty() {
                    continue;
                }
                count += 1;
                if count > MAX_FILES {
                    let message = format!("Choose at most {MAX_FILES} at once.");
                    return Err(wrong(&message));
                }
                let made = made(content).await?;
                let made = made.map_err(|unusable| wrong(&unusable.to_string()))?;
                shop.keep_photograph(staff, made.files).await?;
                let image = Image {
                    alt: alt.clone(),
                    ..made.image
                };
                shop.add_picture(staff, slug, image).await?;
            }
            _ => {}
        }
    }
    match count {
        0 => Err(Problem::invalid_field("file", "Choose a photograph.")),
        _ => Ok(()),
    }
}

fn unreadable(_: multer::Error) -> Problem {
    Problem::malformed("The form did not come whole. Choose the photographs again.")
}

/// A file's name as it is told to whoever sent it.
fn told(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
    match name.is_empty() {
        true => "The file".to_owned(),
        false => name,
    }
}

/// The content of a field; `None` when it is larger than it may be. Such a one is read to its end, or nearly: who
/// still sends hears no answer.
async fn read(mut field: Field<'_>, limit: usize) -> Result<Option<Vec<u8>>, Problem> {
    let (mut content, mut length) = (Vec::new(), 0);
    while let Some(part) = field.chunk().await.map_err(unreadable)? {
        let part: Bytes = part;
        length += part.len();
        if length <= limit {
            content.extend_from_slice(&part);
        } else if length <= MAX_DISCARDED {
            content = Vec::new();
        } else {
            break;
        }
    }
    Ok((length <= limit).then_some(content))
}

/// A picture and its files.
struct Made {
    image: Image,
    files: Vec<(String, Vec<u8>)>,
}

async fn made(content: Vec<u8>) -> Result<Result<Made, Unusable>, Problem> {
    // Never closed.
    let permit = ENCODING.acquire().await.map_err(|_| Problem::internal())?;
    let made = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        make(&content)
    });
    match made.await {
        Ok(Ok(made)) => Ok(Ok(made)),
        Ok(Err(Wrong::Unusable(unusable))) => Ok(Err(unusable)),
        Ok(Err(Wrong::Encoder(error))) => {
            tracing::error!(%error, "a photograph cannot be encoded");
            Err(Problem::internal())
        }
        // A decoder that gave up on what nobody should have sent it.
        Err(error) => {
            tracing::warn!(%error, "a photograph could not be read");
            Ok(Err(Unusable::Damaged))
        }
    }
}

enum Wrong {
    Unusable(Unusable),
    Encoder(anyhow::Error),
}

fn make(content: &[u8]) -> Result<Made, Wrong> {
    let picture = Picture::of_upload(content).map_err(Wrong::Unusable)?;
    let hash = Sha256::new()
        .chain_update(pictures::recipe())
        .chain_update(content)
        .finalize();
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let name = &hash[..NAME];
    let files = pictures::encoded(&picture).map(|file| {
        let file = file?;
        Ok((format!("{name}-{}", file.ending), file.content))
    });
    let files = files
        .collect::<anyhow::Result<Vec<_>>>()
        .map_err(Wrong::Encoder)?;
    let built = BuiltPicture {
        name: format!("{UPLOADED}{name}"),
        tint: picture.tint(),
        widths: pictures::widths(picture.width(), picture.height()),
        share: pictures::share_size(&picture),
    };
    let image = Image {
        src: format!("/{FOLDER}/{}", built.share_file()),
        alt: String::new(),
        width: picture.width(),
        height: picture.height(),
        metal: String::new(),
        built: Some(built),
    };
    Ok(Made { image, files })
}
