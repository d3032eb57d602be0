//! `/admin/print/pick-list`: what is to be fetched from the shelves for all orders that wait to be packed.

use leptos::prelude::*;
use types::desk::PickRow;
use types::staff::Right;

use crate::api::shop;
use crate::components::admin_frame::for_staff;
use crate::components::house::HOUSE;
use crate::components::paper::{Sheet, Tools, told};
use crate::components::{LinePicture, when};

#[component]
pub fn PickListPage() -> impl IntoView {
    for_staff(Right::See, |staff| {
        let shop = shop();
        let list = Resource::new_blocking(
            || (),
            move |()| {
                let (shop, staff) = (shop.clone(), staff.clone());
                async move { shop.pick_list(&staff).await }
            },
        );
        let content = move || {
            Suspend::new(async move {
                match list.await {
                    Ok(list) if list.rows.is_empty() => {
                        view! { <p class="papers__none">"Nothing is waiting to be packed."</p> }
                            .into_any()
                    }
                    Ok(list) => {
                        let orders = match list.orders {
                            1 => "1 order".to_owned(),
                            many => format!("{many} orders"),
                        };
                        let what = format!(
                            "{} for {orders}, as of {}, {} UTC",
                            types::pieces(u32::try_from(list.pieces).unwrap_or(u32::MAX)),
                            when::date(list.at_us),
                            when::minute(list.at_us),
                        );
                        let cut = list.is_cut.then(|| {
                            view! { <p>"Only the oldest orders are on this list; there are more."</p> }
                        });
                        view! {
                            <Tools pdf=None />
                            <article class="paper">
                                <header class="paper__head">
                                    <p class="paper__house">{HOUSE}</p>
                                    <div>
                                        <h2>"Pick list"</h2>
                                        <p>{what}</p>
                                        {cut}
                                    </div>
                                </header>
                                <table>
                                    <thead>
                                        <tr>
                                            <th scope="col">
                                                <span class="visually-hidden">"Picked"</span>
                                            </th>
                                            <th scope="col" data-number="">"Pieces"</th>
                                            <th scope="col">"Piece"</th>
                                            <th scope="col">"SKU"</th>
                                            <th scope="col">"For"</th>
                                        </tr>
                                    </thead>
                                    <tbody>{list.rows.into_iter().map(pick).collect_view()}</tbody>
                                </table>
                            </article>
                        }
                        .into_any()
                    }
                    Err(problem) => told(problem).into_any(),
                }
            })
        };
        view! {
            <Sheet title="Pick list" back="/admin/orders".to_owned()>
                <Suspense>{content}</Suspense>
            </Sheet>
        }
    })
}

fn pick(row: PickRow) -> impl IntoView {
    let orders: Vec<String> = row
        .orders
        .into_iter()
        .map(|(number, pieces)| match pieces {
            1 => number,
            many => format!("{number} ({many})"),
        })
        .collect();
    view! {
        <tr>
            <td class="paper__box" aria-hidden="true"></td>
            <td data-number="">{row.pieces}</td>
            <td class="paper__piece">
                {row.image.map(|image| view! { <LinePicture image /> })}
                <span>
                    <strong>{row.title}</strong>
                    <br />
                    {row.variant}
                </span>
            </td>
            <td class="paper__sku">{row.sku.to_string()}</td>
            <td class="paper__orders">{orders.join(", ")}</td>
        </tr>
    }
}
