//! The ledger of the gateway that the shop has started beside itself.

use std::path::{Path, PathBuf};

use anyhow::Context;
use sqlx::{AnyPool, AssertSqlSafe, Row};

use crate::database;

/// Money that the gateway holds, or has held and not let go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The order.
    pub reference: String,
    pub minor: i64,
    pub currency: String,
}

/// Where it stands.
#[derive(Debug, Clone)]
pub enum Ledger {
    /// A file beside the shop's own.
    File(PathBuf),
    /// The shop's database, as builds had it before the gateway was a house of its own.
    InTheShop,
}

impl Ledger {
    /// The one of a shop whose data lies in this folder.
    pub fn beside(data: &Path) -> Self {
        let file = data.join("gateway.db");
        match file.exists() {
            true => Self::File(file),
            false => Self::InTheShop,
        }
    }

    /// The one of a shop whose SQLite file is known.
    pub fn of_database(url: &str) -> Self {
        let file = url
            .strip_prefix("sqlite:")
            .and_then(|rest| rest.split('?').next());
        let folder = file.and_then(|file| Path::new(file).parent());
        folder.map_or(Self::InTheShop, Self::beside)
    }

    /// What is held by the gateway of the shop with this database.
    pub async fn held(&self, shop: &AnyPool) -> anyhow::Result<Vec<Held>> {
        match self {
            Self::InTheShop => held(shop, "test_gateway_payments").await,
            Self::File(file) => {
                let url = format!("sqlite:{}?mode=ro", file.display());
                let ledger = database::open(&url).await.context("the gateway's ledger")?;
                let held = held(&ledger, "payments").await;
                ledger.close().await;
                held
            }
        }
    }
}

async fn held(database: &AnyPool, table: &'static str) -> anyhow::Result<Vec<Held>> {
    let sql = format!(
        "select reference, amount_minor, currency from {table} where status = 'authorized'"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(database).await?;
    let held = |row: &sqlx::any::AnyRow| {
        Ok(Held {
            reference: row.try_get(0)?,
            minor: row.try_get(1)?,
            currency: row.try_get(2)?,
        })
    };
    rows.iter().map(held).collect()
}
