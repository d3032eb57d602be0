//! What the shop decides, and the events in which it says so.
//!
//! Pure: no I/O, no SQL, no clock, no randomness. A decision takes a state and something that happened
//! and answers with events; time and ids come in as arguments.

pub mod catalogue;
pub mod event;
pub mod fulfilment;
pub mod mail;
pub mod order;
pub mod payment;
pub mod person;
pub mod returns;
pub mod stock;

pub use event::{Event, OrderedLine};
