//! Orders what is left of an order that was rejected, in one step: to the same address, with the card
//! that was given for it and never asked.

use domain::Event;
use sha2::{Digest, Sha256};
use types::checkout::PlaceOrder;
use types::order::{Order, OrderStatus, Shortage, quantities_left};
use types::{OrderId, Problem, ShopperId};

use crate::carts::{self, StoredLine};
use crate::events::{Refused, decode};
use crate::shop::Shop;

impl Shop {
    /// Places an order for what is left of the order `rejected`. The pieces that were short stay in the
    /// cart. There is one such order: the command again, from another tab too, is answered the same.
    ///
    /// # Errors
    /// 404, 409 `nothing-left` when the order was not rejected, was placed in another browser, or nothing
    /// of it is left, and those of [`Shop::place_order`].
    pub async fn order_rest(
        &self,
        source: u64,
        shopper: ShopperId,
        rejected: OrderId,
        expected_total_minor: i64,
    ) -> crate::Result<OrderId> {
        let old = self.order(shopper, rejected).await?;
        let id = rest_id(rejected);
        if self.owns_order(shopper, id).await? {
            return Ok(id);
        }
        // The card, and the cart that the pieces are in, are those of whoever ordered.
        if !old.is_own {
            return Err(nothing_left());
        }
        let lines = self.rest_of(&old);
        if lines.is_empty() {
            return Err(nothing_left());
        }
        let order = PlaceOrder {
            order_id: id,
            payment_token: self.unused_token(rejected).await?,
            expected_total_minor,
            email: old.email,
            name: old.name,
            street: old.street,
            street_2: old.street_2,
            postal_code: old.postal_code,
            city: old.city,
            country: old.country,
            phone: old.phone,
            delivery: old.delivery,
            billing: old.billing,
        }
        .checked()?;
        let shop = self.clone();
        let (_, number) = shopper.uuid().as_u64_pair();
        let writer = self.writer_of(shopper);
        let written = async move {
            let written = writer.run(move |tx| {
                Box::pin(async move {
                    tx.lock(number.cast_signed()).await?;
                    carts::take_part(tx, shopper, &lines).await?;
                    shop.write_lines(tx, shopper, order, &lines).await
                })
            });
            written.await.map_err(|refused: Refused| refused.0)
        };
        let written = self.counted(source, shopper, id, written).await;
        match written {
            // Another tab was faster.
            Err(refused) if !self.owns_order(shopper, id).await? => Err(refused),
            _ => Ok(id),
        }
    }

    /// The lines of a rejected order without what was short; none of any other order.
    fn rest_of(&self, order: &Order) -> Vec<StoredLine> {
        if order.progress.status != OrderStatus::Rejected {
            return Vec::new();
        }
        let ordered = order.lines.iter().map(|line| (&line.sku, line.quantity));
        let left = quantities_left(
            ordered,
            order.progress.shortages().iter().map(Shortage::left),
        );
        let line = |(line, quantity): (&types::order::OrderLine, u32)| StoredLine {
            id: self.new_line_id(),
            sku: line.sku.clone(),
            quantity,
            gift_note: line.gift_note.clone().unwrap_or_default(),
            seen_price_minor: line.unit_price.minor,
            seen_delivery: None,
        };
        let left = order.lines.iter().zip(left);
        left.filter(|(_, quantity)| *quantity > 0)
            .map(line)
            .collect()
    }

    /// The card that was given with an order; nobody asked it if the order was rejected.
    async fn unused_token(&self, id: OrderId) -> Result<Option<String>, Refused> {
        for recorded in self.log().read_key(&id.to_string()).await? {
            if let Event::OrderPlaced(placed) = &*decode(&recorded)? {
                return Ok(placed.payment_token.clone());
            }
        }
        Ok(None)
    }
}

/// The id of the order for the rest of another one: made of that one's, so that there is one of them.
fn rest_id(rejected: OrderId) -> OrderId {
    let old = rejected.uuid();
    let digest: [u8; 32] = Sha256::digest([b"rest of ", &old.as_bytes()[..]].concat()).into();
    let mut bytes = [0; 16];
    // The time stays: ids are in the order of their orders.
    bytes[..6].copy_from_slice(&old.as_bytes()[..6]);
    bytes[6..].copy_from_slice(&digest[..10]);
    let id = uuid::Builder::from_bytes(bytes).with_version(uuid::Version::SortRand);
    OrderId::new(id.with_variant(uuid::Variant::RFC4122).into_uuid())
}

fn nothing_left() -> Problem {
    let detail = "Nothing of this order is left to be ordered. What you chose is in your cart.";
    Problem::conflict("nothing-left", "This order cannot be repeated", detail)
}
