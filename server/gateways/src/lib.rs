//! A stand-in for another company's payment gateway: an HTTP service with a ledger of its own. The shop
//! knows it by its address alone and starts it beside itself unless it is told of another one.
//!
//! It answers a request that it has seen before as it did the first time, tells by webhook what it could
//! not answer at once, and can be made to fail in each of the ways a gateway does.

mod api;
mod books;
mod cards;
mod challenge;
mod clock;
mod console;
mod courier;
mod faults;
mod http;
mod ledger;
mod outbox;
mod refunds;
mod running;
mod settlement;

pub use api::{ListedMovement, ListedPayment};
pub use console::Console;
pub use faults::{Behaviour, Times};
pub use running::{Gateway, Settings};
