//! What a checkout holds: pieces that nobody else can order while a shopper types an address. One
//! reservation per shopper, whatever tabs are open; it ends by itself.

pub mod events;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::order::Shortage;
use types::{ShopperId, Sku};

use crate::event::{
    Event, ExtensionRefusal, Pieces, ReleasedBy, ReservationElapsed, ReservationExtended,
    ReservationExtensionRefused, ReservationHeld, ReservationReleased, ReservationRequested,
    ReservationShortened,
};
use crate::stock::{Shelf, listed, moved};

/// What the shop has set for all reservations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How long pieces are held, and how much longer with each extension, in microseconds.
    pub hold_us: i64,
    /// How long they stay held after the checkout was closed: long enough to load a page again.
    pub grace_us: i64,
    pub max_extensions: u32,
}

impl Rules {
    /// Rules for pieces that are held this long.
    pub const fn of_seconds(seconds: u32) -> Self {
        Self {
            hold_us: seconds as i64 * 1_000_000,
            grace_us: GRACE_US,
            max_extensions: MAX_EXTENSIONS,
        }
    }
}

/// A page takes a few seconds to load again on a phone.
const GRACE_US: i64 = 15 * 1_000_000;
/// WCAG 2.2.1 asks for ten at least: <https://www.w3.org/TR/WCAG22/#timing-adjustable>.
pub const MAX_EXTENSIONS: u32 = 10;

/// What a shopper's checkout holds. Empty before and after.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reservation {
    /// An entry per SKU.
    pub held: BTreeMap<Sku, u32>,
    /// Unix microseconds; 0 when nothing is held.
    pub until_us: i64,
    /// An earlier end, once the checkout was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_until_us: Option<i64>,
    pub extensions: u32,
}

impl Reservation {
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Pieces of a SKU that are held.
    pub fn of(&self, sku: &Sku) -> u32 {
        self.held.get(sku).copied().unwrap_or(0)
    }

    /// Pieces that are held in all.
    pub fn pieces(&self) -> u32 {
        self.held.values().sum()
    }

    /// When it ends by itself, unix microseconds; `None` when nothing is held.
    pub fn ends_us(&self) -> Option<i64> {
        let earlier = self.left_until_us.unwrap_or(i64::MAX);
        (!self.is_empty()).then(|| self.until_us.min(earlier))
    }

    /// Holds what a cart wants, as far as there is enough, and lets go what it wants no more. The end stays
    /// where it is while anything is held.
    pub fn hold(
        &self,
        shelf: &mut Shelf,
        asked: &ReservationRequested,
        at_us: i64,
        rules: &Rules,
    ) -> Event {
        let shopper_id = asked.shopper_id;
        let mut wanted: BTreeMap<&Sku, u32> = BTreeMap::new();
        for line in &asked.lines {
            let pieces = wanted.entry(&line.sku).or_default();
            *pieces = pieces.saturating_add(line.quantity);
        }
        let (mut held, mut short, mut moves) = (self.held.clone(), Vec::new(), Vec::new());
        for (sku, wanted) in wanted {
            let before = self.of(sku);
            let Some(stock) = shelf.get_mut(sku) else {
                continue;
            };
            let available = stock.available() + i64::from(before);
            let now = u32::try_from(available.clamp(0, i64::from(wanted))).unwrap_or(0);
            if now < wanted {
                short.push(Shortage {
                    sku: sku.clone(),
                    wanted,
                    available,
                });
            }
            match now {
                0 => held.remove(sku),
                now => held.insert(sku.clone(), now),
            };
            if now != before {
                stock.reserved = (stock.reserved + i64::from(now) - i64::from(before)).max(0);
                moves.push(moved(sku, now.abs_diff(before), *stock));
            }
        }
        if held.is_empty() && !self.is_empty() {
            return ReservationReleased {
                shopper_id,
                by: ReleasedBy::EmptyCart,
                moves,
            }
            .into();
        }
        let goes_on = self.ends_us().is_some_and(|ends_us| at_us < ends_us);
        let (until_us, extensions) = match goes_on {
            true => (self.until_us, self.extensions),
            false => (at_us.saturating_add(rules.hold_us), 0),
        };
        ReservationHeld {
            shopper_id,
            lines: listed(&held),
            short,
            until_us,
            extensions,
            moves,
        }
        .into()
    }

    /// Puts the end off, so often and no more.
    pub fn extend(&self, shopper_id: ShopperId, at_us: i64, rules: &Rules) -> Event {
        let is_over = self.ends_us().is_none_or(|ends_us| ends_us <= at_us);
        let refusal = match is_over {
            true => ExtensionRefusal::Ended,
            false if self.extensions >= rules.max_extensions => ExtensionRefusal::TooOften,
            false => {
                return ReservationExtended {
                    shopper_id,
                    until_us: at_us.saturating_add(rules.hold_us).max(self.until_us),
                    extensions: self.extensions + 1,
                }
                .into();
            }
        };
        ReservationExtensionRefused {
            shopper_id,
            refusal,
        }
        .into()
    }

    /// The checkout was closed; `None` when nothing is held.
    pub fn leave(&self, shopper_id: ShopperId, at_us: i64, rules: &Rules) -> Option<Event> {
        let left_until_us = at_us.saturating_add(rules.grace_us);
        let ends_us = self.ends_us()?;
        (left_until_us < ends_us).then(|| {
            ReservationShortened {
                shopper_id,
                left_until_us,
            }
            .into()
        })
    }

    /// Puts back what was held when the time was over; `None` when that end does not stand any more.
    pub fn end(&self, shelf: &mut Shelf, elapsed: &ReservationElapsed) -> Option<Event> {
        if self.ends_us() != Some(elapsed.ends_us) {
            return None;
        }
        let mut moves = Vec::new();
        for sku in &elapsed.skus {
            let held = self.of(sku);
            if let Some(stock) = shelf.get_mut(sku).filter(|_| held > 0) {
                stock.reserved = (stock.reserved - i64::from(held)).max(0);
                moves.push(moved(sku, held, *stock));
            }
        }
        let released = ReservationReleased {
            shopper_id: elapsed.shopper_id,
            by: ReleasedBy::Deadline,
            moves,
        };
        Some(released.into())
    }

    /// The event that says that the time is over; `None` when nothing is held.
    pub fn elapsed(&self, shopper_id: ShopperId) -> Option<Event> {
        let ends_us = self.ends_us()?;
        let skus = self.held.keys().cloned().collect();
        let elapsed = ReservationElapsed {
            shopper_id,
            skus,
            ends_us,
        };
        Some(elapsed.into())
    }

    /// Takes note of an event of this shopper. What it says is absolute: one that comes twice does no harm.
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::ReservationHeld(event) => {
                self.held = by_sku(&event.lines);
                self.until_us = event.until_us;
                self.extensions = event.extensions;
                self.left_until_us = None;
            }
            Event::ReservationExtended(event) => {
                self.until_us = event.until_us;
                self.extensions = event.extensions;
                self.left_until_us = None;
            }
            Event::ReservationShortened(event) => self.left_until_us = Some(event.left_until_us),
            Event::ReservationReleased(event) => {
                for moved in &event.moves {
                    self.held.remove(&moved.sku);
                }
            }
            // An order has taken them over.
            Event::StockReserved(event) => {
                if let Some(from) = &event.from_checkout {
                    self.held = by_sku(&from.left);
                }
            }
            _ => {}
        }
        if self.is_empty() {
            *self = Self::default();
        }
    }
}

/// Whose reservation an event changes; `None` when it changes none.
pub fn changed_by(event: &Event) -> Option<ShopperId> {
    match event {
        Event::ReservationHeld(event) => Some(event.shopper_id),
        Event::ReservationExtended(event) => Some(event.shopper_id),
        Event::ReservationShortened(event) => Some(event.shopper_id),
        Event::ReservationReleased(event) => Some(event.shopper_id),
        Event::StockReserved(event) => Some(event.from_checkout.as_ref()?.shopper_id),
        _ => None,
    }
}

fn by_sku(lines: &[Pieces]) -> BTreeMap<Sku, u32> {
    let lines = lines.iter();
    lines
        .map(|line| (line.sku.clone(), line.quantity))
        .collect()
}

#[cfg(test)]
mod tests;
