//! What each checkout holds: a view in memory that follows the log.

use std::collections::HashMap;

use broker::{Decider, Log};
use domain::Event;
use domain::reservation::{self, Reservation};
use parking_lot::RwLock;
use types::ShopperId;

use crate::inventory::{Inventory, Kept, shopper_of};

/// What each checkout holds as of the newest event this process has seen.
#[derive(Debug, Default)]
pub(crate) struct Reservations(RwLock<HashMap<ShopperId, Reservation>>);

impl Reservations {
    /// Reads the inventory's states. Events after the reading are absolute: one that is applied twice does
    /// no harm.
    pub(crate) async fn load(log: &Log) -> Result<Self, broker::Error> {
        let reservations = Self::default();
        reservations.reload(log).await?;
        Ok(reservations)
    }

    /// Reads them again, after they were built anew.
    pub(crate) async fn reload(&self, log: &Log) -> Result<(), broker::Error> {
        let states = log.waiting_states(Inventory::NAME).await?;
        let read = |(key, state): (String, String)| match serde_json::from_str(&state).ok()? {
            Kept::Reservation(own) => Some((shopper_of(&key)?, own)),
            Kept::Stock(_) => None,
        };
        *self.0.write() = states.into_iter().filter_map(read).collect();
        Ok(())
    }

    /// Follows one event. Answers with whose reservation it changed, and what is held now.
    pub(crate) fn apply(&self, event: &Event) -> Option<(ShopperId, Reservation)> {
        let shopper = reservation::changed_by(event)?;
        let mut all = self.0.write();
        let own = all.entry(shopper).or_default();
        own.evolve(event);
        let now = own.clone();
        if now.is_empty() {
            all.remove(&shopper);
        }
        Some((shopper, now))
    }

    pub(crate) fn of(&self, shopper: ShopperId) -> Reservation {
        self.0.read().get(&shopper).cloned().unwrap_or_default()
    }
}
