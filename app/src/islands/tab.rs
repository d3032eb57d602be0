//! What the islands of a tab share besides the socket: the number of pieces in the cart, and the
//! one voice that tells changes to those who listen. On the server requests share nothing.

#[cfg(not(feature = "hydrate"))]
use leptos::prelude::*;

#[cfg(feature = "hydrate")]
pub use browser::{announce, cart_count, set_cart_count, spoken};

#[cfg(feature = "hydrate")]
mod browser {
    use std::cell::{Cell, RefCell};

    use leptos::prelude::*;
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;

    /// Between two announcements, so that a busy shop does not talk over itself.
    const PAUSE_MS: i32 = 3_000;
    /// Where the count is kept for other tabs and for pages that come back from the cache.
    const COUNT_KEY: &str = "vitrine-cart-count";

    thread_local! {
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
        store(rendered);
        for event in ["storage", "pageshow"] {
            let count = count.clone();
            let refresh = Closure::<dyn FnMut()>::new(move || {
                if let Some(stored) = stored()
                    && stored != count.get_untracked()
                {
                    count.set(stored);
                }
            });
            let _ =
                window().add_event_listener_with_callback(event, refresh.as_ref().unchecked_ref());
            refresh.forget();
        }
        count.into()
    }

    /// A command has answered with a new cart.
    pub fn set_cart_count(pieces: u32) {
        store(pieces);
        if let Some(count) = COUNT.with_borrow(Clone::clone) {
            count.set(pieces);
        }
    }

    // A browser may forbid storage; then each page shows what it was rendered with.
    fn store(pieces: u32) {
        if let Ok(Some(storage)) = window().local_storage() {
            let _ = storage.set_item(COUNT_KEY, &pieces.to_string());
        }
    }

    fn stored() -> Option<u32> {
        window()
            .local_storage()
            .ok()??
            .get_item(COUNT_KEY)
            .ok()??
            .parse()
            .ok()
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
