//! A category: its pieces, narrowed by metal and sorted by what the address says.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use types::Slug;
use types::catalogue::{Category, ProductCard};

use super::not_found::NotFoundPage;
use crate::api::shop;
use crate::components::product_card::Level;
use crate::components::{ProductCards, ShopFrame, Structured, structured};

/// The order of the pieces, as the address names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Catalogue,
    PriceUp,
    PriceDown,
}

impl Sort {
    const ALL: [Self; 3] = [Self::Catalogue, Self::PriceUp, Self::PriceDown];

    const fn name(self) -> &'static str {
        match self {
            Self::Catalogue => "",
            Self::PriceUp => "price",
            Self::PriceDown => "price-down",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Catalogue => "Featured",
            Self::PriceUp => "Price, low to high",
            Self::PriceDown => "Price, high to low",
        }
    }

    fn of(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|sort| sort.name() == name)
            .unwrap_or(Self::Catalogue)
    }
}

/// The page of a category.
#[component]
pub fn CategoryPage() -> impl IntoView {
    let shop = shop();
    let asked = use_params_map()
        .read_untracked()
        .get("category")
        .unwrap_or_default();
    let category = shop
        .categories()
        .into_iter()
        .find(|each| each.slug.as_str() == asked);
    let Some(category) = category else {
        return view! { <NotFoundPage /> }.into_any();
    };
    let query = use_query_map().read_untracked().clone();
    let sort = Sort::of(&query.get("sort").unwrap_or_default());
    let metal = query.get("metal").unwrap_or_default();

    let all = shop.cards(Some(&category.slug));
    let metals = metals(&all);
    // A metal that does not exist here is no metal at all.
    let metal = metals
        .iter()
        .find(|(name, _, _)| *name == metal)
        .map(|(name, _, _)| name.clone());
    let mut cards = match &metal {
        Some(metal) => shop.cards_in_metal(&category.slug, metal),
        None => all.clone(),
    };
    match sort {
        Sort::Catalogue => {}
        Sort::PriceUp => cards.sort_by_key(|card| card.price_from.minor),
        Sort::PriceDown => cards.sort_by_key(|card| -card.price_from.minor),
    }
    let Category {
        slug,
        title,
        description,
    } = category;
    let count = match cards.len() {
        1 => "1 piece".to_owned(),
        n => format!("{n} pieces"),
    };
    let path = address(&slug, None, Sort::Catalogue);
    let way = structured::breadcrumbs(&[(&title, &path)]);
    view! {
        <ShopFrame title=title.clone() description=description.clone() category=slug.to_string()>
            <Structured facts=way />
            <header class="page-head">
                <h1>{title}</h1>
                <p>{description}</p>
            </header>
            <div class="shelf">
                <p class="shelf__count">{count}</p>
                <Facets slug=slug.clone() metals total=all.len() chosen=metal.clone() sort />
                <SortLinks slug metal=metal.clone() sort />
            </div>
            <div class="section section--flush">
                <ProductCards cards level=Level::H2 metal eager=3 large=true />
            </div>
        </ShopFrame>
    }
    .into_any()
}

/// Name, title and number of pieces of each metal.
fn metals(cards: &[ProductCard]) -> Vec<(String, String, usize)> {
    let mut metals: Vec<(String, String, usize)> = Vec::new();
    for image in cards
        .iter()
        .flat_map(|card| &card.images)
        .filter(|image| !image.metal.is_empty())
    {
        match metals.iter_mut().find(|(name, _, _)| *name == image.metal) {
            Some((_, _, count)) => *count += 1,
            None => metals.push((image.metal.clone(), metal_title(&image.metal), 1)),
        }
    }
    metals.sort();
    metals
}

/// `white-gold` as people write it: `White gold`.
fn metal_title(name: &str) -> String {
    let words = name.replace('-', " ");
    let mut letters = words.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

fn address(slug: &Slug, metal: Option<&str>, sort: Sort) -> String {
    let sort = Some(sort.name()).filter(|name| !name.is_empty());
    let pairs = [("metal", metal), ("sort", sort)];
    let query = pairs
        .into_iter()
        .filter_map(|(key, value)| Some(format!("{key}={}", value?)))
        .collect::<Vec<_>>()
        .join("&");
    if query.is_empty() {
        format!("/c/{slug}")
    } else {
        format!("/c/{slug}?{query}")
    }
}

#[component]
fn Facets(
    slug: Slug,
    metals: Vec<(String, String, usize)>,
    total: usize,
    chosen: Option<String>,
    sort: Sort,
) -> impl IntoView {
    let every = (None, "All metals".to_owned(), total);
    let metals = metals
        .into_iter()
        .map(|(name, title, count)| (Some(name), title, count));
    let links = std::iter::once(every)
        .chain(metals)
        .map(|(name, title, count)| {
            view! {
                <li>
                    <a
                        href=address(&slug, name.as_deref(), sort)
                        aria-current=(name == chosen).then_some("true")
                    >
                        {title}
                        " "
                        <span class="shelf__number">{count}</span>
                    </a>
                </li>
            }
        });
    view! {
        <nav class="shelf__nav" aria-label="Metal">
            <ul role="list">{links.collect_view()}</ul>
        </nav>
    }
}

#[component]
fn SortLinks(slug: Slug, metal: Option<String>, sort: Sort) -> impl IntoView {
    let links = Sort::ALL.map(|each| {
        view! {
            <li>
                <a
                    href=address(&slug, metal.as_deref(), each)
                    aria-current=(each == sort).then_some("true")
                >
                    {each.title()}
                </a>
            </li>
        }
    });
    view! {
        <nav class="shelf__nav shelf__nav--end" aria-label="Sort">
            <ul role="list">{links.into_iter().collect_view()}</ul>
        </nav>
    }
}
