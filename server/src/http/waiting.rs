//! How many requests of one program of others may wait for events.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use services::ServiceAccount;
use types::Problem;

/// Requests of one service that wait for events at once, and streams of events.
const MOST_WAITING: usize = 32;

/// Who waits for events.
#[derive(Debug, Clone, Default)]
pub struct Waiting(Arc<Mutex<HashMap<String, usize>>>);

/// One place among those who wait; given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    waiting: Waiting,
    service: String,
}

impl Waiting {
    /// # Errors
    /// 429 when too many of this service wait already.
    pub fn place(&self, account: &ServiceAccount) -> Result<Place, Problem> {
        let mut waiting = self.0.lock();
        let count = waiting.entry(account.name().to_owned()).or_default();
        if *count >= MOST_WAITING {
            let detail = format!(
                "{MOST_WAITING} requests of this service wait for events already. End some of them."
            );
            return Err(Problem::too_many(detail));
        }
        *count += 1;
        Ok(Place {
            waiting: self.clone(),
            service: account.name().to_owned(),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.waiting.0.lock();
        if let Some(count) = waiting.get_mut(&self.service) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(&self.service);
            }
        }
    }
}
