//! How long the checkout holds its pieces: asked for when the page opens, counted down, put off with one
//! press, and told when it has ended.

use leptos::html;
use leptos::prelude::*;
use types::cart::Cart;
use types::reservation::Held;
use types::{Problem, ShopperId};

use super::countdown::minutes;
#[cfg(feature = "hydrate")]
use super::tab;
use crate::live;

/// From so many seconds before the end on there is a button that puts it off. WCAG 2.2.1 asks for 20 at
/// least.
const WARNING: i64 = 90;

/// What the checkout holds, and how its page asks for it.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "hydrate"), allow(dead_code))]
pub struct Hold {
    /// As the server last said.
    pub held: RwSignal<Held>,
    cart: RwSignal<Cart>,
    /// Seconds left, once the page counts them.
    left: RwSignal<Option<i64>>,
    /// Whether anything was held on this page.
    had: RwSignal<bool>,
    asking: RwSignal<bool>,
    /// Whether the server has held what it could.
    answered: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
    /// The order is placed: nothing is held for the checkout any more.
    is_done: Signal<bool>,
}

impl Hold {
    /// `is_done` says that the order is placed or being placed.
    pub fn new(shopper: ShopperId, cart: RwSignal<Cart>, is_done: Signal<bool>) -> Self {
        let (held, position) = cart.with_untracked(|cart| (cart.held.clone(), cart.position));
        let news = live::checkout(shopper, held.clone(), position);
        let hold = Self {
            had: RwSignal::new(!held.is_empty()),
            held: RwSignal::new(held),
            cart,
            left: RwSignal::new(None),
            asking: RwSignal::new(false),
            answered: RwSignal::new(false),
            problem: RwSignal::new(None),
            is_done,
        };
        Effect::new(move |before: Option<()>| {
            let news = news.get();
            if before.is_some() {
                hold.hears(news);
            }
        });
        hold.count_down();
        hold.begin();
        hold
    }

    /// What the server says is held. A page that is open holds on, whatever another tab has closed.
    fn hears(self, held: Held) {
        let is_left = held.is_left;
        self.had.update(|had| *had |= !held.is_empty());
        self.held.set(held);
        if is_left {
            self.ask();
        }
    }

    fn is_held(self) -> bool {
        !self.held.with(Held::is_empty)
    }

    /// It was held, and is no more.
    fn has_ended(self) -> bool {
        self.had.get() && !self.is_held() && !self.is_done.get()
    }

    /// Pieces of the cart that are not held though they were asked for: others have them.
    fn sold_out(self) -> u32 {
        let held = self.held.get();
        self.cart.with(|cart| {
            Cart {
                held,
                ..cart.clone()
            }
            .not_held()
        })
    }

    fn is_ending(self) -> bool {
        self.is_held() && self.left.get().is_some_and(|left| left <= WARNING)
    }

    fn can_extend(self) -> bool {
        self.is_ending() && self.held.with(|held| held.extensions_left > 0)
    }

    #[cfg(not(feature = "hydrate"))]
    fn begin(self) {}

    /// Asks as soon as somebody sees the page, and says so when it is closed.
    #[cfg(feature = "hydrate")]
    fn begin(self) {
        use leptos::ev;

        Effect::new(move |_| self.ask());
        // Opened in the background, or made ready by the browser before anybody wanted it.
        let seen = window_event_listener_untyped("visibilitychange", move |_| {
            if !self.is_held() && !self.has_ended() {
                self.ask();
            }
        });
        let closed = window_event_listener(ev::pagehide, move |_| {
            if !self.is_done.get_untracked() && !self.held.with_untracked(Held::is_empty) {
                let form = web_sys::UrlSearchParams::new().ok();
                let beacon = window().navigator();
                let _ = beacon
                    .send_beacon_with_opt_url_search_params("/api/leave_checkout", form.as_ref());
            }
        });
        on_cleanup(move || {
            seen.remove();
            closed.remove();
        });
    }

    #[cfg(not(feature = "hydrate"))]
    pub fn ask(self) {}

    /// Asks the server to hold what is in the cart by now.
    #[cfg(feature = "hydrate")]
    pub fn ask(self) {
        let is_seen = document().visibility_state() == web_sys::VisibilityState::Visible;
        if !is_seen || self.is_done.get_untracked() || self.asking.get_untracked() {
            return;
        }
        self.asking.set(true);
        leptos::task::spawn_local(async move {
            match crate::api::checkout::hold_cart().await {
                // Another tab has ordered it, or emptied it.
                Ok(cart) if cart.is_empty() => {
                    if !self.is_done.get_untracked() {
                        let _ = window().location().reload();
                    }
                }
                Ok(cart) => {
                    self.problem.set(None);
                    self.answered.set(true);
                    self.hears(Held {
                        is_left: false,
                        ..cart.held.clone()
                    });
                    self.cart.set(cart);
                }
                Err(error) => self.problem.set(Some(error.0)),
            }
            self.asking.set(false);
        });
    }

    #[cfg(not(feature = "hydrate"))]
    fn extend(self) {}

    #[cfg(feature = "hydrate")]
    fn extend(self) {
        if self.asking.get_untracked() {
            return;
        }
        self.asking.set(true);
        leptos::task::spawn_local(async move {
            match crate::api::checkout::extend_hold().await {
                Ok(held) => {
                    self.problem.set(None);
                    self.hears(held);
                    tab::announce("Your pieces are held longer.".to_owned());
                }
                Err(error) => self.problem.set(Some(error.0)),
            }
            self.asking.set(false);
        });
    }

    #[cfg(not(feature = "hydrate"))]
    fn count_down(self) {}

    /// By the time that has passed since the server said how long it is: no clock that anybody can set.
    #[cfg(feature = "hydrate")]
    fn count_down(self) {
        let passed_ms = || {
            let performance = window().performance();
            performance.map_or(0.0, |performance| performance.now())
        };
        let ends_ms = RwSignal::new(0.0);
        let tick = move || {
            let left_ms = (ends_ms.get_untracked() - passed_ms()).max(0.0);
            let left = (left_ms / 1_000.0) as i64;
            let left = (!self.held.with_untracked(Held::is_empty)).then_some(left);
            if self.left.get_untracked() != left {
                self.left.set(left);
            }
        };
        Effect::new(move |_| {
            let left_us = self.held.with(|held| held.left_us);
            ends_ms.set(passed_ms() + left_us as f64 / 1_000.0);
            tick();
        });
        if let Ok(timer) = set_interval(tick, std::time::Duration::from_millis(500)) {
            on_cleanup(move || timer.clear());
        }
        // Read out once, not each second.
        Effect::new(move |before: Option<bool>| {
            let ending = self.is_ending();
            if ending && before == Some(false) {
                tab::announce("Your pieces are held for little longer.".to_owned());
            }
            ending
        });
        Effect::new(move |before: Option<bool>| {
            let ended = self.has_ended();
            if ended && before == Some(false) {
                tab::announce("Your pieces are not held any more.".to_owned());
            }
            ended
        });
    }
}

/// Its place is kept whatever it says: nothing below moves while somebody types.
#[component]
pub fn HoldNote(hold: Hold, now_left_us: i64, awake: RwSignal<bool>) -> impl IntoView {
    let note = NodeRef::<html::P>::new();
    let words = move || {
        if let Some(problem) = hold.problem.get() {
            return problem.detail;
        }
        if hold.has_ended() {
            let can_be_had = hold
                .cart
                .with(|cart| cart.lines.iter().any(|it| it.available > 0));
            let words = match can_be_had {
                true => "Your pieces are not held any more.",
                false => "Your pieces are not held any more, and sold out by now.",
            };
            return words.to_owned();
        }
        match (hold.left.get(), hold.answered.get()) {
            (Some(left), true) if hold.sold_out() > 0 => {
                let held = ["Held for you for ", &minutes(left)].concat();
                [&held, ", but for what is sold out by now."].concat()
            }
            (Some(left), _) => ["Held for you for ", &minutes(left)].concat(),
            (None, true) => "Sold out by now: nothing is held for you.".to_owned(),
            (None, false) => "Your pieces are being held for you…".to_owned(),
        }
    };
    let button = move || match (hold.has_ended(), hold.can_extend()) {
        (true, _) => Some("Hold them again"),
        (false, true) => Some("Hold them longer"),
        (false, false) => None,
    };
    let press = move |_| {
        match hold.has_ended() {
            true => hold.ask(),
            false => hold.extend(),
        }
        // The button goes with what it was for.
        if let Some(note) = note.get_untracked() {
            let _ = note.focus();
        }
    };
    let is_held = hold.held.with_untracked(|held| !held.is_empty());
    let can_be_had = hold
        .cart
        .with_untracked(|cart| cart.lines.iter().any(|line| line.available > 0));
    let is_short = hold
        .cart
        .with_untracked(|cart| cart.lines.iter().any(|it| !it.is_covered()));
    view! {
        <div class="checkout-hold awakening" data-awake=move || awake.get().then_some("")>
            <div class="checkout-hold__state when-awake with-script" data-urgent=move || {
                (hold.is_ending() || hold.has_ended()).then_some("")
            }>
                <p class="checkout-hold__words" tabindex="-1" node_ref=note>
                    <span class="numbers" role="timer">{words}</span>
                </p>
                {move || button().map(|label| view! {
                    <button class="button button--quiet" type="button" on:click=press>{label}</button>
                })}
            </div>
            <form
                class="checkout-hold__state until-awake"
                method="post"
                action=if is_held { "/api/extend_hold" } else { "/api/hold_cart" }
            >
                <p class="checkout-hold__words">
                    {match (is_held, is_short) {
                        (true, false) => format!("Held for you for about {}.", about(now_left_us)),
                        (true, true) => format!(
                            "Held for you for about {}, but for what is sold out by now.",
                            about(now_left_us)
                        ),
                        (false, _) if !can_be_had => {
                            "Sold out by now: nothing can be held for you.".to_owned()
                        }
                        (false, _) => "Your pieces are not held yet.".to_owned(),
                    }}
                </p>
                {(is_held || can_be_had).then(|| view! {
                    <button class="button button--quiet">
                        {if is_held { "Hold them longer" } else { "Hold them while I order" }}
                    </button>
                })}
            </form>
        </div>
    }
}

/// `9 minutes`
fn about(left_us: i64) -> String {
    match (left_us / 60_000_000).max(0) {
        0 => "a minute".to_owned(),
        1 => "1 minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}
