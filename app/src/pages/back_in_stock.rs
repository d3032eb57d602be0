//! Where the link of a mail about a piece that is back leads who wants no more of it. Opening it changes
//! nothing: programs look into mails before their readers do.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use types::signup::SignupView;

use super::not_found::NotFoundPage;
use super::page_problem::PageProblem;
use crate::api::shop;
use crate::components::ShopFrame;

#[component]
pub fn BackInStockPage() -> impl IntoView {
    let token = use_params_map()
        .read_untracked()
        .get("token")
        .unwrap_or_default();
    let has_left = use_query_map().read_untracked().get("left").is_some();
    let shop = shop();
    view! {
        <Suspense>
            {Suspend::new(async move {
                match shop.signup_by_link(&token).await {
                    Ok(signup) => view! { <Page signup token has_left /> }.into_any(),
                    Err(problem) if problem.status == 404 => view! { <NotFoundPage /> }.into_any(),
                    Err(problem) => {
                        view! {
                            <ShopFrame title="Told when it is back">
                                <PageProblem problem />
                            </ShopFrame>
                        }
                        .into_any()
                    }
                }
            })}
        </Suspense>
    }
}

#[component]
fn Page(signup: Option<SignupView>, token: String, has_left: bool) -> impl IntoView {
    let content = match signup {
        Some(signup) => {
            let SignupView {
                product,
                title,
                variant,
            } = signup;
            view! {
                <h1>"Told when it is back"</h1>
                <p>
                    "You wanted to be told when " <a class="link" href=format!("/p/{product}")>
                        {title}
                    </a> ", " {variant} ", is back."
                </p>
                // The same address that mail programs post to.
                <form method="post" action=format!("/back-in-stock/{token}")>
                    <button class="button" type="submit">"Tell me nothing, forget my address"</button>
                </form>
            }
            .into_any()
        }
        None => {
            let words = match has_left {
                true => "Done. You are told nothing of it, and your address is forgotten.",
                false => "Nobody is waiting here any more: your address is not kept.",
            };
            view! {
                <h1>"Told when it is back"</h1>
                <p role="status">{words}</p>
                <p>
                    <a class="link" href="/">"To the shop"</a>
                </p>
            }
            .into_any()
        }
    };
    view! {
        <ShopFrame title="Told when it is back">
            <div class="orders-page">{content}</div>
        </ShopFrame>
    }
}
