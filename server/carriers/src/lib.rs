//! A carrier that brings nothing anywhere: labels, tracking numbers, news by webhook and by polling, and a
//! tracking page, as another house's service. It has its own door, its own key and its own books, and knows the
//! shop by the references and addresses that the shop gives it. What happens to a parcel is said by its
//! control, or happens by itself at a speed that is set; faults happen on command.

mod book;
mod faults;
mod http;
mod label;
mod messenger;
mod page;
mod progress;
mod simulator;

pub use book::{Address, NewShipment, ShipmentKind};
pub use messenger::Hears;
pub use simulator::{Settings, Simulator, serve};
