//! The ledger of a SKU: every movement of its stock, with cause, author and time.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::admin::Level;
use crate::movement::MovementKind;
use crate::{Sku, Slug};

/// Why pieces are written off.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum WriteOffCause {
    #[default]
    Broken,
    Lost,
    Stolen,
    Sample,
    Other,
}

impl WriteOffCause {
    pub const fn title(self) -> &'static str {
        match self {
            Self::Broken => "Broken",
            Self::Lost => "Lost",
            Self::Stolen => "Stolen",
            Self::Sample => "Given away as a sample",
            Self::Other => "Other",
        }
    }
}

/// `WriteOff`: pieces that are in the house no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteOff {
    pub sku: Sku,
    pub quantity: u32,
    pub cause: WriteOffCause,
    /// Needed where the cause is another one.
    pub note: String,
}

/// Which movements are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum LedgerTab {
    #[default]
    All,
    /// Those that change how many are in the house.
    OnHand,
}

impl LedgerTab {
    pub const fn title(self) -> &'static str {
        match self {
            Self::All => "Every movement",
            Self::OnHand => "In and out of the house",
        }
    }
}

/// What led to a movement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementOf {
    /// An order: its id and number.
    Order { id: String, number: String },
    /// An order to a supplier: its id and number.
    Purchase { id: String, number: String },
}

/// One movement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRow {
    /// Of the event that tells it.
    pub position: u64,
    /// Unix microseconds.
    pub at_us: i64,
    pub kind: MovementKind,
    /// Pieces more, or fewer, in the house, promised to orders and held by checkouts.
    pub on_hand_change: i64,
    pub allocated_change: i64,
    pub reserved_change: i64,
    /// How many there were after it.
    pub on_hand: i64,
    pub allocated: i64,
    pub reserved: i64,
    pub of: Option<MovementOf>,
    /// For people; empty where there is none.
    pub reason: String,
    /// A member of staff by their email, or `shopper`, `seed`, `the shop`.
    pub by: String,
}

/// A page of the ledger of a SKU, the newest movement first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerPage {
    pub sku: Sku,
    pub product: Slug,
    pub title: String,
    pub variant: String,
    pub level: Level,
    /// Of whom more are ordered.
    pub supplier: String,
    pub rows: Vec<LedgerRow>,
    /// Movements by tab, in the order of [`LedgerTab`].
    pub counts: Vec<u64>,
    pub pages: u64,
}
