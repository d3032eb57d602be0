//! The shop as its shoppers meet it: a real server on a free port, HTTP and WebSocket clients, and a
//! database of its own for every test. One binary, so that it links once.

mod architecture;
mod bad_input;
mod cards;
mod client;
mod database_away;
mod demo;
mod desk;
mod doors;
mod endings;
mod failpoints;
mod found;
mod found_again;
mod health;
mod kept_pages;
mod module_circles;
mod orders_desk;
mod oversell;
mod idempotency;
mod parcels;
mod prices;
mod persons;
mod process;
mod release_1;
mod replay;
mod rest;
mod sessions;
mod shop;
mod slow_reader;
mod socket;
mod story;
