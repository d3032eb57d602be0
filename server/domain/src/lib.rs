//! What the shop decides, and the events in which it says so.
//!
//! Pure: no I/O, no SQL, no clock, no randomness. A decision takes a state and something that happened
//! and answers with events; time and ids come in as arguments.

pub mod account;
pub mod alert;
pub mod back_in_stock;
pub mod catalogue;
pub mod delivery;
pub mod event;
pub mod fulfilment;
pub mod mail;
pub mod monitoring;
pub mod order;
pub mod payment;
pub mod person;
pub mod purchasing;
pub mod reservation;
pub mod restock;
pub mod returns;
pub mod sales;
pub mod service_account;
pub mod staff;
pub mod stock;

pub use event::{Event, OrderedLine};
