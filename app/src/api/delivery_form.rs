//! The form of the terms of delivery, as it is posted.

use serde::{Deserialize, Serialize};

/// New terms. All of it is text: whatever is wrong with it is answered under the field's name, and comes
/// back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeliveryForm {
    /// `5.90`
    pub standard: String,
    pub express: String,
    /// Standard delivery is free from this value on.
    pub free_from: String,
    /// `2026-12-01T08:00`, UTC; at once when empty.
    pub from: String,
    /// What the form has shown as being in force, as [`DeliveryTerms::written`] has it; nothing where nobody knows.
    ///
    /// [`DeliveryTerms::written`]: types::delivery::DeliveryTerms::written
    pub seen: String,
}

impl DeliveryForm {
    /// As the page shows what is in force.
    #[cfg(feature = "ssr")]
    pub fn of(terms: types::delivery::DeliveryTerms, currency: types::Currency) -> Self {
        let typed = |minor| types::money::typed(types::Money::new(minor, currency));
        Self {
            standard: typed(terms.standard_minor),
            express: typed(terms.express_minor),
            free_from: typed(terms.free_from_minor),
            from: String::new(),
            seen: terms.written(),
        }
    }
}
