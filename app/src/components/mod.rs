//! Small parts that pages and islands share. None of them needs the browser.

#[cfg(feature = "ssr")]
pub mod admin_frame;
#[cfg(feature = "ssr")]
pub mod frame;
#[cfg(feature = "ssr")]
pub mod lazy_hint;
pub mod local_time;
#[cfg(feature = "ssr")]
pub mod picture;
pub mod problem_note;
#[cfg(feature = "ssr")]
pub mod product_card;
pub mod quantity_field;
pub mod stock_label;
pub mod subject;
pub mod when;

#[cfg(feature = "ssr")]
pub use admin_frame::AdminFrame;
#[cfg(feature = "ssr")]
pub use frame::ShopFrame;
#[cfg(feature = "ssr")]
pub use lazy_hint::LazyHint;
pub use local_time::LocalTime;
#[cfg(feature = "ssr")]
pub use picture::Picture;
pub use problem_note::ProblemNote;
#[cfg(feature = "ssr")]
pub use product_card::ProductCards;
pub use quantity_field::QuantityField;
pub use stock_label::StockLabel;
pub use subject::Subject;
