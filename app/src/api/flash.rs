//! What a plain HTML form gets back when its command failed: one cookie, read once by the page the
//! shopper returns to. Not the address: that would put an email into logs and histories, and a link
//! could put words into the shop's mouth.

use serde::{Deserialize, Serialize};
use types::Problem;

use super::checkout_form::CheckoutForm;

/// The problem of the last plain form post, and what was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    pub problem: Problem,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkout: Option<CheckoutForm>,
    /// Number and email of an order that was not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sought: Option<(String, String)>,
    /// The SKU whose stock could not be corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// The note that could not be written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl From<Problem> for Flash {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            checkout: None,
            sought: None,
            sku: None,
            note: None,
        }
    }
}

/// The cookie's name.
#[cfg(feature = "ssr")]
pub const COOKIE_NAME: &str = "flash";

#[cfg(feature = "ssr")]
pub use server::{is_plain_form, keep, take};

#[cfg(feature = "ssr")]
mod server {
    use axum::http::header::{ACCEPT, COOKIE, SET_COOKIE};
    use axum::http::request::Parts;
    use axum::http::{HeaderMap, HeaderValue};
    use leptos::prelude::use_context;
    use leptos_axum::ResponseOptions;
    use leptos_router::location::Url;

    use super::{COOKIE_NAME, Flash};

    /// Browsers keep cookies of 4,096 bytes with name and attributes; longer ones vanish silently.
    const MAX_VALUE: usize = 3_800;
    const MAX_AGE_SECONDS: u32 = 300;

    /// Whether the browser itself posted the form, without our script: it asks for a page.
    pub fn is_plain_form() -> bool {
        use_context::<Parts>().is_some_and(|parts| {
            let accept = parts
                .headers
                .get(ACCEPT)
                .and_then(|value| value.to_str().ok());
            accept.is_some_and(|accept| accept.contains("text/html"))
        })
    }

    /// Keeps `flash` for the page at `path` and sends the browser to `location` on that path.
    /// Does nothing when our script posted: it has the problem from the answer.
    pub fn keep(path: &str, location: &str, mut flash: Flash) {
        if !is_plain_form() {
            return;
        }
        let mut value = encode(&flash);
        if value.len() > MAX_VALUE {
            (flash.checkout, flash.note) = (None, None);
            value = encode(&flash);
        }
        if value.len() <= MAX_VALUE {
            set(path, &value, MAX_AGE_SECONDS);
        }
        leptos_axum::redirect(location, false);
    }

    /// Takes what was kept for the page at `path`; a reload shows it no more.
    pub fn take(path: &str) -> Option<Flash> {
        let parts = use_context::<Parts>()?;
        let value = cookie(&parts.headers)?;
        set(path, "", 0);
        serde_json::from_str(&Url::unescape(&value)).ok()
    }

    fn encode(flash: &Flash) -> String {
        serde_json::to_string(flash)
            .map(|json| Url::escape(&json))
            .unwrap_or_default()
    }

    fn set(path: &str, value: &str, max_age: u32) {
        let secure = match use_context::<services::Visitor>() {
            Some(visitor) if visitor.is_secure => "; Secure",
            _ => "",
        };
        let cookie = format!(
            "{COOKIE_NAME}={value}; Path={path}; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}"
        );
        if let (Some(response), Ok(cookie)) = (
            use_context::<ResponseOptions>(),
            HeaderValue::from_str(&cookie),
        ) {
            response.append_header(SET_COOKIE, cookie);
        }
    }

    fn cookie(headers: &HeaderMap) -> Option<String> {
        headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == COOKIE_NAME)
            .map(|(_, value)| value.to_owned())
    }
}
