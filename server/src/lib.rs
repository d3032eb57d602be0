//! The shop's server: reads its settings, opens the parts, wires them, serves, and drains on shutdown.

mod carrier;
pub mod cli;
pub mod config;
mod connections;
pub mod demo;
mod desk_news;
mod event_loop;
pub mod gateway;
mod health;
mod housekeeping;
mod http;
mod limits;
pub mod live;
mod mail;
mod measure;
mod secret;
mod serve;
mod settlement;
mod source;
mod supervise;
pub mod suppliers;
mod watch;

pub use serve::{Running, WayIn, start};
