//! What happens to the pieces of an order on their way to the customer.

use types::fulfilment::{Carrier, FulfilmentStatus, Outcome, Tracking};
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
        /// What these pieces cost, with the delivery if the order's first parcel is to pay for it.
        worth: Money,
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
}
