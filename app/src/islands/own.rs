//! What the own checkout holds, on the pages of the shelves. These are the same for everybody, so the page
//! does not know whose it is: the socket does. Only who has a cart asks, as nobody else holds anything.

use leptos::prelude::*;
use types::reservation::OwnHold;

/// Where a page that was rendered for who holds something says what that is.
pub const OWN: &str = "data-own";

/// What the own checkout holds of what the page shows, `position` being the page's.
#[cfg(not(feature = "hydrate"))]
pub fn own_hold(position: u64) -> Signal<OwnHold> {
    let _ = position;
    #[cfg(feature = "ssr")]
    return Signal::stored(of_visitor());
    #[cfg(not(feature = "ssr"))]
    Signal::stored(OwnHold::default())
}

/// What the checkout of who asks holds.
#[cfg(feature = "ssr")]
pub fn of_visitor() -> OwnHold {
    let (shop, visitor) = (crate::api::shop(), crate::api::visitor());
    match visitor.is_new {
        true => OwnHold::default(),
        false => shop.own_hold(visitor.shopper),
    }
}

/// What the own checkout holds of what the page shows, `position` being the page's. It begins with what the
/// page was rendered with, however late an island wakes and whatever the socket has said by then.
#[cfg(feature = "hydrate")]
pub fn own_hold(position: u64) -> Signal<OwnHold> {
    let (rendered, newest) = browser::followed(position);
    let held = RwSignal::new(rendered);
    Effect::new(move |_| {
        let newest = newest.get();
        if held.with_untracked(|held| *held != newest) {
            held.set(newest);
        }
    });
    held.into()
}

#[cfg(feature = "hydrate")]
mod browser {
    use std::cell::RefCell;

    use leptos::prelude::*;
    use types::reservation::OwnHold;

    use super::OWN;
    use crate::islands::tab;
    use crate::live;

    /// As the page was rendered, and as it is now.
    type Followed = (OwnHold, ArcRwSignal<OwnHold>);

    thread_local! {
        /// All islands of a page share it.
        static FOLLOWED: RefCell<Option<Followed>> = const { RefCell::new(None) };
    }

    pub fn followed(position: u64) -> Followed {
        if let Some(followed) = FOLLOWED.with_borrow(Clone::clone) {
            return followed;
        }
        let rendered = rendered();
        let newest = ArcRwSignal::new(rendered.clone());
        let followed = (rendered.clone(), newest.clone());
        FOLLOWED.set(Some(followed.clone()));
        follow(rendered, newest, position);
        followed
    }

    /// Asks for what is held while there is a cart.
    fn follow(rendered: OwnHold, newest: ArcRwSignal<OwnHold>, position: u64) {
        let count = tab::cart_count(0);
        let held_at_first = !rendered.is_empty();
        let asks = Memo::new(move |_| held_at_first || count.get() > 0);
        Effect::new(move |before: Option<bool>| {
            let asks = asks.get();
            if !asks {
                newest.set(OwnHold::default());
                return asks;
            }
            if before == Some(false) {
                // With its first piece a browser gets its cookie.
                live::renew();
            }
            let news = live::own_hold(rendered.clone(), position);
            let newest = newest.clone();
            Effect::new(move |_| newest.set(news.get()));
            asks
        });
    }

    /// What the page was rendered with.
    fn rendered() -> OwnHold {
        let main = document().query_selector(&["[", OWN, "]"].concat());
        let own = main.ok().flatten().and_then(|main| main.get_attribute(OWN));
        let own = own.and_then(|own| serde_json::from_str(&own).ok());
        own.unwrap_or_default()
    }
}
