//! Faults on command: what other houses' services do on bad days.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::stream;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// How requests fare. What is asked for is done except where it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    #[default]
    Well,
    /// 503, and nothing is done.
    Down,
    /// Answered late.
    Slow,
    /// The connection ends in the middle of the answer.
    Reset,
    /// No answer ever comes.
    HalfOpen,
    /// Answered, and forgotten: a parcel is not known any more.
    Forgetful,
    /// Refused with a reason, for good. What was accepted under a key before stays accepted.
    Unwilling,
}

/// How news are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Telling {
    #[default]
    Well,
    /// Not at all: only who asks hears them.
    Off,
    /// More than once.
    Twice,
    /// The newest first.
    Reordered,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Faults {
    pub mode: Mode,
    /// Milliseconds of [`Mode::Slow`].
    pub delay_ms: u64,
    /// Requests after which all is well again; 0 for never.
    pub requests: u32,
    pub telling: Telling,
}

/// What goes wrong at the moment.
#[derive(Debug, Default)]
pub struct Weather(Mutex<Faults>);

/// An answer that never comes is given up by then: nobody waits so long.
const HALF_OPEN: Duration = Duration::from_secs(60);
/// The longest that an answer may be late.
const MAX_DELAY: Duration = Duration::from_secs(60);

impl Weather {
    pub fn set(&self, faults: Faults) {
        *self.0.lock() = faults;
    }

    pub fn now(&self) -> Faults {
        *self.0.lock()
    }

    /// What the next request meets.
    fn next(&self) -> Faults {
        let mut faults = self.0.lock();
        let now = *faults;
        if now.requests > 0 {
            faults.requests -= 1;
            if faults.requests == 0 {
                faults.mode = Mode::Well;
            }
        }
        now
    }
}

/// Marks a request whose parcel is to be forgotten.
#[derive(Debug, Clone, Copy)]
pub struct Forget;

/// Marks a request that is refused, unless it was accepted before.
#[derive(Debug, Clone, Copy)]
pub struct Refuse;

pub async fn weathered(
    State(weather): State<std::sync::Arc<Weather>>,
    mut request: Request,
    next: Next,
) -> Response {
    let faults = weather.next();
    match faults.mode {
        Mode::Well => next.run(request).await,
        Mode::Down => (StatusCode::SERVICE_UNAVAILABLE, "down\n").into_response(),
        Mode::Unwilling => {
            request.extensions_mut().insert(Refuse);
            next.run(request).await
        }
        Mode::Slow => {
            let delay = Duration::from_millis(faults.delay_ms).min(MAX_DELAY);
            tokio::time::sleep(delay).await;
            next.run(request).await
        }
        Mode::Reset => {
            next.run(request).await;
            let broken = stream::iter([
                Ok(Bytes::from_static(b"{")),
                Err(std::io::Error::other("the connection ends here")),
            ]);
            let mut response = Body::from_stream(broken).into_response();
            response.headers_mut().insert(CONTENT_LENGTH, 1_000.into());
            response
        }
        Mode::HalfOpen => {
            next.run(request).await;
            tokio::time::sleep(HALF_OPEN).await;
            StatusCode::GATEWAY_TIMEOUT.into_response()
        }
        Mode::Forgetful => {
            request.extensions_mut().insert(Forget);
            next.run(request).await
        }
    }
}
