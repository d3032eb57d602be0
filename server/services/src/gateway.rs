//! What the shop asks of a payment gateway.

use std::future::Future;
use std::pin::Pin;

use types::order::DeclineReason;
use types::{Money, OrderId};

/// A request to hold money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorize {
    /// Asked twice with the same key, the gateway answers the same and holds the money once.
    pub idempotency_key: String,
    /// What it is for.
    pub reference: OrderId,
    pub amount: Money,
    /// The gateway's own token for the card.
    pub payment_token: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Authorized { authorization_id: String },
    Declined { reason: DeclineReason },
}

/// A request to move money that the gateway holds or has collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveMoney {
    /// As with [`Authorize`].
    pub idempotency_key: String,
    pub authorization_id: String,
    pub amount: Money,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moved {
    Done,
    /// It will not, however often it is asked.
    Refused {
        reason: String,
    },
}

/// The gateway did not answer; nobody knows whether it acted. Asking again with the same key is safe.
#[derive(Debug, thiserror::Error)]
#[error("the payment gateway did not answer: {0}")]
pub struct NoAnswer(pub String);

pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, NoAnswer>> + Send + 'a>>;

/// A payment gateway. Which one is decided once, where the server is put together.
pub trait PaymentGateway: Send + Sync + 'static {
    fn authorize(&self, request: Authorize) -> Answer<'_, Decision>;

    /// Collects money that is held, or a part of it.
    fn capture(&self, request: MoveMoney) -> Answer<'_, Moved>;

    /// Gives back money that was collected, or a part of it.
    fn refund(&self, request: MoveMoney) -> Answer<'_, Moved>;

    /// Lets go what is held under this name and was not collected. Asked again, it does no harm.
    fn void(&self, authorization_id: String) -> Answer<'_, ()>;
}
