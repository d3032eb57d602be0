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
mod idempotency;
mod kept_pages;
mod mail_delivery;
mod mail_desk;
mod mail_links;
mod mails;
mod module_circles;
mod orders_desk;
mod oversell;
mod parcels;
mod persons;
mod prices;
mod process;
mod release_1;
mod replay;
mod rest;
mod sessions;
mod shop;
mod slow_reader;
mod smtp_sink;
mod socket;
mod story;
