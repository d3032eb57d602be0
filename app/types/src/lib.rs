//! What the browser and the server both speak: ids, money, cart pricing, the views the pages show
//! and the messages of the live socket. No I/O, no clock, no randomness; compiles to WASM and native.

pub mod admin;
pub mod arrival;
pub mod calendar;
pub mod cart;
pub mod catalogue;
pub mod checkout;
pub mod desk;
pub mod fulfilment;
pub mod house;
pub mod ids;
pub mod live;
pub mod log;
pub mod mail;
pub mod money;
pub mod order;
pub mod pictures;
pub mod problem;
pub mod returns;
pub mod stock;
mod text;

pub use ids::{LineId, MailId, OrderId, RefundId, ReturnId, ShipmentId, ShopperId, Sku, Slug};
pub use money::{Currency, Money};
pub use problem::{FieldError, Problem};
pub use text::{is_printable, pieces};
