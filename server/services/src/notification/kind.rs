//! Which events a customer is told of. A new one is a variant here with its arm in [`Notice::of`], a
//! pair of templates of its name, and a line in what the reactor hears.

use domain::Event;
use domain::event::Pieces;
use serde::Serialize;
use strum::{EnumIter, EnumString, IntoStaticStr};
use types::Sku;
use types::fulfilment::{FulfilmentStatus, Tracking};
use types::order::CancelledBy;

use super::words;

/// What a mail is about. As a word, the name of its templates and of its kind in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum MailKind {
    OrderReceived,
    PaymentNeeded,
    PaymentReminder,
    PaymentDeclined,
    OrderConfirmed,
    OrderRejected,
    OrderCancelled,
    OrderRestCancelled,
    ShipmentShipped,
    ShipmentSentAgain,
    ShipmentDelivered,
    ShipmentLost,
    ShipmentCameBack,
    PaymentRefunded,
    RefundFailed,
    ReturnAccepted,
    ReturnDeclined,
    BackInStock,
}

impl MailKind {
    /// For staff.
    pub const fn title(self) -> &'static str {
        match self {
            Self::OrderReceived => "Order received",
            Self::PaymentNeeded => "Payment needed",
            Self::PaymentReminder => "Payment reminder",
            Self::PaymentDeclined => "Payment declined",
            Self::OrderConfirmed => "Order confirmed",
            Self::OrderRejected => "Order sold out",
            Self::OrderCancelled => "Order cancelled",
            Self::OrderRestCancelled => "Rest cancelled",
            Self::ShipmentShipped => "Parcel shipped",
            Self::ShipmentSentAgain => "Parcel sent again",
            Self::ShipmentDelivered => "Parcel delivered",
            Self::ShipmentLost => "Parcel lost",
            Self::ShipmentCameBack => "Parcel came back",
            Self::PaymentRefunded => "Refund",
            Self::RefundFailed => "Refund failed",
            Self::ReturnAccepted => "Return accepted",
            Self::ReturnDeclined => "Return declined",
            Self::BackInStock => "Back in stock",
        }
    }
}

/// What an event means to the customer.
#[derive(Debug)]
pub struct Notice {
    pub kind: MailKind,
    pub details: Details,
}

/// What templates know beside the order; each kind has its own of them. Nothing of a card but what its
/// bank has said.
#[derive(Debug, Default, Serialize)]
pub struct Details {
    /// What the customer can do about a refused card.
    advice: Option<&'static str>,
    /// End of the payment window, in words.
    pay_until: Option<String>,
    cancelled_by: Option<CancelledBy>,
    /// Whether what is cancelled had been paid.
    was_paid: bool,
    /// What a parcel holds, or what of an order is not delivered.
    #[serde(skip)]
    pub pieces: Vec<(Sku, u32)>,
    /// Pieces of the order that the customer still waits for.
    #[serde(skip)]
    pub to_come: Vec<(Sku, u32)>,
    /// Whether more of the order follows.
    is_part: bool,
    tracking: Option<Tracking>,
    amount: Option<String>,
    /// Of an accepted return.
    return_number: Option<u32>,
    /// Until when a piece counts as that of who was told that it is back, in words.
    until: Option<String>,
}

fn counted(lines: &[Pieces]) -> Vec<(Sku, u32)> {
    let lines = lines.iter();
    lines
        .map(|line| (line.sku.clone(), line.quantity))
        .collect()
}

impl Notice {
    /// `None` for an event that the customer is not told of.
    pub fn of(event: &Event) -> Option<Self> {
        let mut details = Details::default();
        let kind = match event {
            Event::OrderPlaced(_) => MailKind::OrderReceived,
            Event::PaymentMethodRequired(required) => {
                details.pay_until = Some(words::moment(required.reserved_until_us));
                MailKind::PaymentNeeded
            }
            Event::PaymentReminderDue(due) => {
                details.pay_until = Some(words::moment(due.reserved_until_us));
                MailKind::PaymentReminder
            }
            Event::PaymentDeclined(declined) => {
                details.advice = Some(declined.reason.advice());
                MailKind::PaymentDeclined
            }
            Event::OrderConfirmed(_) => MailKind::OrderConfirmed,
            Event::OrderRejected(_) => MailKind::OrderRejected,
            Event::OrderCancelled(cancelled) => {
                details.cancelled_by = Some(cancelled.by);
                details.was_paid = cancelled.paid;
                MailKind::OrderCancelled
            }
            Event::OrderRestCancelled(cancelled) => {
                details.cancelled_by = Some(cancelled.by);
                details.pieces = counted(&cancelled.lines);
                MailKind::OrderRestCancelled
            }
            Event::ShipmentShipped(shipped) => {
                details.pieces = counted(&shipped.lines);
                details.is_part = shipped.status == FulfilmentStatus::PartlyShipped;
                details.tracking = shipped.tracking.clone();
                match shipped.replaces {
                    None => MailKind::ShipmentShipped,
                    Some(_) => MailKind::ShipmentSentAgain,
                }
            }
            Event::ShipmentDelivered(arrived) => {
                details.pieces = counted(&arrived.lines);
                details.to_come = counted(&arrived.to_come);
                MailKind::ShipmentDelivered
            }
            Event::ShipmentLost(lost) => {
                details.pieces = counted(&lost.lines);
                MailKind::ShipmentLost
            }
            Event::ShipmentCameBack(back) => {
                details.pieces = counted(&back.lines);
                MailKind::ShipmentCameBack
            }
            Event::PaymentRefunded(refunded) => {
                details.amount = Some(refunded.amount.to_string());
                MailKind::PaymentRefunded
            }
            // Who was never told of it waits for nothing.
            Event::PaymentRefundFailed(failed) if failed.was_told => {
                details.amount = Some(failed.amount.to_string());
                MailKind::RefundFailed
            }
            Event::ReturnAccepted(accepted) => {
                details.return_number = Some(accepted.number);
                MailKind::ReturnAccepted
            }
            Event::ReturnDeclined(_) => MailKind::ReturnDeclined,
            Event::BackInStockDue(due) => {
                details.until = Some(words::moment(due.until_us));
                MailKind::BackInStock
            }
            _ => return None,
        };
        Some(Self { kind, details })
    }
}
