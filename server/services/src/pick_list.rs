//! What is to be fetched from the shelves for all orders that wait to be packed.

use std::collections::BTreeMap;

use db::{Columns, in_list};
use domain::order::OrderState;
use types::desk::{PickList, PickRow, Tab};
use types::order::order_number;
use types::staff::Right;
use types::{OrderId, Sku};

use crate::events::{Refused, internal};
use crate::shop::Shop;
use crate::visitor::Staff;

/// Orders that a pick list is for, at most.
const MOST_PICKED: usize = 1_000;

impl Shop {
    /// What is to be fetched for the orders that wait to be packed, the oldest of them first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn pick_list(&self, staff: &Staff) -> crate::Result<PickList> {
        staff.may(Right::See)?;
        Ok(self.picked().await?)
    }

    async fn picked(&self) -> Result<PickList, Refused> {
        // Of what is packed in part the rest.
        let tabs = [Tab::ToPack, Tab::ToSend];
        let statuses: Vec<_> = tabs.into_iter().flat_map(Tab::statuses).collect();
        let (list, listed) = in_list(&statuses, 1);
        let sql = format!(
            "select order_id, state from order_desk where status in ({list}) \
             order by placed_at_us, order_id limit {}",
            MOST_PICKED + 1
        );
        let mut query = db::query(db::trusted_sql(sql));
        for status in listed {
            query = query.bind(status.into_str());
        }
        let mut rows = query.fetch_all(self.log().db().reports()).await?;
        let is_cut = rows.len() > MOST_PICKED;
        rows.truncate(MOST_PICKED);
        let bad = |error: &dyn std::fmt::Display| Refused(internal(format!("order_desk: {error}")));
        let mut by_sku: BTreeMap<Sku, Vec<(String, u32)>> = BTreeMap::new();
        let mut orders = 0;
        for row in &rows {
            let id: OrderId = row.try_get::<&str, _>(0)?.parse().map_err(|e| bad(&e))?;
            let state = serde_json::from_str::<OrderState>(row.try_get::<&str, _>(1)?);
            let state = state.map_err(|e| bad(&e))?;
            let left = state.fulfilment.left(&state.lines);
            orders += u64::from(!left.is_empty());
            for line in left {
                let orders = by_sku.entry(line.sku).or_default();
                let number = order_number(id);
                match orders.last_mut() {
                    Some((last, pieces)) if *last == number => *pieces += line.quantity,
                    _ => orders.push((number, line.quantity)),
                }
            }
        }
        let picked: Vec<PickRow> = by_sku
            .into_iter()
            .map(|(sku, orders)| self.pick_row(sku, orders))
            .collect();
        Ok(PickList {
            pieces: picked.iter().map(|row| u64::from(row.pieces)).sum(),
            rows: picked,
            orders,
            is_cut,
            at_us: self.now_us(),
        })
    }

    fn pick_row(&self, sku: Sku, orders: Vec<(String, u32)>) -> PickRow {
        let catalogue = self.catalogue();
        let sold = catalogue.ever_sold(&sku);
        let image = sold.and_then(|(product, variant)| product.details.images.get(variant.image));
        PickRow {
            title: sold.map_or_else(String::new, |(product, _)| product.title.clone()),
            variant: sold.map_or_else(String::new, |(_, variant)| variant.title()),
            image: image.map(|image| self.small_picture(image)),
            pieces: orders.iter().map(|(_, pieces)| pieces).sum(),
            sku,
            orders,
        }
    }
}
