//! `/admin/orders/{id}`: one order with all that staff see of it.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use services::Staff;
use types::staff::Right;
use types::{OrderId, Problem};

use crate::api::{flash, shop};
use crate::components::admin_frame::for_staff;
use crate::components::{AdminFrame, LazyHint};
use crate::islands::desk_order::DeskOrderPage;
use crate::pages::page_problem::PageProblem;

#[component]
pub fn AdminOrderPage() -> impl IntoView {
    for_staff(Right::See, |staff| view! { <Desk staff /> })
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let shop = shop();
    let me = staff.email.clone();
    let id = use_params_map().read_untracked().get("id");
    let id = id.unwrap_or_default().parse::<OrderId>().ok();
    let title = id.map_or_else(|| "Order".to_owned(), types::order::order_number);
    let refused = id.and_then(|id| flash::take(&format!("/admin/orders/{id}")));
    let present = id.map_or_else(Vec::new, |id| shop.presence().of(id));
    let order = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, staff) = (shop.clone(), staff.clone());
            async move {
                let id = id.ok_or_else(|| Problem::not_found("There is no such order."))?;
                shop.desk_order(&staff, id).await
            }
        },
    );
    let email = me.clone();
    let content = move || {
        let (me, refused, present) = (me.clone(), refused.clone(), present.clone());
        Suspend::new(async move {
            match order.await {
                Ok(order) => {
                    let flash = refused.unwrap_or_default();
                    let (problem, typed, address) = (flash.problem, flash.note, flash.address);
                    view! {
                        <LazyHint island="desk_order_page" />
                        <DeskOrderPage order present me problem typed address />
                    }
                    .into_any()
                }
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <AdminFrame title here="/admin/orders" email live=true>
            <Suspense>{content}</Suspense>
        </AdminFrame>
    }
}
