//! What staff decide about a parcel that was lost or came back.

use domain::event::{Decision, Event, ShipmentDecisionGiven};
use domain::fulfilment::Decided;
use types::order::Shortage;
use types::returns::ReceivedPieces;
use types::staff::Right;
use types::{Money, OrderId, Problem, RefundId, ShipmentId};

use crate::parcels::not_packed;
use crate::shop::Shop;
use crate::visitor::Staff;

impl Shop {
    /// Sends the pieces of a parcel again: those that came back, or others from the shelf. `replacement` is the
    /// parcel that goes in its place and makes the command one: sent twice, it is packed once.
    ///
    /// # Errors
    /// 404 for an unknown order, 409 `not-packed` with the reason, 409 `not-in-stock` with what is missing.
    pub async fn send_again(
        &self,
        staff: &Staff,
        order_id: OrderId,
        shipment_id: ShipmentId,
        replacement: ShipmentId,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Orders)?;
        let order = self.paid_order(order_id).await?;
        let known = order.fulfilment.shipment(replacement);
        if known.is_some_and(|known| known.replaces == Some(shipment_id)) {
            return Ok(());
        }
        let given = ShipmentDecisionGiven {
            order_id,
            shipment_id,
            decision: Decision::SendAgain {
                replacement_id: replacement,
            },
            by: by.to_owned(),
        };
        let ends = |event: &Event| {
            matches!(
                event,
                Event::ShipmentPacked(_)
                    | Event::ShipmentRefused(_)
                    | Event::ShipmentNotReplaced(_)
            )
        };
        let answer = self.concluded(given.into(), ends).await?;
        match answer.as_ref().map(|(answer, _)| &**answer) {
            Some(Event::ShipmentRefused(answer)) => Err(not_packed(&answer.refusal)),
            Some(Event::ShipmentNotReplaced(answer)) => Err(self.not_in_stock(&answer.short)),
            _ => Ok(()),
        }
    }

    /// Gives a parcel up: what came back of it is taken in, and `refund` given back, if so much was collected.
    ///
    /// # Errors
    /// 404 for an unknown order, 422 for an amount that is not there, 409 `not-packed` with the reason.
    pub async fn give_up(
        &self,
        staff: &Staff,
        order_id: OrderId,
        shipment_id: ShipmentId,
        came: Vec<ReceivedPieces>,
        refund: Money,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Orders)?;
        let order = self.paid_order(order_id).await?;
        if refund.minor < 0 || refund.currency != order.total.currency {
            let message = "Enter the amount to give back, or 0.";
            return Err(Problem::invalid_field("amount", message));
        }
        let known = order.fulfilment.shipment(shipment_id);
        let is_done =
            known.is_some_and(|known| known.decided == Some(Decided::GivenUp) && !known.is_waiting);
        let id = RefundId::new(shipment_id.uuid());
        let given = order.payment.refunds.iter().find(|it| it.id == id);
        if is_done && given.map_or(0, |given| given.amount.minor) == refund.minor {
            return Ok(());
        }
        let refundable = order.payment.refundable_minor();
        if refund.minor > refundable && !is_done {
            let most = Money::new(refundable, refund.currency);
            return Err(Problem::invalid_field("amount", at_most(most)));
        }
        let given = ShipmentDecisionGiven {
            order_id,
            shipment_id,
            decision: Decision::GiveUp { came, refund },
            by: by.to_owned(),
        };
        match self.answered(given.into()).await? {
            Some(Event::ShipmentRefused(answer)) => Err(not_packed(&answer.refusal)),
            Some(Event::PaymentRefundRefused(answer)) => {
                Err(Problem::invalid_field("amount", at_most(answer.refundable)))
            }
            _ => Ok(()),
        }
    }

    fn not_in_stock(&self, short: &[Shortage]) -> Problem {
        let catalogue = self.catalogue();
        let missing = short.iter().map(|it| {
            let name = match catalogue.ever_sold(&it.sku) {
                Some((product, variant)) => format!("{}, {}", product.title, variant.title()),
                None => it.sku.to_string(),
            };
            format!("{} of {} {name}", it.available.max(0), it.wanted)
        });
        let missing: Vec<String> = missing.collect();
        let detail = match missing.is_empty() {
            true => "The pieces could not be held. Try again.".to_owned(),
            false => format!(
                "Free on the shelf are only {}. Pay the parcel back, or send it again once there are more.",
                missing.join("; ")
            ),
        };
        Problem::conflict("not-in-stock", "This cannot be sent again", detail)
    }
}

fn at_most(most: Money) -> String {
    match most.minor {
        0 => "Nothing of this order is collected that could be given back. Enter 0.".to_owned(),
        _ => format!("At most {most} can be given back."),
    }
}
