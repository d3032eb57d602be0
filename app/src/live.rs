//! What moves by itself: one socket per tab, and one signal per topic that all islands of the page
//! read. On the server the same functions hand out signals that stay as they are.
//!
//! An island follows a topic with the state and the position its HTML was rendered from; the socket
//! asks for everything after that position, so nothing is missed between render and socket.

#[cfg(any(feature = "hydrate", test))]
mod book;
mod connection;
#[cfg(feature = "hydrate")]
mod socket;
#[cfg(feature = "hydrate")]
mod staff;

pub use connection::Connection;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::admin::{EventRow, Level};
use types::delivery::DeliveryTerms;
use types::desk::{DeskNews, Present};
use types::event_query::EventQuery;
#[cfg(feature = "hydrate")]
use types::live::Topic;
use types::live::{AlertNews, ProductStock, SkuLevel, VariantStock};
use types::log::ConsumerRow;
use types::order::Progress;
use types::reservation::Held;
#[cfg(feature = "hydrate")]
use types::reservation::OwnHold;
use types::{OrderId, ShopperId, Sku, Slug};

/// Stock of a product. Islands that follow the same product share one signal.
pub fn product(slug: Slug, initial: ProductStock, position: u64) -> ReadSignal<ProductStock> {
    #[cfg(feature = "hydrate")]
    {
        let topic = Topic::Product(slug);
        socket::follow(topic, initial, position, book::merge_stock).into()
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (slug, position);
        RwSignal::new(initial).read_only()
    }
}

/// Progress of an order.
pub fn order(id: OrderId, initial: Progress, position: u64) -> ReadSignal<Progress> {
    #[cfg(feature = "hydrate")]
    {
        let merge = |known: &mut Progress, news| known.merge(&news);
        socket::follow(Topic::Order(id), initial, position, merge).into()
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (id, position);
        RwSignal::new(initial).read_only()
    }
}

/// What the checkout of this shopper holds.
pub fn checkout(shopper: ShopperId, initial: Held, position: u64) -> ReadSignal<Held> {
    #[cfg(feature = "hydrate")]
    {
        let topic = Topic::Checkout(shopper);
        socket::follow(topic, initial, position, |known, news| *known = news).into()
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (shopper, position);
        RwSignal::new(initial).read_only()
    }
}

/// What delivery costs.
pub fn delivery(initial: DeliveryTerms, position: u64) -> ReadSignal<DeliveryTerms> {
    #[cfg(feature = "hydrate")]
    {
        let merge = |known: &mut DeliveryTerms, news| *known = news;
        socket::follow(Topic::Delivery, initial, position, merge).into()
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = position;
        RwSignal::new(initial).read_only()
    }
}

/// What the checkout holds of whoever has this page open.
#[cfg(feature = "hydrate")]
pub fn own_hold(initial: OwnHold, position: u64) -> ReadSignal<OwnHold> {
    let merge = |known: &mut OwnHold, news| *known = news;
    socket::follow(Topic::OwnCheckout, initial, position, merge).into()
}

/// Opens the socket again, if it is open: the server takes it for another shopper's by now.
#[cfg(feature = "hydrate")]
pub fn renew() {
    socket::renew();
}

/// Stock levels: one signal per SKU, so that a change touches one row. Staff only.
pub fn inventory(initial: Vec<SkuLevel>, position: u64) -> Inventory {
    #[cfg(feature = "hydrate")]
    return Inventory(StoredValue::new(staff::follow_inventory(initial, position)));
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = position;
        let levels = initial
            .into_iter()
            .map(|row| (row.sku, ArcRwSignal::new(row.level)));
        Inventory(StoredValue::new(levels.collect()))
    }
}

/// The levels that [`inventory`] follows.
#[derive(Debug, Clone, Copy)]
pub struct Inventory(StoredValue<std::collections::HashMap<Sku, ArcRwSignal<Level>>>);

impl Inventory {
    /// The level of one SKU; `None` when the page was not rendered with it.
    pub fn level(&self, sku: &Sku) -> Option<ReadSignal<Level>> {
        self.0
            .with_value(|levels| Some(levels.get(sku)?.read_only().into()))
    }

    /// Position of the newest change of any SKU that the page knows of.
    pub fn newest(&self) -> u64 {
        let position = |level: &ArcRwSignal<Level>| level.with_untracked(|level| level.position);
        self.0
            .with_value(|levels| levels.values().map(position).max())
            .unwrap_or_default()
    }

    /// Takes in the answer of a command at once, instead of waiting for the socket to say the same.
    pub fn set(&self, sku: &Sku, level: Level) {
        self.0.with_value(|levels| {
            if let Some(signal) = levels.get(sku)
                && signal.with_untracked(|known| known.position <= level.position)
            {
                signal.set(level);
            }
        });
    }
}

/// The last events of the log, newest first. Staff only.
pub fn events(initial: Vec<EventRow>, position: u64) -> ReadSignal<Vec<EventRow>> {
    #[cfg(feature = "hydrate")]
    return staff::follow_events(Topic::Events, initial, position).into();
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = position;
        RwSignal::new(initial).read_only()
    }
}

/// The last events of the log that a filter lets through, newest first. Staff only.
pub fn events_of(
    query: EventQuery,
    initial: Vec<EventRow>,
    position: u64,
) -> ReadSignal<Vec<EventRow>> {
    #[cfg(feature = "hydrate")]
    return staff::follow_events(Topic::EventsOf(query), initial, position).into();
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (query, position);
        RwSignal::new(initial).read_only()
    }
}

/// How far the consumers are. Staff only.
pub fn consumers(initial: Vec<ConsumerRow>, position: u64) -> ReadSignal<Vec<ConsumerRow>> {
    #[cfg(feature = "hydrate")]
    return staff::follow_consumers(initial, position).into();
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = position;
        RwSignal::new(initial).read_only()
    }
}

/// The orders of everybody, as far as they have changed since the page. Staff only.
pub fn orders(initial: DeskNews, position: u64) -> ReadSignal<DeskNews> {
    #[cfg(feature = "hydrate")]
    return socket::follow(Topic::Orders, initial, position, book::merge_orders).into();
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = position;
        RwSignal::new(initial).read_only()
    }
}

/// Position of the newest event about an order. Staff only.
pub fn desk(id: OrderId, version: u64) -> ReadSignal<Version> {
    let initial = Version { version };
    #[cfg(feature = "hydrate")]
    {
        let merge = |known: &mut Version, news: Version| {
            known.version = known.version.max(news.version);
        };
        socket::follow(Topic::Desk(id), initial, version, merge).into()
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = id;
        RwSignal::new(initial).read_only()
    }
}

/// How alerts stand. Staff only.
pub fn alerts(initial: AlertNews) -> ReadSignal<AlertNews> {
    #[cfg(feature = "hydrate")]
    {
        let merge = |known: &mut AlertNews, news: AlertNews| {
            if news.version >= known.version {
                *known = news;
            }
        };
        socket::follow(Topic::Alerts, initial, initial.version, merge).into()
    }
    #[cfg(not(feature = "hydrate"))]
    RwSignal::new(initial).read_only()
}

/// Position of the newest event that a page of the admin may show something of. Staff only.
pub fn page_version(page: LivePage, version: u64) -> ReadSignal<Version> {
    let initial = Version { version };
    #[cfg(feature = "hydrate")]
    {
        let merge = |known: &mut Version, news: Version| {
            known.version = known.version.max(news.version);
        };
        let topic = match page {
            LivePage::Alerts => Topic::Alerts,
            LivePage::Purchasing => Topic::Purchasing,
            LivePage::Restock => Topic::Restock,
            LivePage::Ledger(sku) => Topic::Ledger(sku),
            LivePage::Audit => Topic::Audit,
            LivePage::Sales => Topic::Sales,
            LivePage::Products => Topic::Products,
            LivePage::Shelves => Topic::Shelves,
        };
        socket::follow(topic, initial, version, merge).into()
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = page;
        RwSignal::new(initial).read_only()
    }
}

/// A page of the admin that is fetched again when something of it has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LivePage {
    Alerts,
    Purchasing,
    Restock,
    Ledger(Sku),
    Audit,
    Sales,
    Products,
    /// A page of the shop.
    Shelves,
}

/// Who has an order open. Staff only.
pub fn present(id: OrderId, staff: Vec<Present>) -> ReadSignal<Staff> {
    let initial = Staff { staff };
    #[cfg(feature = "hydrate")]
    return socket::follow(Topic::Present(id), initial, 0, |known, news| *known = news).into();
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = id;
        RwSignal::new(initial).read_only()
    }
}

/// The state of [`desk`] on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Version {
    pub version: u64,
}

/// The state of [`present`] on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Staff {
    pub staff: Vec<Present>,
}

/// Whether whoever had signed in is signed out by now.
#[cfg(feature = "hydrate")]
pub fn signed_out() -> ReadSignal<bool> {
    socket::signed_out().into()
}

/// The state of the socket. Reading it opens the socket, since somebody is being told.
pub fn connection() -> ReadSignal<Connection> {
    #[cfg(feature = "hydrate")]
    return socket::connection().into();
    #[cfg(not(feature = "hydrate"))]
    RwSignal::new(Connection::Connecting).read_only()
}

/// While nothing is heard of the server: since when what the page shows may be old, as `04:23`, or
/// `Sun Nov 29, 04:23` of another day.
pub fn since() -> Signal<Option<String>> {
    #[cfg(not(feature = "hydrate"))]
    return Signal::stored(None);
    #[cfg(feature = "hydrate")]
    {
        let since = socket::stale_since();
        Signal::derive(move || since.get().map(moment))
    }
}

/// A moment by the clocks around here.
#[cfg(feature = "hydrate")]
fn moment(at_ms: f64) -> String {
    let day = |date: &js_sys::Date| String::from(date.to_date_string());
    let digits = |n: u32| [(n / 10).to_string(), (n % 10).to_string()].concat();
    let at = js_sys::Date::new(&at_ms.into());
    let time = [digits(at.get_hours()), digits(at.get_minutes())].join(":");
    let (that_day, today) = (day(&at), day(&js_sys::Date::new_0()));
    if that_day == today {
        return time;
    }
    // `Sun Nov 29 2026`; the year helps nobody.
    let end = that_day.rfind(' ').unwrap_or(that_day.len());
    [&that_day[..end], ", ", &time].concat()
}

/// Pieces available of one variant of a followed product; 0 for a variant it does not have.
pub fn variant(stock: ReadSignal<ProductStock>, sku: Sku) -> Signal<i64> {
    Signal::derive(move || stock.with(|stock| available(stock, &sku)))
}

/// Pieces available of one variant.
pub fn available(stock: &ProductStock, sku: &Sku) -> i64 {
    let of = |variant: &&VariantStock| variant.sku == *sku;
    stock
        .variants
        .iter()
        .find(of)
        .map_or(0, |variant| variant.available)
}

/// Whether nobody gets a variant, whoever holds some of it.
pub fn is_withdrawn(stock: &ProductStock, sku: &Sku) -> bool {
    let mut variants = stock.variants.iter();
    stock.is_withdrawn || variants.any(|variant| variant.is_withdrawn && variant.sku == *sku)
}

/// What a variant costs, in minor units, as far as the socket has said.
pub fn price_minor(stock: &ProductStock, sku: &Sku) -> Option<i64> {
    let of = |variant: &&VariantStock| variant.sku == *sku;
    stock.variants.iter().find(of)?.price_minor
}
