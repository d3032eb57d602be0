//! What is for sale: read once from the database, kept in memory.

use std::collections::HashMap;

use db::{Columns, Db};
use serde::{Deserialize, Serialize};
use types::catalogue::{Category, Hero, Image};
use types::{Currency, Money, Sku, Slug};

/// The catalogue as the shop reads it.
#[derive(Debug)]
pub(crate) struct Catalogue {
    pub categories: Vec<Category>,
    pub heroes: Vec<Hero>,
    /// In the order of the catalogue.
    pub products: Vec<ProductRecord>,
    by_slug: HashMap<Slug, usize>,
    /// Index of the product and of the variant in it.
    by_sku: HashMap<Sku, (usize, usize)>,
    pub currency: Currency,
}

#[derive(Debug)]
pub(crate) struct ProductRecord {
    pub slug: Slug,
    pub category: Slug,
    pub title: String,
    pub details: ProductDetails,
    pub variants: Vec<VariantRecord>,
}

impl ProductRecord {
    pub fn skus(&self) -> impl Iterator<Item = &Sku> {
        self.variants.iter().map(|variant| &variant.sku)
    }
}

/// The part of a product that nothing is looked up by; JSON in the database.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ProductDetails {
    pub description: String,
    pub metals: Vec<String>,
    pub stones: String,
    pub drop: bool,
    pub drop_note: Option<String>,
    pub images: Vec<Image>,
    pub seo_title: String,
    pub seo_description: String,
}

#[derive(Debug)]
pub(crate) struct VariantRecord {
    pub sku: Sku,
    pub metal: String,
    pub metal_label: String,
    pub size_label: String,
    pub price: Money,
    pub compare_at: Option<Money>,
    pub image: usize,
    pub reorder_threshold: i64,
}

impl VariantRecord {
    /// `White gold, EU 52`
    pub fn title(&self) -> String {
        format!("{}, {}", self.metal_label, self.size_label)
    }
}

/// Why the catalogue could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    #[error(transparent)]
    Sql(#[from] db::SqlError),
    #[error("the catalogue in the database is damaged: {0}")]
    Damaged(String),
}

fn damaged(error: impl std::fmt::Display) -> CatalogueError {
    CatalogueError::Damaged(error.to_string())
}

impl Catalogue {
    pub async fn load(db: &Db) -> Result<Self, CatalogueError> {
        let mut categories = Vec::new();
        let rows = db::query("select slug, title, description from categories order by sort")
            .fetch_all(db.reader())
            .await?;
        for row in rows {
            categories.push(Category {
                slug: row.try_get::<&str, _>(0)?.parse().map_err(damaged)?,
                title: row.try_get(1)?,
                description: row.try_get(2)?,
            });
        }
        let mut heroes = Vec::new();
        for row in db::query("select data from heroes order by sort")
            .fetch_all(db.reader())
            .await?
        {
            heroes.push(serde_json::from_str(row.try_get(0)?).map_err(damaged)?);
        }
        let mut products: Vec<ProductRecord> = Vec::new();
        let mut by_slug = HashMap::new();
        let rows = db::query("select slug, category, title, data from products order by sort")
            .fetch_all(db.reader())
            .await?;
        for row in rows {
            let slug: Slug = row.try_get::<&str, _>(0)?.parse().map_err(damaged)?;
            by_slug.insert(slug.clone(), products.len());
            products.push(ProductRecord {
                slug,
                category: row.try_get::<&str, _>(1)?.parse().map_err(damaged)?,
                title: row.try_get(2)?,
                details: serde_json::from_str(row.try_get(3)?).map_err(damaged)?,
                variants: Vec::new(),
            });
        }
        let mut by_sku = HashMap::new();
        let mut currency = Currency::Eur;
        let rows = db::query(
            "select sku, product, metal, metal_label, size_label, price_minor, compare_at_minor, \
             currency, image, reorder_threshold from variants order by sort",
        )
        .fetch_all(db.reader())
        .await?;
        for row in rows {
            let sku: Sku = row.try_get::<&str, _>(0)?.parse().map_err(damaged)?;
            let product: &str = row.try_get(1)?;
            let product: Slug = product.parse().map_err(damaged)?;
            let Some(&index) = by_slug.get(&product) else {
                return Err(damaged(format!("{sku} belongs to an unknown product")));
            };
            let record = &mut products[index];
            currency = row.try_get::<&str, _>(7)?.parse().map_err(damaged)?;
            let compare_at: i64 = row.try_get(6)?;
            let image = usize::try_from(row.try_get::<i64, _>(8)?).map_err(damaged)?;
            by_sku.insert(sku.clone(), (index, record.variants.len()));
            record.variants.push(VariantRecord {
                sku,
                metal: row.try_get(2)?,
                metal_label: row.try_get(3)?,
                size_label: row.try_get(4)?,
                price: Money::new(row.try_get(5)?, currency),
                compare_at: (compare_at > 0).then(|| Money::new(compare_at, currency)),
                image: image.min(record.details.images.len().saturating_sub(1)),
                reorder_threshold: row.try_get(9)?,
            });
        }
        products.retain(|product| !product.variants.is_empty());
        if products.len() != by_slug.len() {
            return Err(damaged("a product has no variants"));
        }
        Ok(Self {
            categories,
            heroes,
            products,
            by_slug,
            by_sku,
            currency,
        })
    }

    pub fn product(&self, slug: &Slug) -> Option<&ProductRecord> {
        self.by_slug.get(slug).map(|&index| &self.products[index])
    }

    pub fn variant(&self, sku: &Sku) -> Option<(&ProductRecord, &VariantRecord)> {
        self.by_sku.get(sku).map(|&(product, variant)| {
            let product = &self.products[product];
            (product, &product.variants[variant])
        })
    }

    pub fn variants(&self) -> impl Iterator<Item = (&ProductRecord, &VariantRecord)> {
        self.products.iter().flat_map(|product| {
            product
                .variants
                .iter()
                .map(move |variant| (product, variant))
        })
    }
}
