//! `/admin/inventory`: the stock of every SKU and the last events, for staff.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use services::Staff;
use types::Problem;
use types::admin::InventoryView;
use types::staff::Right;

use crate::api::admin::INVENTORY;
use crate::api::flash::{self, Done, Flash};
use crate::api::{may, shop};
use crate::components::admin_frame::for_staff;
use crate::components::{AdminFrame, LazyHint, ProblemNote};
use crate::islands::admin_desk::{AdminDesk, DeskPart};
use crate::islands::inventory_view::{Sort, View};
use crate::pages::page_problem::PageProblem;

/// Events rendered into the page; from then on they are pushed.
const EVENTS: usize = 100;

/// Rows of one page, at most.
const MOST: usize = 100_000;

#[component]
pub fn AdminInventoryPage() -> impl IntoView {
    for_staff(Right::See, |staff| view! { <Desk staff /> })
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let shop = shop();
    let email = staff.email.clone();
    let asked = view_in_address();
    let flash = flash::take(INVENTORY).unwrap_or_default();
    let batch = shop.new_key();
    // What is newer than this may not be among the rows.
    let at = shop.sheet_position();
    let events = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, staff) = (shop.clone(), staff.clone());
            async move {
                let inventory = shop.inventory_view(&staff).await?;
                let events = shop.recent_events(&staff, EVENTS).await?;
                Ok::<_, Problem>((inventory, events))
            }
        },
    );
    let content = move || {
        let (mut view, batch) = (asked.clone(), batch.clone());
        let Flash {
            problem, done, sku, ..
        } = flash.clone();
        Suspend::new(async move {
            match events.await {
                Ok((InventoryView { rows, suppliers }, events)) => {
                    if let Some(sku) = sku {
                        view.correcting = sku.parse().ok();
                    }
                    match done {
                        Some(Done::Corrected { sku }) => view.corrected = Some(sku),
                        Some(Done::Said(said)) => view.said = said,
                        _ => {}
                    }
                    // What is wrong with a correction is told at its row, and all else above the table.
                    let (problem, of_many) = match view.correcting {
                        Some(_) => (problem, None),
                        None => (None, problem),
                    };
                    let part = DeskPart::Inventory {
                        rows,
                        suppliers,
                        events,
                        view,
                        problem,
                        batch: batch.clone(),
                        at,
                    };
                    view! {
                        {of_many.map(|problem| view! { <ProblemNote problem /> })}
                        <LazyHint island="admin_desk" />
                        <AdminDesk part />
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
pub fn view_in_address() -> View {
    let query = use_query_map().get_untracked();
    let text = |name| query.get(name).unwrap_or_default();
    let limit: Option<usize> = text("limit").parse().ok();
    View {
        filter: text("filter").chars().take(100).collect(),
        low_only: query.get("low").is_some(),
        sort: Sort::parse(&query.get("sort").unwrap_or_else(|| text("sorted"))),
        limit: limit.map(|limit| limit.clamp(1, MOST)),
        correcting: text("correct").parse().ok().filter(|_| may(Right::Stock)),
        corrected: None,
        said: String::new(),
        may_count: may(Right::Stock),
    }
}
