//! The admin's frame around a page: title, skip link, header, main.

use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use services::Staff;
use types::live::AlertNews;

use super::LazyHint;
use super::house::HOUSE;
use crate::api::alerts::ALERTS;
use crate::api::{shop, visitor};
use crate::islands::admin_live::AdminLive;
use crate::islands::connection_dot::ConnectionDot;
use crate::live::LivePage;

const PAGES: [(&str, &str); 9] = [
    ("/admin/today", "Today"),
    ("/admin/orders", "Orders"),
    ("/admin/inventory", "Inventory"),
    ("/admin/restock", "Restock"),
    ("/admin/purchase-orders", "Purchases"),
    ("/admin/prices", "Prices"),
    ("/admin/events", "Events"),
    ("/admin/mails", "Mails"),
    ("/admin/persons", "Persons"),
];

/// An admin page: for staff, and for nobody else, who is shown the way in.
pub fn for_staff<V: IntoView + 'static>(page: impl FnOnce(Staff) -> V) -> AnyView {
    match visitor().staff {
        Some(staff) => page(staff).into_any(),
        None => {
            leptos_axum::redirect("/admin/sign-in", false);
            ().into_any()
        }
    }
}

/// Everything of an admin page but its content.
#[component]
pub fn AdminFrame(
    #[prop(into)] title: String,
    /// The page's own path, marked in the header.
    here: &'static str,
    /// Who is signed in.
    email: String,
    /// Says how the connection is: for pages that move by themselves.
    #[prop(optional)]
    live: bool,
    /// Has what of the page is marked `data-live` fetched again when it has changed.
    #[prop(optional)]
    follows: Option<(LivePage, u64)>,
    children: Children,
) -> impl IntoView {
    let links = PAGES.map(|(path, name)| {
        let current = (path == here).then_some("page");
        view! {
            <a href=path aria-current=current>
                {name}
            </a>
        }
    });
    let shop = shop();
    let news = AlertNews {
        open: shop.open_alerts(),
        version: shop.alerts_position(),
    };
    let on_alerts = (here == ALERTS).then_some("page");
    let live = live || follows.is_some();
    // Its script says here how the page stands.
    let note = follows
        .as_ref()
        .map(|_| view! { <p class="stale-note" role="status" data-page-note=""></p> });
    view! {
        <LazyHint island="admin_live" />
        <Title text=format!("{title} – {HOUSE}") />
        <Meta name="robots" content="noindex" />
        <div class="admin">
            <a class="skip" href="#main">"Skip to content"</a>
            <header class="admin__head">
                <p class="admin__house">{HOUSE} " " <span>"Admin"</span></p>
                <nav aria-label="Admin">
                    {links.collect_view()}
                    <a href=ALERTS aria-current=on_alerts>
                        "Alerts " <AdminLive news follows />
                    </a>
                    <a href="/">"Shop"</a>
                </nav>
                <div class="admin__who">
                    {live.then(|| view! { <ConnectionDot /> })}
                    <span class="admin__email">{email}</span>
                    <form method="post" action="/admin/session/end">
                        <button class="desk-button" type="submit">"Sign out"</button>
                    </form>
                </div>
            </header>
            <main id="main" tabindex="-1">{children()}</main>
            {note}
        </div>
    }
}
