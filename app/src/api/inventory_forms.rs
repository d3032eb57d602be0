//! What is typed into the forms of the inventory, as their pages show it again.

use serde::{Deserialize, Serialize};

/// What was typed to write pieces off.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WriteOffForm {
    #[serde(default)]
    pub sku: String,
    #[serde(default)]
    pub quantity: String,
    #[serde(default)]
    pub cause: String,
    #[serde(default)]
    pub note: String,
}
