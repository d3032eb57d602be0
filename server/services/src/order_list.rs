//! The last orders, for staff.

use domain::event::OrderPlaced;
use types::OrderId;
use types::admin::OrderRow;
use types::desk::status_words;
use types::staff::Right;

use crate::events::internal;
use crate::orders;
use crate::shop::Shop;
use crate::summary::event_row;
use crate::visitor::Staff;

/// Positions of the log that are looked through for them: some 200,000 orders.
const REACH: u64 = 1_000_000;

impl Shop {
    /// The orders that were placed last, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn last_orders(&self, staff: &Staff, limit: usize) -> crate::Result<Vec<OrderRow>> {
        staff.may(Right::See)?;
        let placed = self.log().last_of(OrderPlaced::KIND, limit, REACH).await;
        let placed = placed.map_err(internal)?;
        let ids: Vec<OrderId> = (placed.iter())
            .filter_map(|event| event.key.parse().ok())
            .collect();
        let statuses = orders::statuses(self.log(), &ids).await;
        let statuses = statuses.map_err(internal)?;
        let row = |event: &broker::Recorded| {
            let known = event.key.parse().ok().and_then(|id| statuses.get(&id));
            let row = event_row(event, self.staff_names());
            OrderRow {
                number: row.subject,
                at_us: row.at_us,
                summary: row.summary,
                status: known.map_or("", |status| status_words(*status)).to_owned(),
            }
        };
        Ok(placed.iter().map(row).collect())
    }
}
