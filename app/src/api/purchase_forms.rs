//! The forms of suppliers and of restocking, as they are posted. All of it is text: whatever is wrong with it is
//! answered under the field's name, and comes back.

use serde::{Deserialize, Serialize};

/// The rule of a SKU, as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleForm {
    pub sku: String,
    pub supplier: String,
    pub threshold: String,
    pub up_to: String,
    pub pack_size: String,
    pub minimum: String,
    pub lead_time_days: String,
    pub unit_cost: String,
    /// The rule as the page has shown it, see [`Seen`]; nothing where nobody knows.
    ///
    /// [`Seen`]: types::seen::Seen
    pub seen: String,
}

/// A supplier, as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SupplierForm {
    pub id: String,
    pub name: String,
    pub email: String,
    pub webhook: String,
    pub approve_up_to: String,
    pub gather_minutes: String,
    /// Not empty where it is to be a supplier whom nobody knows yet.
    pub new: String,
    /// The supplier as the page has shown it, see [`Seen`]; nothing where nobody knows.
    ///
    /// [`Seen`]: types::seen::Seen
    pub seen: String,
}

#[cfg(feature = "ssr")]
mod filled {
    use types::money::typed;
    use types::purchasing::SupplierDetails;
    use types::restock::RestockRule;
    use types::seen::Seen;
    use types::{Currency, FieldError, Money, Sku, SupplierId};

    use super::{RuleForm, SupplierForm};
    use crate::api::meanwhile::settle;

    impl RuleForm {
        /// As the page shows the rule of a SKU.
        pub fn of(sku: &Sku, rule: Option<&RestockRule>) -> Self {
            let seen = Seen::new(rule).written();
            let sku = sku.to_string();
            match rule {
                Some(rule) => Self {
                    sku,
                    supplier: rule
                        .supplier
                        .as_ref()
                        .map_or_else(String::new, ToString::to_string),
                    threshold: rule.threshold.to_string(),
                    up_to: rule.up_to.to_string(),
                    pack_size: rule.pack_size.to_string(),
                    minimum: rule.minimum.to_string(),
                    lead_time_days: rule.lead_time_days.to_string(),
                    unit_cost: typed(rule.unit_cost),
                    seen,
                },
                None => Self {
                    sku,
                    pack_size: "1".to_owned(),
                    minimum: "1".to_owned(),
                    seen,
                    ..Self::default()
                },
            }
        }

        /// What the form is to show next, and what it says of each field that somebody else has changed.
        pub fn settle(&mut self, sku: &Sku, now: Option<&RestockRule>) -> Vec<FieldError> {
            let mut errors = Vec::new();
            let Some(seen) = Seen::<RestockRule>::read(&self.seen) else {
                return errors;
            };
            let (shown, now) = (Self::of(sku, seen.shown.as_ref()), Self::of(sku, now));
            for (name, typed, was, is) in [
                ("supplier", &mut self.supplier, shown.supplier, now.supplier),
                (
                    "threshold",
                    &mut self.threshold,
                    shown.threshold,
                    now.threshold,
                ),
                ("up_to", &mut self.up_to, shown.up_to, now.up_to),
                (
                    "pack_size",
                    &mut self.pack_size,
                    shown.pack_size,
                    now.pack_size,
                ),
                ("minimum", &mut self.minimum, shown.minimum, now.minimum),
                (
                    "lead_time_days",
                    &mut self.lead_time_days,
                    shown.lead_time_days,
                    now.lead_time_days,
                ),
                (
                    "unit_cost",
                    &mut self.unit_cost,
                    shown.unit_cost,
                    now.unit_cost,
                ),
            ] {
                settle(&mut errors, name, typed, (&was, &is));
            }
            self.seen = now.seen;
            errors
        }
    }

    impl SupplierForm {
        /// As the page shows a supplier.
        pub fn of(id: &SupplierId, details: &SupplierDetails, currency: Currency) -> Self {
            Self {
                id: id.to_string(),
                name: details.name.clone(),
                email: details.email.clone(),
                webhook: details.webhook.clone(),
                approve_up_to: match details.approve_up_to_minor {
                    0 => String::new(),
                    limit => typed(Money::new(limit, currency)),
                },
                gather_minutes: details.gather_minutes.to_string(),
                new: String::new(),
                seen: Seen::new(Some(details)).written(),
            }
        }

        /// What the form is to show next, and what it says of each field that somebody else has changed.
        pub fn settle(
            &mut self,
            id: &SupplierId,
            now: &SupplierDetails,
            currency: Currency,
        ) -> Vec<FieldError> {
            let mut errors = Vec::new();
            let seen = Seen::<SupplierDetails>::read(&self.seen);
            let Some(shown) = seen.and_then(|seen| seen.shown) else {
                return errors;
            };
            let shown = Self::of(id, &shown, currency);
            let now = Self::of(id, now, currency);
            for (name, typed, was, is) in [
                ("name", &mut self.name, shown.name, now.name),
                ("email", &mut self.email, shown.email, now.email),
                ("webhook", &mut self.webhook, shown.webhook, now.webhook),
                (
                    "approve_up_to",
                    &mut self.approve_up_to,
                    shown.approve_up_to,
                    now.approve_up_to,
                ),
                (
                    "gather_minutes",
                    &mut self.gather_minutes,
                    shown.gather_minutes,
                    now.gather_minutes,
                ),
            ] {
                settle(&mut errors, name, typed, (&was, &is));
            }
            self.seen = now.seen;
            errors
        }
    }
}
