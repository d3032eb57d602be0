//! One member of staff at a time does something with an order: whoever comes second finds out what the first
//! has done before their own form is compared with how the order stands.
//!
//! In the memory of one process. With several, two forms that come through two of them in the same moment are
//! both done, each as the order's decider allows it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};
use types::OrderId;

/// Orders share them: more than a shop has staff.
const TURNS: usize = 64;

/// Held while something is done with an order.
#[derive(Debug)]
pub struct OrderTurn {
    _held: OwnedMutexGuard<()>,
}

#[derive(Debug)]
pub(crate) struct OrderTurns(Vec<Arc<Mutex<()>>>);

impl Default for OrderTurns {
    fn default() -> Self {
        Self((0..TURNS).map(|_| Arc::default()).collect())
    }
}

impl OrderTurns {
    /// Waits until nobody else does something with this order.
    pub async fn take(&self, id: OrderId) -> OrderTurn {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        let at = (hasher.finish() % TURNS as u64) as usize;
        OrderTurn {
            _held: self.0[at].clone().lock_owned().await,
        }
    }
}
