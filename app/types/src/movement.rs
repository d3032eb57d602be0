//! What moves the stock of a SKU.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// What moved stock.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum MovementKind {
    /// Pieces are promised to an order.
    Ordered,
    /// Pieces of an order that came to nothing can be sold again.
    Released,
    /// Pieces are promised to an order whose parcel was lost or came back: what came back is in the house again.
    PromisedAgain,
    /// Pieces have left in a parcel.
    Sent,
    /// Pieces of an order are in the house again.
    CameBack,
    /// A supplier has brought pieces.
    Received,
    Counted,
    /// A file or a change of many SKUs said how many there are.
    Imported,
    WrittenOff,
    /// A checkout holds pieces for a while.
    Held,
    /// A checkout holds fewer of them, or none.
    LetGo,
}

impl MovementKind {
    pub const fn title(self) -> &'static str {
        match self {
            Self::Ordered => "Ordered",
            Self::Released => "Released",
            Self::PromisedAgain => "To be sent again",
            Self::Sent => "Sent",
            Self::CameBack => "Came back",
            Self::Received => "Received",
            Self::Counted => "Counted",
            Self::Imported => "Set with others",
            Self::WrittenOff => "Written off",
            Self::Held => "Held for a checkout",
            Self::LetGo => "Let go by a checkout",
        }
    }

    /// What a checkout does for some minutes is no movement that anybody asks for later.
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Held | Self::LetGo)
    }
}

/// When a SKU has moved last, and why; what checkouts hold aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastMovement {
    pub kind: MovementKind,
    /// Unix microseconds.
    pub at_us: i64,
}
