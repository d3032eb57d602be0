//! The tab's socket: opened when something is first followed, kept open, and opened anew whenever
//! it breaks, falls silent, or the page comes back from sleep.
//!
//! It knows nothing of what it carries: whoever follows a topic says how its state is read and taken
//! in. So the code for orders and for staff stays with the pages that show them.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use leptos::prelude::*;
use serde::de::DeserializeOwned;
use types::live::{BEAT_SECONDS, ClientMessage, PATH, Topic};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, MessageEvent, PageTransitionEvent, VisibilityState, WebSocket};

use super::book::{self, Book, Heard};
use super::connection::Connection;

/// How often to look whether the socket has fallen silent.
const WATCH_MS: i32 = 5_000;
/// Between two tries that somebody's action sets off.
const HASTE_MS: f64 = 1_000.0;
/// How long a connection may be lost before the page says so.
const PATIENCE_MS: u32 = 3_000;
/// Silence after which the socket counts as dead.
const SILENCE_MS: f64 = 2_000.0 * BEAT_SECONDS as f64;

/// Marks the document while what it shows may be old.
const STALE: &str = "data-stale";

thread_local! {
    static TAB: RefCell<Option<Tab>> = const { RefCell::new(None) };
}

/// Takes in a topic's news, as JSON.
type Take = Rc<dyn Fn(&str)>;

/// A followed topic.
struct Followed {
    /// What all followers share: a signal, or a map of them.
    state: Box<dyn Any>,
    take: Take,
}

/// All of the tab's live state.
struct Tab {
    book: Book,
    followed: HashMap<Topic, Followed>,
    connection: ArcRwSignal<Connection>,
    stale: ArcRwSignal<Option<f64>>,
    /// Whether what is for staff is told no more.
    signed_out: ArcRwSignal<bool>,
    /// Set while a connection that was lost may still come back unnoticed.
    patience: Option<i32>,
    socket: Option<WebSocket>,
    /// When the server was last heard or tried, in milliseconds.
    heard: f64,
    /// Until when all that the page shows is known to be true, in milliseconds.
    told: f64,
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
            followed: HashMap::new(),
            connection: ArcRwSignal::new(Connection::Connecting),
            stale: ArcRwSignal::new(None),
            signed_out: ArcRwSignal::new(false),
            patience: None,
            socket: None,
            heard: 0.0,
            told: js_sys::Date::now(),
            attempt: 0,
            retry: None,
            asking: false,
            on_open: Closure::new(opened),
            on_message: Closure::new(|event: MessageEvent| heard(&event)),
            on_close: Closure::new(closed),
        }
    }

    /// Closes the socket; its later events are ignored.
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
        if self.open_socket().is_some() {
            for message in self.book.ask() {
                self.say(&message);
            }
        }
    }

    fn open_socket(&self) -> Option<&WebSocket> {
        let is_open = |socket: &&WebSocket| socket.ready_state() == WebSocket::OPEN;
        self.socket.as_ref().filter(is_open)
    }

    fn say(&self, message: &ClientMessage) {
        if let (Some(socket), Ok(text)) = (self.open_socket(), serde_json::to_string(message)) {
            // A socket that broke in this very moment reports that by its close event.
            let _ = socket.send_with_str(&text);
        }
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

/// Follows a topic whose whole state is one signal; `merge` takes news into it.
pub fn follow<T, N>(topic: Topic, initial: T, at: u64, merge: fn(&mut T, N)) -> ArcReadSignal<T>
where
    T: Clone + Send + Sync + 'static,
    N: DeserializeOwned + From<T> + 'static,
{
    let make = || {
        let signal = ArcRwSignal::new(initial.clone());
        let taking = signal.clone();
        let take = move |json: &str| {
            // What cannot be read is of a newer server than this page. Leave it.
            if let Ok(news) = serde_json::from_str(json) {
                taking.update(|state| merge(state, news));
            }
        };
        (signal, Rc::new(take) as Take)
    };
    let (signal, news) = follow_with(topic, at, make);
    if news {
        signal.update(|state| merge(state, initial.into()));
    }
    signal.read_only()
}

/// Follows a topic: `make` says what its followers share and how news gets into it. Also returns
/// whether what the caller was rendered with is news to those who follow already.
///
/// A follower belongs to the reactive scope of the moment; the last one to go ends it.
pub fn follow_with<S: Clone + 'static>(
    topic: Topic,
    at: u64,
    make: impl FnOnce() -> (S, Take),
) -> (S, bool) {
    let (known, newer) = with_tab(|tab| {
        let newer = tab.book.follow(topic.clone(), at);
        let followed = tab.followed.get(&topic);
        let known = followed.and_then(|followed| followed.state.downcast_ref::<S>().cloned());
        (known, newer)
    });
    let result = match known {
        Some(state) => (state, newer),
        None => {
            let (state, take) = make();
            let followed = Followed {
                state: Box::new(state.clone()),
                take,
            };
            with_tab(|tab| tab.followed.insert(topic.clone(), followed));
            (state, false)
        }
    };
    ask_soon();
    on_cleanup(move || unfollow(&topic));
    result
}

fn unfollow(topic: &Topic) {
    let gone = with_tab(|tab| {
        let asked = tab.book.unfollow(topic)?;
        if asked {
            tab.say(&ClientMessage::Unsubscribe {
                topics: vec![topic.clone()],
            });
        }
        tab.followed.remove(topic)
    });
    // Outside of the borrow: what it holds may end with other things that look here.
    drop(gone);
}

pub fn connection() -> ArcReadSignal<Connection> {
    ask_soon();
    with_tab(|tab| tab.connection.read_only())
}

/// Since when all that the page shows may be old, in milliseconds; `None` while it is known to be true, or
/// not heard of the server for a moment only.
pub fn stale_since() -> ArcReadSignal<Option<f64>> {
    ask_soon();
    with_tab(|tab| tab.stale.read_only())
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

/// Opens the socket anew where there is one. A first command has given the browser its cookie: the
/// connection from before belongs to nobody.
pub fn renew() {
    if with_tab(|tab| tab.socket.is_some()) {
        connect();
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
    // What the browser believes is told and not believed: behind a VPN or an odd driver it is wrong.
    show(match window().navigator().on_line() {
        true => Connection::Reconnecting,
        false => Connection::Offline,
    });
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
        match connection {
            Connection::Connecting | Connection::Live => show_stale(None),
            // Most are back before anybody could wonder.
            Connection::Reconnecting | Connection::Offline => with_tab(|tab| {
                if tab.patience.is_none() {
                    tab.patience = after(PATIENCE_MS, || {
                        show_stale(Some(with_tab(|tab| tab.told)));
                    });
                }
            }),
        }
    }
}

/// Numbers that may be old look it, wherever on the page they stand, and a note says since when.
fn show_stale(since: Option<f64>) {
    let signal = with_tab(|tab| {
        if let Some(patience) = tab.patience.take() {
            window().clear_timeout_with_handle(patience);
        }
        tab.stale.clone()
    });
    if let Some(root) = document().document_element() {
        let _ = match since {
            None => root.remove_attribute(STALE),
            Some(_) => root.set_attribute(STALE, ""),
        };
    }
    if signal.get_untracked() != since {
        signal.set(since);
    }
}

/// Takes in one message.
fn heard(event: &MessageEvent) {
    with_tab(|tab| {
        tab.heard = js_sys::Date::now();
        tab.told = tab.heard;
        // Only a server that speaks counts as a success: one that closes at once does not.
        tab.attempt = 0;
    });
    let Some(text) = event.data().as_string() else {
        return;
    };
    if let Some(log) = book::log_of(&text)
        && with_tab(|tab| tab.book.is_of_another_log(log))
    {
        begin_anew();
        return;
    }
    let mut out = None;
    let take = with_tab(|tab| match Heard::read(&text)? {
        Heard::Beat { position } => {
            tab.book.beat(position);
            None
        }
        Heard::Refused(topic) => {
            out = (topic == Topic::Alerts).then(|| tab.signed_out.clone());
            None
        }
        Heard::State {
            topic,
            position,
            snapshot,
            json,
        } => {
            let newer = tab.book.news(&topic, position, snapshot);
            let take = tab.followed.get(&topic).filter(|_| newer)?.take.clone();
            Some((take, json))
        }
    });
    if let Some((take, json)) = take {
        take(json);
    }
    if let Some(signed_out) = out {
        signed_out.set(true);
    }
}

/// Whether the server tells this tab nothing more of what every page of the admin follows: its session has ended.
pub fn signed_out() -> ArcReadSignal<bool> {
    with_tab(|tab| tab.signed_out.read_only())
}

/// A backup was restored under this page: what it shows may never have been.
fn begin_anew() {
    if with_tab(|tab| tab.book.follows_stock_only()) {
        with_tab(Tab::ask);
    } else {
        // Steps of an order and rows of the log are gathered; only the server can take some back.
        let _ = window().location().reload();
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
    on_window("offline", |_| closed());
    // Whoever does something does not wait for the next try.
    for action in ["pointerdown", "keydown"] {
        on_window(action, |_| {
            let soon = js_sys::Date::now() - HASTE_MS;
            if with_tab(|tab| tab.retry.is_some() && tab.heard < soon) {
                connect();
            }
        });
    }
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
