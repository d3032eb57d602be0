//! `/admin/products/{slug}`: a product's words, photographs and variants, and whether it is for sale.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use services::{Shop, Staff};
use types::catalogue::Category;
use types::products::{
    MAX_DESCRIPTION, MAX_LINE, MAX_PHOTOGRAPH, MAX_SUMMARY, ProductDesk, Publication,
};
use types::staff::Right;
use types::{Problem, Slug, SupplierId};

use super::admin_product_variants::Variants;
use crate::api::flash::{Done, Flash};
use crate::api::product_forms::TextsForm;
use crate::api::products::{PRODUCTS, editor};
use crate::api::{flash, may, shop};
use crate::components::admin_frame::for_staff;
use crate::components::{
    AdminFrame, Holds, LinePicture, ProblemNote, beyond_fields, desk_area, desk_choice, desk_field,
};
use crate::live::LivePage;
use crate::pages::page_problem::PageProblem;

#[component]
pub fn AdminProductPage() -> impl IntoView {
    for_staff(Right::Products, |staff| view! { <Desk staff /> })
}

/// The product, what was typed of it and refused, with why, and all suppliers.
type Read = (
    ProductDesk,
    Option<(TextsForm, Problem)>,
    Vec<(SupplierId, String)>,
);

async fn read(
    shop: Shop,
    staff: Staff,
    slug: Option<Slug>,
    has_texts: bool,
) -> Result<Read, Problem> {
    let slug = slug.ok_or_else(|| Problem::not_found("There is no such product."))?;
    let product = shop.product_desk(&staff, &slug)?;
    let kept = match has_texts {
        true => shop.kept_product_form(&staff, &slug).await?,
        false => None,
    };
    let kept = kept.and_then(|kept| serde_json::from_str(&kept).ok());
    Ok((product, kept, shop.supplier_names(&staff).await?))
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let asked = use_params_map().read_untracked().get("slug");
    let slug: Option<Slug> = asked.and_then(|slug| slug.parse().ok());
    let flash = slug.as_ref().and_then(|slug| flash::take(&editor(slug)));
    let flash = flash.unwrap_or_default();
    let shop = shop();
    let version = shop.products_position();
    let email = staff.email.clone();
    let has_texts = flash.has_texts;
    let read = Resource::new_blocking(
        || (),
        move |()| read(shop.clone(), staff.clone(), slug.clone(), has_texts),
    );
    view! {
        <AdminFrame title="Product" here=PRODUCTS email follows=(LivePage::Products, version)>
            <div data-live="">
                <Suspense>
                    {move || {
                        let flash = flash.clone();
                        Suspend::new(async move {
                            match read.await {
                                Ok(read) => view! { <Editor read flash /> }.into_any(),
                                Err(problem) => view! { <PageProblem problem /> }.into_any(),
                            }
                        })
                    }}
                </Suspense>
            </div>
        </AdminFrame>
    }
}

#[component]
fn Editor(read: Read, flash: Flash) -> impl IntoView {
    let (product, kept, suppliers) = read;
    let (form, problem) = match kept {
        Some((form, problem)) => (Some(form), Some(problem)),
        None => (None, flash.problem),
    };
    let note = beyond_fields(problem.clone()).filter(|_| flash.variant.is_none());
    let done = match flash.done {
        Some(Done::Said(words)) => Some(words),
        _ => None,
    };
    let of_file = problem.as_ref().and_then(|problem| problem.field("file"));
    let of_file = of_file.map(str::to_owned);
    let of_texts = form.is_some().then(|| problem.clone()).flatten();
    let of_variant = flash.variant.is_some().then(|| problem.clone()).flatten();
    let slug = product.slug.clone();
    let form_of = |form: Option<TextsForm>| {
        form.unwrap_or_else(|| TextsForm::of(&product.slug, &product.texts))
    };
    let is_back = form.is_some();
    let form = form_of(form);
    view! {
        {note.map(|problem| view! { <ProblemNote problem /> })}
        {done.map(|words| view! { <p class="products__done" role="status">{words}</p> })}
        <section class="watch products" aria-labelledby="product-title">
            <p class="desk-order__back">
                <a href=PRODUCTS>"Products"</a>
            </p>
            <h1 id="product-title">{product.texts.title.clone()}</h1>
            <State product=product.clone() />
            <div class="products__parts">
                <Texts form is_back problem=of_texts categories=shop().categories() />
                <Photographs product=product.clone() wrong=of_file />
            </div>
            <Variants
                slug
                is_draft=product.publication == Publication::Draft
                images=product.images
                variants=product.variants
                refused=flash.variant
                problem=of_variant
                suppliers
            />
        </section>
    }
}

/// Whether it is for sale, and what stands against it.
#[component]
fn State(product: ProductDesk) -> impl IntoView {
    let state: &'static str = product.publication.into();
    let is_published = product.publication == Publication::Published;
    let words = match product.publication {
        Publication::Draft => "Nobody but staff sees it.",
        Publication::Published => {
            "It is for sale. What is saved here is on every open page at once."
        }
        Publication::Withdrawn => "It is no longer sold. Orders keep it.",
    };
    let missing = product.missing.filter(|_| !is_published);
    let may_publish = may(Right::Publish);
    let slug = product.slug.to_string();
    let address = format!("/p/{slug}");
    let button = match (is_published, &missing) {
        (true, _) => Some(
            view! {
                <input type="hidden" name="withdraw" value="1" />
                <button class="desk-button desk-button--danger" type="submit">"Withdraw"</button>
            }
            .into_any(),
        ),
        (false, None) => Some(
            view! {
                <button class="desk-button desk-button--strong" type="submit">"Publish"</button>
            }
            .into_any(),
        ),
        (false, Some(_)) => None,
    };
    let button = button.filter(|_| may_publish);
    let who = (!may_publish).then(|| format!(" Who publishes: {}.", Right::Publish.who()));
    view! {
        <div class="products__publication">
            <span class="products__state" data-state=state>{product.publication.words()}</span>
            <p>
                {words} " "
                {missing.map(|missing| format!("It cannot be published: {missing}."))} {who}
            </p>
            {is_published.then(|| view! { <a class="desk-button" href=address>"In the shop"</a> })}
            {button.map(|button| view! {
                <form method="post" action="/api/publish_product">
                    <input type="hidden" name="product" value=slug />
                    {button}
                </form>
            })}
        </div>
    }
}

#[component]
fn Texts(
    form: TextsForm,
    is_back: bool,
    problem: Option<Problem>,
    categories: Vec<Category>,
) -> impl IntoView {
    let problem = problem.as_ref();
    let line = |name: &'static str, label: &'static str, value: String| {
        desk_field(
            problem,
            format!("texts-{name}"),
            (name, label),
            Holds::Line,
            value,
        )
    };
    let area =
        |name: &'static str, label: &'static str, rows: u8, longest: usize, value: String| {
            desk_area(
                problem,
                format!("texts-{name}"),
                (name, label),
                (rows, longest),
                value,
            )
        };
    let choices = categories
        .into_iter()
        .map(|category| (category.slug.to_string(), category.title));
    let category = desk_choice(
        problem,
        "texts-category".to_owned(),
        ("category", "Category"),
        choices.collect(),
        &form.category,
    );
    let limited = problem.and_then(|problem| problem.field("limited").map(str::to_owned));
    view! {
        <section aria-labelledby="texts">
            <h2 id="texts">"Texts"</h2>
            <form
                class="products__texts"
                method="post"
                action="/api/set_product"
                aria-labelledby="texts"
                data-typed=is_back.then_some("")
            >
                <input type="hidden" name="product" value=form.product.clone() />
                <input type="hidden" name="seen" value=form.seen.clone() />
                {line("title", "Title", form.title)}
                {category}
                {area("description", "Description", 6, MAX_DESCRIPTION, form.description)}
                {area("metals", "Metals, one on each line", 2, 12 * MAX_LINE, form.metals)}
                {line("stones", "Stones", form.stones)}
                <label class="products__check">
                    <input type="checkbox" name="limited" checked=!form.limited.is_empty() />
                    "Limited: there will be no more of it"
                </label>
                {limited.map(|wrong| view! { <p class="field__error" role="alert">{wrong}</p> })}
                {line("edition", "What is said of the edition", form.edition)}
                {line("seo_title", "Title for search engines", form.seo_title)}
                {area(
                    "seo_description",
                    "Summary for search engines and previews",
                    2,
                    MAX_SUMMARY,
                    form.seo_description,
                )}
                <button class="desk-button desk-button--strong" type="submit">"Save texts"</button>
            </form>
        </section>
    }
}

#[component]
fn Photographs(product: ProductDesk, wrong: Option<String>) -> impl IntoView {
    let slug = product.slug.to_string();
    let metals: Vec<String> = product
        .variants
        .iter()
        .map(|it| it.texts.metal.clone())
        .collect();
    let mut names: Vec<(String, String)> = Vec::new();
    for metal in metals {
        let name = metal.to_lowercase().replace(' ', "-");
        if names.iter().all(|(known, _)| *known != name) {
            names.push((name, metal));
        }
    }
    let shown = product.images.into_iter().enumerate().map(|(place, image)| {
        let number = place + 1;
        let thumb = shop().thumb(&image);
        let alt = desk_field(
            None,
            format!("alt-{number}"),
            ("alt", "What it shows"),
            Holds::Line,
            image.alt.clone(),
        );
        let mut choices = vec![(String::new(), "Several".to_owned())];
        choices.extend(names.iter().cloned());
        if choices.iter().all(|(name, _)| *name != image.metal) {
            choices.push((image.metal.clone(), image.metal.clone()));
        }
        let metal = desk_choice(
            None,
            format!("metal-{number}"),
            ("metal", "Metal"),
            choices,
            &image.metal,
        );
        view! {
            <li class="products__photograph" id=format!("photograph-{number}") data-row="">
                <LinePicture image=thumb />
                <form
                    method="post"
                    action="/api/change_picture"
                    aria-label=format!("Photograph {number}")
                >
                    <input type="hidden" name="product" value=slug.clone() />
                    <input type="hidden" name="src" value=image.src />
                    {alt} {metal}
                    <div class="products__acts">
                        <button class="desk-button" name="act" value="describe">"Save"</button>
                        {(place > 0)
                            .then(|| view! {
                                <button
                                    class="desk-button"
                                    name="act"
                                    value="earlier"
                                    aria-label=format!("Move photograph {number} before {place}")
                                >
                                    "Earlier"
                                </button>
                            })}
                        <button
                            class="desk-button desk-button--danger"
                            name="act"
                            value="remove"
                            aria-label=format!("Remove photograph {number}")
                        >
                            "Remove"
                        </button>
                    </div>
                </form>
            </li>
        }
    });
    let shown = shown.collect_view();
    let limit = MAX_PHOTOGRAPH / 1024 / 1024;
    view! {
        <section aria-labelledby="photographs">
            <h2 id="photographs">"Photographs"</h2>
            <ul class="products__photographs" role="list">{shown}</ul>
            <form
                class="products__upload"
                method="post"
                action=format!("{}/photographs", editor(&product.slug))
                enctype="multipart/form-data"
                aria-label="Add photographs"
            >
                {desk_field(None, "new-alt".to_owned(), ("alt", "What they show"), Holds::Line, String::new())}
                <div class="desk-field">
                    <label for="photograph-file">"JPEG, PNG or WebP"</label>
                    <input
                        id="photograph-file"
                        type="file"
                        name="file"
                        accept="image/jpeg,image/png,image/webp"
                        multiple=true
                        required=true
                        aria-describedby="photograph-hint"
                        aria-invalid=wrong.is_some().then_some("true")
                    />
                </div>
                {wrong.map(|wrong| view! { <p class="field__error" role="alert">{wrong}</p> })}
                <p class="watch__soft" id="photograph-hint">
                    {format!(
                        "At most {limit} MB and 50 million pixels each. The first one is on the cards; where and with what \
                         they were taken is left out.",
                    )}
                </p>
                <button class="desk-button desk-button--strong" type="submit">"Add"</button>
            </form>
        </section>
    }
}
