//! What happens to the pieces of an order on their way to the customer.

use types::fulfilment::{Carrier, CarrierStatus, FulfilmentStatus, Outcome, Tracking, Transit};
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
    }

    /// The carrier does not find the parcel any more.
    ShipmentLost ("shipment.lost" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        number: u32,
        status: FulfilmentStatus,
    }

    /// The carrier has brought the parcel back.
    ShipmentCameBack ("shipment.came_back" on "fulfilment", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        number: u32,
        lines: Vec<Pieces>,
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
