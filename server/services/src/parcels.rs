//! What staff do with a paid order: pack, send, say what became of a parcel, cancel, give money back.

use std::collections::BTreeMap;

use broker::Failure;
use db::Columns;
use domain::event::{
    Event, OrderCancellationRequested, PaymentCaptureRetryRequested, PaymentRefundAsked, Pieces,
    ShipmentHandoverReported, ShipmentOutcomeReported, ShipmentRequested, ShipmentUnpackRequested,
};
use domain::fulfilment::per_sku;
use domain::order::{Command, OrderState};
use types::fulfilment::{Carrier, Outcome, Tracking};
use types::order::{CancelledBy, order_number};
use types::staff::Right;
use types::{Money, OrderId, Problem, RefundId, ShipmentId, Sku};

use crate::checkout::not_done;
use crate::events::{Refused, internal};
use crate::order_rows::StoredOrderLine;
use crate::orders;
use crate::search_keys::search_key;
use crate::shop::Shop;
use crate::visitor::Staff;

/// Orders that are packed at once: those of a page of the list.
const MAX_PACKED: usize = 50;
/// Characters of a refund's reason.
const MAX_REASON: usize = 200;

impl Shop {
    /// Packs pieces of a paid order into a parcel. `id` makes the command one: sent twice, it packs once.
    ///
    /// # Errors
    /// 404 for an unknown order, 409 `not-packed` with the reason.
    pub async fn pack(
        &self,
        staff: &Staff,
        order_id: OrderId,
        id: ShipmentId,
        lines: Vec<Pieces>,
        carrier: Carrier,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Orders)?;
        let order = self.paid_order(order_id).await?;
        let is_same = |known: &[Pieces]| per_sku(known) == per_sku(&lines);
        if (order.fulfilment.shipment(id)).is_some_and(|known| is_same(&known.lines)) {
            return Ok(());
        }
        let (worth, delivery_minor) = self.worth(order_id, &order, &lines).await?;
        let asked = ShipmentRequested {
            order_id,
            shipment_id: id,
            lines,
            worth,
            delivery_minor,
            carrier,
            by: by.to_owned(),
        };
        Ok(self.move_parcel(asked.into()).await?)
    }

    /// Packs all that is left of each of these orders, each into one parcel.
    ///
    /// # Errors
    /// 422 for none or too many; 409 `not-packed` with the numbers of those that could not be packed: the
    /// others are.
    pub async fn pack_all(&self, staff: &Staff, ids: &[OrderId]) -> crate::Result<()> {
        staff.may(Right::Orders)?;
        if ids.is_empty() || ids.len() > MAX_PACKED {
            let message = format!("Choose 1 to {MAX_PACKED} orders.");
            return Err(Problem::invalid_field("order", message));
        }
        let mut refused = Vec::new();
        for id in ids {
            let packed = async {
                let order = self.paid_order(*id).await?;
                let left = order.fulfilment.left(&order.lines);
                let parcel = ShipmentId::new(self.log().environment().new_id());
                let carrier = Carrier::default();
                self.pack(staff, *id, parcel, left, carrier).await
            };
            if let Err(problem) = packed.await {
                refused.push(format!("{}: {}", order_number(*id), problem.detail));
            }
        }
        if refused.is_empty() {
            return Ok(());
        }
        let detail = format!("Not packed: {}", refused.join(" "));
        Err(Problem::conflict(
            "not-packed",
            "Some orders are not packed",
            detail,
        ))
    }

    /// Opens a packed parcel again.
    ///
    /// # Errors
    /// 404 for an unknown order, 409 `not-packed` with the reason.
    pub async fn unpack(
        &self,
        staff: &Staff,
        order_id: OrderId,
        shipment_id: ShipmentId,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Orders)?;
        self.paid_order(order_id).await?;
        let asked = ShipmentUnpackRequested {
            order_id,
            shipment_id,
            by: by.to_owned(),
        };
        Ok(self.move_parcel(asked.into()).await?)
    }

    /// Notes that a packed parcel was given to its carrier: the stock falls, and the money is collected.
    ///
    /// # Errors
    /// 404 for an unknown order, 409 `not-packed` with the reason.
    pub async fn ship(
        &self,
        staff: &Staff,
        order_id: OrderId,
        shipment_id: ShipmentId,
        tracking: Option<Tracking>,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Orders)?;
        self.paid_order(order_id).await?;
        let told = ShipmentHandoverReported {
            order_id,
            shipment_id,
            tracking,
            by: by.to_owned(),
        };
        Ok(self.move_parcel(told.into()).await?)
    }

    /// Notes what became of a parcel.
    ///
    /// # Errors
    /// 404 for an unknown order, 409 `not-packed` with the reason.
    pub async fn end_shipment(
        &self,
        staff: &Staff,
        order_id: OrderId,
        shipment_id: ShipmentId,
        outcome: Outcome,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Orders)?;
        self.paid_order(order_id).await?;
        let told = ShipmentOutcomeReported {
            order_id,
            shipment_id,
            outcome,
            by: by.to_owned(),
        };
        Ok(self.move_parcel(told.into()).await?)
    }

    /// Cancels an order, or of one that has left in part the rest.
    ///
    /// # Errors
    /// 404 for an unknown order, 409 `not-cancellable` with the reason.
    pub async fn cancel_order(&self, staff: &Staff, order_id: OrderId) -> crate::Result<()> {
        let by = staff.may(Right::Orders)?;
        let order = self.known_order(order_id).await?;
        let command = Command::CancelByStaff;
        let refused = |refusal| not_done(command, refusal);
        order.check(command).map_err(refused)?;
        let asked = OrderCancellationRequested {
            order_id,
            by: CancelledBy::Staff,
            staff: Some(by.to_owned()),
        };
        match self.answered(asked.into()).await? {
            Some(Event::OrderCancellationRefused(answer)) => Err(refused(answer.refusal)),
            _ => Ok(()),
        }
    }

    /// Gives money of an order back. `id` makes the command one: sent twice, it is given once.
    ///
    /// # Errors
    /// 404 for an unknown order, 422 for an amount or a reason that makes no sense, 409 `not-refunded`
    /// when less than that was collected and is not given back yet.
    pub async fn refund(
        &self,
        staff: &Staff,
        order_id: OrderId,
        id: RefundId,
        amount: Money,
        reason: &str,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Orders)?;
        let order = self.known_order(order_id).await?;
        let reason = reason.trim();
        if reason.chars().count() > MAX_REASON || !types::is_printable(reason) {
            let message = "Say why, in at most 200 characters that can be printed and seen.";
            return Err(Problem::invalid_field("reason", message));
        }
        if self.names_person(order_id, reason).await? {
            let message = "Leave out names and emails: the reason stays in the books when somebody is erased. A note \
                           of the order may say them.";
            return Err(Problem::invalid_field("reason", message));
        }
        if amount.minor <= 0 || amount.currency != order.total.currency {
            return Err(Problem::invalid_field(
                "amount",
                "Enter an amount above zero.",
            ));
        }
        let is_known = |known: &domain::payment::Refund| known.id == id && known.amount == amount;
        if order.payment.refunds.iter().any(is_known) {
            return Ok(());
        }
        let asked = PaymentRefundAsked {
            order_id,
            refund_id: id,
            amount,
            reason: reason.to_owned(),
            by: by.to_owned(),
            told: true,
        };
        match self.answered(asked.into()).await? {
            Some(Event::PaymentRefundRefused(answer)) => {
                let detail = match answer.refundable.minor {
                    0 => "Nothing of this order is collected that could be given back.".to_owned(),
                    _ => format!("At most {} can be given back.", answer.refundable),
                };
                let title = "This cannot be given back";
                Err(Problem::conflict("not-refunded", title, detail))
            }
            _ => Ok(()),
        }
    }

    /// Whether a text has an email, or a part of the name of whoever ordered. What is in the log cannot be taken
    /// out of it.
    async fn names_person(&self, order_id: OrderId, text: &str) -> Result<bool, Refused> {
        let row = db::query("select name from orders where id = $1")
            .bind(order_id.to_string())
            .fetch_optional(self.log().db().reader())
            .await?;
        let name: String = match row {
            Some(row) => row.try_get(0)?,
            None => String::new(),
        };
        let text = search_key(text);
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
        let name = search_key(&name);
        let of_name = name.split(|c: char| !c.is_alphanumeric());
        let mut of_name = of_name.filter(|part| part.chars().count() > 2);
        Ok(text.contains('@') || of_name.any(|part| words.contains(&part)))
    }

    /// Asks the gateway again for what it refused to collect.
    ///
    /// # Errors
    /// 404 for an unknown order.
    pub async fn capture_again(&self, staff: &Staff, order_id: OrderId) -> crate::Result<()> {
        let by = staff.may(Right::Orders)?;
        self.known_order(order_id).await?;
        let asked = PaymentCaptureRetryRequested {
            order_id,
            by: by.to_owned(),
        };
        self.request(asked.into()).await?;
        Ok(())
    }

    /// How an order stands; `None` before the process manager has handled its first event.
    pub(crate) async fn order_state(&self, id: OrderId) -> Result<Option<OrderState>, Failure> {
        orders::state(self.log(), id).await
    }

    pub(crate) async fn known_order(&self, id: OrderId) -> crate::Result<OrderState> {
        let state = self.order_state(id).await.map_err(internal)?;
        state.ok_or_else(|| Problem::not_found("There is no such order."))
    }

    /// An order that the shop may have to send.
    pub(crate) async fn paid_order(&self, id: OrderId) -> crate::Result<OrderState> {
        let order = self.known_order(id).await?;
        if order.status().is_paid() {
            return Ok(order);
        }
        Err(not_packed(&domain::fulfilment::Refusal::NotPaid))
    }

    /// What pieces of an order cost, and what delivering it does, in minor units.
    async fn worth(
        &self,
        id: OrderId,
        order: &OrderState,
        lines: &[Pieces],
    ) -> Result<(Money, i64), Refused> {
        let row = db::query("select lines, delivery_minor from orders where id = $1")
            .bind(id.to_string())
            .fetch_optional(self.log().db().reader())
            .await?;
        let currency = order.total.currency;
        let Some(row) = row else {
            return Ok((Money::new(0, currency), 0));
        };
        let stored: Vec<StoredOrderLine> =
            serde_json::from_str(row.try_get(0)?).map_err(|error| Refused(internal(error)))?;
        let prices: BTreeMap<Sku, Money> = (stored.into_iter())
            .map(|line| (line.sku, line.unit_price))
            .collect();
        let mut worth = Money::new(0, currency);
        for line in lines {
            let price = prices.get(&line.sku);
            let sum = price.and_then(|price| price.checked_mul(line.quantity));
            // What was not ordered, or not so much of it, is refused by the decider.
            worth = sum.and_then(|sum| worth.checked_add(sum)).unwrap_or(worth);
        }
        Ok((worth, row.try_get(1)?))
    }

    pub(crate) async fn move_parcel(&self, asked: Event) -> Result<(), Refused> {
        match self.answered(asked).await? {
            Some(Event::ShipmentRefused(answer)) => Err(not_packed(&answer.refusal).into()),
            _ => Ok(()),
        }
    }
}

pub(crate) fn not_packed(refusal: &domain::fulfilment::Refusal) -> Problem {
    let title = "This cannot be done with the parcel";
    Problem::conflict("not-packed", title, refusal.to_string())
}
