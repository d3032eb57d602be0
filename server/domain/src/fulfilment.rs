//! The fulfilment of an order: its parcels, per SKU and quantity. A part of the order's state; the order
//! says whether there is anything to fulfil.

mod astray;
pub mod events;
mod labels;
mod news;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::fulfilment::{Carrier, FulfilmentStatus, Outcome, ShipmentState, Tracking, Transit};
use types::{Money, OrderId, ShipmentId, Sku};

use crate::Event;
use crate::event::{
    Pieces, ShipmentCameBack, ShipmentDelivered, ShipmentHandoverReported, ShipmentLost,
    ShipmentOutcomeReported, ShipmentPacked, ShipmentRefused, ShipmentRequested, ShipmentShipped,
    ShipmentUnpackRequested, ShipmentUnpacked, StockReleaseRequested, TurnedUp,
};

pub use astray::Decided;
pub use labels::Label;

/// Parcels of one order, at most: an order has at most so many pieces that each could go alone.
const MAX_PARCELS: usize = 1_000;

/// Why a parcel is not packed, or does not move on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    #[error("Only an order that is paid and not cancelled can be packed.")]
    NotPaid,
    #[error("This order is held for review. Release it first, or cancel it.")]
    UnderReview,
    #[error("There is nothing to pack: enter at least one piece.")]
    Nothing,
    #[error("Everything of this order is packed already.")]
    AllPacked,
    #[error("Of {sku} only {left} of this order are left to pack.")]
    TooMany { sku: Sku, left: u32 },
    #[error("This order has as many parcels as one can have.")]
    TooManyParcels,
    #[error("This parcel was packed already.")]
    PackedAlready,
    #[error("There is no such parcel.")]
    Unknown,
    #[error("This parcel has left already.")]
    Left,
    #[error("This parcel has not left yet.")]
    NotLeft,
    #[error("What became of this parcel is known already.")]
    Ended,
    #[error("A parcel that is brought away by hand needs no label.")]
    NeedsNoLabel,
    #[error("The carrier is being asked about this parcel's label already.")]
    LabelPending,
    #[error("This parcel has a label already.")]
    Labelled,
    #[error("This parcel has no label.")]
    NoLabel,
    #[error("This parcel was neither lost nor did it come back.")]
    NotAstray,
    #[error("This parcel is being sent again already.")]
    BeingSentAgain,
    #[error("This parcel was sent again already.")]
    SentAgain,
    #[error("This parcel was given up already.")]
    GivenUp,
    #[error("Nothing of this parcel lies here to be taken in.")]
    NotHere,
    #[error("More pieces of {sku} than the {left} that were in this parcel.")]
    TooManyCame { sku: Sku, left: u32 },
}

/// A parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    pub id: ShipmentId,
    pub number: u32,
    pub lines: Vec<Pieces>,
    pub worth: Money,
    /// What delivering the order costs, in minor units: of the parcel that leaves first.
    #[serde(default)]
    pub delivery_minor: i64,
    pub carrier: Carrier,
    pub state: ShipmentState,
    pub tracking: Option<Tracking>,
    /// When it arrived, unix microseconds; 0 until then.
    #[serde(default)]
    pub delivered_at_us: i64,
    /// Where the carrier says it is, and since when, unix microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transit: Option<(Transit, i64)>,
    /// The parcel that it goes in place of. It costs nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<ShipmentId>,
    /// What was decided about it after it was lost or came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decided>,
    /// Whether it came back and nobody has said yet what becomes of its pieces, which are not in the books.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_waiting: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FulfilmentState {
    pub shipments: Vec<Shipment>,
    /// Parcels that were ever packed; each has a number of its own.
    pub packed: u32,
    /// What will never be sent.
    #[serde(default)]
    pub cancelled: Vec<Pieces>,
    /// The last label of each parcel that had one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
}

fn count(lines: &[Pieces]) -> u32 {
    let pieces = lines.iter().map(|line| line.quantity);
    pieces.fold(0, u32::saturating_add)
}

/// One entry per SKU.
pub fn per_sku<'a>(lines: impl IntoIterator<Item = &'a Pieces>) -> BTreeMap<Sku, u32> {
    let mut sums = BTreeMap::new();
    for line in lines {
        let sum: &mut u32 = sums.entry(line.sku.clone()).or_default();
        *sum = sum.saturating_add(line.quantity);
    }
    sums
}

impl FulfilmentState {
    /// Whether nothing was ever packed or given up.
    pub fn is_untouched(&self) -> bool {
        *self == Self::default()
    }

    pub fn shipment(&self, id: ShipmentId) -> Option<&Shipment> {
        self.shipments.iter().find(|shipment| shipment.id == id)
    }

    /// What has arrived after `after_us`.
    pub fn arrived_since(&self, after_us: i64) -> impl Iterator<Item = &Pieces> {
        let arrived = move |it: &&Shipment| {
            // Of what was sent twice and came twice, once.
            it.state == ShipmentState::Delivered
                && it.delivered_at_us >= after_us
                && !it.is_replaced()
        };
        let arrived = self.shipments.iter().filter(arrived);
        arrived.flat_map(|shipment| &shipment.lines)
    }

    /// Whether something has left the house.
    pub fn has_left(&self) -> bool {
        let packed = |shipment: &Shipment| shipment.state == ShipmentState::Packed;
        !self.shipments.iter().all(packed)
    }

    /// What a packed parcel costs if it leaves now: with the delivery, if it is the first.
    pub fn worth_of(&self, shipment: &Shipment) -> Money {
        let delivery = if self.has_left() {
            0
        } else {
            shipment.delivery_minor
        };
        let minor = shipment.worth.minor.saturating_add(delivery);
        Money::new(minor, shipment.worth.currency)
    }

    /// What all that has left costs, in minor units.
    pub fn sent_minor(&self) -> i64 {
        let left = self.shipments.iter();
        let left = left.filter(|shipment| shipment.state != ShipmentState::Packed);
        let (pieces, delivery) = left.fold((0_i64, 0), |(pieces, delivery), shipment| {
            let pieces = pieces.saturating_add(shipment.worth.minor);
            (pieces, shipment.delivery_minor.max(delivery))
        });
        pieces.saturating_add(delivery)
    }

    /// What of an order's lines is neither packed nor given up.
    pub fn left(&self, ordered: &[Pieces]) -> Vec<Pieces> {
        let first = self.shipments.iter();
        let first = first.filter(|shipment| shipment.replaces.is_none());
        self.without(ordered, first.flat_map(|shipment| &shipment.lines))
    }

    /// What of an order's lines has never left the house, packed or not.
    pub fn here(&self, ordered: &[Pieces]) -> Vec<Pieces> {
        let gone = self.shipments.iter();
        let gone = gone.filter(|shipment| {
            shipment.state != ShipmentState::Packed && shipment.replaces.is_none()
        });
        self.without(ordered, gone.flat_map(|shipment| &shipment.lines))
    }

    fn without<'a>(
        &'a self,
        ordered: &[Pieces],
        taken: impl Iterator<Item = &'a Pieces>,
    ) -> Vec<Pieces> {
        let mut left = per_sku(ordered);
        for (sku, quantity) in per_sku(taken.chain(&self.cancelled)) {
            if let Some(left) = left.get_mut(&sku) {
                *left = left.saturating_sub(quantity);
            }
        }
        let pieces = |(sku, quantity)| Pieces { sku, quantity };
        let left = left.into_iter().filter(|(_, quantity)| *quantity > 0);
        left.map(pieces).collect()
    }

    /// How far the order is.
    pub fn status(&self, ordered: &[Pieces]) -> FulfilmentStatus {
        let counted = || self.shipments.iter().filter(|it| !it.is_replaced());
        let has = |state| counted().any(|it| it.state == state);
        let is_open = |state| counted().any(|it| it.state == state && it.is_undecided());
        let on_its_way = |it: &Shipment| it.state == ShipmentState::Shipped;
        let is_here = !self.here(ordered).is_empty();
        if !self.has_left() {
            return match self.shipments.is_empty() {
                true => FulfilmentStatus::Open,
                false => FulfilmentStatus::Packed,
            };
        }
        if is_here {
            FulfilmentStatus::PartlyShipped
        } else if self.packed_again().next().is_some() {
            FulfilmentStatus::SendingAgain
        } else if counted().any(|it| on_its_way(it) && it.replaces.is_some()) {
            FulfilmentStatus::ShippedAgain
        } else if has(ShipmentState::Shipped) {
            FulfilmentStatus::Shipped
        } else if is_open(ShipmentState::CameBack) {
            FulfilmentStatus::CameBack
        } else if is_open(ShipmentState::Lost) {
            FulfilmentStatus::Lost
        } else if has(ShipmentState::Delivered) {
            FulfilmentStatus::Delivered
        } else {
            FulfilmentStatus::Undelivered
        }
    }

    /// Whether a parcel of these pieces can be packed.
    ///
    /// # Errors
    /// The reason why not.
    pub fn check_pack(
        &self,
        id: ShipmentId,
        ordered: &[Pieces],
        lines: &[Pieces],
    ) -> Result<(), Refusal> {
        if self.shipment(id).is_some() {
            return Err(Refusal::PackedAlready);
        }
        if count(lines) == 0 {
            return Err(match self.left(ordered).is_empty() {
                true => Refusal::AllPacked,
                false => Refusal::Nothing,
            });
        }
        if self.packed as usize >= MAX_PARCELS {
            return Err(Refusal::TooManyParcels);
        }
        let left = per_sku(&self.left(ordered));
        for (sku, wanted) in per_sku(lines) {
            let left = left.get(&sku).copied().unwrap_or(0);
            if wanted > left {
                return Err(Refusal::TooMany { sku, left });
            }
        }
        Ok(())
    }

    fn in_state(&self, id: ShipmentId, state: ShipmentState) -> Result<&Shipment, Refusal> {
        let shipment = self.shipment(id).ok_or(Refusal::Unknown)?;
        match (shipment.state, state) {
            (is, asked) if is == asked => Ok(shipment),
            (_, ShipmentState::Packed) => Err(Refusal::Left),
            (ShipmentState::Packed, _) => Err(Refusal::NotLeft),
            _ => Err(Refusal::Ended),
        }
    }

    /// Packs a parcel, or says why not.
    pub fn pack(&self, ordered: &[Pieces], asked: &ShipmentRequested) -> Event {
        let (order_id, shipment_id) = (asked.order_id, asked.shipment_id);
        if let Err(refusal) = self.check_pack(shipment_id, ordered, &asked.lines) {
            return refused(order_id, shipment_id, refusal);
        }
        let pieces = |(sku, quantity)| Pieces { sku, quantity };
        let lines: Vec<Pieces> = per_sku(&asked.lines).into_iter().map(pieces).collect();
        let event = |status| ShipmentPacked {
            order_id,
            shipment_id,
            number: self.packed + 1,
            lines: lines.clone(),
            worth: asked.worth,
            delivery_minor: asked.delivery_minor,
            carrier: asked.carrier,
            status,
            replaces: None,
        };
        self.with_status(ordered, |status| event(status).into())
    }

    /// Opens a packed parcel again, or says why not. Its label is given back; what was held to be sent again is let
    /// go.
    pub fn unpack(&self, ordered: &[Pieces], asked: &ShipmentUnpackRequested) -> Vec<Event> {
        let (order_id, shipment_id) = (asked.order_id, asked.shipment_id);
        let shipment = match self.in_state(shipment_id, ShipmentState::Packed) {
            Err(refusal) => return vec![refused(order_id, shipment_id, refusal)],
            Ok(shipment) => shipment,
        };
        let replaces = self.replaced_by(shipment);
        let unpacked = self.with_status(ordered, |status| {
            ShipmentUnpacked {
                order_id,
                shipment_id,
                status,
                replaces,
            }
            .into()
        });
        let label = self.give_back(order_id, shipment_id);
        let release = replaces.map(|_| release(order_id, shipment.lines.clone()));
        let follows = label.into_iter().chain(release);
        [unpacked].into_iter().chain(follows).collect()
    }

    /// Sends a packed parcel off, or says why not. Without a number of its own it has that of its label; with
    /// another one, the label is given back.
    pub fn ship(&self, ordered: &[Pieces], told: &ShipmentHandoverReported) -> Vec<Event> {
        let (order_id, shipment_id) = (told.order_id, told.shipment_id);
        let shipment = match self.in_state(shipment_id, ShipmentState::Packed) {
            Err(refusal) => return vec![refused(order_id, shipment_id, refusal)],
            Ok(shipment) => shipment,
        };
        let of_label = self.bought(shipment_id);
        let is_other = |typed: &Tracking| of_label.is_none_or(|label| label.number != typed.number);
        match &told.tracking {
            Some(typed) if is_other(typed) => {
                let carrier = shipment.carrier;
                let left = self.left_with(ordered, order_id, shipment, carrier, Some(typed));
                let label = self.give_back(order_id, shipment_id);
                [left].into_iter().chain(label).collect()
            }
            _ => vec![self.leave(ordered, order_id, shipment)],
        }
    }

    /// A packed parcel leaves with its label, if it has one.
    fn leave(&self, ordered: &[Pieces], order_id: OrderId, shipment: &Shipment) -> Event {
        let carrier = match self.label(shipment.id) {
            Some(label) if label.is_valid() => label.carrier,
            _ => shipment.carrier,
        };
        let tracking = self.bought(shipment.id);
        self.left_with(ordered, order_id, shipment, carrier, tracking)
    }

    fn left_with(
        &self,
        ordered: &[Pieces],
        order_id: OrderId,
        shipment: &Shipment,
        carrier: Carrier,
        tracking: Option<&Tracking>,
    ) -> Event {
        self.with_status(ordered, |status| {
            ShipmentShipped {
                order_id,
                shipment_id: shipment.id,
                number: shipment.number,
                lines: shipment.lines.clone(),
                carrier,
                tracking: tracking.cloned(),
                status,
                replaces: self.replaced_by(shipment),
            }
            .into()
        })
    }

    /// Takes in what became of a parcel; one that was lost may turn up after all. Says so if it cannot be.
    pub fn end(&self, ordered: &[Pieces], told: &ShipmentOutcomeReported) -> Event {
        let (order_id, shipment_id) = (told.order_id, told.shipment_id);
        let is_found = matches!(
            self.shipment(shipment_id).map(|shipment| shipment.state),
            Some(ShipmentState::Lost)
        ) && told.outcome != Outcome::Lost;
        let from = if is_found {
            ShipmentState::Lost
        } else {
            ShipmentState::Shipped
        };
        let shipment = match self.in_state(shipment_id, from) {
            Err(refusal) => return refused(order_id, shipment_id, refusal),
            Ok(shipment) => shipment,
        };
        let (number, lines) = (shipment.number, &shipment.lines);
        let event = |status, to_come: &[Pieces], undecided| match told.outcome {
            Outcome::Delivered => ShipmentDelivered {
                order_id,
                shipment_id,
                number,
                status,
                lines: lines.clone(),
                to_come: to_come.to_vec(),
                turned_up: is_found.then(|| TurnedUp {
                    is_settled: shipment.is_settled(),
                    undecided,
                }),
            }
            .into(),
            Outcome::Lost => ShipmentLost {
                order_id,
                shipment_id,
                number,
                status,
                lines: lines.clone(),
            }
            .into(),
            Outcome::CameBack => ShipmentCameBack {
                order_id,
                shipment_id,
                number,
                lines: lines.clone(),
                status,
                waits: true,
            }
            .into(),
        };
        let mut after = self.clone();
        after.evolve(&event(FulfilmentStatus::Open, &[], 0), 0);
        event(
            after.status(ordered),
            &after.to_come(ordered),
            after.undecided(),
        )
    }

    /// The event with the status that it leads to.
    pub(crate) fn with_status(
        &self,
        ordered: &[Pieces],
        event: impl Fn(FulfilmentStatus) -> Event,
    ) -> Event {
        let mut after = self.clone();
        after.evolve(&event(FulfilmentStatus::Open), 0);
        event(after.status(ordered))
    }

    /// Takes note of an event.
    pub fn evolve(&mut self, event: &Event, at_us: i64) {
        match event {
            Event::ShipmentPacked(event) => {
                self.packed = self.packed.max(event.number);
                self.shipments.push(Shipment {
                    id: event.shipment_id,
                    number: event.number,
                    lines: event.lines.clone(),
                    worth: event.worth,
                    delivery_minor: event.delivery_minor,
                    carrier: event.carrier,
                    state: ShipmentState::Packed,
                    tracking: None,
                    delivered_at_us: 0,
                    transit: None,
                    replaces: event.replaces.as_ref().map(|it| it.shipment_id),
                    decided: None,
                    is_waiting: false,
                });
                if let Some(replaced) = &event.replaces {
                    self.take_the_place(replaced, event.shipment_id);
                }
            }
            Event::ShipmentUnpacked(event) => {
                self.shipments.retain(|it| it.id != event.shipment_id);
                self.leave_the_place(&[event.shipment_id]);
            }
            Event::ShipmentShipped(event) => {
                if let Some(shipment) = self.find(event.shipment_id) {
                    shipment.state = ShipmentState::Shipped;
                    shipment.carrier = event.carrier;
                    shipment.tracking.clone_from(&event.tracking);
                }
            }
            Event::ShipmentMoved(event) => {
                if let Some(shipment) = self.find(event.shipment_id) {
                    shipment.transit = Some((event.transit, event.since_us));
                }
            }
            Event::ShipmentDelivered(event) => {
                if let Some(shipment) = self.find(event.shipment_id) {
                    shipment.state = ShipmentState::Delivered;
                    shipment.delivered_at_us = at_us;
                    shipment.is_waiting = false;
                }
            }
            Event::ShipmentLost(event) => {
                if let Some(shipment) = self.find(event.shipment_id) {
                    shipment.state = ShipmentState::Lost;
                }
            }
            Event::ShipmentCameBack(event) => {
                if let Some(shipment) = self.find(event.shipment_id) {
                    shipment.state = ShipmentState::CameBack;
                    shipment.is_waiting = event.waits;
                }
            }
            Event::ShipmentReplacementRequested(_)
            | Event::ShipmentNotReplaced(_)
            | Event::ShipmentGivenUp(_) => self.evolve_astray(event),
            Event::OrderRestCancelled(event) => {
                self.cancelled.extend(event.lines.iter().cloned());
                let again: Vec<ShipmentId> = self.packed_again().map(|it| it.id).collect();
                self.shipments
                    .retain(|shipment| shipment.state != ShipmentState::Packed);
                self.leave_the_place(&again);
            }
            _ => self.evolve_label(event, at_us),
        }
    }

    fn find(&mut self, id: ShipmentId) -> Option<&mut Shipment> {
        self.shipments.iter_mut().find(|shipment| shipment.id == id)
    }
}

/// Asks for pieces that were held to be sent again to be let go.
pub fn release(order_id: OrderId, lines: Vec<Pieces>) -> Event {
    StockReleaseRequested { order_id, lines }.into()
}

/// Says that a parcel is not packed, or does not move.
pub fn refused(order_id: OrderId, shipment_id: ShipmentId, refusal: Refusal) -> Event {
    ShipmentRefused {
        order_id,
        shipment_id,
        refusal,
    }
    .into()
}

#[cfg(test)]
mod tests;
