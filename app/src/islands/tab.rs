//! What the islands of a tab share besides the socket: the number of pieces in the cart, and the
//! announcements for screen readers. On the server requests share nothing.

#[cfg(not(feature = "hydrate"))]
use leptos::prelude::*;

#[cfg(feature = "hydrate")]
pub use browser::{announce, cart_count, cart_moved, in_turn, set_cart_count, spoken};

#[cfg(feature = "hydrate")]
mod browser {
    use std::cell::{Cell, RefCell};

    use leptos::LazyViewError;
    use leptos::prelude::*;
    use leptos::task::spawn_local;
    use wasm_bindgen::closure::Closure;
    use wasm_bindgen::{JsCast, JsValue};
    use web_sys::{Event, PageTransitionEvent, StorageEvent};

    use crate::api::cart::review_cart;

    /// Between two announcements, so that a busy shop does not talk over itself.
    const PAUSE_MS: i32 = 3_000;
    /// Where the count is kept, so that other tabs hear of a change and an old page notices that it
    /// is one.
    const COUNT_KEY: &str = "vitrine-cart-count";

    thread_local! {
        static MOVED: ArcRwSignal<u32> = ArcRwSignal::new(0);
        static COUNT: RefCell<Option<ArcRwSignal<u32>>> = const { RefCell::new(None) };
        static SPOKEN: ArcRwSignal<String> = ArcRwSignal::new(String::new());
        static NEXT: RefCell<Option<String>> = const { RefCell::new(None) };
        static PAUSING: Cell<bool> = const { Cell::new(false) };
    }

    /// Pieces in the cart; `rendered` is what the server said.
    pub fn cart_count(rendered: u32) -> RwSignal<u32> {
        if let Some(count) = COUNT.with_borrow(Clone::clone) {
            return count.into();
        }
        let count = ArcRwSignal::new(rendered);
        COUNT.set(Some(count.clone()));
        // The page may have been fetched before the last change, or the change made without script:
        // where the two disagree the server is asked.
        if stored().unwrap_or_default() != rendered {
            look_again();
        }
        on_window("storage", |event| {
            let event: StorageEvent = event.unchecked_into();
            // No key: everything was cleared.
            if event.key().is_none_or(|key| key == COUNT_KEY) {
                show(stored().unwrap_or_default());
                MOVED.with(|moved| moved.update(|moved| *moved += 1));
            }
        });
        // A page that was kept for the way back has heard nothing meanwhile.
        on_window("pageshow", |event| {
            if event.unchecked_into::<PageTransitionEvent>().persisted() {
                look_again();
            }
        });
        count.into()
    }

    fn on_window(name: &str, act: impl FnMut(Event) + 'static) {
        let act = Closure::<dyn FnMut(Event)>::new(act);
        let _ = window().add_event_listener_with_callback(name, act.as_ref().unchecked_ref());
        // Lives as long as the page.
        act.forget();
    }

    /// Asks the server how many pieces there are. An answer that does not come changes nothing.
    fn look_again() {
        MOVED.with(|moved| moved.update(|moved| *moved += 1));
        spawn_local(async {
            if let Ok(Some(pieces)) = pieces_at_the_server().await {
                if stored() != Some(pieces) {
                    store(pieces);
                }
                show(pieces);
            }
        });
    }

    /// In a chunk of its own: few pages ever ask, and what it takes to ask is heavy.
    #[lazy(fallible)]
    async fn pieces_at_the_server() -> Result<Option<u32>, LazyViewError> {
        Ok(review_cart().await.ok().map(|cart| cart.count()))
    }

    fn show(pieces: u32) {
        if let Some(count) = COUNT.with_borrow(Clone::clone)
            && count.get_untracked() != pieces
        {
            count.set(pieces);
        }
    }

    /// Moves when the cart may have changed elsewhere: in another tab, or while this page was away.
    pub fn cart_moved() -> ReadSignal<u32> {
        MOVED.with(ArcRwSignal::read_only).into()
    }

    /// Runs `work` when no other tab of this browser runs its own. Two tabs that put their first
    /// pieces into the cart at once would else be taken for two shoppers.
    pub fn in_turn(work: impl Future<Output = ()> + 'static) {
        let navigator = window().navigator();
        let locks = js_sys::Reflect::get(&navigator, &"locks".into()).unwrap_or_default();
        let request = js_sys::Reflect::get(&locks, &"request".into());
        let request = request
            .ok()
            .and_then(|r| r.dyn_into::<js_sys::Function>().ok());
        // Browsers have locks on https and on this very machine only.
        let Some(request) = request else {
            return spawn_local(work);
        };
        let mut work = Some(work);
        let held = Closure::once_into_js(move || {
            js_sys::Promise::new(&mut |done, _| {
                if let Some(work) = work.take() {
                    spawn_local(async move {
                        work.await;
                        let _ = done.call0(&JsValue::UNDEFINED);
                    });
                }
            })
        });
        let _ = request.call2(&locks, &"vitrine-first-piece".into(), &held);
    }

    /// A command has answered with a new cart.
    pub fn set_cart_count(pieces: u32) {
        store(pieces);
        show(pieces);
    }

    // A browser may forbid storage; then each page shows what it was rendered with.
    fn store(pieces: u32) {
        if let Ok(Some(storage)) = window().local_storage() {
            // With the time: as many pieces as before may be other pieces, and no tab hears of a
            // value that stays the same.
            let value = format!("{pieces} {}", js_sys::Date::now());
            let _ = storage.set_item(COUNT_KEY, &value);
        }
    }

    fn stored() -> Option<u32> {
        let value = window().local_storage().ok()??.get_item(COUNT_KEY).ok()??;
        value.split(' ').next()?.parse().ok()
    }

    /// What the polite live region says.
    pub fn spoken() -> ReadSignal<String> {
        SPOKEN.with(ArcRwSignal::read_only).into()
    }

    /// Says `text` politely: at once when it has been quiet, else after the pause, and then only
    /// the latest.
    pub fn announce(text: String) {
        if PAUSING.replace(true) {
            NEXT.set(Some(text));
            return;
        }
        SPOKEN.with(|spoken| spoken.set(text));
        let act = Closure::once_into_js(|| {
            PAUSING.set(false);
            if let Some(next) = NEXT.take() {
                announce(next);
            }
        });
        let _ = window()
            .set_timeout_with_callback_and_timeout_and_arguments_0(act.unchecked_ref(), PAUSE_MS);
    }
}

/// Pieces in the cart; `rendered` is what the server said.
#[cfg(not(feature = "hydrate"))]
pub fn cart_count(rendered: u32) -> RwSignal<u32> {
    RwSignal::new(rendered)
}

/// Nothing moves on the server.
#[cfg(not(feature = "hydrate"))]
pub fn cart_moved() -> ReadSignal<u32> {
    RwSignal::new(0).read_only()
}

/// Nobody presses anything on the server.
#[cfg(not(feature = "hydrate"))]
pub fn in_turn(_work: impl Future<Output = ()> + 'static) {}

/// Nothing changes on the server after it has answered.
#[cfg(not(feature = "hydrate"))]
pub fn set_cart_count(_pieces: u32) {}

/// What the polite live region says: nothing yet.
#[cfg(not(feature = "hydrate"))]
pub fn spoken() -> ReadSignal<String> {
    RwSignal::new(String::new()).read_only()
}

/// Nobody listens on the server.
#[cfg(not(feature = "hydrate"))]
pub fn announce(_text: String) {}
