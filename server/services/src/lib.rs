//! The shop's services: the consumers that drive an order, and the commands and queries that pages use.
//!
//! The consumers never import one another; they meet through events. [`start_consumers`] is their
//! registry: a new one is one new file and one line there.

mod carts;
mod catalogue;
mod checkout;
mod events;
pub mod gateway;
mod inventory;
mod levels;
mod orders;
mod payment;
mod seed;
mod shop;
mod staff;
mod summary;
pub mod test_gateway;

use std::sync::Arc;

use broker::{Log, Runner};

pub use events::decode;
pub use gateway::PaymentGateway;
pub use levels::{LevelChange, Levels};
pub use seed::Seed;
pub use shop::{Shop, ShopSettings, Visitor};
pub use staff::Staff;
pub use summary::event_row;

pub type Result<T> = std::result::Result<T, types::Problem>;

/// Starts every consumer of the shop. The registry: one line each.
pub fn start_consumers(
    log: &Log,
    gateway: Arc<dyn PaymentGateway>,
    settings: &ShopSettings,
) -> Runner {
    let mut runner = Runner::new(log.clone(), broker::Settings::default());
    runner.consumer(inventory::Inventory);
    runner.consumer(orders::Orders {
        payment_window_us: settings.payment_window_us,
    });
    runner.reactor(payment::Payment { gateway });
    runner
}
