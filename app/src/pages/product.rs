//! A product: its pictures, the choice of a variant, what it is made of, and what goes with it.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use types::catalogue::{Image, Product, Variant};

use super::not_found::NotFoundPage;
use crate::api::{refusal, shop};
use crate::components::picture::Place;
use crate::components::product_card::Level;
use crate::components::{
    LazyHint, Picture, ProblemNote, ProductCards, ShopFrame, Structured, structured,
};
use crate::islands::buy_box::{BuyBox, GALLERY_ID};

/// The page of a product.
#[component]
pub fn ProductPage() -> impl IntoView {
    let shop = shop();
    let asked = use_params_map()
        .read_untracked()
        .get("slug")
        .unwrap_or_default();
    let product = asked.parse().ok().and_then(|slug| shop.product(&slug));
    let Some(product) = product else {
        return view! { <NotFoundPage /> }.into_any();
    };
    let query = use_query_map().read_untracked().clone();
    let variant = query.get("variant").unwrap_or_default();
    let metal = query.get("metal").unwrap_or_default();
    let Some(chosen) = choose(&product, &variant, &metal).cloned() else {
        return view! { <NotFoundPage /> }.into_any();
    };
    let related = shop.related(&product.slug);
    let category = shop
        .categories()
        .into_iter()
        .find(|category| category.slug == product.category);
    let problem = refusal(&format!("/p/{}", product.slug));

    let images = pictures(&product, &chosen);
    let picture = images.first().cloned();
    let facts = structured::product(&product, &images);
    let path = format!("/p/{}", product.slug);
    let shelf = category
        .as_ref()
        .map(|category| format!("/c/{}", category.slug));
    let way = category.as_ref().zip(shelf.as_ref());
    let way = way.map(|(category, path)| (category.title.as_str(), path.as_str()));
    let steps = way
        .into_iter()
        .chain([(product.title.as_str(), path.as_str())]);
    let way = structured::breadcrumbs(&steps.collect::<Vec<_>>());
    let crumb = category.map(|category| {
        view! {
            <nav class="crumbs" aria-label="Breadcrumb">
                <a href=format!("/c/{}", category.slug)>{category.title}</a>
            </nav>
        }
    });
    let is_only_some = product.drop_note.is_some();
    view! {
        <ShopFrame
            title=product.seo_title.clone()
            description=product.seo_description.clone()
            category=product.category.to_string()
            picture
        >
            <Structured facts />
            <Structured facts=way />
            <article class="product">
                <Gallery images />
                <div class="product__words">
                    {crumb}
                    <h1>{product.title.clone()}</h1>
                    // Above the form: a plain form that was refused lands at the top of the page.
                    {problem.map(|problem| view! { <ProblemNote problem /> })}
                    {is_only_some.then(|| view! { <p class="tag tag--line">"Limited"</p> })}
                    <LazyHint island="buy_box" />
                    <BuyBox
                        slug=product.slug
                        title=product.title
                        variants=product.variants
                        chosen=chosen.sku
                        position=product.position
                    />
                    <p class="product__description">{product.description}</p>
                    {product.drop_note.map(|note| view! { <p>{note}</p> })}
                    <dl class="facts">
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
                                "Insured, 2 to 4 working days. "
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
            </article>
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
        </ShopFrame>
    }
    .into_any()
}

/// The pictures side by side; one fills the space and the others are a swipe, a key or a link away.
#[component]
fn Gallery(images: Vec<Image>) -> impl IntoView {
    let many = images.len() > 1;
    let thumbs = images.iter().enumerate().map(|(i, image)| {
        let label = format!("Picture {} of {}", i + 1, images.len());
        view! {
            <li>
                <a href=format!("#picture-{}", i + 1) aria-label=label>
                    <Picture image=image.clone() decorative=true place=Place::Thumb />
                </a>
            </li>
        }
    });
    let thumbs =
        many.then(|| view! { <ul class="thumbs" role="list">{thumbs.collect_view()}</ul> });
    let figures = images.iter().cloned().enumerate().map(|(i, image)| {
        let (metal, src) = (image.metal.clone(), image.src.clone());
        view! {
            <figure class="gallery__picture" id=format!("picture-{}", i + 1) data-metal=metal>
                <a href=src title="Open the whole picture">
                    <Picture image eager=i == 0 place=Place::Gallery />
                </a>
            </figure>
        }
    });
    let figures = figures.collect_view();
    view! {
        <div class="gallery">
            <div
                class="gallery__row"
                id=GALLERY_ID
                role="region"
                aria-label="Pictures"
                tabindex="0"
            >
                {figures}
            </div>
            {thumbs}
        </div>
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

/// The product's pictures, the chosen metal's first.
fn pictures(product: &Product, chosen: &Variant) -> Vec<Image> {
    let mut images = product.images.clone();
    if chosen.image < images.len() {
        images[..=chosen.image].rotate_right(1);
    }
    images
}
