//! What a mail says of an order, as the orders table has it, or of a piece that is back.

use broker::Failure;
use db::Columns;
use serde::Serialize;
use types::checkout::{COUNTRIES, DeliveryMethod};
use types::house::HOUSE;
use types::order::order_number;
use types::{Money, OrderId, Sku};

use super::rows::About;
use super::words;
use crate::catalogue::Catalogue;
use crate::order_rows::StoredOrderLine;

/// What is told, and to whom.
#[derive(Debug)]
pub struct Known {
    pub email: String,
    /// Empty where nobody has said it.
    pub name: String,
    pub told: Told,
}

/// What a mail is about.
#[derive(Debug)]
pub enum Told {
    Order(Facts),
    Piece(PieceFacts),
}

/// What templates know of a piece that is back.
#[derive(Debug, Serialize)]
pub struct PieceFacts {
    house: &'static str,
    pub title: String,
    /// `White gold, EU 52`
    pub variant: String,
    price: String,
    /// Of its page in the shop, beginning with a slash.
    #[serde(skip)]
    pub path: String,
}

/// What templates know of an order.
#[derive(Debug, Serialize)]
pub struct Facts {
    house: &'static str,
    pub number: String,
    name: String,
    placed_on: String,
    lines: Vec<Line>,
    subtotal: String,
    delivery: &'static str,
    delivery_promise: &'static str,
    delivery_price: String,
    total: String,
    /// Where it goes, line by line.
    address: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Line {
    sku: Sku,
    title: String,
    variant: String,
    quantity: u32,
    total: String,
}

/// Reads what a mail is about; `None` when there is nobody to be told.
pub async fn load(
    db: &db::Db,
    catalogue: &Catalogue,
    about: &About,
) -> Result<Option<Known>, Failure> {
    match about {
        About::Order(id) => load_order(db, catalogue, *id).await,
        About::Signup(id, sku) => {
            let row = db::query("select email from stock_signups where id = $1")
                .bind(id.to_string())
                .fetch_optional(db.reader())
                .await?;
            let (Some(row), Some((product, variant))) = (row, catalogue.variant(sku)) else {
                return Ok(None);
            };
            let piece = PieceFacts {
                house: HOUSE,
                title: product.title.clone(),
                variant: variant.title(),
                price: variant.price.to_string(),
                path: format!("/p/{}?variant={sku}", product.slug),
            };
            Ok(Some(Known {
                email: row.try_get(0)?,
                name: String::new(),
                told: Told::Piece(piece),
            }))
        }
    }
}

/// Reads an order; `None` when there is none, or its customer's address was erased.
async fn load_order(
    db: &db::Db,
    catalogue: &Catalogue,
    id: OrderId,
) -> Result<Option<Known>, Failure> {
    let row = db::query(
        "select email, name, street, street_2, postal_code, city, country, delivery, lines, \
         subtotal_minor, delivery_minor, total_minor, currency, placed_at_us \
         from orders where id = $1",
    )
    .bind(id.to_string())
    .fetch_optional(db.reader())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let text = |column| row.try_get::<String, _>(column);
    let bad = |error: &dyn std::fmt::Display| Failure::Other(format!("orders: {error}"));
    let (email, name) = (text(0)?, text(1)?);
    if email.is_empty() {
        return Ok(None);
    }
    let currency = text(12)?.parse().map_err(|e| bad(&e))?;
    let price = |minor| match minor {
        0 => "Free".to_owned(),
        minor => Money::new(minor, currency).to_string(),
    };
    let money = |column| {
        let minor: i64 = row.try_get(column)?;
        Ok::<_, Failure>(Money::new(minor, currency).to_string())
    };
    let delivery: DeliveryMethod = text(7)?.parse().map_err(|e| bad(&e))?;
    let lines: Vec<StoredOrderLine> = serde_json::from_str(&text(8)?).map_err(|e| bad(&e))?;
    let country = text(6)?;
    let country = COUNTRIES.iter().find(|(code, _)| *code == country);
    let city = format!("{} {}", text(4)?, text(5)?);
    let mut address = vec![name.clone(), text(2)?, text(3)?, city];
    address.extend(country.map(|(_, name)| (*name).to_owned()));
    address.retain(|line| !line.trim().is_empty());
    let facts = Facts {
        house: HOUSE,
        number: order_number(id),
        name: name.clone(),
        placed_on: words::date(row.try_get(13)?),
        lines: lines.iter().map(|line| line_of(catalogue, line)).collect(),
        subtotal: money(9)?,
        delivery: delivery.title(),
        delivery_promise: delivery.promise(),
        delivery_price: price(row.try_get(10)?),
        total: money(11)?,
        address,
    };
    Ok(Some(Known {
        email,
        name,
        told: Told::Order(facts),
    }))
}

fn line_of(catalogue: &Catalogue, line: &StoredOrderLine) -> Line {
    // What the shop has forgotten is still called by its SKU.
    let (title, variant) = match catalogue.ever_sold(&line.sku) {
        Some((product, variant)) => (product.title.clone(), variant.title()),
        None => (line.sku.to_string(), String::new()),
    };
    let total = line.unit_price.checked_mul(line.quantity);
    Line {
        sku: line.sku.clone(),
        title,
        variant,
        quantity: line.quantity,
        total: total.unwrap_or(line.unit_price).to_string(),
    }
}

/// Pieces of an order, as they are called in it.
#[derive(Debug, Serialize)]
pub struct Piece<'a> {
    title: &'a str,
    variant: &'a str,
    quantity: u32,
}

impl Facts {
    /// Pieces of this order by their titles; one that is not of it is called by its SKU.
    pub fn named<'a>(&'a self, pieces: &'a [(Sku, u32)]) -> Vec<Piece<'a>> {
        let named = pieces.iter().map(|(sku, quantity)| {
            let line = self.lines.iter().find(|line| line.sku == *sku);
            Piece {
                title: line.map_or(sku.as_str(), |line| &line.title),
                variant: line.map_or("", |line| &line.variant),
                quantity: *quantity,
            }
        });
        named.collect()
    }
}

#[cfg(test)]
impl PieceFacts {
    /// A piece whose title tries to be more than text.
    pub fn sample(title: &str) -> Self {
        Self {
            house: HOUSE,
            title: title.into(),
            variant: "White gold, 50".into(),
            price: "€2,490.00".into(),
            path: "/p/vega-solitaire-ring?variant=AS-VEG-WG-50".into(),
        }
    }
}

#[cfg(test)]
impl Facts {
    /// An order with names and titles that try to be more than text.
    pub fn sample(name: &str, title: &str) -> Self {
        Self {
            house: HOUSE,
            number: "V-6HB7H6NW".into(),
            name: name.into(),
            placed_on: words::date(1_795_310_287_000_000),
            lines: vec![Line {
                sku: "AS-VEG-WG-50".parse().expect("a SKU"),
                title: title.into(),
                variant: "White gold, 50".into(),
                quantity: 2,
                total: "€4,980.00".into(),
            }],
            subtotal: "€4,980.00".into(),
            delivery: "Standard delivery",
            delivery_promise: "Insured, 2 to 4 working days",
            delivery_price: "Free".into(),
            total: "€4,980.00".into(),
            address: vec![name.into(), "Main Street 1".into()],
        }
    }
}
