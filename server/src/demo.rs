//! A believable day of the demo shop: visitors who look around, fill carts, order with test cards and
//! change their minds, and staff who count. They come through the shop's public door and know no more
//! than any browser does.

mod clock;
mod day;
mod people;
mod shelf;
mod staff;
mod visitor;
mod world;

pub use day::{Plan, run};
