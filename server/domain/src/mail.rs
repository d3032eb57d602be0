//! The mails that the shop writes: what is decided about them. Whom they go to and what became of them
//! stands in a table, where it can be erased.

pub mod events;
