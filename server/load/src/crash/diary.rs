//! What shoppers know, whatever the shop remembers.

use types::OrderId;

pub const PLACED: &str = "order.placed";
pub const CARD_GIVEN: &str = "payment.method_given";
pub const CANCELLATION_ASKED: &str = "order.cancellation_requested";
pub const CONFIRMED: &str = "order.confirmed";
pub const REJECTED: &str = "order.rejected";
pub const CANCELLED: &str = "order.cancelled";

/// The shop has told a shopper of this event of an order: it must be in the log from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    pub order: OrderId,
    pub event: &'static str,
}

/// An order as it is sent; sent again it is still the same order.
#[derive(Debug, Clone)]
pub struct Placing {
    pub id: OrderId,
    pub cookie: String,
    pub form: String,
}

#[derive(Debug, Default)]
pub struct Diary {
    pub promises: Vec<Promise>,
    /// Orders that were sent and never answered: they may exist or not.
    pub unanswered: Vec<Placing>,
    /// What the shop must not have answered.
    pub complaints: Vec<String>,
}

impl Diary {
    /// Orders that were answered with "accepted".
    pub fn accepted(&self) -> usize {
        let placed = self.promises.iter().filter(|it| it.event == PLACED);
        placed.count()
    }
}
