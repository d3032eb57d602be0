//! A product in a grid: picture, name, price, metals, and what is left of it right now.

use leptos::prelude::*;
use types::catalogue::{Image, ProductCard};

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
    /// Show each product in this metal where it exists.
    #[prop(default = None)]
    metal: Option<String>,
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
                <Card card level metal=metal.clone() eager=i < eager place />
            </li>
        }
    });
    // The role is said because some browsers drop it from lists without bullets.
    view! { <ul class="cards" class:cards--large=large role="list">{cards.collect_view()}</ul> }
}

#[component]
fn Card(
    card: ProductCard,
    level: Level,
    metal: Option<String>,
    eager: bool,
    place: Place,
) -> impl IntoView {
    let (href, image, other) = faces(&card, metal.as_deref());
    let price = if card.price_varies {
        format!("From {}", card.price_from)
    } else {
        card.price_from.to_string()
    };
    let before = card.compare_at.map(|before| {
        view! {
            " "
            <s>
                <span class="visually-hidden">"Before: "</span>
                {before.to_string()}
            </s>
        }
    });
    let metals = card
        .images
        .iter()
        .filter(|image| !image.metal.is_empty())
        .count();
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
                {card.drop.then(|| view! { <span class="tag">"Limited"</span> })}
            </div>
            {title}
            <p class="card__line">
                <span class="card__price">{price} {before}</span>
                <CardStock slug=card.slug stock=card.stock position=card.position />
            </p>
            {(metals > 1)
                .then(|| view! { <p class="card__metals">{format!("{metals} metals")}</p> })}
        </article>
    }
}

/// Where the card leads, the picture it shows, and the one it shows while pointed at.
fn faces(card: &ProductCard, metal: Option<&str>) -> (String, Option<Image>, Option<Image>) {
    let wanted = metal.and_then(|metal| card.images.iter().position(|i| i.metal == metal));
    let href = match wanted.zip(metal) {
        Some((_, metal)) => format!("/p/{}?metal={metal}", card.slug),
        None => format!("/p/{}", card.slug),
    };
    let first = wanted.unwrap_or(0);
    let other = (card.images.len() > 1).then(|| (first + 1) % card.images.len());
    let image = |i: usize| card.images.get(i).cloned();
    (href, image(first), other.and_then(image))
}
