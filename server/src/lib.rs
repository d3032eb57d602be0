//! The shop's server: reads its settings, opens the parts, wires them, serves, and drains on shutdown.

pub mod cli;
pub mod config;
mod event_loop;
mod http;
pub mod live;
mod secret;
mod serve;

pub use serve::{Running, start};
