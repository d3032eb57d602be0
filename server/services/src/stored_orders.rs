//! Orders as they were placed: who placed them, what was ordered, and where it goes.

use db::{Columns, in_list};
use types::cart::Totals;
use types::order::{Order, OrderLine, OrderStatus, Progress, order_number};
use types::{Money, OrderId, ShopperId};

use crate::events::{Refused, internal};
use crate::order_rows::StoredOrderLine;
use crate::shop::Shop;

impl Shop {
    /// These orders and who placed each, in any order: as they were placed, without what became of them.
    /// For those who have made sure that they may hand them out.
    pub(crate) async fn stored_orders(
        &self,
        ids: &[OrderId],
    ) -> Result<Vec<(ShopperId, Order)>, Refused> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let (list, listed) = in_list(ids, 1);
        let mut query = db::query(db::trusted_sql(format!(
            "select shopper_id, email, name, street, postal_code, city, country, delivery, lines, \
             subtotal_minor, delivery_minor, total_minor, currency, placed_at_us, street_2, phone, id, \
             billing \
             from orders where id in ({list})"
        )));
        for id in listed {
            query = query.bind(id.to_string());
        }
        let rows = query.fetch_all(self.log().db().reader()).await?;
        rows.iter().map(|row| self.stored(row)).collect()
    }

    fn stored(&self, row: &db::Row) -> Result<(ShopperId, Order), Refused> {
        let text = |column| row.try_get::<String, _>(column);
        let bad = |error: &dyn std::fmt::Display| Refused(internal(format!("orders: {error}")));
        let id: OrderId = text(16)?.parse().map_err(|e| bad(&e))?;
        let currency = text(12)?.parse().map_err(|e| bad(&e))?;
        let money = |column| Ok::<_, Refused>(Money::new(row.try_get(column)?, currency));
        let lines: Vec<StoredOrderLine> = serde_json::from_str(&text(8)?).map_err(|e| bad(&e))?;
        let owner = text(0)?.parse().map_err(|e| bad(&e))?;
        let lines = lines.into_iter().filter_map(|line| self.order_line(line));
        let order = Order {
            id,
            number: order_number(id),
            email: text(1)?,
            name: text(2)?,
            street: text(3)?,
            street_2: text(14)?,
            postal_code: text(4)?,
            city: text(5)?,
            country: text(6)?,
            phone: text(15)?,
            billing: match text(17)?.as_str() {
                "" => None,
                billing => Some(serde_json::from_str(billing).map_err(|e| bad(&e))?),
            },
            is_own: false,
            delivery: text(7)?.parse().map_err(|e| bad(&e))?,
            lines: lines.collect(),
            totals: Totals {
                subtotal: money(9)?,
                delivery: money(10)?,
                total: money(11)?,
            },
            placed_at_us: row.try_get(13)?,
            progress: Progress {
                status: OrderStatus::Reserving,
                steps: Vec::new(),
                reserved_until_us: None,
            },
            position: 0,
        };
        Ok((owner, order))
    }

    fn order_line(&self, line: StoredOrderLine) -> Option<OrderLine> {
        let catalogue = self.catalogue();
        let (product, variant) = catalogue.ever_sold(&line.sku)?;
        Some(OrderLine {
            sku: line.sku,
            product: product.slug.clone(),
            title: product.title.clone(),
            variant: variant.title(),
            image: self.small_picture(&product.details.images[variant.image]),
            quantity: line.quantity,
            gift_note: line.gift_note,
            unit_price: line.unit_price,
        })
    }
}
