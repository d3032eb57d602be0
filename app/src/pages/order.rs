//! `/orders/{id}`: how an order stands, to the shopper who placed it.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use types::checkout::{BillingAddress, COUNTRIES};
use types::order::{Order, OrderLine, OrderStatus};
use types::{OrderId, Problem, Sku};

use crate::api::flash::{self, Flash, GivenCard};
use crate::api::orders::FIND_ORDER;
use crate::api::{shop, visitor};
use crate::components::house::HOUSE;
use crate::components::product_card::Level;
use crate::components::when::date;
use crate::components::{LazyHint, LinePicture, ProductCards, ShopFrame};
use crate::islands::order_desk::{AWAKE, OrderDesk};
use crate::islands::order_piece::Piece;
use crate::islands::order_progress::{Names, title_of};
use crate::pages::page_problem::{PageProblem, answer_with_status};

#[component]
pub fn OrderPage() -> impl IntoView {
    let (shop, visitor) = (shop(), visitor());
    let now_us = shop.now_us();
    let id = use_params_map()
        .read_untracked()
        .get("id")
        .unwrap_or_default();
    let Flash { problem, card, .. } = flash::take(&format!("/orders/{id}")).unwrap_or_default();
    let order = Resource::new_blocking(
        || (),
        move |()| {
            let shop = shop.clone();
            let id = id.parse::<OrderId>();
            async move {
                let id = id.map_err(|_| Problem::not_found("There is no such order."))?;
                let order = shop.order(visitor.shopper, id).await?;
                let returnable = shop.returnable(id).await?;
                Ok::<_, Problem>((order, returnable))
            }
        },
    );
    let content = move || {
        let (given, problem) = (card.clone(), problem.clone());
        Suspend::new(async move {
            match order.await {
                Ok((order, returnable)) => {
                    view! { <Found order returnable given problem now_us /> }.into_any()
                }
                Err(problem) if problem.status == 404 => {
                    answer_with_status(&problem);
                    view! { <NotTheirs /> }.into_any()
                }
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <ShopFrame title="Your order">
            <Suspense>{content}</Suspense>
        </ShopFrame>
    }
}

#[component]
fn Found(
    order: Order,
    /// What of it can be sent back by now, per SKU.
    mut returnable: Vec<(Sku, u32)>,
    given: Option<GivenCard>,
    problem: Option<Problem>,
    now_us: i64,
) -> impl IntoView {
    let Order { id, position, .. } = order;
    let progress = order.progress.clone();
    // Without the script somebody has to look again; it stops as soon as it is the shopper's turn.
    let moves = matches!(
        progress.status,
        OrderStatus::Reserving | OrderStatus::Paying
    );
    let again = moves.then(|| {
        view! {
            <noscript>
                <meta http-equiv="refresh" content="2" />
            </noscript>
            <script nonce=use_nonce() inner_html=look_again()></script>
        }
    });
    let shop = shop();
    // Whoever comes back from the bank may be here before the bank's answer is.
    let elsewhere = (progress.status == OrderStatus::ActionRequired).then(|| {
        view! {
            <noscript>
                <meta http-equiv="refresh" content="5" />
            </noscript>
        }
    });
    let has_arrived = progress.status == OrderStatus::Delivered;
    let mut piece = |line: &OrderLine| Piece {
        sku: line.sku.clone(),
        title: line.title.clone(),
        product: line.product.clone(),
        quantity: line.quantity,
        returnable: match has_arrived {
            true => take(&mut returnable, line),
            // Once it arrives while the page is open, that is all of it.
            false => line.quantity,
        },
        price: shop.price(&line.sku),
    };
    let pieces: Vec<Piece> = order.lines.iter().map(&mut piece).collect();
    let first = order.lines.first().map(|line| line.product.clone());
    let related = first.map_or_else(Vec::new, |product| shop.related(&product));
    // Where no card is given here, that is all there is to say.
    let given = match shop.is_paid_elsewhere() {
        true => Some(GivenCard::elsewhere()),
        false => given,
    };
    let names = Names {
        number: order.number.clone(),
        name: order.name.clone(),
        country: order.country.clone(),
        placed_at_us: order.placed_at_us,
    };
    let title_end = format!("{} \u{2013} {HOUSE}", order.number);
    let title = format!("{} \u{2013} {title_end}", title_of(&progress));
    view! {
        <Title text=title />
        {again}
        {elsewhere}
        <LazyHint island="order_desk" />
        <article class="order-page">
            <div class="order-page__state">
                <OrderDesk
                    id
                    return_id=shop.new_return_id()
                    names
                    progress
                    position
                    delivery=order.delivery
                    terms=shop.delivery_terms()
                    total=order.totals.total
                    pieces
                    given
                    problem
                    now_us
                    is_own=order.is_own
                    title_end
                />
            </div>
            <Receipt order />
        </article>
        {(!related.is_empty())
            .then(|| view! {
                <section class="section order-more" aria-labelledby="more-title">
                    <div class="section__head">
                        <h2 id="more-title">"You may also like"</h2>
                    </div>
                    <ProductCards cards=related level=Level::H3 />
                </section>
            })}
    }
}

/// Looks again where the script of the page did not come, or does not run.
fn look_again() -> String {
    format!(
        "setTimeout(()=>document.documentElement.hasAttribute('{AWAKE}')||location.reload(),8000)"
    )
}

/// Of what can be sent back of a SKU, as much as is of this line; two lines may be of one SKU.
fn take(left: &mut [(Sku, u32)], line: &OrderLine) -> u32 {
    let of_sku = left.iter_mut().find(|(sku, _)| *sku == line.sku);
    of_sku.map_or(0, |(_, left)| {
        let taken = line.quantity.min(*left);
        *left -= taken;
        taken
    })
}

/// What was ordered, what it costs and where it goes. What is promised of it moves with the order and
/// stands there.
#[component]
fn Receipt(order: Order) -> impl IntoView {
    let Order {
        lines,
        totals,
        delivery,
        ..
    } = order;
    let country = COUNTRIES
        .into_iter()
        .find_map(|(code, name)| (code == order.country).then(|| name.to_owned()))
        .unwrap_or(order.country);
    let delivered = match totals.delivery.minor {
        0 => "Free".to_owned(),
        _ => totals.delivery.to_string(),
    };
    let record = format!("/orders/{}/record.json", order.id);
    let second = (!order.street_2.is_empty()).then(|| view! { {order.street_2} <br /> });
    let phone = (!order.phone.is_empty()).then(|| view! { <br /> {order.phone} });
    view! {
        <section class="order-page__receipt" aria-labelledby="receipt-title">
            <p class="receipt-head">
                <span class="wordmark">{HOUSE}</span>
                " "
                <span>"Order " {order.number} ", " {date(order.placed_at_us)}</span>
            </p>
            <h2 id="receipt-title">"What you ordered"</h2>
            <ul class="order-lines">{lines.into_iter().map(line).collect_view()}</ul>
            <dl class="sums">
                <div>
                    <dt>"Subtotal"</dt>
                    <dd>{totals.subtotal.to_string()}</dd>
                </div>
                <div>
                    <dt>{delivery.title()}</dt>
                    <dd>{delivered}</dd>
                </div>
                <div class="sums__total">
                    <dt>"Total " <small>"VAT included"</small></dt>
                    <dd>{totals.total.to_string()}</dd>
                </div>
            </dl>
            <h2>"Delivery address"</h2>
            <div data-live="">
                <address class="order-page__address">
                    {order.name} <br /> {order.street} <br /> {second}
                    {order.postal_code} " " {order.city} <br /> {country}
                </address>
            </div>
            <p class="order-page__contact">{order.email} {phone}</p>
            <h2>"Billing address"</h2>
            {match order.billing {
                Some(billing) => view! { <Billed billing /> }.into_any(),
                None => view! { <p class="order-page__address">"Same as the delivery address"</p> }.into_any(),
            }}
            <p class="order-page__note">
                "Its number and this email open the order on any device: "
                <a href=FIND_ORDER>"find my order"</a> "."
            </p>
            <p class="order-page__note">
                <a href=record download="">"Keep its record"</a>
                ": each step of this order with a hash over all that happened before it. Whoever changed \
                 anything later could not make it again."
            </p>
        </section>
    }
}

#[component]
fn Billed(billing: BillingAddress) -> impl IntoView {
    let second = billing.street_2;
    let second = (!second.is_empty()).then(|| view! { {second} <br /> });
    view! {
        <address class="order-page__address">
            {billing.name} <br /> {billing.street} <br /> {second}
            {billing.postal_code} " " {billing.city} <br /> {billing.country}
        </address>
    }
}

fn line(line: OrderLine) -> impl IntoView {
    let price = line
        .unit_price
        .checked_mul(line.quantity)
        .unwrap_or(line.unit_price);
    view! {
        <li class="order-line">
            <LinePicture image=line.image />
            <div class="order-line__words">
                <p class="order-line__title">
                    <a href=format!("/p/{}", line.product)>{line.title}</a>
                </p>
                <p class="order-line__note">{line.variant}</p>
                <p class="order-line__note">{format!("Quantity {}", line.quantity)}</p>
                {line.gift_note.map(|note| view! {
                    <p class="order-line__note">"Gift note: “" {note} "”"</p>
                })}
            </div>
            <p class="order-line__price">{price.to_string()}</p>
        </li>
    }
}

/// Orders belong to the browser that placed them; what is not one's own does not exist.
#[component]
fn NotTheirs() -> impl IntoView {
    view! {
        <div class="order-missing">
            <h1>"We cannot find this order"</h1>
            <p>
                "An order is shown only in the browser it was placed with, or where it was found again by
                its number and email."
            </p>
            <p>
                <a class="button" href=FIND_ORDER>"Find my order"</a>
            </p>
        </div>
    }
}
