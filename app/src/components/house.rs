//! The house whose shop this is.

pub use types::house::HOUSE;
