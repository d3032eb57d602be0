//! The HTML document around every page, and the routes.

use axum::http::request::Parts;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::{SsrMode, path};

use crate::components::picture::PriorityPicture;
use crate::pages::admin_account::AdminAccountPage;
use crate::pages::admin_alerts::AdminAlertsPage;
use crate::pages::admin_audit::AdminAuditPage;
use crate::pages::admin_consumers::AdminConsumersPage;
use crate::pages::admin_count::{AdminCountPage, CountSheetPage};
use crate::pages::admin_events::AdminEventsPage;
use crate::pages::admin_import::{AdminImportPage, AdminImportedPage};
use crate::pages::admin_inventory::AdminInventoryPage;
use crate::pages::admin_join::{AdminCodePage, AdminJoinPage};
use crate::pages::admin_ledger::AdminLedgerPage;
use crate::pages::admin_mail::AdminMailPage;
use crate::pages::admin_mails::AdminMailsPage;
use crate::pages::admin_order::AdminOrderPage;
use crate::pages::admin_orders::AdminOrdersPage;
use crate::pages::admin_papers::{CreditNotesPage, InvoicesPage, SlipsPage};
use crate::pages::admin_persons::AdminPersonsPage;
use crate::pages::admin_pick_list::PickListPage;
use crate::pages::admin_prices::AdminPricesPage;
use crate::pages::admin_product::AdminProductPage;
use crate::pages::admin_products::AdminProductsPage;
use crate::pages::admin_purchase::AdminPurchasePage;
use crate::pages::admin_purchases::AdminPurchasesPage;
use crate::pages::admin_restock::AdminRestockPage;
use crate::pages::admin_services::AdminServicesPage;
use crate::pages::admin_sign_in::AdminSignInPage;
use crate::pages::admin_staff::AdminStaffPage;
use crate::pages::admin_suppliers::AdminSuppliersPage;
use crate::pages::admin_today::AdminTodayPage;
use crate::pages::admin_what_if::AdminWhatIfPage;
use crate::pages::back_in_stock::BackInStockPage;
use crate::pages::cart::CartPage;
use crate::pages::category::CategoryPage;
use crate::pages::checkout::CheckoutPage;
use crate::pages::home::HomePage;
use crate::pages::not_found::NotFoundPage;
use crate::pages::order::OrderPage;
use crate::pages::orders::{FindOrderPage, OrdersPage};
use crate::pages::own_papers::{OwnCreditNotePage, OwnInvoicePage};
use crate::pages::plain::{DeliveryPage, ImprintPage, PrivacyPage, ReturnsPage};
use crate::pages::product::ProductPage;
use crate::pages::return_label::ReturnLabelPage;

/// Pages one is likely to open next are fetched when the pointer rests on their link. Only pages
/// that change nothing: never the cart, the checkout, an order or the admin.
const SPECULATION_RULES: &str = r#"{"prefetch":[{"eagerness":"moderate","where":{"or":[
{"href_matches":"/"},{"href_matches":"/c/*"},{"href_matches":"/p/*"}]}}]}"#;

/// Starts the program of the page.
const START: &str = include_str!("start.js");

/// The whole document.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let folder = format!("/{}", options.pkg_url_path());
    let pkg = format!("{folder}/{}", options.output_name);
    let asked = use_context::<Parts>();
    let further = asked.and_then(|asked| further_styles(asked.uri.path()));
    let further = further.map(|sheet| {
        view! { <link rel="stylesheet" href=format!("{folder}/{sheet}") /> }
    });
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta
                    name="theme-color"
                    content="#faf7f2"
                    media="(prefers-color-scheme: light)"
                />
                <meta name="theme-color" content="#171412" media="(prefers-color-scheme: dark)" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="apple-touch-icon" href="/icons/apple-touch-icon.png" />
                <link rel="manifest" href="/site.webmanifest" />
                <link
                    rel="preload"
                    href="/fonts/instrument-serif-latin-400.woff2"
                    r#as="font"
                    r#type="font/woff2"
                    crossorigin=""
                />
                <link
                    rel="preload"
                    href="/fonts/instrument-sans-latin-variable.woff2"
                    r#as="font"
                    r#type="font/woff2"
                    crossorigin=""
                />
                <link rel="stylesheet" href=format!("{pkg}.css") />
                {further}
                <MetaTags />
                <Start options pkg />
                <script type="speculationrules" nonce=use_nonce() inner_html=SPECULATION_RULES></script>
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Whether a page is a paper of an order, for whoever placed it.
fn is_paper(path: &str) -> bool {
    path.starts_with("/orders/") && (path.ends_with("/invoice") || path.contains("/credit-notes/"))
}

/// The sheet that a page needs beside the shop's. The front page has all it needs in that.
fn further_styles(path: &str) -> Option<&'static str> {
    let below = |folder: &&str| path.starts_with(folder);
    match path {
        "/" => None,
        path if path.starts_with("/admin") => Some("desk.css"),
        path if path.starts_with("/c/") => Some("shelf.css"),
        path if is_paper(path) => Some("paper.css"),
        path if path.starts_with("/p/") => Some("piece.css"),
        _ if ["/cart", "/checkout", "/orders"].iter().any(below) => Some("till.css"),
        _ => Some("read.css"),
    }
}

/// The script that wakes the islands. What leptos has for this fetches the program at once, beside the
/// page's largest picture; only what it finds out about lazy islands is of use.
#[component]
fn Start(options: LeptosOptions, pkg: String) -> impl IntoView {
    let props = HydrationScriptsProps::builder()
        .options(options)
        .islands(true);
    let _ = HydrationScripts(props.build());
    // A module waits until the page has been read.
    let start = format!(
        "{START}({:?}, {:?})",
        format!("{pkg}.js"),
        format!("{pkg}.wasm")
    );
    view! { <script type="module" nonce=use_nonce() inner_html=start></script> }
}

/// Every page of the shop. All are rendered whole before the first byte is sent, so that they are
/// complete without JavaScript and carry the right status code.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_context(PriorityPicture::default());
    view! {
        <Router>
            <FlatRoutes fallback=NotFoundPage>
                <Route path=path!("/") view=HomePage ssr=SsrMode::Async />
                <Route path=path!("/c/:category") view=CategoryPage ssr=SsrMode::Async />
                <Route path=path!("/p/:slug") view=ProductPage ssr=SsrMode::Async />
                <Route path=path!("/cart") view=CartPage ssr=SsrMode::Async />
                <Route path=path!("/checkout") view=CheckoutPage ssr=SsrMode::Async />
                <Route path=path!("/orders") view=OrdersPage ssr=SsrMode::Async />
                <Route path=path!("/orders/find") view=FindOrderPage ssr=SsrMode::Async />
                <Route path=path!("/orders/:id") view=OrderPage ssr=SsrMode::Async />
                <Route
                    path=path!("/orders/:id/returns/:number")
                    view=ReturnLabelPage
                    ssr=SsrMode::Async
                />
                <Route path=path!("/orders/:id/invoice") view=OwnInvoicePage ssr=SsrMode::Async />
                <Route
                    path=path!("/orders/:id/credit-notes/:refund")
                    view=OwnCreditNotePage
                    ssr=SsrMode::Async
                />
                <Route
                    path=path!("/back-in-stock/:token")
                    view=BackInStockPage
                    ssr=SsrMode::Async
                />
                <Route path=path!("/delivery") view=DeliveryPage ssr=SsrMode::Async />
                <Route path=path!("/returns") view=ReturnsPage ssr=SsrMode::Async />
                <Route path=path!("/imprint") view=ImprintPage ssr=SsrMode::Async />
                <Route path=path!("/privacy") view=PrivacyPage ssr=SsrMode::Async />
                <Route path=path!("/admin") view=AdminIndex ssr=SsrMode::Async />
                <Route path=path!("/admin/sign-in") view=AdminSignInPage ssr=SsrMode::Async />
                <Route path=path!("/admin/sign-in/code") view=AdminCodePage ssr=SsrMode::Async />
                <Route path=path!("/admin/join/:token") view=AdminJoinPage ssr=SsrMode::Async />
                <Route path=path!("/admin/account") view=AdminAccountPage ssr=SsrMode::Async />
                <Route path=path!("/admin/services") view=AdminServicesPage ssr=SsrMode::Async />
                <Route path=path!("/admin/staff") view=AdminStaffPage ssr=SsrMode::Async />
                <Route path=path!("/admin/audit") view=AdminAuditPage ssr=SsrMode::Async />
                <Route path=path!("/admin/today") view=AdminTodayPage ssr=SsrMode::Async />
                <Route path=path!("/admin/orders") view=AdminOrdersPage ssr=SsrMode::Async />
                <Route path=path!("/admin/orders/:id") view=AdminOrderPage ssr=SsrMode::Async />
                <Route path=path!("/admin/print/slips") view=SlipsPage ssr=SsrMode::Async />
                <Route path=path!("/admin/print/invoices") view=InvoicesPage ssr=SsrMode::Async />
                <Route
                    path=path!("/admin/print/credit-notes")
                    view=CreditNotesPage
                    ssr=SsrMode::Async
                />
                <Route path=path!("/admin/print/pick-list") view=PickListPage ssr=SsrMode::Async />
                <Route path=path!("/admin/inventory") view=AdminInventoryPage ssr=SsrMode::Async />
                // Before the SKUs, which have no name of these.
                <Route
                    path=path!("/admin/inventory/count")
                    view=AdminCountPage
                    ssr=SsrMode::Async
                />
                <Route
                    path=path!("/admin/inventory/import")
                    view=AdminImportPage
                    ssr=SsrMode::Async
                />
                <Route
                    path=path!("/admin/inventory/import/:id")
                    view=AdminImportedPage
                    ssr=SsrMode::Async
                />
                <Route path=path!("/admin/print/count-sheet") view=CountSheetPage ssr=SsrMode::Async />
                <Route
                    path=path!("/admin/inventory/:sku")
                    view=AdminLedgerPage
                    ssr=SsrMode::Async
                />
                <Route path=path!("/admin/events") view=AdminEventsPage ssr=SsrMode::Async />
                <Route
                    path=path!("/admin/events/consumers")
                    view=AdminConsumersPage
                    ssr=SsrMode::Async
                />
                <Route
                    path=path!("/admin/events/what-if")
                    view=AdminWhatIfPage
                    ssr=SsrMode::Async
                />
                <Route path=path!("/admin/prices") view=AdminPricesPage ssr=SsrMode::Async />
                <Route path=path!("/admin/products") view=AdminProductsPage ssr=SsrMode::Async />
                <Route
                    path=path!("/admin/products/:slug")
                    view=AdminProductPage
                    ssr=SsrMode::Async
                />
                <Route path=path!("/admin/alerts") view=AdminAlertsPage ssr=SsrMode::Async />
                <Route path=path!("/admin/restock") view=AdminRestockPage ssr=SsrMode::Async />
                <Route path=path!("/admin/suppliers") view=AdminSuppliersPage ssr=SsrMode::Async />
                <Route
                    path=path!("/admin/purchase-orders")
                    view=AdminPurchasesPage
                    ssr=SsrMode::Async
                />
                <Route
                    path=path!("/admin/purchase-orders/:id")
                    view=AdminPurchasePage
                    ssr=SsrMode::Async
                />
                <Route path=path!("/admin/persons") view=AdminPersonsPage ssr=SsrMode::Async />
                <Route path=path!("/admin/mails") view=AdminMailsPage ssr=SsrMode::Async />
                <Route path=path!("/admin/mails/:id") view=AdminMailPage ssr=SsrMode::Async />
            </FlatRoutes>
        </Router>
    }
}

/// `/admin` redirects to the inventory.
#[component]
fn AdminIndex() -> impl IntoView {
    leptos_axum::redirect("/admin/orders", false);
}
