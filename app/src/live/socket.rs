//! The tab's socket: opened when something is first followed, kept open, and opened anew whenever
//! it breaks, falls silent, or the page comes back from sleep.

use std::cell::RefCell;
use std::collections::HashMap;

use leptos::prelude::*;
use types::admin::{EventRow, Level};
use types::live::{
    BEAT_SECONDS, ClientMessage, PATH, ProductStock, ServerMessage, SkuLevel, State, Topic,
};
use types::order::Progress;
use types::{OrderId, Sku, Slug};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, MessageEvent, PageTransitionEvent, VisibilityState, WebSocket};

use super::Connection;
use super::book::{self, Book};

/// How often to look whether the socket has fallen silent.
const WATCH_MS: i32 = 5_000;
/// Silence after which the socket counts as dead.
const SILENCE_MS: f64 = 2_000.0 * BEAT_SECONDS as f64;

thread_local! {
    static TAB: RefCell<Option<Tab>> = const { RefCell::new(None) };
}

/// All of the tab's live state.
struct Tab {
    book: Book,
    products: HashMap<Slug, ArcRwSignal<ProductStock>>,
    orders: HashMap<OrderId, ArcRwSignal<Progress>>,
    inventory: HashMap<Sku, ArcRwSignal<Level>>,
    events: ArcRwSignal<Vec<EventRow>>,
    connection: ArcRwSignal<Connection>,
    socket: Option<WebSocket>,
    /// When the server was last heard, in milliseconds.
    heard: f64,
    /// Tries since the last success.
    attempt: u32,
    retry: Option<i32>,
    /// Something was followed and the next tick will say so.
    asking: bool,
    on_open: Closure<dyn FnMut()>,
    on_message: Closure<dyn FnMut(MessageEvent)>,
    on_close: Closure<dyn FnMut()>,
}

impl Tab {
    fn new() -> Self {
        Self {
            book: Book::default(),
            products: HashMap::new(),
            orders: HashMap::new(),
            inventory: HashMap::new(),
            events: ArcRwSignal::new(Vec::new()),
            connection: ArcRwSignal::new(Connection::Connecting),
            socket: None,
            heard: 0.0,
            attempt: 0,
            retry: None,
            asking: false,
            on_open: Closure::new(opened),
            on_message: Closure::new(|event: MessageEvent| heard(&event)),
            on_close: Closure::new(closed),
        }
    }

    /// Lets go of the socket; its later events are nobody's business any more.
    fn drop_socket(&mut self) {
        if let Some(socket) = self.socket.take() {
            socket.set_onopen(None);
            socket.set_onmessage(None);
            socket.set_onclose(None);
            let _ = socket.close();
        }
        if let Some(retry) = self.retry.take() {
            window().clear_timeout_with_handle(retry);
        }
        self.book.disconnected();
    }

    /// Says what has not been said on this connection.
    fn ask(&mut self) {
        if let Some(socket) = &self.socket
            && socket.ready_state() == WebSocket::OPEN
        {
            for message in self.book.ask() {
                say(socket, &message);
            }
        }
    }
}

fn say(socket: &WebSocket, message: &ClientMessage) {
    if let Ok(text) = serde_json::to_string(message) {
        // A socket that broke in this very moment reports that by its close event.
        let _ = socket.send_with_str(&text);
    }
}

/// Borrows the tab's state, making it on first use. No signal may be set inside: whoever reads it
/// may come back here.
fn with_tab<T>(act: impl FnOnce(&mut Tab) -> T) -> T {
    let (result, first) = TAB.with_borrow_mut(|tab| {
        let first = tab.is_none();
        (act(tab.get_or_insert_with(Tab::new)), first)
    });
    if first {
        watch();
    }
    result
}

pub fn follow_product(slug: Slug, initial: ProductStock, at: u64) -> ArcReadSignal<ProductStock> {
    let (signal, news) = with_tab(|tab| {
        let newer = tab.book.follow(Topic::Product(slug.clone()), at);
        match tab.products.get(&slug) {
            Some(known) => (known.clone(), newer.then_some(initial)),
            None => {
                let signal = ArcRwSignal::new(initial);
                tab.products.insert(slug, signal.clone());
                (signal, None)
            }
        }
    });
    if let Some(initial) = news {
        signal.update(|stock| book::merge_stock(stock, initial));
    }
    ask_soon();
    signal.read_only()
}

pub fn follow_order(id: OrderId, initial: Progress, at: u64) -> ArcReadSignal<Progress> {
    let signal = with_tab(|tab| {
        tab.book.follow(Topic::Order(id), at);
        tab.orders
            .entry(id)
            .or_insert_with(|| ArcRwSignal::new(initial))
            .clone()
    });
    ask_soon();
    signal.read_only()
}

pub fn follow_inventory(initial: Vec<SkuLevel>, at: u64) -> HashMap<Sku, ArcRwSignal<Level>> {
    let levels = with_tab(|tab| {
        tab.book.follow(Topic::Inventory, at);
        for row in initial {
            tab.inventory
                .entry(row.sku)
                .or_insert_with(|| ArcRwSignal::new(row.level));
        }
        tab.inventory.clone()
    });
    ask_soon();
    levels
}

pub fn follow_events(initial: Vec<EventRow>, at: u64) -> ArcReadSignal<Vec<EventRow>> {
    let signal = with_tab(|tab| {
        tab.book.follow(Topic::Events, at);
        tab.events.clone()
    });
    signal.update(|events| book::merge_events(events, initial));
    ask_soon();
    signal.read_only()
}

pub fn connection() -> ArcReadSignal<Connection> {
    ask_soon();
    with_tab(|tab| tab.connection.read_only())
}

/// All islands of a page wake in one turn of the event loop; what they follow is said at its end.
fn ask_soon() {
    if with_tab(|tab| std::mem::replace(&mut tab.asking, true)) {
        return;
    }
    after(0, || {
        let connected = with_tab(|tab| {
            tab.asking = false;
            tab.ask();
            tab.socket.is_some() || tab.retry.is_some()
        });
        if !connected {
            connect();
        }
    });
}

/// Opens the socket, in place of the one there may be.
fn connect() {
    if !window().navigator().on_line() {
        with_tab(Tab::drop_socket);
        show(Connection::Offline);
        return;
    }
    let opening = with_tab(|tab| {
        tab.drop_socket();
        // A handshake that hangs is noticed like any other silence.
        tab.heard = js_sys::Date::now();
        // A relative address is resolved against the page's and keeps its security.
        let socket = address().and_then(|address| WebSocket::new(&address).ok())?;
        socket.set_onopen(Some(tab.on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(tab.on_message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(tab.on_close.as_ref().unchecked_ref()));
        tab.socket = Some(socket);
        Some(())
    });
    if opening.is_none() {
        retry();
    }
}

/// The socket's absolute address: not every browser in use takes a relative one.
fn address() -> Option<String> {
    let location = window().location();
    let secure = location.protocol().ok()? == "https:";
    let scheme = if secure { "wss://" } else { "ws://" };
    Some([scheme, location.host().ok()?.as_str(), PATH].concat())
}

fn opened() {
    with_tab(|tab| {
        tab.heard = js_sys::Date::now();
        tab.ask();
    });
    show(Connection::Live);
}

fn closed() {
    with_tab(Tab::drop_socket);
    retry();
}

/// Tries again later; at once is what `connect` is for.
fn retry() {
    if !window().navigator().on_line() {
        // The `online` event will wake us.
        show(Connection::Offline);
        return;
    }
    show(Connection::Reconnecting);
    with_tab(|tab| {
        let delay = book::retry_delay_ms(tab.attempt, js_sys::Math::random());
        tab.attempt = tab.attempt.saturating_add(1);
        tab.retry = after(delay, connect);
    });
}

fn show(connection: Connection) {
    let signal = with_tab(|tab| tab.connection.clone());
    if signal.get_untracked() != connection {
        signal.set(connection);
    }
}

/// Takes in one message.
fn heard(event: &MessageEvent) {
    with_tab(|tab| {
        tab.heard = js_sys::Date::now();
        // Only a server that speaks counts as a success: one that closes at once does not.
        tab.attempt = 0;
    });
    let Some(text) = event.data().as_string() else {
        return;
    };
    let Ok(message) = serde_json::from_str(&text) else {
        return;
    };
    match message {
        ServerMessage::Snapshot {
            topic,
            position,
            state,
        } => take(&topic, position, state, true),
        ServerMessage::Change {
            topic,
            position,
            state,
        } => take(&topic, position, state, false),
        ServerMessage::Beat { position } => with_tab(|tab| tab.book.beat(position)),
        ServerMessage::Error { .. } => {}
    }
}

/// Shows a state unless something newer is shown.
fn take(topic: &Topic, position: u64, state: State, snapshot: bool) {
    if !with_tab(|tab| tab.book.news(topic, position, snapshot)) {
        return;
    }
    match (topic, state) {
        (Topic::Product(slug), State::Product(news)) => {
            if let Some(stock) = with_tab(|tab| tab.products.get(slug).cloned()) {
                stock.update(|stock| book::merge_stock(stock, news));
            }
        }
        (Topic::Order(id), State::Order(news)) => {
            if let Some(progress) = with_tab(|tab| tab.orders.get(id).cloned()) {
                progress.update(|progress| progress.merge(&news));
            }
        }
        (Topic::Inventory, State::Inventory { levels }) => {
            for row in levels {
                let signal = with_tab(|tab| tab.inventory.get(&row.sku).cloned());
                if let Some(signal) = signal
                    && signal.with_untracked(|known| known.position <= row.level.position)
                {
                    signal.set(row.level);
                }
            }
        }
        (Topic::Events, State::Events { events: news }) => {
            let events = with_tab(|tab| tab.events.clone());
            events.update(|events| book::merge_events(events, news));
        }
        // A state of another kind than its topic: a newer server than this page. Leave it.
        _ => {}
    }
}

/// Whether the socket should be there and has said nothing for too long.
fn is_silent(tab: &Tab) -> bool {
    tab.socket.is_some() && js_sys::Date::now() - tab.heard > SILENCE_MS
}

/// Everything that can break a socket without a word, once per tab.
fn watch() {
    let look = Closure::<dyn FnMut()>::new(|| {
        if with_tab(|tab| is_silent(tab)) {
            show(Connection::Reconnecting);
            connect();
        }
    });
    let _ = window().set_interval_with_callback_and_timeout_and_arguments_0(
        look.as_ref().unchecked_ref(),
        WATCH_MS,
    );
    look.forget();
    on_window("online", |_| connect());
    on_window("offline", |_| {
        with_tab(Tab::drop_socket);
        show(Connection::Offline);
    });
    // A page with an open socket is not kept for the way back; without one it is.
    on_window("pagehide", |_| with_tab(Tab::drop_socket));
    on_window("pageshow", |event| {
        if event.unchecked_ref::<PageTransitionEvent>().persisted() {
            connect();
        }
    });
    let seen = Closure::<dyn FnMut()>::new(|| {
        // Timers sleep in a hidden tab, so it may come back to a dead socket or to a long wait.
        let visible = document().visibility_state() == VisibilityState::Visible;
        if visible && with_tab(|tab| is_silent(tab) || tab.retry.is_some()) {
            connect();
        }
    });
    let _ = document()
        .add_event_listener_with_callback("visibilitychange", seen.as_ref().unchecked_ref());
    seen.forget();
}

fn on_window(name: &str, act: impl FnMut(Event) + 'static) {
    let act = Closure::<dyn FnMut(Event)>::new(act);
    let _ = window().add_event_listener_with_callback(name, act.as_ref().unchecked_ref());
    // Lives as long as the page.
    act.forget();
}

/// A timer that outlives the island that happened to start it; those of leptos belong to the
/// reactive scope they are set in.
fn after(delay_ms: u32, act: fn()) -> Option<i32> {
    let act = Closure::once_into_js(act);
    let delay = i32::try_from(delay_ms).unwrap_or(i32::MAX);
    window()
        .set_timeout_with_callback_and_timeout_and_arguments_0(act.unchecked_ref(), delay)
        .ok()
}
