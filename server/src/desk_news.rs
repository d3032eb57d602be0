//! Tells the desk of orders that have changed: follows the log as the hub does, and waits until the list
//! of orders, which follows it by itself, has come as far.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use broker::Recorded;
use services::{Shop, is_listed};
use tokio::sync::watch;
use types::live::{State, Topic};
use types::{OrderId, Problem};

use crate::live::Hub;

/// Events taken from the log at once.
const BATCH: usize = 1_024;
/// Between two messages, so that a rush is told in few.
const GAP: Duration = Duration::from_millis(50);
/// Before the second look at how far the list is; each next one waits twice as long, up to `PAUSE`.
const LOOK: Duration = Duration::from_millis(5);
/// After an error.
const PAUSE: Duration = Duration::from_secs(1);

/// Up to where in the log everybody was told: where one goes on that begins again after a panic.
pub type Told = Arc<AtomicU64>;

/// Runs until told to stop.
pub async fn run(hub: Hub, shop: Shop, told: Told, mut stop: watch::Receiver<bool>) {
    let mut tail = shop.log().tail(told.load(Ordering::Relaxed));
    let mut waiting = Waiting::default();
    let mut look = LOOK;
    loop {
        told.store(waiting.before(tail.position()), Ordering::Relaxed);
        let events = tokio::select! {
            events = tail.next(BATCH) => Some(events),
            () = tokio::time::sleep(look), if !waiting.orders.is_empty() => None,
            _ = stop.changed() => return,
        };
        match events {
            Some(Ok(events)) => {
                tell_orders(&hub, &events);
                waiting.hear(&events);
            }
            Some(Err(error)) => {
                tracing::error!(%error, "the log cannot be followed");
                tokio::time::sleep(PAUSE).await;
            }
            None => {}
        }
        look = match tell_list(&hub, &shop, &mut waiting).await {
            Ok(true) => {
                tokio::time::sleep(GAP).await;
                LOOK
            }
            Ok(false) => (look * 2).min(PAUSE),
            Err(problem) => {
                tracing::error!(%problem, "the list of orders cannot be told");
                PAUSE
            }
        };
    }
}

/// Orders that have changed and whose list may not know it yet. They wait whether or not somebody looks
/// at the list: who comes meanwhile is shown the list as it is, and told once it knows.
#[derive(Default)]
struct Waiting {
    /// Each with the position of its newest event.
    orders: BTreeMap<OrderId, u64>,
}

impl Waiting {
    fn hear(&mut self, events: &[Arc<Recorded>]) {
        for event in events.iter().filter(|event| is_listed(event)) {
            if let Ok(order) = event.key.parse() {
                self.orders.insert(order, event.position);
            }
        }
    }

    /// The orders that a list as of `position` knows, newest first, and the newest of their positions.
    fn known_at(&self, position: u64) -> Option<(Vec<OrderId>, u64)> {
        // Ids are in the order of time.
        let known = || self.orders.iter().rev().filter(|(_, at)| **at <= position);
        let newest = known().map(|(_, at)| *at).max()?;
        Some((known().map(|(order, _)| *order).collect(), newest))
    }

    /// The position before the first that waits, of all up to `position`.
    fn before(&self, position: u64) -> u64 {
        let first = self.orders.values().min();
        first.map_or(position, |first| (first - 1).min(position))
    }
}

/// Tells those who have an order open that it has changed.
fn tell_orders(hub: &Hub, events: &[Arc<Recorded>]) {
    for event in events {
        if let Ok(id) = event.key.parse() {
            let topic = Topic::Desk(id);
            if hub.has_members(&topic) {
                let version = event.position;
                hub.publish(topic, version, State::Desk { version });
            }
        }
    }
}

/// Tells those who look at the list of the orders that it knows by now; whether there were any.
async fn tell_list(hub: &Hub, shop: &Shop, waiting: &mut Waiting) -> Result<bool, Problem> {
    if waiting.orders.is_empty() {
        return Ok(false);
    }
    let position = shop.desk_position().await?;
    let Some((changed, newest)) = waiting.known_at(position) else {
        return Ok(false);
    };
    if hub.has_members(&Topic::Orders) {
        let news = shop.desk_news(&changed).await?;
        hub.publish(Topic::Orders, newest, State::Orders(news));
    }
    waiting.orders.retain(|_, at| *at > newest);
    Ok(true)
}
