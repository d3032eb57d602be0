//! What delivery costs, and from which value on it is free. Staff change it while the shop runs.

use serde::{Deserialize, Serialize};

use crate::Money;
use crate::checkout::DeliveryMethod;

/// In minor units of the shop's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeliveryTerms {
    pub standard_minor: i64,
    pub express_minor: i64,
    /// Standard delivery is free from this value of goods on.
    pub free_from_minor: i64,
}

/// What a shop begins with.
impl Default for DeliveryTerms {
    fn default() -> Self {
        Self {
            standard_minor: 590,
            express_minor: 1_490,
            free_from_minor: 15_000,
        }
    }
}

impl DeliveryTerms {
    /// What delivery of goods of this value costs.
    pub fn price(&self, method: DeliveryMethod, subtotal: Money) -> Money {
        let minor = match method {
            DeliveryMethod::Standard if subtotal.minor >= self.free_from_minor => 0,
            DeliveryMethod::Standard => self.standard_minor,
            DeliveryMethod::Express => self.express_minor,
        };
        Money { minor, ..subtotal }
    }

    /// Whether goods of this value are delivered for another price than under `other`, in any way.
    pub fn differ_from(&self, other: &Self, subtotal: Money) -> bool {
        let mut methods = DeliveryMethod::ALL.into_iter();
        methods.any(|method| self.price(method, subtotal) != other.price(method, subtotal))
    }

    const fn fields(self) -> [i64; 3] {
        [
            self.standard_minor,
            self.express_minor,
            self.free_from_minor,
        ]
    }

    const fn of_fields([standard_minor, express_minor, free_from_minor]: [i64; 3]) -> Self {
        Self {
            standard_minor,
            express_minor,
            free_from_minor,
        }
    }

    /// Terms of which each part is made of the same part of four others.
    pub fn part_by_part(terms: [Self; 4], part: impl Fn([i64; 4]) -> i64) -> Self {
        let [a, b, c, d] = terms.map(Self::fields);
        let parts = [0, 1, 2].map(|n| part([a[n], b[n], c[n], d[n]]));
        Self::of_fields(parts)
    }

    /// These, with what of `asked` differs from `shown` in its place.
    pub fn with_changes(self, shown: Self, asked: Self) -> Self {
        Self::part_by_part([self, shown, asked, asked], |[now, shown, asked, _]| {
            if asked == shown { now } else { asked }
        })
    }

    /// Whether somebody has changed a part meanwhile that `asked` is to change to something else.
    pub fn is_at_odds(self, shown: Self, asked: Self) -> bool {
        let parts = self.fields().into_iter().zip(shown.fields());
        let mut parts = parts.zip(asked.fields());
        parts.any(|((now, shown), asked)| asked != shown && now != shown && now != asked)
    }

    /// As a cart remembers them.
    pub fn written(&self) -> String {
        let Self {
            standard_minor,
            express_minor,
            free_from_minor,
        } = self;
        format!("{standard_minor} {express_minor} {free_from_minor}")
    }

    /// `None` for what is none: a cart of before has nothing.
    pub fn read(text: &str) -> Option<Self> {
        let mut numbers = text.split(' ').map(str::parse);
        let mut next = || numbers.next()?.ok();
        let read = Self {
            standard_minor: next()?,
            express_minor: next()?,
            free_from_minor: next()?,
        };
        numbers.next().is_none().then_some(read)
    }
}

/// Terms that are going to be in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTerms {
    /// What is in force from then on, as far as is known now.
    pub terms: DeliveryTerms,
    /// As they were planned: who withdraws them has seen these.
    pub planned: DeliveryTerms,
    /// Unix microseconds.
    pub from_us: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Currency;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::Eur)
    }

    #[test]
    fn standard_delivery_is_free_from_150_in_a_new_shop() {
        let terms = DeliveryTerms::default();
        let price = |method, minor| terms.price(method, eur(minor)).minor;
        assert_eq!(price(DeliveryMethod::Standard, 14_999), 590);
        assert_eq!(price(DeliveryMethod::Standard, 15_000), 0);
        assert_eq!(price(DeliveryMethod::Express, 15_000), 1_490);
    }

    #[test]
    fn terms_differ_for_who_has_to_pay_something_else() {
        let terms = DeliveryTerms::default();
        let dearer = DeliveryTerms {
            standard_minor: 790,
            ..terms
        };
        assert!(dearer.differ_from(&terms, eur(10_000)));
        assert!(!dearer.differ_from(&terms, eur(20_000)), "free as before");
    }

    #[test]
    fn changes_of_different_parts_meet_and_those_of_one_part_are_at_odds() {
        let shown = DeliveryTerms::default();
        let now = DeliveryTerms {
            express_minor: 1_900,
            ..shown
        };
        let asked = DeliveryTerms {
            standard_minor: 790,
            ..shown
        };
        let both = DeliveryTerms {
            standard_minor: 790,
            ..now
        };
        assert_eq!(now.with_changes(shown, asked), both);
        assert!(!now.is_at_odds(shown, asked));
        let other = DeliveryTerms {
            express_minor: 2_500,
            ..shown
        };
        assert!(now.is_at_odds(shown, other));
        assert!(!now.is_at_odds(shown, now), "both want the same");
    }

    #[test]
    fn terms_survive_the_cart_and_nothing_else_is_any() {
        let terms = DeliveryTerms::default();
        assert_eq!(terms.written(), "590 1490 15000");
        assert_eq!(DeliveryTerms::read(&terms.written()), Some(terms));
        for none in ["", "590", "590 1490", "590 1490 x", "590 1490 15000 1"] {
            assert_eq!(DeliveryTerms::read(none), None, "{none}");
        }
    }
}
