//! Labels that are bought of a carrier. A label is asked for a packed parcel and outlives it: one that is not
//! needed any more is given back.

use serde::{Deserialize, Serialize};
use types::fulfilment::{Carrier, LabelState, ShipmentState, Tracking};
use types::{OrderId, ShipmentId};

use super::{FulfilmentState, Refusal, refused};
use crate::Event;
use crate::event::{
    ShipmentLabelAsked, ShipmentLabelCancelAsked, ShipmentLabelCancelRequested,
    ShipmentLabelRequested, ShipmentLabelled,
};

/// The last label of a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    pub shipment_id: ShipmentId,
    /// The parcel's.
    pub number: u32,
    pub carrier: Carrier,
    pub attempt: u32,
    pub state: LabelState,
    pub tracking: Option<Tracking>,
    /// Why it was refused or is kept.
    #[serde(default)]
    pub reason: String,
    pub asked_at_us: i64,
    /// Of the newest news about it: what has a lower number is older.
    #[serde(default)]
    pub sequence: u64,
}

impl Label {
    /// Whether something can be sent with it.
    pub const fn is_valid(&self) -> bool {
        matches!(
            self.state,
            LabelState::Bought | LabelState::CancelRequested | LabelState::Kept
        )
    }
}

impl FulfilmentState {
    pub fn label(&self, shipment_id: ShipmentId) -> Option<&Label> {
        self.labels
            .iter()
            .find(|label| label.shipment_id == shipment_id)
    }

    /// The number of a parcel's label, if it has one that counts.
    pub(super) fn bought(&self, shipment_id: ShipmentId) -> Option<&Tracking> {
        let label = self.label(shipment_id).filter(|label| label.is_valid());
        label?.tracking.as_ref()
    }

    /// Asks the carrier for a label, or says why not.
    pub fn ask_label(&self, asked: &ShipmentLabelAsked) -> Event {
        let (order_id, shipment_id) = (asked.order_id, asked.shipment_id);
        let refused = |refusal| refused(order_id, shipment_id, refusal);
        let shipment = match self.in_state(shipment_id, ShipmentState::Packed) {
            Err(refusal) => return refused(refusal),
            Ok(shipment) => shipment,
        };
        if asked.carrier == Carrier::Manual {
            return refused(Refusal::NeedsNoLabel);
        }
        let attempt = match self.label(shipment_id) {
            None => 1,
            Some(label) => match label.state {
                LabelState::Failed | LabelState::Cancelled => label.attempt + 1,
                LabelState::Requested | LabelState::CancelRequested => {
                    return refused(Refusal::LabelPending);
                }
                LabelState::Bought | LabelState::Kept => return refused(Refusal::Labelled),
            },
        };
        ShipmentLabelRequested {
            order_id,
            shipment_id,
            number: shipment.number,
            lines: shipment.lines.clone(),
            carrier: asked.carrier,
            attempt,
        }
        .into()
    }

    /// Gives a label back, or says why not. With the parcel it has left, and so it has with the carrier.
    pub fn cancel_label(&self, asked: &ShipmentLabelCancelAsked) -> Event {
        let (order_id, shipment_id) = (asked.order_id, asked.shipment_id);
        let refused = |refusal| refused(order_id, shipment_id, refusal);
        let shipment = self.shipment(shipment_id);
        if shipment.is_some_and(|shipment| shipment.state != ShipmentState::Packed) {
            return refused(Refusal::Left);
        }
        match self.label(shipment_id).map(|label| label.state) {
            Some(LabelState::Bought | LabelState::Kept) => {
                let asked = self.give_back(order_id, shipment_id);
                asked.unwrap_or_else(|| refused(Refusal::NoLabel))
            }
            Some(LabelState::Requested | LabelState::CancelRequested) => {
                refused(Refusal::LabelPending)
            }
            _ => refused(Refusal::NoLabel),
        }
    }

    /// Asks the carrier to take a parcel's label back; `None` when there is none. One that is still being
    /// asked for is given back once it is there.
    pub(super) fn give_back(&self, order_id: OrderId, shipment_id: ShipmentId) -> Option<Event> {
        let label = self.label(shipment_id)?;
        if !matches!(label.state, LabelState::Bought | LabelState::Kept) {
            return None;
        }
        let cancel = ShipmentLabelCancelRequested {
            order_id,
            shipment_id,
            carrier: label.carrier,
            attempt: label.attempt,
            tracking_number: label.tracking.as_ref()?.number.clone(),
        };
        Some(cancel.into())
    }

    /// Gives the labels of all parcels back that have not left.
    pub fn give_labels_back(&self, order_id: OrderId) -> impl Iterator<Item = Event> {
        let here = self.shipments.iter();
        let here = here.filter(|shipment| shipment.state == ShipmentState::Packed);
        here.filter_map(move |shipment| self.give_back(order_id, shipment.id))
    }

    /// What follows when there is a label: it is given back if its parcel has left without it, was opened
    /// again, or will never be sent.
    pub fn labelled(&self, labelled: &ShipmentLabelled, is_to_be_sent: bool) -> Vec<Event> {
        let (order_id, shipment_id) = (labelled.order_id, labelled.shipment_id);
        let is_packed = self
            .shipment(shipment_id)
            .is_some_and(|shipment| shipment.state == ShipmentState::Packed);
        let is_awaited = self.label(shipment_id).is_some_and(|label| {
            label.attempt == labelled.attempt && label.state == LabelState::Requested
        });
        if is_to_be_sent && is_packed && is_awaited {
            return Vec::new();
        }
        let cancel = ShipmentLabelCancelRequested {
            order_id,
            shipment_id,
            carrier: labelled.carrier,
            attempt: labelled.attempt,
            tracking_number: labelled.tracking.number.clone(),
        };
        vec![cancel.into()]
    }

    /// Takes note of what became of a label.
    pub(super) fn evolve_label(&mut self, event: &Event, at_us: i64) {
        match event {
            Event::ShipmentLabelRequested(event) => {
                self.labels
                    .retain(|label| label.shipment_id != event.shipment_id);
                self.labels.push(Label {
                    shipment_id: event.shipment_id,
                    number: event.number,
                    carrier: event.carrier,
                    attempt: event.attempt,
                    state: LabelState::Requested,
                    tracking: None,
                    reason: String::new(),
                    asked_at_us: at_us,
                    sequence: 0,
                });
            }
            Event::ShipmentLabelled(event) => {
                let tracking = Some(event.tracking.clone());
                self.change_label(event.shipment_id, event.attempt, |label| {
                    label.state = LabelState::Bought;
                    label.tracking = tracking;
                });
            }
            Event::ShipmentLabelFailed(event) => {
                self.change_label(event.shipment_id, event.attempt, |label| {
                    label.state = LabelState::Failed;
                    label.reason.clone_from(&event.reason);
                });
            }
            Event::ShipmentLabelCancelRequested(event) => {
                self.change_label(event.shipment_id, event.attempt, |label| {
                    label.state = LabelState::CancelRequested;
                    label.reason.clear();
                });
            }
            Event::ShipmentLabelCancelled(event) => {
                self.change_label(event.shipment_id, event.attempt, |label| {
                    label.state = LabelState::Cancelled;
                });
            }
            Event::ShipmentLabelKept(event) => {
                self.change_label(event.shipment_id, event.attempt, |label| {
                    label.state = LabelState::Kept;
                    label.reason.clone_from(&event.reason);
                });
            }
            // Nobody decides what the carrier has said.
            Event::ShipmentCarrierReported(told) => {
                let label = self.labels.iter_mut();
                let mut of_parcel = label.filter(|label| label.is_told_of_by(told));
                if let Some(label) = of_parcel.next() {
                    label.sequence = label.sequence.max(told.sequence);
                }
            }
            _ => {}
        }
    }

    fn change_label(&mut self, id: ShipmentId, attempt: u32, change: impl FnOnce(&mut Label)) {
        let mut labels = self.labels.iter_mut();
        let label = labels.find(|label| label.shipment_id == id && label.attempt == attempt);
        if let Some(label) = label {
            change(label);
        }
    }
}
