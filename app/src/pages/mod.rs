//! One file per page: plain server HTML. What moves on a page is an island.

#[cfg(feature = "ssr")]
pub mod admin_events;
#[cfg(feature = "ssr")]
pub mod admin_inventory;
#[cfg(feature = "ssr")]
pub mod admin_mail;
#[cfg(feature = "ssr")]
pub mod admin_mails;
#[cfg(feature = "ssr")]
pub mod admin_order;
#[cfg(feature = "ssr")]
pub mod admin_orders;
#[cfg(feature = "ssr")]
pub mod admin_papers;
#[cfg(feature = "ssr")]
pub mod admin_sign_in;
#[cfg(feature = "ssr")]
pub mod cart;
#[cfg(feature = "ssr")]
pub mod category;
#[cfg(feature = "ssr")]
pub mod checkout;
#[cfg(feature = "ssr")]
pub mod home;
#[cfg(feature = "ssr")]
pub mod not_found;
#[cfg(feature = "ssr")]
pub mod order;
#[cfg(feature = "ssr")]
pub mod orders;
#[cfg(feature = "ssr")]
mod page_problem;
#[cfg(feature = "ssr")]
pub mod plain;
#[cfg(feature = "ssr")]
pub mod product;
