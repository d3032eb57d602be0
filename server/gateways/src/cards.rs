//! Test cards. Card numbers are looked at and dropped; what is kept is a token, the brand and the last four
//! digits.
//!
//! Numbers and tokens are those that people know from Stripe's test mode:
//! <https://docs.stripe.com/testing>.

use serde::{Deserialize, Serialize};
use types::order::DeclineReason;
use types::{FieldError, Problem};

/// How long a token can be used.
pub const TOKEN_LIFE_US: i64 = 60 * 60 * 1_000_000;

/// What authorizing a card does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Authorized,
    Declined(DeclineReason),
    /// The bank wants to know who pays, and then says this.
    Challenge(Option<DeclineReason>),
}

/// Number, and what authorizing it does.
const CARDS: [(&str, Outcome); 13] = [
    ("4242424242424242", Outcome::Authorized),
    ("4000056655665556", Outcome::Authorized),
    ("5555555555554444", Outcome::Authorized),
    ("378282246310005", Outcome::Authorized),
    (
        "4000000000000002",
        Outcome::Declined(DeclineReason::CardDeclined),
    ),
    (
        "4000000000009995",
        Outcome::Declined(DeclineReason::InsufficientFunds),
    ),
    (
        "4000000000009987",
        Outcome::Declined(DeclineReason::CardDeclined),
    ),
    (
        "4000000000009979",
        Outcome::Declined(DeclineReason::CardDeclined),
    ),
    (
        "4000000000000069",
        Outcome::Declined(DeclineReason::ExpiredCard),
    ),
    (
        "4000000000000127",
        Outcome::Declined(DeclineReason::IncorrectCvc),
    ),
    (
        "4000000000000119",
        Outcome::Declined(DeclineReason::ProcessingError),
    ),
    ("4000002500003155", Outcome::Challenge(None)),
    (
        "4000008260003178",
        Outcome::Challenge(Some(DeclineReason::InsufficientFunds)),
    ),
];

/// Tokens that need no card, for programs.
const STANDING_TOKENS: [(&str, Outcome); 5] = [
    ("pm_card_visa", Outcome::Authorized),
    ("pm_card_mastercard", Outcome::Authorized),
    (
        "pm_card_chargeDeclined",
        Outcome::Declined(DeclineReason::CardDeclined),
    ),
    (
        "pm_card_chargeDeclinedInsufficientFunds",
        Outcome::Declined(DeclineReason::InsufficientFunds),
    ),
    ("pm_card_authenticationRequired", Outcome::Challenge(None)),
];

/// What a token that is good for ever does.
pub fn standing(token: &str) -> Option<Outcome> {
    let mut known = STANDING_TOKENS.iter();
    known
        .find(|(known, _)| *known == token)
        .map(|(_, outcome)| *outcome)
}

/// A card as it was typed. It has no `Debug` and no `Serialize`: it cannot slip into a log.
#[derive(Deserialize)]
pub struct Card {
    pub number: String,
    /// 1 to 12.
    pub exp_month: u32,
    /// Two or four digits.
    pub exp_year: u32,
    pub cvc: String,
}

/// What may be known of a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Token {
    pub token: String,
    pub brand: &'static str,
    pub last4: String,
}

/// Looks at a card; answers with what may be kept of it, under the name `token`, and with what authorizing
/// it does.
///
/// # Errors
/// 422 with a complaint per field: `number`, `expiry`, `cvc`.
pub fn look_at(card: &Card, token: String, now_us: i64) -> Result<(Token, Outcome), Problem> {
    let number: String = card
        .number
        .chars()
        .filter(|c| !matches!(c, ' ' | '-'))
        .collect();
    let mut errors = Vec::new();
    if !(12..=19).contains(&number.len()) || !passes_luhn(&number) {
        errors.push(FieldError::new(
            "number",
            "This card number is not complete or mistyped.",
        ));
    }
    if !is_in_future(card.exp_month, card.exp_year, now_us) {
        errors.push(FieldError::new(
            "expiry",
            "Enter a date that is not past, as MM / YY.",
        ));
    }
    if !matches!(card.cvc.len(), 3 | 4) || !card.cvc.bytes().all(|b| b.is_ascii_digit()) {
        errors.push(FieldError::new(
            "cvc",
            "Enter the 3 or 4 digits of the security code.",
        ));
    }
    let known = CARDS.iter().find(|(test_number, _)| *test_number == number);
    if errors.is_empty() && known.is_none() {
        errors.push(FieldError::new(
            "number",
            "Only test cards, like 4242 4242 4242 4242.",
        ));
    }
    let Some((_, outcome)) = known.filter(|_| errors.is_empty()) else {
        return Err(Problem::invalid(errors));
    };
    let token = Token {
        token,
        brand: brand_of(&number),
        last4: number[number.len() - 4..].to_owned(),
    };
    Ok((token, *outcome))
}

fn brand_of(number: &str) -> &'static str {
    match number.as_bytes().first() {
        Some(b'5') => "mastercard",
        Some(b'3') => "amex",
        _ => "visa",
    }
}

/// The check digit that every card number ends with: ISO/IEC 7812-1, annex B.
fn passes_luhn(number: &str) -> bool {
    let mut sum = 0;
    for (i, digit) in number.bytes().rev().enumerate() {
        if !digit.is_ascii_digit() {
            return false;
        }
        let digit = u32::from(digit - b'0');
        let doubled = digit * 2;
        sum += match i % 2 {
            0 => digit,
            _ if doubled > 9 => doubled - 9,
            _ => doubled,
        };
    }
    sum.is_multiple_of(10)
}

/// A card is good until the end of its month.
fn is_in_future(month: u32, year: u32, now_us: i64) -> bool {
    let year = if year < 100 { 2_000 + year } else { year };
    if !(1..=12).contains(&month) || !(2_000..2_100).contains(&year) {
        return false;
    }
    let Ok(now) = jiff::Timestamp::from_microsecond(now_us) else {
        return false;
    };
    let today = now.to_zoned(jiff::tz::TimeZone::UTC);
    let this_month = i64::from(today.year()) * 12 + i64::from(today.month());
    i64::from(year) * 12 + i64::from(month) >= this_month
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_card_has_a_right_check_digit_and_a_slip_is_seen() {
        for (number, _) in CARDS {
            assert!(passes_luhn(number), "{number}");
        }
        assert!(!passes_luhn("4242424242424241"));
        assert!(!passes_luhn("4242 4242"));
    }

    #[test]
    fn a_card_is_good_until_the_end_of_its_month() {
        // 2026-11-22
        let now_us = 1_795_305_600_000_000;
        assert!(is_in_future(11, 26, now_us));
        assert!(is_in_future(1, 2027, now_us));
        assert!(!is_in_future(10, 26, now_us));
        assert!(!is_in_future(13, 30, now_us));
        assert!(!is_in_future(0, 30, now_us));
        assert!(!is_in_future(1, 9_999, now_us));
    }
}
