//! What the browser and the server both speak: ids, money, cart pricing, the views the pages show
//! and the messages of the live socket. No I/O, no clock, no randomness; compiles to WASM and native.

pub mod admin;
pub mod alert;
pub mod arrival;
pub mod audit;
pub mod calendar;
pub mod cart;
pub mod catalogue;
pub mod checkout;
pub mod counting;
pub mod delivery;
pub mod desk;
pub mod event_query;
pub mod fulfilment;
pub mod house;
pub mod ids;
pub mod ledger;
pub mod live;
pub mod log;
pub mod mail;
pub mod money;
pub mod movement;
pub mod order;
pub mod papers;
pub mod pictures;
mod postal_codes;
pub mod prices;
pub mod problem;
pub mod products;
pub mod purchasing;
pub mod reservation;
pub mod restock;
pub mod returns;
pub mod sales;
pub mod seen;
pub mod signup;
pub mod staff;
pub mod staff_desk;
pub mod stock;
pub mod stock_batch;
pub mod stock_file;
mod text;
pub mod what_if;

pub use ids::{
    AlertId, BatchId, LineId, MailId, OrderId, PurchaseOrderId, RefundId, ReturnId, ShipmentId,
    ShopperId, SignupId, Sku, Slug, SupplierId,
};
pub use money::{Currency, Money};
pub use problem::{FieldError, Problem};
pub use text::{is_printable, pieces};
