//! What the checkout page sends: the `PlaceOrder` command, and what makes it acceptable.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::ids::InvalidId;
use crate::postal_codes::expected_instead;
use crate::{FieldError, OrderId, Problem};

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

    pub const fn title(self) -> &'static str {
        match self {
            Self::Standard => "Standard delivery",
            Self::Express => "Express delivery",
        }
    }

    pub const fn promise(self) -> &'static str {
        match self {
            Self::Standard => "Insured, 2 to 4 working days",
            Self::Express => "Insured courier, 1 to 2 working days",
        }
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
    /// Flat, floor, company; may be empty.
    #[serde(default)]
    pub street_2: String,
    pub postal_code: String,
    pub city: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// For the courier; may be empty.
    #[serde(default)]
    pub phone: String,
    pub delivery: DeliveryMethod,
    /// Where the bill goes; `None` for the delivery address.
    #[serde(default)]
    pub billing: Option<BillingAddress>,
    /// A token the payment gateway gave for a card; never a card number. Absent when the shopper
    /// pays on the next page instead (always so without JavaScript).
    #[serde(default)]
    pub payment_token: Option<String>,
    /// The total the shopper saw, in minor units. When the server's differs nothing is placed.
    pub expected_total_minor: i64,
}

/// Where a bill goes. In the form its fields are called `billing_name` and so on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillingAddress {
    pub name: String,
    pub street: String,
    /// Flat, floor, company; may be empty.
    #[serde(default)]
    pub street_2: String,
    pub postal_code: String,
    pub city: String,
    /// In words: bills go where nothing is delivered, too.
    pub country: String,
}

/// What the names of a billing address's fields begin with.
const BILLING: &str = "billing_";

/// A text of the form: its name, what it is called, how many characters it may have, and whether it
/// may be empty.
struct TextField {
    field: &'static str,
    label: &'static str,
    max: usize,
    optional: bool,
}

const fn text_field(field: &'static str, label: &'static str, max: usize) -> TextField {
    TextField {
        field,
        label,
        max,
        optional: false,
    }
}

const TEXT_FIELDS: [TextField; 8] = [
    text_field("email", "email address", 254),
    text_field("name", "full name", 120),
    text_field("street", "street and number", 160),
    TextField {
        optional: true,
        ..text_field("street_2", "second line", 160)
    },
    text_field("postal_code", "postal code", 16),
    text_field("city", "city", 120),
    text_field("billing_country", "country", 80),
    TextField {
        optional: true,
        ..text_field("phone", "phone number", 32)
    },
];

/// What is wrong with one field of the form as it stands, if anything. The page asks while people
/// fill it in, the server when it is sent.
pub fn complaint_about(field: &str, text: &str) -> Option<String> {
    let text = text.trim();
    if field == "country" {
        let known = COUNTRIES.iter().any(|(code, _)| *code == text);
        return (!known).then(|| "Choose a country we deliver to.".to_owned());
    }
    // The billing address has the fields of the other one.
    let same = field.strip_prefix(BILLING).unwrap_or(field);
    let known = |known: &&TextField| known.field == field || known.field == same;
    let known = TEXT_FIELDS.iter().find(known)?;
    let (label, max) = (known.label, known.max);
    if text.is_empty() {
        return (!known.optional).then(|| format!("Enter your {label}."));
    }
    if text.chars().count() > max {
        return Some(format!("Your {label} may have at most {max} characters."));
    }
    if !crate::is_printable(text) {
        return Some(format!("Your {label} has a character we cannot print."));
    }
    match field {
        "email" if !looks_like_email(text) => {
            Some("Enter an email like name@example.com.".to_owned())
        }
        _ if same == "postal_code" && !text.chars().any(char::is_alphanumeric) => {
            Some("Enter a postal code: letters or digits.".to_owned())
        }
        "phone" if !looks_like_phone(text) => Some("Enter a number like +49 30 123456.".to_owned()),
        _ => None,
    }
}

/// What is wrong with the postal code of an address in this country, if anything.
pub fn complaint_about_postal_code(text: &str, country: &str) -> Option<String> {
    complaint_about("postal_code", text).or_else(|| {
        let example = expected_instead(country, text)?;
        Some(["Enter a postal code like ", example, "."].concat())
    })
}

impl PlaceOrder {
    /// The command with its text trimmed, or every complaint at once.
    pub fn checked(mut self) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        for (field, text) in [
            ("email", &mut self.email),
            ("name", &mut self.name),
            ("street", &mut self.street),
            ("street_2", &mut self.street_2),
            ("postal_code", &mut self.postal_code),
            ("city", &mut self.city),
            ("country", &mut self.country),
            ("phone", &mut self.phone),
        ] {
            *text = text.trim().to_owned();
            if let Some(message) = complaint_about(field, text) {
                errors.push(FieldError::new(field, message));
            }
        }
        if !errors.iter().any(|error| error.field == "postal_code")
            && let Some(message) = complaint_about_postal_code(&self.postal_code, &self.country)
        {
            errors.push(FieldError::new("postal_code", message));
        }
        for (field, text) in self.billing.iter_mut().flat_map(BillingAddress::fields) {
            *text = text.trim().to_owned();
            if let Some(message) = complaint_about(field, text) {
                errors.push(FieldError::new(field, message));
            }
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

impl BillingAddress {
    const fn fields(&mut self) -> [(&'static str, &mut String); 6] {
        [
            ("billing_name", &mut self.name),
            ("billing_street", &mut self.street),
            ("billing_street_2", &mut self.street_2),
            ("billing_postal_code", &mut self.postal_code),
            ("billing_city", &mut self.city),
            ("billing_country", &mut self.country),
        ]
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

/// Digits as people set them apart; a courier has to be able to dial it.
fn looks_like_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let is_part = |c: char| c.is_ascii_digit() || " +-/.()".contains(c);
    (5..=20).contains(&digits) && text.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> PlaceOrder {
        PlaceOrder {
            order_id: "0199c0a0-1111-7aaa-8bbb-123456789abc"
                .parse()
                .expect("an id"),
            email: " ada@example.com ".into(),
            name: "Ada Lovelace".into(),
            street: "Main Street 1".into(),
            street_2: String::new(),
            phone: String::new(),
            postal_code: "10115".into(),
            city: "Berlin".into(),
            country: "DE".into(),
            delivery: DeliveryMethod::Standard,
            billing: None,
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
    fn phone_and_second_line_may_be_empty_and_are_checked_when_they_are_not() {
        for (phone, is_good) in [
            ("", true),
            ("  ", true),
            ("+49 (30) 123-456", true),
            ("0301234567", true),
            ("1234", false),
            ("call me", false),
        ] {
            let filled = PlaceOrder {
                phone: phone.into(),
                street_2: " 3rd floor ".into(),
                ..form()
            };
            match filled.checked() {
                Ok(checked) => {
                    assert!(is_good, "{phone:?}");
                    assert_eq!(checked.street_2, "3rd floor");
                }
                Err(problem) => {
                    assert!(!is_good, "{problem:?}");
                    assert!(problem.field("phone").is_some());
                }
            }
        }
    }

    #[test]
    fn a_postal_code_is_one_of_its_country() {
        let complaint = |postal_code: &str, country: &str| {
            let filled = PlaceOrder {
                postal_code: postal_code.into(),
                country: country.into(),
                ..form()
            };
            let problem = filled.checked().err()?;
            problem.field("postal_code").map(str::to_owned)
        };
        assert_eq!(complaint("10115", "DE"), None);
        assert_eq!(complaint("1010", "AT"), None);
        let like = complaint("1010", "DE").expect("too short");
        assert_eq!(like, "Enter a postal code like 10115.");
        assert!(
            complaint("!!", "DE")
                .expect("none")
                .contains("letters or digits")
        );
        // Where no country is chosen that alone is said.
        assert_eq!(complaint("8001", "XX"), None);
        let billed = |postal_code: &str| {
            let billing = BillingAddress {
                name: "Lovelace".into(),
                street: "Bahnhofstrasse 1".into(),
                street_2: String::new(),
                postal_code: postal_code.into(),
                city: "Zürich".into(),
                country: "Switzerland".into(),
            };
            let filled = PlaceOrder {
                billing: Some(billing),
                ..form()
            };
            filled.checked()
        };
        assert!(billed("8001").is_ok());
        let problem = billed("--").expect_err("none");
        assert!(problem.field("billing_postal_code").is_some());
    }

    #[test]
    fn a_billing_address_is_whole_or_not_there() {
        let billed = |billing| PlaceOrder {
            billing: Some(billing),
            ..form()
        };
        let half = BillingAddress {
            name: "Lovelace & Co".into(),
            street: "a\u{0}b".into(),
            ..BillingAddress::default()
        };
        let problem = billed(half).checked().expect_err("not acceptable");
        let about: Vec<&str> = problem.errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(
            about,
            [
                "billing_street",
                "billing_postal_code",
                "billing_city",
                "billing_country"
            ]
        );
        let whole = BillingAddress {
            name: " Lovelace & Co ".into(),
            street: "Bahnhofstrasse 1".into(),
            street_2: String::new(),
            postal_code: "8001".into(),
            city: "Zürich".into(),
            country: "Switzerland".into(),
        };
        let checked = billed(whole).checked().expect("acceptable");
        assert_eq!(checked.billing.expect("kept").name, "Lovelace & Co");
    }

    #[test]
    fn an_order_of_before_is_read_without_the_fields_that_came_later() {
        let mut old = serde_json::to_value(form()).expect("JSON");
        let fields = old.as_object_mut().expect("an object");
        fields.remove("phone");
        fields.remove("street_2");
        fields.remove("billing");
        let read: PlaceOrder = serde_json::from_value(old).expect("readable");
        assert_eq!(read.phone, "");
    }
}
