//! Carts: lines in the database, owned by the shopper of a signed cookie.

use std::collections::HashMap;

use db::{Columns, Row};
use types::cart::{Cart, CartLine, MAX_GIFT_NOTE, MAX_LINES, MAX_QUANTITY};
use types::delivery::DeliveryTerms;
use types::reservation::Held;
use types::{LineId, Money, Problem, ShopperId, Sku};

use crate::catalogue::Catalogue;
use crate::events::{Refused, internal};
use crate::levels::Levels;
use crate::shelf;
use crate::shop::Shop;

/// A line as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct StoredLine {
    pub id: LineId,
    pub sku: Sku,
    pub quantity: u32,
    pub gift_note: String,
    /// What a piece cost when the shopper last agreed to it, in minor units; 0 when nobody knows.
    pub seen_price_minor: i64,
    /// The terms of delivery that they have agreed to; `None` when nobody knows.
    pub seen_delivery: Option<DeliveryTerms>,
}

const SELECT: &str = "select line_id, sku, quantity, gift_note, seen_price_minor, \
     seen_delivery from carts \
     where shopper_id = $1 order by added_at_us, line_id";

fn read(row: &Row) -> Result<StoredLine, Refused> {
    let text = |column| row.try_get::<&str, _>(column);
    let bad = |error: &dyn std::fmt::Display| Refused(internal(format!("carts: {error}")));
    Ok(StoredLine {
        id: text(0)?.parse().map_err(|e| bad(&e))?,
        sku: text(1)?.parse().map_err(|e| bad(&e))?,
        quantity: u32::try_from(row.try_get::<i64, _>(2)?).map_err(|e| bad(&e))?,
        gift_note: text(3)?.to_owned(),
        seen_price_minor: row.try_get(4)?,
        seen_delivery: DeliveryTerms::read(text(5)?),
    })
}

/// The lines inside a transaction.
pub(crate) async fn lines(
    tx: &mut broker::Tx,
    shopper: ShopperId,
) -> Result<Vec<StoredLine>, Refused> {
    let rows = db::query(SELECT)
        .bind(shopper.to_string())
        .fetch_all(tx.conn())
        .await?;
    rows.iter().map(read).collect()
}

/// What was in a cart, to be put back as it was.
pub(crate) struct Taken {
    /// In the order they were put in.
    pub lines: Vec<StoredLine>,
    added_at_us: Vec<i64>,
}

/// Takes every line out of the cart.
pub(crate) async fn take(tx: &mut broker::Tx, shopper: ShopperId) -> Result<Taken, Refused> {
    let mut rows = db::query(
        "delete from carts where shopper_id = $1 \
         returning line_id, sku, quantity, gift_note, seen_price_minor, seen_delivery, added_at_us",
    )
    .bind(shopper.to_string())
    .fetch_all(tx.conn())
    .await?;
    let added_at_us = |row: &Row| row.get::<i64, _>(6);
    rows.sort_by_cached_key(|row| (added_at_us(row), row.get::<String, _>(0)));
    Ok(Taken {
        lines: rows.iter().map(read).collect::<Result<_, _>>()?,
        added_at_us: rows.iter().map(added_at_us).collect(),
    })
}

impl Taken {
    /// Puts the lines back, in the transaction that took them.
    pub async fn put_back(self, tx: &mut broker::Tx, shopper: ShopperId) -> Result<(), Refused> {
        for (line, added_at_us) in self.lines.iter().zip(self.added_at_us) {
            insert(tx, shopper, line, added_at_us).await?;
        }
        Ok(())
    }
}

/// Takes the pieces of `lines` out of the cart, as far as they are in it. The cart is locked.
pub(crate) async fn take_part(
    tx: &mut broker::Tx,
    shopper: ShopperId,
    taken: &[StoredLine],
) -> Result<(), Refused> {
    for mut line in lines(tx, shopper).await? {
        let same = |other: &&StoredLine| other.sku == line.sku && other.gift_note == line.gift_note;
        let Some(taken) = taken.iter().find(same) else {
            continue;
        };
        line.quantity = line.quantity.saturating_sub(taken.quantity);
        keep(tx, shopper, &line).await?;
    }
    Ok(())
}

/// The cart with prices and stock. A line whose SKU is no longer sold stays, with nothing available: it is
/// the shopper who takes it out.
pub(crate) fn view(
    catalogue: &Catalogue,
    levels: &Levels,
    held: Held,
    stored: &[StoredLine],
) -> Cart {
    let (available, position) = levels.available(stored.iter().map(|line| &line.sku));
    let mut subtotal = Money::new(0, catalogue.currency);
    let mut lines = Vec::with_capacity(stored.len());
    for (line, available) in stored.iter().zip(available) {
        let Some((product, variant)) = catalogue.ever_sold(&line.sku) else {
            continue;
        };
        let is_withdrawn = !product.sells(variant);
        let line_price = variant
            .price
            .checked_mul(line.quantity)
            .unwrap_or(variant.price);
        subtotal = subtotal.checked_add(line_price).unwrap_or(subtotal);
        lines.push(CartLine {
            id: line.id,
            sku: line.sku.clone(),
            product: product.slug.clone(),
            title: product.title.clone(),
            variant: variant.title(),
            image: product.details.images[variant.image].clone(),
            quantity: line.quantity,
            gift_note: (!line.gift_note.is_empty()).then(|| line.gift_note.clone()),
            unit_price: variant.price,
            was: Some(Money::new(line.seen_price_minor, catalogue.currency))
                .filter(|seen| seen.minor > 0 && *seen != variant.price),
            line_price,
            available: match is_withdrawn {
                true => 0,
                false => available + i64::from(held.of(&line.sku)),
            },
            is_withdrawn,
            edition: shelf::edition(product, &[variant]),
        });
    }
    let terms = catalogue.delivery.terms;
    // What is put in later is put in under newer terms: the oldest are what was agreed to first.
    let seen = stored.iter().filter_map(|line| line.seen_delivery);
    let delivery_was = seen
        .into_iter()
        .find(|seen| seen.differ_from(&terms, subtotal));
    Cart {
        lines,
        subtotal,
        position,
        held,
        delivery: terms,
        delivery_was,
    }
}

fn checked_quantity(quantity: i64) -> Result<u32, Problem> {
    u32::try_from(quantity)
        .ok()
        .filter(|quantity| (1..=MAX_QUANTITY).contains(quantity))
        .ok_or_else(|| {
            let message = format!("Choose a quantity from 1 to {MAX_QUANTITY}, not {quantity}.");
            Problem::invalid_field("quantity", message)
        })
}

fn checked_note(note: Option<String>) -> Result<String, Problem> {
    let note = note.unwrap_or_default().trim().to_owned();
    if note.chars().count() > MAX_GIFT_NOTE {
        let message = format!("A gift note may have at most {MAX_GIFT_NOTE} characters.");
        return Err(Problem::invalid_field("gift_note", message));
    }
    let mut lines = note.lines().filter(|line| !line.trim().is_empty());
    if !lines.all(types::is_printable) {
        let message = "The gift note has a character we cannot write on a card.";
        return Err(Problem::invalid_field("gift_note", message));
    }
    Ok(note)
}

/// Lines that nobody has touched since `$1`, some of them.
pub(crate) const SWEEP: &str = "delete from carts where line_id in \
     (select line_id from carts where added_at_us < $1 limit 500)";

/// Empties the carts of the browsers that this email, `$1` as a search key, has ordered with.
pub(crate) const ERASE: &str = "delete from carts where shopper_id in \
     (select shopper_id from orders where email_key = $1)";

impl Shop {
    /// The shopper's cart; empty for one who has none.
    pub async fn cart(&self, shopper: ShopperId) -> crate::Result<Cart> {
        Ok(self.load_cart(shopper).await?)
    }

    /// The lines as pages show them, with small pictures.
    pub(crate) fn seen(&self, shopper: ShopperId, stored: &[StoredLine]) -> Cart {
        let held = self.held_for(shopper);
        let mut cart = view(&self.catalogue(), self.levels(), held, stored);
        for line in &mut cart.lines {
            line.image = self.small_picture(&line.image);
        }
        cart
    }

    async fn load_cart(&self, shopper: ShopperId) -> Result<Cart, Refused> {
        Ok(self.seen(shopper, &self.stored_cart(shopper).await?))
    }

    /// The lines of a cart as they are stored.
    pub(crate) async fn stored_cart(&self, shopper: ShopperId) -> Result<Vec<StoredLine>, Refused> {
        let rows = db::query(SELECT)
            .bind(shopper.to_string())
            .fetch_all(self.log().db().reader())
            .await?;
        rows.iter().map(read).collect()
    }

    /// Puts pieces into the cart: onto the line of the same SKU and gift note, or onto a new one.
    ///
    /// # Errors
    /// 404 `not-found` for an unknown SKU, 422 for a quantity out of range, 409 `sold-out` when the
    /// stock of this moment does not cover what the cart would hold.
    pub async fn add_to_cart(
        &self,
        shopper: ShopperId,
        sku: &Sku,
        quantity: i64,
        gift_note: Option<String>,
    ) -> crate::Result<Cart> {
        let Some(price) = self.price(sku) else {
            return Err(Problem::not_found(format!(
                "We do not sell anything called {sku}."
            )));
        };
        let quantity = checked_quantity(quantity)?;
        let gift_note = checked_note(gift_note)?;
        let available = self.available_to(shopper, sku);
        let terms = self.delivery_terms();
        let (id, now_us) = (self.new_line_id(), self.now_us());
        let sku = sku.clone();
        self.change_cart(shopper, move |tx| {
            Box::pin(async move {
                let mut lines = lines(tx, shopper).await?;
                let in_cart: u32 = lines
                    .iter()
                    .filter(|line| line.sku == sku)
                    .map(|line| line.quantity)
                    .sum();
                if i64::from(in_cart + quantity) > available {
                    return Err(too_few(available, in_cart).into());
                }
                let same = |line: &&mut StoredLine| line.sku == sku && line.gift_note == gift_note;
                if let Some(line) = lines.iter_mut().find(same) {
                    line.quantity = checked_quantity(i64::from(line.quantity + quantity))?;
                    set(tx, line).await?;
                    return Ok(lines);
                }
                if lines.len() >= MAX_LINES {
                    let message = format!("A cart holds at most {MAX_LINES} different pieces.");
                    return Err(Problem::invalid_field("sku", message).into());
                }
                let line = StoredLine {
                    id,
                    sku,
                    quantity,
                    gift_note,
                    seen_price_minor: price.minor,
                    seen_delivery: Some(terms),
                };
                insert(tx, shopper, &line, now_us).await?;
                lines.push(line);
                Ok(lines)
            })
        })
        .await
    }

    /// Sets how many pieces a line holds.
    ///
    /// # Errors
    /// 404 for a line that is not in the shopper's cart, 422 for a quantity out of range, 409
    /// `sold-out` when more are wanted than there are. Fewer than before is always possible.
    pub async fn set_quantity(
        &self,
        shopper: ShopperId,
        line: LineId,
        quantity: i64,
    ) -> crate::Result<Cart> {
        let quantity = checked_quantity(quantity)?;
        let shop = self.clone();
        self.change_cart(shopper, move |tx| {
            Box::pin(async move {
                let mut lines = lines(tx, shopper).await?;
                let Some(index) = lines.iter().position(|stored| stored.id == line) else {
                    return Err(no_such_line().into());
                };
                let sku = &lines[index].sku;
                let elsewhere: u32 = (lines.iter().enumerate())
                    .filter(|(i, stored)| *i != index && stored.sku == *sku)
                    .map(|(_, stored)| stored.quantity)
                    .sum();
                let available = shop.available_to(shopper, sku);
                if quantity > lines[index].quantity && i64::from(quantity + elsewhere) > available {
                    return Err(too_few(available, elsewhere).into());
                }
                lines[index].quantity = quantity;
                set(tx, &lines[index]).await?;
                Ok(lines)
            })
        })
        .await
    }

    /// Takes out what the stock of this moment does not cover: the cart then holds what can be ordered.
    pub async fn fit_cart(&self, shopper: ShopperId) -> crate::Result<Cart> {
        let shop = self.clone();
        self.change_cart(shopper, move |tx| {
            Box::pin(async move {
                let mut lines = lines(tx, shopper).await?;
                let mut left: HashMap<Sku, i64> = HashMap::new();
                for line in &mut lines {
                    let left = left
                        .entry(line.sku.clone())
                        .or_insert_with(|| shop.available_to(shopper, &line.sku).max(0));
                    let covered = i64::from(line.quantity).min(*left);
                    *left -= covered;
                    let covered = u32::try_from(covered).unwrap_or(0);
                    if covered != line.quantity {
                        line.quantity = covered;
                        keep(tx, shopper, line).await?;
                    }
                }
                lines.retain(|line| line.quantity > 0);
                Ok(lines)
            })
        })
        .await
    }

    /// Agrees to what the pieces and their delivery cost by now: `Cart::has_new_prices` is over.
    pub async fn accept_prices(&self, shopper: ShopperId) -> crate::Result<Cart> {
        let catalogue = self.catalogue();
        self.change_cart(shopper, move |tx| {
            Box::pin(async move {
                let mut lines = lines(tx, shopper).await?;
                for line in &mut lines {
                    let Some((_, variant)) = catalogue.variant(&line.sku) else {
                        continue;
                    };
                    let terms = catalogue.delivery.terms;
                    let is_new = line.seen_price_minor != variant.price.minor;
                    if is_new || line.seen_delivery != Some(terms) {
                        line.seen_price_minor = variant.price.minor;
                        line.seen_delivery = Some(terms);
                        let sql = "update carts set seen_price_minor = $1, seen_delivery = $2 \
                                   where line_id = $3";
                        db::query(sql)
                            .bind(line.seen_price_minor)
                            .bind(terms.written())
                            .bind(line.id.to_string())
                            .execute(tx.conn())
                            .await?;
                    }
                }
                Ok(lines)
            })
        })
        .await
    }

    /// Takes a line out. Taking it out twice is no error.
    pub async fn remove_line(&self, shopper: ShopperId, line: LineId) -> crate::Result<Cart> {
        self.change_cart(shopper, move |tx| {
            Box::pin(async move {
                let mut lines = lines(tx, shopper).await?;
                lines.retain(|stored| stored.id != line);
                delete(tx, shopper, line).await?;
                Ok(lines)
            })
        })
        .await
    }

    /// A change reads the lines, decides, and writes only what nothing but the database can refuse.
    /// Those of one cart take turns: what two tabs add at once is added.
    async fn change_cart<F>(&self, shopper: ShopperId, change: F) -> crate::Result<Cart>
    where
        F: for<'t> FnOnce(&'t mut broker::Tx) -> broker::Job<'t, Vec<StoredLine>, Refused>
            + Send
            + 'static,
    {
        let (_, number) = shopper.uuid().as_u64_pair();
        let writer = self.writer_of(shopper);
        let change = writer.run_unmarked(move |tx| {
            Box::pin(async move {
                tx.lock(number.cast_signed()).await?;
                change(tx).await
            })
        });
        let stored: Vec<StoredLine> = change.await?;
        Ok(self.seen(shopper, &stored))
    }
}

async fn insert(
    tx: &mut broker::Tx,
    shopper: ShopperId,
    line: &StoredLine,
    now_us: i64,
) -> Result<(), Refused> {
    db::query(
        "insert into carts (line_id, shopper_id, sku, quantity, gift_note, added_at_us, \
         seen_price_minor, seen_delivery) values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(line.id.to_string())
    .bind(shopper.to_string())
    .bind(line.sku.as_str())
    .bind(i64::from(line.quantity))
    .bind(&line.gift_note)
    .bind(now_us)
    .bind(line.seen_price_minor)
    .bind(
        line.seen_delivery
            .map(|terms| terms.written())
            .unwrap_or_default(),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Pieces that come back into a cart: onto a line that is there, or as a new one.
pub(crate) struct Returned<'a> {
    pub line_id: &'a str,
    pub shopper: &'a str,
    pub sku: &'a str,
    pub quantity: i64,
    pub gift_note: &'a str,
    /// What a piece was ordered at.
    pub seen_price_minor: i64,
}

/// Adds what comes back to what is there by then.
pub(crate) async fn give_back(
    tx: &mut broker::Tx,
    lines: &[Returned<'_>],
    now_us: i64,
) -> Result<(), db::SqlError> {
    let most = i64::from(MAX_QUANTITY);
    for (tuples, chunk) in tx.place_rows(lines, 7) {
        let sql = format!(
            "insert into carts (line_id, shopper_id, sku, quantity, gift_note, added_at_us, \
             seen_price_minor) values {tuples} on conflict (line_id) do update set quantity = \
             case when carts.quantity + excluded.quantity > {most} then {most} \
             else carts.quantity + excluded.quantity end \
             where carts.shopper_id = excluded.shopper_id"
        );
        let mut upsert = db::query(db::trusted_sql(sql));
        for line in chunk {
            upsert = upsert
                .bind(line.line_id)
                .bind(line.shopper)
                .bind(line.sku)
                .bind(line.quantity.min(most))
                .bind(line.gift_note)
                .bind(now_us)
                .bind(line.seen_price_minor);
        }
        upsert.execute(tx.conn()).await?;
    }
    Ok(())
}

async fn set(tx: &mut broker::Tx, line: &StoredLine) -> Result<(), Refused> {
    db::query("update carts set quantity = $1 where line_id = $2")
        .bind(i64::from(line.quantity))
        .bind(line.id.to_string())
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn delete(tx: &mut broker::Tx, shopper: ShopperId, line: LineId) -> Result<(), Refused> {
    db::query("delete from carts where line_id = $1 and shopper_id = $2")
        .bind(line.to_string())
        .bind(shopper.to_string())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Stores how many pieces a line holds; one that holds none is taken out.
async fn keep(tx: &mut broker::Tx, shopper: ShopperId, line: &StoredLine) -> Result<(), Refused> {
    match line.quantity {
        0 => delete(tx, shopper, line.id).await,
        _ => set(tx, line).await,
    }
}

fn no_such_line() -> Problem {
    Problem::not_found("This piece is no longer in your cart.")
}

/// Says what there is, and what of it the cart holds already.
fn too_few(available: i64, in_cart: u32) -> Problem {
    let detail = match (available, in_cart) {
        (..=0, _) => "This piece is sold out.".to_owned(),
        (n, 0) => format!("Only {n} left."),
        (1, 1..) => "The last one is in your cart already.".to_owned(),
        (n, held) if i64::from(held) >= n => {
            format!("All {n} that are left are in your cart already.")
        }
        (n, held) => format!("Only {n} left, and your cart holds {held} already."),
    };
    Problem::conflict("sold-out", "Not enough in stock", detail)
}
