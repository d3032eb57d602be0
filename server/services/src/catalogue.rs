//! What is for sale as of the newest event this process has seen, in memory: pages are rendered and
//! orders priced without asking the database.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use broker::{Decider, Log};
use db::{Columns, Db};
use domain::Event;
use domain::catalogue::product_of;
pub(crate) use domain::catalogue::{Product as ProductRecord, Variant as VariantRecord};
use domain::delivery::{self, Delivery};
use parking_lot::RwLock;
use types::catalogue::{Category, Hero};
use types::{Currency, Money, Sku, Slug};

use crate::delivery::DeliveryFees;
use crate::products::{Kept, Products};

/// The catalogue as it is now. Whoever follows the log calls [`CatalogueView::apply`].
#[derive(Debug)]
pub(crate) struct CatalogueView(RwLock<Arc<Catalogue>>, AtomicU64);

impl CatalogueView {
    pub const fn new(catalogue: Arc<Catalogue>) -> Self {
        Self(RwLock::new(catalogue), AtomicU64::new(0))
    }

    /// The catalogue of this moment. A page or an order takes it once, so that all its prices are of
    /// one moment.
    pub fn now(&self) -> Arc<Catalogue> {
        self.0.read().clone()
    }

    /// Follows one event. Applying one twice does no harm.
    pub fn apply(&self, event: &Event) {
        if product_of(event).is_some() || delivery::is_about(event) {
            // Whoever reads an older one keeps it.
            Arc::make_mut(&mut *self.0.write()).apply(event);
            self.1.fetch_add(1, Ordering::Release);
        }
    }

    /// Reads it again: nobody knows which events were taken in.
    pub async fn reload(&self, log: &Log) -> Result<(), CatalogueError> {
        let catalogue = Arc::new(Catalogue::load(log).await?);
        *self.0.write() = catalogue;
        self.1.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// Grows after each change.
    pub fn version(&self) -> u64 {
        self.1.load(Ordering::Acquire)
    }
}

/// The catalogue as the shop reads it.
#[derive(Debug, Clone)]
pub(crate) struct Catalogue {
    pub categories: Vec<Category>,
    pub heroes: Vec<Hero>,
    /// In the order of the catalogue, with those that are sold no more: orders still name them.
    products: Vec<Arc<ProductRecord>>,
    by_slug: HashMap<Slug, usize>,
    /// Index of the product and of the variant in it.
    by_sku: HashMap<Sku, (usize, usize)>,
    pub currency: Currency,
    /// What delivery costs, and is going to.
    pub delivery: Delivery,
}

/// Why the catalogue could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    #[error(transparent)]
    Sql(#[from] db::SqlError),
    #[error(transparent)]
    Log(#[from] broker::Error),
    #[error("the catalogue in the database is damaged: {0}")]
    Damaged(String),
}

fn damaged(error: impl std::fmt::Display) -> CatalogueError {
    CatalogueError::Damaged(error.to_string())
}

impl Catalogue {
    /// Reads what the catalogue's events have made of the tables that a shop begins with.
    pub async fn load(log: &Log) -> Result<Self, CatalogueError> {
        let mut catalogue = Self::load_tables(log.db()).await?;
        let mut products = Vec::new();
        for (key, state) in log.states_of(Products::NAME).await? {
            let kept = serde_json::from_str(&state);
            match kept.map_err(|error| damaged(format!("{key}: {error}")))? {
                Kept::Product(product) => products.push(*product),
                Kept::Sku { .. } => {}
            }
        }
        products.sort_by_key(|product| product.drafted_us);
        for product in products {
            catalogue.put(product);
        }
        let delivery = log
            .state_of(DeliveryFees::NAME, catalogue.currency.code())
            .await?;
        if let Some(delivery) = delivery {
            let read = serde_json::from_str(&delivery);
            catalogue.delivery = read.map_err(|error| damaged(format!("delivery: {error}")))?;
        }
        Ok(catalogue)
    }

    /// What a shop begins with.
    pub async fn load_tables(db: &Db) -> Result<Self, CatalogueError> {
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
                draft: false,
                withdrawn: false,
                version: 0,
                drafted_us: 0,
                planned: Vec::new(),
            });
        }
        let mut by_sku = HashMap::new();
        let mut currency = Currency::Eur;
        let rows = db::query(
            "select sku, product, metal, metal_label, size_label, price_minor, compare_at_minor, \
             currency, image, reorder_threshold, barcode from variants order by sort",
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
                barcode: row.try_get(10)?,
                price: Money::new(row.try_get(5)?, currency),
                compare_at: (compare_at > 0).then(|| Money::new(compare_at, currency)),
                image: image.min(record.details.images.len().saturating_sub(1)),
                reorder_threshold: row.try_get(9)?,
                withdrawn: false,
            });
        }
        products.retain(|product| !product.variants.is_empty());
        if products.len() != by_slug.len() {
            return Err(damaged("a product has no variants"));
        }
        Ok(Self {
            categories,
            heroes,
            products: products.into_iter().map(Arc::new).collect(),
            by_slug,
            by_sku,
            currency,
            delivery: Delivery::default(),
        })
    }

    /// Puts a product in the place of what was known of it, or behind all others.
    fn put(&mut self, product: ProductRecord) {
        let index = match self.by_slug.get(&product.slug) {
            Some(&index) => index,
            None => self.products.len(),
        };
        for (variant, sku) in product.skus().enumerate() {
            self.by_sku.insert(sku.clone(), (index, variant));
        }
        self.by_slug.insert(product.slug.clone(), index);
        let product = Arc::new(product);
        match self.products.get_mut(index) {
            Some(known) => *known = product,
            None => self.products.push(product),
        }
    }

    fn apply(&mut self, event: &Event) {
        self.delivery.evolve(event);
        let known = product_of(event).and_then(|slug| self.by_slug.get(slug));
        match (known, event) {
            (Some(&index), _) => {
                let product = Arc::make_mut(&mut self.products[index]);
                product.evolve(event);
                if let Event::ProductVariantSet(_) = event {
                    for (variant, sku) in product.skus().enumerate() {
                        self.by_sku.insert(sku.clone(), (index, variant));
                    }
                }
            }
            (None, Event::ProductIntroduced(introduced)) => self.put(introduced.into()),
            // Behind all others: of those it is the newest.
            (None, Event::ProductDrafted(drafted)) => self.put(ProductRecord::drafted(drafted, 0)),
            (None, _) => {}
        }
    }

    /// Every product that was ever for sale, or is prepared for it.
    pub fn all(&self) -> &[Arc<ProductRecord>] {
        &self.products
    }

    /// What is for sale, in the order of the catalogue.
    pub fn products(&self) -> impl Iterator<Item = &ProductRecord> {
        let products = self.products.iter().map(|product| &**product);
        products.filter(|product| product.is_for_sale())
    }

    /// A product that is for sale.
    pub fn product(&self, slug: &Slug) -> Option<&ProductRecord> {
        self.ever_known(slug)
            .filter(|product| product.is_for_sale())
    }

    /// A product that is for sale, was, or is prepared for it.
    pub fn ever_known(&self, slug: &Slug) -> Option<&ProductRecord> {
        let &index = self.by_slug.get(slug)?;
        Some(&*self.products[index])
    }

    /// A product that is for sale, or was.
    pub fn ever_published(&self, slug: &Slug) -> Option<&ProductRecord> {
        self.ever_known(slug).filter(|product| !product.draft)
    }

    /// A variant that is for sale.
    pub fn variant(&self, sku: &Sku) -> Option<(&ProductRecord, &VariantRecord)> {
        self.ever_sold(sku)
            .filter(|(product, variant)| product.sells(variant))
    }

    /// A variant that is for sale, was, or is prepared for it.
    pub fn ever_sold(&self, sku: &Sku) -> Option<(&ProductRecord, &VariantRecord)> {
        let &(product, variant) = self.by_sku.get(sku)?;
        let product = &self.products[product];
        Some((product, &product.variants[variant]))
    }

    /// Every variant that was ever for sale, or is prepared for it: there may be pieces of it in the house.
    pub fn variants(&self) -> impl Iterator<Item = (&ProductRecord, &VariantRecord)> {
        self.products.iter().flat_map(|product| {
            let variants = product.variants.iter();
            variants.map(move |variant| (&**product, variant))
        })
    }
}
