//! What the shop's services can be told.

#[derive(Debug, Clone, Copy)]
pub struct ShopSettings {
    /// How long stock is held for an order that is not paid, in microseconds.
    pub payment_window_us: i64,
}

impl Default for ShopSettings {
    fn default() -> Self {
        Self {
            payment_window_us: 15 * 60 * 1_000_000,
        }
    }
}
