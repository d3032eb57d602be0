//! Labels, as staff and shoppers ask for them.

use domain::event::{Event, ReturnLabelAsked, ShipmentLabelAsked, ShipmentLabelCancelAsked};
use types::fulfilment::Carrier;
use types::staff::Right;
use types::{OrderId, Problem, ReturnId, ShipmentId, ShopperId};

use crate::carrier::LabelFile;
use crate::shop::Shop;
use crate::visitor::Staff;

impl Shop {
    /// Asks the shop's carrier for a label for a packed parcel. It is asked until it answers.
    ///
    /// # Errors
    /// 404 for an unknown order, 409 `no-carrier` when nobody sells labels, 409 `not-packed` with the reason.
    pub async fn buy_label(
        &self,
        staff: &Staff,
        order_id: OrderId,
        shipment_id: ShipmentId,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Orders)?;
        self.known_order(order_id).await?;
        let (carrier, _) = self.carrier().ok_or_else(no_carrier)?;
        let asked = ShipmentLabelAsked {
            order_id,
            shipment_id,
            carrier: *carrier,
            by: by.to_owned(),
        };
        Ok(self.move_parcel(asked.into()).await?)
    }

    /// Asks the carrier to take the label of a parcel back that has not left.
    ///
    /// # Errors
    /// 404 for an unknown order, 409 `not-packed` with the reason.
    pub async fn cancel_label(
        &self,
        staff: &Staff,
        order_id: OrderId,
        shipment_id: ShipmentId,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Orders)?;
        self.known_order(order_id).await?;
        let asked = ShipmentLabelCancelAsked {
            order_id,
            shipment_id,
            by: by.to_owned(),
        };
        Ok(self.move_parcel(asked.into()).await?)
    }

    /// The label of a parcel as a PDF: its tracking number and the file.
    ///
    /// # Errors
    /// 404 when there is none, 503 while the carrier does not answer.
    pub async fn label_pdf(
        &self,
        staff: &Staff,
        order_id: OrderId,
        shipment_id: ShipmentId,
    ) -> crate::Result<(String, Vec<u8>)> {
        staff.may(Right::Orders)?;
        let order = self.known_order(order_id).await?;
        let label = order.fulfilment.label(shipment_id);
        let label = label.filter(|label| label.is_valid());
        let tracking = label.and_then(|label| label.tracking.clone());
        self.fetch_label(tracking.ok_or_else(no_label)?.number)
            .await
    }

    /// The carrier's label of a return as a PDF, for whoever may open the order.
    ///
    /// # Errors
    /// 404 when there is none, 503 while the carrier does not answer.
    pub async fn return_label_pdf(
        &self,
        shopper: ShopperId,
        order_id: OrderId,
        number: u32,
    ) -> crate::Result<(String, Vec<u8>)> {
        let label = self.return_label(shopper, order_id, number).await?;
        self.fetch_label(label.tracking.ok_or_else(no_label)?.number)
            .await
    }

    /// Asks the carrier once more for the label of a return.
    ///
    /// # Errors
    /// 404 for an unknown order, 409 `not-returnable` with the reason.
    pub async fn buy_return_label(
        &self,
        staff: &Staff,
        order_id: OrderId,
        return_id: ReturnId,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Orders)?;
        self.known_order(order_id).await?;
        let asked = ReturnLabelAsked {
            order_id,
            return_id,
            by: by.to_owned(),
        };
        Ok(self.move_return(Event::from(asked)).await?)
    }

    /// Who sells labels, if anybody does.
    pub fn label_carrier(&self) -> Option<Carrier> {
        self.carrier().map(|(name, _)| *name)
    }

    async fn fetch_label(&self, number: String) -> crate::Result<(String, Vec<u8>)> {
        let (_, carrier) = self.carrier().ok_or_else(no_carrier)?;
        let file = carrier.label(&number).await.map_err(|error| {
            tracing::warn!(%error, "a label cannot be fetched");
            Problem::unavailable("The carrier does not answer at the moment. Try again soon.")
        })?;
        match file {
            LabelFile::Pdf(pdf) => Ok((number, pdf)),
            LabelFile::Gone => Err(Problem::not_found(
                "The carrier does not know this label any more. Cancel it and buy another one.",
            )),
        }
    }
}

fn no_carrier() -> Problem {
    let detail =
        "No carrier is set up that sells labels (VITRINE_CARRIER). Send the parcel by hand.";
    Problem::conflict("no-carrier", "Nobody sells labels", detail)
}

fn no_label() -> Problem {
    Problem::not_found("There is no label of a carrier.")
}
