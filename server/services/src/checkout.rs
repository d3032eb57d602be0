//! Placing an order, and what the shopper can do with it afterwards.

use db::Columns;
use domain::event::{
    Event, OrderCancellationRequested, OrderPlaced, OrderedLine, PaymentMethodGiven, Tax,
};
use domain::order::progress::progress_of;
use domain::order::{Command, Refusal};
use types::cart::{Totals, totals};
use types::checkout::{PlaceOrder, is_payment_token};
use types::house::VAT_BASIS_POINTS;
use types::order::{CancelledBy, Order, OrderStatus, Progress};
use types::papers::included_tax;
use types::{Money, OrderId, Problem, ShopperId, Sku};

use crate::answers::Asked;
use crate::carts;
use crate::catalogue::Catalogue;
use crate::events::{Refused, decode, encode, internal};
use crate::marks::Marks;
use crate::order_rows::{StoredOrderLine, insert, stored_billing};
use crate::orders;
use crate::shop::Shop;

/// The tax that the price of a line contains: later papers go by what was so then.
fn vat_in(unit_price: Money, quantity: u32) -> Vec<Tax> {
    let sum = unit_price.checked_mul(quantity).unwrap_or(unit_price);
    vec![Tax {
        label: "VAT".to_owned(),
        rate_basis_points: VAT_BASIS_POINTS,
        amount: Money::new(included_tax(sum.minor, VAT_BASIS_POINTS), sum.currency),
    }]
}

/// How long an answer waits for what its command set off; a loaded shop may take longer.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// How long an order counts as the one that an empty cart was about.
const JUST_NOW_US: i64 = 10 * 60 * 1_000_000;

impl Shop {
    /// [`Shop::place_order`] of a shopper who comes from `source`.
    ///
    /// # Errors
    /// Those of [`Shop::place_order`]; 409 `open-orders` when too much is held back already.
    pub async fn place_order_from(
        &self,
        source: u64,
        shopper: ShopperId,
        order: PlaceOrder,
    ) -> crate::Result<OrderId> {
        let (shop, id) = (self.clone(), order.order_id);
        let placed = async move { shop.place_order(shopper, order).await };
        self.counted(source, shopper, id, placed).await
    }

    /// Counts an order to the source it comes from while it is being written.
    pub(crate) async fn counted<T: Send + 'static>(
        &self,
        source: u64,
        shopper: ShopperId,
        id: OrderId,
        placing: impl Future<Output = crate::Result<T>> + Send + 'static,
    ) -> crate::Result<T> {
        let shop = self.clone();
        // A task of its own: who goes away meanwhile takes no claim along that nobody would release.
        let counted = tokio::spawn(async move {
            shop.holds().arrives(id, source);
            let placed = placing.await;
            shop.holds().has_arrived(id);
            if placed.is_err() && !shop.owns_order(shopper, id).await? {
                shop.holds().release(id, shopper);
            }
            placed
        });
        counted.await.map_err(internal)?
    }

    /// Places an order for what is in the shopper's cart and empties the cart. The answer means
    /// "accepted": stock and payment follow. The same command again is answered the same, and another one that
    /// finds the cart just ordered with that order: one cart becomes one order.
    ///
    /// # Errors
    /// 422 for the form's fields, 409 `empty-cart`, 409 `price-changed` when the shopper saw another
    /// total, 409 `order-id-taken` when the id stands for an order of somebody else, for another
    /// command, or for another cart than what is in it by now.
    pub async fn place_order(
        &self,
        shopper: ShopperId,
        order: PlaceOrder,
    ) -> crate::Result<OrderId> {
        let order = order.checked()?;
        let id = order.order_id;
        let (shop, command) = (self.clone(), order.clone());
        let written: Result<(), Refused> = self
            .writer_of(shopper)
            .run_unmarked(move |tx| {
                Box::pin(async move { shop.write_order(tx, shopper, command).await })
            })
            .await;
        let refused = match written {
            Ok(()) => {
                self.remember_owner(id, shopper);
                return Ok(id);
            }
            Err(refused) => refused.0,
        };
        if !self.owns_order(shopper, id).await? {
            let first = match refused.is("empty-cart") {
                true => self.ordered_just_now(shopper).await?,
                false => None,
            };
            return first.ok_or(refused);
        }
        // The form came twice. What is in the cart by now was not ordered with it, unless the order came
        // to nothing and has given it back.
        let nothing_new =
            refused.is("empty-cart") || refused.status >= 500 || self.came_to_nothing(id).await?;
        match nothing_new && self.is_placed_by(&order).await? {
            true => Ok(id),
            false => Err(order_id_used()),
        }
    }

    /// The order that a shopper's cart has become, if it has just been ordered: a button that is pressed in two tabs,
    /// or twice in one without script, comes with an id of its own each time.
    async fn ordered_just_now(&self, shopper: ShopperId) -> Result<Option<OrderId>, Refused> {
        let row = db::query(
            "select id from orders where shopper_id = $1 and placed_at_us > $2 \
             order by placed_at_us desc limit 1",
        )
        .bind(shopper.to_string())
        .bind(self.now_us().saturating_sub(JUST_NOW_US))
        .fetch_optional(self.log().db().reader())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let id: OrderId = row.try_get::<&str, _>(0)?.parse().map_err(internal)?;
        self.remember_owner(id, shopper);
        Ok(Some(id))
    }

    /// Whether an order has ended without being paid.
    async fn came_to_nothing(&self, id: OrderId) -> Result<bool, Refused> {
        let order = orders::state(self.log(), id).await?;
        let status = order.map(|order| order.status());
        let nothing = [OrderStatus::Rejected, OrderStatus::Cancelled];
        Ok(status.is_some_and(|status| nothing.contains(&status)))
    }

    /// Whether the order with this id was placed by this very command. The card is not compared: a
    /// form that is sent again brings another token for it.
    async fn is_placed_by(&self, order: &PlaceOrder) -> Result<bool, Refused> {
        let row = db::query(
            "select email, name, street, street_2, postal_code, city, country, phone, delivery, \
             total_minor, billing from orders where id = $1",
        )
        .bind(order.order_id.to_string())
        .fetch_optional(self.log().db().reader())
        .await?;
        let Some(row) = row else { return Ok(false) };
        let command = [
            order.email.as_str(),
            &order.name,
            &order.street,
            &order.street_2,
            &order.postal_code,
            &order.city,
            &order.country,
            &order.phone,
            order.delivery.into_str(),
        ];
        for (column, sent) in command.into_iter().enumerate() {
            if row.try_get::<&str, _>(column)? != sent {
                return Ok(false);
            }
        }
        Ok(row.try_get::<i64, _>(9)? == order.expected_total_minor
            && row.try_get::<&str, _>(10)? == stored_billing(order)?)
    }

    async fn write_order(
        &self,
        tx: &mut broker::Tx,
        shopper: ShopperId,
        order: PlaceOrder,
    ) -> Result<(), Refused> {
        let taken = carts::take(tx, shopper).await?;
        let written = self.write_lines(tx, shopper, order, &taken.lines).await;
        if written.is_err() && tx.is_sound() {
            // A mark for every order would cost more than this for the few that are refused.
            taken.put_back(tx, shopper).await?;
        }
        written
    }

    /// Writes an order for these lines, which were taken out of the cart. An order that is refused leaves
    /// nothing behind.
    pub(crate) async fn write_lines(
        &self,
        tx: &mut broker::Tx,
        shopper: ShopperId,
        order: PlaceOrder,
        stored: &[carts::StoredLine],
    ) -> Result<(), Refused> {
        if stored.is_empty() {
            return Err(empty_cart().into());
        }
        // All prices of one moment: that of the writing.
        let catalogue = self.catalogue();
        let mut subtotal = Money::new(0, catalogue.currency);
        let mut lines = Vec::with_capacity(stored.len());
        for line in stored {
            let Some((_, variant)) = catalogue.variant(&line.sku) else {
                return Err(withdrawn(&catalogue, &line.sku).into());
            };
            let sum = variant.price.checked_mul(line.quantity);
            subtotal = sum
                .and_then(|sum| subtotal.checked_add(sum))
                .ok_or_else(too_large)?;
            lines.push(StoredOrderLine {
                sku: line.sku.clone(),
                quantity: line.quantity,
                unit_price: variant.price,
                gift_note: (!line.gift_note.is_empty()).then(|| line.gift_note.clone()),
            });
        }
        let totals = totals(subtotal, order.delivery, &catalogue.delivery.terms);
        let totals = totals.ok_or_else(too_large)?;
        if totals.total.minor != order.expected_total_minor {
            return Err(price_changed(totals, order.expected_total_minor).into());
        }
        let marks = self.marks_of_order(&order);
        let pieces = lines.iter().map(|line| line.quantity).sum();
        let is_new = self.holds().claim(order.order_id, shopper, pieces)?;
        if !insert(tx, shopper, &order, &lines, totals, self.now_us()).await? {
            if is_new {
                self.holds().release(order.order_id, shopper);
            }
            return Err(order_id_taken().into());
        }
        let placed = Event::from(OrderPlaced {
            order_id: order.order_id,
            shopper_id: shopper,
            lines: lines
                .into_iter()
                .map(
                    |StoredOrderLine {
                         sku,
                         quantity,
                         unit_price,
                         ..
                     }| OrderedLine {
                        sku,
                        quantity,
                        unit_price,
                        adjustments: Vec::new(),
                        tax: vat_in(unit_price, quantity),
                    },
                )
                .collect(),
            total: totals.total,
            payment_token: order.payment_token,
        });
        tx.append(marks.put_on(encode(placed)?), None);
        Ok(())
    }

    /// An order that this shopper may open, as of the newest event.
    ///
    /// # Errors
    /// 404 when there is none or it is somebody else's.
    pub async fn order(&self, shopper: ShopperId, id: OrderId) -> crate::Result<Order> {
        Ok(self.load_order(shopper, id).await?)
    }

    async fn load_order(&self, shopper: ShopperId, id: OrderId) -> Result<Order, Refused> {
        let (owner, order) = self.stored_order(id).await?.ok_or_else(no_such_order)?;
        let is_own = owner == shopper;
        if !is_own && !self.may_open_order(shopper, id).await? {
            return Err(no_such_order().into());
        }
        Ok(Order { is_own, ..order })
    }

    /// Any order, and who placed it: for those who have made sure that they may hand it out.
    pub(crate) async fn stored_order(
        &self,
        id: OrderId,
    ) -> Result<Option<(ShopperId, Order)>, Refused> {
        let Some((owner, mut order)) = self.stored_orders(&[id]).await?.pop() else {
            return Ok(None);
        };
        (order.progress, order.position) = self.progress(id).await?;
        Ok(Some((owner, order)))
    }

    /// Whether this shopper placed the order.
    pub async fn owns_order(&self, shopper: ShopperId, id: OrderId) -> crate::Result<bool> {
        if let Some(owner) = self.remembered_owner(id) {
            return Ok(owner == shopper);
        }
        let row = db::query("select shopper_id from orders where id = $1")
            .bind(id.to_string())
            .fetch_optional(self.log().db().reader())
            .await
            .map_err(internal)?;
        let Some(row) = row else { return Ok(false) };
        let owner: &str = row.try_get(0).map_err(internal)?;
        let owner = owner.parse().map_err(internal)?;
        self.remember_owner(id, owner);
        Ok(owner == shopper)
    }

    /// How an order fares: its own events, told again. Also the position at which that is true.
    pub async fn order_progress(&self, id: OrderId) -> crate::Result<(Progress, u64)> {
        Ok(self.progress(id).await?)
    }

    async fn progress(&self, id: OrderId) -> Result<(Progress, u64), Refused> {
        let mut progress = Progress {
            status: OrderStatus::Reserving,
            steps: Vec::new(),
            reserved_until_us: None,
        };
        let mut position = 0;
        for recorded in self.log().read_key(&id.to_string()).await? {
            position = recorded.position;
            let event = decode(&recorded)?;
            if let Some(later) = progress_of(&event, recorded.time_us, position) {
                progress.merge(&later);
            }
        }
        Ok((progress, position))
    }

    /// Gives a card for an order that waits for one, from `source`.
    ///
    /// # Errors
    /// 404, 422 for what is not a token, 409 `not-payable` when the order does not wait for a card.
    pub async fn pay(
        &self,
        source: u64,
        shopper: ShopperId,
        id: OrderId,
        token: String,
    ) -> crate::Result<()> {
        if !is_payment_token(&token) {
            let message = "The card could not be read. Enter it again.";
            return Err(Problem::invalid_field("payment_token", message));
        }
        let given = PaymentMethodGiven {
            order_id: id,
            payment_token: token,
        };
        let command = Command::Pay;
        self.permitted(shopper, id, command).await?;
        let marks = Marks::of_source(source);
        let asked = self.request_marked(given.into(), marks).await?;
        self.decided(id, command, asked).await;
        Ok(())
    }

    /// Asks to end an order of which nothing is packed yet.
    ///
    /// # Errors
    /// 404, 409 `not-cancellable` when the order has ended.
    pub async fn cancel(&self, shopper: ShopperId, id: OrderId) -> crate::Result<()> {
        let asked = OrderCancellationRequested {
            order_id: id,
            by: CancelledBy::Shopper,
            staff: None,
        };
        let command = Command::Cancel;
        self.permitted(shopper, id, command).await?;
        match self.answered(asked.into()).await? {
            // It was packed in the meantime.
            Some(Event::OrderCancellationRefused(answer)) => Err(not_done(command, answer.refusal)),
            _ => Ok(()),
        }
    }

    /// The process manager decides; what it would refuse anyway is refused here, with a reason.
    async fn permitted(
        &self,
        shopper: ShopperId,
        id: OrderId,
        command: Command,
    ) -> Result<(), Refused> {
        if !self.may_open_order(shopper, id).await? {
            return Err(no_such_order().into());
        }
        match orders::state(self.log(), id).await? {
            Some(order) => order.check(command),
            None => Err(Refusal::StillReserving),
        }
        .map_err(|refusal| not_done(command, refusal).into())
    }

    /// Follows the log until the process manager has taken up what was `asked`. A plain form shows
    /// the order right after this, and must not be told to enter the same card again.
    async fn decided(&self, id: OrderId, command: Command, asked: Asked) {
        let waits = async || {
            let state = orders::state(self.log(), id).await;
            matches!(state, Ok(Some(order)) if order.check(command).is_ok())
        };
        let answered = async {
            let mut tail = self.log().tail(asked.from);
            while waits().await {
                match tail.next(256).await {
                    Ok(events) if events.iter().any(|e| e.causation_id == Some(asked.id)) => break,
                    Ok(_) => {}
                    Err(_) => break,
                }
            }
        };
        // It is in the log and will be taken up; only this page stops waiting.
        let _ = tokio::time::timeout(PATIENCE, answered).await;
    }
}

fn empty_cart() -> Problem {
    let detail = "There is nothing to order. Put a piece into your cart first.";
    Problem::conflict("empty-cart", "Your cart is empty", detail)
}

fn order_id_taken() -> Problem {
    let detail = "Open the checkout again and place the order from there.";
    Problem::conflict("order-id-taken", "This order cannot be placed", detail)
}

fn order_id_used() -> Problem {
    let detail = "An order was placed with this form already. Open the checkout again to order what is \
                  in your cart now.";
    Problem::conflict("order-id-taken", "This form was used already", detail)
}

pub(crate) fn no_such_order() -> Problem {
    Problem::not_found("There is no such order, or it was placed in another browser.")
}

fn too_large() -> Problem {
    Problem::invalid_field("quantity", "This order is larger than we can take.")
}

fn withdrawn(catalogue: &Catalogue, sku: &Sku) -> Problem {
    let piece = match catalogue.ever_sold(sku) {
        Some((product, variant)) => format!("{}, {}", product.title, variant.title()),
        None => sku.to_string(),
    };
    let detail =
        format!("We do not sell {piece} any more. Take it out of your cart to order the rest.");
    Problem::conflict("no-longer-sold", "A piece is no longer sold", detail)
}

fn price_changed(totals: Totals, seen_minor: i64) -> Problem {
    let seen = Money::new(seen_minor, totals.total.currency);
    let detail = format!(
        "The total is now {}; you saw {seen}. Nothing was ordered yet: look at it again and confirm.",
        totals.total
    );
    Problem::conflict("price-changed", "The total has changed", detail)
}

/// Says why an order does not do what it is asked.
pub(crate) fn not_done(command: Command, refusal: Refusal) -> Problem {
    let (kind, title) = match command {
        Command::Pay => ("not-payable", "This order does not wait for a card"),
        Command::Cancel | Command::CancelByStaff => {
            ("not-cancellable", "This order cannot be cancelled")
        }
    };
    Problem::conflict(kind, title, refusal.to_string())
}
