//! What happens to the pieces of an order on their way to the customer.

use serde::{Deserialize, Serialize};
use types::fulfilment::{Carrier, CarrierStatus, FulfilmentStatus, Outcome, Tracking, Transit};
use types::order::Shortage;
use types::returns::ReceivedPieces;
use types::{Money, OrderId, ShipmentId};

use crate::event::declare;
use crate::fulfilment::Refusal;
use crate::stock::events::Pieces;

declare! {
    /// Pieces of a confirmed order are to be packed into a parcel.
    ShipmentRequested ("shipment.requested" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        lines: Vec<Pieces>,
        /// What these pieces cost. Of a shop before 2026-12 the first parcel's with the delivery.
        worth: Money,
        /// What delivering the order costs, in minor units: collected with the parcel that leaves first.
        #[serde(default)]
        delivery_minor: i64,
        carrier: Carrier,
        /// The member of staff who asks.
        by: String,
    }

    /// A parcel is packed.
    ShipmentPacked ("shipment.packed" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        /// 1 for the first parcel of the order.
        number: u32,
        lines: Vec<Pieces>,
        worth: Money,
        #[serde(default)]
        delivery_minor: i64,
        carrier: Carrier,
        /// How far the order is with it; so in all that follow.
        status: FulfilmentStatus,
        /// The parcel that it goes in place of.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<Replaced>,
    }

    /// What is asked of a parcel is not done.
    ShipmentRefused ("shipment.refused" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        refusal: Refusal,
    }

    /// A packed parcel is to be opened again.
    ShipmentUnpackRequested ("shipment.unpack_requested" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        by: String,
    }

    /// The pieces of the parcel can be packed again.
    ShipmentUnpacked ("shipment.unpacked" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        status: FulfilmentStatus,
        /// Number of the parcel that it was to go in place of: what becomes of that one is open again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<u32>,
    }

    /// A packed parcel was given to its carrier.
    ShipmentHandoverReported ("shipment.handover_reported" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        tracking: Option<Tracking>,
        /// The member of staff, or the carrier, who says so.
        by: String,
    }

    /// A parcel has left the house.
    ShipmentShipped ("shipment.shipped" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        number: u32,
        lines: Vec<Pieces>,
        carrier: Carrier,
        tracking: Option<Tracking>,
        status: FulfilmentStatus,
        /// Number of the parcel that it goes in place of.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<u32>,
    }

    /// Somebody knows what became of a parcel.
    ShipmentOutcomeReported ("shipment.outcome_reported" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        outcome: Outcome,
        by: String,
    }

    /// The customer has the parcel.
    ShipmentDelivered ("shipment.delivered" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        number: u32,
        status: FulfilmentStatus,
        /// What was in it; older versions did not say, nor what follows.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lines: Vec<Pieces>,
        /// What of the order the customer still waits for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        to_come: Vec<Pieces>,
        /// Of one that was reported lost before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turned_up: Option<TurnedUp>,
    }

    /// The carrier does not find the parcel any more.
    ShipmentLost ("shipment.lost" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        number: u32,
        status: FulfilmentStatus,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lines: Vec<Pieces>,
    }

    /// The carrier has brought the parcel back.
    ShipmentCameBack ("shipment.came_back" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        number: u32,
        lines: Vec<Pieces>,
        status: FulfilmentStatus,
        /// Whether its pieces wait for staff to say what becomes of them. Older versions put them onto the
        /// shelf at once.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        waits: bool,
    }

    /// Staff say what becomes of a parcel that was lost or came back.
    ShipmentDecisionGiven ("shipment.decision_given" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        decision: Decision,
        by: String,
    }

    /// The pieces of a parcel are to be held for its order once more.
    ShipmentReplacementRequested ("shipment.replacement_requested" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        number: u32,
        /// The parcel that is to go in its place.
        replacement_id: ShipmentId,
        lines: Vec<Pieces>,
        /// Whether those that came back are sent again; otherwise others, from the shelf.
        has_pieces: bool,
    }

    /// A parcel is not sent again, and what becomes of it is open.
    ShipmentNotReplaced ("shipment.not_replaced" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        number: u32,
        /// What there is too little of; nothing where that was given up.
        short: Vec<Shortage>,
    }

    /// Nobody waits for a parcel any more that was lost or came back.
    ShipmentGivenUp ("shipment.given_up" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        number: u32,
        /// What was in it.
        lines: Vec<Pieces>,
        /// What of it is in the house again: some can be sold, the others are written off.
        came: Vec<ReceivedPieces>,
        /// Parcels of the order about which somebody has still to decide.
        undecided: u32,
        status: FulfilmentStatus,
    }

    /// A carrier says how a parcel fares. It may come late, twice, or after what came later.
    ShipmentCarrierReported ("shipment.carrier_reported" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        carrier: Carrier,
        tracking_number: String,
        status: CarrierStatus,
        /// The carrier's own count of what happened to the parcel: what has a lower one is older.
        sequence: u64,
        /// When it happened, as the carrier says, unix microseconds.
        happened_at_us: i64,
    }

    /// Staff want a label for a packed parcel.
    ShipmentLabelAsked ("shipment.label_asked" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        carrier: Carrier,
        by: String,
    }

    /// The carrier is to be asked for a label. Where the parcel goes stands in the orders table.
    ShipmentLabelRequested ("shipment.label_requested" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        number: u32,
        lines: Vec<Pieces>,
        carrier: Carrier,
        /// 1 for the first label of the parcel.
        attempt: u32,
    }

    /// There is a label.
    ShipmentLabelled ("shipment.labelled" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        carrier: Carrier,
        attempt: u32,
        tracking: Tracking,
    }

    /// The carrier gives no label.
    ShipmentLabelFailed ("shipment.label_failed" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        attempt: u32,
        reason: String,
    }

    /// Staff do not want the label any more.
    ShipmentLabelCancelAsked ("shipment.label_cancel_asked" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        by: String,
    }

    /// The carrier is to be asked to take a label back.
    ShipmentLabelCancelRequested ("shipment.label_cancel_requested" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        carrier: Carrier,
        attempt: u32,
        tracking_number: String,
    }

    /// The label is worth nothing any more, and costs nothing.
    ShipmentLabelCancelled ("shipment.label_cancelled" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        attempt: u32,
    }

    /// The carrier does not take the label back: it has the parcel already.
    ShipmentLabelKept ("shipment.label_kept" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        attempt: u32,
        reason: String,
    }

    /// The carrier has brought a parcel a step further.
    ShipmentMoved ("shipment.moved" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        number: u32,
        transit: Transit,
        /// Unix microseconds, as the carrier says.
        since_us: i64,
    }
}

/// A parcel that another one goes in place of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    pub shipment_id: ShipmentId,
    pub number: u32,
    /// Parcels of the order about which somebody has still to decide.
    pub undecided: u32,
}

/// A parcel that was reported lost has arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnedUp {
    /// Another was packed in its place, or it was given up: the customer has more than is paid for.
    pub is_settled: bool,
    /// Parcels of the order about which somebody has still to decide.
    pub undecided: u32,
}

/// What becomes of a parcel that was lost or came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Decision {
    /// The same pieces go in another parcel, at no cost.
    SendAgain { replacement_id: ShipmentId },
    /// Its pieces are taken in, if they came back, and paid back.
    GiveUp {
        came: Vec<ReceivedPieces>,
        refund: Money,
    },
}
