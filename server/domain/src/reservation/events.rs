//! What happens to the pieces that a checkout holds. They are about stock, and of one shopper in order.

use serde::{Deserialize, Serialize};
use types::order::Shortage;
use types::{ShopperId, Sku};

use crate::event::{Pieces, StockMove, declare};

/// Why a reservation is not extended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ExtensionRefusal {
    #[error("Your pieces are not held any more.")]
    Ended,
    #[error("Your pieces were held for as long as they can be. Order them now.")]
    TooOften,
}

/// Why pieces are not held any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleasedBy {
    /// Its time was over, or the checkout was closed.
    Deadline,
    /// The cart holds nothing any more.
    EmptyCart,
}

declare! {
    /// A shopper is at the checkout: what is in the cart is to be held.
    ReservationRequested ("reservation.requested" on "stock", ordered by shopper_id) {
        shopper_id: ShopperId,
        /// The whole cart, an entry per SKU; no pieces of one that was held and is wanted no more.
        lines: Vec<Pieces>,
    }

    /// This is held now, as far as there was enough.
    ReservationHeld ("reservation.held" on "stock", ordered by shopper_id) {
        shopper_id: ShopperId,
        /// Everything that is held now.
        lines: Vec<Pieces>,
        /// What was wanted and is not there.
        short: Vec<Shortage>,
        /// Unix microseconds.
        until_us: i64,
        /// How often that end has been put off.
        extensions: u32,
        moves: Vec<StockMove>,
    }

    /// The shopper asks for more time.
    ReservationExtensionRequested ("reservation.extension_requested" on "stock", ordered by shopper_id) {
        shopper_id: ShopperId,
    }

    /// There is more time.
    ReservationExtended ("reservation.extended" on "stock", ordered by shopper_id) {
        shopper_id: ShopperId,
        /// Unix microseconds.
        until_us: i64,
        extensions: u32,
    }

    /// There is not.
    ReservationExtensionRefused ("reservation.extension_refused" on "stock", ordered by shopper_id) {
        shopper_id: ShopperId,
        refusal: ExtensionRefusal,
    }

    /// The checkout was closed, or is being loaded again.
    ReservationLeft ("reservation.left" on "stock", ordered by shopper_id) {
        shopper_id: ShopperId,
    }

    /// Unless the checkout is back before, the pieces are held this long.
    ReservationShortened ("reservation.shortened" on "stock", ordered by shopper_id) {
        shopper_id: ShopperId,
        /// Unix microseconds.
        left_until_us: i64,
    }

    /// The time of a reservation is over.
    ReservationElapsed ("reservation.elapsed" on "stock", ordered by shopper_id) {
        shopper_id: ShopperId,
        /// The SKUs that were held then.
        skus: Vec<Sku>,
        /// Unix microseconds.
        ends_us: i64,
    }

    /// The pieces are on the shelf again.
    ReservationReleased ("reservation.released" on "stock", ordered by shopper_id) {
        shopper_id: ShopperId,
        by: ReleasedBy,
        moves: Vec<StockMove>,
    }
}
