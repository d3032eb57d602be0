//! What staff are to look at: alerts, as the admin shows them.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::{AlertId, OrderId, PurchaseOrderId, Sku};

/// What an alert is about. As a word, `low_stock`. A new kind is a variant here with its words, and an arm
/// of `Report::of` in `domain/alert`.
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
pub enum AlertKind {
    /// A SKU has fallen to its threshold or below. Subject: the SKU.
    LowStock,
    /// A supplier has not delivered in time. Subject: the purchase order.
    PurchaseOverdue,
    /// An order could not be given to its supplier. Subject: the purchase order.
    PurchaseNotSent,
    /// The gateway's report and the shop's books differ. Subject: the line of the report.
    SettlementDiffers,
    /// One card after the other is declined. Subject: the source or the order.
    CardTesting,
    /// Many wrong sign-ins to one account. Subject: the account.
    SignInGuessing,
    /// Wrong sign-ins to many accounts. Subject: the source.
    CredentialStuffing,
    /// More orders than people place. Subject: the source, visitor or person.
    OrderVelocity,
    /// The same piece again and again, as somebody buys who sells it on. Subject: the source, visitor, person
    /// or place.
    ResaleLike,
    /// Many orders are asked to be taken back. Subject: the person.
    RefundAbuse,
    /// Pieces are held at the checkout again and again and not ordered. Subject: the source or visitor.
    HoldHoarding,
    /// The gateway takes far fewer payments than it did. Subject: the gateway.
    PaymentsFailing,
    /// Mail servers refuse mails. Subject: the shop.
    MailsBouncing,
    /// An order has a price that the SKU did not have. Subject: the SKU.
    PriceWrong,
    /// The books of a SKU hold what cannot be. Subject: the SKU.
    StockWrong,
    /// A consumer does not come nearer to the head of the log, or has given up an event. Subject: the consumer.
    ConsumerBehind,
    /// Pieces came into the house, and the event that says so was given up: the inventory does not have them.
    /// Subject: the SKU.
    PiecesNotCounted,
    /// A supplier has an order that was cancelled, and could not be told. Subject: the purchase order.
    CancellationNotTold,
    /// A gateway did not collect, hold or give back what it was asked to. Subject: the order.
    MoneyNotMoved,
    /// A parcel is lost, or came back. Subject: the order.
    ParcelAstray,
    /// A parcel that was settled as lost has arrived after all. Subject: the order.
    ParcelTurnedUp,
}

impl AlertKind {
    pub const fn title(self) -> &'static str {
        match self {
            Self::LowStock => "Stock is low",
            Self::PurchaseOverdue => "Delivery is overdue",
            Self::PurchaseNotSent => "Purchase order was not sent",
            Self::SettlementDiffers => "Gateway and books differ",
            Self::CardTesting => "Cards are being tested",
            Self::SignInGuessing => "A password is being guessed",
            Self::CredentialStuffing => "Many accounts are being tried",
            Self::OrderVelocity => "Unusually many orders",
            Self::ResaleLike => "Bought as if to sell on",
            Self::RefundAbuse => "Unusually many returns",
            Self::HoldHoarding => "Pieces are held and not ordered",
            Self::PaymentsFailing => "Payments fail more often",
            Self::MailsBouncing => "Mails bounce",
            Self::PriceWrong => "An order has a wrong price",
            Self::StockWrong => "Stock cannot be right",
            Self::ConsumerBehind => "A consumer is behind",
            Self::PiecesNotCounted => "Pieces that came are not counted",
            Self::CancellationNotTold => "Supplier does not know of a cancellation",
            Self::MoneyNotMoved => "Money was not collected or given back",
            Self::ParcelAstray => "A parcel is lost or came back",
            Self::ParcelTurnedUp => "A parcel settled as lost has arrived",
        }
    }

    /// The same, as bad as it is.
    pub const fn title_of(self, severity: Severity) -> &'static str {
        match (self, severity) {
            (Self::LowStock, Severity::Critical) => "Sold out",
            (kind, _) => kind.title(),
        }
    }

    /// Where staff can do something about a subject of this kind.
    pub fn page(self, subject: &str) -> String {
        match self {
            Self::LowStock => match subject.parse::<Sku>() {
                Ok(sku) => format!("/admin/restock?q={sku}"),
                Err(_) => "/admin/restock".to_owned(),
            },
            Self::PiecesNotCounted => match subject.parse::<Sku>() {
                Ok(sku) => format!("/admin/inventory?filter={sku}"),
                Err(_) => "/admin/inventory".to_owned(),
            },
            Self::PurchaseOverdue | Self::PurchaseNotSent | Self::CancellationNotTold => {
                match subject.parse::<PurchaseOrderId>() {
                    Ok(id) => format!("/admin/purchase-orders/{id}"),
                    Err(_) => "/admin/purchase-orders".to_owned(),
                }
            }
            Self::StockWrong => match subject.parse::<Sku>() {
                Ok(sku) => format!("/admin/inventory?filter={sku}"),
                Err(_) => "/admin/inventory".to_owned(),
            },
            Self::PriceWrong => "/admin/prices".to_owned(),
            Self::MailsBouncing => "/admin/mails".to_owned(),
            Self::CardTesting if subject.starts_with("order:") => {
                let order = subject.trim_start_matches("order:");
                format!("/admin/orders/{order}")
            }
            Self::OrderVelocity | Self::ResaleLike | Self::RefundAbuse => {
                "/admin/orders".to_owned()
            }
            Self::SettlementDiffers
            | Self::CardTesting
            | Self::SignInGuessing
            | Self::CredentialStuffing
            | Self::HoldHoarding
            | Self::PaymentsFailing
            | Self::ConsumerBehind => "/admin/events/consumers".to_owned(),
            Self::MoneyNotMoved | Self::ParcelAstray | Self::ParcelTurnedUp => {
                match subject.parse::<OrderId>() {
                    Ok(id) => format!("/admin/orders/{id}"),
                    Err(_) => "/admin/orders".to_owned(),
                }
            }
        }
    }
}

/// How much it matters; the later the more.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Severity {
    Notice,
    Warning,
    Critical,
}

/// Where an alert stands. As a word, `open`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
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
pub enum AlertStatus {
    /// Nobody has looked at it.
    Open,
    /// Somebody has.
    Acknowledged,
    /// It is over.
    Resolved,
}

impl AlertStatus {
    pub const fn title(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Acknowledged => "Acknowledged",
            Self::Resolved => "Resolved",
        }
    }
}

/// What staff do about an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum AlertChange {
    Acknowledge,
    /// A member of staff, by the id that the log knows.
    Assign {
        to: String,
    },
    /// Unix microseconds.
    Mute {
        until_us: i64,
    },
    Resolve,
}

/// Hours for which an alert can be muted.
pub const MUTE_HOURS: [i64; 4] = [1, 8, 24, 168];

/// Which alerts a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum AlertTab {
    /// Open and acknowledged, the open ones first.
    #[default]
    Current,
    Open,
    Acknowledged,
    Muted,
    Resolved,
    All,
}

impl AlertTab {
    pub const fn title(self) -> &'static str {
        match self {
            Self::Current => "Current",
            Self::Open => "Open",
            Self::Acknowledged => "Acknowledged",
            Self::Muted => "Muted",
            Self::Resolved => "Resolved",
            Self::All => "All",
        }
    }
}

/// An alert as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRow {
    pub id: AlertId,
    pub kind: AlertKind,
    /// As it stands in the log: a SKU, an id.
    pub subject: String,
    /// As people say it: a SKU, the number of a purchase order.
    pub name: String,
    pub severity: Severity,
    pub status: AlertStatus,
    /// Unix microseconds; 0 while it is not muted.
    pub muted_until_us: i64,
    /// Email of whoever takes care of it.
    pub assigned_to: Option<String>,
    /// How often it was reported.
    pub count: u64,
    /// Unix microseconds.
    pub raised_at_us: i64,
    pub last_at_us: i64,
    /// The last events that it was reported for, the newest first.
    pub evidence: Vec<Evidence>,
    /// When the house was written to, unix microseconds, and why that was not taken, if it was not.
    pub mailed: Option<(i64, Option<String>)>,
}

/// An event that an alert was reported for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub position: u64,
    /// Unix microseconds.
    pub at_us: i64,
    /// `restock.threshold_crossed`
    pub kind: String,
    /// One line for people.
    pub summary: String,
    /// The page that shows it with what led there; empty where there is none.
    pub page: String,
}

/// A page of alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertPage {
    pub rows: Vec<AlertRow>,
    /// So many under the tab.
    pub found: u64,
    pub pages: u64,
    /// Members of staff to whom alerts can be given: id and email.
    pub staff: Vec<(String, String)>,
    /// Up to where in the log the page knows.
    pub position: u64,
}
