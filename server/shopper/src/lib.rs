//! A visitor of a running shop, as far as HTTP and the live socket go: for the load program, which
//! measures, and for the demo, which lets a day of shoppers loose.

pub mod forms;
pub mod http;
pub mod order_socket;
pub mod socket;
pub mod target;
