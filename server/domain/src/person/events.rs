//! What happens to what the shop knows of a person.

use types::OrderId;

use crate::event::declare;

declare! {
    /// Who placed these orders is not known any more: whoever keeps something of them erases it, too.
    PersonErased ("person.erased" on "persons", ordered by request) {
        /// A UUID.
        request: String,
        orders: Vec<OrderId>,
        by: String,
    }
}
