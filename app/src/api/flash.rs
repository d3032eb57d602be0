//! What a plain HTML form gets back: one cookie, read once by the page the shopper returns to. Not the
//! address: that would put an email or a token into logs and histories, and a link could make the shop
//! say what never happened.

use serde::{Deserialize, Serialize};
use types::counting::SheetOutcome;
use types::signup::SignedUp;
use types::{Problem, Sku};

use super::address_form::TypedAddress;
use super::checkout_form::CheckoutForm;
use super::delivery_form::DeliveryForm;
use super::inventory_forms::WriteOffForm;
use super::price_form::PriceForm;
use super::product_forms::{DraftForm, VariantForm};
use super::purchase_forms::{RuleForm, SupplierForm};
use super::service_form::ServiceForm;

/// What became of the last plain form post, and what was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Flash {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<Done>,
    /// What the gateway gave for a card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<GivenCard>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkout: Option<CheckoutForm>,
    /// Number and email of an order that was not found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sought: Option<(String, String)>,
    /// The SKU whose stock could not be corrected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// What could not be written off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_off: Option<WriteOffForm>,
    /// What became of a count sheet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<SheetOutcome>,
    /// The email of somebody who was looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Email and role of somebody who could not be invited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invited: Option<(String, String)>,
    /// The service of others that could not be registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceForm>,
    /// Name and token of one that was, which is shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_token: Option<(String, String)>,
    /// Recovery codes, which are shown this once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recovery_codes: Vec<String>,
    /// The price that could not be set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceForm>,
    /// The terms of delivery that could not be set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryForm>,
    /// The rule of restocking that could not be set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleForm>,
    /// The supplier that could not be taken note of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplier: Option<SupplierForm>,
    /// The product that could not be drafted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft: Option<DraftForm>,
    /// The variant that could not be set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<VariantForm>,
    /// Whether the shop keeps what could not be said of a product.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub has_texts: bool,
    /// The address that an order could not get.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<TypedAddress>,
    /// The note that could not be written down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who is told when a piece is back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_up: Option<SignedUp>,
    /// The email that was given for that in vain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signup_email: Option<String>,
}

/// What staff did with a plain form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    Corrected {
        sku: Sku,
    },
    Redriven {
        position: u64,
        consumer: String,
    },
    Discarded {
        position: u64,
        consumer: String,
    },
    /// Who placed so many orders.
    Erased {
        orders: usize,
    },
    /// Something of the inventory or the staff, in words.
    Said(String),
}

/// A card that the gateway took on its own form: good for one try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenCard {
    pub token: String,
    pub last4: String,
}

/// Stands for a card where none is given here.
const ELSEWHERE: &str = "pm_redirect";

impl GivenCard {
    /// What stands for a card where the shopper pays on a page of the gateway.
    pub fn elsewhere() -> Self {
        Self {
            token: ELSEWHERE.to_owned(),
            last4: String::new(),
        }
    }

    pub fn is_elsewhere(&self) -> bool {
        self.token == ELSEWHERE
    }
}

impl From<Problem> for Flash {
    fn from(problem: Problem) -> Self {
        Self {
            problem: Some(problem),
            ..Self::default()
        }
    }
}

impl From<Done> for Flash {
    fn from(done: Done) -> Self {
        Self {
            done: Some(done),
            ..Self::default()
        }
    }
}

impl From<GivenCard> for Flash {
    fn from(card: GivenCard) -> Self {
        Self {
            card: Some(card),
            ..Self::default()
        }
    }
}

/// The cookie's name.
#[cfg(feature = "ssr")]
pub const COOKIE_NAME: &str = "flash";

#[cfg(feature = "ssr")]
pub use server::{cookie_for, keep, take};

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
    /// So many characters of a text are not cut any more.
    const SHORTEST_CUT: usize = 8;

    /// Whether the browser itself posted the form, without our script: it asks for a page.
    fn is_plain_form() -> bool {
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
        let whole = encode(&flash);
        let value = whole.or_else(|| encode_cut(&mut flash)).or_else(|| {
            (flash.checkout, flash.note, flash.address) = (None, None, None);
            (flash.rule, flash.supplier) = (None, None);
            encode(&flash)
        });
        if let Some(value) = value {
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

    /// The header that keeps `flash` for the page at `path`, for handlers that are none of leptos; `None`
    /// for what is too long.
    pub fn cookie_for(path: &str, flash: &Flash, is_secure: bool) -> Option<HeaderValue> {
        header(path, &encode(flash)?, MAX_AGE_SECONDS, is_secure)
    }

    /// `None` for what no browser would keep.
    fn encode(flash: &Flash) -> Option<String> {
        let json = serde_json::to_string(flash).ok()?;
        Some(Url::escape(&json)).filter(|value| value.len() <= MAX_VALUE)
    }

    /// What is too long for a cookie loses the end of its longest texts: nothing that fits its field.
    fn encode_cut(flash: &mut Flash) -> Option<String> {
        loop {
            let form = flash.checkout.as_mut()?;
            let longest = form
                .texts()
                .into_iter()
                .max_by_key(|text| Url::escape(text).len())?;
            let letters = longest.chars().count();
            if letters <= SHORTEST_CUT {
                return None;
            }
            *longest = longest
                .chars()
                .take((letters * 3 / 4).max(SHORTEST_CUT))
                .collect();
            if let Some(value) = encode(flash) {
                return Some(value);
            }
        }
    }

    fn header(path: &str, value: &str, max_age: u32, is_secure: bool) -> Option<HeaderValue> {
        let secure = if is_secure { "; Secure" } else { "" };
        let cookie = format!(
            "{COOKIE_NAME}={value}; Path={path}; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}"
        );
        HeaderValue::from_str(&cookie).ok()
    }

    fn set(path: &str, value: &str, max_age: u32) {
        let visitor = use_context::<services::Visitor>();
        let is_secure = visitor.is_some_and(|visitor| visitor.is_secure);
        if let (Some(response), Some(cookie)) = (
            use_context::<ResponseOptions>(),
            header(path, value, max_age, is_secure),
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
