//! Parcels of an order, as pages show them.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::ids::InvalidId;
use crate::{ShipmentId, Sku};

/// How far the pieces of an order have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FulfilmentStatus {
    /// Nothing is packed.
    #[default]
    Open,
    /// Some of it is packed, nothing has left.
    Packed,
    /// Some of it has left.
    PartlyShipped,
    /// All of it has left, and what was lost or came back is packed once more.
    SendingAgain,
    /// All of it has left.
    Shipped,
    /// The same, and a parcel goes in place of one that was lost or came back.
    ShippedAgain,
    /// Nothing is on its way; somebody has to say what becomes of a parcel that came back.
    CameBack,
    /// The same of one that was lost.
    Lost,
    /// What has left has arrived, and nothing is missing but what was paid back.
    Delivered,
    /// Nothing of it arrived, and nobody waits for it any more.
    Undelivered,
}

/// Who brings a parcel.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    Hash,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(
    serialize_all = "snake_case",
    const_into_str,
    parse_err_ty = InvalidId,
    parse_err_fn = unknown_carrier
)]
pub enum Carrier {
    /// Any: staff take it there and say what became of it.
    #[default]
    Manual,
    /// The built-in one, or another that speaks as it does.
    Simulator,
}

impl Carrier {
    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Manual => "Any carrier, by hand",
            Self::Simulator => "Parcel Post (simulated)",
        }
    }
}

fn unknown_carrier(text: &str) -> InvalidId {
    InvalidId {
        expected: "manual or simulator",
        got: text.chars().take(60).collect(),
    }
}

/// What a carrier calls a parcel, and where it tells how it fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracking {
    pub number: String,
    /// A page of the carrier, `https://…`, if it has one.
    pub url: Option<String>,
}

/// A tracking number is at most so long; carriers' are 10 to 35.
const MAX_TRACKING_NUMBER: usize = 60;
const MAX_TRACKING_URL: usize = 500;

impl Tracking {
    /// What staff typed: `None` when there is none.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn typed(number: &str, url: &str) -> Result<Option<Self>, &'static str> {
        let (number, url) = (number.trim(), url.trim());
        if number.is_empty() {
            return match url.is_empty() {
                true => Ok(None),
                false => Err("Enter the tracking number, too."),
            };
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '.' | '/');
        if number.chars().count() > MAX_TRACKING_NUMBER || !number.chars().all(is_plain) {
            return Err("Enter a tracking number of at most 60 letters and digits.");
        }
        if url.is_empty() {
            let number = number.to_owned();
            return Ok(Some(Self { number, url: None }));
        }
        let has_host = url
            .strip_prefix("https://")
            .is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
        let is_clean = url.chars().all(|c| c.is_ascii_graphic());
        if !has_host || !is_clean || url.len() > MAX_TRACKING_URL {
            return Err("Enter the address of the tracking page as https://…, or leave it out.");
        }
        Ok(Some(Self {
            number: number.to_owned(),
            url: Some(url.to_owned()),
        }))
    }
}

/// What a carrier says of a parcel.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(
    serialize_all = "snake_case",
    const_into_str,
    parse_err_ty = InvalidId,
    parse_err_fn = unknown_status
)]
pub enum CarrierStatus {
    /// There is a label, and the carrier does not have the parcel yet.
    Labelled,
    Accepted,
    InTransit,
    OutForDelivery,
    Delivered,
    Lost,
    /// Brought back to its sender.
    Returned,
    /// The label was given back before anything was sent with it.
    Cancelled,
}

fn unknown_status(text: &str) -> InvalidId {
    InvalidId {
        expected: "the status of a parcel, such as in_transit",
        got: text.chars().take(60).collect(),
    }
}

impl CarrierStatus {
    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Labelled => "Announced",
            Self::Accepted => "Accepted",
            Self::InTransit => "In transit",
            Self::OutForDelivery => "Out for delivery",
            Self::Delivered => "Delivered",
            Self::Lost => "Lost",
            Self::Returned => "Returned to sender",
            Self::Cancelled => "Cancelled",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentState {
    Packed,
    Shipped,
    Delivered,
    Lost,
    /// The carrier has brought it back.
    CameBack,
}

impl ShipmentState {
    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Packed => "Packed",
            Self::Shipped => "On its way",
            Self::Delivered => "Delivered",
            Self::Lost => "Lost",
            Self::CameBack => "Came back to us",
        }
    }
}

/// What became of a parcel that has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(
    serialize_all = "snake_case",
    const_into_str,
    parse_err_ty = InvalidId,
    parse_err_fn = unknown_outcome
)]
pub enum Outcome {
    Delivered,
    Lost,
    CameBack,
}

fn unknown_outcome(text: &str) -> InvalidId {
    InvalidId {
        expected: "delivered, lost or came_back",
        got: text.chars().take(60).collect(),
    }
}

/// Where a parcel is that has left and not arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transit {
    InTransit,
    OutForDelivery,
}

impl Transit {
    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::InTransit => "In transit",
            Self::OutForDelivery => "Out for delivery",
        }
    }
}

/// How far the label of a parcel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelState {
    /// The carrier is being asked for it.
    Requested,
    Bought,
    /// The carrier has refused.
    Failed,
    /// The carrier is being asked to take it back.
    CancelRequested,
    Cancelled,
    /// The carrier does not take it back.
    Kept,
}

/// The label of a parcel, as staff see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelLabel {
    pub shipment_id: ShipmentId,
    /// The parcel's number.
    pub number: u32,
    pub carrier: Carrier,
    pub state: LabelState,
    pub tracking: Option<Tracking>,
    /// Why it was refused or is kept.
    pub reason: String,
    /// When the carrier was asked, unix microseconds.
    pub asked_at_us: i64,
}

/// Pieces of one SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pieces {
    pub sku: Sku,
    pub quantity: u32,
}

/// A parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    pub id: ShipmentId,
    /// 1 for the first of its order.
    pub number: u32,
    pub state: ShipmentState,
    pub lines: Vec<Pieces>,
    pub tracking: Option<Tracking>,
    /// Where it is, and since when, unix microseconds, while the carrier says so.
    pub transit: Option<(Transit, i64)>,
    /// What is to be decided about it, or was.
    pub astray: Option<Astray>,
    /// The number of the parcel that it is sent in place of.
    pub replaces: Option<u32>,
}

/// How it stands with a parcel that was lost or came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Astray {
    /// Somebody has to say what becomes of it.
    Open {
        /// Its pieces lie in the house, and are not in the books.
        has_pieces: bool,
        /// It was sent again or paid back before it came: its pieces are all that is left to decide about.
        is_settled: bool,
    },
    /// It is to be sent again, if the stock is there.
    Asked,
    /// The parcel of this number goes in its place.
    SentAgain(u32),
    /// Nobody waits for it any more.
    GivenUp,
    /// It has arrived although another was sent in its place, or it was given up.
    TurnedUp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_staff_type_of_a_parcel_is_looked_at() {
        assert_eq!(Tracking::typed(" ", ""), Ok(None));
        let typed = Tracking::typed(" JD 014-6 ", "https://t.example/?n=JD0146");
        let typed = typed.expect("good").expect("one");
        assert_eq!(typed.number, "JD 014-6");
        assert_eq!(typed.url.as_deref(), Some("https://t.example/?n=JD0146"));
        for (number, url) in [
            ("", "https://t.example"),
            ("1", "http://t.example"),
            ("1", "javascript:alert(1)"),
            ("1", "https:///x"),
            ("1", "https://t.example/a b"),
            ("<b>", ""),
            (&*"1".repeat(61), ""),
        ] {
            assert!(Tracking::typed(number, url).is_err(), "{number} {url}");
        }
    }
}
