//! Packing slips, invoices, credit notes, purchase orders and the labels of parcels as PDF. What stands where is decided first, as a list of
//! marks on pages; then it is drawn.

mod bill;
mod code128;
mod drawn;
mod fonts;
mod label;
mod paper;
mod purchase_paper;
mod sheet;
mod slip;

pub use bill::{credit_notes, invoices};
pub use drawn::PaperError;
pub use label::{Label, label};
pub use paper::House;
pub use purchase_paper::purchase_order;
pub use slip::slips;
