//! The shop as its pages see it: one handle to commands and queries.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

use broker::{GroupCommit, Log};
use parking_lot::Mutex;
use tokio::sync::watch;
use types::catalogue::{Category, Hero, Image, Product, ProductCard, Variant};
use types::live::{ProductStock, VariantStock};
use types::pictures::{BuiltPicture, Pictures};
use types::{Currency, LineId, Money, OrderId, ReturnId, ShopperId, Sku, Slug};

use crate::catalogue::{Catalogue, CatalogueError, CatalogueView, ProductRecord};
use crate::events::{Refused, internal};
use crate::holds::{HoldLimits, Holds};
use crate::house::House;
use crate::levels::{LevelChange, Levels};
use crate::order_rows::write_missing_keys;
use crate::presence::Presence;
use crate::seed::{Seed, introduce_tables};
use crate::shelf;
use crate::sql_views::create_sql_views;
use crate::staff_names::StaffNames;

/// Products that are shown beside one, at most.
const RELATED: usize = 4;

/// Cheap to clone.
#[derive(Clone)]
pub struct Shop {
    inner: Arc<Inner>,
}

struct Inner {
    log: Log,
    writer: GroupCommit,
    catalogue: CatalogueView,
    levels: Levels,
    /// Position of the newest event that the views have taken in.
    followed: watch::Sender<u64>,
    owners: Mutex<HashMap<OrderId, ShopperId>>,
    holds: Holds,
    staff_names: StaffNames,
    presence: Presence,
    /// What the build made of the pictures.
    pictures: OnceLock<Pictures>,
    /// In whose name mails are written, if they are.
    house: OnceLock<Arc<House>>,
}

/// Owners of orders that are remembered, at most.
const MAX_OWNERS: usize = 50_000;

impl fmt::Debug for Shop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shop")
    }
}

/// Why the shop cannot open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    #[error(transparent)]
    Log(#[from] broker::Error),
    #[error("{0}")]
    Seed(types::Problem),
}

impl Shop {
    /// Opens the shop: seeds an empty database with `seed` and reads the catalogue.
    ///
    /// # Errors
    /// When the database does not answer or holds no catalogue that can be read.
    pub async fn open(
        log: Log,
        writer: GroupCommit,
        seed: Option<Seed>,
    ) -> Result<Self, OpenError> {
        if let Some(seed) = seed {
            seed.plant(&log, &writer)
                .await
                .map_err(|refused| OpenError::Seed(refused.0))?;
        }
        introduce_tables(&log, &writer)
            .await
            .map_err(|refused| OpenError::Seed(refused.0))?;
        create_sql_views(log.db())
            .await
            .map_err(broker::Error::from)?;
        write_missing_keys(&log)
            .await
            .map_err(|failure| OpenError::Seed(Refused::from(failure).0))?;
        // The head before prices and stock: what happens between the two reads comes again as events.
        let position = log.stored_head().await?;
        let catalogue = Catalogue::load(&log).await?;
        let thresholds = catalogue
            .variants()
            .map(|(_, v)| (v.sku.clone(), v.reorder_threshold));
        let levels = Levels::load(&log, position, thresholds).await?;
        let holds = Holds::load(&log).await?;
        Ok(Self {
            inner: Arc::new(Inner {
                log,
                writer,
                catalogue: CatalogueView::new(Arc::new(catalogue)),
                levels,
                followed: watch::Sender::new(position),
                owners: Mutex::default(),
                holds,
                staff_names: StaffNames::default(),
                presence: Presence::default(),
                pictures: OnceLock::new(),
                house: OnceLock::new(),
            }),
        })
    }

    pub fn log(&self) -> &Log {
        &self.inner.log
    }

    pub(crate) fn writer(&self) -> &GroupCommit {
        &self.inner.writer
    }

    /// For what changes the cart of a shopper, which is locked meanwhile.
    pub(crate) fn writer_of(&self, shopper: ShopperId) -> GroupCommit {
        let (_, owner) = shopper.uuid().as_u64_pair();
        self.writer().of_owner(owner)
    }

    /// The catalogue of this moment.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        self.inner.catalogue.now()
    }

    /// Who of the staff has which order open.
    pub fn presence(&self) -> &Presence {
        &self.inner.presence
    }

    /// Members of staff by the ids that stand in the log.
    pub fn staff_names(&self) -> &StaffNames {
        &self.inner.staff_names
    }

    /// What open orders hold back.
    pub(crate) fn holds(&self) -> &Holds {
        &self.inner.holds
    }

    /// Writes that wait for their turn.
    pub fn waiting_writes(&self) -> usize {
        self.writer().waiting()
    }

    /// Orders that are not yet paid, and the pieces that they hold back.
    pub fn held(&self) -> (usize, u64) {
        self.holds().held()
    }

    /// Sets how much open orders may hold back; until then there is no limit.
    pub fn limit_holds(&self, limits: HoldLimits) {
        self.holds().limit(limits);
    }

    /// Tells which files were made of the pictures; until then each is shown as it is.
    pub fn show_pictures(&self, pictures: Pictures) {
        // Whoever told it first has told it for all who have asked since.
        let _ = self.inner.pictures.set(pictures);
    }

    pub fn pictures(&self) -> &Pictures {
        static NONE: LazyLock<Pictures> = LazyLock::new(Pictures::default);
        self.inner.pictures.get().unwrap_or(&NONE)
    }

    /// Tells in whose name mails are written, and with what their links are made; until then there are
    /// none.
    pub fn writes_as(&self, house: Arc<House>) {
        // As with the pictures.
        let _ = self.inner.house.set(house);
    }

    pub(crate) fn house(&self) -> Option<Arc<House>> {
        self.inner.house.get().cloned()
    }

    /// The same picture for a small place, as a smaller file where there is one.
    pub(crate) fn small_picture(&self, image: &Image) -> Image {
        let built = self.pictures().get(&image.src);
        let Some((src, width, height)) = built.and_then(BuiltPicture::small) else {
            return image.clone();
        };
        Image {
            src,
            width,
            height,
            ..image.clone()
        }
    }

    /// Takes in an event of the log: the catalogue, the stock, and what open orders hold. Answers with
    /// the SKUs whose stock this changed on the pages.
    pub fn follow(&self, event: &domain::Event, position: u64) -> LevelChange {
        self.inner.catalogue.apply(event);
        if let domain::Event::ProductIntroduced(introduced) = event {
            self.levels().introduce(&introduced.variants);
        }
        self.holds().apply(event);
        let changed = self.levels().apply(event, position);
        self.inner.followed.send_replace(position);
        changed
    }

    /// Waits until the pages of this process know the events up to `position`.
    pub(crate) async fn followed(&self, position: u64) {
        let mut followed = self.inner.followed.subscribe();
        // The sender lives as long as the shop.
        let _ = followed.wait_for(|newest| *newest >= position).await;
    }

    /// The stock as of the newest event seen.
    pub fn levels(&self) -> &Levels {
        &self.inner.levels
    }

    /// Reads catalogue and stock again after they were built anew. Answers with the SKUs whose stock
    /// this changed on the pages.
    pub async fn reload(&self) -> crate::Result<LevelChange> {
        let log = self.log();
        let position = log.stored_head().await.map_err(internal)?;
        self.holds().reload(log).await.map_err(internal)?;
        let catalogue = self.inner.catalogue.reload(log).await;
        catalogue.map_err(internal)?;
        let reloaded = self.levels().reload(log, position).await;
        reloaded.map_err(internal)
    }

    pub(crate) fn available(&self, sku: &Sku) -> i64 {
        self.levels()
            .level(sku)
            .map_or(0, |level| level.available())
    }

    /// Who placed an order, if that was asked lately. It never changes.
    pub(crate) fn remembered_owner(&self, id: OrderId) -> Option<ShopperId> {
        self.inner.owners.lock().get(&id).copied()
    }

    pub(crate) fn remember_owner(&self, id: OrderId, shopper: ShopperId) {
        let mut owners = self.inner.owners.lock();
        if owners.len() >= MAX_OWNERS {
            owners.clear();
        }
        owners.insert(id, shopper);
    }

    /// Unix microseconds.
    pub fn now_us(&self) -> i64 {
        self.log().environment().now_us()
    }

    pub fn new_order_id(&self) -> OrderId {
        OrderId::new(self.log().environment().new_id())
    }

    pub fn new_return_id(&self) -> ReturnId {
        ReturnId::new(self.log().environment().new_id())
    }

    pub(crate) fn new_line_id(&self) -> LineId {
        LineId::new(self.log().environment().new_id())
    }

    pub fn new_shopper_id(&self) -> ShopperId {
        ShopperId::new(self.log().environment().new_id())
    }

    pub fn categories(&self) -> Vec<Category> {
        self.catalogue().categories.clone()
    }

    pub fn heroes(&self) -> Vec<Hero> {
        self.catalogue().heroes.clone()
    }

    /// Cards of a category, or of the whole catalogue, in its order.
    pub fn cards(&self, category: Option<&Slug>) -> Vec<ProductCard> {
        self.catalogue()
            .products()
            .filter(|product| category.is_none_or(|category| product.category == *category))
            .filter_map(|product| self.card(product, None))
            .collect()
    }

    /// Cards of the pieces of a category that come in a metal. Price and stock are that metal's.
    pub fn cards_in_metal(&self, category: &Slug, metal: &str) -> Vec<ProductCard> {
        self.catalogue()
            .products()
            .filter(|product| product.category == *category)
            .filter_map(|product| self.card(product, Some(metal)))
            .collect()
    }

    fn card(&self, product: &ProductRecord, metal: Option<&str>) -> Option<ProductCard> {
        shelf::card(product, metal, self.levels())
    }

    pub fn product(&self, slug: &Slug) -> Option<Product> {
        let catalogue = self.catalogue();
        let product = catalogue.product(slug)?;
        let (available, position) = self.levels().available(product.skus());
        let details = product.details.clone();
        let variants = product
            .variants
            .iter()
            .zip(available)
            .map(|(variant, available)| Variant {
                sku: variant.sku.clone(),
                metal: variant.metal.clone(),
                metal_label: variant.metal_label.clone(),
                size_label: variant.size_label.clone(),
                price: variant.price,
                compare_at: variant.compare_at,
                image: variant.image,
                available,
                edition: shelf::edition(product, &[variant]),
            });
        Some(Product {
            slug: product.slug.clone(),
            title: product.title.clone(),
            category: product.category.clone(),
            description: details.description,
            metals: details.metals,
            stones: details.stones,
            drop_note: details.drop_note,
            images: details.images,
            variants: variants.collect(),
            seo_title: details.seo_title,
            seo_description: details.seo_description,
            position,
        })
    }

    /// Up to four other products: of the same category first.
    pub fn related(&self, slug: &Slug) -> Vec<ProductCard> {
        let catalogue = self.catalogue();
        let related = related_to(&catalogue, slug);
        let cards = related.iter().map(|product| self.card(product, None));
        cards.flatten().collect()
    }

    /// What a page that shows this of the catalogue says is the same as long as this is. `None` where
    /// there is nothing of that name.
    pub fn shelf_version(&self, shelf: Shelf<'_>) -> Option<ShelfVersion> {
        // First: what is read below is as new or newer.
        let catalogue_version = self.inner.catalogue.version();
        let catalogue = self.catalogue();
        let products: Vec<&ProductRecord> = match shelf {
            Shelf::Nothing => Vec::new(),
            Shelf::Everything => catalogue.products().collect(),
            Shelf::Category(slug) => {
                catalogue
                    .categories
                    .iter()
                    .find(|it| it.slug.as_str() == slug)?;
                let all = catalogue.products();
                all.filter(|it| it.category.as_str() == slug).collect()
            }
            Shelf::Product(slug) => {
                let slug = slug.parse().ok()?;
                let mut shown = related_to(&catalogue, &slug);
                shown.push(catalogue.product(&slug)?);
                shown
            }
        };
        let skus = products.iter().flat_map(|product| {
            let is_limited = product.details.drop;
            product.skus().map(move |sku| (sku, is_limited))
        });
        Some(ShelfVersion {
            catalogue: catalogue_version,
            stock: self.levels().version(skus),
        })
    }

    /// The stock of a product for the live socket: over all variants, and of those that changed after
    /// `position`. `None` for an unknown product. Also the position at which that is true.
    pub fn product_stock(&self, slug: &Slug, after: u64) -> Option<(ProductStock, u64)> {
        let catalogue = self.catalogue();
        let product = catalogue.product(slug)?;
        let (changed, position) = self.levels().changed_after(after, product.skus());
        let (available, _) = self.levels().available(product.skus());
        let variants = changed
            .into_iter()
            .map(|(sku, level)| VariantStock {
                sku: sku.clone(),
                available: level.available(),
            })
            .collect();
        Some((
            ProductStock {
                available: available.iter().sum(),
                variants,
            },
            position,
        ))
    }

    pub fn has_product(&self, slug: &Slug) -> bool {
        self.catalogue().product(slug).is_some()
    }

    /// The product that a SKU belongs to.
    pub fn product_of(&self, sku: &Sku) -> Option<Slug> {
        let catalogue = self.catalogue();
        let (product, _) = catalogue.ever_sold(sku)?;
        Some(product.slug.clone())
    }

    /// Of all prices.
    pub fn currency(&self) -> Currency {
        self.catalogue().currency
    }

    /// What a SKU costs now; `None` when it is not sold any more.
    pub fn price(&self, sku: &Sku) -> Option<Money> {
        let catalogue = self.catalogue();
        let (_, variant) = catalogue.variant(sku)?;
        Some(variant.price)
    }

    /// Every SKU, in the order of the catalogue.
    pub fn skus(&self) -> Vec<Sku> {
        let catalogue = self.catalogue();
        let skus = catalogue.variants().map(|(_, variant)| variant.sku.clone());
        skus.collect()
    }
}

/// What a page shows of the catalogue.
#[derive(Debug, Clone, Copy)]
pub enum Shelf<'a> {
    Nothing,
    Everything,
    /// A category, by its slug.
    Category(&'a str),
    /// A product and those beside it, by its slug.
    Product(&'a str),
}

/// Of what a page shows; see [`Shop::shelf_version`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShelfVersion {
    catalogue: u64,
    stock: u64,
}

/// What is shown beside a product.
fn related_to<'a>(catalogue: &'a Catalogue, slug: &Slug) -> Vec<&'a ProductRecord> {
    let products: Vec<&ProductRecord> = catalogue.products().collect();
    let Some(index) = products.iter().position(|product| product.slug == *slug) else {
        return Vec::new();
    };
    let category = &products[index].category;
    // Beginning behind the product itself, so that each one shows others.
    let others = || products[index + 1..].iter().chain(&products[..index]);
    let same = others().filter(|product| product.category == *category);
    let rest = others().filter(|product| product.category != *category);
    same.chain(rest).copied().take(RELATED).collect()
}
