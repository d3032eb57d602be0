//! What the shop's services can be told.

use domain::back_in_stock;
use domain::event::Gateway;
use domain::monitoring::Acts;
use domain::order::{CaptureOn, Rules};
use domain::reservation;
use types::fulfilment::Carrier;

#[derive(Debug, Clone, Copy)]
pub struct ShopSettings {
    pub orders: Rules,
    pub reservations: reservation::Rules,
    pub back_in_stock: back_in_stock::Rules,
    /// What the rules that watch the shop do beside raising an alert.
    pub acts: Acts,
}

impl Default for ShopSettings {
    fn default() -> Self {
        Self {
            orders: Rules {
                payment_window_us: 15 * 60 * 1_000_000,
                capture: CaptureOn::Shipment,
                gateway: Gateway::Test,
                returns_by: Carrier::Manual,
            },
            reservations: reservation::Rules::of_seconds(600),
            back_in_stock: back_in_stock::Rules::of_seconds(24 * 60 * 60),
            acts: Acts::default(),
        }
    }
}
