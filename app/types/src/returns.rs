//! Pieces that a customer sends back, as pages show them.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::Sku;
use crate::fulfilment::Tracking;
use crate::ids::InvalidId;

/// Days after its delivery in which a parcel's pieces can be sent back.
pub const RETURN_DAYS: i64 = 30;

/// Why something comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(
    serialize_all = "snake_case",
    const_into_str,
    parse_err_ty = InvalidId,
    parse_err_fn = unknown_reason
)]
pub enum ReturnReason {
    DoesNotFit,
    NotAsExpected,
    Damaged,
    WrongPiece,
    ChangedMind,
}

fn unknown_reason(text: &str) -> InvalidId {
    InvalidId {
        expected: "does_not_fit, not_as_expected, damaged, wrong_piece or changed_mind",
        got: text.chars().take(60).collect(),
    }
}

impl ReturnReason {
    pub const ALL: [Self; 5] = [
        Self::DoesNotFit,
        Self::NotAsExpected,
        Self::Damaged,
        Self::WrongPiece,
        Self::ChangedMind,
    ];

    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::DoesNotFit => "Does not fit",
            Self::NotAsExpected => "Looks different than expected",
            Self::Damaged => "Arrived damaged",
            Self::WrongPiece => "Not what I ordered",
            Self::ChangedMind => "Changed my mind",
        }
    }
}

/// Pieces of one SKU that are to come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnPieces {
    pub sku: Sku,
    pub quantity: u32,
    pub reason: ReturnReason,
}

/// Pieces of one SKU that came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedPieces {
    pub sku: Sku,
    /// Go back on sale.
    pub restocked: u32,
    /// Cannot be sold any more.
    pub written_off: u32,
}

/// What stands on the label of an accepted return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnLabel {
    pub order_number: String,
    /// 1 for the first return of its order.
    pub number: u32,
    /// Who sends it.
    pub name: String,
    /// Title and kind of each piece, how many, and why.
    pub lines: Vec<(String, u32, ReturnReason)>,
    /// Of the carrier's own label, once there is one.
    pub tracking: Option<Tracking>,
}

/// Where pieces are that come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackTransit {
    OnItsWay,
    Arrived,
    Lost,
}

impl BackTransit {
    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::OnItsWay => "on its way back",
            Self::Arrived => "arrived, to be unpacked",
            Self::Lost => "lost by the carrier",
        }
    }
}

/// The carrier's label of a return, as staff see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackLabel {
    /// `None` while the carrier has not given one.
    pub tracking: Option<Tracking>,
    /// Why it gives none; empty while nobody knows.
    pub reason: String,
    /// Where it is, and since when, unix microseconds.
    pub transit: Option<(BackTransit, i64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnState {
    Asked,
    Accepted,
    Declined,
    Received,
}

impl ReturnState {
    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Asked => "Asked for",
            Self::Accepted => "Accepted, on its way back",
            Self::Declined => "Declined",
            Self::Received => "Received",
        }
    }
}
