//! The shop's services: the deciders and reactors that drive an order, and the commands and queries that pages use.
//!
//! They never import one another; they meet through events. [`roster`] names them all: a new one is one
//! new file and one line there.

mod answers;
mod cart_return;
mod carts;
mod catalogue;
mod checkout;
mod desk_list;
mod desk_order;
#[cfg(test)]
mod desk_plans;
mod desk_search;
mod events;
pub mod gateway;
mod holds;
mod house;
mod idempotency;
mod inventory;
mod levels;
mod log_desk;
mod look_back;
mod mail_desk;
pub mod notification;
mod order_desk;
mod order_links;
mod order_list;
mod order_lookup;
mod order_notes;
mod order_rest;
mod order_rows;
mod orders;
mod papers;
mod parcels;
mod payment;
mod persons;
mod presence;
mod prices;
mod products;
mod public_pages;
mod result;
mod retention;
mod returns;
mod rows_in;
mod search_keys;
mod seed;
mod sessions;
mod settings;
mod shelf;
mod shop;
mod sql_views;
mod staff;
mod staff_names;
mod stored_orders;
mod summary;
pub mod test_gateway;
mod visitor;

use std::sync::Arc;

use broker::Roster;

pub use events::decode;
pub use gateway::PaymentGateway;
pub use holds::HoldLimits;
pub use house::{House, NoMailbox};
pub use idempotency::{Claim, Keyed};
pub use levels::{LevelChange, Levels};
pub use log_desk::log_view;
pub use look_back::look_back;
pub use order_desk::is_listed;
pub use persons::{Person, erase_person, export_person};
pub use presence::Presence;
pub use prices::{NewPrice, PriceAnswer, change_price};
pub use public_pages::{PublicPage, PublicPages};
pub use result::Result;
pub use retention::{Lives, Swept};
pub use seed::Seed;
pub use sessions::{SessionTimes, StoredSession};
pub use settings::ShopSettings;
pub use shop::{Shelf, ShelfVersion, Shop};
pub use sql_views::create_sql_views;
pub use staff::{Member, remove_staff, set_staff_password, sign_staff_out, staff_members};
pub use staff_names::StaffNames;
pub use summary::event_row;
pub use visitor::{Staff, Visitor};

/// What lies outside the shop, and is asked.
#[derive(Clone)]
pub struct Outside {
    pub gateway: Arc<dyn PaymentGateway>,
    /// `None` when customers are told nothing.
    pub mailer: Option<notification::Mailer>,
}

/// Everyone who takes part in the shop: one line each. Without an outside world nobody is asked; the
/// command line needs the names alone.
pub fn roster(settings: &ShopSettings, outside: Option<Outside>) -> Roster {
    let (gateway, mailer) = match outside {
        Some(Outside { gateway, mailer }) => (Some(gateway), Some(mailer)),
        None => (None, None),
    };
    Roster::new()
        .decider(inventory::Inventory)
        .decider(orders::Orders::new(settings))
        .decider(products::Products)
        .consumer(cart_return::CartReturn)
        .consumer(order_desk::OrderDesk)
        .reactor(gateway.map(|gateway| payment::Payment { gateway }))
        .reactor(mailer.map(|mailer| notification::Notification { mailer }))
}
