//! What happens to what the shop knows of a person.

use types::{OrderId, SignupId};

use crate::event::declare;

declare! {
    /// Who placed these orders is not known any more: whoever keeps something of them erases it, too.
    PersonErased ("person.erased" on "persons", ordered by request) {
        /// A UUID.
        request: String,
        orders: Vec<OrderId>,
        /// What they wanted to be told of.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        signups: Vec<SignupId>,
        by: String,
    }

    /// What is known of whoever placed these orders was given out.
    PersonExported ("person.exported" on "persons", ordered by request) {
        /// A UUID.
        request: String,
        orders: Vec<OrderId>,
        by: String,
    }
}
