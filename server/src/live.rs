//! The hub: follows the log and pushes what changed to the sockets that asked.
//!
//! One task follows; it never waits for a socket. Each message is serialised once and shared by all
//! who get it. A socket that does not read fast enough is closed: it comes back with its position and
//! misses nothing.
//!
//! Stock changes are gathered and sent together at most every [`MIN_GAP`], and more rarely when many
//! sockets listen: absolute levels lose nothing by it, and a rush on one ring does not become a flood.
//! The progress of an order is never held back.
//!
//! Who of the staff has an order open is known from the sockets that follow it, and told to them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use broker::{Filter, REPLAYED, Recorded, Rule};
use domain::Event;
use domain::event::{
    AlertRaised, BackInStockSettled, DeliveryChangeRejected, DeliveryChanged,
    DeliveryPlanWithdrawn, DeliveryPlanned, OrderConfirmed, OrderRejected, PaymentMethodRequired,
    PaymentReauthorizationFailed, PaymentSettled, PaymentVoided, PriceChangeRejected, PriceChanged,
    PricePlanWithdrawn, PricePlanned, ProductChangeRejected, ProductChanged, ProductDrafted,
    ProductIntroduced, ProductPublished, ProductVariantOffered, ProductVariantSet,
    ProductVariantWithdrawn, ProductWithdrawn, RestockRuleChanged, RestockRuleRejected,
    ServiceRegistered, ServiceRevoked, SourceSlowed, StockBatchRejected, StockCorrectionRejected,
    StockWriteOffRejected, SubscriptionEnded, SubscriptionSet,
};
use domain::order::progress::progress_of;
use domain::reservation::changed_by;
use parking_lot::Mutex;
use services::{
    EventMatcher, LevelChange, SessionTimes, Shop, ShopSettings, Staff, Visitor, decode, event_row,
    is_act, is_of_purchasing, is_of_sales,
};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use types::admin::EventRow;
use types::event_query::EventQuery;
use types::live::{
    AlertNews, BEAT_SECONDS, MAX_FILTERS, MAX_TOPICS, ProductStock, ServerMessage, SkuLevel, State,
    Topic,
};
use types::{OrderId, Problem, ShopperId, Sku, Slug};

use crate::limits::Limits;

/// Messages that may wait for one socket. A reader that is further behind is closed.
const OUTBOX: usize = 64;
/// Events taken from the log at once.
const BATCH: usize = 1_024;
/// Stock is pushed at most this often.
const MIN_GAP: Duration = Duration::from_millis(25);
/// And at least this often, however many sockets listen.
const MAX_GAP: Duration = Duration::from_secs(1);
/// The gap grows by this for each message of the last push: bounds pushing to about half a core.
const GAP_PER_MESSAGE: Duration = Duration::from_micros(25);
/// How often the staff's sessions are looked at.
const SESSION_CHECK: Duration = Duration::from_millis(500);
/// Events of the admin's stream in one message, and in a snapshot.
const STREAM: usize = 100;
/// Filters of events of all sockets together: each event is held against each of them.
const MAX_ALL_FILTERS: usize = 64;
/// How often the consumers are looked at while somebody follows them.
const CONSUMERS: Duration = Duration::from_secs(1);

/// What is only shown: nobody decides anything about it.
pub const SHOWN: Filter<'static> = Filter(&[Rule::kinds(&[
    BackInStockSettled::KIND,
    DeliveryChangeRejected::KIND,
    DeliveryChanged::KIND,
    DeliveryPlanWithdrawn::KIND,
    DeliveryPlanned::KIND,
    OrderConfirmed::KIND,
    OrderRejected::KIND,
    PaymentMethodRequired::KIND,
    PaymentReauthorizationFailed::KIND,
    PaymentSettled::KIND,
    PaymentVoided::KIND,
    PriceChangeRejected::KIND,
    PriceChanged::KIND,
    PricePlanWithdrawn::KIND,
    PricePlanned::KIND,
    ProductChangeRejected::KIND,
    ProductChanged::KIND,
    ProductDrafted::KIND,
    ProductIntroduced::KIND,
    ProductPublished::KIND,
    ProductVariantOffered::KIND,
    ProductVariantSet::KIND,
    ProductVariantWithdrawn::KIND,
    ProductWithdrawn::KIND,
    RestockRuleChanged::KIND,
    RestockRuleRejected::KIND,
    ServiceRegistered::KIND,
    ServiceRevoked::KIND,
    SourceSlowed::KIND,
    StockBatchRejected::KIND,
    StockCorrectionRejected::KIND,
    StockWriteOffRejected::KIND,
    SubscriptionEnded::KIND,
    SubscriptionSet::KIND,
])]);

/// What the hub gives to a socket.
#[derive(Debug, Clone)]
pub enum Out {
    Message(Utf8Bytes),
    /// A message, and the moment to see whether the other side still lives.
    Beat(Utf8Bytes),
}

/// A handle to the hub; cheap to clone.
#[derive(Debug, Clone)]
pub struct Hub {
    registry: Arc<Mutex<Registry>>,
    max_sockets: usize,
    max_sockets_per_source: usize,
    has_begun: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Registry {
    shop: Shop,
    next_id: u64,
    subscribers: HashMap<u64, Subscriber>,
    topics: HashMap<Topic, HashSet<u64>>,
    /// Who follows [`Topic::OwnCheckout`], by shopper: each is told something else.
    own_checkouts: HashMap<ShopperId, HashSet<u64>>,
    /// What tells the events of a followed filter. Events are held against them without the registry: each reads a
    /// whole content.
    filters: Arc<HashMap<EventQuery, EventMatcher>>,
    /// Sockets by where they come from.
    sources: HashMap<u64, usize>,
    closed: bool,
}

#[derive(Debug)]
struct Subscriber {
    outbox: mpsc::Sender<Out>,
    topics: HashSet<Topic>,
    shopper: ShopperId,
    /// The session of the member of staff who opened it.
    session: Option<String>,
    /// The member of staff.
    staff: Option<Staff>,
    source: u64,
}

/// One socket's place in the hub; leaving it out of scope leaves the hub.
#[derive(Debug)]
pub struct Seat {
    hub: Hub,
    id: u64,
    /// Ends when the hub has no more for this socket: it fell behind, or the shop is stopping.
    pub outbox: mpsc::Receiver<Out>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.registry.lock().remove(self.id);
    }
}

impl Registry {
    fn new(shop: Shop) -> Self {
        Self {
            shop,
            next_id: 0,
            subscribers: HashMap::new(),
            topics: HashMap::new(),
            own_checkouts: HashMap::new(),
            filters: Arc::default(),
            sources: HashMap::new(),
            closed: false,
        }
    }

    fn remove(&mut self, id: u64) {
        let Some(subscriber) = self.subscribers.remove(&id) else {
            return;
        };
        if let Some(open) = self.sources.get_mut(&subscriber.source) {
            *open -= 1;
            if *open == 0 {
                self.sources.remove(&subscriber.source);
            }
        }
        crate::measure::sockets(self.subscribers.len());
        // Last: telling the others may let some of them go.
        for topic in subscriber.topics {
            self.leave(&topic, subscriber.shopper, id);
        }
    }

    fn leave(&mut self, topic: &Topic, shopper: ShopperId, id: u64) {
        match topic {
            Topic::OwnCheckout => left(&mut self.own_checkouts, &shopper, id),
            topic => left(&mut self.topics, topic, id),
        }
        if let Topic::Present(order) = topic {
            self.shop.presence().leaves(*order, id);
            self.tell_present(*order);
        }
        if let Topic::EventsOf(query) = topic
            && !self.topics.contains_key(topic)
        {
            Arc::make_mut(&mut self.filters).remove(query);
        }
    }

    /// Tells everybody who has an order open who they are.
    fn tell_present(&mut self, order: OrderId) {
        let topic = Topic::Present(order);
        if self.topics.contains_key(&topic) {
            let staff = self.shop.presence().of(order);
            let change = ServerMessage::Change {
                topic: topic.clone(),
                position: self.shop.log().head(),
                state: State::Present { staff },
            };
            if let Some(text) = serialised(&change) {
                self.publish(&topic, &text);
            }
        }
    }

    /// Gives one message to every member of a topic; answers with how many that was.
    fn publish(&mut self, topic: &Topic, text: &Utf8Bytes) -> u32 {
        let (sent, behind) = self.send(self.topics.get(topic), text);
        self.close(&behind);
        sent
    }

    /// Tells a shopper's own pages what their checkout holds; answers with how many that was.
    fn tell_own(&mut self, shopper: ShopperId, position: u64) -> u32 {
        if !self.own_checkouts.contains_key(&shopper) {
            return 0;
        }
        let change = ServerMessage::Change {
            topic: Topic::OwnCheckout,
            position,
            state: State::OwnCheckout(self.shop.own_hold(shopper)),
        };
        let Some(text) = serialised(&change) else {
            return 0;
        };
        let (sent, behind) = self.send(self.own_checkouts.get(&shopper), &text);
        self.close(&behind);
        sent
    }

    /// Gives one message to some; answers with how many have it, and who is too far behind for it.
    fn send(&self, members: Option<&HashSet<u64>>, text: &Utf8Bytes) -> (u32, Vec<u64>) {
        let mut behind = Vec::new();
        let mut sent = 0;
        for id in members.into_iter().flatten() {
            let subscriber = self.subscribers.get(id);
            let out = Out::Message(text.clone());
            match subscriber.map(|subscriber| subscriber.outbox.try_send(out)) {
                Some(Ok(())) => sent += 1,
                _ => behind.push(*id),
            }
        }
        (sent, behind)
    }

    fn beat(&mut self, text: &Utf8Bytes) {
        let late = |(id, subscriber): (&u64, &Subscriber)| {
            subscriber
                .outbox
                .try_send(Out::Beat(text.clone()))
                .is_err()
                .then_some(*id)
        };
        let behind: Vec<u64> = self.subscribers.iter().filter_map(late).collect();
        self.close(&behind);
    }

    /// Lets every socket go.
    fn let_go(&mut self) {
        self.topics.clear();
        self.own_checkouts.clear();
        self.filters = Arc::default();
        self.sources.clear();
        self.subscribers.clear();
        self.shop.presence().all_leave();
        crate::measure::sockets(0);
    }

    /// Dropping its sender ends a socket's outbox after what is in it.
    fn close(&mut self, ids: &[u64]) {
        for id in ids {
            tracing::debug!(id, "a socket is let go");
            self.remove(*id);
        }
    }
}

impl Hub {
    pub fn new(limits: &Limits, shop: Shop) -> Self {
        Self {
            registry: Arc::new(Mutex::new(Registry::new(shop))),
            max_sockets: limits.max_sockets,
            max_sockets_per_source: limits.max_sockets_per_address,
            has_begun: Arc::default(),
        }
    }

    /// Takes a place for a socket.
    ///
    /// # Errors
    /// 503 when there are too many or the shop is stopping, 429 when there are too many from there.
    pub fn join(&self, visitor: &Visitor, session: Option<String>) -> Result<Seat, Problem> {
        let mut registry = self.registry.lock();
        if registry.closed || registry.subscribers.len() >= self.max_sockets {
            return Err(Problem::unavailable(
                "No more live connections right now; try again soon.",
            ));
        }
        let open = registry.sources.entry(visitor.source).or_default();
        if *open >= self.max_sockets_per_source {
            crate::measure::refused("sockets");
            return Err(Problem::too_many(
                "Too many live connections from your address. Close some of this shop's pages.",
            ));
        }
        *open += 1;
        let id = registry.next_id;
        registry.next_id += 1;
        let (sender, outbox) = mpsc::channel(OUTBOX);
        registry.subscribers.insert(
            id,
            Subscriber {
                outbox: sender,
                topics: HashSet::new(),
                shopper: visitor.shopper,
                session,
                staff: visitor.staff.clone(),
                source: visitor.source,
            },
        );
        crate::measure::sockets(registry.subscribers.len());
        Ok(Seat {
            hub: self.clone(),
            id,
            outbox,
        })
    }

    /// The sessions of the staff's sockets.
    fn sessions(&self) -> BTreeSet<String> {
        let registry = self.registry.lock();
        let all = registry.subscribers.values();
        all.filter_map(|subscriber| subscriber.session.clone())
            .collect()
    }

    /// Lets the sockets of sessions go that have ended.
    pub fn close_sessions(&self, ended: &[String]) {
        let mut registry = self.registry.lock();
        let theirs = registry.subscribers.iter().filter(|(_, subscriber)| {
            let session = subscriber.session.as_ref();
            session.is_some_and(|session| ended.contains(session))
        });
        let ids: Vec<u64> = theirs.map(|(id, _)| *id).collect();
        registry.close(&ids);
    }

    /// Looks whether the sessions of the staff's sockets still are, until told to stop.
    pub async fn watch_sessions(
        self,
        shop: Shop,
        times: SessionTimes,
        mut stop: watch::Receiver<bool>,
    ) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(SESSION_CHECK) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            let open: Vec<String> = self.sessions().into_iter().collect();
            if open.is_empty() {
                continue;
            }
            match shop.ended_sessions(open, times).await {
                Ok(ended) => self.close_sessions(&ended),
                Err(problem) => tracing::error!(%problem, "sessions cannot be looked at"),
            }
        }
    }

    /// Tells how the consumers are, while somebody follows them, until told to stop.
    pub async fn watch_consumers(self, shop: Shop, mut stop: watch::Receiver<bool>) {
        let roster = services::roster(&ShopSettings::default(), None);
        let mut told = Vec::new();
        loop {
            tokio::select! {
                () = tokio::time::sleep(CONSUMERS) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            if !self.has_members(&Topic::Consumers) {
                continue;
            }
            match shop.consumers_now(&roster).await {
                Ok((consumers, _)) if consumers == told => {}
                Ok((consumers, head)) => {
                    told.clone_from(&consumers);
                    self.publish(Topic::Consumers, head, State::Consumers { consumers });
                }
                Err(problem) => tracing::debug!(%problem, "the consumers cannot be looked at"),
            }
        }
    }

    /// Follows the log until told to stop, then lets every socket go.
    ///
    /// When it begins again after a panic, nobody knows which changes were pushed: the stock is read
    /// again, and every socket comes back with its position.
    pub async fn run(self, shop: Shop, mut stop: watch::Receiver<bool>) {
        if self.has_begun.swap(true, Ordering::Relaxed) {
            self.registry.lock().let_go();
            if let Err(problem) = shop.reload().await {
                tracing::error!(%problem, "the stock cannot be read again");
            }
        }
        let mut tail = shop.log().tail(shop.levels().position());
        let mut gathered = Gathered::default();
        let mut next_push = Instant::now();
        let mut beat = tokio::time::interval(Duration::from_secs(BEAT_SECONDS.into()));
        loop {
            tokio::select! {
                events = tail.next(BATCH) => match events {
                    Ok(events) => {
                        for event in &events {
                            self.follow(&shop, event, &mut gathered);
                        }
                        if events.iter().any(|event| event.kind == REPLAYED) {
                            gather_mended(&shop, &mut gathered).await;
                            let position = shop.levels().position();
                            let terms = State::Delivery(shop.delivery_terms());
                            self.publish(Topic::Delivery, position, terms);
                        }
                    }
                    Err(error) => {
                        tracing::error!(%error, "the log cannot be followed");
                        tokio::time::sleep(MAX_GAP).await;
                    }
                },
                () = tokio::time::sleep_until(next_push), if !gathered.is_empty() => {}
                _ = beat.tick() => {
                    // A beat says "nothing up to here is missing": what was gathered goes first.
                    self.push(&shop, std::mem::take(&mut gathered));
                    let position = shop.levels().position();
                    let log = shop.log().identity().to_owned();
                    if let Some(text) = serialised(&ServerMessage::Beat { position, log }) {
                        self.registry.lock().beat(&text);
                    }
                }
                _ = stop.changed() => break,
            }
            if !gathered.is_empty() && next_push <= Instant::now() {
                let sent = self.push(&shop, std::mem::take(&mut gathered));
                next_push = Instant::now() + (GAP_PER_MESSAGE * sent).clamp(MIN_GAP, MAX_GAP);
            }
        }
        let mut registry = self.registry.lock();
        registry.closed = true;
        registry.let_go();
    }

    /// Takes in one event: the levels at once, an order's progress straight to who follows it.
    fn follow(&self, shop: &Shop, recorded: &Recorded, gathered: &mut Gathered) {
        let position = recorded.position;
        gathered.position = position;
        if self.has_members(&Topic::Events) {
            gather(
                &mut gathered.events,
                event_row(recorded, shop.staff_names()),
            );
        }
        let filters = Arc::clone(&self.registry.lock().filters);
        for (query, _) in (filters.iter()).filter(|(_, matcher)| matcher.matches(recorded)) {
            let row = event_row(recorded, shop.staff_names());
            gather(gathered.filtered.entry(query.clone()).or_default(), row);
        }
        if is_act(recorded) {
            shop.note_act(position);
            gathered.acts = true;
        }
        // What services of others send changes nothing here.
        if recorded.topic == broker::decisions::TOPIC || recorded.is_from_outside() {
            return;
        }
        let event = match decode(recorded) {
            Ok(event) => event,
            Err(error) => {
                tracing::warn!(%error, "an event that cannot be pushed");
                return;
            }
        };
        let changed = shop.follow(&event, recorded.time_us, position);
        gathered.add(shop, changed.skus);
        gathered.for_staff.extend(changed.for_staff);
        gathered.purchasing |= is_of_purchasing(&event);
        gathered.sales |= is_of_sales(&event);
        gathered.catalogue |= shop.products_position() == position;
        gathered.shelves |= shop.shelves_position() == position;
        // Not what checkouts hold or parcels take: both change nothing of what is unsold.
        gathered.restock |= recorded.topic == RestockRuleChanged::TOPIC
            || matches!(
                &*event,
                Event::StockReserved(_)
                    | Event::StockReleased(_)
                    | Event::StockAllocated(_)
                    | Event::StockReturned(_)
                    | Event::StockCorrected(_)
                    | Event::StockReceived(_)
                    | Event::StockWrittenOff(_)
            );
        gathered.alerts |= recorded.topic == AlertRaised::TOPIC;
        match &*event {
            Event::PriceChanged(changed) => {
                gathered.repriced.insert(changed.product.clone());
            }
            // The lowest price of those that are left may be another one.
            Event::ProductVariantWithdrawn(changed) => {
                gathered.repriced.insert(changed.product.clone());
            }
            Event::ProductVariantOffered(changed) => {
                gathered.repriced.insert(changed.product.clone());
            }
            _ => {}
        }
        if let Event::DeliveryChanged(changed) = &*event {
            self.publish(Topic::Delivery, position, State::Delivery(changed.terms));
        }
        if let Some(shopper) = changed_by(&event) {
            let topic = Topic::Checkout(shopper);
            // What is held is told before others' stock falls, and what is let go after it has risen: so
            // that nobody is short of what is theirs meanwhile.
            if matches!(*event, Event::ReservationReleased(_)) {
                gathered.released.insert(shopper);
            } else {
                self.registry.lock().tell_own(shopper, position);
                if self.has_members(&topic) {
                    self.publish(topic, position, State::Checkout(shop.held_for(shopper)));
                }
            }
        }
        if let Some(progress) = progress_of(&event, recorded.time_us, position)
            && let Ok(id) = recorded.key.parse()
        {
            let topic = Topic::Order(id);
            let mut registry = self.registry.lock();
            if registry.topics.contains_key(&topic) {
                let state = State::Order(progress);
                let change = ServerMessage::Change {
                    topic: topic.clone(),
                    position,
                    state,
                };
                if let Some(text) = serialised(&change) {
                    registry.publish(&topic, &text);
                }
            }
        }
    }

    /// Pushes what was gathered; answers with how many messages that was.
    fn push(&self, shop: &Shop, gathered: Gathered) -> u32 {
        if gathered.is_empty() {
            return 0;
        }
        let position = gathered.position;
        let mut sent = 0;
        let mut publish = |topic: Topic, state: State| {
            let change = ServerMessage::Change {
                topic: topic.clone(),
                position,
                state,
            };
            if let Some(text) = serialised(&change) {
                sent += self.registry.lock().publish(&topic, &text);
            }
        };
        for (product, skus) in &gathered.products {
            let topic = Topic::Product(product.clone());
            if self.has_members(&topic)
                && let Some((stock, _)) = shop.product_stock(product, u64::MAX)
            {
                let variants = shop.stock_to_shoppers(skus);
                let stock = ProductStock { variants, ..stock };
                let stock = match gathered.repriced.contains(product) {
                    true => shop.with_prices(product, stock),
                    false => stock,
                };
                publish(topic, State::Product(stock));
            }
        }
        let skus = gathered.products.values().flatten();
        let skus: BTreeSet<&Sku> = skus.chain(&gathered.for_staff).collect();
        if !skus.is_empty() && self.has_members(&Topic::Inventory) {
            let levels = (skus.into_iter())
                .filter_map(|sku| {
                    Some(SkuLevel {
                        sku: sku.clone(),
                        level: shop.levels().level(sku)?,
                    })
                })
                .collect();
            publish(Topic::Inventory, State::Inventory { levels });
        }
        for sku in gathered.products.values().flatten() {
            let topic = Topic::Ledger(sku.clone());
            if self.has_members(&topic) {
                let version = shop.ledger_version(sku);
                publish(topic, State::Ledger { version });
            }
        }
        for shopper in &gathered.released {
            let shopper = *shopper;
            let topic = Topic::Checkout(shopper);
            if self.has_members(&topic) {
                publish(topic, State::Checkout(shop.held_for(shopper)));
            }
        }
        if gathered.alerts && self.has_members(&Topic::Alerts) {
            publish(Topic::Alerts, State::Alerts(alert_news(shop)));
        }
        if gathered.purchasing && self.has_members(&Topic::Purchasing) {
            let version = shop.purchasing_position();
            publish(Topic::Purchasing, State::Purchasing { version });
        }
        let is_of_restock = gathered.purchasing || gathered.restock;
        if is_of_restock && self.has_members(&Topic::Restock) {
            publish(Topic::Restock, State::Restock { version: position });
        }
        if gathered.acts && self.has_members(&Topic::Audit) {
            let version = shop.acts_position();
            publish(Topic::Audit, State::Audit { version });
        }
        if gathered.shelves && self.has_members(&Topic::Shelves) {
            let version = shop.shelves_position();
            publish(Topic::Shelves, State::Shelves { version });
        }
        if gathered.catalogue && self.has_members(&Topic::Products) {
            let version = shop.products_position();
            publish(Topic::Products, State::Products { version });
        }
        let is_of_today = gathered.sales || gathered.alerts || gathered.restock;
        if is_of_today && self.has_members(&Topic::Sales) {
            publish(Topic::Sales, State::Sales { version: position });
        }
        if !gathered.events.is_empty() {
            publish(
                Topic::Events,
                State::Events {
                    events: gathered.events.into(),
                },
            );
        }
        for (query, events) in gathered.filtered {
            let events = events.into();
            publish(Topic::EventsOf(query), State::Events { events });
        }
        for shopper in gathered.released {
            sent += self.registry.lock().tell_own(shopper, position);
        }
        sent
    }

    pub fn has_members(&self, topic: &Topic) -> bool {
        self.registry.lock().topics.contains_key(topic)
    }

    /// Tells every member of a topic what became of it.
    pub fn publish(&self, topic: Topic, position: u64, state: State) {
        let change = ServerMessage::Change {
            topic: topic.clone(),
            position,
            state,
        };
        if let Some(text) = serialised(&change) {
            self.registry.lock().publish(&topic, &text);
        }
    }
}

/// What happened since the last push.
#[derive(Debug, Default)]
struct Gathered {
    position: u64,
    products: BTreeMap<Slug, BTreeSet<Sku>>,
    /// SKUs of which staff alone see something new.
    for_staff: BTreeSet<Sku>,
    /// Of the products, what costs something else.
    repriced: BTreeSet<Slug>,
    /// Whose checkout let something go.
    released: BTreeSet<ShopperId>,
    /// Whether an alert has changed.
    alerts: bool,
    /// Whether a supplier or an order to one has.
    purchasing: bool,
    /// Whether a rule of restocking has, or what is unsold.
    restock: bool,
    /// Whether anybody of the staff has done anything.
    acts: bool,
    /// Whether the numbers of what is sold have.
    sales: bool,
    /// Whether any product has.
    catalogue: bool,
    /// Whether one that shoppers see has, in more than its price and stock.
    shelves: bool,
    /// The newest [`STREAM`] events, oldest first.
    events: VecDeque<EventRow>,
    /// The same of each filter that somebody follows.
    filtered: HashMap<EventQuery, VecDeque<EventRow>>,
}

/// Keeps the newest [`STREAM`] events.
fn gather(events: &mut VecDeque<EventRow>, event: EventRow) {
    if events.len() == STREAM {
        events.pop_front();
    }
    events.push_back(event);
}

impl Gathered {
    fn is_empty(&self) -> bool {
        let is_quiet = !self.alerts && !self.purchasing && !self.restock;
        let is_quiet = is_quiet && !self.acts && !self.sales && !self.catalogue && !self.shelves;
        let is_bare =
            self.events.is_empty() && self.filtered.is_empty() && self.products.is_empty();
        is_quiet && is_bare && self.for_staff.is_empty() && self.released.is_empty()
    }

    fn add(&mut self, shop: &Shop, changed: LevelChange) {
        for sku in changed {
            if let Some(product) = shop.product_of(&sku) {
                self.products.entry(product).or_default().insert(sku);
            }
        }
    }
}

/// A table was built anew: what it mended is pushed.
async fn gather_mended(shop: &Shop, gathered: &mut Gathered) {
    match shop.reload().await {
        Ok(changed) => {
            gathered.add(shop, changed);
            // The catalogue was read anew, too.
            let products = gathered.products.keys().cloned();
            gathered.repriced.extend(products);
        }
        Err(problem) => tracing::error!(%problem, "the stock cannot be read again"),
    }
}

fn serialised(message: &ServerMessage) -> Option<Utf8Bytes> {
    serde_json::to_string(message)
        .map(Utf8Bytes::from)
        .inspect_err(|error| tracing::error!(%error, "a message cannot be written"))
        .ok()
}

impl Seat {
    /// Follows topics and answers with a snapshot of each, or with why it cannot be followed.
    /// Following begins before the snapshot is taken, so that nothing falls between the two.
    pub async fn subscribe(
        &self,
        shop: &Shop,
        visitor: &Visitor,
        topics: Vec<Topic>,
        after: u64,
    ) -> Vec<Utf8Bytes> {
        let mut answers = Vec::with_capacity(topics.len());
        for topic in topics {
            let answer = match self.follow(shop, visitor, &topic).await {
                Ok(()) => snapshot(shop, visitor, &topic, after).await,
                Err(problem) => Err(problem),
            };
            let message = match answer {
                Ok((state, position)) => ServerMessage::Snapshot {
                    topic,
                    position,
                    log: shop.log().identity().to_owned(),
                    state,
                },
                Err(problem) => ServerMessage::Error {
                    topic: Some(topic),
                    detail: problem.detail,
                },
            };
            answers.extend(serialised(&message));
        }
        answers
    }

    async fn follow(&self, shop: &Shop, visitor: &Visitor, topic: &Topic) -> Result<(), Problem> {
        authorise(shop, visitor, topic).await?;
        let matcher = match topic {
            Topic::EventsOf(query) => Some((query, EventMatcher::of(shop.log(), query).await?)),
            _ => None,
        };
        let mut registry = self.hub.registry.lock();
        let filters = registry.filters.len();
        let Some(subscriber) = registry.subscribers.get_mut(&self.id) else {
            return Err(Problem::unavailable("This connection is closing."));
        };
        if subscriber.topics.len() >= MAX_TOPICS && !subscriber.topics.contains(topic) {
            let detail = format!("One connection follows at most {MAX_TOPICS} topics.");
            return Err(Problem::invalid_field("topics", detail));
        }
        if let Some((query, matcher)) = matcher {
            let is_filter = |topic: &&Topic| matches!(topic, Topic::EventsOf(_));
            let own = subscriber.topics.iter().filter(is_filter).count();
            if own >= MAX_FILTERS && !subscriber.topics.contains(topic) {
                let detail = format!("One connection follows at most {MAX_FILTERS} filters.");
                return Err(Problem::invalid_field("topics", detail));
            }
            if filters >= MAX_ALL_FILTERS && !registry.filters.contains_key(query) {
                return Err(Problem::unavailable(
                    "Too many filters of events are followed right now; try again soon.",
                ));
            }
            Arc::make_mut(&mut registry.filters).insert(query.clone(), matcher);
        }
        let Some(subscriber) = registry.subscribers.get_mut(&self.id) else {
            return Err(Problem::unavailable("This connection is closing."));
        };
        let staff = subscriber.staff.clone();
        let is_new = subscriber.topics.insert(topic.clone());
        if let (Topic::Present(order), Some(staff), true) = (topic, staff, is_new) {
            let presence = shop.presence();
            presence.arrives(*order, self.id, &staff.email, shop.now_us());
            // The others; who comes is answered with a snapshot.
            registry.tell_present(*order);
        }
        let members = match topic {
            Topic::OwnCheckout => registry.own_checkouts.entry(visitor.shopper).or_default(),
            topic => registry.topics.entry(topic.clone()).or_default(),
        };
        members.insert(self.id);
        Ok(())
    }

    pub fn unsubscribe(&self, topics: &[Topic]) {
        let mut registry = self.hub.registry.lock();
        for topic in topics {
            let subscriber = registry.subscribers.get_mut(&self.id);
            if let Some(subscriber) = subscriber
                && subscriber.topics.remove(topic)
            {
                let shopper = subscriber.shopper;
                registry.leave(topic, shopper, self.id);
            }
        }
    }
}

/// One member less; the last one takes the entry along.
fn left<K: Hash + Eq>(all: &mut HashMap<K, HashSet<u64>>, key: &K, id: u64) {
    if let Some(members) = all.get_mut(key) {
        members.remove(&id);
        if members.is_empty() {
            all.remove(key);
        }
    }
}

async fn authorise(shop: &Shop, visitor: &Visitor, topic: &Topic) -> Result<(), Problem> {
    match topic {
        Topic::Product(slug) if shop.had_product(slug) => Ok(()),
        Topic::Product(slug) => Err(Problem::not_found(format!("There is no product {slug}."))),
        Topic::Order(id) if shop.may_open_order(visitor.shopper, *id).await? => Ok(()),
        Topic::Order(_) => Err(Problem::not_found(
            "There is no such order, or it is not yours.",
        )),
        Topic::Checkout(shopper) if *shopper == visitor.shopper => Ok(()),
        Topic::Checkout(_) => Err(Problem::not_found("This is not your checkout.")),
        Topic::OwnCheckout | Topic::Delivery | Topic::Shelves => Ok(()),
        Topic::Inventory
        | Topic::Events
        | Topic::EventsOf(_)
        | Topic::Consumers
        | Topic::Orders
        | Topic::Desk(_)
        | Topic::Present(_)
        | Topic::Alerts
        | Topic::Purchasing
        | Topic::Restock
        | Topic::Sales
        | Topic::Ledger(_)
        | Topic::Products
        | Topic::Audit => match (&visitor.staff, topic.right()) {
            (Some(staff), Some(right)) => staff.may(right).map(drop),
            _ => Err(Problem::unauthenticated("Sign in as staff to follow this.")),
        },
    }
}

fn alert_news(shop: &Shop) -> AlertNews {
    AlertNews {
        open: shop.open_alerts(),
        version: shop.alerts_position(),
    }
}

/// All of a topic that changed after a position, and the position at which that is true.
async fn snapshot(
    shop: &Shop,
    visitor: &Visitor,
    topic: &Topic,
    after: u64,
) -> Result<(State, u64), Problem> {
    // A position from the future is of another log: begin anew.
    let after = if after > shop.log().head() { 0 } else { after };
    match topic {
        Topic::Product(slug) => {
            let found = shop.product_stock(slug, after);
            let (stock, position) =
                found.ok_or_else(|| Problem::not_found(format!("There is no product {slug}.")))?;
            Ok((State::Product(shop.with_prices(slug, stock)), position))
        }
        Topic::Order(id) => {
            let (mut progress, position) = shop.order_progress(*id).await?;
            progress.steps.retain(|step| step.position > after);
            Ok((State::Order(progress.into()), position))
        }
        Topic::Checkout(shopper) => {
            let position = shop.levels().position();
            Ok((State::Checkout(shop.held_for(*shopper)), position))
        }
        Topic::OwnCheckout => {
            let position = shop.levels().position();
            Ok((State::OwnCheckout(shop.own_hold(visitor.shopper)), position))
        }
        Topic::Delivery => {
            let position = shop.levels().position();
            Ok((State::Delivery(shop.delivery_terms()), position))
        }
        Topic::Inventory => {
            let skus = shop.skus();
            let (changed, position) = shop.levels().changed_after(after, skus.iter());
            let levels = changed
                .into_iter()
                .map(|(sku, level)| SkuLevel {
                    sku: sku.clone(),
                    level,
                })
                .collect();
            Ok((State::Inventory { levels }, position))
        }
        Topic::Events => {
            let (events, position) = shop.events_after(after, STREAM).await?;
            Ok((State::Events { events }, position))
        }
        Topic::EventsOf(query) => {
            let (events, position) = shop.events_matching_after(query, after, STREAM).await?;
            Ok((State::Events { events }, position))
        }
        Topic::Consumers => {
            let roster = services::roster(&ShopSettings::default(), None);
            let (consumers, position) = shop.consumers_now(&roster).await?;
            Ok((State::Consumers { consumers }, position))
        }
        Topic::Orders => {
            let (news, position) = shop.desk_news_after(after).await?;
            Ok((State::Orders(news), position))
        }
        Topic::Desk(id) => {
            let (version, position) = shop.order_version(*id).await?;
            Ok((State::Desk { version }, position))
        }
        Topic::Present(id) => {
            let staff = shop.presence().of(*id);
            Ok((State::Present { staff }, shop.log().head()))
        }
        Topic::Alerts => {
            let news = alert_news(shop);
            Ok((State::Alerts(news), news.version))
        }
        Topic::Purchasing => {
            let version = shop.purchasing_position();
            Ok((State::Purchasing { version }, version))
        }
        Topic::Ledger(sku) => {
            let version = shop.ledger_version(sku);
            Ok((State::Ledger { version }, version))
        }
        Topic::Audit => {
            let version = shop.acts_position();
            Ok((State::Audit { version }, version))
        }
        Topic::Shelves => {
            let version = shop.shelves_position();
            Ok((State::Shelves { version }, version))
        }
        Topic::Products => {
            let version = shop.products_position();
            Ok((State::Products { version }, version))
        }
        Topic::Restock => {
            let version = shop.levels().position();
            Ok((State::Restock { version }, version))
        }
        Topic::Sales => {
            let version = shop.levels().position();
            Ok((State::Sales { version }, version))
        }
    }
}
