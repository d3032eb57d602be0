//! Pieces that come back: asked for by the shopper, answered and unpacked by staff.

use db::Columns;
use domain::event::{Event, ReturnAnswerGiven, ReturnReceiptReported, ReturnRequested};
use domain::returns::Refusal;
use types::returns::{RETURN_DAYS, ReceivedPieces, ReturnLabel, ReturnPieces, ReturnState};
use types::staff::Right;
use types::{Money, OrderId, Problem, ReturnId, ShopperId, Sku};

use crate::checkout::no_such_order;
use crate::events::{Refused, internal};
use crate::marks::Marks;
use crate::orders;
use crate::shop::Shop;
use crate::visitor::Staff;

impl Shop {
    /// Asks to send pieces of an order back. `id` makes the command one: sent twice, it asks once.
    ///
    /// # Errors
    /// 404 for an order that this shopper may not open, 409 `not-returnable` with the reason.
    pub async fn ask_return(
        &self,
        shopper: ShopperId,
        order_id: OrderId,
        id: ReturnId,
        lines: Vec<ReturnPieces>,
    ) -> crate::Result<()> {
        if !self.may_open_order(shopper, order_id).await? {
            return Err(no_such_order());
        }
        let asked = ReturnRequested {
            order_id,
            return_id: id,
            lines,
        };
        let marks = self.marks_of_person(&self.email_of(order_id).await?);
        Ok(self.move_marked(asked.into(), marks).await?)
    }

    async fn email_of(&self, order_id: OrderId) -> Result<String, Refused> {
        let row = db::query("select email from orders where id = $1")
            .bind(order_id.to_string())
            .fetch_optional(self.log().db().reader())
            .await?;
        Ok(match row {
            Some(row) => row.try_get(0)?,
            None => String::new(),
        })
    }

    /// What of an order can be sent back now, per SKU.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn returnable(&self, order_id: OrderId) -> crate::Result<Vec<(Sku, u32)>> {
        let state = orders::state(self.log(), order_id)
            .await
            .map_err(internal)?;
        let Some(order) = state else {
            return Ok(Vec::new());
        };
        let left = order.returns.returnable(&order.fulfilment, self.now_us());
        Ok(left.into_iter().collect())
    }

    /// The label of an accepted return.
    ///
    /// # Errors
    /// 404 for an order that this shopper may not open, and for a return that is not accepted, or here already.
    pub async fn return_label(
        &self,
        shopper: ShopperId,
        order_id: OrderId,
        number: u32,
    ) -> crate::Result<ReturnLabel> {
        let order = self.order(shopper, order_id).await?;
        let state = self.known_order(order_id).await?;
        let accepted = state.returns.returns.into_iter();
        let mut accepted = accepted.filter(|it| it.state == ReturnState::Accepted);
        let back = accepted.find(|it| it.number == number);
        let back = back.ok_or_else(|| {
            Problem::not_found(
                "There is a label for a return that we have accepted and not received yet.",
            )
        })?;
        let line = |it: &ReturnPieces| {
            let of = order.lines.iter().find(|line| line.sku == it.sku);
            let name = of.map_or_else(
                || it.sku.to_string(),
                |of| format!("{}, {}", of.title, of.variant),
            );
            (name, it.quantity, it.reason)
        };
        Ok(ReturnLabel {
            order_number: order.number,
            number,
            lines: back.lines.iter().map(line).collect(),
            tracking: back.label.and_then(|label| label.tracking),
            name: order.name,
        })
    }

    /// Accepts or declines a return.
    ///
    /// # Errors
    /// 404 for an unknown order, 409 `not-returnable` with the reason.
    pub async fn answer_return(
        &self,
        staff: &Staff,
        order_id: OrderId,
        return_id: ReturnId,
        is_accepted: bool,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Orders)?;
        self.known_order(order_id).await?;
        let given = ReturnAnswerGiven {
            order_id,
            return_id,
            is_accepted,
            by: by.to_owned(),
        };
        Ok(self.move_return(given.into()).await?)
    }

    /// Notes what came back of an accepted return; `refund` is given back for it, if so much was collected.
    ///
    /// # Errors
    /// 404 for an unknown order, 422 for an amount below zero, 409 `not-returnable` with the reason.
    pub async fn receive_return(
        &self,
        staff: &Staff,
        order_id: OrderId,
        return_id: ReturnId,
        lines: Vec<ReceivedPieces>,
        refund: Money,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Orders)?;
        let order = self.known_order(order_id).await?;
        if refund.minor < 0 || refund.currency != order.total.currency {
            let message = "Enter the amount to give back, or 0.";
            return Err(Problem::invalid_field("amount", message));
        }
        if refund.minor > order.payment.refundable_minor() {
            let most = Money::new(order.payment.refundable_minor(), refund.currency);
            let message = format!("At most {most} can be given back.");
            return Err(Problem::invalid_field("amount", message));
        }
        let told = ReturnReceiptReported {
            order_id,
            return_id,
            lines,
            refund,
            by: by.to_owned(),
        };
        Ok(self.move_return(told.into()).await?)
    }

    pub(crate) async fn move_return(&self, asked: Event) -> Result<(), Refused> {
        self.move_marked(asked, Marks::default()).await
    }

    async fn move_marked(&self, asked: Event, marks: Marks) -> Result<(), Refused> {
        let answer = self.answered_marked(asked, marks).await?;
        match answer.as_ref().map(|(event, _)| &**event) {
            // Sent twice, and done once.
            Some(Event::ReturnRefused(answer)) if answer.refusal == Refusal::AskedAlready => Ok(()),
            Some(Event::ReturnRefused(answer)) => {
                let title = "This cannot be sent back";
                let detail = match &answer.refusal {
                    Refusal::TooMany { sku, left } => {
                        let catalogue = self.catalogue();
                        let name = catalogue.ever_sold(sku).map_or_else(
                            || sku.to_string(),
                            |(product, variant)| format!("{}, {}", product.title, variant.title()),
                        );
                        format!(
                            "Of {name} {left} can be sent back now: what has arrived in the last \
                                 {RETURN_DAYS} days and is not on its way back."
                        )
                    }
                    refusal => refusal.to_string(),
                };
                Err(Problem::conflict("not-returnable", title, detail).into())
            }
            _ => Ok(()),
        }
    }
}
