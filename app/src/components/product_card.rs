//! A product in a grid: picture, name, price, what is left of it right now, and its metals.

use leptos::prelude::*;
use types::catalogue::{Metal, ProductCard};

use super::Picture;
use super::picture::Place;
use crate::islands::card_stock::CardStock;

/// How a card's name stands in the outline of its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    H2,
    H3,
}

/// A grid of cards.
#[component]
pub fn ProductCards(
    cards: Vec<ProductCard>,
    level: Level,
    /// This many pictures are in sight when the page opens.
    #[prop(optional)]
    eager: usize,
    /// Fewer and larger pictures in a row.
    #[prop(optional)]
    large: bool,
) -> impl IntoView {
    let place = if large { Place::LargeCard } else { Place::Card };
    let cards = cards.into_iter().enumerate().map(|(i, card)| {
        view! {
            <li>
                <Card card level eager=i < eager place />
            </li>
        }
    });
    // The role is said because some browsers drop it from lists without bullets.
    view! { <ul class="cards" class:cards--large=large role="list">{cards.collect_view()}</ul> }
}

#[component]
fn Card(card: ProductCard, level: Level, eager: bool, place: Place) -> impl IntoView {
    let href = card_address(&card);
    let tag = match (card.edition.is_some(), card.compare_at.is_some()) {
        (true, _) => Some("Limited"),
        (false, true) => Some("Sale"),
        (false, false) => None,
    };
    let price = card_price(&card);
    let mut images = card.images.into_iter();
    let (image, other) = (images.next(), images.next());
    let link = view! { <a href=href>{card.title}</a> };
    let title = match level {
        Level::H2 => view! { <h2 class="card__title">{link}</h2> }.into_any(),
        Level::H3 => view! { <h3 class="card__title">{link}</h3> }.into_any(),
    };
    view! {
        <article class="card">
            <div class="card__media">
                {image.map(|image| view! { <Picture image eager decorative=true place /> })}
                {other
                    .map(|image| {
                        view! { <Picture image decorative=true place class="card__other" /> }
                    })}
                {tag.map(|tag| view! { <span class="tag">{tag}</span> })}
            </div>
            {title}
            <p class="card__price">
                {price}
            </p>
            <p class="card__line">
                <CardStock
                    slug=card.slug
                    stock=card.stock
                    edition=card.edition
                    position=card.position
                />
                <Swatches metals=card.metals />
            </p>
        </article>
    }
}

/// What it costs, and what it cost before. A card that follows its stock puts a new price here, too.
pub fn card_price(card: &ProductCard) -> impl IntoView + use<> {
    let before = card.compare_at.map(|before| {
        view! {
            " "
            <s>
                <span class="visually-hidden">"Before: "</span>
                {before.tag()}
            </s>
        }
    });
    view! {
        <span data-price=card.slug.to_string() data-metal=card.metal.clone().unwrap_or_default()>
            {card.tag.clone()}
        </span>
        {before}
    }
}

/// The metals to choose from, as dots. One metal is no choice.
#[component]
fn Swatches(metals: Vec<Metal>) -> impl IntoView {
    (metals.len() > 1).then(|| {
        let names: Vec<&str> = metals.iter().map(|metal| metal.label.as_str()).collect();
        let names = format!("In {}", names.join(", ").to_lowercase());
        let dots = metals
            .iter()
            .map(|metal| view! { <span class="swatch" data-metal=metal.name.clone()></span> })
            .collect_view();
        view! {
            <span class="swatches" role="img" aria-label=names>
                {dots}
            </span>
        }
    })
}

/// Where a card leads: the product, in the metal that the card is of.
pub fn card_address(card: &ProductCard) -> String {
    match &card.metal {
        Some(metal) => format!("/p/{}?metal={metal}", card.slug),
        None => format!("/p/{}", card.slug),
    }
}
