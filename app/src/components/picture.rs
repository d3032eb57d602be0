//! A picture that keeps its place while it loads, in the size and format that suit the screen.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use leptos::prelude::*;
use leptos_meta::Link;
use types::catalogue::Image;
use types::pictures::{BuiltPicture, Format};

use crate::api::shop;

/// Where a picture stands, and so how wide it is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Place {
    /// In a grid of four columns, two on a phone.
    #[default]
    Card,
    /// In a grid of three columns, two on a phone.
    LargeCard,
    /// One of two side by side; on a phone by itself.
    Half,
    /// Beside the words about it; on a phone as wide as the screen.
    Gallery,
    /// From edge to edge.
    Full,
    /// Two thirds of the window; on a phone all of it.
    TwoThirds,
    /// As small as a stamp.
    Thumb,
}

impl Place {
    /// The value of `sizes`. Phones with three device pixels per CSS pixel get a picture for two, by being
    /// told of a narrower place: nobody sees the difference, and the file is half as large.
    const fn sizes(self) -> &'static str {
        match self {
            Self::Card => {
                "(min-width: 90rem) 20rem, (min-width: 60rem) 22vw, \
                 (min-resolution: 2.5dppx) 32vw, 45vw"
            }
            Self::LargeCard => {
                "(min-width: 90rem) 27rem, (min-width: 60rem) 30vw, \
                 (min-resolution: 2.5dppx) 32vw, 45vw"
            }
            Self::Half => {
                "(min-width: 90rem) 42rem, (min-width: 44rem) 46vw, \
                 (min-resolution: 2.5dppx) 62vw, 92vw"
            }
            Self::Gallery => {
                "(min-width: 90rem) 46rem, (min-width: 56rem) 50vw, \
                 (min-resolution: 2.5dppx) 67vw, 100vw"
            }
            Self::Full => "100vw",
            Self::TwoThirds => "(min-width: 60rem) 67vw, (min-resolution: 2.5dppx) 75vw, 110vw",
            Self::Thumb => "4rem",
        }
    }
}

/// Whether a page has its priority picture yet. One for each page.
#[derive(Debug, Clone, Default)]
pub struct PriorityPicture(Arc<AtomicBool>);

impl PriorityPicture {
    /// For the first who asks.
    fn take(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }
}

/// The picture. Those in sight when the page opens are `eager`, and the first of them is fetched before
/// all else; the others wait until they are near. A picture that the build does not know is shown as
/// it is.
#[component]
pub fn Picture(
    image: Image,
    #[prop(optional)] eager: bool,
    /// What stands beside the picture says the same: leave it out for those who listen.
    #[prop(optional)]
    decorative: bool,
    #[prop(optional)] place: Place,
    #[prop(optional, into)] class: &'static str,
) -> impl IntoView {
    let alt = if decorative {
        String::new()
    } else {
        image.alt.clone()
    };
    let first = eager && use_context::<PriorityPicture>().is_some_and(|page| page.take());
    let shop = shop();
    let Some(built) = image.files(shop.pictures()) else {
        return view! {
            <img
                class=class
                src=image.src
                alt=alt
                width=image.width
                height=image.height
                loading=(!eager).then_some("lazy")
                decoding="async"
                fetchpriority=first.then_some("high")
            />
        }
        .into_any();
    };
    let sizes = place.sizes();
    let class = format!("{class} {}", built.tint_class());
    view! {
        {first.then(|| preload(built, place))}
        <picture>
            <source type=Format::Avif.mime() srcset=built.srcset(Format::Avif) sizes=sizes />
            <img
                class=class.trim_start().to_owned()
                src=built.small().map(|(src, _, _)| src)
                srcset=built.srcset(Format::WebP)
                sizes=sizes
                alt=alt
                width=image.width
                height=image.height
                loading=(!eager).then_some("lazy")
                decoding="async"
                fetchpriority=first.then_some("high")
            />
        </picture>
    }
    .into_any()
}

/// Has the browser fetch the picture before it has read so far.
fn preload(built: &BuiltPicture, place: Place) -> impl IntoView + use<> {
    view! {
        <Link
            rel="preload"
            as_="image"
            type_=Format::Avif.mime()
            imagesrcset=built.srcset(Format::Avif)
            imagesizes=place.sizes()
            fetchpriority="high"
        />
    }
}
