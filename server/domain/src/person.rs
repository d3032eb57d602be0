//! Who ordered: nothing of them is in the log but that somebody was erased.

pub mod events;
