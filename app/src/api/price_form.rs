//! The form of a price, as it is posted.

use serde::{Deserialize, Serialize};

/// A new price. All of it is text: whatever is wrong with it is answered under the field's
/// name, and comes back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PriceForm {
    pub sku: String,
    /// `2590` or `2590.00`
    pub price: String,
    /// The former price, where it is to be shown.
    pub compare_at: String,
    /// `2026-12-01T08:00`, UTC; at once when empty.
    pub from: String,
    /// The page to come back to: what was looked for.
    pub q: String,
    pub page: String,
    /// What the page has shown of what it costs, see [`Seen`]; nothing where nobody knows.
    ///
    /// [`Seen`]: types::seen::Seen
    pub seen: String,
}

#[cfg(feature = "ssr")]
mod filled {
    use types::money::typed;
    use types::prices::SeenPrice;
    use types::seen::Seen;
    use types::{FieldError, Sku};

    use super::PriceForm;
    use crate::api::meanwhile::settle;

    impl PriceForm {
        /// As the page shows what a SKU costs.
        pub fn of(sku: &Sku, now: SeenPrice) -> Self {
            Self {
                sku: sku.to_string(),
                price: typed(now.price),
                compare_at: now.compare_at.map(typed).unwrap_or_default(),
                seen: Seen::new(Some(now)).written(),
                ..Self::default()
            }
        }

        /// What the form is to show next, and what it says of each field that somebody else has changed.
        pub fn settle(&mut self, sku: &Sku, now: SeenPrice) -> Vec<FieldError> {
            let mut errors = Vec::new();
            let seen = Seen::<SeenPrice>::read(&self.seen);
            let Some(shown) = seen.and_then(|seen| seen.shown) else {
                return errors;
            };
            let (shown, now) = (Self::of(sku, shown), Self::of(sku, now));
            for (name, typed, was, is) in [
                ("price", &mut self.price, shown.price, now.price),
                (
                    "compare_at",
                    &mut self.compare_at,
                    shown.compare_at,
                    now.compare_at,
                ),
            ] {
                settle(&mut errors, name, typed, (&was, &is));
            }
            self.seen = now.seen;
            errors
        }
    }
}
