//! An order as the shopper sees it: its lines, its state, and the steps it has taken.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::cart::Totals;
use crate::catalogue::Image;
use crate::checkout::{BillingAddress, COUNTRIES, DeliveryMethod};
use crate::fulfilment::{Tracking, Transit};
use crate::returns::BackTransit;
use crate::{Money, OrderId, RefundId, Sku, Slug};

/// Where an order stands. As a word, `awaiting_payment`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum OrderStatus {
    /// Accepted; the stock is being reserved.
    Reserving,
    /// Reserved; the gateway is being asked.
    Paying,
    /// Reserved; the shopper has to do something at the gateway.
    ActionRequired,
    /// Reserved and waiting for a card: none was given yet, or the last one was declined.
    AwaitingPayment,
    /// Paid for and allocated.
    Confirmed,
    /// Some of it is packed, nothing has left.
    Packed,
    PartlyShipped,
    /// All of it has left, and what was lost or came back is packed once more.
    SendingAgain,
    /// All of it has left.
    Shipped,
    /// The same, and a parcel goes in place of one that was lost or came back.
    ShippedAgain,
    /// A parcel came back, and it is to be decided what becomes of it.
    CameBack,
    /// The same of one that was lost.
    Lost,
    Delivered,
    /// Nothing of it arrived, and nobody waits for it any more.
    Undelivered,
    /// Not enough stock; nothing was charged.
    Rejected,
    /// Ended before anything was shipped: stock released, nothing charged.
    Cancelled,
}

impl OrderStatus {
    /// Whether nothing more will happen to the order by itself or by payment.
    pub const fn is_final(self) -> bool {
        !matches!(
            self,
            Self::Reserving | Self::Paying | Self::ActionRequired | Self::AwaitingPayment
        )
    }

    /// Whether it was paid for and stands: there is something to send, or it was sent.
    pub const fn is_paid(self) -> bool {
        match self {
            Self::Confirmed
            | Self::Packed
            | Self::PartlyShipped
            | Self::SendingAgain
            | Self::Shipped
            | Self::ShippedAgain
            | Self::CameBack
            | Self::Lost
            | Self::Delivered
            | Self::Undelivered => true,
            Self::Reserving
            | Self::Paying
            | Self::ActionRequired
            | Self::AwaitingPayment
            | Self::Rejected
            | Self::Cancelled => false,
        }
    }
}

/// Why the gateway declined, in the field's usual words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclineReason {
    CardDeclined,
    InsufficientFunds,
    ExpiredCard,
    IncorrectCvc,
    ProcessingError,
    /// The token is unknown to the gateway, used up or too old.
    InvalidToken,
    /// The bank asked who pays, and was not told in time or told that it is somebody else.
    NotAuthenticated,
}

impl DeclineReason {
    /// For staff.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CardDeclined => "card declined",
            Self::InsufficientFunds => "insufficient funds",
            Self::ExpiredCard => "expired card",
            Self::IncorrectCvc => "wrong security code",
            Self::ProcessingError => "processing error",
            Self::InvalidToken => "token unknown or expired",
            Self::NotAuthenticated => "not authenticated",
        }
    }

    /// What the shopper can do about it.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::CardDeclined => "Your bank declined this card. Try another one.",
            Self::InsufficientFunds => "This card has insufficient funds. Try another one.",
            Self::ExpiredCard => "This card has expired. Try another one.",
            Self::IncorrectCvc => "The security code did not match. Check it, or try another card.",
            Self::ProcessingError => "The bank could not process this just now. Try again.",
            Self::InvalidToken => "The card details have expired. Enter them again.",
            Self::NotAuthenticated => {
                "Your bank was not told that it is you who pays. Try again, or another card."
            }
        }
    }
}

/// One step of an order, as it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub kind: StepKind,
    /// Unix microseconds.
    pub at_us: i64,
    /// Position of the event in the log; also tells a step seen twice from a new one.
    pub position: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum StepKind {
    Placed,
    Reserved,
    /// No card was given yet.
    PaymentMethodRequired,
    /// The SKUs that were short and how many pieces were there at that moment.
    StockRejected {
        short: Vec<Shortage>,
    },
    PaymentRequested,
    PaymentDeclined {
        reason: DeclineReason,
    },
    /// The shopper has to go there: a path of the shop, or an address of the gateway.
    PaymentActionRequired {
        url: String,
    },
    PaymentAuthorized,
    Confirmed,
    Rejected,
    Cancelled {
        by: CancelledBy,
    },
    Packed,
    /// A parcel is packed in place of one that was lost or came back.
    PackedAgain {
        /// The one that it replaces.
        parcel: u32,
    },
    /// What was packed is unpacked again.
    Unpacked,
    /// What was packed in place of another parcel is unpacked, and it is open what becomes of that one.
    UnpackedAgain {
        parcel: u32,
    },
    /// A parcel has left; 1 is the first of its order.
    Shipped {
        parcel: u32,
        pieces: u32,
        tracking: Option<Tracking>,
        /// The one that it goes in place of.
        #[serde(default)]
        replaces: Option<u32>,
    },
    /// The carrier says where a parcel is.
    Moved {
        parcel: u32,
        transit: Transit,
        /// Unix microseconds.
        since_us: i64,
    },
    Delivered {
        parcel: u32,
    },
    Lost {
        parcel: u32,
    },
    CameBack {
        parcel: u32,
    },
    /// Nobody waits for a parcel any more that was lost or came back.
    GivenUp {
        parcel: u32,
    },
    /// What had not left never will.
    RestCancelled {
        pieces: u32,
    },
    Refunded {
        amount: Money,
        /// Names its credit note.
        refund_id: RefundId,
    },
    /// The gateway has taken on to give money back.
    RefundPending {
        amount: Money,
    },
    /// What was on its way back did not arrive.
    RefundFailed {
        amount: Money,
    },
    /// The customer wants to send pieces back; 1 is the first return of the order.
    ReturnAsked {
        number: u32,
    },
    ReturnAccepted {
        number: u32,
    },
    ReturnDeclined {
        number: u32,
    },
    /// The carrier says where a return is.
    ReturnMoved {
        number: u32,
        transit: BackTransit,
    },
    ReturnReceived {
        number: u32,
    },
    /// The order goes to another address than it did.
    AddressCorrected,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    pub sku: Sku,
    pub wanted: u32,
    pub available: i64,
}

impl Shortage {
    /// What there was.
    pub const fn left(&self) -> (&Sku, i64) {
        (&self.sku, self.available)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelledBy {
    Shopper,
    /// The payment window ended before a card was accepted.
    PaymentWindow,
    /// The shop did not manage it in time, or gave it up.
    Deadline,
    Staff,
}

/// The part of an order that moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub status: OrderStatus,
    /// In the order they happened.
    pub steps: Vec<Step>,
    /// End of the payment window, unix microseconds, while the stock is reserved.
    pub reserved_until_us: Option<i64>,
}

/// What the socket tells of it: all of it, or what an event has added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgressNews {
    /// `None` when the event leaves it as it was.
    pub status: Option<OrderStatus>,
    pub steps: Vec<Step>,
    pub reserved_until_us: Option<i64>,
}

impl From<Progress> for ProgressNews {
    fn from(progress: Progress) -> Self {
        Self {
            status: Some(progress.status),
            steps: progress.steps,
            reserved_until_us: progress.reserved_until_us,
        }
    }
}

impl Progress {
    /// Takes in news of the same order: steps already known are not added twice.
    pub fn merge(&mut self, later: &ProgressNews) {
        let known = self.steps.last().map_or(0, |step| step.position);
        let newest = later.steps.last().map_or(0, |step| step.position);
        if newest < known {
            return;
        }
        // The answer to a card may come after the order has ended.
        if let Some(status) = later.status
            && (status.is_final() || !self.status.is_final())
        {
            self.status = status;
        }
        // Pushed changes name the end of the window only when it is set.
        if later.reserved_until_us.is_some() {
            self.reserved_until_us = later.reserved_until_us;
        }
        self.steps.extend(
            later
                .steps
                .iter()
                .filter(|step| step.position > known)
                .cloned(),
        );
    }

    /// What was short of stock when the order was rejected.
    pub fn shortages(&self) -> &[Shortage] {
        let mut latest = self.steps.iter().rev();
        latest
            .find_map(|step| match &step.kind {
                StepKind::StockRejected { short } => Some(short.as_slice()),
                _ => None,
            })
            .unwrap_or_default()
    }

    /// Where the shopper has to go, if the order waits for that.
    pub fn action(&self) -> Option<&str> {
        if self.status != OrderStatus::ActionRequired {
            return None;
        }
        let mut latest = self.steps.iter().rev();
        latest.find_map(|step| match &step.kind {
            StepKind::PaymentActionRequired { url } => Some(url.as_str()),
            _ => None,
        })
    }

    /// The last decline, if the order still waits for a card because of it.
    pub fn decline(&self) -> Option<DeclineReason> {
        let mut latest = self.steps.iter().rev();
        // That says nothing of the payment.
        let last = latest.find(|step| step.kind != StepKind::AddressCorrected);
        match last?.kind {
            StepKind::PaymentDeclined { reason } => Some(reason),
            _ => None,
        }
    }
}

/// The whole order for its page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub id: OrderId,
    /// Short name for people, e.g. `V-7K3M2Q9A`.
    pub number: String,
    pub email: String,
    pub name: String,
    pub street: String,
    pub street_2: String,
    pub postal_code: String,
    pub city: String,
    pub country: String,
    pub phone: String,
    /// Where the bill goes; `None` for the address above.
    pub billing: Option<BillingAddress>,
    /// Whether it was placed from this browser's cart, and not found again by number and email.
    pub is_own: bool,
    pub delivery: DeliveryMethod,
    pub lines: Vec<OrderLine>,
    pub totals: Totals,
    pub placed_at_us: i64,
    pub progress: Progress,
    /// Position of the log at which `progress` is true.
    pub position: u64,
}

impl Order {
    /// Where it goes, the country in words.
    pub fn ship_to(&self) -> BillingAddress {
        let country = COUNTRIES.iter().find(|(code, _)| *code == self.country);
        let country = country.map_or(self.country.as_str(), |(_, name)| name);
        BillingAddress {
            name: self.name.clone(),
            street: self.street.clone(),
            street_2: self.street_2.clone(),
            postal_code: self.postal_code.clone(),
            city: self.city.clone(),
            country: country.to_owned(),
        }
    }

    /// Where the bill goes.
    pub fn bill_to(&self) -> BillingAddress {
        self.billing.clone().unwrap_or_else(|| self.ship_to())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    pub sku: Sku,
    pub product: Slug,
    pub title: String,
    pub variant: String,
    pub image: Image,
    pub quantity: u32,
    pub gift_note: Option<String>,
    pub unit_price: Money,
}

/// An order among others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderSummary {
    pub id: OrderId,
    pub number: String,
    pub placed_at_us: i64,
    pub status: OrderStatus,
    pub total: Money,
    pub pieces: u32,
    /// Title and picture of its first piece, as long as the shop knows it.
    pub first: Option<(String, Image)>,
}

/// Pieces of each line that can be had of what is `available`, in the order of the lines. Pieces of one
/// SKU on several lines are served in that order; of what is not named there is enough.
pub fn quantities_left<'a>(
    lines: impl IntoIterator<Item = (&'a Sku, u32)>,
    available: impl IntoIterator<Item = (&'a Sku, i64)>,
) -> Vec<u32> {
    let available = available.into_iter().map(|(sku, left)| (sku, left.max(0)));
    let mut available: Vec<(&Sku, i64)> = available.collect();
    let mut left = Vec::new();
    for (sku, quantity) in lines {
        let Some((_, there)) = available.iter_mut().find(|(short, _)| *short == sku) else {
            left.push(quantity);
            continue;
        };
        let served = i64::from(quantity).min(*there);
        *there -= served;
        left.push(u32::try_from(served).unwrap_or(0));
    }
    left
}

/// Crockford's base 32, which has no letters that are read wrong.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The number people say on the phone: the last 40 (random) bits of the id.
pub fn order_number(id: OrderId) -> String {
    format!("V-{}", number_digits(id.uuid()))
}

/// The digits of a number: the last forty bits of an id.
pub(crate) fn number_digits(id: uuid::Uuid) -> String {
    let bits = id.as_u128();
    let digits = (0..8)
        .rev()
        .map(|i| ALPHABET[(bits >> (i * 5)) as usize & 31] as char);
    digits.collect()
}

/// The last ten hexadecimal digits of the ids that have this number; `None` when it is none. As
/// Crockford has it, O is read as 0, and I and L as 1.
pub fn id_ending(number: &str) -> Option<String> {
    let digits = number.trim().to_ascii_uppercase();
    let digits = digits.strip_prefix("V-").unwrap_or(&digits);
    if digits.len() != DIGITS {
        return None;
    }
    Some(hexadecimal(bits_of(digits)?))
}

/// The first and the last ending of the ids whose numbers begin so; `None` for what begins no number.
/// Of less than a whole number the `V-` is part.
pub fn id_endings(beginning: &str) -> Option<(String, String)> {
    if let Some(ending) = id_ending(beginning) {
        return Some((ending.clone(), ending));
    }
    let beginning = beginning.trim().to_ascii_uppercase();
    let digits = beginning.strip_prefix("V-")?;
    if !(1..DIGITS).contains(&digits.len()) {
        return None;
    }
    let open = 5 * (DIGITS - digits.len());
    let first = bits_of(digits)? << open;
    Some((hexadecimal(first), hexadecimal(first | ((1 << open) - 1))))
}

/// Digits of a number.
const DIGITS: usize = 8;

fn bits_of(digits: &str) -> Option<u64> {
    let mut bits: u64 = 0;
    for digit in digits.bytes() {
        let digit = match digit {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            digit => digit,
        };
        let value = ALPHABET.iter().position(|known| *known == digit)?;
        bits = bits << 5 | value as u64;
    }
    Some(bits)
}

fn hexadecimal(bits: u64) -> String {
    format!("{bits:010x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_leads_back_to_the_end_of_its_id() {
        let id: OrderId = "0199c0a0-1111-7aaa-8bbb-123456789abc"
            .parse()
            .expect("an id");
        let number = order_number(id);
        assert_eq!(id_ending(&number).as_deref(), Some("3456789abc"));
        let said = number.replace("V-", " ").replace('1', "l").to_lowercase();
        assert_eq!(id_ending(&said).as_deref(), Some("3456789abc"));
        for none in [
            "",
            "V-",
            "V-1234567",
            "V-U2345678",
            "AS-VEG-WG-50",
            "V-é234567",
        ] {
            assert_eq!(id_ending(none), None, "{none}");
        }
    }

    #[test]
    fn the_beginning_of_a_number_stands_for_all_that_begin_so() {
        let all = ("0000000000".to_owned(), "ffffffffff".to_owned());
        let (first, last) = id_endings("v-6").expect("a beginning");
        assert!(all.0 < first && first < last && last < all.1);
        let of = |number| id_ending(number).expect("a number");
        assert_eq!((first, last), (of("V-60000000"), of("V-6ZZZZZZZ")));
        let whole = of("V-6HB7H6NW");
        assert_eq!(id_endings("6hb7h6nw"), Some((whole.clone(), whole)));
        for none in ["", "V-", "6", "6HB7", "V-U", "V-6HB7H6NWX", "v-é"] {
            assert_eq!(id_endings(none), None, "{none}");
        }
    }

    fn progress(status: OrderStatus, positions: &[u64]) -> Progress {
        let step = |&position| Step {
            kind: StepKind::Placed,
            at_us: 0,
            position,
        };
        let steps = positions.iter().map(step).collect();
        Progress {
            status,
            steps,
            reserved_until_us: None,
        }
    }

    #[test]
    fn merging_adds_only_what_is_new_and_ignores_the_past() {
        let mut seen = progress(OrderStatus::Paying, &[1, 4]);
        seen.merge(&progress(OrderStatus::Confirmed, &[4, 9]).into());
        assert_eq!(seen, progress(OrderStatus::Confirmed, &[1, 4, 9]));
        seen.merge(&progress(OrderStatus::Reserving, &[1]).into());
        assert_eq!(seen, progress(OrderStatus::Confirmed, &[1, 4, 9]));
    }

    #[test]
    fn what_is_short_is_taken_out_and_the_rest_stays() {
        let sku = |text: &str| text.parse::<Sku>().expect("a SKU");
        let (a, b, c) = (sku("A"), sku("B"), sku("C"));
        let lines = || [(&a, 1), (&b, 2), (&c, 3), (&b, 2)];
        assert_eq!(quantities_left(lines(), []), [1, 2, 3, 2]);
        let missing = [(&a, 0), (&b, 3)];
        assert_eq!(quantities_left(lines(), missing), [0, 2, 3, 1]);
        assert_eq!(quantities_left(lines(), [(&c, -2)]), [1, 2, 0, 2]);
    }

    #[test]
    fn an_order_number_is_short_and_stable() {
        let id = "0199c0a0-1111-7aaa-8bbb-123456789abc"
            .parse()
            .expect("an id");
        assert_eq!(order_number(id), "V-6HB7H6NW");
    }
}
