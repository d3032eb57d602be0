//! A moment in a list of orders, by the reader's own clock.

use leptos::prelude::*;

use crate::components::LocalTime;

#[island(lazy)]
pub fn OrderTime(at_us: i64) -> impl IntoView {
    view! { <LocalTime at_us /> }
}
