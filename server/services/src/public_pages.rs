//! The pages that everybody may find, and when what they show of the catalogue last changed.

use std::sync::Arc;

use domain::event::{
    PriceChanged, ProductChanged, ProductIntroduced, ProductPublished, ProductVariantOffered,
    ProductVariantSet, ProductVariantWithdrawn, ProductWithdrawn,
};
use parking_lot::Mutex;
use types::Slug;

use crate::catalogue::Catalogue;
use crate::events::internal;
use crate::shop::Shop;

/// What changes the page of a product; how many are left is no news to a search engine.
const CHANGES: [&str; 8] = [
    ProductIntroduced::KIND,
    ProductChanged::KIND,
    PriceChanged::KIND,
    ProductWithdrawn::KIND,
    ProductPublished::KIND,
    ProductVariantSet::KIND,
    ProductVariantWithdrawn::KIND,
    ProductVariantOffered::KIND,
];

/// A page and its last change in unix microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicPage {
    pub path: String,
    /// Unknown of pages that change with the program.
    pub changed_us: Option<i64>,
    /// Addresses of the pictures on it.
    pub pictures: Vec<String>,
}

/// Remembers the pages until the catalogue changes: whoever asks often costs the database nothing.
#[derive(Debug, Default)]
pub struct PublicPages(Mutex<Option<Read>>);

#[derive(Debug)]
struct Read {
    of: Arc<Catalogue>,
    pages: Arc<[PublicPage]>,
}

impl PublicPages {
    /// The front page, the categories and the products, in the order of the catalogue.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of(&self, shop: &Shop) -> crate::Result<Arc<[PublicPage]>> {
        let catalogue = shop.catalogue();
        if let Some(read) = &*self.0.lock()
            && Arc::ptr_eq(&read.of, &catalogue)
        {
            return Ok(read.pages.clone());
        }
        let pages: Arc<[PublicPage]> = read(shop, &catalogue).await?.into();
        *self.0.lock() = Some(Read {
            of: catalogue,
            pages: pages.clone(),
        });
        Ok(pages)
    }
}

async fn read(shop: &Shop, catalogue: &Catalogue) -> crate::Result<Vec<PublicPage>> {
    // A product that is withdrawn changes the shelf it stood on.
    let every = catalogue.all();
    let slugs: Vec<&str> = every.iter().map(|product| product.slug.as_str()).collect();
    let changes = shop.log().last_times(&slugs, &CHANGES).await;
    let changes = changes.map_err(internal)?;
    let changed = |slug: &Slug| changes.get(slug.as_str()).copied();
    let on_shelf = |category: Option<&Slug>| {
        let products = every.iter();
        let there = products.filter(|p| category.is_none_or(|category| p.category == *category));
        there.filter_map(|product| changed(&product.slug)).max()
    };
    let front = PublicPage {
        path: "/".to_owned(),
        changed_us: on_shelf(None),
        pictures: Vec::new(),
    };
    let categories = catalogue.categories.iter().map(|category| PublicPage {
        path: format!("/c/{}", category.slug),
        changed_us: on_shelf(Some(&category.slug)),
        pictures: Vec::new(),
    });
    let products = catalogue.products().map(|product| PublicPage {
        path: format!("/p/{}", product.slug),
        changed_us: changed(&product.slug),
        pictures: product
            .details
            .images
            .iter()
            .map(|image| image.src.clone())
            .collect(),
    });
    Ok([front]
        .into_iter()
        .chain(categories)
        .chain(products)
        .collect())
}
