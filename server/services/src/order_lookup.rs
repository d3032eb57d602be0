//! Orders found again: those of a browser, and one by its number and email. Who names both may open
//! that order from then on, in this browser; a grant says so.

use db::Columns;
use sha2::{Digest, Sha256};
use types::order::{OrderStatus, OrderSummary, id_ending, order_number};
use types::{FieldError, Money, OrderId, Problem, ShopperId};

use crate::events::{Refused, internal};
use crate::order_rows::StoredOrderLine;
use crate::orders;
use crate::shop::Shop;

/// How long an order that was found by number and email stays open in that browser.
pub(crate) const GRANT_LIFE_US: i64 = 30 * 24 * 60 * 60 * 1_000_000;
/// How long after an order the links of its mails open it.
const LINK_LIFE_US: i64 = 365 * 24 * 60 * 60 * 1_000_000;
/// Orders on one page of "Your orders".
const PAGE: usize = 20;

/// Grants that have ended, some of them.
pub(crate) const SWEEP: &str = "delete from order_grants where order_id in \
     (select order_id from order_grants where granted_at_us < $1 limit 500) and granted_at_us < $1";

/// Takes the orders of this email, `$1` as a search key, from all who have found them.
pub(crate) const ERASE: &str = "delete from order_grants where order_id in \
     (select id from orders where email_key = $1)";

impl Shop {
    /// Finds an order by its number and the email it was placed with, and lets this browser open it.
    ///
    /// # Errors
    /// 422 for what was not filled in, 404 otherwise: the same for a number that is none, one that no
    /// order has, and another email.
    pub async fn find_order(
        &self,
        shopper: ShopperId,
        number: &str,
        email: &str,
    ) -> crate::Result<OrderId> {
        let mut missing = Vec::new();
        if number.trim().is_empty() {
            missing.push(FieldError::new("number", "Enter the order's number."));
        }
        if email.trim().is_empty() {
            let message = "Enter the email address you ordered with.";
            missing.push(FieldError::new("email", message));
        }
        if !missing.is_empty() {
            return Err(Problem::invalid(missing));
        }
        Ok(self.look_up(shopper, number, email).await?)
    }

    /// Opens an order by the link that a mail about it holds, in this browser.
    ///
    /// # Errors
    /// 404 for a link that this shop has not made, or whose order is gone or older than a year.
    pub async fn open_by_link(&self, shopper: ShopperId, token: &str) -> crate::Result<OrderId> {
        Ok(self.follow_link(shopper, token).await?)
    }

    async fn follow_link(&self, shopper: ShopperId, token: &str) -> Result<OrderId, Refused> {
        let house = self.house();
        let id = house.and_then(|house| house.links.order(token));
        let id = id.ok_or_else(no_such_link)?;
        let row = db::query("select shopper_id, placed_at_us from orders where id = $1")
            .bind(id.to_string())
            .fetch_optional(self.log().db().reader())
            .await?
            .ok_or_else(no_such_link)?;
        if row.try_get::<i64, _>(1)? < self.now_us().saturating_sub(LINK_LIFE_US) {
            return Err(no_such_link().into());
        }
        if row.try_get::<&str, _>(0)? != shopper.to_string() {
            self.grant(shopper, id).await?;
        }
        Ok(id)
    }

    /// Takes the same steps whether the number exists or not, so that the time tells neither.
    async fn look_up(
        &self,
        shopper: ShopperId,
        number: &str,
        email: &str,
    ) -> Result<OrderId, Refused> {
        // No order has these bits, and the database is asked all the same.
        let bits = id_ending(number).unwrap_or_default();
        let row = db::query("select id, shopper_id, email from orders where number_bits = $1")
            .bind(bits)
            .fetch_optional(self.log().db().reader())
            .await?;
        let column = |at: usize| match &row {
            Some(row) => row.try_get::<String, _>(at),
            None => Ok(String::new()),
        };
        let (id, owner, known) = (column(0)?, column(1)?, column(2)?);
        if digest(&known) != digest(email) {
            return Err(not_found().into());
        }
        let id: OrderId = id.parse().map_err(internal)?;
        if owner != shopper.to_string() {
            self.grant(shopper, id).await?;
        }
        Ok(id)
    }

    async fn grant(&self, shopper: ShopperId, id: OrderId) -> Result<(), Refused> {
        let now_us = self.now_us();
        self.writer_of(shopper)
            .run(move |tx| {
                Box::pin(async move {
                    db::query(
                        "insert into order_grants (order_id, shopper_id, granted_at_us) \
                         values ($1, $2, $3) on conflict (shopper_id, order_id) \
                         do update set granted_at_us = excluded.granted_at_us",
                    )
                    .bind(id.to_string())
                    .bind(shopper.to_string())
                    .bind(now_us)
                    .execute(tx.conn())
                    .await?;
                    Ok::<_, Refused>(())
                })
            })
            .await
    }

    /// Whether this browser may open the order: it placed it, or found it again. Asked by whoever
    /// hands out an order, its progress, or what can be done with it.
    pub async fn may_open_order(&self, shopper: ShopperId, id: OrderId) -> crate::Result<bool> {
        if self.owns_order(shopper, id).await? {
            return Ok(true);
        }
        let granted = db::query(
            "select 1 from order_grants \
             where shopper_id = $1 and order_id = $2 and granted_at_us > $3",
        )
        .bind(shopper.to_string())
        .bind(id.to_string())
        .bind(self.now_us().saturating_sub(GRANT_LIFE_US))
        .fetch_optional(self.log().db().reader())
        .await
        .map_err(internal)?;
        Ok(granted.is_some())
    }

    /// The orders that this browser may open, newest first: a page of those placed before `before_us`.
    /// Also whether there are older ones.
    pub async fn orders_of(
        &self,
        shopper: ShopperId,
        before_us: Option<i64>,
    ) -> crate::Result<(Vec<OrderSummary>, bool)> {
        Ok(self.load_orders(shopper, before_us).await?)
    }

    async fn load_orders(
        &self,
        shopper: ShopperId,
        before_us: Option<i64>,
    ) -> Result<(Vec<OrderSummary>, bool), Refused> {
        let mut rows = db::query(
            "select id, placed_at_us, total_minor, currency, lines from orders \
             where shopper_id = $1 and placed_at_us < $2 \
             union all \
             select o.id, o.placed_at_us, o.total_minor, o.currency, o.lines \
             from order_grants g join orders o on o.id = g.order_id \
             where g.shopper_id = $1 and g.granted_at_us > $3 and o.shopper_id <> $1 \
             and o.placed_at_us < $2 \
             order by placed_at_us desc, id desc limit $4",
        )
        .bind(shopper.to_string())
        .bind(before_us.unwrap_or(i64::MAX))
        .bind(self.now_us().saturating_sub(GRANT_LIFE_US))
        .bind(PAGE as i64 + 1)
        .fetch_all(self.log().db().reader())
        .await?;
        let has_older = rows.len() > PAGE;
        rows.truncate(PAGE);
        let mut orders = Vec::with_capacity(rows.len());
        for row in &rows {
            orders.push(self.summary(row)?);
        }
        let ids: Vec<OrderId> = orders.iter().map(|order| order.id).collect();
        let statuses = orders::statuses(self.log(), &ids).await?;
        for order in &mut orders {
            order.status = statuses.get(&order.id).copied().unwrap_or(order.status);
        }
        Ok((orders, has_older))
    }

    /// An order as its row has it: without what became of it.
    fn summary(&self, row: &db::Row) -> Result<OrderSummary, Refused> {
        let bad = |error: &dyn std::fmt::Display| Refused(internal(format!("orders: {error}")));
        let id: OrderId = row.try_get::<&str, _>(0)?.parse().map_err(|e| bad(&e))?;
        let currency = row.try_get::<&str, _>(3)?.parse().map_err(|e| bad(&e))?;
        let lines: Vec<StoredOrderLine> =
            serde_json::from_str(row.try_get::<&str, _>(4)?).map_err(|e| bad(&e))?;
        let catalogue = self.catalogue();
        let first = lines.iter().find_map(|line| {
            let (product, variant) = catalogue.ever_sold(&line.sku)?;
            let image = product.details.images.get(variant.image)?;
            Some((product.title.clone(), image.clone()))
        });
        Ok(OrderSummary {
            id,
            number: order_number(id),
            placed_at_us: row.try_get(1)?,
            status: OrderStatus::Reserving,
            total: Money::new(row.try_get(2)?, currency),
            pieces: lines.iter().map(|line| line.quantity).sum(),
            first,
        })
    }
}

/// Addresses are compared without regard to case, and by their digests: a comparison of the texts
/// ends sooner the earlier they differ.
fn digest(email: &str) -> [u8; 32] {
    Sha256::digest(email.trim().to_lowercase()).into()
}

fn no_such_link() -> Problem {
    Problem::not_found("This link opens no order (any more).")
}

fn not_found() -> Problem {
    Problem::not_found(
        "We found no order with this number and this email address. Check both; the number begins \
         with V- and stands at the top of the order's page.",
    )
}
