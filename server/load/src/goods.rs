//! What can be bought, as the shop's own database says.

use anyhow::{Context, ensure};
use sqlx::{AnyPool, AssertSqlSafe, Row};
use types::Money;
use types::cart::totals;
use types::checkout::DeliveryMethod;
use types::delivery::DeliveryTerms;

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
            .and_then(|subtotal| {
                totals(
                    subtotal,
                    DeliveryMethod::Standard,
                    &DeliveryTerms::default(),
                )
            })
            .context("a price too large to add up")?;
        Ok(total.total.minor)
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
