//! `/admin/orders`: the orders of everybody, for staff.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use leptos_router::location::Url;
use services::Staff;
use types::desk::DeskQuery;
use types::staff::Right;

use crate::api::desk::query;
use crate::api::{flash, may, shop};
use crate::components::admin_frame::for_staff;
use crate::components::{AdminFrame, LazyHint, ProblemNote};
use crate::islands::desk_orders::DeskOrders;
use crate::pages::page_problem::PageProblem;

const HERE: &str = "/admin/orders";

#[component]
pub fn AdminOrdersPage() -> impl IntoView {
    for_staff(Right::See, |staff| view! { <Desk staff /> })
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let shop = shop();
    let email = staff.email.clone();
    let asked = query_in_address();
    let escaped = Url::escape(&asked.search);
    let refused = flash::take(HERE).and_then(|flash| flash.problem);
    let list = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, staff, asked) = (shop.clone(), staff.clone(), asked.clone());
            async move { shop.desk_list(&staff, asked).await }
        },
    );
    let content = move || {
        let (escaped, refused) = (escaped.clone(), refused.clone());
        Suspend::new(async move {
            match list.await {
                Ok(list) => view! {
                    <LazyHint island="desk_orders" />
                    {refused.map(|problem| view! { <ProblemNote problem /> })}
                    <DeskOrders list escaped may_pack=may(Right::Orders) />
                }
                .into_any(),
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <AdminFrame title="Orders" here=HERE email live=true>
            <Suspense>{content}</Suspense>
        </AdminFrame>
    }
}

fn query_in_address() -> DeskQuery {
    let asked = use_query_map().get_untracked();
    let text = |name| asked.get(name).unwrap_or_default();
    let search = text("search");
    // A search looks everywhere, unless a tab is chosen.
    let tab = match (search.trim().is_empty(), asked.get("tab")) {
        (false, None) => "all".to_owned(),
        (_, tab) => tab.unwrap_or_default(),
    };
    query(&tab, &search, &text("older"), &text("newer"))
}
