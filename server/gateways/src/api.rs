//! What is asked of the gateway and what it answers, as JSON.

use serde::{Deserialize, Serialize};
use types::order::DeclineReason;

/// The header that makes a request safe to repeat.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A request to hold money.
#[derive(Debug, Clone, Deserialize)]
pub struct Authorize {
    /// What it is for, in the words of who asks.
    pub reference: String,
    /// Comes back with everything that is told of this payment.
    #[serde(default)]
    pub attempt: u32,
    pub amount_minor: i64,
    pub currency: String,
    pub payment_token: String,
    /// Where the shopper goes after a challenge.
    #[serde(default)]
    pub return_url: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum PaymentAnswer {
    Authorized {
        id: String,
        amount_minor: i64,
        currency: String,
    },
    Declined {
        id: String,
        reason: DeclineReason,
    },
    /// The shopper has to prove who they are, at this path of the gateway.
    ActionRequired {
        id: String,
        path: String,
        /// Unix microseconds.
        until_us: i64,
    },
    /// Let go by the shop.
    Voided {
        id: String,
    },
    /// Let go because nobody collected it in time.
    Expired {
        id: String,
    },
}

/// A request to move money that is held or was collected.
#[derive(Debug, Clone, Deserialize)]
pub struct MoveMoney {
    pub amount_minor: i64,
    pub currency: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum MoveAnswer {
    Done,
    /// It is taken on; what becomes of it is told later.
    Pending {
        id: String,
    },
    /// It will not, however often it is asked.
    Refused {
        reason: String,
        expired: bool,
    },
}

/// What the gateway tells by itself.
#[derive(Debug, Clone, Serialize)]
pub struct News<'a> {
    #[serde(rename = "type")]
    pub kind: &'a str,
    pub id: &'a str,
    pub reference: &'a str,
    pub attempt: i64,
    pub amount_minor: i64,
    pub currency: &'a str,
    pub reason: Option<DeclineReason>,
    /// The refund that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_id: Option<&'a str>,
}

/// A payment as the ledger lists it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListedPayment {
    pub seq: i64,
    pub id: String,
    pub reference: String,
    pub amount_minor: i64,
    pub currency: String,
    pub status: String,
}

/// A movement of money as the ledger and the settlement list it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListedMovement {
    pub idempotency_key: String,
    pub payment_id: String,
    pub reference: String,
    pub kind: String,
    pub amount_minor: i64,
    pub currency: String,
    /// Unix microseconds.
    pub at_us: i64,
}
