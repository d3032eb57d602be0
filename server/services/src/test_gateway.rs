//! The built-in test gateway. It behaves like another company's: its own tables, its own tokens, the same
//! answer to a request it has seen before. Card numbers are looked at and dropped; what is kept
//! is a token, the brand and the last four digits.
//!
//! Numbers and tokens are those that people know from Stripe's test mode:
//! <https://docs.stripe.com/testing>.

mod books;

use std::time::Duration;

use broker::{GroupCommit, Log};
use db::Columns;
use serde::{Deserialize, Serialize};
use types::order::DeclineReason;
use types::{FieldError, Problem};

use self::books::Kind;
use crate::events::{Refused, internal};
use crate::gateway::{Answer, Authorize, Decision, MoveMoney, Moved, NoAnswer, PaymentGateway};

/// How long a token can be used.
pub(crate) const TOKEN_LIFE_US: i64 = 60 * 60 * 1_000_000;

/// Tokens from before `$1`, some of them.
pub(crate) const SWEEP: &str = "delete from test_gateway_tokens where token in \
     (select token from test_gateway_tokens where created_at_us < $1 limit 500)";

/// What a card of the test mode does.
type Outcome = Option<DeclineReason>;

/// Number, and what authorizing it does.
const CARDS: [(&str, Outcome); 11] = [
    ("4242424242424242", None),
    ("4000056655665556", None),
    ("5555555555554444", None),
    ("378282246310005", None),
    ("4000000000000002", Some(DeclineReason::CardDeclined)),
    ("4000000000009995", Some(DeclineReason::InsufficientFunds)),
    ("4000000000009987", Some(DeclineReason::CardDeclined)),
    ("4000000000009979", Some(DeclineReason::CardDeclined)),
    ("4000000000000069", Some(DeclineReason::ExpiredCard)),
    ("4000000000000127", Some(DeclineReason::IncorrectCvc)),
    ("4000000000000119", Some(DeclineReason::ProcessingError)),
];

/// Tokens that need no card, for programs.
const STANDING_TOKENS: [(&str, Outcome); 4] = [
    ("pm_card_visa", None),
    ("pm_card_mastercard", None),
    ("pm_card_chargeDeclined", Some(DeclineReason::CardDeclined)),
    (
        "pm_card_chargeDeclinedInsufficientFunds",
        Some(DeclineReason::InsufficientFunds),
    ),
];

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub token: String,
    pub brand: String,
    pub last4: String,
}

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct TestGateway {
    log: Log,
    writer: GroupCommit,
    delay: Duration,
}

impl TestGateway {
    /// `delay` is waited before every answer to an authorization, as a real gateway makes one wait.
    pub const fn new(log: Log, writer: GroupCommit, delay: Duration) -> Self {
        Self { log, writer, delay }
    }

    async fn moved(&self, request: MoveMoney, kind: Kind) -> Result<Moved, NoAnswer> {
        self.take_time().await;
        let now_us = self.log.environment().now_us();
        books::move_money(&self.writer, request, kind, now_us).await
    }

    /// Waits as long as a real gateway makes one wait.
    async fn take_time(&self) {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
    }

    /// Exchanges a card for a token.
    ///
    /// # Errors
    /// 422 with a complaint per field: `number`, `expiry`, `cvc`.
    pub async fn tokenize(&self, card: Card) -> Result<Token, Problem> {
        let number: String = card
            .number
            .chars()
            .filter(|c| !matches!(c, ' ' | '-'))
            .collect();
        let now_us = self.log.environment().now_us();
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
            token: format!("pm_{}", self.log.environment().new_id().simple()),
            brand: brand_of(&number).to_owned(),
            last4: number[number.len() - 4..].to_owned(),
        };
        self.keep(token.clone(), *outcome, now_us).await?;
        Ok(token)
    }

    async fn keep(&self, token: Token, outcome: Outcome, now_us: i64) -> Result<(), Refused> {
        let outcome = serde_json::to_string(&outcome).map_err(|e| Refused(internal(e)))?;
        self.writer
            .run_unmarked(move |tx| {
                Box::pin(async move {
                    db::query(
                        "insert into test_gateway_tokens \
                         (token, outcome, brand, last4, created_at_us) values ($1, $2, $3, $4, $5)",
                    )
                    .bind(token.token)
                    .bind(outcome)
                    .bind(token.brand)
                    .bind(token.last4)
                    .bind(now_us)
                    .execute(tx.conn())
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// What authorizing this token does.
    async fn outcome_of(&self, token: &str, now_us: i64) -> Result<Outcome, NoAnswer> {
        if let Some((_, outcome)) = STANDING_TOKENS.iter().find(|(known, _)| *known == token) {
            return Ok(*outcome);
        }
        let row = db::query(
            "select outcome from test_gateway_tokens where token = $1 and created_at_us > $2",
        )
        .bind(token)
        .bind(now_us.saturating_sub(TOKEN_LIFE_US))
        .fetch_optional(self.log.db().reader())
        .await
        .map_err(|error| NoAnswer(error.to_string()))?;
        let Some(row) = row else {
            return Ok(Some(DeclineReason::InvalidToken));
        };
        let outcome = row
            .try_get(0)
            .map_err(|error| NoAnswer(error.to_string()))?;
        serde_json::from_str(outcome).map_err(|error| NoAnswer(error.to_string()))
    }

    async fn decide(&self, request: Authorize) -> Result<Decision, NoAnswer> {
        self.take_time().await;
        let environment = self.log.environment();
        let now_us = environment.now_us();
        let outcome = self.outcome_of(&request.payment_token, now_us).await?;
        let decision = match outcome {
            Some(reason) => Decision::Declined { reason },
            None => Decision::Authorized {
                authorization_id: format!("auth_{}", environment.new_id().simple()),
            },
        };
        let booked = self
            .writer
            .run_unmarked(move |tx| {
                Box::pin(async move { book(tx, &request, decision, now_us).await })
            })
            .await;
        booked.map_err(|Refused(problem)| NoAnswer(problem.to_string()))
    }
}

/// Enters the decision into the books. A request that was decided before keeps its first decision.
async fn book(
    tx: &mut broker::Tx,
    request: &Authorize,
    decision: Decision,
    now_us: i64,
) -> Result<Decision, Refused> {
    let decision = if use_up(tx, request).await? {
        decision
    } else {
        Decision::Declined {
            reason: DeclineReason::InvalidToken,
        }
    };
    books::enter_payment(tx, request, decision, now_us).await
}

/// Whether the token was not used for another request before: it is good for one.
async fn use_up(tx: &mut broker::Tx, request: &Authorize) -> Result<bool, Refused> {
    let token = &request.payment_token;
    if STANDING_TOKENS.iter().any(|(known, _)| known == token) {
        return Ok(true);
    }
    let used = db::query(
        "update test_gateway_tokens set used_for = $1 \
         where token = $2 and (used_for = '' or used_for = $3)",
    )
    .bind(&request.idempotency_key)
    .bind(token)
    .bind(&request.idempotency_key)
    .execute(tx.conn())
    .await?;
    Ok(used.rows_affected() == 1)
}

impl PaymentGateway for TestGateway {
    fn authorize(&self, request: Authorize) -> Answer<'_, Decision> {
        Box::pin(self.decide(request))
    }

    fn capture(&self, request: MoveMoney) -> Answer<'_, Moved> {
        Box::pin(self.moved(request, Kind::Capture))
    }

    fn refund(&self, request: MoveMoney) -> Answer<'_, Moved> {
        Box::pin(self.moved(request, Kind::Refund))
    }

    fn void(&self, authorization_id: String) -> Answer<'_, ()> {
        Box::pin(async {
            self.take_time().await;
            books::let_go(&self.writer, authorization_id).await
        })
    }
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
