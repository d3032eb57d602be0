//! The carrier's label of a return, and what the carrier says of it.

use serde::{Deserialize, Serialize};
use types::ReturnId;
use types::fulfilment::{Carrier, CarrierStatus, Tracking};
use types::returns::{BackTransit, ReturnState};

use super::{Refusal, Return, ReturnsState, refused};
use crate::Event;
use crate::event::{
    ReturnAccepted, ReturnAnswerGiven, ReturnCarrierReported, ReturnLabelAsked,
    ReturnLabelRequested, ReturnMoved,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnLabel {
    pub carrier: Carrier,
    pub attempt: u32,
    pub tracking: Option<Tracking>,
    /// Why the carrier gives none.
    #[serde(default)]
    pub reason: String,
    /// Where it is, and since when, unix microseconds.
    #[serde(default)]
    pub transit: Option<(BackTransit, i64)>,
    /// Of the newest news about it: what has a lower number is older.
    #[serde(default)]
    pub sequence: u64,
}

impl ReturnsState {
    /// Takes in what staff answer. With an accepted return a label is asked for, if somebody sells one.
    pub fn answered(&self, given: &ReturnAnswerGiven, carrier: Carrier) -> Vec<Event> {
        let answer = self.answer(given);
        let label = match &answer {
            Event::ReturnAccepted(accepted) => self.label_for(accepted, carrier),
            _ => None,
        };
        [answer].into_iter().chain(label).collect()
    }

    fn label_for(&self, accepted: &ReturnAccepted, carrier: Carrier) -> Option<Event> {
        let known = self.find(accepted.return_id)?;
        let requested = ReturnLabelRequested {
            order_id: accepted.order_id,
            return_id: known.id,
            number: known.number,
            lines: known.lines.clone(),
            carrier,
            attempt: known.label.as_ref().map_or(1, |label| label.attempt + 1),
        };
        (carrier != Carrier::Manual).then(|| requested.into())
    }

    /// Asks the carrier once more, or says why not.
    pub fn ask_label(&self, asked: &ReturnLabelAsked, carrier: Carrier) -> Event {
        let (order_id, return_id) = (asked.order_id, asked.return_id);
        let refused = |refusal| refused(order_id, return_id, refusal);
        let Some(known) = self.find(return_id) else {
            return refused(Refusal::Unknown);
        };
        if known.state != ReturnState::Accepted {
            return refused(Refusal::NotAccepted);
        }
        let has_failed = |label: &ReturnLabel| !label.reason.is_empty();
        if !known.label.as_ref().is_none_or(has_failed) {
            return refused(Refusal::LabelPending);
        }
        let accepted = ReturnAccepted {
            order_id,
            return_id,
            number: known.number,
        };
        let label = self.label_for(&accepted, carrier);
        label.unwrap_or_else(|| refused(Refusal::NoCarrier))
    }

    /// What follows news of the carrier at `at_us`: a step further, if it is one.
    pub fn hear(&self, told: &ReturnCarrierReported, at_us: i64) -> Option<Event> {
        // Where a parcel was that is unpacked already helps nobody.
        let known = self.told_of(told).filter(|known| known.is_open())?;
        let label = known.label.as_ref()?;
        let transit = match told.status {
            CarrierStatus::Accepted | CarrierStatus::InTransit | CarrierStatus::OutForDelivery => {
                BackTransit::OnItsWay
            }
            CarrierStatus::Delivered => BackTransit::Arrived,
            CarrierStatus::Lost => BackTransit::Lost,
            CarrierStatus::Labelled | CarrierStatus::Returned | CarrierStatus::Cancelled => {
                return None;
            }
        };
        let known_transit = label.transit.map(|(known, _)| known);
        // What was lost may turn up after all.
        let is_further = match known_transit {
            Some(BackTransit::Arrived) => false,
            Some(BackTransit::Lost) => transit == BackTransit::Arrived,
            known => known < Some(transit),
        };
        if told.sequence <= label.sequence || !is_further {
            return None;
        }
        let moved = ReturnMoved {
            order_id: told.order_id,
            return_id: known.id,
            number: known.number,
            transit,
            // A carrier's clock may be ahead.
            since_us: told.happened_at_us.clamp(0, at_us.max(0)),
        };
        Some(moved.into())
    }

    fn told_of(&self, told: &ReturnCarrierReported) -> Option<&Return> {
        let known = self.find(told.return_id)?;
        let tracking = known.label.as_ref()?.tracking.as_ref()?;
        (tracking.number == told.tracking_number).then_some(known)
    }

    pub(super) fn evolve_label(&mut self, event: &Event) {
        match event {
            Event::ReturnLabelRequested(event) => {
                if let Some(known) = self.returns.iter_mut().find(|it| it.id == event.return_id) {
                    known.label = Some(ReturnLabel {
                        carrier: event.carrier,
                        attempt: event.attempt,
                        tracking: None,
                        reason: String::new(),
                        transit: None,
                        sequence: 0,
                    });
                }
            }
            Event::ReturnLabelled(event) => {
                let tracking = event.tracking.clone();
                if let Some(label) = self.label_mut(event.return_id, event.attempt) {
                    label.tracking = Some(tracking);
                }
            }
            Event::ReturnLabelFailed(event) => {
                if let Some(label) = self.label_mut(event.return_id, event.attempt) {
                    label.reason.clone_from(&event.reason);
                }
            }
            Event::ReturnMoved(event) => {
                let transit = (event.transit, event.since_us);
                let returns = self.returns.iter_mut();
                let mut labels = returns.filter(|it| it.id == event.return_id);
                if let Some(label) = labels.next().and_then(|it| it.label.as_mut()) {
                    label.transit = Some(transit);
                }
            }
            // Nobody decides what the carrier has said.
            Event::ReturnCarrierReported(told) if self.told_of(told).is_some() => {
                let returns = self.returns.iter_mut();
                let mut labels = returns.filter(|it| it.id == told.return_id);
                if let Some(label) = labels.next().and_then(|it| it.label.as_mut()) {
                    label.sequence = label.sequence.max(told.sequence);
                }
            }
            _ => {}
        }
    }

    fn label_mut(&mut self, id: ReturnId, attempt: u32) -> Option<&mut ReturnLabel> {
        let known = self.returns.iter_mut().find(|it| it.id == id)?;
        known
            .label
            .as_mut()
            .filter(|label| label.attempt == attempt)
    }
}
