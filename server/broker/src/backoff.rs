//! How long to wait before something that failed is tried again.

use std::time::Duration;

use rand::Rng;

/// Doubles from `first` up to `longest`; the jitter keeps what failed together from being tried
/// together.
pub(crate) fn jittered(first: Duration, longest: Duration, attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    let limit = first.saturating_mul(1 << doublings);
    limit
        .min(longest)
        .mul_f64(rand::rng().random_range(0.5..=1.0))
}
