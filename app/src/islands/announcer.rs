//! The page's one polite live region.

use leptos::prelude::*;

use super::tab;

/// Unseen; says what changed to those who listen.
#[island]
pub fn Announcer() -> impl IntoView {
    let spoken = tab::spoken();
    view! {
        <p class="visually-hidden" role="status" aria-live="polite">
            {move || spoken.get()}
        </p>
    }
}
