//! Orders found again: `/orders`, those of this browser, and `/orders/find`, one by number and email.
//! Both are plain pages and forms.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use types::order::{OrderStatus, OrderSummary};

use crate::api::orders::FIND_ORDER;
use crate::api::{flash, shop, visitor};
use crate::components::{LazyHint, ShopFrame};
use crate::islands::field::{Asks, Field};
use crate::islands::order_time::OrderTime;
use crate::pages::page_problem::PageProblem;

/// The orders of this browser, newest first.
#[component]
pub fn OrdersPage() -> impl IntoView {
    let (shop, visitor) = (shop(), visitor());
    let before = use_query_map().read_untracked().get("before");
    let before = before.and_then(|text| text.parse::<i64>().ok());
    let orders = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, shopper) = (shop.clone(), visitor.shopper);
            let is_new = visitor.is_new;
            async move {
                match is_new {
                    true => Ok((Vec::new(), false)),
                    false => shop.orders_of(shopper, before).await,
                }
            }
        },
    );
    let content = move || {
        Suspend::new(async move {
            match orders.await {
                Ok((orders, _)) if orders.is_empty() => {
                    view! { <NoOrders is_first=before.is_none() /> }.into_any()
                }
                Ok((orders, has_older)) => view! { <Orders orders has_older /> }.into_any(),
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <ShopFrame title="Your orders">
            <div class="orders-page">
                <h1>"Your orders"</h1>
                <Suspense>{content}</Suspense>
            </div>
        </ShopFrame>
    }
}

#[component]
fn Orders(orders: Vec<OrderSummary>, has_older: bool) -> impl IntoView {
    let last = orders.last().map(|order| order.placed_at_us);
    let older = last.filter(|_| has_older).map(|before| {
        view! {
            <p>
                <a class="button button--quiet" href=format!("/orders?before={before}")>
                    "Older orders"
                </a>
            </p>
        }
    });
    view! {
        <LazyHint island="order_time" />
        <p>"Orders placed with this browser, and those you found again with it."</p>
        <ul class="orders" role="list">{orders.into_iter().map(order).collect_view()}</ul>
        {older}
        <p>
            <a class="link" href=FIND_ORDER>"Find an order placed elsewhere"</a>
        </p>
    }
}

fn order(order: OrderSummary) -> impl IntoView {
    let OrderSummary {
        id,
        number,
        placed_at_us,
        status,
        total,
        pieces,
        first,
    } = order;
    let (title, picture) = match first {
        Some((title, image)) => (title, Some(image)),
        None => ("No longer sold".to_owned(), None),
    };
    let what = match pieces {
        ..=1 => title,
        more => format!("{title} and {} more", more - 1),
    };
    let (level, words) = standing(status);
    view! {
        <li class="order-row">
            <span class="order-row__picture">
                {picture.map(|image| view! {
                    <img
                        src=image.src
                        alt=""
                        width=image.width
                        height=image.height
                        loading="lazy"
                        decoding="async"
                    />
                })}
            </span>
            <div class="order-row__words">
                <p class="order-row__title">
                    <a href=format!("/orders/{id}")>"Order " {number}</a>
                </p>
                <p>{what}</p>
                <p class="order-row__time">
                    <OrderTime at_us=placed_at_us />
                </p>
            </div>
            <p class="order-row__status" data-level=level>{words}</p>
            <p class="order-row__total">{total.to_string()}</p>
        </li>
    }
}

/// How an order stands, as a tone and in words.
const fn standing(status: OrderStatus) -> (&'static str, &'static str) {
    match status {
        OrderStatus::Reserving => ("now", "Being reserved"),
        OrderStatus::Paying => ("now", "Being paid"),
        OrderStatus::ActionRequired => ("yours", "Waits for you at your bank"),
        OrderStatus::AwaitingPayment => ("yours", "Waits for a card"),
        OrderStatus::Confirmed => ("done", "Confirmed"),
        OrderStatus::Packed => ("done", "Packed"),
        OrderStatus::PartlyShipped => ("done", "Sent in part"),
        OrderStatus::Shipped => ("done", "On its way"),
        OrderStatus::Delivered => ("done", "Delivered"),
        OrderStatus::SendingAgain => ("done", "Sent again soon"),
        OrderStatus::ShippedAgain => ("done", "On its way again"),
        OrderStatus::CameBack => ("now", "Came back to us"),
        OrderStatus::Lost => ("now", "Lost on the way"),
        OrderStatus::Undelivered => ("over", "Did not arrive"),
        OrderStatus::Rejected => ("over", "Sold out, not charged"),
        OrderStatus::Cancelled => ("over", "Cancelled, not charged"),
    }
}

#[component]
fn NoOrders(is_first: bool) -> impl IntoView {
    let words = match is_first {
        true => "No orders in this browser yet.",
        false => "There are no older orders.",
    };
    view! {
        <div class="empty">
            <p class="empty__title">{words}</p>
            <p>"Did you order on another device? Its number and your email open the order here."</p>
            <p>
                <a class="button" href=FIND_ORDER>"Find my order"</a>
            </p>
        </div>
    }
}

/// An order by its number and email.
#[component]
pub fn FindOrderPage() -> impl IntoView {
    let flash = flash::take(FIND_ORDER);
    let problem = flash.as_ref().and_then(|flash| flash.problem.clone());
    let (number, email) = flash.and_then(|flash| flash.sought).unwrap_or_default();
    let errors = problem.as_ref().map(|problem| problem.errors.clone());
    let errors = RwSignal::new(errors.unwrap_or_default());
    let is_lost = use_query_map().read_untracked().get("link").is_some();
    let lost = (is_lost && problem.is_none()).then(|| {
        view! {
            <div class="notice" role="status">
                <p class="notice__title">"This link opens no order"</p>
                <p>
                    "It may have been cut off, or be older than a year. The order's number stands in "
                    "the same mail."
                </p>
            </div>
        }
    });
    let told = problem.map(|problem| {
        let detail = problem.errors.is_empty().then_some(problem.detail);
        let title = match problem.status {
            404 => "We did not find this order".to_owned(),
            _ => problem.title,
        };
        view! {
            <div class="notice notice--problem" role="alert">
                <p class="notice__title">{title}</p>
                {detail.map(|detail| view! { <p>{detail}</p> })}
            </div>
        }
    });
    view! {
        <ShopFrame title="Find my order">
            <div class="orders-page">
                <h1>"Find my order"</h1>
                <p>
                    "The number stands at the top of the order's page and looks like V-7K3M2Q9A. "
                    "The order then stays open in this browser for 30 days."
                </p>
                {lost}
                <form class="find-order" method="post" action="/api/find_order">
                    {told}
                    <Field
                        field="number"
                        label="Order number"
                        asks=Asks {
                            autocomplete: "off",
                            maxlength: 254,
                            ..Asks::default()
                        }
                        errors
                        value=number
                    />
                    <Field
                        field="email"
                        label="Email you ordered with"
                        asks=Asks {
                            kind: "email",
                            autocomplete: "email",
                            maxlength: 254,
                            ..Asks::default()
                        }
                        errors
                        value=email
                    />
                    <button class="button" type="submit">"Find my order"</button>
                </form>
            </div>
        </ShopFrame>
    }
}
