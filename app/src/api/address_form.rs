//! The fields of an address that staff correct.

use serde::{Deserialize, Serialize};

/// An address as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedAddress {
    pub name: String,
    pub street: String,
    pub street_2: String,
    pub postal_code: String,
    pub city: String,
    pub country: String,
}
