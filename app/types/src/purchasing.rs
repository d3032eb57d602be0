//! Orders to suppliers, as the admin shows them.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::fulfilment::Pieces;
use crate::log::StoryEvent;
use crate::order::number_digits;
use crate::{Money, PurchaseOrderId, Sku, SupplierId};

/// Lines of one order, at most.
pub const MAX_LINES: usize = 200;
/// Characters of a supplier's name and of its addresses, at most.
pub const MAX_NAME: usize = 100;
pub const MAX_ADDRESS: usize = 254;
/// Minutes for which a draft can wait for more, at most: a month.
pub const MAX_GATHER_MINUTES: u32 = 31 * 24 * 60;

/// The number by which people call it: `PO-1234ABCD`.
pub fn purchase_number(id: PurchaseOrderId) -> String {
    format!("PO-{}", number_digits(id.uuid()))
}

/// Where a purchase order stands. As a word, `partly_received`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum PurchaseStatus {
    /// Being gathered; can be edited.
    Draft,
    /// To be sent.
    Approved,
    /// The supplier has it.
    Sent,
    /// The supplier has said when it comes.
    Confirmed,
    /// Some of it has come.
    PartlyReceived,
    /// All has come that was going to.
    Closed,
    /// Nothing of it will come.
    Cancelled,
}

impl PurchaseStatus {
    pub const fn title(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::Approved => "Approved",
            Self::Sent => "Sent",
            Self::Confirmed => "Confirmed",
            Self::PartlyReceived => "Received in part",
            Self::Closed => "Closed",
            Self::Cancelled => "Cancelled",
        }
    }

    /// Whether the supplier has it, and something of it is still to come.
    pub const fn is_incoming(self) -> bool {
        matches!(self, Self::Sent | Self::Confirmed | Self::PartlyReceived)
    }

    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Closed | Self::Cancelled)
    }
}

/// How a supplier got an order. As a word, `mail`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentWay {
    /// The shop has mailed it.
    Mail,
    /// The shop has posted it to the supplier's system.
    System,
    /// Staff have given it some other way.
    Hand,
}

/// A SKU on a purchase order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseLine {
    pub sku: Sku,
    pub ordered: u32,
    pub received: u32,
    pub unit_cost: Money,
    /// Days from the order to the delivery.
    pub lead_time_days: u32,
}

impl PurchaseLine {
    /// What is still to come.
    pub const fn missing(&self) -> u32 {
        self.ordered.saturating_sub(self.received)
    }
}

/// What lines cost; `None` for more than can be counted.
pub fn total_of(lines: &[PurchaseLine]) -> Option<Money> {
    let mut costs = lines
        .iter()
        .map(|line| line.unit_cost.checked_mul(line.ordered));
    let first = costs.next()??;
    costs.try_fold(first, |total, cost| {
        let minor = total.minor.checked_add(cost?.minor)?;
        Some(Money::new(minor, total.currency))
    })
}

/// What staff do with a purchase order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum PurchaseCommand {
    /// Sets the pieces of lines; 0 takes a line out. What is not named stays.
    SetLines {
        lines: Vec<Pieces>,
    },
    Approve,
    /// By mail, or to the address that the supplier's system listens at.
    Send,
    /// It was given to the supplier some other way.
    MarkSent,
    /// The supplier says when it comes, unix microseconds.
    Confirm {
        expected_us: i64,
    },
    Receive {
        lines: Vec<Pieces>,
    },
    /// What has not come will not come.
    Cancel,
}

/// A supplier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplierDetails {
    pub name: String,
    /// Where orders are mailed to; empty for none.
    pub email: String,
    /// Where orders are posted to, signed, in place of a mail; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub webhook: String,
    /// Drafts up to this sum, in minor units, are approved by themselves; 0: none are.
    pub approve_up_to_minor: i64,
    /// Minutes for which such a draft waits for more SKUs.
    pub gather_minutes: u32,
}

/// A supplier on its page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplierRow {
    pub id: SupplierId,
    pub details: SupplierDetails,
    /// Orders that have not ended.
    pub open: usize,
    /// SKUs that are ordered of it.
    pub skus: usize,
}

/// A purchase order in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseRow {
    pub id: PurchaseOrderId,
    /// `PO-1234ABCD`
    pub number: String,
    pub supplier: SupplierId,
    pub supplier_name: String,
    pub status: PurchaseStatus,
    pub is_overdue: bool,
    /// Unix microseconds; 0 where nobody knows.
    pub expected_us: i64,
    pub opened_us: i64,
    pub lines: usize,
    pub ordered: u32,
    pub received: u32,
    pub total: Option<Money>,
}

/// Which orders the list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum PurchaseTab {
    Draft,
    Approved,
    /// Sent, confirmed, received in part.
    Incoming,
    Overdue,
    Closed,
    Cancelled,
    #[default]
    All,
}

impl PurchaseTab {
    pub const fn title(self) -> &'static str {
        match self {
            Self::Draft => "Drafts",
            Self::Approved => "To send",
            Self::Incoming => "Incoming",
            Self::Overdue => "Overdue",
            Self::Closed => "Closed",
            Self::Cancelled => "Cancelled",
            Self::All => "All",
        }
    }
}

/// A page of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchasePage {
    pub rows: Vec<PurchaseRow>,
    pub found: u64,
    pub pages: u64,
    /// Orders under each tab, in the order of the tabs.
    pub counts: Vec<u64>,
    /// Up to where in the log the page knows.
    pub position: u64,
}

/// A line of one order's page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseLineView {
    pub line: PurchaseLine,
    pub title: String,
    pub variant: String,
}

/// One purchase order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseView {
    pub row: PurchaseRow,
    pub supplier: SupplierDetails,
    pub lines: Vec<PurchaseLineView>,
    /// What a form was made of: one of another state is refused.
    pub revision: u32,
    /// Whether it is on its way to the supplier.
    pub is_sending: bool,
    /// How the supplier got it; `None` before, and where nobody knows.
    pub way: Option<SentWay>,
    /// When it is approved by itself, unix microseconds; 0 for never.
    pub approve_at_us: i64,
    /// What happened, each event after the one that caused it.
    pub story: Vec<StoryEvent>,
    /// Up to where in the log the page knows.
    pub position: u64,
}
