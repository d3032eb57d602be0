//! What a carrier says of a parcel moves it, in one direction: late, repeated and reordered news change nothing.

use types::fulfilment::{CarrierStatus, Outcome, ShipmentState, Transit};

use super::{FulfilmentState, Label};
use crate::Event;
use crate::event::{
    Pieces, ShipmentCarrierReported, ShipmentLabelCancelled, ShipmentMoved, ShipmentOutcomeReported,
};

impl Label {
    pub(super) fn is_told_of_by(&self, told: &ShipmentCarrierReported) -> bool {
        let number = self.tracking.as_ref().map(|tracking| &tracking.number);
        self.shipment_id == told.shipment_id && number == Some(&told.tracking_number)
    }
}

impl FulfilmentState {
    /// What follows news of the carrier at `at_us`. A parcel that was still packed here has left.
    pub fn hear(
        &self,
        ordered: &[Pieces],
        told: &ShipmentCarrierReported,
        at_us: i64,
    ) -> Vec<Event> {
        let (order_id, shipment_id) = (told.order_id, told.shipment_id);
        let label = self.label(shipment_id);
        let Some(label) = label.filter(|label| label.is_told_of_by(told)) else {
            return Vec::new();
        };
        if told.sequence <= label.sequence {
            return Vec::new();
        }
        if told.status == CarrierStatus::Cancelled && label.is_valid() {
            let attempt = label.attempt;
            let cancelled = ShipmentLabelCancelled {
                order_id,
                shipment_id,
                attempt,
            };
            return vec![cancelled.into()];
        }
        let Some(shipment) = self.shipment(shipment_id) else {
            return Vec::new();
        };
        let mut after = self.clone();
        let mut events = Vec::new();
        let has_it = !matches!(
            told.status,
            CarrierStatus::Labelled | CarrierStatus::Cancelled
        );
        if shipment.state == ShipmentState::Packed && has_it {
            let left = self.leave(ordered, order_id, shipment);
            after.evolve(&left, at_us);
            events.push(left);
        }
        events.extend(after.step(ordered, told, at_us));
        events
    }

    /// The step of a parcel that has left, if it is one.
    fn step(
        &self,
        ordered: &[Pieces],
        told: &ShipmentCarrierReported,
        at_us: i64,
    ) -> Option<Event> {
        let (order_id, shipment_id) = (told.order_id, told.shipment_id);
        let shipment = self.shipment(shipment_id)?;
        let outcome = match told.status {
            CarrierStatus::InTransit => Err(Transit::InTransit),
            CarrierStatus::OutForDelivery => Err(Transit::OutForDelivery),
            CarrierStatus::Delivered => Ok(Outcome::Delivered),
            CarrierStatus::Lost => Ok(Outcome::Lost),
            CarrierStatus::Returned => Ok(Outcome::CameBack),
            CarrierStatus::Labelled | CarrierStatus::Accepted | CarrierStatus::Cancelled => {
                return None;
            }
        };
        match (shipment.state, outcome) {
            (ShipmentState::Shipped, Err(transit)) => {
                let known = shipment.transit.map(|(known, _)| known);
                let moved = ShipmentMoved {
                    order_id,
                    shipment_id,
                    number: shipment.number,
                    transit,
                    // A carrier's clock may be ahead.
                    since_us: told.happened_at_us.clamp(0, at_us.max(0)),
                };
                (known < Some(transit)).then(|| moved.into())
            }
            (ShipmentState::Shipped, Ok(outcome)) => {
                Some(self.end(ordered, &outcome_of(told, outcome)))
            }
            // It has turned up after all.
            (ShipmentState::Lost, Ok(outcome)) if outcome != Outcome::Lost => {
                Some(self.end(ordered, &outcome_of(told, outcome)))
            }
            _ => None,
        }
    }
}

fn outcome_of(told: &ShipmentCarrierReported, outcome: Outcome) -> ShipmentOutcomeReported {
    ShipmentOutcomeReported {
        order_id: told.order_id,
        shipment_id: told.shipment_id,
        outcome,
        by: told.carrier.into_str().to_owned(),
    }
}
