//! The commands of a checkout that holds its pieces until they are ordered.

use std::collections::BTreeMap;

use domain::Event;
use domain::event::{ReservationExtensionRequested, ReservationLeft, ReservationRequested};
use domain::reservation::{MAX_EXTENSIONS, Reservation};
use types::cart::Cart;
use types::fulfilment::Pieces;
use types::reservation::{Held, OwnHold, OwnPieces};
use types::{Problem, ShopperId, Sku};

use crate::events::Refused;
use crate::marks::Marks;
use crate::shop::Shop;

/// As pages show it at `now_us`.
fn view(own: &Reservation, now_us: i64) -> Held {
    let line = |(sku, quantity): (&Sku, &u32)| Pieces {
        sku: sku.clone(),
        quantity: *quantity,
    };
    Held {
        lines: own.held.iter().map(line).collect(),
        left_us: own.ends_us().map_or(0, |ends_us| (ends_us - now_us).max(0)),
        is_left: own.left_until_us.is_some(),
        extensions_left: MAX_EXTENSIONS.saturating_sub(own.extensions),
    }
}

impl Shop {
    /// What this shopper's checkout holds, as of the newest event seen.
    pub fn held_for(&self, shopper: ShopperId) -> Held {
        view(&self.reservations().of(shopper), self.now_us())
    }

    /// The same for the pages of the shelves.
    pub fn own_hold(&self, shopper: ShopperId) -> OwnHold {
        let catalogue = self.catalogue();
        let own = self.reservations().of(shopper);
        let pieces = own.held.into_iter().filter_map(|(sku, quantity)| {
            let (product, _) = catalogue.ever_sold(&sku)?;
            Some(OwnPieces {
                product: product.slug.clone(),
                sku,
                quantity,
            })
        });
        OwnHold {
            pieces: pieces.collect(),
        }
    }

    /// Whether this shopper's checkout holds anything.
    pub fn holds_anything(&self, shopper: ShopperId) -> bool {
        !self.reservations().of(shopper).is_empty()
    }

    /// Pieces of a SKU that this shopper can have: what nobody holds, and what the own checkout does.
    pub(crate) fn available_to(&self, shopper: ShopperId, sku: &Sku) -> i64 {
        if self.price(sku).is_none() {
            // Taken off the shelves.
            return 0;
        }
        self.available(sku) + i64::from(self.reservations().of(shopper).of(sku))
    }

    /// Holds what is in the cart for a shopper who comes from `source` and is at the checkout, as far as
    /// there is enough. Called again it follows the cart; the end stays where it is.
    ///
    /// # Errors
    /// 409 `open-orders` when too much is held already by this shopper or from there.
    pub async fn hold_cart(&self, shopper: ShopperId, source: u64) -> crate::Result<Cart> {
        let stored = self.stored_cart(shopper).await?;
        let cart = self.seen(shopper, &stored);
        let own = self.reservations().of(shopper);
        let mut wanted: BTreeMap<Sku, u32> = BTreeMap::new();
        for line in cart.lines.iter().filter(|line| !line.is_withdrawn) {
            let pieces = wanted.entry(line.sku.clone()).or_default();
            *pieces = pieces.saturating_add(line.quantity);
        }
        let is_open = own.left_until_us.is_none();
        if wanted.is_empty() && own.is_empty() || wanted == own.held && is_open {
            return Ok(cart);
        }
        let pieces = wanted.values().sum();
        for sku in own.held.keys() {
            wanted.entry(sku.clone()).or_insert(0);
        }
        let line = |(sku, quantity)| Pieces { sku, quantity };
        let asked = ReservationRequested {
            shopper_id: shopper,
            lines: wanted.into_iter().map(line).collect(),
        };
        self.holds().claim_checkout(shopper, source, pieces)?;
        if let Err(refused) = self.answered_and_followed(asked.into(), Some(source)).await {
            self.holds().checkout(shopper, own.pieces());
            return Err(refused.into());
        }
        Ok(self.seen(shopper, &stored))
    }

    /// Puts the end of what the checkout holds off.
    ///
    /// # Errors
    /// 409 `not-extended` when nothing is held any more, or it was put off too often.
    pub async fn extend_hold(&self, shopper: ShopperId) -> crate::Result<Held> {
        let asked = ReservationExtensionRequested {
            shopper_id: shopper,
        };
        match self.answered_and_followed(asked.into(), None).await? {
            Some(Event::ReservationExtensionRefused(refused)) => {
                let title = "Your pieces cannot be held longer";
                let detail = refused.refusal.to_string();
                Err(Problem::conflict("not-extended", title, detail))
            }
            _ => Ok(self.held_for(shopper)),
        }
    }

    /// The checkout was closed: what it holds ends soon, unless it is opened again.
    pub async fn leave_checkout(&self, shopper: ShopperId) -> crate::Result<()> {
        if self.reservations().of(shopper).is_empty() {
            return Ok(());
        }
        let left = ReservationLeft {
            shopper_id: shopper,
        };
        self.request(left.into()).await?;
        Ok(())
    }

    /// What was decided, once the pages of this process know it; `None` when that takes too long.
    async fn answered_and_followed(
        &self,
        asked: Event,
        source: Option<u64>,
    ) -> Result<Option<Event>, Refused> {
        let marks = source.map(Marks::of_source).unwrap_or_default();
        let answer = self.answered_marked(asked, marks).await?;
        let Some((event, position)) = answer else {
            return Ok(None);
        };
        self.followed(position).await;
        Ok(Some((*event).clone()))
    }
}
