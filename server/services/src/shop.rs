//! The shop as its pages see it: one handle to commands and queries.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use broker::{GroupCommit, Log};
use domain::event::{
    Gateway, ProductVariantOffered, ProductVariantWithdrawn, PurchaseOrderDrafted,
};
use parking_lot::Mutex;
use tokio::sync::watch;
use types::catalogue::{Category, Hero, Image, Product, ProductCard, Variant};
use types::fulfilment::Carrier;
use types::live::{ProductStock, VariantStock};
use types::pictures::{BuiltPicture, Pictures};
use types::{Currency, LineId, Money, OrderId, ReturnId, ShopperId, Sku, Slug};

use crate::carrier;
use crate::catalogue::{Catalogue, CatalogueError, CatalogueView, ProductRecord};
use crate::consumer_rates::ConsumerRates;
use crate::events::{Refused, internal};
use crate::fingerprints::Fingerprints;
use crate::holds::{HoldLimits, Holds};
use crate::house::House;
use crate::incoming::Incoming;
use crate::levels::{Changed, LevelChange, Levels};
use crate::open_alerts::OpenAlerts;
use crate::order_rows::write_missing_keys;
use crate::presence::Presence;
use crate::queues::Queues;
use crate::rebuilds::Rebuilds;
use crate::reservations::Reservations;
use crate::restock::watched;
use crate::rows_in::newest_position;
use crate::sales::is_of_sales;
use crate::seed::{Seed, introduce_tables};
use crate::seen_order::SeenOrder;
use crate::shelf;
use crate::signup_pace::SignupPace;
use crate::slowed::Slowed;
use crate::sql_views::create_sql_views;
use crate::staff_names::StaffNames;
use crate::staff_secrets::StaffSecrets;
use crate::supplier_papers::SupplierPapers;

/// Products that are shown beside one, at most.
const RELATED: usize = 4;

const NEWEST_PURCHASE: &str = "select coalesce(max(position), 0) from purchase_orders";
const NEWEST_ACT: &str = "select coalesce(max(position), 0) from staff_acts";
/// Between two looks at how far a consumer is.
const LOOK: Duration = Duration::from_millis(5);
/// How long a page waits for one.
const PATIENCE: Duration = Duration::from_secs(2);

/// Cheap to clone.
#[derive(Clone)]
pub struct Shop {
    inner: Arc<Inner>,
    /// Where whoever asks has looked at an order's page.
    seen: Option<Arc<SeenOrder>>,
}

struct Inner {
    log: Log,
    writer: GroupCommit,
    catalogue: CatalogueView,
    levels: Levels,
    incoming: Incoming,
    alerts: OpenAlerts,
    slowed: Slowed,
    /// Of the newest event about a supplier or an order to one; 0 before any.
    purchasing: AtomicU64,
    /// Of the newest act of staff; 0 before any.
    acts: AtomicU64,
    /// Of the newest event that changes the numbers of what is sold; 0 before any.
    sales: AtomicU64,
    /// Of the newest event about a product; 0 before any that this process has seen.
    products: AtomicU64,
    /// Of the newest that changes what shelves show, but for prices and stock; as above.
    shelves: AtomicU64,
    /// Position of the newest event that the views have taken in.
    followed: watch::Sender<u64>,
    owners: Mutex<HashMap<OrderId, ShopperId>>,
    holds: Holds,
    reservations: Reservations,
    queues: Queues,
    signup_pace: SignupPace,
    staff_names: StaffNames,
    presence: Presence,
    consumer_rates: ConsumerRates,
    rebuilds: Rebuilds,
    /// What the build made of the pictures.
    pictures: OnceLock<Pictures>,
    /// Who takes the money of new orders.
    gateway: OnceLock<Gateway>,
    /// In whose name mails are written, if they are.
    house: OnceLock<Arc<House>>,
    /// Makes hashes of where commands come from.
    fingerprints: OnceLock<Fingerprints>,
    /// What suppliers get.
    supplier_papers: OnceLock<Arc<dyn SupplierPapers>>,
    /// Who sells labels, if anybody does.
    carrier: OnceLock<(Carrier, Arc<dyn carrier::Carrier>)>,
    /// What the shop's secret makes for its staff.
    staff_secrets: OnceLock<StaffSecrets>,
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
        let watched = watched(&log).await?;
        let thresholds = catalogue.variants().map(|(_, variant)| {
            let rule = watched.get(&variant.sku).and_then(|it| it.rule.as_ref());
            let threshold = rule.map_or(variant.reorder_threshold, |rule| rule.threshold);
            (variant.sku.clone(), threshold)
        });
        let levels = Levels::load(&log, position, thresholds).await?;
        let incoming = Incoming::of(&watched);
        for (sku, watched) in &watched {
            levels.restock(sku, None, Some(incoming.pieces(sku)), position);
            let rule = watched.rule.as_ref();
            levels.set_supplier(sku, rule.and_then(|rule| rule.supplier.as_ref()), position);
        }
        let alerts = OpenAlerts::load(&log).await?;
        let slowed = Slowed::load(&log).await?;
        let purchased = newest_position(&log, NEWEST_PURCHASE).await?;
        let acts = newest_position(&log, NEWEST_ACT).await?;
        let holds = Holds::load(&log).await?;
        let reservations = Reservations::load(&log).await?;
        let queues = Queues::load(&log).await?;
        for (sku, waiting) in queues.waiting() {
            levels.set_waiting(&sku, waiting, position);
        }
        Ok(Self {
            seen: None,
            inner: Arc::new(Inner {
                log,
                writer,
                catalogue: CatalogueView::new(Arc::new(catalogue)),
                levels,
                incoming,
                alerts,
                slowed,
                purchasing: AtomicU64::new(purchased),
                acts: AtomicU64::new(acts),
                sales: AtomicU64::new(0),
                products: AtomicU64::new(0),
                shelves: AtomicU64::new(0),
                followed: watch::Sender::new(position),
                owners: Mutex::default(),
                holds,
                reservations,
                queues,
                signup_pace: SignupPace::default(),
                staff_names: StaffNames::default(),
                presence: Presence::default(),
                consumer_rates: ConsumerRates::default(),
                rebuilds: Rebuilds::default(),
                pictures: OnceLock::new(),
                gateway: OnceLock::new(),
                house: OnceLock::new(),
                fingerprints: OnceLock::new(),
                supplier_papers: OnceLock::new(),
                carrier: OnceLock::new(),
                staff_secrets: OnceLock::new(),
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

    /// How fast the consumers go.
    pub(crate) fn consumer_rates(&self) -> &ConsumerRates {
        &self.inner.consumer_rates
    }

    /// Which states this process builds anew.
    pub(crate) fn rebuilds(&self) -> &Rebuilds {
        &self.inner.rebuilds
    }

    /// Who of the staff has which order open.
    pub fn presence(&self) -> &Presence {
        &self.inner.presence
    }

    /// The shop as somebody's page has shown it, for what they ask of this order.
    pub(crate) fn as_seen(&self, seen: Arc<SeenOrder>) -> Self {
        Self {
            inner: self.inner.clone(),
            seen: Some(seen),
        }
    }

    /// The order on whose page whoever asks has looked.
    pub(crate) fn seen_order(&self) -> Option<&Arc<SeenOrder>> {
        self.seen.as_ref()
    }

    /// Members of staff by the ids that stand in the log.
    pub fn staff_names(&self) -> &StaffNames {
        &self.inner.staff_names
    }

    /// What each checkout holds.
    pub(crate) fn reservations(&self) -> &Reservations {
        &self.inner.reservations
    }

    /// How many sign-ups have come from where.
    pub(crate) fn signup_pace(&self) -> &SignupPace {
        &self.inner.signup_pace
    }

    /// What open orders and checkouts hold back.
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

    /// Tells who takes the money of new orders; until then it is the simulator.
    pub fn takes_money_with(&self, gateway: Gateway) {
        // As with the pictures.
        let _ = self.inner.gateway.set(gateway);
    }

    /// Whether shoppers pay on a page of the gateway, and give no card here.
    pub fn is_paid_elsewhere(&self) -> bool {
        self.inner.gateway.get().is_some_and(|it| it.redirects())
    }

    /// Tells in whose name mails are written, and with what their links are made; until then there are
    /// none.
    pub fn writes_as(&self, house: Arc<House>) {
        // As with the pictures.
        let _ = self.inner.house.set(house);
    }

    /// Tells with what hashes of addresses are made; until then the log says of nobody where they come from.
    pub fn marks_with(&self, fingerprints: Fingerprints) {
        // As with the pictures.
        let _ = self.inner.fingerprints.set(fingerprints);
    }

    pub(crate) fn fingerprints(&self) -> Option<&Fingerprints> {
        self.inner.fingerprints.get()
    }

    /// What suppliers get is made by this; once.
    pub fn gives_suppliers(&self, papers: Arc<dyn SupplierPapers>) {
        let _ = self.inner.supplier_papers.set(papers);
    }

    pub(crate) fn supplier_papers(&self) -> Option<&Arc<dyn SupplierPapers>> {
        self.inner.supplier_papers.get()
    }

    /// Makes invitations, and keeps what second steps need, with these; until then there are none.
    pub fn keeps_secrets_with(&self, secrets: StaffSecrets) {
        let _ = self.inner.staff_secrets.set(secrets);
    }

    pub(crate) fn known_staff_secrets(&self) -> Option<&StaffSecrets> {
        self.inner.staff_secrets.get()
    }

    /// Sources that a rule has slowed.
    pub(crate) fn slowed(&self) -> &Slowed {
        &self.inner.slowed
    }

    /// What waits for somebody of the staff.
    pub(crate) fn alerts(&self) -> &OpenAlerts {
        &self.inner.alerts
    }

    /// Of the newest event about a supplier or an order to one that this process has seen; 0 before any.
    pub fn purchasing_position(&self) -> u64 {
        self.inner.purchasing.load(Ordering::Acquire)
    }

    pub(crate) fn acts(&self) -> &AtomicU64 {
        &self.inner.acts
    }

    /// Of the newest event that changes the numbers of what is sold, of those this process has seen; 0 before any.
    pub fn sales_position(&self) -> u64 {
        self.inner.sales.load(Ordering::Acquire)
    }

    /// Of the newest event about a product, of those this process has seen; 0 before any.
    pub fn products_position(&self) -> u64 {
        self.inner.products.load(Ordering::Acquire)
    }

    /// Of the newest that changes what shelves show, but for prices and stock; as above.
    pub fn shelves_position(&self) -> u64 {
        self.inner.shelves.load(Ordering::Acquire)
    }

    /// Of the newest event about an alert.
    pub fn alerts_position(&self) -> u64 {
        self.inner.alerts.position()
    }

    /// Waits a moment until a consumer has come as far as `position`. Its own loop does: only whoever waits
    /// stops waiting.
    pub(crate) async fn caught_up(&self, consumer: &str, position: u64) {
        let caught_up = async {
            while !matches!(self.log().position_of(consumer).await, Ok(at) if at >= position) {
                tokio::time::sleep(LOOK).await;
            }
        };
        let _ = tokio::time::timeout(PATIENCE, caught_up).await;
    }

    /// Sells labels of this carrier; once.
    pub fn ships_with(&self, name: Carrier, carrier: Arc<dyn carrier::Carrier>) {
        let _ = self.inner.carrier.set((name, carrier));
    }

    pub(crate) fn carrier(&self) -> Option<&(Carrier, Arc<dyn carrier::Carrier>)> {
        self.inner.carrier.get()
    }

    pub(crate) fn house(&self) -> Option<Arc<House>> {
        self.inner.house.get().cloned()
    }

    /// The same picture for a small place, as a smaller file where there is one.
    pub(crate) fn small_picture(&self, image: &Image) -> Image {
        let built = image.files(self.pictures());
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

    /// A picture of a product for a line of a list.
    pub fn thumb(&self, image: &Image) -> Image {
        self.small_picture(image)
    }

    /// Takes in an event of the log: the catalogue, the stock, and what open orders and checkouts hold.
    /// Answers with what this changed on the pages.
    pub fn follow(&self, event: &domain::Event, at_us: i64, position: u64) -> Changed {
        self.inner.catalogue.apply(event);
        self.inner.alerts.apply(event, at_us, position);
        self.inner.slowed.apply(event);
        if is_of_sales(event) {
            self.inner.sales.fetch_max(position, Ordering::AcqRel);
        }
        if is_of_purchasing(event) {
            self.inner.purchasing.fetch_max(position, Ordering::AcqRel);
        }
        match event {
            domain::Event::ProductIntroduced(it) => self.levels().introduce(&it.variants),
            domain::Event::ProductVariantSet(it) => {
                self.levels().introduce(std::slice::from_ref(&it.variant));
            }
            _ => {}
        }
        let (is_of_products, is_of_shelves) = self.is_news_of(event);
        if is_of_products {
            self.inner.products.fetch_max(position, Ordering::AcqRel);
        }
        if is_of_shelves {
            self.inner.shelves.fetch_max(position, Ordering::AcqRel);
        }
        self.holds().apply(event);
        if let Some((shopper, now)) = self.reservations().apply(event) {
            self.holds().checkout(shopper, now.pieces());
        }
        let mut changed = Changed {
            skus: self.levels().apply(event, at_us, position),
            for_staff: LevelChange::new(),
        };
        if let domain::Event::RestockRuleChanged(it) = event {
            let levels = self.levels();
            let threshold = Some(it.rule.threshold);
            let is_other = levels.restock(&it.sku, threshold, None, position);
            let supplier = it.rule.supplier.as_ref();
            if levels.set_supplier(&it.sku, supplier, position) || is_other {
                changed.for_staff.push(it.sku.clone());
            }
        }
        for (sku, pieces) in self.inner.incoming.apply(event) {
            if self.levels().restock(&sku, None, Some(pieces), position) {
                changed.for_staff.push(sku);
            }
        }
        if let domain::Event::PriceChanged(price) = event {
            self.levels().touch(&price.sku, position);
            changed.skus.push(price.sku.clone());
        }
        if let domain::Event::ProductPublished(_) | domain::Event::ProductWithdrawn(_) = event
            && let Some(product) = domain::catalogue::product_of(event)
            && let Some(product) = self.catalogue().ever_known(product)
        {
            for sku in product.skus() {
                self.levels().touch(sku, position);
                changed.skus.push(sku.clone());
            }
        }
        if let domain::Event::ProductVariantWithdrawn(ProductVariantWithdrawn { sku, .. })
        | domain::Event::ProductVariantOffered(ProductVariantOffered { sku, .. }) = event
        {
            self.levels().touch(sku, position);
            changed.skus.push(sku.clone());
        }
        if let Some((sku, waiting)) = self.inner.queues.apply(event) {
            self.levels().set_waiting(&sku, waiting, position);
            changed.for_staff.push(sku);
        }
        self.inner.followed.send_replace(position);
        changed
    }

    /// Whether an event is news of a product, and of one that shoppers see.
    fn is_news_of(&self, event: &domain::Event) -> (bool, bool) {
        use domain::Event;
        let product = match event {
            Event::ProductDrafted(_)
            | Event::PriceChanged(_)
            | Event::PricePlanned(_)
            | Event::PricePlanWithdrawn(_) => return (true, false),
            Event::ProductIntroduced(_)
            | Event::ProductPublished(_)
            | Event::ProductWithdrawn(_) => return (true, true),
            Event::ProductChanged(it) => &it.product,
            Event::ProductVariantSet(it) => &it.product,
            Event::ProductVariantWithdrawn(it) => &it.product,
            Event::ProductVariantOffered(it) => &it.product,
            _ => return (false, false),
        };
        (true, self.has_product(product))
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
        self.reservations().reload(log).await.map_err(internal)?;
        self.inner.queues.reload(log).await.map_err(internal)?;
        for (sku, waiting) in self.inner.queues.waiting() {
            self.levels().set_waiting(&sku, waiting, position);
        }
        let catalogue = self.inner.catalogue.reload(log).await;
        catalogue.map_err(internal)?;
        let alerts = self.inner.alerts.reload(log).await;
        alerts.map_err(internal)?;
        let watched = watched(log).await.map_err(internal)?;
        self.inner.incoming.reload(&watched);
        for sku in self.skus() {
            let pieces = self.inner.incoming.pieces(&sku);
            let rule = watched.get(&sku).and_then(|it| it.rule.as_ref());
            let threshold = rule.map(|rule| rule.threshold);
            let supplier = rule.and_then(|rule| rule.supplier.as_ref());
            self.levels()
                .restock(&sku, threshold, Some(pieces), position);
            self.levels().set_supplier(&sku, supplier, position);
        }
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

    /// For a form, so that one that is sent twice acts once.
    pub fn new_key(&self) -> String {
        self.log().environment().new_id().to_string()
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
        let offered = product.offered().map(|variant| &variant.sku);
        let (available, position) = self.levels().available(offered);
        let details = product.details.clone();
        let variants = product
            .offered()
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
    /// `position`. Of a product that is sold no more nobody gets any. `None` for an unknown one. Also the position at
    /// which that is true.
    pub fn product_stock(&self, slug: &Slug, after: u64) -> Option<(ProductStock, u64)> {
        let catalogue = self.catalogue();
        let product = catalogue.ever_published(slug)?;
        let is_for_sale = product.is_for_sale();
        let (changed, position) = self.levels().changed_after(after, product.skus());
        let offered = product.offered().map(|variant| &variant.sku);
        let (available, _) = self.levels().available(offered);
        let changed = changed.into_iter();
        let variants = changed.map(|(sku, level)| to_shoppers(&catalogue, sku, level.available()));
        Some((
            ProductStock {
                available: if is_for_sale {
                    available.iter().sum()
                } else {
                    0
                },
                variants: variants.collect(),
                tags: Vec::new(),
                is_withdrawn: !is_for_sale,
            },
            position,
        ))
    }

    /// Says in a product's stock what it costs, too.
    pub fn with_prices(&self, slug: &Slug, mut stock: ProductStock) -> ProductStock {
        let catalogue = self.catalogue();
        for variant in &mut stock.variants {
            let price = catalogue.variant(&variant.sku);
            variant.price_minor = price.map(|(_, variant)| variant.price.minor);
        }
        stock.tags = catalogue.product(slug).map(shelf::tags).unwrap_or_default();
        stock
    }

    pub fn has_product(&self, slug: &Slug) -> bool {
        self.catalogue().product(slug).is_some()
    }

    /// Whether a product is for sale, or was: open pages still show it.
    pub fn had_product(&self, slug: &Slug) -> bool {
        self.catalogue().ever_published(slug).is_some()
    }

    /// What shoppers get of some SKUs.
    pub fn stock_to_shoppers(&self, skus: &BTreeSet<Sku>) -> Vec<VariantStock> {
        let catalogue = self.catalogue();
        let (available, _) = self.levels().available(skus.iter());
        let each = skus.iter().zip(available);
        each.map(|(sku, available)| to_shoppers(&catalogue, sku, available))
            .collect()
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

/// Whether an event is about a supplier or an order to one.
pub fn is_of_purchasing(event: &domain::Event) -> bool {
    event.topic() == PurchaseOrderDrafted::TOPIC
}

/// What shoppers get of a SKU of which there are so many: of what is off the shelves, none.
fn to_shoppers(catalogue: &Catalogue, sku: &Sku, available: i64) -> VariantStock {
    let is_withdrawn = catalogue
        .ever_sold(sku)
        .is_some_and(|(_, variant)| variant.withdrawn);
    VariantStock {
        sku: sku.clone(),
        available: match catalogue.variant(sku) {
            Some(_) => available,
            None => 0,
        },
        price_minor: None,
        is_withdrawn,
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
