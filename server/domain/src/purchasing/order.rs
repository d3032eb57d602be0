//! One order to a supplier, and what can be done with it in which state.

use serde::{Deserialize, Serialize};
use types::fulfilment::Pieces;
use types::purchasing::{
    MAX_LINES, PurchaseCommand, PurchaseLine, PurchaseStatus, SentWay, SupplierDetails, total_of,
};
use types::restock::MAX_PIECES;
use types::{PurchaseOrderId, SupplierId};

use crate::event::{
    Event, PurchaseOrderApproved, PurchaseOrderCancelled, PurchaseOrderChangeRequested,
    PurchaseOrderConfirmed, PurchaseOrderLinesChanged, PurchaseOrderNoticeRequested,
    PurchaseOrderReceived, PurchaseOrderSendRequested, PurchaseOrderSent,
};

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;
/// A delivery is expected within three years at most.
const LONGEST_WAIT_US: i64 = 3 * 366 * DAY_US;

/// An order to a supplier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseOrder {
    pub id: PurchaseOrderId,
    pub status: PurchaseStatus,
    pub lines: Vec<PurchaseLine>,
    /// How often it has changed.
    pub revision: u32,
    /// Unix microseconds.
    pub opened_us: i64,
    /// When a draft is approved by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approve_at_us: Option<i64>,
    /// Whether it is on its way to the supplier.
    #[serde(default)]
    pub is_sending: bool,
    /// How the supplier got it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<SentWay>,
    /// When it should have come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_us: Option<i64>,
    #[serde(default)]
    pub is_overdue: bool,
}

/// Why something is not done with a purchase order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    #[error("the order has ended, or there never was one")]
    Ended,
    #[error("the order has changed since this page was opened")]
    ChangedMeanwhile,
    #[error("only a draft can be edited and approved")]
    NoDraft,
    #[error("only an approved order can be sent")]
    NotApproved,
    #[error("the order is on its way to the supplier already")]
    Sending,
    #[error("the supplier has neither an email nor an address of its system")]
    NoAddress,
    #[error("the supplier does not have the order yet")]
    NotSent,
    #[error("the order has no such line")]
    UnknownLine,
    #[error("an order has a line at least, and 200 at most")]
    Lines,
    #[error("a line has 100,000 pieces at most")]
    TooMany,
    #[error("nothing was said to have come")]
    NothingReceived,
    #[error("more would have come than was ordered; count the rest in the inventory")]
    MoreThanOrdered,
    #[error("the day is not between today and three years from now")]
    Day,
    #[error("it is so already")]
    NothingChanged,
    #[error("the lines cost more than can be counted")]
    TooExpensive,
}

impl PurchaseOrder {
    /// What a command leads to.
    ///
    /// # Errors
    /// Why it is not done.
    pub fn decide(
        &self,
        supplier: &SupplierDetails,
        asked: &PurchaseOrderChangeRequested,
        at_us: i64,
    ) -> Result<Event, Refusal> {
        if self.status.is_ended() {
            return Err(Refusal::Ended);
        }
        if asked.seen.is_some_and(|seen| seen != self.revision) {
            return Err(Refusal::ChangedMeanwhile);
        }
        let (id, by) = (&asked.supplier, &asked.by);
        match &asked.command {
            PurchaseCommand::SetLines { lines } => self.set_lines(id, lines, by),
            PurchaseCommand::Approve => self.approve(id, by),
            PurchaseCommand::Send => self.send(supplier, id, by),
            PurchaseCommand::MarkSent => match self.status {
                PurchaseStatus::Approved => Ok(self.sent(id, by, Some(SentWay::Hand), at_us)),
                PurchaseStatus::Draft => Err(Refusal::NotApproved),
                _ => Err(Refusal::NothingChanged),
            },
            PurchaseCommand::Confirm { expected_us } => self.confirm(id, *expected_us, by, at_us),
            PurchaseCommand::Receive { lines } => self.receive(id, lines, by),
            PurchaseCommand::Cancel => Ok(self.cancel(id, by)),
        }
    }

    fn set_lines(&self, id: &SupplierId, set: &[Pieces], by: &str) -> Result<Event, Refusal> {
        if self.status != PurchaseStatus::Draft {
            return Err(Refusal::NoDraft);
        }
        let mut lines = self.lines.clone();
        for pieces in set {
            let line = lines.iter_mut().find(|line| line.sku == pieces.sku);
            let line = line.ok_or(Refusal::UnknownLine)?;
            if pieces.quantity > MAX_PIECES {
                return Err(Refusal::TooMany);
            }
            line.ordered = pieces.quantity;
        }
        let removed = lines.iter().filter(|line| line.ordered == 0);
        let removed = removed.map(|line| line.sku.clone()).collect();
        lines.retain(|line| line.ordered > 0);
        if !(1..=MAX_LINES).contains(&lines.len()) {
            return Err(Refusal::Lines);
        }
        total_of(&lines).ok_or(Refusal::TooExpensive)?;
        if lines == self.lines {
            return Err(Refusal::NothingChanged);
        }
        Ok(PurchaseOrderLinesChanged {
            supplier: id.clone(),
            order_id: self.id,
            lines,
            removed,
            // Whoever edits it decides about it.
            approves_itself: false,
            by: by.to_owned(),
        }
        .into())
    }

    fn approve(&self, id: &SupplierId, by: &str) -> Result<Event, Refusal> {
        if self.status != PurchaseStatus::Draft {
            return Err(Refusal::NoDraft);
        }
        Ok(PurchaseOrderApproved {
            supplier: id.clone(),
            order_id: self.id,
            lines: self.lines.clone(),
            total: total_of(&self.lines).ok_or(Refusal::TooExpensive)?,
            by: by.to_owned(),
        }
        .into())
    }

    fn send(&self, known: &SupplierDetails, id: &SupplierId, by: &str) -> Result<Event, Refusal> {
        match self.status {
            PurchaseStatus::Approved if self.is_sending => Err(Refusal::Sending),
            PurchaseStatus::Approved if known.email.is_empty() && known.webhook.is_empty() => {
                Err(Refusal::NoAddress)
            }
            PurchaseStatus::Approved => Ok(PurchaseOrderSendRequested {
                supplier: id.clone(),
                order_id: self.id,
                lines: self.lines.clone(),
                by: by.to_owned(),
            }
            .into()),
            PurchaseStatus::Draft => Err(Refusal::NotApproved),
            _ => Err(Refusal::NothingChanged),
        }
    }

    /// That the supplier has it.
    pub(super) fn sent(
        &self,
        id: &SupplierId,
        by: &str,
        way: Option<SentWay>,
        at_us: i64,
    ) -> Event {
        let days = self.lines.iter().map(|line| line.lead_time_days).max();
        // The day itself is not too late.
        let days = i64::from(days.unwrap_or_default()) + 1;
        PurchaseOrderSent {
            supplier: id.clone(),
            order_id: self.id,
            lines: self.lines.clone(),
            expected_us: at_us.saturating_add(days * DAY_US),
            by: by.to_owned(),
            way,
        }
        .into()
    }

    fn confirm(
        &self,
        id: &SupplierId,
        expected_us: i64,
        by: &str,
        at_us: i64,
    ) -> Result<Event, Refusal> {
        if !self.status.is_incoming() {
            return Err(Refusal::NotSent);
        }
        let latest = at_us.saturating_add(LONGEST_WAIT_US);
        if !(at_us + 1..=latest).contains(&expected_us) {
            return Err(Refusal::Day);
        }
        let status = match self.status {
            PurchaseStatus::PartlyReceived => PurchaseStatus::PartlyReceived,
            _ => PurchaseStatus::Confirmed,
        };
        if status == self.status && self.expected_us == Some(expected_us) {
            return Err(Refusal::NothingChanged);
        }
        Ok(PurchaseOrderConfirmed {
            supplier: id.clone(),
            order_id: self.id,
            lines: self.lines.clone(),
            expected_us,
            status,
            by: by.to_owned(),
        }
        .into())
    }

    fn receive(&self, id: &SupplierId, came: &[Pieces], by: &str) -> Result<Event, Refusal> {
        if !self.status.is_incoming() {
            return Err(Refusal::NotSent);
        }
        let came: Vec<&Pieces> = came.iter().filter(|pieces| pieces.quantity > 0).collect();
        if came.is_empty() {
            return Err(Refusal::NothingReceived);
        }
        let mut lines = self.lines.clone();
        for pieces in &came {
            let line = lines.iter_mut().find(|line| line.sku == pieces.sku);
            let line = line.ok_or(Refusal::UnknownLine)?;
            if pieces.quantity > line.missing() {
                return Err(Refusal::MoreThanOrdered);
            }
            line.received += pieces.quantity;
        }
        let is_whole = lines.iter().all(|line| line.missing() == 0);
        Ok(PurchaseOrderReceived {
            supplier: id.clone(),
            order_id: self.id,
            received: came.into_iter().cloned().collect(),
            lines,
            status: match is_whole {
                true => PurchaseStatus::Closed,
                false => PurchaseStatus::PartlyReceived,
            },
            by: by.to_owned(),
        }
        .into())
    }

    fn cancel(&self, id: &SupplierId, by: &str) -> Event {
        PurchaseOrderCancelled {
            supplier: id.clone(),
            order_id: self.id,
            lines: self.lines.clone(),
            status: match self.status {
                PurchaseStatus::PartlyReceived => PurchaseStatus::Closed,
                _ => PurchaseStatus::Cancelled,
            },
            by: by.to_owned(),
        }
        .into()
    }

    /// That the supplier is to be told that the rest is not wanted: where the shop itself has given it the order.
    pub(super) fn notice(&self, id: &SupplierId) -> Option<Event> {
        let way = self.way.filter(|way| *way != SentWay::Hand)?;
        let missing = self.lines.iter().filter(|line| line.missing() > 0);
        let notice = PurchaseOrderNoticeRequested {
            supplier: id.clone(),
            order_id: self.id,
            lines: missing.cloned().collect(),
            way,
        };
        self.status.is_incoming().then(|| notice.into())
    }

    /// Its lines with one more, or with more pieces on one; `None` where nothing would change.
    pub(super) fn with_line(&self, line: &PurchaseLine) -> Option<Vec<PurchaseLine>> {
        let mut lines = self.lines.clone();
        match lines.iter_mut().find(|known| known.sku == line.sku) {
            Some(known) if known.ordered >= line.ordered => return None,
            Some(known) => *known = line.clone(),
            None => lines.push(line.clone()),
        }
        // More than can be counted is for a person to split.
        total_of(&lines).map(|_| lines)
    }

    /// Takes note of what has happened; `None` before it was begun.
    pub fn evolve(known: Option<Self>, event: &Event, at_us: i64) -> Option<Self> {
        match (known, event) {
            (None, Event::PurchaseOrderDrafted(drafted)) => Some(Self {
                id: drafted.order_id,
                status: PurchaseStatus::Draft,
                lines: drafted.lines.clone(),
                revision: 1,
                opened_us: at_us,
                approve_at_us: drafted.approve_at_us,
                is_sending: false,
                way: None,
                expected_us: None,
                is_overdue: false,
            }),
            (Some(mut order), event) => {
                order.revision += 1;
                order.follow(event);
                Some(order)
            }
            (None, _) => None,
        }
    }

    fn follow(&mut self, event: &Event) {
        match event {
            Event::PurchaseOrderLinesChanged(it) => {
                self.lines.clone_from(&it.lines);
                self.approve_at_us = self.approve_at_us.filter(|_| it.approves_itself);
            }
            Event::PurchaseOrderApproved(_) => {
                self.status = PurchaseStatus::Approved;
                self.approve_at_us = None;
            }
            Event::PurchaseOrderLeftToStaff(_) => self.approve_at_us = None,
            Event::PurchaseOrderSendRequested(_) => self.is_sending = true,
            Event::PurchaseOrderSendFailed(_) => self.is_sending = false,
            Event::PurchaseOrderSent(it) => {
                self.status = PurchaseStatus::Sent;
                self.is_sending = false;
                self.way = it.way;
                self.expected_us = Some(it.expected_us);
            }
            Event::PurchaseOrderConfirmed(it) => {
                self.status = it.status;
                self.expected_us = Some(it.expected_us);
                self.is_overdue = false;
            }
            Event::PurchaseOrderOverdue(_) => self.is_overdue = true,
            Event::PurchaseOrderReceived(it) => {
                self.lines.clone_from(&it.lines);
                self.status = it.status;
                self.is_overdue &= !it.status.is_ended();
            }
            Event::PurchaseOrderCancelled(it) => {
                self.status = it.status;
                self.is_sending = false;
                self.is_overdue = false;
            }
            _ => {}
        }
    }

    /// When it is told to be overdue, once.
    pub(super) fn overdue_at(&self) -> Option<i64> {
        let waits = self.status.is_incoming() && !self.is_overdue;
        self.expected_us.filter(|_| waits)
    }

    pub(super) fn deadline(&self) -> Option<i64> {
        match self.status {
            PurchaseStatus::Draft => self.approve_at_us,
            _ => self.overdue_at(),
        }
    }
}
