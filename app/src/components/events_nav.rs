//! The ways between the staff's pages about the log.

use leptos::prelude::*;

use crate::api::admin::{CONSUMERS, EVENTS, WHAT_IF};

const PAGES: [(&str, &str); 3] = [
    (EVENTS, "Stream"),
    (CONSUMERS, "Consumers"),
    (WHAT_IF, "What if"),
];

/// `here` is the page's own path.
#[component]
pub fn EventsNav(here: &'static str) -> impl IntoView {
    let links = PAGES.into_iter().map(|(path, name)| {
        view! {
            <a class="desk-button" href=path aria-current=(path == here).then_some("page")>
                {name}
            </a>
        }
    });
    view! {
        <nav class="events__pages" aria-label="The log">
            {links.collect_view()}
        </nav>
    }
}
