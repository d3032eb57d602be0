//! What becomes of the services of others.

use super::Grants;
use crate::event::declare;

declare! {
    /// A service takes part from now on: it has a token, which stands nowhere in the log.
    ServiceRegistered ("service.registered" on "services", ordered by service) {
        service: String,
        grants: Grants,
        /// When that ends by itself.
        expires_at_us: Option<i64>,
        by: String,
    }

    /// Its token is of no use any more.
    ServiceRevoked ("service.revoked" on "services", ordered by service) {
        service: String,
        by: String,
    }

    /// A service hears something from now on, or something else than before.
    SubscriptionSet ("subscription.set" on "subscriptions", ordered by subscription) {
        /// Its name among the consumers.
        subscription: String,
        service: String,
        /// Patterns; none for every type, or every topic.
        types: Vec<String>,
        topics: Vec<String>,
    }

    /// A service hears it no more. What it had not handled is given up.
    SubscriptionEnded ("subscription.ended" on "subscriptions", ordered by subscription) {
        subscription: String,
        service: String,
        given_up: u64,
    }
}
