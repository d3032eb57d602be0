//! The table of orders: what each was when it was placed, and what it is searched by.

use broker::{Failure, Log};
use db::Columns;
use serde::{Deserialize, Serialize};
use types::cart::Totals;
use types::checkout::{BillingAddress, PlaceOrder};
use types::{Money, OrderId, ShopperId, Sku};

use crate::events::{Refused, internal};
use crate::search_keys::{name_keys, search_key};

/// Orders that get their keys in one transaction.
const BATCH: i64 = 500;

/// A line as the orders table keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredOrderLine {
    pub sku: Sku,
    pub quantity: u32,
    pub unit_price: Money,
    pub gift_note: Option<String>,
}

/// What an order's number is made of, as [`types::order::order_number`] takes it: no two orders have
/// the same.
pub(crate) fn number_bits(id: OrderId) -> String {
    id.to_string().split_off(26)
}

/// Whether the order is new, and its number, too.
pub(crate) async fn insert(
    tx: &mut broker::Tx,
    shopper: ShopperId,
    order: &PlaceOrder,
    lines: &[StoredOrderLine],
    totals: Totals,
    now_us: i64,
) -> Result<bool, Refused> {
    let lines = serde_json::to_string(lines).map_err(|error| Refused(internal(error)))?;
    let [name, second, third, last] = name_keys(&order.name);
    let inserted = db::query(
        "insert into orders (id, shopper_id, placed_at_us, email, name, street, postal_code, city, \
         country, delivery, lines, subtotal_minor, delivery_minor, total_minor, currency, \
         number_bits, street_2, phone, billing, email_key, name_key, name_key_2, name_key_3, name_key_4) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
         $19, $20, $21, $22, $23, $24) \
         on conflict do nothing",
    )
    .bind(order.order_id.to_string())
    .bind(shopper.to_string())
    .bind(now_us)
    .bind(&order.email)
    .bind(&order.name)
    .bind(&order.street)
    .bind(&order.postal_code)
    .bind(&order.city)
    .bind(&order.country)
    .bind(order.delivery.into_str())
    .bind(lines)
    .bind(totals.subtotal.minor)
    .bind(totals.delivery.minor)
    .bind(totals.total.minor)
    .bind(totals.total.currency.code())
    .bind(number_bits(order.order_id))
    .bind(&order.street_2)
    .bind(&order.phone)
    .bind(stored_billing(order)?)
    .bind(search_key(&order.email))
    .bind(name)
    .bind(second)
    .bind(third)
    .bind(last)
    .execute(tx.conn())
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// The billing address as the table has it.
pub(crate) fn stored_billing(order: &PlaceOrder) -> Result<String, Refused> {
    let billing = order.billing.as_ref().map(serde_json::to_string);
    let billing = billing
        .transpose()
        .map_err(|error| Refused(internal(error)))?;
    Ok(billing.unwrap_or_default())
}

/// Corrects where an order goes. Says whether there is anybody that it goes to.
pub(crate) async fn correct_address(
    tx: &mut broker::Tx,
    id: OrderId,
    address: &BillingAddress,
) -> Result<bool, Refused> {
    let [name, second, third, last] = name_keys(&address.name);
    let changed = db::query(
        "update orders set name = $2, street = $3, street_2 = $4, postal_code = $5, city = $6, \
         country = $7, name_key = $8, name_key_2 = $9, name_key_3 = $10, name_key_4 = $11 \
         where id = $1 and email <> ''",
    )
    .bind(id.to_string())
    .bind(&address.name)
    .bind(&address.street)
    .bind(&address.street_2)
    .bind(&address.postal_code)
    .bind(&address.city)
    .bind(&address.country)
    .bind(name)
    .bind(second)
    .bind(third)
    .bind(last)
    .execute(tx.conn())
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// Erases who placed an order; what was ordered and what it cost stay.
pub(crate) async fn erase_person(
    tx: &mut broker::Tx,
    id: OrderId,
    lines: &[StoredOrderLine],
) -> Result<(), Refused> {
    let lines = lines.iter().map(|line| StoredOrderLine {
        gift_note: None,
        ..line.clone()
    });
    let lines: Vec<StoredOrderLine> = lines.collect();
    let lines = serde_json::to_string(&lines).map_err(|error| Refused(internal(error)))?;
    db::query(
        "update orders set email = '', name = '', street = '', street_2 = '', postal_code = '', \
         city = '', phone = '', billing = '', lines = $2, email_key = '', name_key = null, \
         name_key_2 = null, name_key_3 = null, name_key_4 = null where id = $1",
    )
    .bind(id.to_string())
    .bind(lines)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes what orders are searched by for those that an earlier version has placed.
pub(crate) async fn write_missing_keys(log: &Log) -> Result<(), Failure> {
    loop {
        let rows = db::query("select id, email, name from orders where email_key is null limit $1")
            .bind(BATCH)
            .fetch_all(log.db().reader())
            .await?;
        if rows.is_empty() {
            return Ok(());
        }
        let mut keyed = Vec::with_capacity(rows.len());
        for row in &rows {
            let (email, name) = (row.try_get::<&str, _>(1)?, row.try_get::<&str, _>(2)?);
            keyed.push((
                row.try_get::<String, _>(0)?,
                search_key(email),
                name_keys(name),
            ));
        }
        let mut tx = log.db().begin().await?;
        for (list, chunk) in tx.place_rows(&keyed, 6) {
            // Both databases name the columns of a list so.
            let sql = format!(
                "update orders set email_key = k.column2, name_key = k.column3, \
                 name_key_2 = k.column4, name_key_3 = k.column5, name_key_4 = k.column6 \
                 from (values {list}) k where orders.id = k.column1"
            );
            let mut update = db::query(db::trusted_sql(sql));
            for (id, email, [name, second, third, last]) in chunk {
                update = update.bind(id).bind(email).bind(name);
                update = update.bind(second).bind(third).bind(last);
            }
            update.execute(tx.conn()).await?;
        }
        tx.commit().await?;
    }
}
