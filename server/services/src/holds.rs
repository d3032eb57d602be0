//! What open orders and checkouts hold back: an order that is not yet paid keeps its pieces from others, as
//! does a checkout, so one shopper and one address may have only so many.
//!
//! A view in memory: it is read from the database at the start, follows the log from then on, and
//! takes a new order in before that is written, so that orders placed at once are counted, too.
//! Addresses are known by a hash and only since the start.

use std::collections::HashMap;
use std::hash::Hash;

use broker::{Decider, Log};
use db::{Columns, in_list};
use domain::Event;
use domain::order::OrderState;
use parking_lot::Mutex;
use types::order::order_number;
use types::{OrderId, Problem, ShopperId};

use crate::orders::Orders;

/// Orders and pieces that may be open at once, and what else one address may ask of the shop.
#[derive(Debug, Clone, Copy)]
pub struct HoldLimits {
    pub orders: u32,
    pub orders_of_source: u32,
    pub pieces: u32,
    pub pieces_of_source: u32,
    /// Sign-ups within an hour.
    pub signups_of_source: u32,
}

impl Default for HoldLimits {
    /// No limit.
    fn default() -> Self {
        Self {
            orders: u32::MAX,
            orders_of_source: u32::MAX,
            pieces: u32::MAX,
            pieces_of_source: u32::MAX,
            signups_of_source: u32::MAX,
        }
    }
}

/// An open order.
#[derive(Debug, Clone, Copy)]
struct Hold {
    shopper: ShopperId,
    source: Option<u64>,
    pieces: u32,
}

/// What a checkout holds.
#[derive(Debug, Clone, Copy)]
struct Checkout {
    source: Option<u64>,
    pieces: u32,
}

/// What somebody's open orders and checkouts come to.
#[derive(Debug, Default, Clone, Copy)]
struct Sum {
    orders: u32,
    pieces: u32,
}

#[derive(Debug, Default)]
struct Book {
    open: HashMap<OrderId, Hold>,
    checkouts: HashMap<ShopperId, Checkout>,
    by_shopper: HashMap<ShopperId, Sum>,
    by_source: HashMap<u64, Sum>,
    limits: HoldLimits,
    /// Where orders come from that are being written.
    arriving: HashMap<OrderId, u64>,
}

#[derive(Debug, Default)]
pub(crate) struct Holds(Mutex<Book>);

fn add<K: Hash + Eq>(sums: &mut HashMap<K, Sum>, key: K, more: Sum) {
    let sum = sums.entry(key).or_default();
    sum.orders += more.orders;
    sum.pieces = sum.pieces.saturating_add(more.pieces);
}

fn subtract<K: Hash + Eq>(sums: &mut HashMap<K, Sum>, key: K, less: Sum) {
    if let Some(sum) = sums.get_mut(&key) {
        sum.orders = sum.orders.saturating_sub(less.orders);
        sum.pieces = sum.pieces.saturating_sub(less.pieces);
        if (sum.orders, sum.pieces) == (0, 0) {
            sums.remove(&key);
        }
    }
}

impl Hold {
    const fn sum(self) -> Sum {
        Sum {
            orders: 1,
            pieces: self.pieces,
        }
    }
}

impl Checkout {
    const fn sum(self) -> Sum {
        Sum {
            orders: 0,
            pieces: self.pieces,
        }
    }
}

impl Book {
    fn open(&mut self, order: OrderId, hold: Hold) {
        if self.open.contains_key(&order) {
            return;
        }
        self.open.insert(order, hold);
        self.enter(hold.shopper, hold.source, hold.sum());
    }

    fn enter(&mut self, shopper: ShopperId, source: Option<u64>, sum: Sum) {
        add(&mut self.by_shopper, shopper, sum);
        if let Some(source) = source {
            add(&mut self.by_source, source, sum);
        }
    }

    fn strike_out(&mut self, shopper: ShopperId, source: Option<u64>, sum: Sum) {
        subtract(&mut self.by_shopper, shopper, sum);
        if let Some(source) = source {
            subtract(&mut self.by_source, source, sum);
        }
    }

    /// Takes note of how much a checkout holds now; answers with what it held before.
    fn checkout(&mut self, shopper: ShopperId, now: Option<Checkout>) -> Option<Checkout> {
        let before = self.checkouts.remove(&shopper);
        if let Some(before) = before {
            self.strike_out(shopper, before.source, before.sum());
        }
        if let Some(now) = now.filter(|now| now.pieces > 0) {
            self.checkouts.insert(shopper, now);
            self.enter(shopper, now.source, now.sum());
        }
        before
    }

    fn close(&mut self, order: OrderId) {
        if let Some(hold) = self.open.remove(&order) {
            self.strike_out(hold.shopper, hold.source, hold.sum());
        }
    }

    fn refusal(&self, hold: &Hold) -> Option<Problem> {
        let limits = &self.limits;
        let none = Sum::default();
        let own = self.by_shopper.get(&hold.shopper).unwrap_or(&none);
        let source = hold.source.and_then(|source| self.by_source.get(&source));
        let source = source.unwrap_or(&none);
        let too_many = |sum: &Sum, most| sum.pieces.saturating_add(hold.pieces) > most;
        if own.orders >= limits.orders {
            let mut numbers: Vec<String> = (self.open.iter())
                .filter(|(_, open)| open.shopper == hold.shopper)
                .map(|(id, _)| order_number(*id))
                .collect();
            numbers.sort();
            let detail = format!(
                "You have {} orders that are not paid yet: {}. Pay or cancel one of them first; \
                 your cart stays as it is.",
                own.orders,
                numbers.join(", ")
            );
            return Some(open_orders(detail));
        }
        if too_many(own, limits.pieces) {
            let detail = format!(
                "At most {} pieces are kept for you until they are paid. Pay for an open order \
                 first, or order fewer pieces at once.",
                limits.pieces
            );
            return Some(open_orders(detail));
        }
        if source.orders >= limits.orders_of_source || too_many(source, limits.pieces_of_source) {
            let detail = "Many orders from your network are not paid yet, so no more pieces are kept \
                          for it right now. Your cart stays as it is; try again in a few minutes.";
            return Some(open_orders(detail.to_owned()));
        }
        None
    }
}

fn open_orders(detail: String) -> Problem {
    Problem::conflict("open-orders", "Pay for an open order first", detail)
}

impl Holds {
    /// From here on an order of this source is being written.
    pub fn arrives(&self, id: OrderId, source: u64) {
        self.0.lock().arriving.insert(id, source);
    }

    /// Where an order that is being written, or is open, comes from.
    pub(crate) fn source_of(&self, id: OrderId) -> Option<u64> {
        let book = self.0.lock();
        let open = book.open.get(&id).and_then(|hold| hold.source);
        book.arriving.get(&id).copied().or(open)
    }

    /// It is written, or refused.
    pub fn has_arrived(&self, id: OrderId) {
        self.0.lock().arriving.remove(&id);
    }

    /// The open orders of the database.
    pub(crate) async fn load(log: &Log) -> Result<Self, broker::Error> {
        let holds = Self::default();
        holds.reload(log).await?;
        Ok(holds)
    }

    /// Takes in the open orders of the database that it does not know: after the states were built anew.
    pub(crate) async fn reload(&self, log: &Log) -> Result<(), broker::Error> {
        let open = log.waiting_states(Orders::NAME).await?;
        for chunk in open.chunks(256) {
            let (list, listed) = in_list(chunk, 1);
            let sql = format!("select id, shopper_id from orders where id in ({list})");
            let mut select = db::query(db::trusted_sql(sql));
            for (key, _) in listed {
                select = select.bind(key.as_str());
            }
            let rows = select.fetch_all(log.db().reader()).await?;
            let owners: Vec<(String, String)> = rows
                .iter()
                .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
                .collect::<Result<_, db::SqlError>>()?;
            let owners: HashMap<String, String> = owners.into_iter().collect();
            for (key, state) in chunk {
                let owner = owners.get(key).and_then(|owner| owner.parse().ok());
                let (Ok(id), Some(shopper)) = (key.parse(), owner) else {
                    continue;
                };
                let Ok(order) = serde_json::from_str::<OrderState>(state) else {
                    continue;
                };
                // One that waits for its refund holds nothing.
                if !order.is_open() {
                    continue;
                }
                let hold = Hold {
                    shopper,
                    source: None,
                    pieces: order.lines.iter().map(|line| line.quantity).sum(),
                };
                self.0.lock().open(id, hold);
            }
        }
        Ok(())
    }

    /// Sign-ups that may come from one address within an hour.
    pub(crate) fn signups_of_source(&self) -> u32 {
        self.0.lock().limits.signups_of_source
    }

    pub(crate) fn limit(&self, limits: HoldLimits) {
        self.0.lock().limits = limits;
    }

    /// Open orders, and their pieces.
    pub(crate) fn held(&self) -> (usize, u64) {
        let book = self.0.lock();
        let pieces = book.by_shopper.values().map(|sum| u64::from(sum.pieces));
        (book.open.len(), pieces.sum())
    }

    /// Takes an order in that is about to be written. Answers with whether it was not there already.
    ///
    /// # Errors
    /// 409 `open-orders` when there are too many.
    pub(crate) fn claim(
        &self,
        order: OrderId,
        shopper: ShopperId,
        pieces: u32,
    ) -> crate::Result<bool> {
        let mut book = self.0.lock();
        let source = book.arriving.get(&order).copied();
        if book.open.contains_key(&order) {
            return Ok(false);
        }
        let hold = Hold {
            shopper,
            source,
            pieces,
        };
        // What the own checkout holds is what is being ordered.
        let checkout = book.checkout(shopper, None);
        let refusal = book.refusal(&hold);
        book.checkout(shopper, checkout);
        if let Some(problem) = refusal {
            return Err(problem);
        }
        book.open(order, hold);
        Ok(true)
    }

    /// Takes a checkout in that is about to hold this many pieces, in place of what it holds.
    ///
    /// # Errors
    /// 409 `open-orders` when there are too many.
    pub(crate) fn claim_checkout(
        &self,
        shopper: ShopperId,
        source: u64,
        pieces: u32,
    ) -> crate::Result<()> {
        let mut book = self.0.lock();
        let before = book.checkout(shopper, None);
        let source = Some(source);
        let hold = Hold {
            shopper,
            source,
            pieces,
        };
        let refusal = book.refusal(&hold);
        let now = match refusal {
            Some(_) => before,
            None => Some(Checkout { source, pieces }),
        };
        book.checkout(shopper, now);
        refusal.map_or(Ok(()), Err)
    }

    /// This is what a checkout holds now.
    pub(crate) fn checkout(&self, shopper: ShopperId, pieces: u32) {
        let mut book = self.0.lock();
        let source = book.checkouts.get(&shopper).and_then(|known| known.source);
        book.checkout(shopper, Some(Checkout { source, pieces }));
    }

    /// An order that was not written after all.
    pub fn release(&self, order: OrderId, shopper: ShopperId) {
        let mut book = self.0.lock();
        let is_theirs = |hold: &Hold| hold.shopper == shopper;
        if book.open.get(&order).is_some_and(is_theirs) {
            book.close(order);
        }
    }

    /// Follows the log.
    pub(crate) fn apply(&self, event: &Event) {
        match event {
            Event::OrderPlaced(placed) => {
                let pieces = placed.lines.iter().map(|line| line.quantity).sum();
                let hold = Hold {
                    shopper: placed.shopper_id,
                    source: None,
                    pieces,
                };
                self.0.lock().open(placed.order_id, hold);
            }
            Event::OrderConfirmed(ended) => self.0.lock().close(ended.order_id),
            Event::OrderRejected(ended) => self.0.lock().close(ended.order_id),
            Event::OrderCancelled(ended) => self.0.lock().close(ended.order_id),
            _ => {}
        }
    }
}
