//! Money: an integer count of minor units and its currency. Never a float.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::ids::InvalidId;

/// ISO 4217 code. The shop sells in one currency; the code travels with every amount all the same.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(
    serialize_all = "UPPERCASE",
    const_into_str,
    parse_err_ty = InvalidId,
    parse_err_fn = unknown_currency
)]
pub enum Currency {
    Eur,
    Gbp,
    Usd,
}

/// As its code, `EUR`.
impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Currency {
    pub const fn code(self) -> &'static str {
        self.into_str()
    }

    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Eur => "€",
            Self::Gbp => "£",
            Self::Usd => "$",
        }
    }
}

fn unknown_currency(text: &str) -> InvalidId {
    InvalidId {
        expected: "EUR, GBP or USD",
        got: text.to_owned(),
    }
}

/// An amount in minor units (cents). Arithmetic is checked: an overflow is an error, not a wrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

impl Money {
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// `None` on overflow or when the currencies differ.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        (self.currency == other.currency)
            .then(|| self.minor.checked_add(other.minor))
            .flatten()
            .map(|minor| Self { minor, ..self })
    }

    /// `None` on overflow or when the currencies differ.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        (self.currency == other.currency)
            .then(|| self.minor.checked_sub(other.minor))
            .flatten()
            .map(|minor| Self { minor, ..self })
    }

    /// `None` on overflow.
    pub fn checked_mul(self, quantity: u32) -> Option<Self> {
        self.minor
            .checked_mul(i64::from(quantity))
            .map(|minor| Self { minor, ..self })
    }
}

impl Money {
    /// As a price tag has it: cents only where there are any, `€2,490` and `€18.50`.
    pub fn tag(self) -> String {
        let mut text = self.to_string();
        if self.minor % 100 == 0 {
            text.truncate(text.len() - ".00".len());
        }
        text
    }
}

/// An amount as people write it, `2590` or `2590.05`, in minor units.
///
/// # Errors
/// What was expected.
pub fn minor_units(text: &str) -> Result<i64, String> {
    let expected = || format!("expected an amount like 2590 or 2590.00, not {text:?}");
    let (whole, cents) = text.split_once('.').unwrap_or((text, "00"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(cents) || cents.len() != 2 {
        return Err(expected());
    }
    format!("{whole}{cents}").parse().map_err(|_| expected())
}

/// A price as a field holds it: `5.90`.
pub fn typed(price: Money) -> String {
    format!("{}.{:02}", price.minor / 100, price.minor % 100)
}

/// An amount as people type it: as [`minor_units`] has it, or with commas between thousands, `1,200.00`. A
/// comma anywhere else is refused: in half of Europe `5,90` is five ninety, and would become five hundred.
///
/// # Errors
/// What was expected.
pub fn typed_minor_units(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let whole = text.split('.').next().unwrap_or_default();
    let mut groups = whole.split(',');
    let first = groups.next().map_or(0, str::len);
    let is_grouped = (1..=3).contains(&first) && groups.all(|group| group.len() == 3);
    if text.contains(',') && !(is_grouped && text.matches(',').eq(whole.matches(','))) {
        return Err(format!(
            "expected an amount like 2590 or 2590.00, not {text:?}"
        ));
    }
    minor_units(&text.replace(',', ""))
}

impl fmt::Display for Money {
    /// As an English shop writes it: `€2,490.00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.minor < 0 { "-" } else { "" };
        let absolute = self.minor.unsigned_abs();
        let whole = (absolute / 100).to_string();
        let mut grouped = String::with_capacity(whole.len() + whole.len() / 3);
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        write!(
            f,
            "{sign}{}{grouped}.{:02}",
            self.currency.symbol(),
            absolute % 100
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_parts_thousands_and_nothing_else() {
        for (typed, expected) in [
            ("5.90", 590),
            ("1,200", 120_000),
            (" 12,345,678.05 ", 1_234_567_805),
        ] {
            assert_eq!(typed_minor_units(typed), Ok(expected));
        }
        for unclear in [
            "5,90", "1,20", "2590,00", "12,34.00", ",100", "1,,000", "1.000,00", "1234,567",
            "5.9,0", "",
        ] {
            assert!(typed_minor_units(unclear).is_err(), "{unclear}");
        }
    }

    #[test]
    fn an_amount_is_read_to_the_cent_and_nothing_is_guessed() {
        assert_eq!(minor_units("2590"), Ok(259_000));
        assert_eq!(minor_units("2590.05"), Ok(259_005));
        for unclear in [
            "", "-1", "2590.5", "2,590", "2590.", ".50", "1e3", "€5", "2590.005",
        ] {
            let error = minor_units(unclear).expect_err(unclear);
            assert!(error.contains("expected an amount"), "{error}");
        }
        assert!(minor_units("99999999999999999999").is_err());
    }

    #[test]
    fn money_is_written_with_groups_and_two_decimals() {
        let eur = |minor| Money::new(minor, Currency::Eur).to_string();
        assert_eq!(eur(0), "€0.00");
        assert_eq!(eur(5), "€0.05");
        assert_eq!(eur(249_000), "€2,490.00");
        assert_eq!(eur(123_456_789), "€1,234,567.89");
        assert_eq!(eur(-1_000), "-€10.00");
    }

    #[test]
    fn a_price_tag_leaves_out_cents_that_are_none() {
        let tag = |minor| Money::new(minor, Currency::Eur).tag();
        assert_eq!(
            [0, 5, 249_000, 1_850].map(tag),
            ["€0", "€0.05", "€2,490", "€18.50"]
        );
    }

    #[test]
    fn currencies_never_mix_and_nothing_wraps() {
        let eur = Money::new(1, Currency::Eur);
        assert_eq!(eur.checked_add(Money::new(1, Currency::Usd)), None);
        assert_eq!(Money::new(i64::MAX, Currency::Eur).checked_add(eur), None);
        assert_eq!(Money::new(i64::MAX, Currency::Eur).checked_mul(2), None);
        assert_eq!(eur.checked_mul(3), Some(Money::new(3, Currency::Eur)));
    }
}
