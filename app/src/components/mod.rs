//! Small parts that pages and islands share. None of them needs the browser.

#[cfg(feature = "ssr")]
pub mod admin_frame;
pub mod anchor;
#[cfg(feature = "ssr")]
pub mod bar_chart;
#[cfg(feature = "ssr")]
pub mod desk_field;
pub mod desk_pages;
pub mod desk_search;
#[cfg(feature = "ssr")]
pub mod event_filter;
#[cfg(feature = "ssr")]
pub mod events_nav;
#[cfg(feature = "ssr")]
pub mod frame;
#[cfg(feature = "ssr")]
pub mod gallery;
#[cfg(feature = "ssr")]
pub mod gift_note;
#[cfg(feature = "ssr")]
pub mod house;
#[cfg(feature = "ssr")]
pub mod lazy_hint;
pub mod line_picture;
pub mod local_time;
#[cfg(feature = "ssr")]
pub mod paper;
#[cfg(feature = "ssr")]
pub mod picture;
pub mod problem_note;
#[cfg(feature = "ssr")]
pub mod product_card;
pub mod quantity_field;
#[cfg(feature = "ssr")]
pub mod sharing;
#[cfg(feature = "ssr")]
pub mod size_guide;
pub mod stock_label;
pub mod story;
#[cfg(feature = "ssr")]
pub mod structured;
pub mod subject;
pub mod when;

#[cfg(feature = "ssr")]
pub use admin_frame::AdminFrame;
#[cfg(feature = "ssr")]
pub use bar_chart::BarChart;
#[cfg(feature = "ssr")]
pub use desk_field::{Holds, desk_area, desk_choice, desk_field};
pub use desk_pages::DeskPages;
pub use desk_search::{DeskSearch, Search};
#[cfg(feature = "ssr")]
pub use frame::ShopFrame;
#[cfg(feature = "ssr")]
pub use gallery::Gallery;
#[cfg(feature = "ssr")]
pub use gift_note::GiftNote;
#[cfg(feature = "ssr")]
pub use lazy_hint::LazyHint;
pub use line_picture::LinePicture;
pub use local_time::{LocalClock, LocalTime};
#[cfg(feature = "ssr")]
pub use picture::Picture;
pub use problem_note::{ProblemNote, beyond_fields};
#[cfg(feature = "ssr")]
pub use product_card::ProductCards;
pub use quantity_field::QuantityField;
#[cfg(feature = "ssr")]
pub use size_guide::SizeGuide;
pub use stock_label::StockLabel;
pub use story::Story;
#[cfg(feature = "ssr")]
pub use structured::Structured;
pub use subject::Subject;
