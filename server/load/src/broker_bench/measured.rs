//! What is measured on a database, and what came of it.

use super::latency::Latency;
use super::parallel_keys::Asked;
use super::rates::Rates;

/// Events of a transaction.
pub const BATCHES: [usize; 2] = [1, 64];
/// Keys that the reactor works on at once.
pub const PARALLEL_KEYS: [usize; 3] = [1, 16, 256];

/// What was measured on one database.
pub struct Measured {
    pub database: String,
    /// Its version and how carefully it writes.
    pub settings: String,
    /// In the order of [`BATCHES`].
    pub batches: Vec<(Rates, Latency)>,
    /// In the order of [`PARALLEL_KEYS`].
    pub keys: Vec<Asked>,
}
