//! What the checkout page sends: the `PlaceOrder` command, and what makes it acceptable.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::ids::InvalidId;
use crate::{FieldError, Money, OrderId, Problem};

/// As a word, `standard` or `express`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    Default,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(
    serialize_all = "snake_case",
    const_into_str,
    parse_err_ty = InvalidId,
    parse_err_fn = unknown_method
)]
pub enum DeliveryMethod {
    #[default]
    Standard,
    Express,
}

impl DeliveryMethod {
    pub const ALL: [Self; 2] = [Self::Standard, Self::Express];
    /// Standard delivery is free from this goods value on, in minor units.
    pub const FREE_FROM_MINOR: i64 = 15_000;

    pub const fn title(self) -> &'static str {
        match self {
            Self::Standard => "Standard delivery",
            Self::Express => "Express delivery",
        }
    }

    pub const fn promise(self) -> &'static str {
        match self {
            Self::Standard => "Insured, 2 to 4 working days",
            Self::Express => "Insured courier, next working day",
        }
    }

    pub fn price(self, subtotal: Money) -> Money {
        let minor = match self {
            Self::Standard if subtotal.minor >= Self::FREE_FROM_MINOR => 0,
            Self::Standard => 590,
            Self::Express => 1_490,
        };
        Money { minor, ..subtotal }
    }
}

fn unknown_method(text: &str) -> InvalidId {
    InvalidId {
        expected: "standard or express",
        got: text.to_owned(),
    }
}

/// Where the shop delivers: ISO 3166-1 alpha-2 code and name.
pub const COUNTRIES: [(&str, &str); 12] = [
    ("AT", "Austria"),
    ("BE", "Belgium"),
    ("DK", "Denmark"),
    ("FI", "Finland"),
    ("FR", "France"),
    ("DE", "Germany"),
    ("IE", "Ireland"),
    ("IT", "Italy"),
    ("NL", "Netherlands"),
    ("PT", "Portugal"),
    ("ES", "Spain"),
    ("SE", "Sweden"),
];

/// `PlaceOrder`: everything but the goods, which the server takes from the shopper's own cart.
/// The fields are flat and named as in the form, so that a complaint finds its input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceOrder {
    /// Made by the page that holds the form: posting twice places one order.
    pub order_id: OrderId,
    pub email: String,
    pub name: String,
    pub street: String,
    pub postal_code: String,
    pub city: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub delivery: DeliveryMethod,
    /// A token the payment gateway gave for a card; never a card number. Absent when the shopper
    /// pays on the next page instead (always so without JavaScript).
    #[serde(default)]
    pub payment_token: Option<String>,
    /// The total the shopper saw, in minor units. When the server's differs nothing is placed.
    pub expected_total_minor: i64,
}

impl PlaceOrder {
    /// The command with its text trimmed, or every complaint at once.
    pub fn checked(mut self) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        for (field, label, max, text) in [
            ("email", "email address", 254, &mut self.email),
            ("name", "full name", 120, &mut self.name),
            ("street", "street and number", 160, &mut self.street),
            ("postal_code", "postal code", 16, &mut self.postal_code),
            ("city", "city", 120, &mut self.city),
        ] {
            *text = text.trim().to_owned();
            if text.is_empty() {
                errors.push(FieldError::new(field, format!("Enter your {label}.")));
            } else if text.chars().count() > max {
                let message = format!("Your {label} may have at most {max} characters.");
                errors.push(FieldError::new(field, message));
            } else if !crate::is_printable(text) {
                let message = format!("Your {label} has a character we cannot print.");
                errors.push(FieldError::new(field, message));
            }
        }
        if !self.email.is_empty() && !looks_like_email(&self.email) {
            let message = "Enter an email address like name@example.com.";
            errors.push(FieldError::new("email", message));
        }
        if !COUNTRIES.iter().any(|(code, _)| *code == self.country) {
            errors.push(FieldError::new(
                "country",
                "Choose a country we deliver to.",
            ));
        }
        self.payment_token = self.payment_token.take().filter(|token| !token.is_empty());
        if self
            .payment_token
            .as_deref()
            .is_some_and(|token| !is_payment_token(token))
        {
            errors.push(FieldError::new(
                "payment_token",
                "The card could not be read. Try again.",
            ));
        }
        if errors.is_empty() {
            Ok(self)
        } else {
            Err(Problem::invalid(errors))
        }
    }
}

/// The shape of a gateway token; above all not the shape of a card number.
pub fn is_payment_token(text: &str) -> bool {
    (8..=80).contains(&text.len())
        && text.starts_with("pm_")
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Only mail sent there proves an address; this refuses what cannot be one.
fn looks_like_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else {
        return false;
    };
    !local.is_empty()
        && !text.contains(char::is_whitespace)
        && host.contains('.')
        && host.split('.').all(|label| !label.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Currency;

    fn form() -> PlaceOrder {
        PlaceOrder {
            order_id: "0199c0a0-1111-7aaa-8bbb-123456789abc"
                .parse()
                .expect("an id"),
            email: " ada@example.com ".into(),
            name: "Ada Lovelace".into(),
            street: "Main Street 1".into(),
            postal_code: "10115".into(),
            city: "Berlin".into(),
            country: "DE".into(),
            delivery: DeliveryMethod::Standard,
            payment_token: Some(String::new()),
            expected_total_minor: 1,
        }
    }

    #[test]
    fn a_good_form_is_trimmed_and_an_empty_token_is_none() {
        let checked = form().checked().expect("acceptable");
        assert_eq!(checked.email, "ada@example.com");
        assert_eq!(checked.payment_token, None);
    }

    #[test]
    fn every_complaint_comes_at_once_under_its_field() {
        let bad = PlaceOrder {
            email: "ada@".into(),
            name: "  ".into(),
            city: "x".repeat(121),
            street: "a\u{0}b".into(),
            country: "XX".into(),
            payment_token: Some("4242424242424242".into()),
            ..form()
        };
        let problem = bad.checked().expect_err("not acceptable");
        assert_eq!(problem.status, 422);
        for field in [
            "email",
            "name",
            "city",
            "street",
            "country",
            "payment_token",
        ] {
            assert!(problem.field(field).is_some(), "a complaint about {field}");
        }
    }

    #[test]
    fn standard_delivery_is_free_from_150() {
        let price =
            |method: DeliveryMethod, minor| method.price(Money::new(minor, Currency::Eur)).minor;
        assert_eq!(price(DeliveryMethod::Standard, 14_999), 590);
        assert_eq!(price(DeliveryMethod::Standard, 15_000), 0);
        assert_eq!(price(DeliveryMethod::Express, 15_000), 1_490);
    }
}
