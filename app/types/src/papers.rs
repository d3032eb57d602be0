//! The papers of an order: what lies in a parcel, what was sold, and what was given back.

use serde::{Deserialize, Serialize};

use crate::checkout::BillingAddress;
use crate::order::order_number;
use crate::{Money, OrderId, RefundId, ShipmentId, Sku};

/// The number of an order's invoice: there is one.
pub fn invoice_number(id: OrderId) -> String {
    numbered("INV", id)
}

/// The number of a credit note: 1 for the first of its order.
pub fn credit_number(id: OrderId, at: usize) -> String {
    format!("{}-{at}", numbered("CN", id))
}

/// The digits are those of the order's own number, which no other order has.
fn numbered(kind: &str, id: OrderId) -> String {
    let number = order_number(id);
    let digits = number.trim_start_matches("V-");
    format!("{kind}-{digits}")
}

/// Pieces on a paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperLine {
    pub sku: Sku,
    pub title: String,
    pub variant: String,
    pub quantity: u32,
    pub unit_price: Money,
    pub total: Money,
}

/// The tax that an amount contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vat {
    /// Hundredths of a percent.
    pub basis_points: u32,
    pub amount: Money,
}

impl Vat {
    /// `19 % VAT`
    pub fn title(self) -> String {
        let (whole, part) = (self.basis_points / 100, self.basis_points % 100);
        match part {
            0 => format!("{whole} % VAT"),
            part => format!("{whole}.{part:02} % VAT"),
        }
    }
}

/// The tax at a rate that `gross` minor units contain, rounded to the nearest.
pub fn included_tax(gross: i64, basis_points: u32) -> i64 {
    let rate = i128::from(basis_points);
    let whole = 10_000 + rate;
    let tax = (i128::from(gross) * rate * 2 + whole).div_euclid(whole * 2);
    i64::try_from(tax).unwrap_or(0)
}

/// What was sold and is paid for, or is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    pub number: String,
    pub order_id: OrderId,
    pub order_number: String,
    /// When the sale was made, unix microseconds.
    pub issued_at_us: i64,
    pub placed_at_us: i64,
    pub to: BillingAddress,
    pub lines: Vec<PaperLine>,
    /// `Standard delivery`
    pub delivery_title: String,
    pub delivery: Money,
    /// What was cancelled before it was collected: not charged.
    pub cancelled: Vec<PaperLine>,
    pub cancelled_delivery: Option<Money>,
    /// What was charged otherwise than the lines say.
    pub other: Option<Money>,
    pub total: Money,
    pub vat: Vat,
    pub paid: Money,
    /// What is still to be collected.
    pub outstanding: Money,
    /// Number and amount of each credit note.
    pub credits: Vec<(String, Money)>,
}

/// What was given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditNote {
    pub number: String,
    pub refund_id: RefundId,
    pub order_id: OrderId,
    pub order_number: String,
    pub invoice_number: String,
    /// Unix microseconds.
    pub issued_at_us: i64,
    pub placed_at_us: i64,
    pub to: BillingAddress,
    /// `Return 1`
    pub cause: String,
    pub lines: Vec<PaperLine>,
    pub delivery_title: String,
    pub delivery: Option<Money>,
    /// What was given back otherwise than the lines say.
    pub other: Option<Money>,
    pub total: Money,
    pub vat: Vat,
}

/// Pieces on a packing slip: without a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlipLine {
    pub sku: Sku,
    pub title: String,
    pub variant: String,
    pub quantity: u32,
    pub gift_note: Option<String>,
}

/// Which parcel a slip is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlipParcel {
    pub id: ShipmentId,
    pub number: u32,
    /// The how manyth of how many it is; the latter is not known while something is left to pack.
    pub at: u32,
    pub of: Option<u32>,
    /// The number of the parcel that it goes in place of.
    pub replaces: Option<u32>,
}

impl SlipParcel {
    /// `Parcel 2 of 3`
    pub fn title(self) -> String {
        let name = format!("Parcel {}", self.number);
        let place = match self.of {
            Some(1) | None => name,
            Some(of) if self.at == self.number => format!("{name} of {of}"),
            Some(of) => format!("{name}, one of {of}"),
        };
        match self.replaces {
            Some(replaced) => format!("{place}, in place of parcel {replaced}"),
            None => place,
        }
    }
}

/// What lies in a parcel, or is still to be packed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slip {
    pub order_number: String,
    pub placed_at_us: i64,
    pub to: BillingAddress,
    pub delivery_title: String,
    /// `None` of what is still to be packed.
    pub parcel: Option<SlipParcel>,
    pub lines: Vec<SlipLine>,
    /// What comes in another parcel.
    pub follows: Vec<SlipLine>,
    /// What was sent before, by the number of its parcel.
    pub before: Vec<(u32, Vec<SlipLine>)>,
}

impl Slip {
    pub fn pieces(&self) -> u32 {
        self.lines.iter().map(|line| line.quantity).sum()
    }
}

/// What the shopper finds of the papers of an order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PaperLinks {
    pub has_invoice: bool,
    /// Each credit note's refund and number.
    pub credits: Vec<(RefundId, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tax_is_what_the_price_contains_to_the_nearest_cent() {
        assert_eq!(included_tax(11_900, 1_900), 1_900);
        assert_eq!(included_tax(100, 1_900), 16);
        assert_eq!(included_tax(249_000, 1_900), 39_756);
        assert_eq!((included_tax(0, 1_900), included_tax(500, 0)), (0, 0));
    }

    #[test]
    fn papers_are_numbered_as_their_order_and_each_differently() {
        let id = "0199c0a0-1111-7aaa-8bbb-123456789abc"
            .parse()
            .expect("an id");
        assert_eq!(invoice_number(id), "INV-6HB7H6NW");
        assert_eq!(credit_number(id, 2), "CN-6HB7H6NW-2");
    }

    #[test]
    fn a_parcel_says_which_of_how_many_it_is_as_far_as_that_is_known() {
        let parcel = SlipParcel {
            id: "0199c0a0-1111-7aaa-8bbb-123456789abc"
                .parse()
                .expect("an id"),
            number: 2,
            at: 2,
            of: Some(3),
            replaces: None,
        };
        let title = |parcel: SlipParcel| parcel.title();
        assert_eq!(title(parcel), "Parcel 2 of 3");
        assert_eq!(title(SlipParcel { of: None, ..parcel }), "Parcel 2");
        let again = SlipParcel {
            number: 4,
            replaces: Some(1),
            ..parcel
        };
        assert_eq!(title(again), "Parcel 4, one of 3, in place of parcel 1");
    }
}
