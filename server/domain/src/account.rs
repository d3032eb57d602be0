//! The account of an order, as its papers say it: what was sold, and what was given back for what. A fold of the
//! order's events, so that the same events always lead to the same papers with the same numbers.
//!
//! Invariant: what the invoice charges, less the credit notes, is what was collected and kept, and what is still to
//! be collected.

use std::collections::BTreeMap;

use types::house::VAT_BASIS_POINTS;
use types::returns::ReceivedPieces;
use types::{Money, OrderId, RefundId, Sku};

use crate::event::{Event, OrderPlaced, OrderedLine, Pieces};
use crate::fulfilment::per_sku;
use crate::order::{OrderState, Stage};
use crate::payment::Asked;

/// Money that was given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// From 1. None has that of another, also of one that did not reach the customer.
    pub number: usize,
    pub refund_id: RefundId,
    pub amount: Money,
    /// Unix microseconds.
    pub at_us: i64,
    pub cause: Cause,
}

/// What money was given back for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The order came to nothing.
    Cancelled { lines: Vec<Pieces> },
    /// The rest of it did.
    Rest { lines: Vec<Pieces> },
    /// Pieces came back.
    Return { number: u32, lines: Vec<Pieces> },
    /// A parcel was lost or came back.
    Parcel { number: u32, lines: Vec<Pieces> },
    /// A sum, as staff saw fit.
    Sum { reason: String },
}

impl Cause {
    pub fn lines(&self) -> &[Pieces] {
        match self {
            Self::Cancelled { lines }
            | Self::Rest { lines }
            | Self::Return { lines, .. }
            | Self::Parcel { lines, .. } => lines,
            Self::Sum { .. } => &[],
        }
    }
}

/// What was sold, in minor units of the order's currency.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sale {
    /// By the order's lines, each with what is charged of it.
    pub lines: Vec<Pieces>,
    pub delivery_minor: i64,
    /// By the order's lines: what was cancelled before it was collected.
    pub cancelled: Vec<Pieces>,
    pub cancelled_delivery_minor: i64,
    /// What is charged otherwise than the lines say.
    pub other_minor: i64,
    pub total_minor: i64,
    pub paid_minor: i64,
    /// What is still to be collected.
    pub outstanding_minor: i64,
}

#[derive(Debug, Clone)]
pub struct Account {
    pub state: OrderState,
    pub ordered: Vec<OrderedLine>,
    pub confirmed_at_us: Option<i64>,
    /// In the order in which the money went back.
    pub credits: Vec<Credit>,
    /// Credits so far, also those that came to nothing.
    credited: usize,
    /// What each refund that was asked of the gateway is for.
    causes: BTreeMap<RefundId, Cause>,
    reasons: BTreeMap<RefundId, String>,
}

impl Account {
    /// The account as these events, all of one order and in their order, have made it; `None` without the first.
    pub fn of<'e>(events: impl IntoIterator<Item = (&'e Event, i64)>) -> Option<Self> {
        let mut account: Option<Self> = None;
        for (event, at_us) in events {
            match (&mut account, event) {
                (None, Event::OrderPlaced(placed)) => account = Some(Self::begin(placed, at_us)),
                (None, _) | (_, Event::OrderPlaced(_)) => {}
                (Some(account), event) => account.note(event, at_us),
            }
        }
        account
    }

    fn begin(placed: &OrderPlaced, at_us: i64) -> Self {
        Self {
            state: OrderState::placed(placed, at_us),
            ordered: placed.lines.clone(),
            confirmed_at_us: None,
            credits: Vec::new(),
            credited: 0,
            causes: BTreeMap::new(),
            reasons: BTreeMap::new(),
        }
    }

    fn note(&mut self, event: &Event, at_us: i64) {
        self.state.evolve(event, at_us);
        match event {
            Event::OrderConfirmed(_) => {
                self.confirmed_at_us.get_or_insert(at_us);
            }
            Event::PaymentRefundAsked(asked) if asked.told => {
                self.reasons.insert(asked.refund_id, asked.reason.clone());
            }
            Event::ReturnReceived(came) => {
                let id = RefundId::new(came.return_id.uuid());
                let (number, lines) = (came.number, pieces(&came.lines));
                self.causes.insert(id, Cause::Return { number, lines });
            }
            Event::ShipmentGivenUp(parcel) => {
                let id = RefundId::new(parcel.shipment_id.uuid());
                let (number, lines) = (parcel.number, parcel.lines.clone());
                let cause = Cause::Parcel { number, lines };
                self.causes.entry(id).or_insert(cause);
            }
            Event::PaymentRefundRequested(asked) => {
                let cause = self.cause_of(asked.order_id, asked.refund_id);
                self.causes.entry(asked.refund_id).or_insert(cause);
            }
            Event::PaymentRefunded(done) => {
                let known = self.causes.get(&done.refund_id).cloned();
                self.credited += 1;
                self.credits.push(Credit {
                    number: self.credited,
                    refund_id: done.refund_id,
                    amount: done.amount,
                    at_us,
                    cause: known.unwrap_or(Cause::Sum {
                        reason: String::new(),
                    }),
                });
            }
            // The bank has sent it back: nothing is credited before it is given back again.
            Event::PaymentRefundFailed(failed) => {
                self.credits.retain(|it| it.refund_id != failed.refund_id);
            }
            _ => {}
        }
    }

    fn cause_of(&self, order_id: OrderId, id: RefundId) -> Cause {
        if id.uuid() != order_id.uuid() {
            let reason = self.reasons.get(&id).cloned();
            return Cause::Sum {
                reason: reason.unwrap_or_default(),
            };
        }
        match self.state.stage {
            Stage::Cancelled => Cause::Cancelled {
                lines: self.state.lines.clone(),
            },
            _ => Cause::Rest {
                lines: self.state.fulfilment.cancelled.clone(),
            },
        }
    }

    /// What delivering the order costs, in minor units.
    pub fn delivery_minor(&self) -> i64 {
        let lines: i64 = self.ordered.iter().map(line_minor).sum();
        self.state.total.minor.saturating_sub(lines)
    }

    /// The rate of the tax that prices contain, in hundredths of a percent. Orders of before it was noted have
    /// that of the house.
    pub fn vat_basis_points(&self) -> u32 {
        let taxes = self.ordered.iter().flat_map(|line| &line.tax);
        let rate = taxes.map(|tax| tax.rate_basis_points).next();
        rate.unwrap_or(VAT_BASIS_POINTS)
    }

    pub fn unit_price(&self, sku: &Sku) -> Money {
        let line = self.ordered.iter().find(|line| line.sku == *sku);
        line.map_or(Money::new(0, self.state.total.currency), |line| {
            line.unit_price
        })
    }

    /// What pieces cost, in minor units.
    pub fn worth_minor(&self, lines: &[Pieces]) -> i64 {
        let worth = |line: &Pieces| {
            let price = self.unit_price(&line.sku).minor;
            price.saturating_mul(i64::from(line.quantity))
        };
        lines.iter().map(worth).sum()
    }

    /// What was sold; `None` of an order that never was, or of which nothing was ever charged.
    pub fn sale(&self) -> Option<Sale> {
        self.confirmed_at_us?;
        let (state, payment) = (&self.state, &self.state.payment);
        let is_cancelled = state.stage == Stage::Cancelled;
        let awaited = payment.captures.iter().filter(|it| match it.state {
            Asked::Requested | Asked::Pending => true,
            // It can be collected again, unless nobody wants it any more.
            Asked::Failed => !is_cancelled,
            Asked::Done => false,
        });
        let awaited: i64 = awaited.map(|it| it.amount.minor).sum();
        let outstanding_minor = awaited.saturating_add(payment.held_minor());
        let paid_minor = payment.captured_minor();
        let total_minor = paid_minor.saturating_add(outstanding_minor);
        if is_cancelled && total_minor == 0 {
            return None;
        }
        let gone = match is_cancelled {
            true => state.lines.clone(),
            false => state.fulfilment.cancelled.clone(),
        };
        let delivery = self.delivery_minor();
        let gone_delivery = if is_cancelled { delivery } else { 0 };
        let never = state.total.minor.saturating_sub(total_minor);
        let worth = self.worth_minor(&gone).saturating_add(gone_delivery);
        // What was collected nevertheless is charged, and has a credit note.
        let is_struck = worth > 0 && never >= worth;
        let gone = if is_struck {
            per_sku(&gone)
        } else {
            BTreeMap::new()
        };
        let gone_delivery = if is_struck { gone_delivery } else { 0 };
        let (lines, cancelled) = self.divided(gone);
        let delivery_minor = delivery.saturating_sub(gone_delivery);
        let charged = self.worth_minor(&lines).saturating_add(delivery_minor);
        Some(Sale {
            other_minor: total_minor.saturating_sub(charged),
            lines,
            delivery_minor,
            cancelled,
            cancelled_delivery_minor: gone_delivery,
            total_minor,
            paid_minor,
            outstanding_minor,
        })
    }

    /// The order's lines without some pieces, and those pieces by its lines.
    fn divided(&self, mut gone: BTreeMap<Sku, u32>) -> (Vec<Pieces>, Vec<Pieces>) {
        let (mut kept, mut lost) = (Vec::new(), Vec::new());
        for line in self.ordered.iter().rev() {
            let missing = gone.get_mut(&line.sku);
            let taken = missing.as_ref().map_or(0, |left| line.quantity.min(**left));
            if let Some(left) = missing {
                *left -= taken;
            }
            let part = |quantity| Pieces {
                sku: line.sku.clone(),
                quantity,
            };
            kept.push(part(line.quantity - taken));
            lost.push(part(taken));
        }
        for lines in [&mut kept, &mut lost] {
            lines.reverse();
            lines.retain(|line| line.quantity > 0);
        }
        (kept, lost)
    }
}

fn line_minor(line: &OrderedLine) -> i64 {
    let pieces = i64::from(line.quantity);
    line.unit_price.minor.saturating_mul(pieces)
}

fn pieces(came: &[ReceivedPieces]) -> Vec<Pieces> {
    let pieces = came.iter().map(|it| Pieces {
        sku: it.sku.clone(),
        quantity: it.restocked.saturating_add(it.written_off),
    });
    pieces.filter(|it| it.quantity > 0).collect()
}

#[cfg(test)]
mod tests;
