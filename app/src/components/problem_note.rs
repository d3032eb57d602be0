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

/// What of a problem is not told at the fields of its form; nothing where they say it all.
pub fn beyond_fields(problem: Option<Problem>) -> Option<Problem> {
    problem.filter(|problem| problem.errors.is_empty() || problem.status != 422)
}
