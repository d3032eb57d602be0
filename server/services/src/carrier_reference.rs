//! What a parcel is called where a carrier is asked: `parcel/ORDER/SHIPMENT` or `return/ORDER/RETURN`.

use std::fmt;

use types::{OrderId, ReturnId, ShipmentId};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reference {
    Parcel(OrderId, ShipmentId),
    Return(OrderId, ReturnId),
}

impl Reference {
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (kind, order, own) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let order = order.parse().ok()?;
        match kind {
            "parcel" => Some(Self::Parcel(order, own.parse().ok()?)),
            "return" => Some(Self::Return(order, own.parse().ok()?)),
            _ => None,
        }
    }

    pub const fn order(self) -> OrderId {
        match self {
            Self::Parcel(order, _) | Self::Return(order, _) => order,
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parcel(order, own) => write!(f, "parcel/{order}/{own}"),
            Self::Return(order, own) => write!(f, "return/{order}/{own}"),
        }
    }
}
