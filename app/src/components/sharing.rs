//! What search engines and link previews read of a page: its one address, its picture, its words.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_meta::{Link, Meta};
use leptos_router::hooks::use_location;
use types::catalogue::Image;
use types::pictures::FOLDER;

use super::house::HOUSE;
use crate::api::shop;

/// The address under which the world knows the shop, without a slash at its end.
#[derive(Debug, Clone)]
pub struct PublicUrl(pub Arc<str>);

impl PublicUrl {
    /// The whole address of something that stands at a path of the shop.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

/// [`PublicUrl::at`] of the shop that a page is rendered for.
pub fn absolute(path: &str) -> String {
    expect_context::<PublicUrl>().at(path)
}

/// The address of a picture in a format that every service reads.
pub fn preview(image: &Image) -> String {
    match image.files(shop().pictures()) {
        Some(built) => absolute(&format!("/{FOLDER}/{}", built.share_file())),
        None => absolute(&image.src),
    }
}

/// The head of a page that everybody may find. Its address is that of the page without a query: a
/// choice made on a page is no page of its own.
#[component]
pub fn Sharing(
    title: String,
    description: String,
    /// `product` or, by default, `website`.
    kind: &'static str,
    /// The house's own picture when the page has none.
    picture: Option<Image>,
) -> impl IntoView {
    let address = absolute(&use_location().pathname.get_untracked());
    let picture = picture.or_else(|| shop().heroes().into_iter().next().map(|hero| hero.image));
    let picture = picture.map(|image| {
        let built = image.files(shop().pictures()).map(|built| built.share);
        let (width, height) = built.unwrap_or((image.width, image.height));
        view! {
            <Meta property="og:image" content=preview(&image) />
            <Meta property="og:image:width" content=width.to_string() />
            <Meta property="og:image:height" content=height.to_string() />
            <Meta property="og:image:alt" content=image.alt />
            <Meta name="twitter:card" content="summary_large_image" />
        }
    });
    view! {
        <Meta name="description" content=description.clone() />
        <Link rel="canonical" href=address.clone() />
        <Meta property="og:site_name" content=HOUSE />
        <Meta property="og:type" content=kind />
        <Meta property="og:url" content=address />
        <Meta property="og:title" content=title />
        <Meta property="og:description" content=description />
        {picture}
    }
}
