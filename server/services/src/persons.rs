//! What the shop knows of a person, by their email: given out, or erased. Orders stay for the books, with
//! their pieces and amounts; who placed them goes, as do sign-ups. The log holds nothing of a shopper but
//! ids of browsers and of sign-ups, so it stays as it is, and says that somebody was erased, but not whom.

use broker::Log;
use db::Columns;
use domain::Event;
use domain::event::{PersonErased, PersonExported};
use domain::order::OrderState;
use domain::returns::Return;
use serde::Serialize;
use types::checkout::BillingAddress;
use types::desk::status_words;
use types::fulfilment::LabelState;
use types::order::{OrderStatus, order_number};
use types::staff::Right;
use types::{Money, OrderId, Problem};

use crate::events::{Refused, encode, internal};
use crate::order_rows::{self, StoredOrderLine};
use crate::orders;
use crate::search_keys::search_key;
use crate::shop::Shop;
use crate::signups::{self, PersonSignup};
use crate::visitor::Staff;
use crate::{carts, idempotency, order_lookup, order_notes};

/// Orders of one person that are handled at once.
const MAX_ORDERS: i64 = 10_000;

/// All that is known of a person.
#[derive(Debug, Serialize)]
pub struct Person {
    pub email: String,
    pub orders: Vec<PersonOrder>,
    /// What lies in the carts of the browsers they ordered with.
    pub carts: Vec<CartPiece>,
    /// What staff wrote down about the orders.
    pub notes: Vec<String>,
    /// What was written to them.
    pub mails: Vec<PersonMail>,
    /// Which pieces they want, or wanted, to be told of when they are back.
    pub back_in_stock: Vec<PersonSignup>,
}

#[derive(Debug, Serialize)]
pub struct PersonMail {
    pub kind: String,
    /// RFC 3339.
    pub written_at: String,
    pub state: String,
}

#[derive(Debug, Serialize)]
pub struct PersonOrder {
    pub number: String,
    pub id: OrderId,
    /// RFC 3339.
    pub placed_at: String,
    pub status: &'static str,
    pub name: String,
    pub street: String,
    pub street_2: String,
    pub postal_code: String,
    pub city: String,
    pub country: String,
    pub phone: String,
    /// JSON, as it was typed; empty where the bill goes to the same address.
    pub billing: String,
    pub delivery: String,
    pub lines: Vec<StoredOrderLine>,
    pub total: String,
    /// Labels that were bought for it, by their tracking numbers. The carrier has its address, until it is
    /// told to forget it: when the label is given back, or the person erased.
    pub labels_with_carrier: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct CartPiece {
    pub sku: String,
    pub quantity: i64,
    pub gift_note: String,
}

/// All that the shop knows of whoever ordered with this email. `by` stands in the log: it was given out.
///
/// # Errors
/// 404 when nothing is known.
pub async fn export_person(log: &Log, email: &str, by: &str) -> crate::Result<Person> {
    let person = look_person_up(log, email).await?;
    let told = async {
        let exported = PersonExported {
            request: log.environment().new_id().to_string(),
            orders: person.orders.iter().map(|order| order.id).collect(),
            by: by.to_owned(),
        };
        let mut tx = log.begin("persons").await?;
        tx.append(encode(Event::from(exported))?, None);
        tx.commit().await?;
        Ok::<_, Refused>(())
    };
    told.await?;
    Ok(person)
}

/// The same, for whoever gives nothing out.
///
/// # Errors
/// 404 when nothing is known.
pub async fn look_person_up(log: &Log, email: &str) -> crate::Result<Person> {
    Ok(read(log, email).await?)
}

/// Erases whoever ordered with this email. `by` stands in the log. Answers with the number of orders, when nothing of
/// them is left in the database's files.
///
/// # Errors
/// 404 when nothing is known, 409 `order-open` while an order is on its way; when the disk does not do it, or
/// somebody has read the database for minutes.
pub async fn erase_person(log: &Log, email: &str, by: &str) -> crate::Result<usize> {
    let (erased, texts) = erase(log, email, by).await?;
    forget(log, texts).await?;
    Ok(erased)
}

impl Shop {
    /// [`export_person`] for staff.
    ///
    /// # Errors
    /// Those of [`export_person`].
    pub async fn export_person(&self, staff: &Staff, email: &str) -> crate::Result<Person> {
        let by = staff.may(Right::ExportPersons)?;
        export_person(self.log(), email, by).await
    }

    /// What a page says of a person before anything is given out.
    ///
    /// # Errors
    /// Those of [`export_person`].
    pub async fn look_person_up(&self, staff: &Staff, email: &str) -> crate::Result<Person> {
        staff.may(Right::ExportPersons)?;
        look_person_up(self.log(), email).await
    }

    /// [`erase_person`] by staff. The database's files are seen to afterwards: within two minutes nothing of the
    /// person is left in them, as long as nobody reads the database for longer than that.
    ///
    /// # Errors
    /// Those of [`erase_person`].
    pub async fn erase_person(&self, staff: &Staff, email: &str) -> crate::Result<usize> {
        let by = staff.may(Right::ErasePersons)?;
        let (erased, texts) = erase(self.log(), email, by).await?;
        let log = self.log().clone();
        tokio::spawn(async move {
            if let Err(refused) = forget(&log, texts).await {
                tracing::error!(problem = %refused.0, "files still have something of who was erased");
            }
        });
        Ok(erased)
    }
}

async fn read(log: &Log, email: &str) -> Result<Person, Refused> {
    let email = search_key(email.trim());
    if email.is_empty() {
        let message = "Enter the email address that was ordered with.";
        return Err(Problem::invalid_field("email", message).into());
    }
    let rows = db::query(
        "select id, placed_at_us, name, street, street_2, postal_code, city, country, \
         phone, delivery, lines, total_minor, currency, billing from orders \
         where email_key = $1 order by placed_at_us limit $2",
    )
    .bind(&email)
    .bind(MAX_ORDERS)
    .fetch_all(log.db().reader())
    .await?;
    let back_in_stock = signups::of_person(log, &email).await?;
    if rows.is_empty() && back_in_stock.is_empty() {
        let detail = "Nobody has ordered with this email address, or waits for a piece.";
        return Err(Problem::not_found(detail).into());
    }
    let mut orders = Vec::with_capacity(rows.len());
    for row in &rows {
        orders.push(order(row)?);
    }
    let ids: Vec<OrderId> = orders.iter().map(|order| order.id).collect();
    let statuses = orders::statuses(log, &ids).await?;
    for order in &mut orders {
        order.labels_with_carrier = labels(log, order.id).await?;
        order.status = statuses.get(&order.id).map_or("", |it| status_words(*it));
    }
    let rows = db::query(
        "select sku, quantity, gift_note from carts where shopper_id in \
         (select shopper_id from orders where email_key = $1) order by added_at_us",
    )
    .bind(&email)
    .fetch_all(log.db().reader())
    .await?;
    let mut carts = Vec::with_capacity(rows.len());
    for row in &rows {
        carts.push(CartPiece {
            sku: row.try_get(0)?,
            quantity: row.try_get(1)?,
            gift_note: row.try_get(2)?,
        });
    }
    let rows = db::query(
        "select note from order_notes where order_id in \
         (select id from orders where email_key = $1) order by at_us",
    )
    .bind(&email)
    .fetch_all(log.db().reader())
    .await?;
    let notes = rows.iter().map(|row| row.try_get(0));
    let notes = notes.collect::<Result<Vec<String>, db::SqlError>>()?;
    let rows = db::query(
        "select kind, queued_at_us, state from mails where order_id in \
         (select id from orders where email_key = $1) or (signup_id <> '' and signup_id in \
         (select id from stock_signups where email_key = $2)) order by queued_at_us",
    )
    .bind(&email)
    .bind(&email)
    .fetch_all(log.db().reader())
    .await?;
    let mails = rows.iter().map(|row| {
        Ok(PersonMail {
            kind: row.try_get(0)?,
            written_at: moment(row.try_get(1)?)?,
            state: row.try_get(2)?,
        })
    });
    let mails = mails.collect::<Result<Vec<PersonMail>, Refused>>()?;
    Ok(Person {
        email,
        orders,
        carts,
        notes,
        mails,
        back_in_stock,
    })
}

async fn labels(log: &Log, id: OrderId) -> Result<Vec<String>, Refused> {
    let Some(state) = orders::state(log, id).await? else {
        return Ok(Vec::new());
    };
    let parcels = state.fulfilment.labels.into_iter();
    let parcels = parcels.filter(|label| label.state != LabelState::Cancelled);
    let parcels = parcels.filter_map(|label| label.tracking);
    let returns = state.returns.returns.into_iter();
    let returns = returns.filter_map(|it| it.label?.tracking);
    Ok(parcels.chain(returns).map(|it| it.number).collect())
}

fn order(row: &db::Row) -> Result<PersonOrder, Refused> {
    let bad = |error: &dyn std::fmt::Display| Refused(internal(format!("orders: {error}")));
    let text = |column| row.try_get::<String, _>(column);
    let id: OrderId = row.try_get::<&str, _>(0)?.parse().map_err(|e| bad(&e))?;
    let currency = text(12)?.parse().map_err(|e| bad(&e))?;
    Ok(PersonOrder {
        number: order_number(id),
        id,
        placed_at: moment(row.try_get(1)?)?,
        status: "",
        name: text(2)?,
        street: text(3)?,
        street_2: text(4)?,
        postal_code: text(5)?,
        city: text(6)?,
        country: text(7)?,
        phone: text(8)?,
        delivery: text(9)?,
        lines: serde_json::from_str(&text(10)?).map_err(|e| bad(&e))?,
        total: Money::new(row.try_get(11)?, currency).to_string(),
        billing: text(13)?,
        labels_with_carrier: Vec::new(),
    })
}

/// RFC 3339.
fn moment(at_us: i64) -> Result<String, Refused> {
    let at = jiff::Timestamp::from_microsecond(at_us);
    let at = at.map_err(|error| Refused(internal(format!("orders: {error}"))))?;
    Ok(at.to_string())
}

async fn erase(log: &Log, email: &str, by: &str) -> Result<(usize, Vec<String>), Refused> {
    let person = read(log, email).await?;
    let ids: Vec<OrderId> = person.orders.iter().map(|order| order.id).collect();
    let states = orders::states(log, &ids).await?;
    let open = ids.iter().find_map(|id| {
        let why = states.get(id).map_or(Some(UNDER_WAY), needs_somebody)?;
        Some((id, why))
    });
    if let Some((open, why)) = open {
        let detail = format!(
            "Order {} {why}. Erase the person afterwards.",
            order_number(*open)
        );
        let title = "An order is still open";
        return Err(Problem::conflict("order-open", title, detail).into());
    }
    let mut tx = log.begin("persons").await?;
    // Found by the orders, which lose the email last.
    for sql in [carts::ERASE, order_lookup::ERASE, order_notes::ERASE] {
        db::query(sql)
            .bind(&person.email)
            .execute(tx.conn())
            .await?;
    }
    idempotency::erase(&mut tx, &texts_of(&person)).await?;
    for order in &person.orders {
        order_rows::erase_person(&mut tx, order.id, &order.lines).await?;
    }
    signups::erase(&mut tx, &person.email, &person.back_in_stock).await?;
    let erased = PersonErased {
        request: log.environment().new_id().to_string(),
        orders: ids.clone(),
        signups: person.back_in_stock.iter().map(|it| it.id).collect(),
        by: by.to_owned(),
    };
    tx.append(encode(Event::from(erased))?, None);
    tx.commit().await?;
    Ok((ids.len(), texts_of(&person)))
}

/// Tables that have something of a person.
const TABLES: [&str; 6] = [
    "orders",
    "carts",
    "order_notes",
    "stock_signups",
    "idempotency_keys",
    "mails",
];
/// Letters that a text has to have to be looked for: shorter ones are everywhere.
const TELLING: usize = 6;

/// What names a person or where they live.
fn texts_of(person: &Person) -> Vec<String> {
    let of_order = |order: &PersonOrder| {
        let billing: Option<BillingAddress> = serde_json::from_str(&order.billing).ok();
        let billing = billing
            .into_iter()
            .flat_map(|it| [it.name, it.street, it.street_2]);
        let own = [&order.name, &order.street, &order.street_2, &order.phone];
        let notes = order.lines.iter().filter_map(|line| line.gift_note.clone());
        let own = own.into_iter().cloned();
        own.chain(billing).chain(notes).collect::<Vec<String>>()
    };
    let notes = person.notes.iter().cloned();
    let cards = person.carts.iter().map(|piece| piece.gift_note.clone());
    let texts = person.orders.iter().flat_map(of_order);
    let texts = [person.email.clone()]
        .into_iter()
        .chain(texts)
        .chain(notes)
        .chain(cards);
    let mut texts: Vec<String> = texts.filter(|it| it.chars().count() >= TELLING).collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// What of a person's texts nobody else's order has: were it found in the files, it would be theirs.
async fn only_theirs(log: &Log, texts: Vec<String>) -> Result<Vec<String>, Refused> {
    let mut only = Vec::with_capacity(texts.len());
    for text in texts {
        let others = db::query("select 1 from orders where $1 in (name, street, street_2) limit 1")
            .bind(&text)
            .fetch_optional(log.db().reports())
            .await?;
        if others.is_none() {
            only.push(text);
        }
    }
    Ok(only)
}

/// Sees to it that what was erased is not left in the database's files either.
async fn forget(log: &Log, texts: Vec<String>) -> Result<(), Refused> {
    let only = only_theirs(log, texts).await?;
    log.db().forget(&TABLES, &only).await?;
    Ok(())
}

const UNDER_WAY: &str = "is not at its end yet: it needs an address";

/// Why it has to be known who ordered, if it has.
fn needs_somebody(order: &OrderState) -> Option<&'static str> {
    if !has_ended(order.status()) {
        return Some(UNDER_WAY);
    }
    if order.returns.returns.iter().any(Return::is_open) {
        return Some("has a return that is not at its end yet: it needs a label, and an answer");
    }
    let waits = order.payment.is_under_way();
    waits.then_some("has money on its way, of which its customer is to be told")
}

/// Whether an order has come to its end by itself.
const fn has_ended(status: OrderStatus) -> bool {
    matches!(
        status,
        OrderStatus::CameBack
            | OrderStatus::Lost
            | OrderStatus::Delivered
            | OrderStatus::Undelivered
            | OrderStatus::Rejected
            | OrderStatus::Cancelled
    )
}
