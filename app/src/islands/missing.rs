//! What of a cart the stock of this moment does not cover: told right beside the button that would
//! order it.

use leptos::prelude::*;
use types::cart::{Cart, CartLine};
use types::live::{ProductStock, VariantStock};
use types::order::quantities_left;
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
    levels: RwSignal<Vec<(Sku, i64)>>,
    /// While the cart is being ordered: what goes meanwhile may be what it takes itself.
    is_held: Signal<bool>,
}

impl Stock {
    pub fn of(cart: &Cart, is_held: Signal<bool>) -> Self {
        Self {
            levels: RwSignal::new(cart.lines.iter().map(level).collect()),
            is_held,
        }
    }

    /// Follows the stock of a line from here on, unless it is held, and answers with it.
    pub fn follow(self, line: &CartLine, position: u64) -> Signal<i64> {
        let initial = ProductStock {
            available: line.available,
            variants: vec![VariantStock {
                sku: line.sku.clone(),
                available: line.available,
            }],
        };
        let stock = live::product(line.product.clone(), initial, position);
        let newest = live::variant(stock, line.sku.clone());
        let sku = line.sku.clone();
        Effect::new(move |_| {
            let newest = newest.get();
            if !self.is_held.get() {
                self.set(&sku, newest);
            }
        });
        let sku = line.sku.clone();
        Signal::derive(move || self.available(&sku))
    }

    fn available(self, sku: &Sku) -> i64 {
        self.levels.with(|levels| {
            let level = levels.iter().find(|(of, _)| of == sku);
            level.map_or(0, |(_, available)| *available)
        })
    }

    fn set(self, sku: &Sku, available: i64) {
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
        let left = self.levels.with(|levels| {
            let wanted = cart.lines.iter().map(|line| (&line.sku, line.quantity));
            let levels = levels.iter().map(|(sku, available)| (sku, *available));
            quantities_left(wanted, levels)
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

fn level(line: &CartLine) -> (Sku, i64) {
    (line.sku.clone(), line.available)
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
