//! The front page: a picture, the drop, the categories, new pieces.

use leptos::prelude::*;
use types::catalogue::{Category, Hero, Product, ProductCard};

use crate::api::shop;
use crate::components::frame::HOUSE;
use crate::components::picture::Place;
use crate::components::product_card::Level;
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
        .filter(|card| card.drop)
        .filter_map(|card| Some((card.clone(), shop.product(&card.slug)?)))
        .collect::<Vec<_>>();
    let tiles = shop
        .categories()
        .into_iter()
        .map(|category| {
            let card = cards
                .iter()
                .find(|card| card.category == category.slug && !card.drop);
            (category, card.cloned())
        })
        .collect::<Vec<_>>();
    let titles = second
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
                    <h2 id="categories-title">"By kind"</h2>
                </header>
                <ul class="tiles" role="list">
                    {tiles
                        .into_iter()
                        .map(|(category, card)| view! { <Tile category card /> })
                        .collect_view()}
                </ul>
            </section>
            {second.map(|hero| view! { <Composition hero titles /> })}
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
                <Picture image=hero.image eager=true place=Place::Full />
            </div>
            <div class="opening__words">
                <h1>"Made slowly, worn\u{a0}daily."</h1>
                <div class="opening__aside">
                    <p>
                        "Solid gold, sterling silver and lab-grown stones, in small numbers. "
                        "What you see left is what is left, at this moment."
                    </p>
                    <a class="link link--forward" href="#drop">"See the drop"</a>
                </div>
            </div>
        </section>
    }
}

/// A limited piece, large.
#[component]
fn DropPiece(card: ProductCard, product: Product) -> impl IntoView {
    let href = format!("/p/{}", card.slug);
    let image = card.images.first().cloned();
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
                {product.drop_note.map(|note| view! { <p class="drop__note">{note}</p> })}
                <p class="card__line">
                    <span class="card__price">{card.price_from.to_string()}</span>
                    <CardStock slug=card.slug stock=card.stock position=card.position />
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

/// A wide picture and links to what can be seen on it.
#[component]
fn Composition(hero: Hero, titles: Vec<(String, String)>) -> impl IntoView {
    let links = titles.into_iter().map(|(href, title)| {
        view! {
            <li>
                <a href=href>{title}</a>
            </li>
        }
    });
    view! {
        <section class="composition" aria-labelledby="composition-title">
            <div class="composition__media">
                <Picture image=hero.image place=Place::TwoThirds />
            </div>
            <div class="composition__words">
                <h2 id="composition-title">"In this picture"</h2>
                <ul role="list">{links.collect_view()}</ul>
            </div>
        </section>
    }
}

/// Address and title of the products on a picture.
fn seen_on(hero: &Hero, cards: &[ProductCard]) -> Vec<(String, String)> {
    hero.products
        .iter()
        .filter_map(|slug| cards.iter().find(|card| card.slug == *slug))
        .map(|card| (format!("/p/{}", card.slug), card.title.clone()))
        .collect()
}

/// The last pieces of each category in turn, without the drop, which has its own place.
fn newest(cards: &[ProductCard]) -> Vec<ProductCard> {
    let mut by_category: Vec<Vec<&ProductCard>> = Vec::new();
    for card in cards.iter().filter(|card| !card.drop) {
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
