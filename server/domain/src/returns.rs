//! Returns of an order: pieces that its customer sends back, per SKU and quantity. A part of the order's
//! state.

pub mod events;
mod labels;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::returns::{RETURN_DAYS, ReceivedPieces, ReturnPieces, ReturnState};
use types::{OrderId, ReturnId, Sku};

use crate::Event;
use crate::event::{
    ReturnAccepted, ReturnAnswerGiven, ReturnAsked, ReturnDeclined, ReturnReceiptReported,
    ReturnReceived, ReturnRefused, ReturnRequested,
};
use crate::fulfilment::FulfilmentState;

pub use labels::ReturnLabel;

const WINDOW_US: i64 = RETURN_DAYS * 24 * 60 * 60 * 1_000_000;

/// Why nothing is sent back, or a return does not move on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    #[error("Choose at least one piece to send back.")]
    Nothing,
    #[error(
        "Of {sku} {left} can be sent back: what has arrived in the last 30 days and is not on its way back."
    )]
    TooMany { sku: Sku, left: u32 },
    #[error("This was asked for already.")]
    AskedAlready,
    #[error("There is no such return.")]
    Unknown,
    #[error("This return was answered already.")]
    Answered,
    #[error("Accept the return first.")]
    NotAccepted,
    #[error("This return has a label already, or the carrier is being asked for one.")]
    LabelPending,
    #[error("No carrier brings returns: the printed address has to do.")]
    NoCarrier,
    #[error("More pieces of {sku} than the {left} that were to come back.")]
    NotSent { sku: Sku, left: u32 },
    #[error(
        "No piece is counted, so there is nothing to give money back for. Refunds have a form of their own."
    )]
    NothingCame,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    pub id: ReturnId,
    pub number: u32,
    pub lines: Vec<ReturnPieces>,
    pub state: ReturnState,
    /// What has come of it; of returns that were received before this was noted, all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came: Option<BTreeMap<Sku, u32>>,
    /// The carrier's, if one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<ReturnLabel>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReturnsState {
    pub returns: Vec<Return>,
}

fn per_sku<'a>(pieces: impl Iterator<Item = (&'a Sku, u32)>) -> BTreeMap<Sku, u32> {
    let mut sums = BTreeMap::new();
    for (sku, quantity) in pieces {
        let sum: &mut u32 = sums.entry(sku.clone()).or_default();
        *sum = sum.saturating_add(quantity);
    }
    sums
}

impl ReturnsState {
    pub fn is_empty(&self) -> bool {
        self.returns.is_empty()
    }

    pub fn find(&self, id: ReturnId) -> Option<&Return> {
        self.returns.iter().find(|it| it.id == id)
    }

    /// What can be sent back at `at_us`, per SKU.
    pub fn returnable(&self, fulfilment: &FulfilmentState, at_us: i64) -> BTreeMap<Sku, u32> {
        let arrived = fulfilment.arrived_since(at_us.saturating_sub(WINDOW_US));
        let mut left = per_sku(arrived.map(|line| (&line.sku, line.quantity)));
        let open = self.returns.iter();
        let open = open.filter(|it| it.state != ReturnState::Declined);
        for (sku, quantity) in open.flat_map(Return::taken) {
            if let Some(left) = left.get_mut(&sku) {
                *left = left.saturating_sub(quantity);
            }
        }
        left.retain(|_, left| *left > 0);
        left
    }

    /// Writes down what a customer wants to send back, or says why not.
    pub fn ask(&self, fulfilment: &FulfilmentState, asked: &ReturnRequested, at_us: i64) -> Event {
        let (order_id, return_id) = (asked.order_id, asked.return_id);
        let refused = |refusal| refused(order_id, return_id, refusal);
        if self.find(return_id).is_some() {
            return refused(Refusal::AskedAlready);
        }
        let wanted = per_sku(asked.lines.iter().map(|line| (&line.sku, line.quantity)));
        if wanted.values().all(|quantity| *quantity == 0) {
            return refused(Refusal::Nothing);
        }
        let left = self.returnable(fulfilment, at_us);
        for (sku, wanted) in wanted {
            let left = left.get(&sku).copied().unwrap_or(0);
            if wanted > left {
                return refused(Refusal::TooMany { sku, left });
            }
        }
        let lines = asked.lines.iter().filter(|line| line.quantity > 0);
        ReturnAsked {
            order_id,
            return_id,
            number: self.returns.len() as u32 + 1,
            lines: lines.cloned().collect(),
        }
        .into()
    }

    /// Takes in what staff answer.
    pub fn answer(&self, given: &ReturnAnswerGiven) -> Event {
        let (order_id, return_id) = (given.order_id, given.return_id);
        let Some(known) = self.find(return_id) else {
            return refused(order_id, return_id, Refusal::Unknown);
        };
        let number = known.number;
        match (known.state, given.is_accepted) {
            (ReturnState::Asked, true) => ReturnAccepted {
                order_id,
                return_id,
                number,
            }
            .into(),
            (ReturnState::Asked, false) => ReturnDeclined {
                order_id,
                return_id,
                number,
            }
            .into(),
            _ => refused(order_id, return_id, Refusal::Answered),
        }
    }

    /// Takes in what came back.
    pub fn receive(&self, told: &ReturnReceiptReported) -> Event {
        let (order_id, return_id) = (told.order_id, told.return_id);
        let refused = |refusal| refused(order_id, return_id, refusal);
        let Some(known) = self.find(return_id) else {
            return refused(Refusal::Unknown);
        };
        match known.state {
            ReturnState::Accepted => {}
            ReturnState::Asked => return refused(Refusal::NotAccepted),
            ReturnState::Declined | ReturnState::Received => return refused(Refusal::Answered),
        }
        let sent = per_sku(known.lines.iter().map(|line| (&line.sku, line.quantity)));
        let came = came(&told.lines);
        if told.refund.minor > 0 && came.values().all(|quantity| *quantity == 0) {
            return refused(Refusal::NothingCame);
        }
        for (sku, quantity) in came {
            let left = sent.get(&sku).copied().unwrap_or(0);
            if quantity > left {
                return refused(Refusal::NotSent { sku, left });
            }
        }
        ReturnReceived {
            order_id,
            return_id,
            number: known.number,
            lines: told.lines.clone(),
        }
        .into()
    }

    pub fn evolve(&mut self, event: &Event) {
        let (id, state) = match event {
            Event::ReturnAsked(event) => {
                self.returns.push(Return {
                    id: event.return_id,
                    number: event.number,
                    lines: event.lines.clone(),
                    state: ReturnState::Asked,
                    came: None,
                    label: None,
                });
                return;
            }
            Event::ReturnAccepted(event) => (event.return_id, ReturnState::Accepted),
            Event::ReturnDeclined(event) => (event.return_id, ReturnState::Declined),
            Event::ReturnReceived(event) => (event.return_id, ReturnState::Received),
            _ => return self.evolve_label(event),
        };
        if let Some(known) = self.returns.iter_mut().find(|it| it.id == id) {
            known.state = state;
            if let Event::ReturnReceived(event) = event {
                known.came = Some(came(&event.lines));
            }
        }
    }
}

/// Pieces that were counted when a return was received.
fn came(lines: &[ReceivedPieces]) -> BTreeMap<Sku, u32> {
    let pieces = |it: &ReceivedPieces| it.restocked.saturating_add(it.written_off);
    per_sku(lines.iter().map(|it| (&it.sku, pieces(it))))
}

impl Return {
    /// Whether it is still to come to its end.
    pub fn is_open(&self) -> bool {
        matches!(self.state, ReturnState::Asked | ReturnState::Accepted)
    }

    /// What cannot be sent back with another one: what has come, or is to.
    fn taken(&self) -> BTreeMap<Sku, u32> {
        let asked = || per_sku(self.lines.iter().map(|line| (&line.sku, line.quantity)));
        self.came.clone().unwrap_or_else(asked)
    }
}

fn refused(order_id: OrderId, return_id: ReturnId, refusal: Refusal) -> Event {
    ReturnRefused {
        order_id,
        return_id,
        refusal,
    }
    .into()
}
