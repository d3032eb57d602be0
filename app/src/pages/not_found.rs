//! What is not there, and where to go instead.

use leptos::prelude::*;

use crate::api::shop;
use crate::components::ShopFrame;

/// The page for every address that leads nowhere; answers with 404.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(axum::http::StatusCode::NOT_FOUND);
    }
    let links = shop().categories().into_iter().map(|category| {
        view! {
            <li>
                <a class="link" href=format!("/c/{}", category.slug)>{category.title}</a>
            </li>
        }
    });
    view! {
        <ShopFrame title="Page not found">
            <div class="prose">
                <p class="eyebrow">"404"</p>
                <h1>"This page is not here."</h1>
                <p>
                    "It may have moved, or the piece may have left the collection. "
                    "What we have is close by:"
                </p>
                <ul class="links" role="list">{links.collect_view()}</ul>
                <p>
                    <a class="button" href="/">"Back to the shop"</a>
                </p>
            </div>
        </ShopFrame>
    }
}
