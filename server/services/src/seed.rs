//! The demo catalogue, put into an empty database on the first start.

use std::collections::BTreeSet;

use broker::{GroupCommit, Log};
use db::Columns;
use domain::catalogue::{ProductDetails, Variant};
use domain::event::{
    Event, ProductIntroduced, RestockRuleRequested, StockCorrectionRequested,
    SupplierChangeRequested,
};
use serde::Deserialize;
use types::admin::MAX_ON_HAND;
use types::catalogue::{Hero, Image};
use types::purchasing::SupplierDetails;
use types::restock::RestockRule;
use types::{Currency, Money, Sku, Slug, SupplierId};

use crate::catalogue::{Catalogue, ProductRecord};
use crate::events::{Refused, encode, internal};

/// A catalogue file; see `seed/catalogue.json`.
#[derive(Debug, Clone, Deserialize)]
pub struct Seed {
    categories: Vec<SeedCategory>,
    heroes: Vec<SeedHero>,
    #[serde(default)]
    suppliers: Vec<SeedSupplier>,
    products: Vec<SeedProduct>,
}

/// Of whom more is ordered.
#[derive(Debug, Clone, Deserialize)]
struct SeedSupplier {
    id: SupplierId,
    name: String,
    #[serde(default)]
    email: String,
    /// Pieces of one SKU that are not sold singly.
    #[serde(default)]
    min_order_quantity: u32,
    /// Drafts up to this sum, in minor units, are approved by themselves.
    #[serde(default)]
    approve_up_to: i64,
    /// Minutes for which such a draft waits for more SKUs.
    #[serde(default)]
    gather_minutes: u32,
}

#[derive(Debug, Clone, Deserialize)]
struct SeedCategory {
    slug: Slug,
    title: String,
    description: String,
}

#[derive(Debug, Clone, Deserialize)]
struct SeedHero {
    #[serde(flatten)]
    image: SeedImage,
    products: Vec<Slug>,
    #[serde(default)]
    spots: Vec<(u32, u32)>,
}

#[derive(Debug, Clone, Deserialize)]
struct SeedImage {
    file: String,
    alt: String,
    width: u32,
    height: u32,
    #[serde(default)]
    metal: String,
}

impl From<SeedImage> for Image {
    fn from(image: SeedImage) -> Self {
        let SeedImage {
            file,
            alt,
            width,
            height,
            metal,
        } = image;
        Self {
            src: format!("/{file}"),
            alt,
            width,
            height,
            metal,
            built: None,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
struct SeedProduct {
    slug: Slug,
    title: String,
    category: Slug,
    description: String,
    materials: SeedMaterials,
    #[serde(default)]
    drop: bool,
    #[serde(default)]
    drop_note: Option<String>,
    images: Vec<SeedImage>,
    seo: SeedSeo,
    variants: Vec<SeedVariant>,
}

#[derive(Debug, Clone, Deserialize)]
struct SeedMaterials {
    metals: Vec<String>,
    #[serde(default)]
    stones: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct SeedSeo {
    title: String,
    description: String,
}

#[derive(Debug, Clone, Deserialize)]
struct SeedVariant {
    sku: Sku,
    metal: String,
    metal_label: String,
    size_label: String,
    barcode: String,
    /// Minor units.
    price: i64,
    #[serde(default)]
    compare_at_price: Option<i64>,
    currency: String,
    stock_on_hand: i64,
    reorder_threshold: i64,
    /// Pieces beyond the threshold that there are to be after a delivery.
    #[serde(default)]
    reorder_quantity: i64,
    /// Of whom it is ordered; not ordered again by itself where nobody is named.
    #[serde(default)]
    supplier: Option<SupplierId>,
    #[serde(default)]
    lead_time_days: u32,
    /// What the supplier takes for a piece, in minor units; two fifths of the price where it is not said.
    #[serde(default)]
    unit_cost: Option<i64>,
    #[serde(default = "one")]
    pack_size: u32,
    /// Pieces that were ever made of it, where there will be no more.
    #[serde(default)]
    made: Option<i64>,
    image: String,
}

const fn one() -> u32 {
    1
}

/// Who plants it, as the log says.
const BY: &str = "seed";

impl SeedVariant {
    fn facts(&self, image: usize) -> Result<Variant, Refused> {
        let currency = self.currency.parse();
        let currency = currency.map_err(|error| Refused(internal(error)))?;
        let compare_at = self.compare_at_price.filter(|former| *former > 0);
        Ok(Variant {
            sku: self.sku.clone(),
            metal: self.metal.clone(),
            metal_label: self.metal_label.clone(),
            size_label: self.size_label.clone(),
            barcode: self.barcode.clone(),
            price: Money::new(self.price, currency),
            compare_at: compare_at.map(|former| Money::new(former, currency)),
            image,
            reorder_threshold: self.reorder_threshold,
            withdrawn: false,
        })
    }
}

impl SeedVariant {
    /// By which rule it is ordered again, if by any.
    fn rule(&self, currency: Currency, suppliers: &[SeedSupplier]) -> Option<RestockRule> {
        let id = self.supplier.as_ref()?;
        let supplier = suppliers.iter().find(|supplier| supplier.id == *id)?;
        let is_ordered = self.reorder_threshold > 0 && self.reorder_quantity > 0;
        is_ordered.then(|| RestockRule {
            supplier: Some(id.clone()),
            threshold: self.reorder_threshold,
            up_to: self.reorder_threshold.saturating_add(self.reorder_quantity),
            pack_size: self.pack_size,
            minimum: supplier.min_order_quantity,
            lead_time_days: self.lead_time_days,
            unit_cost: Money::new(self.unit_cost.unwrap_or(self.price / 5 * 2), currency),
        })
    }
}

/// Why a catalogue file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UnusableSeed {
    #[error("not a catalogue: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("{0}")]
    Nonsense(String),
}

impl Seed {
    /// The demo shop, *Aurel & Stone*.
    ///
    /// # Errors
    /// Never for the file that is built in, as a test shows.
    pub fn demo() -> Result<Self, UnusableSeed> {
        Self::from_json(include_str!("../seed/catalogue.json"))
    }

    /// Reads a catalogue file.
    ///
    /// # Errors
    /// When it is not one, or when what it says makes no sense; the message names the place.
    pub fn from_json(text: &str) -> Result<Self, UnusableSeed> {
        let seed: Self = serde_json::from_str(text)?;
        seed.check()?;
        Ok(seed)
    }

    fn check(&self) -> Result<(), UnusableSeed> {
        let categories: BTreeSet<&Slug> = self.categories.iter().map(|c| &c.slug).collect();
        let suppliers: BTreeSet<&SupplierId> = self.suppliers.iter().map(|s| &s.id).collect();
        if suppliers.len() < self.suppliers.len() {
            let what = "there are two suppliers of one name";
            return Err(UnusableSeed::Nonsense(what.to_owned()));
        }
        let mut slugs = BTreeSet::new();
        let mut skus = BTreeSet::new();
        for product in &self.products {
            let slug = &product.slug;
            let nonsense = |what: String| Err(UnusableSeed::Nonsense(format!("{slug}: {what}")));
            if !slugs.insert(slug) {
                return nonsense("there are two products of this name".to_owned());
            }
            if !categories.contains(&product.category) {
                return nonsense(format!("there is no category {}", product.category));
            }
            if product.variants.is_empty() {
                return nonsense("it has no variants".to_owned());
            }
            for variant in &product.variants {
                let sku = &variant.sku;
                if !skus.insert(sku) {
                    return nonsense(format!("the SKU {sku} comes twice"));
                }
                if variant.price <= 0 {
                    return nonsense(format!("the price of {sku} is not above 0"));
                }
                if !(0..=MAX_ON_HAND).contains(&variant.stock_on_hand) {
                    return nonsense(format!("the stock of {sku} is not 0 to {MAX_ON_HAND}"));
                }
                if let Some(supplier) = &variant.supplier
                    && !suppliers.contains(supplier)
                {
                    return nonsense(format!("there is no supplier {supplier} of {sku}"));
                }
                if let Some(made) = variant.made {
                    if !product.drop {
                        return nonsense(format!(
                            "{sku} says how many were made, and is not limited"
                        ));
                    }
                    if !(variant.stock_on_hand..=MAX_ON_HAND).contains(&made) {
                        return nonsense(format!(
                            "of {sku} were made {made}: expected as many as there are, to {MAX_ON_HAND}"
                        ));
                    }
                }
                if let Err(error) = variant.currency.parse::<Currency>() {
                    return nonsense(format!("the currency of {sku}: {error}"));
                }
            }
        }
        for SeedHero {
            image,
            products,
            spots,
        } in &self.heroes
        {
            if !spots.is_empty() && spots.len() != products.len() {
                let what = "there is not a spot for each product";
                return Err(UnusableSeed::Nonsense(format!("{}: {what}", image.file)));
            }
        }
        if skus.is_empty() {
            return Err(UnusableSeed::Nonsense("there are no products".to_owned()));
        }
        Ok(())
    }

    /// Sets the stock of every SKU, for load runs that need a number of their own.
    #[must_use]
    pub fn with_stock_everywhere(mut self, on_hand: i64) -> Self {
        for product in &mut self.products {
            for variant in &mut product.variants {
                variant.stock_on_hand = on_hand;
            }
        }
        self
    }

    /// Fills an empty database; leaves any other as it is. The opening stock is counted in by events,
    /// so that the log alone can rebuild the stock table.
    pub(crate) async fn plant(self, log: &Log, writer: &GroupCommit) -> Result<(), Refused> {
        let row = db::query("select count(*) from products")
            .fetch_one(log.db().reader())
            .await?;
        if row.try_get::<i64, _>(0)? > 0 {
            return Ok(());
        }
        writer
            .run(move |tx| Box::pin(async move { self.insert(tx).await }))
            .await
    }

    async fn insert(self, tx: &mut broker::Tx) -> Result<(), Refused> {
        let categories: Vec<_> = (0_i64..).zip(&self.categories).collect();
        for (tuples, chunk) in tx.place_rows(&categories, 4) {
            let sql =
                format!("insert into categories (sort, slug, title, description) values {tuples}");
            let mut insert = db::query(db::trusted_sql(sql));
            for (sort, category) in chunk {
                insert = insert
                    .bind(*sort)
                    .bind(category.slug.as_str())
                    .bind(&category.title)
                    .bind(&category.description);
            }
            insert.execute(tx.conn()).await?;
        }
        for (sort, hero) in (0_i64..).zip(self.heroes) {
            let hero = Hero {
                image: hero.image.into(),
                products: hero.products,
                spots: hero.spots,
            };
            db::query("insert into heroes (sort, data) values ($1, $2)")
                .bind(sort)
                .bind(json(&hero)?)
                .execute(tx.conn())
                .await?;
        }
        let mut variants = Vec::new();
        let mut products = Vec::new();
        let mut introduced = Vec::new();
        for (sort, product) in (0_i64..).zip(self.products) {
            let files: Vec<String> = product.images.iter().map(|i| i.file.clone()).collect();
            let made = product.variants.iter();
            let made = made.filter_map(|variant| Some((variant.sku.clone(), variant.made?)));
            let details = ProductDetails {
                made: made.collect(),
                description: product.description,
                metals: product.materials.metals,
                stones: product.materials.stones.unwrap_or_default(),
                drop: product.drop,
                drop_note: product.drop_note,
                images: product.images.into_iter().map(Image::from).collect(),
                seo_title: product.seo.title,
                seo_description: product.seo.description,
            };
            let mut facts = Vec::with_capacity(product.variants.len());
            for variant in product.variants {
                let image = files
                    .iter()
                    .position(|file| *file == variant.image)
                    .unwrap_or(0);
                facts.push(variant.facts(image)?);
                variants.push((
                    product.slug.clone(),
                    variants.len() as i64,
                    image as i64,
                    variant,
                ));
            }
            introduced.push(ProductIntroduced {
                product: product.slug.clone(),
                category: product.category.clone(),
                title: product.title.clone(),
                details: details.clone(),
                variants: facts,
                by: BY.to_owned(),
            });
            products.push((
                product.slug,
                sort,
                product.category,
                product.title,
                json(&details)?,
            ));
        }
        for (tuples, chunk) in tx.place_rows(&products, 5) {
            let sql =
                format!("insert into products (slug, sort, category, title, data) values {tuples}");
            let mut insert = db::query(db::trusted_sql(sql));
            for (slug, sort, category, title, data) in chunk {
                insert = insert
                    .bind(slug.as_str())
                    .bind(*sort)
                    .bind(category.as_str())
                    .bind(title)
                    .bind(data);
            }
            insert.execute(tx.conn()).await?;
        }
        for (tuples, chunk) in tx.place_rows(&variants, 12) {
            let sql = format!(
                "insert into variants (sku, product, sort, metal, metal_label, size_label, barcode, \
                 price_minor, compare_at_minor, currency, image, reorder_threshold) values {tuples}"
            );
            let mut insert = db::query(db::trusted_sql(sql));
            for (product, sort, image, variant) in chunk {
                insert = insert
                    .bind(variant.sku.as_str())
                    .bind(product.as_str())
                    .bind(*sort)
                    .bind(&variant.metal)
                    .bind(&variant.metal_label)
                    .bind(&variant.size_label)
                    .bind(&variant.barcode)
                    .bind(variant.price)
                    .bind(variant.compare_at_price.unwrap_or(0))
                    .bind(&variant.currency)
                    .bind(*image)
                    .bind(variant.reorder_threshold);
            }
            insert.execute(tx.conn()).await?;
        }
        for product in introduced {
            tx.append(encode(product.into())?, None);
        }
        for supplier in &self.suppliers {
            let asked = SupplierChangeRequested {
                supplier: supplier.id.clone(),
                details: SupplierDetails {
                    name: supplier.name.clone(),
                    email: supplier.email.clone(),
                    webhook: String::new(),
                    approve_up_to_minor: supplier.approve_up_to,
                    gather_minutes: supplier.gather_minutes,
                },
                by: BY.to_owned(),
                seen: None,
            };
            tx.append(encode(asked.into())?, None);
        }
        // Before the counts: what is counted for the first time is not ordered.
        for (_, _, _, variant) in &variants {
            let currency = variant.currency.parse();
            let currency = currency.map_err(|error| Refused(internal(error)))?;
            if let Some(rule) = variant.rule(currency, &self.suppliers) {
                let asked = RestockRuleRequested {
                    sku: variant.sku.clone(),
                    rule,
                    by: BY.to_owned(),
                    seen: None,
                };
                tx.append(encode(asked.into())?, None);
            }
        }
        for (_, _, _, variant) in variants {
            let count = Event::from(StockCorrectionRequested {
                sku: variant.sku,
                on_hand: variant.stock_on_hand,
                seen: None,
                reason: "opening stock".to_owned(),
                by: BY.to_owned(),
                origin: None,
            });
            tx.append(encode(count)?, None);
        }
        Ok(())
    }
}

/// Introduces the products of a shop that an earlier version opened: they stand in the tables, and the
/// log does not know them. All at once, so that the first tells of the rest.
pub(crate) async fn introduce_tables(log: &Log, writer: &GroupCommit) -> Result<(), Refused> {
    let catalogue = Catalogue::load_tables(log.db()).await;
    let catalogue = catalogue.map_err(|error| Refused(internal(error)))?;
    let Some(first) = catalogue.all().first() else {
        return Ok(());
    };
    let known = log.read_key(first.slug.as_str()).await?;
    if known.iter().any(|e| e.kind == ProductIntroduced::KIND) {
        return Ok(());
    }
    let introduced = catalogue.all().iter().map(|product| {
        let product = ProductRecord::clone(product);
        let introduced = ProductIntroduced {
            product: product.slug,
            category: product.category,
            title: product.title,
            details: product.details,
            variants: product.variants,
            by: "upgrade".to_owned(),
        };
        encode(introduced.into())
    });
    let introduced = introduced.collect::<Result<Vec<_>, _>>()?;
    writer
        .run(move |tx| {
            Box::pin(async move {
                for event in introduced {
                    tx.append(event, None);
                }
                Ok(())
            })
        })
        .await
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, Refused> {
    serde_json::to_string(value).map_err(|error| Refused(internal(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_catalogue_can_be_read_and_every_variant_has_its_picture() {
        let seed = Seed::demo().expect("the built-in file");
        assert_eq!(seed.products.len(), 24);
        for product in &seed.products {
            assert!(
                seed.categories
                    .iter()
                    .any(|category| category.slug == product.category)
            );
            for variant in &product.variants {
                assert!(
                    product
                        .images
                        .iter()
                        .any(|image| image.file == variant.image)
                );
                assert!(
                    variant.price > 0 && variant.stock_on_hand >= 0,
                    "{}",
                    variant.sku
                );
            }
        }
    }
    #[test]
    fn a_catalogue_that_makes_no_sense_is_refused_with_the_place() {
        let demo: serde_json::Value =
            serde_json::from_str(include_str!("../seed/catalogue.json")).expect("JSON");
        type Change = fn(&mut serde_json::Value);
        let changes: [(Change, &str); 13] = [
            (
                |seed| seed["products"][1] = seed["products"][0].clone(),
                "two products of this name",
            ),
            (
                |seed| seed["products"][0]["category"] = "shoes".into(),
                "no category shoes",
            ),
            (
                |seed| seed["products"][0]["variants"] = serde_json::json!([]),
                "no variants",
            ),
            (
                |seed| {
                    let sku = seed["products"][1]["variants"][0]["sku"].clone();
                    seed["products"][0]["variants"][0]["sku"] = sku;
                },
                "comes twice",
            ),
            (
                |seed| seed["products"][0]["variants"][0]["price"] = 0.into(),
                "not above 0",
            ),
            (
                |seed| seed["products"][0]["variants"][0]["stock_on_hand"] = (-1).into(),
                "the stock of",
            ),
            (
                |seed| seed["products"][0]["variants"][0]["made"] = 100.into(),
                "is not limited",
            ),
            (
                |seed| {
                    seed["products"][0]["drop"] = true.into();
                    seed["products"][0]["variants"][0]["made"] = 1.into();
                },
                "expected as many as there are",
            ),
            (
                |seed| {
                    seed["products"][0]["drop"] = true.into();
                    seed["products"][0]["variants"][0]["made"] = i64::MAX.into();
                },
                "expected as many as there are",
            ),
            (
                |seed| seed["heroes"][0]["spots"] = serde_json::json!([[1, 2]]),
                "not a spot for each",
            ),
            (
                |seed| seed["products"] = serde_json::json!([]),
                "no products",
            ),
            (
                |seed| seed["products"][0]["variants"][0]["supplier"] = "nobody".into(),
                "no supplier nobody",
            ),
            (
                |seed| seed["suppliers"][1] = seed["suppliers"][0].clone(),
                "two suppliers of one name",
            ),
        ];
        for (change, said) in changes {
            let mut seed = demo.clone();
            change(&mut seed);
            let refused = Seed::from_json(&seed.to_string())
                .expect_err(said)
                .to_string();
            assert!(refused.contains(said), "{said}: {refused}");
        }
        assert!(Seed::from_json("{").is_err());
    }
}
