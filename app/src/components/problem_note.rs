//! A problem as a note on the page, read out at once.

use leptos::prelude::*;
use types::Problem;

/// The problem's sentence for the person who has to act on it.
#[component]
pub fn ProblemNote(problem: Problem) -> impl IntoView {
    view! {
        <div class="notice notice--problem" role="alert">
            <p class="notice__title">{problem.title}</p>
            <p>{problem.detail}</p>
        </div>
    }
}
