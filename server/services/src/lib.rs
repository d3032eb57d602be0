//! The shop's services: the consumers that drive an order, and the commands and queries that pages use.
//!
//! The consumers never import one another; they meet through events. [`start_consumers`] is their
//! registry: a new one is one new file and one line there.

mod carts;
mod catalogue;
mod checkout;
mod events;
pub mod gateway;
mod holds;
mod inventory;
mod levels;
mod log_desk;
mod look_back;
mod orders;
mod payment;
mod retention;
mod seed;
mod sessions;
mod shop;
mod staff;
mod summary;
pub mod test_gateway;

use std::sync::Arc;

use broker::{Beginning, Consumer, Failure, Log, Reactor, Replayed, Runner};

pub use events::decode;
pub use gateway::PaymentGateway;
pub use holds::HoldLimits;
pub use levels::{LevelChange, Levels};
pub use log_desk::log_view;
pub use look_back::look_back;
pub use retention::Swept;
pub use seed::Seed;
pub use sessions::{SessionTimes, StoredSession};
pub use shop::{Shop, ShopSettings, Visitor};
pub use staff::{Member, Staff, remove_staff, set_staff_password, sign_staff_out, staff_members};
pub use summary::event_row;

pub type Result<T> = std::result::Result<T, types::Problem>;

/// Starts every consumer of the shop. The registry: one line each.
pub fn start_consumers(
    log: &Log,
    gateway: Arc<dyn PaymentGateway>,
    settings: &ShopSettings,
    pace: broker::Settings,
) -> Runner {
    let mut runner = Runner::new(log.clone(), pace);
    runner.consumer(inventory::Inventory);
    runner.consumer(orders::Orders::new(settings));
    runner.reactor(payment::Payment { gateway });
    runner
}

/// The consumers whose tables [`replay`] builds anew.
pub const PROJECTIONS: [&str; 2] = [inventory::Inventory::NAME, orders::Orders::NAME];

/// Builds the table of a consumer anew out of the log and puts it in use, while the shop runs. Nothing
/// is asked of the outside world.
///
/// # Errors
/// For a name that is not one of [`PROJECTIONS`]; those of [`Log::replay`].
pub async fn replay(
    log: &Log,
    consumer: &str,
    beginning: Beginning,
    by: &str,
    progress: impl FnMut(u64, u64) + Send,
) -> std::result::Result<Replayed, Failure> {
    match consumer {
        inventory::Inventory::NAME => {
            let inventory = inventory::Inventory;
            log.replay(&inventory, beginning, by, progress).await
        }
        orders::Orders::NAME => {
            let orders = orders::Orders::new(&ShopSettings::default());
            log.replay(&orders, beginning, by, progress).await
        }
        payment::Payment::NAME => Err(Failure::Other(
            "payment asks the outside world: it has no table, and is never replayed".to_owned(),
        )),
        unknown => Err(Failure::Other(format!(
            "there is no consumer {unknown:?}; expected one of {}",
            PROJECTIONS.join(", ")
        ))),
    }
}
