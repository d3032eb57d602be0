//! Views of the desk: the orders of everybody, for staff.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::alert::AlertKind;
use crate::catalogue::Image;
use crate::fulfilment::{Carrier, Parcel, ParcelLabel, Pieces};
use crate::ids::InvalidId;
use crate::log::StoryEvent;
use crate::order::{Order, OrderStatus};
use crate::papers::PaperLinks;
use crate::returns::{BackLabel, ReturnPieces, ReturnState};
use crate::{Money, OrderId, RefundId, ReturnId, ShipmentId, Sku};

/// Orders on one page of the list.
pub const PAGE: usize = 25;
/// Characters of a search, at most.
pub const MAX_SEARCH: usize = 100;
/// Characters of a note, at most.
pub const MAX_NOTE: usize = 1_000;

/// What the list is divided into. As a word it stands in the address.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Default,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", const_into_str)]
pub enum Tab {
    /// Paid for, and nothing of it is packed.
    #[default]
    ToPack,
    /// Packed, or sent in part.
    ToSend,
    /// All of it has left.
    OnTheWay,
    /// A parcel was lost or came back, and somebody has to decide.
    Astray,
    Arrived,
    /// Not paid yet.
    Unpaid,
    /// Came to nothing.
    Ended,
    All,
}

impl Tab {
    /// The one that an order of this status is found under, beside [`Tab::All`].
    pub const fn of(status: OrderStatus) -> Self {
        match status {
            OrderStatus::Reserving
            | OrderStatus::Paying
            | OrderStatus::ActionRequired
            | OrderStatus::AwaitingPayment => Self::Unpaid,
            OrderStatus::Confirmed => Self::ToPack,
            OrderStatus::Packed | OrderStatus::PartlyShipped | OrderStatus::SendingAgain => {
                Self::ToSend
            }
            OrderStatus::Shipped | OrderStatus::ShippedAgain => Self::OnTheWay,
            OrderStatus::CameBack | OrderStatus::Lost => Self::Astray,
            OrderStatus::Delivered => Self::Arrived,
            OrderStatus::Undelivered | OrderStatus::Rejected | OrderStatus::Cancelled => {
                Self::Ended
            }
        }
    }

    pub fn holds(self, status: OrderStatus) -> bool {
        self == Self::All || self == Self::of(status)
    }

    /// The statuses that are found under it.
    pub fn statuses(self) -> impl Iterator<Item = OrderStatus> {
        let all = OrderStatus::VARIANTS.iter().copied();
        all.filter(move |status| self.holds(*status))
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::ToPack => "To pack",
            Self::ToSend => "To send",
            Self::OnTheWay => "On the way",
            Self::Astray => "Astray",
            Self::Arrived => "Arrived",
            Self::Unpaid => "Not paid",
            Self::Ended => "Ended",
            Self::All => "All",
        }
    }
}

/// A status as staff read it.
pub const fn status_words(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Reserving => "being reserved",
        OrderStatus::Paying => "being paid",
        OrderStatus::ActionRequired => "action required",
        OrderStatus::AwaitingPayment => "awaiting payment",
        OrderStatus::Confirmed => "confirmed",
        OrderStatus::Packed => "packed",
        OrderStatus::PartlyShipped => "shipped in part",
        OrderStatus::SendingAgain => "to be sent again",
        OrderStatus::Shipped => "shipped",
        OrderStatus::ShippedAgain => "on its way again",
        OrderStatus::CameBack => "came back",
        OrderStatus::Lost => "lost",
        OrderStatus::Delivered => "delivered",
        OrderStatus::Undelivered => "not delivered",
        OrderStatus::Rejected => "rejected",
        OrderStatus::Cancelled => "cancelled",
    }
}

/// A place in the list, between two orders. In an address it is text: `1795310287000000.ID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// When the order was placed, unix microseconds.
    pub at_us: i64,
    pub id: OrderId,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at_us, self.id)
    }
}

impl FromStr for Place {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let read = || {
            let (at_us, id) = text.split_once('.')?;
            Some(Self {
                at_us: at_us.parse().ok()?,
                id: id.parse().ok()?,
            })
        };
        read().ok_or_else(|| InvalidId {
            expected: "a place in the list (MICROSECONDS.ORDER_ID)",
            got: text.chars().take(60).collect(),
        })
    }
}

/// Which page of the list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Page {
    /// The newest orders.
    #[default]
    First,
    /// Those placed before.
    Older(Place),
    /// Those placed after, the nearest of them.
    Newer(Place),
}

/// What of the list is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DeskQuery {
    pub tab: Tab,
    pub search: String,
    pub page: Page,
}

impl DeskQuery {
    /// Where the list shows this.
    pub fn address(&self, escape: impl Fn(&str) -> String) -> String {
        let mut parts = Vec::new();
        if self.tab != Tab::default() {
            parts.push(format!("tab={}", self.tab.into_str()));
        }
        if !self.search.is_empty() {
            parts.push(format!("search={}", escape(&self.search)));
        }
        match self.page {
            Page::First => {}
            Page::Older(place) => parts.push(format!("older={place}")),
            Page::Newer(place) => parts.push(format!("newer={place}")),
        }
        match parts.is_empty() {
            true => "/admin/orders".to_owned(),
            false => format!("/admin/orders?{}", parts.join("&")),
        }
    }
}

/// An order in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskRow {
    pub id: OrderId,
    /// `V-1234ABCD`
    pub number: String,
    /// Unix microseconds.
    pub placed_at_us: i64,
    pub name: String,
    pub email: String,
    pub status: OrderStatus,
    /// Whether somebody is to look at it before it is packed.
    pub is_held: bool,
    pub pieces: u32,
    pub total: Money,
    /// Position of the event that made it so.
    pub position: u64,
}

impl DeskRow {
    pub const fn place(&self) -> Place {
        Place {
            at_us: self.placed_at_us,
            id: self.id,
        }
    }
}

/// How many orders there are of each status that any has.
pub type Counts = Vec<(OrderStatus, u64)>;

/// Orders under a tab.
pub fn counted(counts: &Counts, tab: Tab) -> u64 {
    let of = counts.iter().filter(|(status, _)| tab.holds(*status));
    of.map(|(_, orders)| orders).sum()
}

/// One page of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskList {
    pub query: DeskQuery,
    /// The newest first.
    pub rows: Vec<DeskRow>,
    /// Of what was searched for, or of all orders.
    pub counts: Counts,
    pub has_newer: bool,
    pub has_older: bool,
    /// Whether more was found than is looked at.
    pub is_cut: bool,
    /// Up to where in the log the list knows.
    pub position: u64,
}

/// What the socket tells of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskNews {
    /// Orders that have changed.
    pub rows: Vec<DeskRow>,
    pub counts: Counts,
    /// Whether more have changed than are told of.
    pub is_cut: bool,
}

/// A member of staff who has an order open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Present {
    pub email: String,
    /// Unix microseconds.
    pub since_us: i64,
}

/// One order, with all that staff see of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskOrder {
    pub order: Order,
    pub status: OrderStatus,
    /// Position of the newest event that a command could be at odds with.
    pub version: u64,
    pub payments: Vec<PaymentRow>,
    pub money: MoneyRow,
    pub parcels: Vec<Parcel>,
    /// Of parcels, also of such as are unpacked again.
    pub labels: Vec<ParcelLabel>,
    /// Who sells labels, if anybody does.
    pub carrier: Option<Carrier>,
    /// When this was so, unix microseconds.
    pub at_us: i64,
    pub returns: Vec<ReturnRow>,
    /// The invoice, and what was given back.
    pub papers: PaperLinks,
    /// Whether something may still go to its address.
    pub can_correct_address: bool,
    /// What can still be packed.
    pub left: Vec<Pieces>,
    /// What will never be sent.
    pub never: Vec<Pieces>,
    /// Why it is held, if somebody is to look at it first.
    pub held: Option<HeldForReview>,
    /// Whether staff can cancel it, or what of it has not left.
    pub can_cancel: bool,
    /// Whether whoever looks may do anything with it.
    pub may_change: bool,
    /// Ids for the next parcel and the next refund, so that a form that is sent twice acts once.
    pub next_parcel: ShipmentId,
    pub next_refund: RefundId,
    pub notes: Vec<OrderNote>,
    /// What happened, each event after the one that caused it.
    pub story: Vec<StoryEvent>,
}

/// An order that a rule has held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldForReview {
    pub rule: AlertKind,
    /// Of whom the rule has found something, as the alert says it.
    pub name: String,
}

/// Pieces that the customer sends back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnRow {
    pub id: ReturnId,
    /// 1 for the first of its order.
    pub number: u32,
    pub state: ReturnState,
    pub lines: Vec<ReturnPieces>,
    /// The carrier's, if one was asked for.
    pub label: Option<BackLabel>,
}

/// What was collected of an order's money, and given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyRow {
    pub captured: Money,
    pub refunded: Money,
    /// What can still be given back.
    pub refundable: Money,
    /// What is being given back and has not arrived.
    pub under_way: Money,
    /// What was to be given back last and was refused, if that was not tried again.
    pub failed_refund: Option<Money>,
    /// Whether the gateway has refused to collect something.
    pub has_failed: bool,
}

/// Something that happened to the payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRow {
    /// Unix microseconds.
    pub at_us: i64,
    /// The card that was tried: 1 for the first. 0 where it is about none.
    pub attempt: u32,
    /// `authorized`, `declined: expired card`
    pub what: String,
    pub amount: Option<Money>,
    /// The gateway's name for it; empty where it has none.
    pub reference: String,
}

/// What a member of staff has written down about an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderNote {
    pub id: String,
    /// Unix microseconds.
    pub at_us: i64,
    /// Email.
    pub by: String,
    pub text: String,
}

/// Orders whose papers are printed at once, at most.
pub const MAX_PAPERS: usize = 100;

/// What is to be fetched from the shelves for the orders that wait to be packed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PickList {
    /// By SKU.
    pub rows: Vec<PickRow>,
    pub orders: u64,
    pub pieces: u64,
    /// Whether there are more orders than are looked at.
    pub is_cut: bool,
    /// Unix microseconds.
    pub at_us: i64,
}

/// A SKU of the pick list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PickRow {
    pub sku: Sku,
    pub title: String,
    pub variant: String,
    pub image: Option<Image>,
    pub pieces: u32,
    /// The numbers of the orders that they are for, and how many each gets; the oldest first.
    pub orders: Vec<(String, u32)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0199c0a0-1111-7aaa-8bbb-123456789abc";

    #[test]
    fn every_status_stands_under_one_tab_and_under_all() {
        for status in OrderStatus::VARIANTS {
            let tabs = Tab::VARIANTS.iter().filter(|tab| tab.holds(*status));
            assert_eq!(tabs.count(), 2, "{status:?}");
        }
        for tab in Tab::VARIANTS {
            assert!(tab.statuses().next().is_some(), "{tab:?} is never empty");
        }
    }

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let place = Place {
            at_us: 1_795_310_287_000_000,
            id: ID.parse().expect("an id"),
        };
        assert_eq!(place.to_string().parse(), Ok(place));
        for bad in ["", ".", "1", "x.y", &format!("{ID}.1")] {
            assert!(bad.parse::<Place>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_says_what_differs_from_the_first_page() {
        let escape = |text: &str| text.replace(' ', "%20");
        assert_eq!(DeskQuery::default().address(escape), "/admin/orders");
        let query = DeskQuery {
            tab: Tab::Unpaid,
            search: "ada l".to_owned(),
            page: Page::Older(Place {
                at_us: 7,
                id: ID.parse().expect("an id"),
            }),
        };
        assert_eq!(
            query.address(escape),
            format!("/admin/orders?tab=unpaid&search=ada%20l&older=7.{ID}")
        );
    }

    #[test]
    fn a_tab_counts_all_of_its_statuses() {
        let counts = vec![
            (OrderStatus::Confirmed, 3),
            (OrderStatus::Paying, 1),
            (OrderStatus::Reserving, 2),
        ];
        assert_eq!(counted(&counts, Tab::ToPack), 3);
        assert_eq!(counted(&counts, Tab::Unpaid), 3);
        assert_eq!(counted(&counts, Tab::Ended), 0);
        assert_eq!(counted(&counts, Tab::All), 6);
    }
}
