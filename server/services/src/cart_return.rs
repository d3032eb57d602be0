//! Gives shoppers their carts back: what an order that came to nothing had taken out of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use broker::{Begins, Consumer, Failure, Filter, Recorded, Rule, Tx};
use db::Columns;
use domain::Event;
use domain::event::{OrderCancelled, OrderRejected};
use types::cart::{Cart, MAX_LINES};
use types::{LineId, OrderId, Problem, ShopperId};
use uuid::Uuid;

use crate::carts::{self, Returned};
use crate::events::{decode, internal};
use crate::order_rows::StoredOrderLine;
use crate::rows_in::select_in;
use crate::shop::Shop;

#[derive(Debug)]
pub(crate) struct CartReturn;

/// A line of a cart that is there, or comes back.
struct Line {
    id: String,
    sku: String,
    gift_note: String,
    /// Pieces that come back; 0 for a line that only is there.
    returned: i64,
    /// What a piece was ordered at, of a line that is new.
    seen_price_minor: i64,
}

impl Consumer for CartReturn {
    const NAME: &'static str = "cart_return";
    const HEARS: Filter<'static> = Filter(&[
        Rule::topic(OrderRejected::TOPIC).of(&[OrderRejected::KIND, OrderCancelled::KIND])
    ]);
    /// Orders that ended before are history: nobody wants their pieces back now.
    const BEGINS: Begins = Begins::AtHead;

    async fn handle(&self, tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<(), Failure> {
        let to_nothing = batch.iter().map(came_to_nothing);
        let to_nothing = to_nothing.collect::<Result<Vec<Option<&str>>, Failure>>()?;
        let orders = orders(tx, to_nothing.into_iter().flatten()).await?;
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

/// The order, unless it was paid before it was cancelled: who has changed their mind about that wants
/// nothing back in the cart.
fn came_to_nothing(event: &Arc<Recorded>) -> Result<Option<&str>, Failure> {
    let was_paid = matches!(&*decode(event)?, Event::OrderCancelled(ended) if ended.paid);
    Ok((!was_paid).then_some(&*event.key))
}

/// How long a page waits for its cart.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it looks meanwhile: the consumer writes its position, and nobody else is told.
const LOOK_EVERY: Duration = Duration::from_millis(20);

impl Shop {
    /// The shopper's cart, once what the order had taken out of it is back, if the order came to nothing.
    ///
    /// # Errors
    /// 404 for an order that was not placed in this browser.
    pub async fn returned_cart(&self, shopper: ShopperId, id: OrderId) -> crate::Result<Cart> {
        if !self.owns_order(shopper, id).await? {
            return Err(Problem::not_found("There is no such order."));
        }
        let ended = self.ended_at(id).await.map_err(internal)?;
        if let Some(position) = ended {
            // A cart that takes longer is shown as it is.
            let _ = tokio::time::timeout(PATIENCE, self.put_back_to(position)).await;
        }
        self.cart(shopper).await
    }

    /// Position of the event that ended the order and gives its pieces back.
    async fn ended_at(&self, id: OrderId) -> Result<Option<u64>, broker::Error> {
        let events = self.log().read_key(&id.to_string()).await?;
        let ends = [OrderRejected::KIND, OrderCancelled::KIND];
        let end = events
            .iter()
            .find(|event| ends.contains(&event.kind.as_str()));
        Ok(end.map(|event| event.position))
    }

    async fn put_back_to(&self, position: u64) -> crate::Result<()> {
        while self
            .log()
            .position_of(CartReturn::NAME)
            .await
            .map_err(internal)?
            < position
        {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
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
            seen_price_minor: ordered.unit_price.minor,
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
async fn orders(tx: &mut Tx, keys: impl Iterator<Item = &str>) -> Result<Vec<Order>, Failure> {
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
            // What comes back onto a line that is there changes nothing of it.
            seen_price_minor: 0,
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
                seen_price_minor: line.seen_price_minor,
            });
        }
    }
    // One order of locks, whoever else takes them.
    lines.sort_unstable_by_key(|line| line.line_id);
    Ok(carts::give_back(tx, &lines, now_us).await?)
}
