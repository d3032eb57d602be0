//! The checkout form, as it is posted.

use serde::{Deserialize, Serialize};
use types::checkout::{BillingAddress, DeliveryMethod, PlaceOrder};
use types::{FieldError, OrderId, Problem};

/// The bill goes to another address than the parcel.
pub const OTHER: &str = "other";

/// All of it is text: whatever is wrong with it is answered under the field's name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CheckoutForm {
    pub order_id: String,
    pub email: String,
    pub name: String,
    pub street: String,
    pub street_2: String,
    pub postal_code: String,
    pub city: String,
    pub country: String,
    pub phone: String,
    pub delivery: String,
    /// `other` when the fields after it count.
    pub billing: String,
    pub billing_name: String,
    pub billing_street: String,
    pub billing_street_2: String,
    pub billing_postal_code: String,
    pub billing_city: String,
    pub billing_country: String,
    pub payment_token: String,
    /// The total the shopper saw. The form cannot know it without JavaScript, since it differs by
    /// the delivery method; then the two below count.
    pub expected_total_minor: String,
    pub expected_total_minor_standard: String,
    pub expected_total_minor_express: String,
}

impl CheckoutForm {
    /// The command, its texts trimmed, or every complaint at once.
    pub fn command(&self) -> Result<PlaceOrder, Problem> {
        let order_id: OrderId = self
            .order_id
            .parse()
            .map_err(|error| Problem::malformed(format!("order_id: {error}")))?;
        let delivery = self.delivery.parse::<DeliveryMethod>().ok();
        let total = self.seen_total(delivery.unwrap_or_default());
        let checked = PlaceOrder {
            order_id,
            email: self.email.clone(),
            name: self.name.clone(),
            street: self.street.clone(),
            street_2: self.street_2.clone(),
            postal_code: self.postal_code.clone(),
            city: self.city.clone(),
            country: self.country.clone(),
            phone: self.phone.clone(),
            delivery: delivery.unwrap_or_default(),
            billing: self.billing_address(),
            payment_token: Some(self.payment_token.clone()),
            expected_total_minor: total.unwrap_or_default(),
        }
        .checked();
        let mut errors = Vec::new();
        if delivery.is_none() {
            errors.push(FieldError::new("delivery", "Choose how we deliver."));
        }
        if total.is_none() {
            let message = "The total you saw is missing: a whole number of cents.";
            errors.push(FieldError::new("expected_total_minor", message));
        }
        match checked {
            Ok(command) if errors.is_empty() => Ok(command),
            Ok(_) => Err(Problem::invalid(errors)),
            Err(problem) => Err(Problem::invalid([problem.errors, errors].concat())),
        }
    }

    /// What was typed.
    #[cfg(feature = "ssr")]
    pub(super) const fn texts(&mut self) -> [&mut String; 14] {
        [
            &mut self.email,
            &mut self.name,
            &mut self.street,
            &mut self.street_2,
            &mut self.postal_code,
            &mut self.city,
            &mut self.country,
            &mut self.phone,
            &mut self.billing_name,
            &mut self.billing_street,
            &mut self.billing_street_2,
            &mut self.billing_postal_code,
            &mut self.billing_city,
            &mut self.billing_country,
        ]
    }

    fn billing_address(&self) -> Option<BillingAddress> {
        (self.billing == OTHER).then(|| BillingAddress {
            name: self.billing_name.clone(),
            street: self.billing_street.clone(),
            street_2: self.billing_street_2.clone(),
            postal_code: self.billing_postal_code.clone(),
            city: self.billing_city.clone(),
            country: self.billing_country.clone(),
        })
    }

    /// The total of the chosen delivery method, as the page showed it.
    fn seen_total(&self, delivery: DeliveryMethod) -> Option<i64> {
        let by_method = match delivery {
            DeliveryMethod::Standard => &self.expected_total_minor_standard,
            DeliveryMethod::Express => &self.expected_total_minor_express,
        };
        [&self.expected_total_minor, by_method]
            .into_iter()
            .find_map(|text| text.parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> CheckoutForm {
        CheckoutForm {
            order_id: "0199c0a0-1111-7aaa-8bbb-123456789abc".into(),
            email: "ada@example.com".into(),
            name: "Ada Lovelace".into(),
            street: "Main Street 1".into(),
            postal_code: "10115".into(),
            city: "Berlin".into(),
            country: "DE".into(),
            delivery: "express".into(),
            expected_total_minor_standard: "100".into(),
            expected_total_minor_express: "1590".into(),
            ..CheckoutForm::default()
        }
    }

    #[test]
    fn without_javascript_the_total_of_the_chosen_method_counts() {
        let total = |form: CheckoutForm| form.command().map(|c| c.expected_total_minor);
        assert_eq!(total(form()), Ok(1_590));
        assert_eq!(
            total(CheckoutForm {
                delivery: "standard".into(),
                ..form()
            }),
            Ok(100)
        );
        assert_eq!(
            total(CheckoutForm {
                expected_total_minor: "7".into(),
                ..form()
            }),
            Ok(7)
        );
    }

    #[test]
    fn a_billing_address_counts_only_where_it_was_chosen() {
        let filled = CheckoutForm {
            billing_name: "Lovelace & Co".into(),
            ..form()
        };
        assert_eq!(filled.command().expect("acceptable").billing, None);
        let chosen = CheckoutForm {
            billing: OTHER.into(),
            ..filled
        };
        let problem = chosen.command().expect_err("it is not whole");
        assert!(problem.field("billing_street").is_some(), "{problem:?}");
    }

    #[test]
    fn every_complaint_comes_at_once() {
        let empty = CheckoutForm {
            order_id: form().order_id,
            ..CheckoutForm::default()
        };
        let problem = empty.command().expect_err("nothing was filled in");
        for field in [
            "email",
            "name",
            "country",
            "delivery",
            "expected_total_minor",
        ] {
            assert!(problem.field(field).is_some(), "a complaint about {field}");
        }
    }

    #[test]
    fn a_bad_order_id_is_refused_as_unreadable() {
        let problem = CheckoutForm::default().command().expect_err("no order id");
        assert_eq!(problem.status, 400);
    }
}
