//! What the shop's services can be told.

use domain::order::{CaptureOn, Rules};

#[derive(Debug, Clone, Copy)]
pub struct ShopSettings {
    pub orders: Rules,
}

impl Default for ShopSettings {
    fn default() -> Self {
        Self {
            orders: Rules {
                payment_window_us: 15 * 60 * 1_000_000,
                capture: CaptureOn::Shipment,
            },
        }
    }
}
