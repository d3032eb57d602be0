//! What the shop sells, in numbers: for the page of today and the charts on it.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::admin::Level;
use crate::alert::AlertRow;
use crate::{Currency, Money, Sku, Slug};

/// Numbers of a stretch of time. Each event counts at its own time: an order that was placed on Monday and
/// paid on Tuesday is placed on Monday and sold on Tuesday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Figures {
    /// Checkouts that began to hold their pieces.
    pub checkouts: i64,
    /// Orders that were placed.
    pub placed: i64,
    /// Payments that were declined; an order can have several.
    pub declined: i64,
    /// Orders that were paid.
    pub sold: i64,
    /// Pieces of those.
    pub pieces: i64,
    /// What those orders came to, delivery and tax included, minor units.
    pub sold_minor: i64,
    /// Paid orders that were cancelled, whole or for the rest of them.
    pub cancelled: i64,
    /// What was cancelled of them, minor units; of a rest its pieces alone.
    pub cancelled_minor: i64,
    /// Collected by the gateway, minor units.
    pub collected_minor: i64,
    /// Given back by the gateway, minor units.
    pub refunded_minor: i64,
}

/// How many numbers [`Figures`] has.
pub const FIGURES: usize = 10;

impl Figures {
    /// All of them, in the order of the fields.
    pub const fn numbers(&self) -> [i64; FIGURES] {
        [
            self.checkouts,
            self.placed,
            self.declined,
            self.sold,
            self.pieces,
            self.sold_minor,
            self.cancelled,
            self.cancelled_minor,
            self.collected_minor,
            self.refunded_minor,
        ]
    }

    /// The opposite of [`Figures::numbers`].
    pub const fn of(numbers: [i64; FIGURES]) -> Self {
        let [
            checkouts,
            placed,
            declined,
            sold,
            pieces,
            sold_minor,
            cancelled,
            cancelled_minor,
            collected_minor,
            refunded_minor,
        ] = numbers;
        Self {
            checkouts,
            placed,
            declined,
            sold,
            pieces,
            sold_minor,
            cancelled,
            cancelled_minor,
            collected_minor,
            refunded_minor,
        }
    }

    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let mut sum = self.numbers();
        for (sum, number) in sum.iter_mut().zip(other.numbers()) {
            *sum = sum.saturating_add(number);
        }
        Self::of(sum)
    }

    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Of a hundred checkouts, how many were paid; `None` where none began, or more were paid than began.
    pub fn conversion(&self) -> Option<i64> {
        (self.checkouts > 0 && self.sold <= self.checkouts)
            .then(|| (self.sold * 200 + self.checkouts) / (2 * self.checkouts))
    }

    /// What an order comes to on average, minor units; `None` where there was none.
    pub fn average_minor(&self) -> Option<i64> {
        (self.sold > 0).then(|| self.sold_minor / self.sold)
    }
}

/// How far the page looks back.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Span {
    Hour,
    #[default]
    Today,
    Week,
    Month,
    Year,
}

impl Span {
    /// As the page writes it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Hour => "Last hour",
            Self::Today => "Today",
            Self::Week => "7 days",
            Self::Month => "30 days",
            Self::Year => "12 months",
        }
    }

    /// What it is compared with.
    pub const fn before(self) -> &'static str {
        match self {
            Self::Hour => "the hour before",
            Self::Today => "yesterday until this hour",
            Self::Week => "the 7 days before",
            Self::Month => "the 30 days before",
            Self::Year => "the 12 months before",
        }
    }
}

/// A stretch of time with its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bar {
    /// Below the chart, in as little room as there is.
    pub short: String,
    /// In the table and where one asks.
    pub long: String,
    /// Whether it is still to begin.
    pub is_ahead: bool,
    pub figures: Figures,
}

/// What was sold of a SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BestSeller {
    pub sku: Sku,
    pub product: Slug,
    pub title: String,
    pub variant: String,
    pub pieces: i64,
    /// Without delivery.
    pub sold_minor: i64,
}

/// A SKU that is sold out, or has fallen to its threshold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtRisk {
    pub sku: Sku,
    pub title: String,
    pub variant: String,
    pub level: Level,
}

/// The page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalesPage {
    pub span: Span,
    pub currency: Currency,
    /// Oldest first, without a gap.
    pub bars: Vec<Bar>,
    pub total: Figures,
    /// Of the stretch before, as long.
    pub before: Figures,
    /// What sold best, by what it came to.
    pub best: Vec<BestSeller>,
    pub at_risk: Vec<AtRisk>,
    /// How many there are in all.
    pub at_risk_count: usize,
    /// The first of the alerts that wait for somebody.
    pub waiting: Vec<AlertRow>,
    /// When it was read, unix microseconds.
    pub now_us: i64,
}

impl SalesPage {
    /// An amount in the shop's currency.
    pub const fn money(&self, minor: i64) -> Money {
        Money {
            minor,
            currency: self.currency,
        }
    }
}

/// By how much a number has changed, as `+12 %`; nothing where there was none before.
pub fn change(now: i64, before: i64) -> Option<String> {
    if before <= 0 {
        return None;
    }
    let (now, before) = (i128::from(now), i128::from(before));
    let difference = (now - before) * 100;
    // Halves away from nothing.
    let percent = (difference.abs() * 2 + before) / (before * 2) * difference.signum();
    Some(match percent {
        0 => "as much".to_owned(),
        more if more > 999 => "over +999 %".to_owned(),
        more if more > 0 => format!("+{more} %"),
        less => format!("\u{2212}{} %", -less),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_in_whole_percents_and_of_nothing_not_at_all() {
        let told = |now, before| change(now, before).unwrap_or_default();
        assert_eq!(told(112, 100), "+12 %");
        assert_eq!(told(88, 100), "\u{2212}12 %");
        assert_eq!(told(1_005, 1_000), "+1 %");
        assert_eq!(told(995, 1_000), "\u{2212}1 %");
        assert_eq!(told(1_000, 1_000), "as much");
        assert_eq!(told(1_004, 1_000), "as much");
        assert_eq!(told(0, 7), "\u{2212}100 %");
        assert_eq!(told(i64::MAX, 1), "over +999 %");
        assert_eq!(told(5, 0), "");
    }

    #[test]
    fn of_checkouts_that_no_log_knows_of_no_part_is_told() {
        let figures = |checkouts, sold| Figures {
            checkouts,
            sold,
            ..Figures::default()
        };
        assert_eq!(figures(3, 2).conversion(), Some(67));
        assert_eq!(figures(0, 0).conversion(), None);
        assert_eq!(figures(1, 2).conversion(), None);
    }

    #[test]
    fn numbers_come_back_as_they_were() {
        let numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        assert_eq!(Figures::of(numbers).numbers(), numbers);
        let twice = Figures::of(numbers).plus(&Figures::of(numbers));
        assert_eq!(twice.numbers(), numbers.map(|number| 2 * number));
    }
}
