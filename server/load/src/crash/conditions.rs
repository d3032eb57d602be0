//! What the shop of a crash run is set to.

/// Pieces of every SKU. Fewer than the shoppers of a round want of the one they begin with.
pub const STOCK: i64 = 100;
/// Short, so that orders which nobody pays end soon; each round waits for them.
pub const PAYMENT_WINDOW_SECONDS: u32 = 1;
/// Long enough for a kill to come between a question to the gateway and its answer.
pub const GATEWAY_DELAY_MS: u32 = 5;

/// Shoppers at once.
pub const SHOPPERS: usize = 24;
