//! `/admin/prices`: what everything costs and is going to cost, its delivery too, for staff.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use services::Staff;
use types::delivery::{DeliveryTerms, PlannedTerms};
use types::prices::{PlannedPrice, PriceList, PriceRow, SeenPrice};
use types::staff::Right;
use types::{Currency, Money, Problem};

use crate::api::delivery_form::DeliveryForm;
use crate::api::price_form::PriceForm;
use crate::api::prices::{PRICES, address};
use crate::api::products::PRODUCTS;
use crate::api::{flash, shop};
use crate::components::admin_frame::for_staff;
use crate::components::{AdminFrame, Holds, ProblemNote, beyond_fields, desk_field, when};
use crate::pages::page_problem::PageProblem;

/// Characters of a search, at most.
const LONGEST: usize = 80;

#[component]
pub fn AdminPricesPage() -> impl IntoView {
    for_staff(Right::Prices, |staff| view! { <Desk staff /> })
}

/// What was asked for: words, and which page of what has them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    q: String,
    page: usize,
}

/// What a form came back with.
#[derive(Debug, Clone, Default)]
struct Refused {
    form: PriceForm,
    problem: Option<Problem>,
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let query = use_query_map().get_untracked();
    let q: String = query.get("q").unwrap_or_default();
    let page = query.get("page").and_then(|page| page.parse().ok());
    let asked = Asked {
        q: q.trim().chars().take(LONGEST).collect(),
        page: page.unwrap_or(0),
    };
    let flash = flash::take(PRICES).unwrap_or_default();
    let refused = Refused {
        form: flash.price.unwrap_or_default(),
        problem: flash.problem,
    };
    let is_of_delivery = flash.delivery.is_some();
    let of_delivery = RefusedDelivery {
        form: flash.delivery,
        problem: refused.problem.clone().filter(|_| is_of_delivery),
    };
    let shop = shop();
    let terms = (shop.delivery_terms(), shop.currency());
    let read = || {
        let list = shop.price_list(&staff, &asked.q, asked.page)?;
        Ok::<_, Problem>((list, shop.planned_delivery(&staff)?))
    };
    let read = read();
    let email = staff.email.clone();
    let told = refused.problem.clone();
    let is_of_field = is_of_delivery || !refused.form.sku.is_empty();
    let told = if is_of_field {
        beyond_fields(told)
    } else {
        told
    };
    view! {
        <AdminFrame title="Prices" here=PRODUCTS email>
            {told.map(|problem| view! { <ProblemNote problem /> })}
            <section class="prices" aria-labelledby="prices-title">
                <p class="desk-order__back">
                    <a href=PRODUCTS>"Products"</a>
                </p>
                <h1 id="prices-title">"Prices"</h1>
                {match read {
                    Ok((list, planned)) => view! {
                        <Delivery terms planned refused=of_delivery />
                        <Search asked=asked.clone() />
                        <Prices list asked refused />
                    }
                    .into_any(),
                    Err(problem) => view! { <PageProblem problem /> }.into_any(),
                }}
            </section>
        </AdminFrame>
    }
}

/// What the form of the terms of delivery came back with.
#[derive(Debug, Clone, Default)]
struct RefusedDelivery {
    form: Option<DeliveryForm>,
    problem: Option<Problem>,
}

/// What delivery costs, and is going to.
#[component]
fn Delivery(
    terms: (DeliveryTerms, Currency),
    planned: Vec<PlannedTerms>,
    refused: RefusedDelivery,
) -> impl IntoView {
    let (terms, currency) = terms;
    let money = move |minor| Money::new(minor, currency);
    let words = move |terms: DeliveryTerms| {
        format!(
            "Standard {}, free from {} on. Express {}.",
            money(terms.standard_minor),
            money(terms.free_from_minor),
            money(terms.express_minor)
        )
    };
    let form = refused.form;
    let form = form.unwrap_or_else(|| DeliveryForm::of(terms, currency));
    let problem = refused.problem.as_ref();
    let field = |name: &'static str, label: &'static str, holds: Holds, value: String| {
        desk_field(
            problem,
            format!("delivery-{name}"),
            (name, label),
            holds,
            value,
        )
    };
    let fields = (
        field("standard", "Standard", Holds::Amount, form.standard),
        field("free_from", "Free from", Holds::Amount, form.free_from),
        field("express", "Express", Holds::Amount, form.express),
        field("from", "From (UTC), or at once", Holds::Moment, form.from),
    );
    let seen = form.seen;
    let planned = planned.into_iter().map(|planned| {
        let from_us = planned.from_us;
        let at = format!("{}, {}", when::short_date(from_us), when::minute(from_us));
        let label = format!("Withdraw what delivery is to cost from {at}");
        view! {
            <li>
                <form method="post" action="/api/withdraw_delivery">
                    <input type="hidden" name="from_us" value=from_us.to_string() />
                    <input type="hidden" name="seen" value=planned.planned.written() />
                    <span>
                        <strong>{words(planned.terms)}</strong>
                        " from "
                        <time datetime=when::machine(from_us)>{at}</time>
                    </span>
                    <button class="desk-button" aria-label=label>"Withdraw"</button>
                </form>
            </li>
        }
    });
    let planned = planned.collect_view();
    view! {
        <div class="prices__row">
            <div class="prices__what">
                <h2 class="prices__title" id="delivery-title">"Delivery"</h2>
                <p class="prices__now">{words(terms)}</p>
            </div>
            <form
                class="look-up__form"
                method="post"
                action="/api/set_delivery"
                aria-labelledby="delivery-title"
            >
                <input type="hidden" name="seen" value=seen />
                {fields}
                <button class="desk-button" type="submit">"Save"</button>
            </form>
            <ul class="prices__planned" role="list">{planned}</ul>
        </div>
    }
}

#[component]
fn Search(asked: Asked) -> impl IntoView {
    let all = (!asked.q.is_empty()).then(|| view! { <a class="mails__all" href=PRICES>"All"</a> });
    view! {
        <form class="look-up__form" method="get" action=PRICES role="search">
            <div class="desk-field desk-field--wide">
                <label for="prices-q">"Piece, metal, size or SKU"</label>
                <input
                    id="prices-q"
                    r#type="search"
                    name="q"
                    value=asked.q
                    maxlength=LONGEST.to_string()
                />
            </div>
            <button class="desk-button" type="submit">"Search"</button>
            {all}
        </form>
    }
}

#[component]
fn Prices(list: PriceList, asked: Asked, refused: Refused) -> impl IntoView {
    let PriceList { rows, found, pages } = list;
    if rows.is_empty() {
        return view! { <p class="mails__none">"Nothing has all these words."</p> }.into_any();
    }
    let noun = if found == 1 { "SKU" } else { "SKUs" };
    let shown = asked.page;
    let link = |page: usize, words: &'static str| {
        let href = address(&asked.q, page);
        view! { <a href=href>{words}</a> }
    };
    let before = shown.checked_sub(1).map(|page| link(page, "Previous"));
    let after = (shown + 1 < pages).then(|| link(shown + 1, "Next"));
    let row = |row: PriceRow| {
        let refused = match refused.form.sku == row.sku.as_str() {
            true => refused.clone(),
            false => Refused::default(),
        };
        view! { <Row row asked=asked.clone() refused /> }
    };
    view! {
        <p class="prices__count">
            {format!("{found} {noun}, page {} of {pages}. ", shown + 1)}
            "A new price is on every open page at once; who has the piece in the cart is asked to \
             accept it before paying. Orders that are placed keep theirs."
        </p>
        <ul class="prices__list" role="list">
            {rows.into_iter().map(row).collect_view()}
        </ul>
        <p class="mails__pages">{before} {after}</p>
    }
    .into_any()
}

#[component]
fn Row(row: PriceRow, asked: Asked, refused: Refused) -> impl IntoView {
    let PriceRow {
        sku,
        product,
        title,
        variant,
        price,
        compare_at,
        planned,
    } = row;
    let is_back = !refused.form.sku.is_empty();
    let values = match is_back {
        true => refused.form,
        false => PriceForm::of(&sku, SeenPrice { price, compare_at }),
    };
    let problem = refused.problem.as_ref();
    let id = format!("price-{sku}");
    let field = |name: &'static str, label: &'static str, holds: Holds, value: String| {
        desk_field(problem, format!("{id}-{name}"), (name, label), holds, value)
    };
    let price_field = field("price", "Price", Holds::Amount, values.price);
    let former_field = field(
        "compare_at",
        "Former price, if shown",
        Holds::Amount,
        values.compare_at,
    );
    let from_field = field("from", "From (UTC), or at once", Holds::Moment, values.from);
    let hidden = |asked: &Asked| {
        view! {
            <input type="hidden" name="sku" value=sku.to_string() />
            <input type="hidden" name="q" value=asked.q.clone() />
            <input type="hidden" name="page" value=asked.page.to_string() />
        }
    };
    let planned = planned.into_iter().map(|planned| {
        let PlannedPrice {
            price,
            compare_at,
            from_us,
        } = planned;
        let former = compare_at.map(|former| format!(" (before {former})"));
        let at = format!("{}, {}", when::short_date(from_us), when::minute(from_us));
        let label = format!("Withdraw {price} for {sku}, planned from {at}");
        view! {
            <li>
                <form method="post" action="/api/withdraw_price">
                    {hidden(&asked)}
                    <input type="hidden" name="from_us" value=from_us.to_string() />
                    <span>
                        <strong>{price.to_string()}</strong>
                        {former}
                        " from "
                        <time datetime=when::machine(from_us)>{at}</time>
                    </span>
                    <button class="desk-button" aria-label=label>"Withdraw"</button>
                </form>
            </li>
        }
    });
    let planned = planned.collect_view();
    let href = format!("/p/{product}");
    view! {
        <li class="prices__row">
            <div class="prices__what">
                <p class="prices__title">
                    <a href=href>{title}</a>
                </p>
                <p class="prices__variant">{variant} " · " <code>{sku.to_string()}</code></p>
                <p class="prices__now">
                    {price.to_string()}
                    {compare_at.map(|former| view! {
                        " "
                        <s>
                            <span class="visually-hidden">"Before: "</span>
                            {former.to_string()}
                        </s>
                    })}
                </p>
            </div>
            <form
                class="look-up__form"
                method="post"
                action="/api/set_price"
                aria-label=format!("Price of {sku}")
            >
                <input type="hidden" name="seen" value=values.seen />
                {hidden(&asked)} {price_field} {former_field} {from_field}
                <button class="desk-button" type="submit">"Save"</button>
            </form>
            <ul class="prices__planned" role="list">{planned}</ul>
        </li>
    }
}
