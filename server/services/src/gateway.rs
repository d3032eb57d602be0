//! What the shop asks of a payment gateway.

use std::future::Future;
use std::pin::Pin;

use domain::event::RefundOutcome;
use serde::Deserialize;
use strum::IntoStaticStr;
use types::order::DeclineReason;
use types::{Money, OrderId, RefundId};

/// A request to hold money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorize {
    /// Asked twice with the same key, the gateway answers the same and holds the money once.
    pub idempotency_key: String,
    /// What it is for.
    pub reference: OrderId,
    /// 1 for the first card of the order. The gateway repeats it in what it tells later.
    pub attempt: u32,
    pub amount: Money,
    /// The gateway's own token for the card; empty where the shopper pays on its own page.
    pub payment_token: String,
    /// Until when the order holds its stock, unix microseconds.
    pub reserved_until_us: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Authorized {
        authorization_id: String,
    },
    Declined {
        reason: DeclineReason,
    },
    /// The shopper has to do something there first; what came of it is told by webhook.
    ActionRequired(Action),
}

/// What the shopper has to do at the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// The gateway's name for the payment.
    pub id: String,
    /// Where the shopper does it.
    pub url: String,
}

/// A request to move money that the gateway holds or has collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveMoney {
    /// As with [`Authorize`].
    pub idempotency_key: String,
    pub authorization_id: String,
    pub amount: Money,
    /// Of what is held: whether the rest of it may be let go.
    pub is_last: bool,
    /// What the gateway is to repeat in what it tells later, where it can.
    pub reference: OrderId,
    pub refund_id: Option<RefundId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moved {
    Done,
    /// Another amount than was asked for: what is held can be collected once only, so that the first request
    /// collects all of it and a later one finds nothing.
    Otherwise {
        amount: Money,
    },
    /// It is taken on and not done yet; what becomes of it is told later.
    Pending {
        /// The gateway's name for it.
        id: String,
    },
    /// It will not, however often it is asked.
    Refused {
        reason: String,
        /// Whether the gateway has let the money go because it was held for too long.
        expired: bool,
    },
}

/// What has become of a payment that the shopper had to do something for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// They have not done it yet.
    Pending,
    Authorized {
        authorization_id: String,
        amount: Money,
    },
    Declined {
        reason: DeclineReason,
    },
    /// Let go, by the shop or because it was held for too long.
    LetGo,
}

/// What was done with money that was held or collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MovedKind {
    Capture,
    Refund,
}

/// A line of the report in which a gateway says what it has moved on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The key of the request that it was moved with.
    pub request: String,
    /// `None` when it was for no order.
    pub order_id: Option<OrderId>,
    pub kind: MovedKind,
    pub amount: Money,
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

    /// What has become of a refund; see [`Moved::Pending`].
    fn look_for_refund(&self, refund_id: String) -> Answer<'_, RefundOutcome>;

    /// Lets go what is held under this name and was not collected. Asked again, it does no harm.
    fn void(&self, authorization_id: String) -> Answer<'_, ()>;

    /// What has become of what the shopper was to do; see [`Action::id`].
    fn look(&self, action_id: String) -> Answer<'_, Outcome>;

    /// Ends what the shopper was to do, if they have not done it; answers with how it ended.
    fn give_up(&self, action_id: String) -> Answer<'_, Outcome>;

    /// Holds once more what has expired under this name.
    fn hold_again(&self, authorization_id: String, idempotency_key: String) -> Answer<'_, Moved>;

    /// What was moved on a day (UTC), like `2026-11-30`.
    fn settled(&self, day: String) -> Answer<'_, Vec<Settled>>;
}
