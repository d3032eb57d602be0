//! What is live or interactive, one file per island. Each renders on the server too, and what it
//! renders there works without JavaScript.

pub mod announcer;
pub mod buy_box;
pub mod card_stock;
pub mod cart_count;
#[cfg(feature = "hydrate")]
pub mod cart_drawer;
pub mod cart_lines;
pub mod connection_dot;
#[cfg(feature = "hydrate")]
pub mod dialogs;
pub mod focus;
#[cfg(feature = "hydrate")]
pub mod gallery;
pub mod tab;
#[cfg(feature = "hydrate")]
pub mod translated;
pub mod typed;

pub mod billing_fields;
pub mod card_fields;
pub mod checkout_form;
pub mod countdown;
pub mod field;
pub mod missing;
pub mod order_desk;
pub mod order_next;
pub mod order_parcels;
pub mod order_payment;
pub mod order_piece;
pub mod order_progress;
pub mod order_time;
pub mod return_form;

pub mod admin_desk;
pub mod desk_money;
pub mod desk_notes;
pub mod desk_order;
pub mod desk_orders;
pub mod desk_parcels;
pub mod desk_returns;
pub mod event_stream;
pub mod inventory_table;
pub mod inventory_tools;
pub mod inventory_view;
pub mod posted;
pub mod print_button;
pub mod stock_correction;
