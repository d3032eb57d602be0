//! Where an order goes, corrected by staff. Who and when is in the log; the address is not.

use domain::event::OrderAddressCorrected;
use domain::order::OrderState;
use types::checkout::{BillingAddress, complaint_about};
use types::fulfilment::{LabelState, ShipmentState};
use types::order::OrderStatus;
use types::staff::Right;
use types::{FieldError, OrderId, Problem};

use crate::events::{Refused, encode};
use crate::order_rows;
use crate::shop::Shop;
use crate::visitor::Staff;

/// Whether something may still go to the order's address.
pub(crate) fn can_be_corrected(order: &OrderState) -> bool {
    !matches!(
        order.status(),
        OrderStatus::Rejected
            | OrderStatus::Cancelled
            | OrderStatus::Delivered
            | OrderStatus::Undelivered
    )
}

impl Shop {
    /// Corrects where an order goes; `country` is a code of those that are delivered to.
    ///
    /// # Errors
    /// 404 for an unknown order, 422 for the fields of the form, 409 `address-settled` when nothing goes there any
    /// more, a label has the former one, or who ordered was erased.
    pub async fn correct_address(
        &self,
        staff: &Staff,
        order_id: OrderId,
        address: BillingAddress,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Orders)?;
        let order = self.known_order(order_id).await?;
        let address = checked(address)?;
        if !can_be_corrected(&order) {
            return Err(settled("Nothing of this order goes anywhere any more."));
        }
        let has_label = |parcel: &domain::fulfilment::Shipment| {
            let label = order.fulfilment.label(parcel.id);
            parcel.state == ShipmentState::Packed
                && label.is_some_and(|it| it.is_valid() || it.state == LabelState::Requested)
        };
        if order.fulfilment.shipments.iter().any(has_label) {
            return Err(settled(
                "A packed parcel has a label with the former address. Cancel the label first.",
            ));
        }
        let corrected = OrderAddressCorrected {
            order_id,
            by: by.to_owned(),
        };
        let written: Result<(), Refused> = self
            .writer()
            .run(move |tx| {
                Box::pin(async move {
                    if !order_rows::correct_address(tx, order_id, &address).await? {
                        return Err(settled("Who ordered was erased.").into());
                    }
                    tx.append(encode(corrected.into())?, None);
                    Ok(())
                })
            })
            .await;
        Ok(written?)
    }
}

/// The address with its text trimmed, or every complaint at once.
fn checked(mut address: BillingAddress) -> Result<BillingAddress, Problem> {
    let mut errors = Vec::new();
    for (field, text) in [
        ("name", &mut address.name),
        ("street", &mut address.street),
        ("street_2", &mut address.street_2),
        ("postal_code", &mut address.postal_code),
        ("city", &mut address.city),
        ("country", &mut address.country),
    ] {
        *text = text.trim().to_owned();
        if let Some(message) = complaint_about(field, text) {
            errors.push(FieldError::new(field, message));
        }
    }
    match errors.is_empty() {
        true => Ok(address),
        false => Err(Problem::invalid(errors)),
    }
}

fn settled(detail: &str) -> Problem {
    Problem::conflict("address-settled", "The address stays as it is", detail)
}
