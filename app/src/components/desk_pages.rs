//! The ways from one page of an admin's list to those beside it.

use leptos::prelude::*;

/// The page before and the one after, each with its word and its address; nothing where there is one page.
#[component]
pub fn DeskPages(
    before: Option<(&'static str, String)>,
    after: Option<(&'static str, String)>,
) -> impl IntoView {
    let link = |rel: &'static str, (words, href): (&'static str, String)| {
        view! {
            <a class="desk-button" rel=rel href=href>
                {words}
            </a>
        }
    };
    (before.is_some() || after.is_some()).then(|| {
        view! {
            <nav class="desk-pages" aria-label="Pages">
                {before.map(|to| link("prev", to))}
                {after.map(|to| link("next", to))}
            </nav>
        }
    })
}
