//! Pieces that suppliers have been asked for and that have not come, as of the newest event this process has
//! seen.

use std::collections::HashMap;

use domain::Event;
use domain::purchasing::lines_of;
use domain::restock::Watched;
use parking_lot::RwLock;
use types::{PurchaseOrderId, Sku};

type BySku = HashMap<Sku, HashMap<PurchaseOrderId, u32>>;

/// A view of the log. Whoever follows the log calls [`Incoming::apply`].
#[derive(Debug, Default)]
pub(crate) struct Incoming(RwLock<BySku>);

fn total(orders: &HashMap<PurchaseOrderId, u32>) -> i64 {
    orders.values().map(|pieces| i64::from(*pieces)).sum()
}

impl Incoming {
    /// As restocking knows it.
    pub fn of(watched: &HashMap<Sku, Watched>) -> Self {
        let view = Self::default();
        view.reload(watched);
        view
    }

    pub fn reload(&self, watched: &HashMap<Sku, Watched>) {
        let of_sku = |(sku, watched): (&Sku, &Watched)| {
            let incoming = watched
                .orders
                .iter()
                .filter(|(_, it)| it.status.is_incoming());
            let incoming: HashMap<_, _> = incoming.map(|(id, it)| (*id, it.pieces)).collect();
            (!incoming.is_empty()).then(|| (sku.clone(), incoming))
        };
        *self.0.write() = watched.iter().filter_map(of_sku).collect();
    }

    /// Follows one event. Answers with the SKUs of which it has said how many come, and how many those are.
    pub fn apply(&self, event: &Event) -> Vec<(Sku, i64)> {
        let Some((id, status, lines)) = lines_of(event) else {
            return Vec::new();
        };
        let mut view = self.0.write();
        let mut told = Vec::with_capacity(lines.len());
        for line in lines {
            let pieces = match status.is_incoming() {
                true => line.missing(),
                false => 0,
            };
            let orders = view.entry(line.sku.clone()).or_default();
            match pieces {
                0 => orders.remove(&id),
                pieces => orders.insert(id, pieces),
            };
            told.push((line.sku.clone(), total(orders)));
        }
        view.retain(|_, orders| !orders.is_empty());
        told
    }

    /// Pieces of a SKU that are to come.
    pub fn pieces(&self, sku: &Sku) -> i64 {
        self.0.read().get(sku).map_or(0, total)
    }
}
