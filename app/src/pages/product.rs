//! A product: its pictures, the choice of a variant, what it is made of, and what goes with it.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use types::Slug;
use types::catalogue::{Image, Product, Variant, come_in_sizes};
use types::checkout::DeliveryMethod;

use super::not_found::NotFoundPage;
use crate::api::{flash, shop};
use crate::components::anchor;
use crate::components::product_card::Level;
use crate::components::size_guide::has_guide;
use crate::components::{
    Gallery, GiftNote, LazyHint, ProblemNote, ProductCards, ShopFrame, SizeGuide, Structured,
    structured,
};
use crate::islands::buy_box::BuyBox;
use crate::islands::stock_signup::SignupForm;

/// The page of a product.
#[component]
pub fn ProductPage() -> impl IntoView {
    let shop = shop();
    let asked = use_params_map()
        .read_untracked()
        .get("slug")
        .unwrap_or_default();
    let slug: Option<Slug> = asked.parse().ok();
    let product = slug.as_ref().and_then(|slug| shop.product(slug));
    let Some(product) = product else {
        return match slug.and_then(|slug| shop.withdrawn(&slug)) {
            Some((title, category)) => view! { <WithdrawnPage title category /> }.into_any(),
            None => view! { <NotFoundPage /> }.into_any(),
        };
    };
    let query = use_query_map().read_untracked().clone();
    let variant = query.get("variant").unwrap_or_default();
    let metal = query.get("metal").unwrap_or_default();
    let Some(chosen) = choose(&product, &variant, &metal).cloned() else {
        return view! { <NotFoundPage /> }.into_any();
    };
    let related = shop.related(&product.slug);
    let of_category = shop
        .categories()
        .into_iter()
        .find(|category| category.slug == product.category);
    let flash = flash::take(&format!("/p/{}", product.slug)).unwrap_or_default();
    // A complaint about a sign-up stands at its form, as long as that is shown.
    let is_of_signup = flash.signup_email.is_some() && chosen.available <= 0;
    let (problem, of_signup) = match is_of_signup {
        true => (None, flash.problem),
        false => (flash.problem, None),
    };
    let signup = SignupForm {
        is_offered: shop.sends_mails(),
        signed_up: flash.signed_up,
        email: flash.signup_email.unwrap_or_default(),
        problem: of_signup,
    };

    let images = pictures(&product, &chosen);
    let picture = images.first().cloned();
    let version = shop.shelves_position();
    let facts = structured::product(&product, &images);
    let path = format!("/p/{}", product.slug);
    let shelf = of_category
        .as_ref()
        .map(|category| format!("/c/{}", category.slug));
    let way = of_category.as_ref().zip(shelf.as_ref());
    let way = way.map(|(category, path)| (category.title.as_str(), path.as_str()));
    let steps = way
        .into_iter()
        .chain([(product.title.as_str(), path.as_str())]);
    let way = structured::breadcrumbs(&steps.collect::<Vec<_>>());
    let crumb = of_category.map(|category| {
        view! {
            <nav class="crumbs" aria-label="Breadcrumb">
                <a href=format!("/c/{}", category.slug)>{category.title}</a>
            </nav>
        }
    });
    let is_limited = chosen.edition.is_some();
    let size_guide = has_guide(product.category.as_str()) && come_in_sizes(&product.variants);
    let category = product.category.to_string();
    let given = given(&product, &chosen);
    view! {
        <ShopFrame
            title=product.seo_title.clone()
            description=product.seo_description.clone()
            category=category.clone()
            picture
        >
            <Structured facts />
            <Structured facts=way />
            <article class="product">
                <Gallery images />
                <div class="product__words">
                    {crumb}
                    <h1 data-live="">{product.title.clone()}</h1>
                    // Above the form: a plain form that was refused lands at the top of the page.
                    {problem.map(|problem| view! { <ProblemNote problem /> })}
                    {is_limited.then(|| view! { <p class="tag tag--line">"Limited"</p> })}
                    {(!given.is_empty()).then(|| view! { <p class="product__given">{given}</p> })}
                    <LazyHint island="buy_box" />
                    <BuyBox
                        slug=product.slug
                        title=product.title
                        variants=product.variants
                        chosen=chosen.sku
                        size_guide
                        position=product.position
                        shelves=version
                        signup
                    >
                        <GiftNote />
                    </BuyBox>
                    <p class="product__description" data-live="">{product.description}</p>
                    <dl class="facts" data-live="">
                        {product
                            .drop_note
                            .map(|note| {
                                view! {
                                    <div>
                                        <dt>"Edition"</dt>
                                        <dd>{note}</dd>
                                    </div>
                                }
                            })}
                        <div>
                            <dt>"Metal"</dt>
                            <dd>{product.metals.join("; ")}</dd>
                        </div>
                        {(!product.stones.is_empty())
                            .then(|| {
                                view! {
                                    <div>
                                        <dt>"Stone"</dt>
                                        <dd>{product.stones}</dd>
                                    </div>
                                }
                            })}
                        <div>
                            <dt>"Delivery"</dt>
                            <dd>
                                {DeliveryMethod::Standard.promise()} ". "
                                <a class="link" href="/delivery">"All about delivery"</a>
                            </dd>
                        </div>
                        <div>
                            <dt>"Returns"</dt>
                            <dd>
                                "30 days, free. " <a class="link" href="/returns">
                                    "How to return"
                                </a>
                            </dd>
                        </div>
                    </dl>
                </div>
                {size_guide.then(|| view! { <SizeGuide category /> })}
                // Filled and opened by the script.
                <dialog
                    class="drawer"
                    id=anchor::DRAWER
                    aria-labelledby="drawer-title"
                    closedby="any"
                ></dialog>
            </article>
            // Where pieces that are gone lead to, also when there is nothing like them.
            <div id=anchor::RELATED>
                {(!related.is_empty())
                    .then(|| {
                        view! {
                            <section class="section" aria-labelledby="related-title">
                                <header class="section__head">
                                    <h2 id="related-title">"Goes well with"</h2>
                                </header>
                                <ProductCards cards=related level=Level::H3 />
                            </section>
                        }
                    })}
            </div>
        </ShopFrame>
    }
    .into_any()
}

/// Of a piece that was sold here and is no more; answers with 410.
#[component]
fn WithdrawnPage(title: String, category: Slug) -> impl IntoView {
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(axum::http::StatusCode::GONE);
    }
    let mut cards = shop().cards(Some(&category));
    cards.truncate(4);
    view! {
        <ShopFrame title=title.clone() category=category.to_string()>
            <div class="prose">
                <h1>{title}</h1>
                <p>
                    "This piece is no longer sold. If you have ordered it, your order keeps it: "
                    <a class="link" href="/orders">"Your orders"</a>
                    "."
                </p>
            </div>
            {(!cards.is_empty())
                .then(|| {
                    view! {
                        <section class="section" aria-labelledby="related-title">
                            <header class="section__head">
                                <h2 id="related-title">"Still here"</h2>
                            </header>
                            <ProductCards cards level=Level::H3 />
                        </section>
                    }
                })}
        </ShopFrame>
    }
}

/// The variant the address asks for; else one of the metal it asks for; else any. Among several the
/// first that is there.
fn choose<'a>(product: &'a Product, sku: &str, metal: &str) -> Option<&'a Variant> {
    let first = |fits: &dyn Fn(&Variant) -> bool| {
        let mut fitting = product.variants.iter().filter(|variant| fits(variant));
        let first = fitting.clone().next();
        fitting.find(|variant| variant.available > 0).or(first)
    };
    first(&|variant| variant.sku.as_str() == sku)
        .or_else(|| first(&|variant| variant.metal == metal))
        .or_else(|| first(&|_| true))
}

/// The metal and the size that leave no choice: `Yellow gold, one size`.
fn given(product: &Product, chosen: &Variant) -> String {
    let one_metal = product.variants.iter().all(|v| v.metal == chosen.metal);
    let metal = one_metal.then(|| chosen.metal_label.clone());
    let size = (!come_in_sizes(&product.variants)).then(|| chosen.size_label.clone());
    match (metal, size) {
        (Some(metal), Some(size)) => format!("{metal}, {}", size.to_lowercase()),
        (metal, size) => metal.or(size).unwrap_or_default(),
    }
}

/// The product's pictures, the chosen metal's first.
fn pictures(product: &Product, chosen: &Variant) -> Vec<Image> {
    let mut images = product.images.clone();
    if chosen.image < images.len() {
        images[..=chosen.image].rotate_right(1);
    }
    images
}
