//! What the shop asks of a carrier.

use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};
use types::fulfilment::{CarrierStatus, Tracking};

/// Where a parcel comes from or goes to. It has no `Debug`: it cannot slip into a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub name: String,
    pub street: String,
    pub street_2: String,
    pub postal_code: String,
    pub city: String,
    /// In words.
    pub country: String,
}

/// Which way it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    Parcel,
    Return,
}

/// A request for a label.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct BuyLabel {
    /// Asked twice with the same key, the carrier answers the same and sells one label.
    #[serde(skip)]
    pub idempotency_key: String,
    /// What news about it are to name.
    pub reference: String,
    pub kind: Way,
    pub sender: Address,
    pub recipient: Address,
    pub pieces: u32,
    pub weight_grams: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bought {
    Label(Tracking),
    /// It will not, however often it is asked.
    Refused {
        reason: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancelled {
    /// Also when the carrier knows nothing of it.
    Done,
    Refused {
        reason: String,
    },
}

/// A label to be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelFile {
    Pdf(Vec<u8>),
    /// The carrier does not have it (any more).
    Gone,
}

/// Up to where news were heard.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heard {
    /// The name of the carrier's books, empty for none.
    pub book: String,
    pub position: i64,
}

/// Something happened to a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarrierNews {
    /// The name of the message that tells it, the same whichever way it comes. A message by itself has it in
    /// its header.
    #[serde(default)]
    pub id: String,
    /// The shop's own name for the parcel.
    pub reference: String,
    pub tracking_number: String,
    pub status: CarrierStatus,
    /// Rises with everything that happens to the parcel.
    pub sequence: u64,
    /// Unix microseconds.
    pub happened_at_us: i64,
}

/// A page of news.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NewsPage {
    pub book: String,
    pub changes: Vec<CarrierNews>,
    pub position: i64,
    pub has_more: bool,
}

/// The carrier did not answer; nobody knows whether it acted. Asking again with the same key is safe.
#[derive(Debug, thiserror::Error)]
#[error("the carrier did not answer: {0}")]
pub struct NoAnswer(pub String);

pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, NoAnswer>> + Send + 'a>>;

/// Who sells labels and brings parcels. Which one is decided once, where the server is put together.
pub trait Carrier: Send + Sync + 'static {
    fn buy(&self, request: BuyLabel) -> Answer<'_, Bought>;

    /// Takes a label back with which nothing was sent.
    fn cancel(&self, tracking_number: &str) -> Answer<'_, Cancelled>;

    fn label(&self, tracking_number: &str) -> Answer<'_, LabelFile>;

    /// What happened to all parcels after `position`.
    fn news(&self, position: i64) -> Answer<'_, NewsPage>;

    /// Forgets who a parcel goes to and comes from. Asked again, it does no harm.
    fn erase(&self, tracking_number: &str) -> Answer<'_, ()>;
}
