//! The small picture of a line in a cart or an order. The words beside it say what it shows.

use leptos::prelude::*;
use types::catalogue::Image;

#[component]
pub fn LinePicture(image: Image) -> impl IntoView {
    view! { <img src=image.src alt="" width=image.width height=image.height decoding="async" /> }
}
