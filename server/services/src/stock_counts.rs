//! The inventory as staff see it, and counts of a single SKU.

use domain::Event;
use domain::event::{CountRefusal, StockCorrectionRejected, StockCorrectionRequested};
use types::admin::{CorrectStock, InventoryRow, InventoryView, Level, MAX_ON_HAND, MAX_REASON};
use types::staff::Right;
use types::{FieldError, Problem};

use crate::answers::{Asked, answer_to};
use crate::events::internal;
use crate::shop::Shop;
use crate::visitor::Staff;

/// How long the answer to a count is waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(8);
/// For pages to know of an event that is committed.
const FOLLOWED: std::time::Duration = std::time::Duration::from_secs(2);

impl Shop {
    /// Every SKU with its stock as it is now, and the suppliers by their names.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn inventory_view(&self, staff: &Staff) -> crate::Result<InventoryView> {
        staff.may(Right::See)?;
        self.know_last_movements().await?;
        Ok(InventoryView {
            suppliers: self.supplier_names(staff).await?,
            rows: self.inventory_rows(),
        })
    }

    /// Every SKU with its stock as it is now.
    fn inventory_rows(&self) -> Vec<InventoryRow> {
        self.catalogue()
            .variants()
            .filter_map(|(product, variant)| {
                Some(InventoryRow {
                    sku: variant.sku.clone(),
                    product: product.slug.clone(),
                    title: product.title.clone(),
                    variant: variant.title(),
                    level: self.levels().level(&variant.sku)?,
                })
            })
            .collect()
    }

    /// Requests a stock correction and waits for the inventory's answer.
    ///
    /// # Errors
    /// 404 for an unknown SKU, 422 for its fields, 409 `promised` when fewer were counted than are
    /// promised to orders, 409 `counted-meanwhile` when the stock is another than was seen.
    pub async fn correct_stock(&self, staff: &Staff, count: CorrectStock) -> crate::Result<Level> {
        let by = staff.may(Right::Stock)?;
        let CorrectStock {
            sku,
            on_hand,
            seen,
            reason,
        } = count;
        if self.catalogue().ever_sold(&sku).is_none() {
            return Err(Problem::not_found(format!("There is no SKU {sku}.")));
        }
        let reason = reason.trim().to_owned();
        let mut errors = Vec::new();
        if !(0..=MAX_ON_HAND).contains(&on_hand) {
            let message = format!("Enter a count from 0 to {MAX_ON_HAND}, not {on_hand}.");
            errors.push(FieldError::new("on_hand", message));
        }
        if reason.is_empty() || reason.chars().count() > MAX_REASON {
            let message = format!("Give a reason of 1 to {MAX_REASON} characters.");
            errors.push(FieldError::new("reason", message));
        } else if !types::is_printable(&reason) {
            let message = "The reason has a character we cannot print, or none that can be seen.";
            errors.push(FieldError::new("reason", message));
        }
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        let by = by.to_owned();
        let asked = StockCorrectionRequested {
            sku,
            on_hand,
            seen,
            reason,
            by,
            origin: None,
        }
        .into();
        let asked = self.request(asked).await?;
        self.outcome_of_correction(asked).await
    }

    /// Follows the log until the inventory has answered.
    async fn outcome_of_correction(&self, asked: Asked) -> crate::Result<Level> {
        let answer = answer_to(self.log(), asked, PATIENCE).await;
        let Some((answer, position)) = answer.map_err(internal)? else {
            let detail = "The count is recorded and will be booked in a moment.";
            return Err(Problem::unavailable(detail));
        };
        match &*answer {
            Event::StockCorrected(done) => {
                // What pages know of the SKU beside these numbers is of this moment, too.
                let _ = tokio::time::timeout(FOLLOWED, self.followed(position)).await;
                let known = self.levels().level(&done.sku);
                Ok(Level {
                    on_hand: done.on_hand,
                    allocated: done.allocated,
                    reserved: done.reserved,
                    position,
                    ..known.unwrap_or_default()
                })
            }
            Event::StockCorrectionRejected(refused) => Err(refusal_of(refused)),
            other => Err(internal(format!("unexpected answer {}", other.kind()))),
        }
    }
}

/// Why a correction was refused, and what can be done.
fn refusal_of(refused: &StockCorrectionRejected) -> Problem {
    let StockCorrectionRejected {
        sku,
        on_hand,
        allocated,
        reserved,
        refusal,
        ..
    } = refused;
    match refusal {
        CountRefusal::Promised => {
            let detail = match *reserved {
                0 => format!(
                    "Orders were promised {allocated}, so {on_hand} cannot be on hand. Cancel an \
                     order first, or count again."
                ),
                reserved => format!(
                    "Orders were promised {allocated} and shoppers at the checkout hold {reserved}, \
                     so {on_hand} cannot be on hand. Cancel an order first, wait until the \
                     checkouts have ended, or count again."
                ),
            };
            Problem::conflict("promised", "Fewer than are promised", detail)
        }
        CountRefusal::CountedMeanwhile { on_hand: now } => {
            let detail = format!(
                "Somebody has corrected {sku} to {now} meanwhile; your {on_hand} is not saved. Look \
                 again, and save once more if yours is right."
            );
            Problem::conflict("counted-meanwhile", "Counted meanwhile", detail)
        }
    }
}
