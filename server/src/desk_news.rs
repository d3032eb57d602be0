//! Tells the desk of orders that have changed: follows the log as the hub does, and waits until the list
//! of orders, which follows it by itself, has come as far.

use std::collections::BTreeSet;
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
/// Between two looks at how far the list is.
const LOOK: Duration = Duration::from_millis(10);
/// How long the list is waited for. What it has not told by then comes with the next change.
const PATIENCE: Duration = Duration::from_secs(10);
/// After an error.
const PAUSE: Duration = Duration::from_secs(1);

/// Up to where in the log everybody was told: where one goes on that begins again after a panic.
pub type Told = Arc<AtomicU64>;

/// Runs until told to stop.
pub async fn run(hub: Hub, shop: Shop, told: Told, mut stop: watch::Receiver<bool>) {
    let mut tail = shop.log().tail(told.load(Ordering::Relaxed));
    loop {
        told.store(tail.position(), Ordering::Relaxed);
        let events = tokio::select! {
            events = tail.next(BATCH) => events,
            _ = stop.changed() => return,
        };
        let events = match events {
            Ok(events) => events,
            Err(error) => {
                tracing::error!(%error, "the log cannot be followed");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        tell_orders(&hub, &events);
        let listed = || events.iter().filter(|event| is_listed(event));
        let changed: BTreeSet<OrderId> = listed().filter_map(|e| e.key.parse().ok()).collect();
        let newest = listed().map(|event| event.position).max();
        if let Some(position) = newest.filter(|_| hub.has_members(&Topic::Orders)) {
            let list = tokio::select! {
                list = tell_list(&hub, &shop, &changed, position) => list,
                _ = stop.changed() => return,
            };
            if let Err(problem) = list {
                tracing::error!(%problem, "the list of orders cannot be told");
            }
            tokio::time::sleep(GAP).await;
        }
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

/// Tells those who look at the list, once it knows of the events up to `position`.
async fn tell_list(
    hub: &Hub,
    shop: &Shop,
    changed: &BTreeSet<OrderId>,
    position: u64,
) -> Result<(), Problem> {
    let listed = async {
        while shop.desk_position().await? < position {
            tokio::time::sleep(LOOK).await;
        }
        Ok::<_, Problem>(())
    };
    if let Ok(listed) = tokio::time::timeout(PATIENCE, listed).await {
        listed?;
    }
    // Of many the newest: ids are in the order of time.
    let changed: Vec<OrderId> = changed.iter().rev().copied().collect();
    let news = shop.desk_news(&changed).await?;
    hub.publish(Topic::Orders, position, State::Orders(news));
    Ok(())
}
