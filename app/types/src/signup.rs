//! Being told when a SKU is back, as pages show it.

use serde::{Deserialize, Serialize};

use crate::Slug;

/// For how many days somebody waits until they are forgotten.
pub const WAITS_DAYS: u32 = 180;

/// Somebody waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedUp {
    pub email: String,
    /// For how many days from now on.
    pub days: u32,
}

/// What somebody waits for, on the page that the link of their mail opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignupView {
    pub product: Slug,
    pub title: String,
    /// `White gold, EU 52`
    pub variant: String,
}
