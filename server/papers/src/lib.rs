//! Packing slips, invoices, purchase orders and the labels of parcels as PDF. What stands where is decided first, as a list of
//! marks on pages; then it is drawn.

mod code128;
mod drawn;
mod fonts;
mod label;
mod order_papers;
mod purchase_paper;
mod sheet;

pub use drawn::PaperError;
pub use label::{Label, label};
pub use order_papers::{House, invoices, slips};
pub use purchase_paper::purchase_order;
