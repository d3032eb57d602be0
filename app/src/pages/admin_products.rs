//! `/admin/products`: everything that is, was or will be for sale, and a form for one more.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use services::Staff;
use strum::VariantArray;
use types::Problem;
use types::catalogue::Category;
use types::products::{ProductList, ProductRow, Publication};
use types::staff::Right;

use crate::api::prices::PRICES;
use crate::api::product_forms::DraftForm;
use crate::api::products::{PRODUCTS, address, editor};
use crate::api::{flash, may, shop};
use crate::components::admin_frame::for_staff;
use crate::components::{
    AdminFrame, DeskPages, DeskSearch, Holds, LinePicture, ProblemNote, Search, beyond_fields,
    desk_choice, desk_field,
};
use crate::live::LivePage;
use crate::pages::page_problem::PageProblem;

const SEARCH: Search = Search {
    action: PRODUCTS,
    id: "products-q",
    name: "q",
    label: "Title, category or SKU",
    placeholder: "Title, category or SKU",
    longest: 80,
};

#[component]
pub fn AdminProductsPage() -> impl IntoView {
    for_staff(Right::Products, |staff| view! { <Desk staff /> })
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    state: Option<Publication>,
    q: String,
    page: usize,
}

impl Asked {
    fn address(&self, state: Option<Publication>, page: usize) -> String {
        address(&self.q, state.map_or("", Into::into), page)
    }
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let query = use_query_map().get_untracked();
    let text = |name: &str| -> String { query.get(name).unwrap_or_default() };
    let asked = Asked {
        state: text("state").parse().ok(),
        q: text("q").trim().chars().take(SEARCH.longest).collect(),
        page: text("page").parse().unwrap_or(0),
    };
    let shop = shop();
    let version = shop.products_position();
    let flash = flash::take(PRODUCTS).unwrap_or_default();
    let (draft, problem) = (flash.draft, flash.problem);
    let note = match draft.is_some() {
        true => beyond_fields(problem.clone()),
        false => problem.clone(),
    };
    let list = shop.product_list(&staff, &asked.q, asked.state, asked.page);
    let email = staff.email;
    let clear = asked.address(asked.state, 0);
    let state: &'static str = asked.state.map_or("", Into::into);
    view! {
        <AdminFrame title="Products" here=PRODUCTS email follows=(LivePage::Products, version)>
            {note.map(|problem| view! { <ProblemNote problem /> })}
            <section class="watch products" aria-labelledby="products-title">
                <div class="watch__head">
                    <h1 id="products-title">"Products"</h1>
                    <DeskSearch search=SEARCH value=asked.q.clone() clear>
                        <input type="hidden" name="state" value=state />
                    </DeskSearch>
                    {may(Right::Prices)
                        .then(|| view! { <a class="desk-button" href=PRICES>"Prices"</a> })}
                </div>
                <NewProduct categories=shop.categories() draft problem />
                <div data-live="">
                    {match list {
                        Ok(list) => view! { <Products list asked /> }.into_any(),
                        Err(problem) => view! { <PageProblem problem /> }.into_any(),
                    }}
                </div>
            </section>
        </AdminFrame>
    }
}

#[component]
fn NewProduct(
    categories: Vec<Category>,
    draft: Option<DraftForm>,
    problem: Option<Problem>,
) -> impl IntoView {
    let is_back = draft.is_some();
    let form = draft.unwrap_or_default();
    let problem = problem.as_ref().filter(|_| is_back);
    let title = desk_field(
        problem,
        "new-title".to_owned(),
        ("title", "Title"),
        Holds::Text,
        form.title,
    );
    let slug = desk_field(
        problem,
        "new-slug".to_owned(),
        ("slug", "Address, or of the title"),
        Holds::Text,
        form.slug,
    );
    let choices = categories
        .into_iter()
        .map(|category| (category.slug.to_string(), category.title));
    let category = desk_choice(
        problem,
        "new-category".to_owned(),
        ("category", "Category"),
        choices.collect(),
        &form.category,
    );
    view! {
        <details class="products__new" open=is_back data-open=is_back.then_some("")>
            <summary>"New product"</summary>
            <p class="watch__soft">
                "It begins as a draft: nobody but staff sees it until it is published."
            </p>
            <form
                class="look-up__form"
                method="post"
                action="/api/draft_product"
                aria-label="New product"
                data-typed=is_back.then_some("")
            >
                {title} {slug} {category}
                <button class="desk-button desk-button--strong" type="submit">
                    "Begin a draft"
                </button>
            </form>
        </details>
    }
}

#[component]
fn Products(list: ProductList, asked: Asked) -> impl IntoView {
    let ProductList { rows, found, pages } = list;
    let states = [None]
        .into_iter()
        .chain(Publication::VARIANTS.iter().copied().map(Some));
    let tabs = states.map(|state| {
        let words = state.map_or("All", Publication::words);
        view! {
            <li>
                <a
                    href=asked.address(state, 0)
                    aria-current=(state == asked.state).then_some("page")
                >
                    {words}
                </a>
            </li>
        }
    });
    let tabs = tabs.collect_view();
    let to = |page| asked.address(asked.state, page);
    let before = asked.page.checked_sub(1).map(|page| ("Newer", to(page)));
    let after = (asked.page + 1 < pages).then(|| ("Older", to(asked.page + 1)));
    let noun = if found == 1 { "product" } else { "products" };
    view! {
        <nav class="desk-tabs" aria-label="Products by state">
            <ul role="list">{tabs}</ul>
        </nav>
        {(found == 0).then(|| view! { <p class="watch__none">"There is no such product."</p> })}
        {(found > 0)
            .then(|| view! { <p class="watch__soft products__count">{format!("{found} {noun}, the newest first")}</p> })}
        <ul class="products__list" role="list">{rows.into_iter().map(row).collect_view()}</ul>
        <DeskPages before after />
    }
}

fn row(row: ProductRow) -> impl IntoView {
    let ProductRow {
        slug,
        title,
        category,
        publication,
        variants,
        price_from,
        image,
        available,
    } = row;
    let state: &'static str = publication.into();
    let image = image.map(|image| shop().thumb(&image));
    let noun = if variants == 1 { "variant" } else { "variants" };
    let price = price_from.map(|price| format!(" from {price}"));
    view! {
        <li class="products__row" id=format!("product-{slug}") data-row="">
            <div class="products__picture">
                {image.map(|image| view! { <LinePicture image /> })}
            </div>
            <div>
                <p class="alert__title">
                    <a href=editor(&slug)>{title}</a>
                </p>
                <p class="watch__soft">
                    {format!("{category}, {variants} {noun}")} {price}
                    {format!(", {available} available")}
                </p>
            </div>
            <span class="products__state" data-state=state>{publication.words()}</span>
        </li>
    }
}
