//! Small parts that pages and islands share. None of them needs the browser.

pub mod frame;
pub mod problem_note;
pub mod stock_label;

#[cfg(feature = "ssr")]
pub use frame::ShopFrame;
pub use problem_note::ProblemNote;
pub use stock_label::StockLabel;
