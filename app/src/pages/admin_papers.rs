//! What is put on paper: packing slips, invoices, and the list of what is to be picked. Pages of their
//! own, laid out for paper; slips and invoices as PDF, too.

use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use leptos_router::hooks::use_query_map;
use types::checkout::BillingAddress;
use types::desk::{MAX_PAPERS, PickRow};
use types::order::{Order, OrderLine};
use types::staff::Right;
use types::{OrderId, Problem};

use crate::api::shop;
use crate::components::admin_frame::for_staff;
use crate::components::house::HOUSE;
use crate::components::{LazyHint, LinePicture, ProblemNote, when};
use crate::islands::print_button::PrintButton;
use crate::pages::page_problem::answer_with_status;

#[component]
pub fn SlipsPage() -> impl IntoView {
    papers("Packing slips", "slips", |order| {
        view! { <Slip order /> }.into_any()
    })
}

#[component]
pub fn InvoicesPage() -> impl IntoView {
    papers("Invoices", "invoices", |order| {
        view! { <Invoice order /> }.into_any()
    })
}

/// A paper for each order that the address names.
fn papers(title: &'static str, kind: &'static str, paper: fn(Order) -> AnyView) -> AnyView {
    for_staff(Right::See, move |staff| {
        let shop = shop();
        let asked = use_query_map().get_untracked();
        // The boxes of the list are an array, which a command can read, too.
        let named = ["order", "order[]"].into_iter();
        let named = named.flat_map(|name| asked.get_all(name).unwrap_or_default());
        let ids: Vec<OrderId> = named.filter_map(|id| id.parse().ok()).collect();
        let pdf = pdf_address(kind, &ids);
        let back = match ids.as_slice() {
            [id] => format!("/admin/orders/{id}"),
            _ => "/admin/orders".to_owned(),
        };
        let orders = Resource::new_blocking(
            || (),
            move |()| {
                let (shop, staff, ids) = (shop.clone(), staff.clone(), ids.clone());
                async move { shop.papers(&staff, &ids).await }
            },
        );
        let content = move || {
            let pdf = pdf.clone();
            Suspend::new(async move {
                match orders.await {
                    Ok(orders) if orders.is_empty() => nothing().into_any(),
                    Ok(orders) => view! {
                        <Tools pdf=Some(pdf) />
                        {orders.into_iter().map(paper).collect_view()}
                    }
                    .into_any(),
                    Err(problem) => told(problem).into_any(),
                }
            })
        };
        view! {
            <Sheet title back>
                <Suspense>{content}</Suspense>
            </Sheet>
        }
    })
}

/// The same papers as a file.
fn pdf_address(kind: &str, ids: &[OrderId]) -> String {
    let named: Vec<String> = ids.iter().map(|id| format!("order={id}")).collect();
    format!("/admin/print/{kind}.pdf?{}", named.join("&"))
}

fn told(problem: Problem) -> impl IntoView {
    answer_with_status(&problem);
    view! { <ProblemNote problem /> }
}

fn nothing() -> impl IntoView {
    let detail = format!(
        "Choose up to {MAX_PAPERS} orders in the list of orders, then print what belongs to them."
    );
    told(Problem::not_found(detail))
}

/// The page around papers. What is not for paper is not printed.
#[component]
fn Sheet(title: &'static str, back: String, children: Children) -> impl IntoView {
    view! {
        <Title text=format!("{title} – {HOUSE}") />
        <Meta name="robots" content="noindex" />
        <main class="papers" id="main">
            <h1 class="visually-hidden">{title}</h1>
            <p class="papers__back">
                <a href=back>"Back"</a>
            </p>
            {children()}
        </main>
    }
}

#[component]
fn Tools(pdf: Option<String>) -> impl IntoView {
    view! {
        <LazyHint island="print_button" />
        <div class="papers__tools">
            <PrintButton class="desk-button desk-button--strong".to_owned() />
            {pdf.map(|href| view! { <a class="desk-button" href=href>"PDF"</a> })}
        </div>
    }
}

/// What lies in the parcel: no price on it.
#[component]
fn Slip(order: Order) -> impl IntoView {
    let pieces: u32 = order.lines.iter().map(|line| line.quantity).sum();
    let line = |line: OrderLine| {
        view! {
            <tr>
                <td class="paper__box" aria-hidden="true"></td>
                <td data-number="">{line.quantity}</td>
                <td>
                    <strong>{line.title}</strong>
                    <br />
                    {line.variant}
                    {line
                        .gift_note
                        .map(|note| {
                            view! { <p class="paper__gift">"Gift note: \u{201c}" {note} "\u{201d}"</p> }
                        })}
                </td>
                <td class="paper__sku">{line.sku.to_string()}</td>
            </tr>
        }
    };
    let rows = order.lines.clone().into_iter().map(line);
    view! {
        <article class="paper">
            <Head kind="Packing slip" to=order.ship_to() order=order.clone() />
            <table>
                <thead>
                    <tr>
                        <th scope="col">
                            <span class="visually-hidden">"Packed"</span>
                        </th>
                        <th scope="col" data-number="">"Pieces"</th>
                        <th scope="col">"Piece"</th>
                        <th scope="col">"SKU"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
            <p class="paper__foot">
                {format!("{pieces} in all. ")} {order.delivery.title()} "."
            </p>
        </article>
    }
}

#[component]
fn Invoice(order: Order) -> impl IntoView {
    let totals = order.totals;
    let line = |line: OrderLine| {
        let sum = line.unit_price.checked_mul(line.quantity);
        view! {
            <tr>
                <td>
                    <strong>{line.title}</strong>
                    <br />
                    {line.variant}
                    ", "
                    <span class="paper__sku">{line.sku.to_string()}</span>
                </td>
                <td data-number="">{line.quantity}</td>
                <td data-number="">{line.unit_price.to_string()}</td>
                <td data-number="">{sum.map(|sum| sum.to_string())}</td>
            </tr>
        }
    };
    let rows = order.lines.clone().into_iter().map(line);
    let sum = |name: &'static str, amount: String| {
        view! {
            <tr>
                <th scope="row" colspan="3">{name}</th>
                <td data-number="">{amount}</td>
            </tr>
        }
    };
    view! {
        <article class="paper">
            <Head kind="Invoice" to=order.bill_to() order=order.clone() />
            <table>
                <thead>
                    <tr>
                        <th scope="col">"Piece"</th>
                        <th scope="col" data-number="">"Pieces"</th>
                        <th scope="col" data-number="">"Each"</th>
                        <th scope="col" data-number="">"Sum"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
                <tfoot>
                    {sum("Subtotal", totals.subtotal.to_string())}
                    {sum(order.delivery.title(), totals.delivery.to_string())}
                    {sum("Total, VAT included", totals.total.to_string())}
                </tfoot>
            </table>
        </article>
    }
}

/// Whose paper it is, and for whom.
#[component]
fn Head(kind: &'static str, to: BillingAddress, order: Order) -> impl IntoView {
    let second = (!to.street_2.is_empty()).then(|| view! { {to.street_2} <br /> });
    view! {
        <header class="paper__head">
            <p class="paper__house">{HOUSE}</p>
            <div>
                <h2>{kind} " " {order.number}</h2>
                <p>"Ordered " {when::date(order.placed_at_us)}</p>
            </div>
        </header>
        <address class="paper__address">
            {to.name} <br /> {to.street} <br /> {second}
            {to.postal_code} " " {to.city} <br /> {to.country}
        </address>
    }
}

/// `/admin/print/pick-list`: what is to be fetched from the shelves for all orders that wait to be packed.
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
