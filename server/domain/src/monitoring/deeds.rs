//! What somebody did, as the rules count it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::Sku;

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Placed an order of these pieces.
    Ordered(BTreeMap<Sku, u32>),
    /// Held pieces at the checkout.
    Held,
    /// Gave a card that was declined.
    Declined,
    /// Tried to sign in to this account and was wrong.
    WrongSignIn(String),
    /// Asked to send pieces back.
    AskedBack,
}

/// A deed and the event that shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Unix microseconds.
    pub at_us: i64,
    /// Id of the event.
    pub id: String,
    pub deed: Deed,
}
