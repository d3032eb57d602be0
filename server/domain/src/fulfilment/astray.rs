//! Parcels that were lost or came back: what staff decide about each, and what follows. Nobody pays for what goes
//! in place of one.

use serde::{Deserialize, Serialize};
use types::fulfilment::{Astray, ShipmentState};
use types::returns::ReceivedPieces;
use types::{Money, OrderId, ShipmentId};

use super::{FulfilmentState, MAX_PARCELS, Refusal, Shipment, count, per_sku, refused, release};
use crate::Event;
use crate::event::{
    Pieces, Replaced, ShipmentGivenUp, ShipmentNotReplaced, ShipmentPacked,
    ShipmentReplacementRequested, StockAllocated, StockAllocationRefused, StockMove,
};

/// What was decided about a parcel that was lost or came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    /// The inventory is asked for the pieces of another one.
    Asked(ShipmentId),
    /// This one goes in its place.
    SentAgain(ShipmentId),
    GivenUp,
}

impl Shipment {
    const fn is_astray(&self) -> bool {
        matches!(self.state, ShipmentState::Lost | ShipmentState::CameBack)
    }

    /// Whether somebody has to say what becomes of it, or of what came back of it.
    pub const fn is_undecided(&self) -> bool {
        self.is_astray() && (self.decided.is_none() || self.is_waiting)
    }

    /// Whether another parcel is in its place.
    pub const fn is_replaced(&self) -> bool {
        matches!(self.decided, Some(Decided::SentAgain(_)))
    }

    /// Whether another parcel is in its place, or nobody waits for it any more.
    pub(super) const fn is_settled(&self) -> bool {
        self.is_replaced() || self.is_given_up()
    }

    const fn is_given_up(&self) -> bool {
        matches!(self.decided, Some(Decided::GivenUp))
    }
}

impl FulfilmentState {
    /// Parcels about which somebody has to decide.
    pub fn undecided(&self) -> u32 {
        let undecided = self.shipments.iter().filter(|it| it.is_undecided());
        undecided.count() as u32
    }

    /// How it stands with a parcel that was lost or came back; `None` of any other.
    pub fn astray(&self, shipment: &Shipment) -> Option<Astray> {
        if shipment.state == ShipmentState::Delivered && shipment.is_settled() {
            return Some(Astray::TurnedUp);
        }
        if !shipment.is_astray() {
            return None;
        }
        Some(match shipment.decided {
            decided if shipment.is_waiting => Astray::Open {
                has_pieces: true,
                is_settled: decided.is_some(),
            },
            None => Astray::Open {
                has_pieces: false,
                is_settled: false,
            },
            Some(Decided::Asked(_)) => Astray::Asked,
            Some(Decided::SentAgain(id)) => {
                Astray::SentAgain(self.shipment(id).map_or(0, |other| other.number))
            }
            Some(Decided::GivenUp) => Astray::GivenUp,
        })
    }

    /// The number of the parcel that this one goes in place of.
    pub fn replaced_by(&self, shipment: &Shipment) -> Option<u32> {
        Some(self.shipment(shipment.replaces?)?.number)
    }

    /// What was sent once already and is packed again, and has not left.
    pub fn packed_again(&self) -> impl Iterator<Item = &Shipment> {
        let here = self.shipments.iter();
        here.filter(|it| it.replaces.is_some() && it.state == ShipmentState::Packed)
    }

    /// What of an order's lines its customer still waits for.
    pub fn to_come(&self, ordered: &[Pieces]) -> Vec<Pieces> {
        let settled = self.shipments.iter().filter(|it| {
            !it.is_replaced() && (it.state == ShipmentState::Delivered || it.is_given_up())
        });
        self.without(ordered, settled.flat_map(|it| &it.lines))
    }

    fn find_astray(&self, id: ShipmentId) -> Result<&Shipment, Refusal> {
        let shipment = self.shipment(id).ok_or(Refusal::Unknown)?;
        match shipment.state {
            ShipmentState::Packed => Err(Refusal::NotLeft),
            ShipmentState::Shipped | ShipmentState::Delivered => Err(Refusal::NotAstray),
            ShipmentState::Lost | ShipmentState::CameBack => Ok(shipment),
        }
    }

    /// Whether the pieces of a parcel can be sent again.
    ///
    /// # Errors
    /// The reason why not.
    pub fn check_send_again(&self, id: ShipmentId, other: ShipmentId) -> Result<(), Refusal> {
        let shipment = self.find_astray(id)?;
        match shipment.decided {
            None => {}
            Some(Decided::Asked(_)) => return Err(Refusal::BeingSentAgain),
            Some(Decided::SentAgain(_)) => return Err(Refusal::SentAgain),
            Some(Decided::GivenUp) => return Err(Refusal::GivenUp),
        }
        if self.shipment(other).is_some() {
            return Err(Refusal::PackedAlready);
        }
        if self.packed as usize >= MAX_PARCELS {
            return Err(Refusal::TooManyParcels);
        }
        Ok(())
    }

    /// Asks the inventory for the pieces of a parcel that is to be sent again, or says why not.
    pub fn send_again(
        &self,
        order_id: OrderId,
        id: ShipmentId,
        replacement_id: ShipmentId,
    ) -> Event {
        let checked = self.check_send_again(id, replacement_id);
        match checked.and_then(|()| self.find_astray(id)) {
            Err(refusal) => refused(order_id, id, refusal),
            Ok(shipment) => ShipmentReplacementRequested {
                order_id,
                shipment_id: id,
                number: shipment.number,
                replacement_id,
                lines: shipment.lines.clone(),
                has_pieces: shipment.is_waiting,
            }
            .into(),
        }
    }

    /// Packs what is held in place of a parcel. What was held in vain, because it has turned up meanwhile, is let go.
    pub fn packed_in_its_place(&self, ordered: &[Pieces], held: &StockAllocated) -> Vec<Event> {
        let (order_id, id) = (held.order_id, held.shipment_id);
        let asked = self.shipment(id).map(|it| (it, it.decided));
        let (shipment, replacement_id) = match asked {
            Some((it, Some(Decided::Asked(other)))) if it.is_astray() => (it, other),
            known => {
                let pieces = |moved: &StockMove| Pieces {
                    sku: moved.sku.clone(),
                    quantity: moved.quantity,
                };
                let release = release(order_id, held.moves.iter().map(pieces).collect());
                let number = known.map_or(0, |(it, _)| it.number);
                return vec![release, not_replaced(order_id, id, number, Vec::new())];
            }
        };
        // Itself and its pieces, if those wait, are decided about.
        let undecided = self.shipments.iter();
        let undecided = undecided.filter(|it| it.id != id && it.is_undecided());
        let undecided = undecided.count() as u32;
        let packed = |status| ShipmentPacked {
            order_id,
            shipment_id: replacement_id,
            number: self.packed + 1,
            lines: shipment.lines.clone(),
            worth: Money::new(0, shipment.worth.currency),
            delivery_minor: 0,
            carrier: shipment.carrier,
            status,
            replaces: Some(Replaced {
                shipment_id: id,
                number: shipment.number,
                undecided,
            }),
        };
        vec![self.with_status(ordered, |status| packed(status).into())]
    }

    /// Notes that there are not enough pieces to send a parcel again.
    pub fn not_in_stock(&self, told: &StockAllocationRefused) -> Event {
        let number = self.shipment(told.shipment_id).map_or(0, |it| it.number);
        not_replaced(told.order_id, told.shipment_id, number, told.short.clone())
    }

    /// Whether nobody is to wait for a parcel any more, of which this came back; `is_paid_back` when money is to go
    /// with it.
    ///
    /// # Errors
    /// The reason why not.
    pub fn check_give_up(
        &self,
        id: ShipmentId,
        came: &[ReceivedPieces],
        is_paid_back: bool,
    ) -> Result<(), Refusal> {
        let shipment = self.find_astray(id)?;
        match shipment.decided {
            Some(Decided::Asked(_)) => return Err(Refusal::BeingSentAgain),
            Some(Decided::SentAgain(_)) if !shipment.is_waiting || is_paid_back => {
                return Err(Refusal::SentAgain);
            }
            Some(Decided::GivenUp) if !shipment.is_waiting || is_paid_back => {
                return Err(Refusal::GivenUp);
            }
            _ => {}
        }
        let came = (came.iter()).map(|it| Pieces {
            sku: it.sku.clone(),
            quantity: it.restocked.saturating_add(it.written_off),
        });
        let came: Vec<Pieces> = came.collect();
        if !shipment.is_waiting && count(&came) > 0 {
            return Err(Refusal::NotHere);
        }
        let sent = per_sku(&shipment.lines);
        for (sku, quantity) in per_sku(&came) {
            let left = sent.get(&sku).copied().unwrap_or(0);
            if quantity > left {
                return Err(Refusal::TooManyCame { sku, left });
            }
        }
        Ok(())
    }

    /// Gives a parcel up that can be.
    pub fn give_up(
        &self,
        ordered: &[Pieces],
        order_id: OrderId,
        id: ShipmentId,
        came: &[ReceivedPieces],
    ) -> Event {
        let Ok(shipment) = self.find_astray(id) else {
            return refused(order_id, id, Refusal::Unknown);
        };
        let undecided = self.shipments.iter();
        let undecided = undecided.filter(|it| it.id != id && it.is_undecided());
        let undecided = undecided.count() as u32;
        self.with_status(ordered, |status| {
            ShipmentGivenUp {
                order_id,
                shipment_id: id,
                number: shipment.number,
                lines: shipment.lines.clone(),
                came: came.to_vec(),
                undecided,
                status,
            }
            .into()
        })
    }

    pub(super) fn evolve_astray(&mut self, event: &Event) {
        match event {
            Event::ShipmentReplacementRequested(asked) => {
                let decided = Some(Decided::Asked(asked.replacement_id));
                self.decide(asked.shipment_id, |_| decided);
            }
            Event::ShipmentNotReplaced(told) => {
                self.decide(told.shipment_id, |known| match known {
                    Some(Decided::Asked(_)) => None,
                    known => known,
                });
            }
            Event::ShipmentGivenUp(told) => {
                self.decide(told.shipment_id, |known| match known {
                    Some(Decided::SentAgain(other)) => Some(Decided::SentAgain(other)),
                    _ => Some(Decided::GivenUp),
                });
                if let Some(shipment) = self.find(told.shipment_id) {
                    shipment.is_waiting = false;
                }
            }
            _ => {}
        }
    }

    /// A parcel is packed in place of another one.
    pub(super) fn take_the_place(&mut self, replaced: &Replaced, by: ShipmentId) {
        if let Some(shipment) = self.find(replaced.shipment_id) {
            shipment.decided = Some(Decided::SentAgain(by));
            shipment.is_waiting = false;
        }
    }

    /// It is open again what becomes of those in whose place these were packed. What came back is on the shelf.
    pub(super) fn leave_the_place(&mut self, unpacked: &[ShipmentId]) {
        for shipment in &mut self.shipments {
            if let Some(Decided::SentAgain(by)) = shipment.decided
                && unpacked.contains(&by)
            {
                shipment.decided = None;
            }
        }
    }

    fn decide(&mut self, id: ShipmentId, to: impl FnOnce(Option<Decided>) -> Option<Decided>) {
        if let Some(shipment) = self.find(id) {
            shipment.decided = to(shipment.decided);
        }
    }
}

fn not_replaced(
    order_id: OrderId,
    shipment_id: ShipmentId,
    number: u32,
    short: Vec<types::order::Shortage>,
) -> Event {
    ShipmentNotReplaced {
        order_id,
        shipment_id,
        number,
        short,
    }
    .into()
}
