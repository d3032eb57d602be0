//! When a SKU is ordered again, and how many of it: the rule, and the arithmetic in words.

use serde::{Deserialize, Serialize};

use crate::{Money, Sku, Slug, SupplierId};

/// Days whose sales are looked at.
pub const WINDOW_DAYS: i64 = 28;
/// A new SKU is judged by so many days at least, however few it was there.
pub const FEWEST_DAYS: i64 = 7;
/// Pieces of one rule or line, at most.
pub const MAX_PIECES: u32 = 100_000;
/// Days of a lead time, at most.
pub const MAX_LEAD_DAYS: u32 = 730;

/// When and how a SKU is ordered again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestockRule {
    /// Of whom; `None` where nobody is named: then staff are told, and nothing is ordered.
    pub supplier: Option<SupplierId>,
    /// With so many pieces left, or fewer, more are ordered. 0: never.
    pub threshold: i64,
    /// How many there are to be when the delivery comes.
    pub up_to: i64,
    /// Pieces that are only sold together.
    pub pack_size: u32,
    /// Fewer are not sold.
    pub minimum: u32,
    /// Days from the order to the delivery.
    pub lead_time_days: u32,
    /// What the supplier takes for a piece.
    pub unit_cost: Money,
}

/// How a quantity came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reckoning {
    /// In the house and not promised to an order. What checkouts hold counts: it may come back.
    pub unsold: i64,
    /// Ordered of suppliers and not here yet.
    pub on_order: i64,
    pub threshold: i64,
    pub up_to: i64,
    /// Pieces sold in the last `window_days`.
    pub sold: i64,
    pub window_days: i64,
    pub lead_time_days: u32,
    /// Pieces that are sold until the delivery comes, if it goes on so.
    pub expected: i64,
    /// What is missing then.
    pub missing: i64,
    pub minimum: u32,
    pub pack_size: u32,
    /// What is ordered.
    pub quantity: u32,
}

impl Reckoning {
    /// The rule, in whole pieces: what there is to be when the delivery comes and what is sold until then,
    /// without what is there and on order; at least the minimum, in whole packs.
    pub fn of(rule: &RestockRule, unsold: i64, on_order: i64, sold: i64, window_days: i64) -> Self {
        let window_days = window_days.max(1);
        let sold = sold.max(0);
        let per_window = sold.saturating_mul(i64::from(rule.lead_time_days));
        // Rounded up: half a ring is not sold.
        let expected = per_window
            .saturating_add(window_days - 1)
            .div_euclid(window_days);
        let wanted = rule.up_to.saturating_add(expected);
        let missing = wanted.saturating_sub(unsold).saturating_sub(on_order);
        let quantity = match u32::try_from(missing) {
            Ok(0) | Err(_) if missing <= 0 => 0,
            Ok(missing) => in_packs(missing.max(rule.minimum), rule.pack_size),
            Err(_) => MAX_PIECES,
        };
        Self {
            unsold,
            on_order,
            threshold: rule.threshold,
            up_to: rule.up_to,
            sold,
            window_days,
            lead_time_days: rule.lead_time_days,
            expected,
            missing: missing.max(0),
            minimum: rule.minimum,
            pack_size: rule.pack_size,
            quantity: quantity.min(MAX_PIECES),
        }
    }

    /// In how many days there is nothing left, if it goes on so; `None` where nothing is sold.
    pub fn days_left(&self) -> Option<i64> {
        (self.sold > 0).then(|| {
            let left = self.unsold.max(0).saturating_mul(self.window_days);
            left.div_euclid(self.sold)
        })
    }

    /// `0.25`: sold per day, in hundredths.
    pub fn per_day(&self) -> String {
        let hundredths = self.sold.saturating_mul(100).div_euclid(self.window_days);
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    }

    /// Why it thinks so.
    pub fn words(&self) -> String {
        let Self {
            unsold,
            on_order,
            up_to,
            sold,
            window_days,
            lead_time_days,
            expected,
            missing,
            minimum,
            pack_size,
            quantity,
            ..
        } = self;
        let mut words = format!(
            "{sold} sold in {window_days} days, so about {expected} in the {lead_time_days} days until \
             a delivery comes. To have {up_to} then: {up_to} + {expected} − {unsold} there − \
             {on_order} on order = {}.",
            up_to + expected - unsold - on_order
        );
        if *quantity == 0 {
            words.push_str(" Nothing is missing.");
            return words;
        }
        if i64::from(*minimum) > *missing {
            words.push_str(&format!(" At least {minimum} are sold."));
        }
        if *pack_size > 1 {
            words.push_str(&format!(" In packs of {pack_size}: {quantity}."));
        }
        words
    }
}

/// Rounded up to whole packs.
pub const fn in_packs(pieces: u32, pack_size: u32) -> u32 {
    let pack = if pack_size == 0 { 1 } else { pack_size };
    pieces.div_ceil(pack).saturating_mul(pack)
}

/// A SKU on the page of what runs out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestockRow {
    pub sku: Sku,
    pub product: Slug,
    pub title: String,
    pub variant: String,
    pub rule: Option<RestockRule>,
    /// `None` without a rule, or for what nobody has counted yet.
    pub reckoning: Option<Reckoning>,
    /// Pieces on drafts that nobody has approved yet.
    pub drafted: u32,
    /// The supplier's name.
    pub supplier: String,
}

impl RestockRow {
    /// Whether it is at its threshold or below.
    pub fn is_low(&self) -> bool {
        let low = |it: &Reckoning| it.threshold > 0 && it.unsold <= it.threshold;
        self.reckoning.as_ref().is_some_and(low)
    }

    /// Whether there is nothing left before a delivery could come.
    pub fn runs_out(&self) -> bool {
        let days = self.reckoning.and_then(|it| it.days_left());
        let lead = self.reckoning.map_or(0, |it| i64::from(it.lead_time_days));
        days.is_some_and(|days| days < lead)
    }
}

/// A page of SKUs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestockPage {
    pub rows: Vec<RestockRow>,
    pub found: usize,
    pub pages: usize,
    /// Id and name of every supplier.
    pub suppliers: Vec<(SupplierId, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Currency;

    fn rule() -> RestockRule {
        RestockRule {
            supplier: None,
            threshold: 3,
            up_to: 10,
            pack_size: 1,
            minimum: 1,
            lead_time_days: 14,
            unit_cost: Money::new(100, Currency::Eur),
        }
    }

    #[test]
    fn the_quantity_follows_the_rule() {
        let packs = RestockRule {
            pack_size: 6,
            ..rule()
        };
        let minimum = RestockRule {
            minimum: 20,
            ..rule()
        };
        for (rule, unsold, on_order, sold, quantity) in [
            // Up to ten, nothing sold.
            (rule(), 3, 0, 0, 7),
            // Seven in 28 days: three and a half in 14, so four.
            (rule(), 3, 0, 7, 11),
            (rule(), 3, 5, 7, 6),
            (rule(), 3, 11, 7, 0),
            (rule(), 3, 500, 7, 0),
            (packs.clone(), 3, 0, 0, 12),
            (packs, 4, 0, 0, 6),
            (minimum, 9, 0, 0, 20),
            // More than is there was never promised, but the arithmetic holds.
            (rule(), -2, 0, 0, 12),
        ] {
            let reckoned = Reckoning::of(&rule, unsold, on_order, sold, 28);
            assert_eq!(reckoned.quantity, quantity, "{}", reckoned.words());
        }
    }

    #[test]
    fn it_says_why_in_words() {
        let rule = RestockRule {
            pack_size: 6,
            ..rule()
        };
        let reckoned = Reckoning::of(&rule, 3, 0, 7, 28);
        assert_eq!(
            reckoned.words(),
            "7 sold in 28 days, so about 4 in the 14 days until a delivery comes. To have 10 then: \
             10 + 4 − 3 there − 0 on order = 11. In packs of 6: 12."
        );
        assert_eq!(reckoned.days_left(), Some(12));
        assert_eq!(reckoned.per_day(), "0.25");
        let none = Reckoning::of(&rule, 3, 20, 0, 28);
        assert!(none.words().ends_with("Nothing is missing."));
        assert_eq!(none.days_left(), None);
    }

    #[test]
    fn no_number_is_too_large() {
        let rule = RestockRule {
            up_to: i64::MAX,
            pack_size: u32::MAX,
            lead_time_days: u32::MAX,
            ..rule()
        };
        let reckoned = Reckoning::of(&rule, 0, 0, i64::MAX, 1);
        assert_eq!(reckoned.quantity, MAX_PIECES);
    }
}
