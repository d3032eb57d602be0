//! A product picture that keeps its place while it loads.

use leptos::prelude::*;
use types::catalogue::Image;

/// The picture. The first one a visitor sees is `eager`; all others wait until they are near.
#[component]
pub fn Picture(
    image: Image,
    #[prop(optional)] eager: bool,
    /// What stands beside the picture says the same: leave it out for those who listen.
    #[prop(optional)]
    decorative: bool,
    #[prop(optional, into)] class: &'static str,
) -> impl IntoView {
    let alt = if decorative { String::new() } else { image.alt };
    view! {
        <img
            class=class
            src=image.src
            alt=alt
            width=image.width
            height=image.height
            loading=if eager { "eager" } else { "lazy" }
            decoding="async"
            fetchpriority=eager.then_some("high")
        />
    }
}
