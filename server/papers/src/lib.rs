//! Packing slips and invoices as PDF. What stands where is decided first, as a list of marks on pages; then
//! it is drawn.

mod drawn;
mod fonts;
mod order_papers;
mod sheet;

pub use drawn::PaperError;
pub use order_papers::{House, invoices, slips};
