//! Identifiers. Each is a type of its own, so that a SKU never stands where a slug should.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text is not the identifier it was meant to be. Says what was expected and what came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, got {got:?}")]
pub struct InvalidId {
    pub expected: &'static str,
    pub got: String,
}

impl InvalidId {
    fn new(expected: &'static str, got: &str) -> Self {
        // A hostile caller chooses the text: never echo more than a line of it.
        let got = got.chars().take(60).collect();
        Self { expected, got }
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps an id that the caller made; randomness is a parameter of everything in here.
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                // One spelling only: the text is a key in the database and in subscriptions.
                match Uuid::try_parse(text) {
                    Ok(id) if id.get_version_num() == 7 && id.to_string() == text => Ok(Self(id)),
                    _ => Err(InvalidId::new($expected, text)),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

uuid_id!(
    /// An order, and at once the idempotency key of placing it: the checkout page makes it.
    OrderId,
    "an order id (UUIDv7, lower case)"
);
uuid_id!(
    /// One browser, known by its signed cookie. Owns a cart and the orders placed from it.
    ShopperId,
    "a shopper id (UUIDv7, lower case)"
);
uuid_id!(
    /// A mail to a customer: the id of the event that led to it.
    MailId,
    "a mail id (UUIDv7, lower case)"
);
uuid_id!(
    /// One line of a cart. Two lines may hold the same SKU, told apart by their gift notes.
    LineId,
    "a cart line id (UUIDv7, lower case)"
);
uuid_id!(
    /// One parcel of an order, made by whoever asks for it to be packed.
    ShipmentId,
    "a shipment id (UUIDv7, lower case)"
);
uuid_id!(
    /// One refund, and at once the idempotency key of asking for it.
    RefundId,
    "a refund id (UUIDv7, lower case)"
);
uuid_id!(
    /// Somebody's wish to be told when a SKU is back.
    SignupId,
    "a sign-up id (UUIDv7, lower case)"
);
uuid_id!(
    /// Pieces of one order that come back together.
    ReturnId,
    "a return id (UUIDv7, lower case)"
);
uuid_id!(
    /// An order to a supplier: the id of the event that led to it.
    PurchaseOrderId,
    "a purchase order id (UUIDv7, lower case)"
);
uuid_id!(
    /// Something that staff are to look at: the id of the event that it was raised for.
    AlertId,
    "an alert id (UUIDv7, lower case)"
);
uuid_id!(
    /// Counts and thresholds of many SKUs that are set as one, and at once the idempotency key of asking for it.
    BatchId,
    "a batch id (UUIDv7, lower case)"
);

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $max:literal, $expected:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let allowed: fn(u8) -> bool = $allowed;
                if (1..=$max).contains(&text.len()) && text.bytes().all(allowed) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidId::new($expected, text))
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

text_id!(
    /// Stock keeping unit: one variant (metal and size) of one product.
    Sku,
    40,
    "a SKU (1 to 40 of A-Z, 0-9 and '-')",
    |b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-'
);
text_id!(
    /// The name of a product or category in an address.
    Slug,
    80,
    "a slug (1 to 80 of a-z, 0-9 and '-')",
    |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'
);
text_id!(
    /// The name of a supplier in an address.
    SupplierId,
    40,
    "a supplier (1 to 40 of a-z, 0-9 and '-')",
    |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sku_is_upper_case_letters_digits_and_dashes() {
        assert!("AS-VEG-WG-50".parse::<Sku>().is_ok());
        for bad in ["", "as-veg", "A B", "A'--", &"A".repeat(41)] {
            assert!(bad.parse::<Sku>().is_err(), "{bad:?} must be refused");
        }
    }

    #[test]
    fn an_order_id_has_one_spelling() {
        let text = "0199c0a0-1111-7aaa-8bbb-123456789abc";
        assert_eq!(
            text.parse::<OrderId>().map(|id| id.to_string()),
            Ok(text.to_owned())
        );
        assert!(text.to_uppercase().parse::<OrderId>().is_err());
        assert!(text.replace('-', "").parse::<OrderId>().is_err());
        assert!(
            "550e8400-e29b-41d4-a716-446655440000"
                .parse::<OrderId>()
                .is_err(),
            "version 4"
        );
    }

    #[test]
    fn an_error_says_what_was_expected_and_never_echoes_a_flood() {
        let error = "x"
            .repeat(10_000)
            .parse::<Sku>()
            .expect_err("too long")
            .to_string();
        assert!(
            error.starts_with("expected a SKU") && error.len() < 200,
            "{error}"
        );
    }
}
