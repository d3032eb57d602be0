//! The front page: a picture, the drop, the categories, new pieces.

use leptos::prelude::*;
use types::catalogue::{Category, Hero, Product, ProductCard};

use crate::api::shop;
use crate::components::house::HOUSE;
use crate::components::picture::Place;
use crate::components::product_card::{Level, card_address, card_price};
use crate::components::{Picture, ProductCards, ShopFrame, Structured, structured};
use crate::islands::card_stock::CardStock;

/// Pieces shown as new.
const NEW_PIECES: usize = 8;

/// The front page.
#[component]
pub fn HomePage() -> impl IntoView {
    let shop = shop();
    let cards = shop.cards(None);
    let mut heroes = shop.heroes().into_iter();
    let (first, second) = (heroes.next(), heroes.next());
    let drop = cards
        .iter()
        .filter(|card| card.edition.is_some())
        .filter_map(|card| Some((card.clone(), shop.product(&card.slug)?)))
        .collect::<Vec<_>>();
    let tiles = shop
        .categories()
        .into_iter()
        .map(|category| {
            let card = cards
                .iter()
                .find(|card| card.category == category.slug && card.edition.is_none());
            (category, card.cloned())
        })
        .collect::<Vec<_>>();
    let seen = second
        .as_ref()
        .map(|hero| seen_on(hero, &cards))
        .unwrap_or_default();
    // The youngest of the catalogue, a few of each category rather than one category's last.
    let new = newest(&cards);
    view! {
        <ShopFrame
            title=HOUSE
            description="Fine jewellery in solid gold and sterling silver, made to be worn daily."
        >
            <Structured facts=structured::house() />
            {first.map(|hero| view! { <Opening hero /> })}
            <section class="section" id="drop" aria-labelledby="drop-title">
                <header class="section__head">
                    <h2 id="drop-title">"The drop"</h2>
                    <p>"Small numbers, counted live. When they are gone, they are gone."</p>
                </header>
                <div class="drop">
                    {drop
                        .into_iter()
                        .map(|(card, product)| view! { <DropPiece card product /> })
                        .collect_view()}
                </div>
            </section>
            <section class="section" aria-labelledby="categories-title">
                <header class="section__head">
                    <h2 id="categories-title">"Shop by category"</h2>
                </header>
                <ul class="tiles" role="list">
                    {tiles
                        .into_iter()
                        .map(|(category, card)| view! { <Tile category card /> })
                        .collect_view()}
                </ul>
            </section>
            {second.map(|hero| view! { <Composition hero seen /> })}
            <section class="section" aria-labelledby="new-title">
                <header class="section__head">
                    <h2 id="new-title">"New pieces"</h2>
                </header>
                <ProductCards cards=new level=Level::H3 />
            </section>
        </ShopFrame>
    }
}

/// The picture a visitor sees first, and what the house stands for.
#[component]
fn Opening(hero: Hero) -> impl IntoView {
    view! {
        <section class="opening">
            <div class="opening__media">
                <Picture image=hero.image eager=true place=Place::TwoThirds />
            </div>
            <div class="opening__words">
                <h1>"Made slowly, worn\u{a0}daily."</h1>
                <p>
                    "Solid gold, sterling silver and lab-grown stones, in small numbers. "
                    "What you see left is what is left, at this moment."
                </p>
                <a class="button button--quiet" href="#drop">"See the drop"</a>
            </div>
        </section>
    }
}

/// A limited piece, large.
#[component]
fn DropPiece(card: ProductCard, product: Product) -> impl IntoView {
    let href = format!("/p/{}", card.slug);
    let image = card.images.first().cloned();
    let price = card_price(&card);
    view! {
        <article class="drop__piece">
            <div class="drop__media">
                {image.map(|image| view! { <Picture image decorative=true place=Place::Half /> })}
            </div>
            <div class="drop__words">
                <h3>
                    <a href=href>{card.title}</a>
                </h3>
                <p>{product.description}</p>
                <p class="card__price">{price}</p>
                <p class="card__line">
                    <CardStock
                        slug=card.slug
                        stock=card.stock
                        edition=card.edition
                        position=card.position
                    />
                    {product.drop_note.map(|note| view! { <span class="drop__note">{note}</span> })}
                </p>
            </div>
        </article>
    }
}

#[component]
fn Tile(category: Category, card: Option<ProductCard>) -> impl IntoView {
    let image = card.and_then(|card| card.images.into_iter().next());
    view! {
        <li class="tile">
            <div class="tile__media">
                {image.map(|image| view! { <Picture image decorative=true /> })}
            </div>
            <h3 class="tile__title">
                <a href=format!("/c/{}", category.slug)>{category.title}</a>
            </h3>
            <p class="tile__line">{category.description}</p>
        </li>
    }
}

/// Something to be seen on a picture.
struct Seen {
    card: ProductCard,
    /// Where, in pixels of the picture's own size.
    spot: Option<(u32, u32)>,
}

/// A wide picture and the pieces to be seen on it, each with its number in both places.
#[component]
fn Composition(hero: Hero, seen: Vec<Seen>) -> impl IntoView {
    let view_box = format!("0 0 {} {}", hero.image.width, hero.image.height);
    let marks = seen
        .iter()
        .enumerate()
        .filter_map(|(i, Seen { card, spot })| {
            let (x, y) = (*spot)?;
            // The list beside the picture has the same links for everybody else.
            Some(view! {
                <a href=card_address(card) tabindex="-1" aria-hidden="true">
                    <circle cx=x.to_string() cy=y.to_string() r="26"></circle>
                    <text x=x.to_string() y=y.to_string() dy="0.35em">
                        {i + 1}
                    </text>
                </a>
            })
        });
    let marks = marks.collect_view();
    let pieces = seen.iter().map(|Seen { card, .. }| {
        view! {
            <li>
                <a href=card_address(card)>
                    <span>{card.title.clone()}</span>
                    <span class="composition__price">{card_price(card)}</span>
                </a>
            </li>
        }
    });
    let pieces = pieces.collect_view();
    view! {
        <section class="section composition" aria-labelledby="composition-title">
            <div class="composition__media">
                <Picture image=hero.image place=Place::TwoThirds />
                <svg class="composition__marks" viewBox=view_box>
                    {marks}
                </svg>
            </div>
            <div class="composition__words">
                <h2 id="composition-title">"In this picture"</h2>
                <ol>{pieces}</ol>
            </div>
        </section>
    }
}

/// The pieces on a picture, and where they are.
fn seen_on(hero: &Hero, cards: &[ProductCard]) -> Vec<Seen> {
    let places = hero.products.iter().enumerate();
    let seen = places.filter_map(|(i, slug)| {
        Some(Seen {
            card: cards.iter().find(|card| card.slug == *slug)?.clone(),
            spot: hero.spots.get(i).copied(),
        })
    });
    seen.collect()
}

/// The last pieces of each category in turn, without the drop, which has its own place.
fn newest(cards: &[ProductCard]) -> Vec<ProductCard> {
    let mut by_category: Vec<Vec<&ProductCard>> = Vec::new();
    for card in cards.iter().filter(|card| card.edition.is_none()) {
        match by_category
            .iter_mut()
            .find(|group| group[0].category == card.category)
        {
            Some(group) => group.push(card),
            None => by_category.push(vec![card]),
        }
    }
    let mut new = Vec::new();
    while new.len() < NEW_PIECES {
        let before = new.len();
        new.extend(by_category.iter_mut().filter_map(Vec::pop).cloned());
        if new.len() == before {
            break;
        }
    }
    new.truncate(NEW_PIECES);
    new
}
