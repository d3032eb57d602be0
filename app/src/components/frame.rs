//! The shop's frame around a page: skip link, header, main, footer.

use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use types::catalogue::Image;

use super::house::HOUSE;
use super::sharing::Sharing;
use crate::api::{shop, visitor};
use crate::islands::announcer::Announcer;
use crate::islands::cart_count::CartCount;
use crate::islands::connection_dot::ConnectionDot;
use crate::islands::own;

/// Everything of a shop page but its content. `id="main"` is where the skip link leads.
#[component]
pub fn ShopFrame(
    /// Title of the document; the house's name is added.
    #[prop(into)]
    title: String,
    /// For search engines and link previews; none on pages that are nobody else's business.
    #[prop(optional, into)]
    description: Option<String>,
    /// Slug of the category the page belongs to, marked in the header.
    #[prop(optional, into)]
    category: Option<String>,
    /// For link previews, when the page is about one thing.
    #[prop(default = None)]
    picture: Option<Image>,
    children: Children,
) -> impl IntoView {
    let kind = if picture.is_some() {
        "product"
    } else {
        "website"
    };
    let name = title.clone();
    let title = if title.contains(HOUSE) {
        title
    } else {
        format!("{title} \u{2013} {HOUSE}")
    };
    let head = match description {
        Some(description) => view! { <Sharing title=name description kind picture /> }.into_any(),
        None => view! { <Meta name="robots" content="noindex" /> }.into_any(),
    };
    // Nothing for all but a few: a page that is kept says nothing here.
    let held = own::of_visitor();
    let held = (!held.is_empty()).then(|| serde_json::to_string(&held).unwrap_or_default());
    view! {
        <Title text=title />
        {head}
        <a class="skip" href="#main">"Skip to content"</a>
        <Header category />
        <main id="main" tabindex="-1" data-own=held>
            {children()}
        </main>
        <Footer />
        <Announcer />
    }
}

#[component]
fn Header(category: Option<String>) -> impl IntoView {
    let links = shop().categories().into_iter().map(|each| {
        let current = category.as_deref() == Some(each.slug.as_str());
        view! {
            <li>
                <a href=format!("/c/{}", each.slug) aria-current=current.then_some("page")>
                    {each.title}
                </a>
            </li>
        }
    });
    let (shop, visitor) = (shop(), visitor());
    view! {
        <header class="site-head">
            <div class="site-head__inner">
                <a class="wordmark" href="/">{HOUSE}</a>
                <nav class="site-nav" aria-label="Categories">
                    <ul>{links.collect_view()}</ul>
                </nav>
                <a class="cart-link" href="/cart">
                    "Cart"
                    <Suspense>
                        {Suspend::new(async move {
                            // A count that cannot be read is no reason to lose the page.
                            let count = match visitor.is_new {
                                true => 0,
                                false => shop.cart(visitor.shopper).await.map_or(0, |c| c.count()),
                            };
                            view! { <CartCount count /> }
                        })}
                    </Suspense>
                </a>
            </div>
        </header>
    }
}

#[component]
fn Footer() -> impl IntoView {
    let pages = [
        ("/orders", "Your orders"),
        ("/orders/find", "Find my order"),
        ("/delivery", "Delivery"),
        ("/returns", "Returns"),
        ("/privacy", "Privacy"),
        ("/imprint", "Imprint"),
    ];
    let links = pages.map(|(href, name)| {
        view! {
            <li>
                <a href=href>{name}</a>
            </li>
        }
    });
    view! {
        <footer class="site-foot">
            <div class="site-foot__inner">
                <p class="site-foot__house">
                    <span class="wordmark">{HOUSE}</span>
                    <span>"Fine jewellery, made to be worn daily."</span>
                </p>
                <nav aria-label="Service">
                    <ul>{links.into_iter().collect_view()}</ul>
                </nav>
                <div class="site-foot__end">
                    <ConnectionDot />
                    <p>"A demonstration shop. Nothing here is for sale."</p>
                </div>
            </div>
        </footer>
    }
    .into_any()
}
