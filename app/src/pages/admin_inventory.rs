//! `/admin/inventory`: the stock of every SKU and the last events, for staff.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use services::Staff;

use crate::api::admin::INVENTORY;
use crate::api::flash::{self, Done, Flash};
use crate::api::shop;
use crate::components::admin_frame::for_staff;
use crate::components::{AdminFrame, LazyHint};
use crate::islands::admin_desk::AdminDesk;
use crate::islands::inventory_view::{Sort, View};
use crate::pages::page_problem::PageProblem;

/// Events rendered into the page; from then on they are pushed.
const EVENTS: usize = 100;

/// Rows of one page, at most.
const MOST: usize = 100_000;

#[component]
pub fn AdminInventoryPage() -> impl IntoView {
    for_staff(|staff| view! { <Desk staff /> })
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let shop = shop();
    let rows = shop.inventory(&staff);
    let email = staff.email.clone();
    let asked = view_in_address();
    let flash = flash::take(INVENTORY).unwrap_or_default();
    let events = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, staff) = (shop.clone(), staff.clone());
            async move { shop.recent_events(&staff, EVENTS).await }
        },
    );
    let content = move || {
        let (rows, mut view) = (rows.clone(), asked.clone());
        let Flash {
            problem, done, sku, ..
        } = flash.clone();
        Suspend::new(async move {
            match events.await {
                Ok(events) => {
                    if let Some(sku) = sku {
                        view.correcting = sku.parse().ok();
                    }
                    if let Some(Done::Corrected { sku }) = done {
                        view.corrected = Some(sku);
                    }
                    view! {
                        <LazyHint island="admin_desk" />
                        <AdminDesk rows events view problem />
                    }
                    .into_any()
                }
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <AdminFrame title="Inventory" here=INVENTORY email live=true>
            <Suspense>{content}</Suspense>
        </AdminFrame>
    }
}

/// What of the table the address asks for; without the script that is how it is arranged.
fn view_in_address() -> View {
    let query = use_query_map().get_untracked();
    let text = |name| query.get(name).unwrap_or_default();
    let limit: Option<usize> = text("limit").parse().ok();
    View {
        filter: text("filter").chars().take(100).collect(),
        low_only: query.get("low").is_some(),
        sort: Sort::parse(&query.get("sort").unwrap_or_else(|| text("sorted"))),
        limit: limit.map(|limit| limit.clamp(1, MOST)),
        correcting: text("correct").parse().ok(),
        corrected: None,
    }
}
