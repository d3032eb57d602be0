//! Products as the pages of the staff show them.

use types::products::{
    DeskVariant, ProductDesk, ProductList, ProductRow, ProductTexts, Publication, VariantTexts,
};
use types::staff::Right;
use types::{Problem, Slug};

use crate::catalogue::{ProductRecord, VariantRecord};
use crate::search_keys::search_key;
use crate::shop::Shop;
use crate::visitor::Staff;

/// Products on one page.
const PAGE: usize = 50;

const fn publication_of(product: &ProductRecord) -> Publication {
    match (product.draft, product.withdrawn) {
        (true, _) => Publication::Draft,
        (false, true) => Publication::Withdrawn,
        (false, false) => Publication::Published,
    }
}

/// The words of a product, as a form shows them.
pub(crate) fn texts_of(product: &ProductRecord) -> ProductTexts {
    let details = &product.details;
    ProductTexts {
        title: product.title.clone(),
        category: product.category.to_string(),
        description: details.description.clone(),
        metals: details.metals.join("\n"),
        stones: details.stones.clone(),
        limited: details.drop,
        edition: details.drop_note.clone().unwrap_or_default(),
        seo_title: details.seo_title.clone(),
        seo_description: details.seo_description.clone(),
    }
}

/// A variant, as a form shows it.
pub(crate) fn variant_texts_of(product: &ProductRecord, variant: &VariantRecord) -> VariantTexts {
    let image = product.details.images.get(variant.image);
    VariantTexts {
        metal: variant.metal_label.clone(),
        size: variant.size_label.clone(),
        barcode: variant.barcode.clone(),
        picture: image.map(|image| image.src.clone()).unwrap_or_default(),
        price_minor: variant.price.minor,
        compare_at_minor: variant.compare_at.map(|former| former.minor),
    }
}

impl Shop {
    /// The products of a state, or all of them, as far as title, category, address or SKUs have all these words;
    /// the newest first, `PAGE` of them, and how many there are in all.
    ///
    /// # Errors
    /// 403 for whoever edits none.
    pub fn product_list(
        &self,
        staff: &Staff,
        words: &str,
        publication: Option<Publication>,
        page: usize,
    ) -> crate::Result<ProductList> {
        staff.may(Right::Products)?;
        let catalogue = self.catalogue();
        let words = search_key(words);
        let words: Vec<&str> = words.split(' ').filter(|word| !word.is_empty()).collect();
        let title_of = |slug: &Slug| {
            let mut all = catalogue.categories.iter();
            let known = all.find(|category| category.slug == *slug);
            known.map_or_else(|| slug.to_string(), |category| category.title.clone())
        };
        let found = catalogue.all().iter().rev().filter(|product| {
            let skus: Vec<&str> = product.skus().map(|sku| sku.as_str()).collect();
            let text = [
                product.title.as_str(),
                product.slug.as_str(),
                &title_of(&product.category),
                &skus.join(" "),
            ]
            .join(" ");
            let text = search_key(&text);
            publication.is_none_or(|wanted| wanted == publication_of(product))
                && words.iter().all(|word| text.contains(word))
        });
        let found: Vec<_> = found.collect();
        let shown = found.iter().skip(page.saturating_mul(PAGE)).take(PAGE);
        let rows = shown.map(|product| {
            let prices = product.offered().map(|variant| variant.price);
            let offered = product.offered().map(|variant| &variant.sku);
            let (available, _) = self.levels().available(offered);
            ProductRow {
                slug: product.slug.clone(),
                title: product.title.clone(),
                category: title_of(&product.category),
                publication: publication_of(product),
                variants: product.variants.len(),
                price_from: prices.min_by_key(|price| price.minor),
                image: product.details.images.first().cloned(),
                available: available.iter().sum(),
            }
        });
        Ok(ProductList {
            rows: rows.collect(),
            found: found.len(),
            pages: found.len().div_ceil(PAGE),
        })
    }

    /// A product as staff edit it.
    ///
    /// # Errors
    /// 403 for whoever edits none, 404 for an unknown one.
    pub fn product_desk(&self, staff: &Staff, slug: &Slug) -> crate::Result<ProductDesk> {
        staff.may(Right::Products)?;
        let catalogue = self.catalogue();
        let product = catalogue.ever_known(slug);
        let product =
            product.ok_or_else(|| Problem::not_found(format!("There is no product {slug}.")))?;
        let variants = product.variants.iter().map(|variant| {
            let level = self.levels().level(&variant.sku).unwrap_or_default();
            DeskVariant {
                sku: variant.sku.clone(),
                texts: variant_texts_of(product, variant),
                price: variant.price,
                available: level.available(),
                threshold: level.reorder_threshold,
                supplier: level.supplier,
                is_withdrawn: variant.withdrawn,
            }
        });
        let missing = product.is_complete().err();
        Ok(ProductDesk {
            slug: product.slug.clone(),
            publication: publication_of(product),
            texts: texts_of(product),
            images: product.details.images.clone(),
            variants: variants.collect(),
            missing: missing.map(|refusal| refusal.to_string()),
        })
    }

    /// Title and category of a product that was for sale, and is no more.
    pub fn withdrawn(&self, slug: &Slug) -> Option<(String, Slug)> {
        let catalogue = self.catalogue();
        let product = catalogue.ever_known(slug)?;
        let is_withdrawn = publication_of(product) == Publication::Withdrawn;
        is_withdrawn.then(|| (product.title.clone(), product.category.clone()))
    }
}
