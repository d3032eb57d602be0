//! A category: its pieces, narrowed by metal and sorted by what the address says.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use types::Slug;
use types::catalogue::{Category, Metal, ProductCard};

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
        .find(|(known, _)| known.name == metal)
        .map(|(known, _)| known.name.clone());
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
    let count = types::pieces(u32::try_from(cards.len()).unwrap_or(u32::MAX));
    let path = address(&slug, None, Sort::Catalogue);
    let way = structured::breadcrumbs(&[(&title, &path)]);
    view! {
        <ShopFrame title=title.clone() description=description.clone() category=slug.to_string()>
            <Structured facts=way />
            <header class="page-head page-head--shelf">
                <h1>{title}</h1>
                <p>{description}</p>
                <p class="shelf__count">{count}</p>
            </header>
            <div class="shelf">
                <Facets slug=slug.clone() metals total=all.len() chosen=metal.clone() sort />
                <SortLinks slug metal sort />
            </div>
            <div class="section section--flush">
                <ProductCards cards level=Level::H2 eager=3 large=true />
            </div>
        </ShopFrame>
    }
    .into_any()
}

/// The metals of a category, each with how many of its pieces come in it.
fn metals(cards: &[ProductCard]) -> Vec<(Metal, usize)> {
    let mut metals: Vec<(Metal, usize)> = Vec::new();
    for metal in cards.iter().flat_map(|card| &card.metals) {
        match metals
            .iter_mut()
            .find(|(known, _)| known.name == metal.name)
        {
            Some((_, count)) => *count += 1,
            None => metals.push((metal.clone(), 1)),
        }
    }
    metals.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    metals
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
    metals: Vec<(Metal, usize)>,
    total: usize,
    chosen: Option<String>,
    sort: Sort,
) -> impl IntoView {
    let every = (None, "All metals".to_owned(), Some(total));
    let metals = metals
        .into_iter()
        .map(|(metal, count)| (Some(metal.name), metal.label, Some(count)));
    let choices = std::iter::once(every)
        .chain(metals)
        .map(|(name, title, count)| Choice {
            address: address(&slug, name.as_deref(), sort),
            is_chosen: name == chosen,
            title,
            count,
        })
        .collect();
    view! { <Choices name="Metal" choices /> }
}

#[component]
fn SortLinks(slug: Slug, metal: Option<String>, sort: Sort) -> impl IntoView {
    let choices = Sort::ALL
        .map(|each| Choice {
            address: address(&slug, metal.as_deref(), each),
            is_chosen: each == sort,
            title: each.title().to_owned(),
            count: None,
        })
        .into();
    view! { <Choices name="Sort" choices /> }
}

/// One of several ways to see a category.
struct Choice {
    address: String,
    title: String,
    /// Pieces that it leaves.
    count: Option<usize>,
    is_chosen: bool,
}

/// Links of which one is chosen. Where there is room they stand in a row; on a phone a button opens
/// them as a sheet, which needs no script.
#[component]
fn Choices(name: &'static str, choices: Vec<Choice>) -> impl IntoView {
    let id = format!("choices-{}", name.to_lowercase());
    let chosen = choices.iter().find(|choice| choice.is_chosen);
    let chosen = chosen.map(|choice| choice.title.clone());
    let links = choices.into_iter().map(|choice| {
        view! {
            <li>
                <a href=choice.address aria-current=choice.is_chosen.then_some("true")>
                    {choice.title}
                    {choice
                        .count
                        .map(|count| {
                            view! {
                                " "
                                <span class="shelf__number">{count}</span>
                            }
                        })}
                </a>
            </li>
        }
    });
    view! {
        <button type="button" class="shelf__open" popovertarget=id.clone()>
            <span class="shelf__name">{name}": "</span>
            {chosen}
        </button>
        <nav class="shelf__nav" id=id popover="auto" aria-label=name>
            <p class="shelf__title" aria-hidden="true">{name}</p>
            <ul role="list">{links.collect_view()}</ul>
        </nav>
    }
}
