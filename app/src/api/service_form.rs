//! The form with which a program of others is registered.

use serde::{Deserialize, Serialize};

/// What was typed to register one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceForm {
    pub name: String,
    /// `TYPE=TOPIC`, with spaces between.
    pub sends: String,
    /// Patterns over types, with spaces between.
    pub reads: String,
    /// The same over topics.
    pub reads_topics: String,
    /// How long the token is good; empty for ever.
    pub days: String,
}
