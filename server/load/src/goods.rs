//! What can be bought, as the shop's own database says.

use anyhow::{Context, ensure};
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, AssertSqlSafe, Row};
use types::Money;
use types::cart::totals;
use types::checkout::DeliveryMethod;

/// A SKU with what the checkout of one piece costs.
#[derive(Debug, Clone)]
pub struct Good {
    pub sku: String,
    /// The product's slug.
    pub product: String,
    pub price: Money,
}

impl Good {
    /// What `quantity` pieces cost with standard delivery.
    pub fn total_minor(&self, quantity: u32) -> anyhow::Result<i64> {
        let total = self
            .price
            .checked_mul(quantity)
            .and_then(|subtotal| totals(subtotal, DeliveryMethod::Standard))
            .context("a price too large to add up")?;
        Ok(total.total.minor)
    }
}

/// Opens the shop's database beside the shop.
pub async fn open(database_url: &str) -> anyhow::Result<AnyPool> {
    sqlx::any::install_default_drivers();
    // One connection: it looks on between runs and must not compete during them.
    AnyPoolOptions::new()
        .max_connections(1)
        .connect(database_url)
        .await
        .context("cannot open the shop's database")
}

/// Makes sure that a PostgreSQL database is there and holds no shop or log yet.
///
/// # Errors
/// When it is of another kind, does not answer, or is in use: nothing of somebody else's is touched.
pub async fn must_be_empty_postgres(url: &str) -> anyhow::Result<()> {
    ensure!(
        url.starts_with("postgres:") || url.starts_with("postgresql:"),
        "expected postgres://…"
    );
    let database = open(url).await?;
    // The first table that the shop makes: without it the question itself fails.
    let asked = sqlx::query(AssertSqlSafe("select 1 from migrations limit 1"))
        .fetch_optional(&database)
        .await;
    database.close().await;
    match asked {
        Err(sqlx::Error::Database(_)) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => anyhow::bail!("the database is in use; name an empty one"),
    }
}

/// All SKUs, or the one that everybody buys.
pub async fn read(database: &AnyPool, one_sku: Option<&str>) -> anyhow::Result<Vec<Good>> {
    let sql = "select sku, product, price_minor, currency from variants order by sku";
    let mut goods = Vec::new();
    for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(database).await? {
        let currency: String = row.try_get(3)?;
        goods.push(Good {
            sku: row.try_get(0)?,
            product: row.try_get(1)?,
            price: Money::new(row.try_get(2)?, currency.parse()?),
        });
    }
    ensure!(!goods.is_empty(), "the shop has nothing to sell");
    if let Some(sku) = one_sku {
        goods.retain(|good| good.sku == sku);
        ensure!(!goods.is_empty(), "--one-sku: the shop has no SKU {sku:?}");
    }
    Ok(goods)
}
