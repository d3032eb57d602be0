//! A page whose content cannot be shown.

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use types::Problem;

use crate::components::ProblemNote;

/// Says why, to people in words and to everything else by the problem's own status.
#[component]
pub fn PageProblem(problem: Problem) -> impl IntoView {
    answer_with_status(&problem);
    view! { <ProblemNote problem /> }
}

/// Gives the page the status of the problem that it tells of.
pub fn answer_with_status(problem: &Problem) {
    let response = use_context::<ResponseOptions>();
    if let (Some(response), Ok(status)) = (response, StatusCode::from_u16(problem.status)) {
        response.set_status(status);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header(RETRY_AFTER, HeaderValue::from_static("2"));
        }
    }
}
