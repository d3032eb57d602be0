//! The last orders, for staff.

use std::collections::HashMap;

use db::Columns;
use domain::event::OrderPlaced;
use types::admin::OrderRow;

use crate::events::internal;
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
    pub async fn last_orders(&self, _: &Staff, limit: usize) -> crate::Result<Vec<OrderRow>> {
        let placed = self.log().last_of(OrderPlaced::KIND, limit, REACH).await;
        let placed = placed.map_err(internal)?;
        let ids: Vec<&str> = placed.iter().map(|event| event.key.as_str()).collect();
        let mut statuses = self.statuses(&ids).await.map_err(internal)?;
        let row = |event: &broker::Recorded| {
            let status = statuses.remove(&event.key).unwrap_or_default();
            let row = event_row(event);
            OrderRow {
                number: row.subject,
                at_us: row.at_us,
                summary: row.summary,
                status,
            }
        };
        Ok(placed.iter().map(row).collect())
    }

    /// How orders stand, by their ids.
    async fn statuses(&self, ids: &[&str]) -> Result<HashMap<String, String>, db::SqlError> {
        let Some(last) = ids.last() else {
            return Ok(HashMap::new());
        };
        let (list, places) = db::placeholders(ids.len(), 1);
        let sql = format!("select order_id, status from order_progress where order_id in ({list})");
        let mut query = db::query(db::built(sql));
        for id in ids.iter().chain([last].into_iter().cycle()).take(places) {
            query = query.bind(*id);
        }
        let rows = query.fetch_all(self.log().db().reader()).await?;
        rows.iter()
            .map(|row| {
                let status: String = row.try_get(1)?;
                Ok((row.try_get(0)?, status.replace('_', " ")))
            })
            .collect()
    }
}
