//! Gives shoppers their carts back: what an order that came to nothing had taken out of them.

use std::collections::HashMap;
use std::sync::Arc;

use broker::{Begins, Consumer, Failure, Filter, Recorded, Rule, Tx};
use db::Columns;
use domain::event::{OrderCancelled, OrderRejected};
use types::cart::MAX_LINES;
use types::{LineId, OrderId};
use uuid::Uuid;

use crate::carts::{self, Returned};
use crate::order_rows::StoredOrderLine;
use crate::rows_in::select_in;

#[derive(Debug)]
pub(crate) struct CartReturn;

/// A line of a cart that is there, or comes back.
struct Line {
    id: String,
    sku: String,
    gift_note: String,
    /// Pieces that come back; 0 for a line that only is there.
    returned: i64,
}

impl Consumer for CartReturn {
    const NAME: &'static str = "cart_return";
    const HEARS: Filter<'static> = Filter(&[
        Rule::topic(OrderRejected::TOPIC).of(&[OrderRejected::KIND, OrderCancelled::KIND])
    ]);
    /// Orders that ended before are history: nobody wants their pieces back now.
    const BEGINS: Begins = Begins::AtHead;

    async fn handle(&self, tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<(), Failure> {
        let orders = orders(tx, batch).await?;
        let mut carts = carts(tx, orders.iter().map(|(_, shopper, _)| shopper)).await?;
        for (order, shopper, lines) in orders {
            let cart = carts.entry(shopper).or_default();
            for (index, line) in lines.into_iter().enumerate() {
                put_back(cart, order, index, line);
            }
        }
        let now_us = batch.iter().map(|event| event.time_us).max();
        store(tx, &carts, now_us.unwrap_or_default()).await
    }
}

/// Puts pieces onto the line of the same SKU and gift note, or onto a new one. A full cart takes no
/// more lines.
fn put_back(cart: &mut Vec<Line>, order: OrderId, index: usize, ordered: StoredOrderLine) {
    let gift_note = ordered.gift_note.unwrap_or_default();
    let same = |line: &&mut Line| line.sku == ordered.sku.as_str() && line.gift_note == gift_note;
    let pieces = i64::from(ordered.quantity);
    if let Some(line) = cart.iter_mut().find(same) {
        line.returned += pieces;
    } else if cart.len() < MAX_LINES {
        cart.push(Line {
            id: line_id(order, index).to_string(),
            sku: ordered.sku.to_string(),
            gift_note,
            returned: pieces,
        });
    }
}

/// The same each time, so that nothing can come back twice.
fn line_id(order: OrderId, index: usize) -> LineId {
    LineId::new(Uuid::from_u128(
        order.uuid().as_u128() ^ (index as u128 + 1),
    ))
}

type Order = (OrderId, String, Vec<StoredOrderLine>);

/// The orders that the events are about: whose they are, and what was ordered.
async fn orders(tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<Vec<Order>, Failure> {
    let keys = batch.iter().map(|event| event.key.as_str());
    let bad = |error: &dyn std::fmt::Display| Failure::Other(format!("orders: {error}"));
    let rows = select_in(
        tx,
        "select id, shopper_id, lines from orders where id in",
        keys,
    );
    let mut orders = Vec::new();
    for row in rows.await? {
        orders.push((
            row.try_get::<&str, _>(0)?.parse().map_err(|e| bad(&e))?,
            row.try_get(1)?,
            serde_json::from_str(row.try_get::<&str, _>(2)?).map_err(|e| bad(&e))?,
        ));
    }
    Ok(orders)
}

/// The carts of these shoppers as they are.
async fn carts(
    tx: &mut Tx,
    shoppers: impl Iterator<Item = &String>,
) -> Result<HashMap<String, Vec<Line>>, Failure> {
    let rows = select_in(
        tx,
        "select shopper_id, line_id, sku, gift_note from carts where shopper_id in",
        shoppers.map(String::as_str),
    );
    let mut carts: HashMap<String, Vec<Line>> = HashMap::new();
    for row in rows.await? {
        carts.entry(row.try_get(0)?).or_default().push(Line {
            id: row.try_get(1)?,
            sku: row.try_get(2)?,
            gift_note: row.try_get(3)?,
            returned: 0,
        });
    }
    Ok(carts)
}

/// Stores what comes back.
async fn store(
    tx: &mut Tx,
    carts: &HashMap<String, Vec<Line>>,
    now_us: i64,
) -> Result<(), Failure> {
    let mut lines: Vec<Returned<'_>> = Vec::new();
    for (shopper, cart) in carts {
        for line in cart.iter().filter(|line| line.returned > 0) {
            lines.push(Returned {
                line_id: &line.id,
                shopper,
                sku: &line.sku,
                quantity: line.returned,
                gift_note: &line.gift_note,
            });
        }
    }
    // One order of locks, whoever else takes them.
    lines.sort_unstable_by_key(|line| line.line_id);
    Ok(carts::give_back(tx, &lines, now_us).await?)
}
