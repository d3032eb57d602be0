//! Suppliers and the orders that they are given: gathered as a draft, approved, sent, confirmed, received in
//! parts.
//!
//! Invariants, whatever comes: of one SKU there is one draft at most; of every line what has come and what is
//! still to come is what was ordered, until the rest is cancelled.

pub mod events;
mod order;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::purchasing::{
    MAX_ADDRESS, MAX_GATHER_MINUTES, MAX_LINES, MAX_NAME, PurchaseLine, PurchaseStatus,
    SupplierDetails, total_of,
};
use types::seen::Seen;
use types::{PurchaseOrderId, SupplierId};

use crate::alert::BY_ITSELF;
use crate::event::{
    Event, PurchaseOrderApproved, PurchaseOrderChangeRequested, PurchaseOrderDispatched,
    PurchaseOrderDrafted, PurchaseOrderDue, PurchaseOrderLeftToStaff, PurchaseOrderLinesChanged,
    PurchaseOrderOverdue, PurchaseOrderRefused, PurchaseOrderSendFailed, SupplierChangeRejected,
    SupplierChangeRequested, SupplierChanged,
};
pub use order::{PurchaseOrder, Refusal};

/// Who drafts and approves by itself, as the log says.
pub const RESTOCK: &str = "restock";
/// The highest sum that is approved by itself, in minor units.
pub const MAX_APPROVED: i64 = 1_000_000_000_000;

const MINUTE_US: i64 = 60 * 1_000_000;

/// A supplier, and what of its orders has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supplier {
    pub details: SupplierDetails,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub orders: BTreeMap<PurchaseOrderId, PurchaseOrder>,
}

/// Why a supplier stays as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum SupplierRefusal {
    #[error("the name is empty or longer than 100 characters")]
    Name,
    #[error("this is no address that mails can be sent to")]
    Email,
    #[error("this is no address that begins with https:// or http://")]
    Webhook,
    #[error("the sum is below 0 or too high")]
    ApproveUpTo,
    #[error("drafts wait for 0 minutes to 31 days")]
    Gather,
    #[error("it is so already")]
    NothingChanged,
    #[error("somebody else has changed it since this page was opened")]
    ChangedMeanwhile,
    #[error("there is one of this short name")]
    Taken,
}

/// Changes what is known of a supplier, or says why not.
pub fn change_supplier(known: Option<&Supplier>, asked: &SupplierChangeRequested) -> Event {
    let SupplierChangeRequested {
        supplier,
        details,
        by,
        seen,
    } = asked.clone();
    match check(known, &details).and_then(|()| is_seen(known, seen.as_ref())) {
        Ok(()) => SupplierChanged {
            supplier,
            details,
            by,
        }
        .into(),
        Err(refusal) => SupplierChangeRejected {
            supplier,
            refusal,
            by,
        }
        .into(),
    }
}

fn check(known: Option<&Supplier>, details: &SupplierDetails) -> Result<(), SupplierRefusal> {
    let name = details.name.trim();
    let length = name.chars().count();
    let is_email = |email: &str| {
        let has_parts = email.split_once('@').is_some_and(|(mailbox, host)| {
            !mailbox.is_empty() && !host.is_empty() && !host.contains('@')
        });
        has_parts && !email.contains(|c: char| c.is_whitespace() || c.is_control())
    };
    let is_url = |url: &str| {
        let begins = ["https://", "http://"].iter();
        let mut rest = begins.filter_map(|begin| url.strip_prefix(begin));
        let has_host = rest.next().is_some_and(|rest| !rest.is_empty());
        has_host && !url.contains(|c: char| c.is_whitespace() || c.is_control())
    };
    let (email, webhook) = (details.email.as_str(), details.webhook.as_str());
    let checks = [
        (
            (1..=MAX_NAME).contains(&length) && types::is_printable(name),
            SupplierRefusal::Name,
        ),
        (
            email.is_empty() || (email.len() <= MAX_ADDRESS && is_email(email)),
            SupplierRefusal::Email,
        ),
        (
            webhook.is_empty() || (webhook.len() <= MAX_ADDRESS && is_url(webhook)),
            SupplierRefusal::Webhook,
        ),
        (
            (0..=MAX_APPROVED).contains(&details.approve_up_to_minor),
            SupplierRefusal::ApproveUpTo,
        ),
        (
            details.gather_minutes <= MAX_GATHER_MINUTES,
            SupplierRefusal::Gather,
        ),
        (
            known.is_none_or(|known| known.details != *details),
            SupplierRefusal::NothingChanged,
        ),
    ];
    let failed = checks.into_iter().find(|(is_right, _)| !is_right);
    failed.map_or(Ok(()), |(_, refusal)| Err(refusal))
}

/// Whether whoever asks has seen what they replace.
fn is_seen(
    known: Option<&Supplier>,
    seen: Option<&Seen<SupplierDetails>>,
) -> Result<(), SupplierRefusal> {
    match seen {
        Some(seen) if !seen.is_still(known.map(|known| &known.details)) => match seen.shown {
            Some(_) => Err(SupplierRefusal::ChangedMeanwhile),
            None => Err(SupplierRefusal::Taken),
        },
        _ => Ok(()),
    }
}

impl Supplier {
    pub const fn new(details: SupplierDetails) -> Self {
        Self {
            details,
            orders: BTreeMap::new(),
        }
    }

    /// Puts a line on a draft: on the one that has its SKU, as the larger of the two quantities; on the
    /// newest one that has room; or on a new one, which is called `new`.
    pub fn add_line(
        &self,
        supplier: &SupplierId,
        line: &PurchaseLine,
        (new, at_us): (PurchaseOrderId, i64),
        by: &str,
    ) -> Vec<Event> {
        if line.ordered == 0 {
            return Vec::new();
        }
        let drafts = || {
            let all = self.orders.values().rev();
            all.filter(|order| order.status == PurchaseStatus::Draft)
        };
        let has_it = |order: &&PurchaseOrder| order.lines.iter().any(|it| it.sku == line.sku);
        let fitting = drafts().find(has_it);
        let fitting = fitting.or_else(|| drafts().find(|order| order.lines.len() < MAX_LINES));
        let drafted = match fitting {
            Some(draft) => match draft.with_line(line) {
                Some(lines) => PurchaseOrderLinesChanged {
                    supplier: supplier.clone(),
                    order_id: draft.id,
                    lines,
                    removed: Vec::new(),
                    approves_itself: draft.approve_at_us.is_some(),
                    by: by.to_owned(),
                }
                .into(),
                None => return Vec::new(),
            },
            None => Event::from(PurchaseOrderDrafted {
                supplier: supplier.clone(),
                order_id: new,
                lines: vec![line.clone()],
                approve_at_us: (self.details.approve_up_to_minor > 0)
                    .then(|| at_us + i64::from(self.details.gather_minutes) * MINUTE_US),
                by: by.to_owned(),
            }),
        };
        // One that waits for nothing is approved at once.
        let mut after = self.clone();
        after.evolve(&drafted, at_us);
        let mut events = vec![drafted];
        events.extend(after.approve_due(supplier, at_us));
        events
    }

    /// Approves drafts whose time has come, as far as they cost no more than that.
    fn approve_due(&self, supplier: &SupplierId, at_us: i64) -> Vec<Event> {
        let due = self.orders.values().filter(|order| {
            order.status == PurchaseStatus::Draft
                && order.approve_at_us.is_some_and(|time_us| time_us <= at_us)
        });
        let approve = |order: &PurchaseOrder| {
            let total = total_of(&order.lines);
            match total.filter(|total| total.minor <= self.details.approve_up_to_minor) {
                Some(total) => PurchaseOrderApproved {
                    supplier: supplier.clone(),
                    order_id: order.id,
                    lines: order.lines.clone(),
                    total,
                    by: RESTOCK.to_owned(),
                }
                .into(),
                None => Event::from(PurchaseOrderLeftToStaff {
                    supplier: supplier.clone(),
                    order_id: order.id,
                }),
            }
        };
        due.map(approve).collect()
    }

    /// Carries out what is asked of an order, or says why not.
    pub fn change(&self, asked: &PurchaseOrderChangeRequested, at_us: i64) -> Event {
        let decided = match self.orders.get(&asked.order_id) {
            Some(order) => order.decide(&self.details, asked, at_us),
            None => Err(Refusal::Ended),
        };
        decided.unwrap_or_else(|refusal| {
            PurchaseOrderRefused {
                supplier: asked.supplier.clone(),
                order_id: asked.order_id,
                refusal,
                by: asked.by.clone(),
            }
            .into()
        })
    }

    /// What a supplier is to be told after something was done with one of its orders.
    pub fn notice(&self, done: &Event) -> Option<Event> {
        let Event::PurchaseOrderCancelled(cancelled) = done else {
            return None;
        };
        let order = self.orders.get(&cancelled.order_id)?;
        order.notice(&cancelled.supplier)
    }

    /// What the supplier's answer to a sent order leads to.
    pub fn dispatched(&self, told: &PurchaseOrderDispatched, at_us: i64) -> Option<Event> {
        let order = self.orders.get(&told.order_id);
        let sending = order.filter(|order| order.is_sending);
        let failed = |reason: String| {
            PurchaseOrderSendFailed {
                supplier: told.supplier.clone(),
                order_id: told.order_id,
                reason,
            }
            .into()
        };
        match (sending, &told.refused) {
            (Some(order), None) => Some(order.sent(&told.supplier, BY_ITSELF, told.way, at_us)),
            (Some(_), Some(reason)) => Some(failed(reason.clone())),
            // Marked as sent by hand meanwhile.
            (None, _) if order.is_some() => None,
            (None, None) => Some(failed(
                "it was cancelled while it was on its way: the supplier has to be told".to_owned(),
            )),
            (None, Some(_)) => None,
        }
    }

    /// What comes of a time that has come.
    pub fn due(&self, due: &PurchaseOrderDue) -> Vec<Event> {
        let overdue = self.orders.values().filter_map(|order| {
            let expected_us = order.overdue_at().filter(|time_us| *time_us <= due.at_us)?;
            let overdue = PurchaseOrderOverdue {
                supplier: due.supplier.clone(),
                order_id: order.id,
                expected_us,
            };
            Some(overdue.into())
        });
        let approved = self.approve_due(&due.supplier, due.at_us).into_iter();
        approved.chain(overdue).collect()
    }

    /// Takes note of what has happened to one of its orders, or to itself.
    pub fn evolve(&mut self, event: &Event, at_us: i64) {
        if let Event::SupplierChanged(changed) = event {
            self.details = changed.details.clone();
            return;
        }
        let Some(id) = order_of(event) else { return };
        let order = PurchaseOrder::evolve(self.orders.remove(&id), event, at_us);
        if let Some(order) = order.filter(|order| !order.status.is_ended()) {
            self.orders.insert(id, order);
        }
    }

    /// When something comes of its orders by itself.
    pub fn deadline(&self) -> Option<i64> {
        let orders = self.orders.values();
        orders.filter_map(PurchaseOrder::deadline).min()
    }
}

/// Whether an event changes a supplier or one of its orders.
pub const fn changes(event: &Event) -> bool {
    matches!(event, Event::SupplierChanged(_)) || order_of(event).is_some()
}

/// The order that an event has changed.
pub const fn order_of(event: &Event) -> Option<PurchaseOrderId> {
    match event {
        Event::PurchaseOrderDrafted(it) => Some(it.order_id),
        Event::PurchaseOrderLinesChanged(it) => Some(it.order_id),
        Event::PurchaseOrderApproved(it) => Some(it.order_id),
        Event::PurchaseOrderLeftToStaff(it) => Some(it.order_id),
        Event::PurchaseOrderSendRequested(it) => Some(it.order_id),
        Event::PurchaseOrderSendFailed(it) => Some(it.order_id),
        Event::PurchaseOrderSent(it) => Some(it.order_id),
        Event::PurchaseOrderConfirmed(it) => Some(it.order_id),
        Event::PurchaseOrderOverdue(it) => Some(it.order_id),
        Event::PurchaseOrderReceived(it) => Some(it.order_id),
        Event::PurchaseOrderCancelled(it) => Some(it.order_id),
        _ => None,
    }
}

/// The supplier that an event is about.
pub const fn supplier_of(event: &Event) -> Option<&SupplierId> {
    match event {
        Event::SupplierChangeRequested(it) => Some(&it.supplier),
        Event::SupplierChanged(it) => Some(&it.supplier),
        Event::SupplierChangeRejected(it) => Some(&it.supplier),
        Event::RestockThresholdCrossed(it) => it.supplier.as_ref(),
        Event::PurchaseOrderLineRequested(it) => Some(&it.supplier),
        Event::PurchaseOrderDrafted(it) => Some(&it.supplier),
        Event::PurchaseOrderLinesChanged(it) => Some(&it.supplier),
        Event::PurchaseOrderChangeRequested(it) => Some(&it.supplier),
        Event::PurchaseOrderRefused(it) => Some(&it.supplier),
        Event::PurchaseOrderApproved(it) => Some(&it.supplier),
        Event::PurchaseOrderDue(it) => Some(&it.supplier),
        Event::PurchaseOrderLeftToStaff(it) => Some(&it.supplier),
        Event::PurchaseOrderSendRequested(it) => Some(&it.supplier),
        Event::PurchaseOrderDispatched(it) => Some(&it.supplier),
        Event::PurchaseOrderSendFailed(it) => Some(&it.supplier),
        Event::PurchaseOrderSent(it) => Some(&it.supplier),
        Event::PurchaseOrderConfirmed(it) => Some(&it.supplier),
        Event::PurchaseOrderOverdue(it) => Some(&it.supplier),
        Event::PurchaseOrderReceived(it) => Some(&it.supplier),
        Event::PurchaseOrderCancelled(it) => Some(&it.supplier),
        Event::PurchaseOrderNoticeRequested(it) => Some(&it.supplier),
        Event::PurchaseOrderNoticeAnswered(it) => Some(&it.supplier),
        _ => None,
    }
}

/// An order's status and all its lines after an event; `None` for one that changes neither.
pub fn lines_of(event: &Event) -> Option<(PurchaseOrderId, PurchaseStatus, &[PurchaseLine])> {
    let told = match event {
        Event::PurchaseOrderDrafted(it) => (it.order_id, PurchaseStatus::Draft, &it.lines),
        Event::PurchaseOrderLinesChanged(it) => (it.order_id, PurchaseStatus::Draft, &it.lines),
        Event::PurchaseOrderApproved(it) => (it.order_id, PurchaseStatus::Approved, &it.lines),
        Event::PurchaseOrderSent(it) => (it.order_id, PurchaseStatus::Sent, &it.lines),
        Event::PurchaseOrderConfirmed(it) => (it.order_id, it.status, &it.lines),
        Event::PurchaseOrderReceived(it) => (it.order_id, it.status, &it.lines),
        Event::PurchaseOrderCancelled(it) => (it.order_id, it.status, &it.lines),
        _ => return None,
    };
    Some((told.0, told.1, told.2))
}

#[cfg(test)]
mod tests;
