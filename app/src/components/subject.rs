//! What an event is about, as a way to its past.

use leptos::prelude::*;
use types::Sku;

/// An order number or a SKU leads to what the log knows of it; anything else only stands there.
#[component]
pub fn Subject(subject: String) -> impl IntoView {
    // Order numbers are written in a SKU's letters, too. Nothing in them has to be escaped.
    if subject.parse::<Sku>().is_ok() {
        let href = format!("/admin/events?of={subject}");
        view! { <a href=href>{subject}</a> }.into_any()
    } else {
        subject.into_any()
    }
}
