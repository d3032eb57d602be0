//! Who waits for which SKU: a view in memory that follows the log.

use std::collections::HashMap;

use broker::{Decider, Log};
use domain::Event;
use domain::back_in_stock::Queue;
use parking_lot::RwLock;
use types::Sku;

use crate::back_in_stock::BackInStock;

/// The queues as of the newest event that this process has seen.
#[derive(Debug, Default)]
pub(crate) struct Queues(RwLock<HashMap<Sku, Queue>>);

impl Queues {
    /// Reads the states of those whose turn it is. An event that is applied twice does no harm.
    pub async fn load(log: &Log) -> Result<Self, broker::Error> {
        let queues = Self::default();
        queues.reload(log).await?;
        Ok(queues)
    }

    /// Reads them again, after they were built anew.
    pub async fn reload(&self, log: &Log) -> Result<(), broker::Error> {
        let states = log.waiting_states(BackInStock::NAME).await?;
        let read = |(sku, queue): (String, String)| {
            Some((sku.parse().ok()?, serde_json::from_str(&queue).ok()?))
        };
        *self.0.write() = states.into_iter().filter_map(read).collect();
        Ok(())
    }

    /// Follows one event. Answers with the SKU of whose queue it says something, and how many wait now.
    pub fn apply(&self, event: &Event) -> Option<(Sku, u32)> {
        let sku = match event {
            Event::BackInStockAwaited(event) => &event.sku,
            Event::BackInStockDue(event) => &event.sku,
            Event::BackInStockRequeued(event) => &event.sku,
            Event::BackInStockSettled(event) => &event.sku,
            Event::BackInStockWithdrawn(event) => &event.sku,
            Event::BackInStockExpired(event) => &event.sku,
            _ => return None,
        };
        let mut queues = self.0.write();
        let queue = queues.entry(sku.clone()).or_default();
        queue.evolve(sku, event);
        let waiting = count(queue);
        if queue.is_empty() {
            queues.remove(sku);
        }
        Some((sku.clone(), waiting))
    }

    /// How many wait, by SKU.
    pub fn waiting(&self) -> Vec<(Sku, u32)> {
        let queues = self.0.read();
        let waiting = queues
            .iter()
            .map(|(sku, queue)| (sku.clone(), count(queue)));
        waiting.collect()
    }
}

fn count(queue: &Queue) -> u32 {
    u32::try_from(queue.waiting.len()).unwrap_or(u32::MAX)
}
