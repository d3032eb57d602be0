//! The admin's frame around a page: title, skip link, header, main.

use axum::http::StatusCode;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::{Meta, Title};
use services::Staff;
use types::Problem;
use types::live::AlertNews;
use types::staff::Right;

use super::house::HOUSE;
use super::{LazyHint, ProblemNote};
use crate::api::account::ACCOUNT;
use crate::api::alerts::ALERTS;
use crate::api::products::PRODUCTS;
use crate::api::staff::STAFF;
use crate::api::{shop, visitor};
use crate::islands::admin_live::AdminLive;
use crate::islands::connection_dot::ConnectionDot;
use crate::live::LivePage;

const PAGES: [(&str, &str, Right); 10] = [
    ("/admin/today", "Today", Right::See),
    ("/admin/orders", "Orders", Right::See),
    ("/admin/inventory", "Inventory", Right::See),
    ("/admin/restock", "Restock", Right::See),
    ("/admin/purchase-orders", "Purchases", Right::See),
    (PRODUCTS, "Products", Right::Products),
    ("/admin/events", "Events", Right::See),
    ("/admin/mails", "Mails", Right::See),
    ("/admin/persons", "Persons", Right::ExportPersons),
    (STAFF, "Staff", Right::Staff),
];

/// An admin page: for those of the staff who may see it. Others are told who may, and whoever has not signed in is
/// shown the way in.
pub fn for_staff<V: IntoView + 'static>(right: Right, page: impl FnOnce(Staff) -> V) -> AnyView {
    match visitor().staff {
        Some(staff) => match staff.may(right) {
            Ok(_) => page(staff).into_any(),
            Err(problem) => view! { <NotForThem email=staff.email problem /> }.into_any(),
        },
        None => {
            leptos_axum::redirect("/admin/sign-in", false);
            ().into_any()
        }
    }
}

/// In place of a page that somebody's role does not include.
#[component]
fn NotForThem(email: String, problem: Problem) -> impl IntoView {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(StatusCode::FORBIDDEN);
    }
    view! {
        <AdminFrame title="Not for your role" here="" email>
            <section class="watch" aria-labelledby="refused-title">
                <h1 id="refused-title">"Not for your role"</h1>
                <ProblemNote problem />
            </section>
        </AdminFrame>
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
    let own_role = visitor().staff.map(|staff| staff.role);
    let pages = PAGES
        .into_iter()
        .filter(|(.., right)| own_role.is_some_and(|role| role.may(*right)));
    let links = pages.map(|(path, name, _)| {
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
    let links = links.collect_view();
    let on_account = (here == ACCOUNT).then_some("page");
    view! {
        <LazyHint island="admin_live" />
        <Title text=format!("{title} – {HOUSE}") />
        <Meta name="robots" content="noindex" />
        <div class="admin">
            <a class="skip" href="#main">"Skip to content"</a>
            <header class="admin__head">
                <p class="admin__house">{HOUSE} " " <span>"Admin"</span></p>
                <nav aria-label="Admin">
                    {links}
                    <a href=ALERTS aria-current=on_alerts>
                        "Alerts " <AdminLive news follows />
                    </a>
                    <a href="/">"Shop"</a>
                </nav>
                <div class="admin__who">
                    {live.then(|| view! { <ConnectionDot /> })}
                    <a class="admin__email" href=ACCOUNT aria-current=on_account>
                        {email} " "
                        {own_role.map(|role| view! { <span>{role.title()}</span> })}
                    </a>
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
