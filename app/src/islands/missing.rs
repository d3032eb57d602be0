//! What of a cart the stock of this moment does not cover: told right beside the button that would
//! order it.

use leptos::prelude::*;
use types::cart::{Cart, CartLine};
use types::live::{ProductStock, VariantStock};
use types::order::quantities_left;
use types::reservation::Held;
use types::{Sku, Slug};

use super::tab;
use crate::live;

/// A line that cannot be had as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    pub title: String,
    pub variant: String,
    pub product: Slug,
    /// Pieces of it that can be had.
    pub left: u32,
}

/// What is available of the SKUs of a cart.
#[derive(Debug, Clone, Copy)]
pub struct Stock {
    /// What nobody holds; `None` of what is no longer sold, whoever holds it.
    levels: RwSignal<Vec<(Sku, Option<i64>)>>,
    /// What the own checkout holds.
    own: RwSignal<Held>,
    /// While the cart is being ordered: what goes meanwhile may be what it takes itself.
    is_frozen: Signal<bool>,
    /// Grows when a piece costs something else than its line says.
    repriced: RwSignal<u32>,
}

impl Stock {
    pub fn of(cart: &Cart, held: Signal<Held>, is_frozen: Signal<bool>) -> Self {
        let level = |line: &CartLine| (line.sku.clone(), unheld(line, &cart.held));
        let own = RwSignal::new(cart.held.clone());
        Effect::new(move |_| {
            let held = held.get();
            if !is_frozen.get() {
                own.set(held);
            }
        });
        Self {
            levels: RwSignal::new(cart.lines.iter().map(level).collect()),
            own,
            is_frozen,
            repriced: RwSignal::new(0),
        }
    }

    /// Moves when the cart is to be looked at again, as something in it costs something else.
    pub fn repriced(self) -> ReadSignal<u32> {
        self.repriced.read_only()
    }

    /// Follows the stock of a line from here on, unless it is held, and answers with it.
    pub fn follow(self, line: &CartLine, held: &Held, position: u64) -> Signal<i64> {
        let is_withdrawn = line.is_withdrawn;
        let available = unheld(line, held).unwrap_or(0);
        let initial = ProductStock {
            available,
            variants: vec![VariantStock {
                sku: line.sku.clone(),
                available,
                price_minor: None,
                is_withdrawn,
            }],
            tags: Vec::new(),
            is_withdrawn,
        };
        let stock = live::product(line.product.clone(), initial, position);
        let (sku, known) = (line.sku.clone(), line.unit_price.minor);
        let price = Memo::new(move |_| stock.with(|stock| live::price_minor(stock, &sku)));
        let sku = line.sku.clone();
        let withdrawn = Memo::new(move |_| stock.with(|stock| live::is_withdrawn(stock, &sku)));
        Effect::new(move |_| {
            if price.get().is_some_and(|price| price != known) || withdrawn.get() != is_withdrawn {
                self.repriced.update(|times| *times += 1);
            }
        });
        let newest = live::variant(stock, line.sku.clone());
        let sku = line.sku.clone();
        Effect::new(move |_| {
            let newest = (!withdrawn.get()).then(|| newest.get());
            if !self.is_frozen.get() {
                self.set(&sku, newest);
            }
        });
        let sku = line.sku.clone();
        Signal::derive(move || self.available(&sku))
    }

    fn available(self, sku: &Sku) -> i64 {
        let unheld = self.levels.with(|levels| {
            let level = levels.iter().find(|(of, _)| of == sku);
            level.and_then(|(_, available)| *available)
        });
        unheld.map_or(0, |unheld| {
            self.own.with(|own| unheld + i64::from(own.of(sku)))
        })
    }

    fn set(self, sku: &Sku, available: Option<i64>) {
        let is_known = self.levels.with_untracked(|levels| {
            levels
                .iter()
                .any(|(of, known)| of == sku && *known == available)
        });
        if is_known {
            return;
        }
        self.levels.update(|levels| {
            levels.retain(|(of, _)| of != sku);
            levels.push((sku.clone(), available));
        });
    }

    /// The lines that cannot be had, in their order. A cart may hold one SKU on several lines.
    pub fn missing(self, cart: &Cart) -> Vec<Missing> {
        let left = self.own.with(|own| {
            self.levels.with(|levels| {
                let wanted = cart.lines.iter().map(|line| (&line.sku, line.quantity));
                let level = |(sku, unheld): &'_ (Sku, Option<i64>)| {
                    unheld.map_or(0, |unheld| unheld + i64::from(own.of(sku)))
                };
                let levels = levels.iter().map(|known| (&known.0, level(known)));
                quantities_left(wanted, levels)
            })
        });
        let lines = cart.lines.iter().zip(left);
        lines
            .filter(|(line, left)| *left < line.quantity)
            .map(|(line, left)| Missing {
                title: line.title.clone(),
                variant: line.variant.clone(),
                product: line.product.clone(),
                left,
            })
            .collect()
    }
}

/// Of what a line can have, what nobody holds.
fn unheld(line: &CartLine, held: &Held) -> Option<i64> {
    (!line.is_withdrawn).then(|| line.available - i64::from(held.of(&line.sku)))
}

/// `sold out` or `only 2 left`
fn left(missing: &Missing) -> String {
    match missing.left {
        0 => "sold out".to_owned(),
        left => ["only ", &left.to_string(), " left"].concat(),
    }
}

/// Says what is missing, and reads it out when it becomes so. Stands below the button, so that the
/// button does not move away from the finger.
#[component]
pub fn MissingNote(missing: Memo<Vec<Missing>>) -> impl IntoView {
    Effect::new(move |before: Option<Vec<Missing>>| {
        let now = missing.get();
        if let Some(before) = before
            && let Some(news) = now.iter().find(|line| !before.contains(line))
        {
            tab::announce([news.title.as_str(), ": ", &left(news)].concat());
        }
        now
    });
    let line = |missing: Missing| {
        let left = left(&missing);
        let href = ["/p/", missing.product.as_str()].concat();
        view! {
            <li>
                {missing.title} ", " {missing.variant} ": " <strong>{left}</strong> ". "
                <a href=href>"Choose another"</a>
            </li>
        }
    };
    let is_short = Memo::new(move |_| !missing.with(Vec::is_empty));
    view! {
        <Show when=move || is_short.get()>
            <div class="notice notice--warn">
                <p class="notice__title">"Not everything is there any more"</p>
                <ul>{move || missing.get().into_iter().map(line).collect_view()}</ul>
            </div>
        </Show>
    }
}
