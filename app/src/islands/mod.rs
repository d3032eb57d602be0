//! What is live or interactive, one file per island. Each renders on the server too, and what it
//! renders there works without JavaScript.

pub mod announcer;
pub mod buy_box;
pub mod card_stock;
pub mod cart_count;
pub mod cart_lines;
pub mod connection_dot;

pub mod checkout_form;
pub mod inventory_table;
pub mod order_progress;
