//! Files of counts and thresholds: given to the shop, checked, and followed as one.

use std::collections::HashMap;
use std::time::Duration;

use broker::{Consumer, Decider, Log};
use db::Columns;
use domain::Event;
use domain::restock::Watched;
use domain::stock::Stock;
use types::admin::{InventoryRow, Level};
use types::movement::LastMovement;
use types::staff::Right;
use types::stock_batch::{Batch, BatchDone, BatchLine, BatchSource};
use types::stock_file::{BadLine, FileReport, ImportState, ImportView};
use types::{BatchId, Currency, Problem, Sku};

use crate::catalogue::Catalogue;
use crate::events::{Refused, decode, internal};
use crate::inventory::{Inventory, Kept};
use crate::ledger_pages::last_movements;
use crate::restock::watched;
use crate::shop::Shop;
use crate::stock_batches::{BatchNotDone, done_of, set_many};
use crate::stock_files::{inventory_csv_head, inventory_csv_line, read_file, text_of};
use crate::stock_ledger::StockLedger;
use crate::visitor::Staff;

/// Characters of a file's name that are kept.
const MAX_NAME: usize = 100;
/// How long a file is kept, in microseconds.
const KEPT_US: i64 = 24 * 60 * 60 * 1_000_000;

/// The stock of every SKU as the log has it, from outside the running shop.
async fn stored_levels(log: &Log) -> Result<(Catalogue, HashMap<Sku, Level>), Refused> {
    let catalogue = Catalogue::load(log).await.map_err(internal)?;
    let watched = watched(log).await?;
    let (last, _) = last_movements(log).await?;
    let last: HashMap<Sku, LastMovement> = last.into_iter().collect();
    let keys: Vec<String> = catalogue
        .variants()
        .map(|(_, variant)| variant.sku.to_string())
        .collect();
    let states = log.states_of_keys(Inventory::NAME, &keys).await?;
    let stock = |(sku, state): (String, String)| match serde_json::from_str(&state).ok()? {
        Kept::Stock(stock) => Some((sku, stock)),
        Kept::Reservation(_) => None,
    };
    let stock: HashMap<String, Stock> = states.into_iter().filter_map(stock).collect();
    let none = Watched::default();
    let levels = catalogue.variants().map(|(_, variant)| {
        let sku = variant.sku.clone();
        let stock = stock.get(sku.as_str()).copied().unwrap_or_default();
        let watched = watched.get(&sku).unwrap_or(&none);
        let rule = watched.rule.as_ref();
        let incoming = watched.orders.values();
        let incoming = incoming.filter(|order| order.status.is_incoming());
        let level = Level {
            on_hand: stock.on_hand,
            allocated: stock.allocated,
            reserved: stock.reserved,
            reorder_threshold: rule.map_or(variant.reorder_threshold, |rule| rule.threshold),
            incoming: incoming.map(|order| i64::from(order.pieces)).sum(),
            supplier: rule.and_then(|rule| rule.supplier.clone()),
            last: last.get(&sku).copied(),
            waiting: 0,
            position: 0,
        };
        (sku, level)
    });
    let levels = levels.collect();
    Ok((catalogue, levels))
}

/// Every SKU with its stock as a file, from outside the running shop.
///
/// # Errors
/// When the database does not answer.
pub async fn stored_inventory(log: &Log) -> crate::Result<String> {
    let (catalogue, levels) = stored_levels(log).await?;
    let mut csv = inventory_csv_head();
    for (product, variant) in catalogue.variants() {
        let row = InventoryRow {
            sku: variant.sku.clone(),
            product: product.slug.clone(),
            title: product.title.clone(),
            variant: variant.title(),
            level: levels.get(&variant.sku).cloned().unwrap_or_default(),
        };
        csv.push_str(&inventory_csv_line(&row, &row.level));
    }
    Ok(csv)
}

/// Reads a file against the stock that the log has, from outside the running shop.
async fn check(log: &Log, bytes: &[u8]) -> Result<(Batch, FileReport, Currency), Refused> {
    let (catalogue, levels) = stored_levels(log).await?;
    let (lines, report) = read_file(bytes, |sku| levels.get(sku).cloned());
    let batch = Batch {
        id: BatchId::new(log.environment().new_id()),
        source: BatchSource::Import,
        reason: "import".to_owned(),
        lines,
    };
    Ok((batch, report, catalogue.currency))
}

/// What became of a file that the command line was given.
#[derive(Debug, Clone)]
pub enum Imported {
    /// It was only looked at, or it has lines that cannot be followed.
    Checked(FileReport),
    Done(FileReport, BatchDone),
}

/// Follows a file from outside the running shop, or says what would be done.
///
/// # Errors
/// What stands against it; 503 where no shop runs that could do it: then it is in the log, and done when one does.
pub async fn import_stock(
    log: &Log,
    by: &str,
    bytes: &[u8],
    reason: &str,
    is_dry: bool,
) -> Result<Imported, BatchNotDone> {
    let (batch, report, currency) = check(log, bytes).await?;
    if is_dry || !report.is_good() {
        return Ok(Imported::Checked(report));
    }
    let reason = reason.to_owned();
    let batch = Batch { reason, ..batch };
    let done = set_many(log, by, currency, batch).await?;
    Ok(Imported::Done(report, done))
}

/// Waits until the ledgers have come as far as a position, and tells how far they are meanwhile.
///
/// # Errors
/// When the database does not answer.
pub async fn await_ledgers(
    log: &Log,
    position: u64,
    mut told: impl FnMut(u64),
) -> Result<(), broker::Error> {
    loop {
        let at = log.position_of(StockLedger::NAME).await?;
        told(at);
        if at >= position {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Shop {
    fn read_stock_file(&self, bytes: &[u8]) -> (Vec<BatchLine>, FileReport) {
        let catalogue = self.catalogue();
        let level = |sku: &Sku| {
            // What is not for sale may lie in the house all the same.
            catalogue.ever_sold(sku)?;
            self.levels().level(sku)
        };
        read_file(bytes, level)
    }

    /// Takes a file in, without following it. Answers with where it is looked at.
    ///
    /// # Errors
    /// 422 for what is no text or too large.
    pub async fn take_stock_file(
        &self,
        staff: &Staff,
        name: &str,
        bytes: &[u8],
    ) -> crate::Result<BatchId> {
        let by = staff.may(Right::Stock)?;
        Ok(self.keep_file(by, name, bytes).await?)
    }

    async fn keep_file(&self, by: &str, name: &str, bytes: &[u8]) -> Result<BatchId, Refused> {
        let content = text_of(bytes).map_err(|bad| {
            let BadLine { line, expected, .. } = bad;
            let message = format!("Line {line}: expected {expected}.");
            Problem::invalid_field("file", message)
        })?;
        // PostgreSQL keeps no such character.
        if content.contains('\0') {
            let message = "Expected a text file, and this one has zero bytes in it.";
            return Err(Problem::invalid_field("file", message).into());
        }
        let id = BatchId::new(self.log().environment().new_id());
        let name: String = name
            .chars()
            .filter(|sign| !sign.is_control())
            .take(MAX_NAME)
            .collect();
        let now_us = self.now_us();
        let mut tx = self.log().begin("shop").await?;
        db::query("delete from stock_imports where at_us < $1")
            .bind(now_us - KEPT_US)
            .execute(tx.conn())
            .await?;
        db::query(
            "insert into stock_imports (id, name, author, at_us, content) values ($1, $2, $3, $4, $5)",
        )
        .bind(id.to_string())
        .bind(name)
        .bind(by)
        .bind(now_us)
        .bind(content)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(id)
    }

    async fn kept_file(&self, id: BatchId) -> Result<(String, String, i64, String), Refused> {
        let row = db::query("select name, author, at_us, content from stock_imports where id = $1")
            .bind(id.to_string())
            .fetch_optional(self.log().db().reader())
            .await?;
        let Some(row) = row else {
            let detail = "There is no such import, or it is older than a day.";
            return Err(Problem::not_found(detail).into());
        };
        Ok((
            row.try_get(0)?,
            row.try_get(1)?,
            row.try_get(2)?,
            row.try_get(3)?,
        ))
    }

    /// A file that was given to the shop: what it would do now, or what it has done.
    ///
    /// # Errors
    /// 404 for one that there is not, or not any more.
    pub async fn stock_import(&self, staff: &Staff, id: BatchId) -> crate::Result<ImportView> {
        staff.may(Right::Stock)?;
        Ok(self.shown_import(id).await?)
    }

    async fn shown_import(&self, id: BatchId) -> Result<ImportView, Refused> {
        let (name, author, at_us, content) = self.kept_file(id).await?;
        self.staff_names().refresh(self.log()).await?;
        let state = match self.import_outcome(id).await? {
            Some(state) => state,
            None => {
                let shop = self.clone();
                // Thousands of lines: not on the threads that answer requests.
                let read =
                    tokio::task::spawn_blocking(move || shop.read_stock_file(content.as_bytes()).1);
                ImportState::Checked(read.await.map_err(internal)?)
            }
        };
        Ok(ImportView {
            id,
            name,
            at_us,
            by: self.staff_names().of(&author),
            state,
        })
    }

    /// What the log says of it; `None` before it is followed.
    async fn import_outcome(&self, id: BatchId) -> Result<Option<ImportState>, Refused> {
        for event in self.log().read_key(&id.to_string()).await? {
            match &*decode(&event)? {
                Event::StockBatchAccepted(accepted) => {
                    let done = done_of(accepted, event.position);
                    let at = self.log().position_of(StockLedger::NAME).await?;
                    let written = at.saturating_sub(event.position).min(done.changed.into());
                    return Ok(Some(ImportState::Done { done, written }));
                }
                Event::StockBatchRejected(refused) => {
                    return Ok(Some(ImportState::Refused(refused.conflicts.clone())));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// Follows a file that was given to the shop: all of its lines, or none. Once.
    ///
    /// # Errors
    /// 404 for one that there is not, 409 `import-has-bad-lines` for one with lines that cannot be followed.
    pub async fn follow_stock_file(
        &self,
        staff: &Staff,
        id: BatchId,
        reason: &str,
    ) -> Result<(), BatchNotDone> {
        staff.may(Right::Stock)?;
        if self.import_outcome(id).await?.is_some() {
            return Ok(());
        }
        let (_, _, _, content) = self.kept_file(id).await?;
        let shop = self.clone();
        let read = tokio::task::spawn_blocking(move || shop.read_stock_file(content.as_bytes()));
        let (lines, report) = read.await.map_err(internal)?;
        if !report.is_good() {
            let detail = "Nothing was changed: the file has lines that cannot be followed.";
            let title = "The file has bad lines";
            return Err(Problem::conflict("import-has-bad-lines", title, detail).into());
        }
        let batch = Batch {
            id,
            source: BatchSource::Import,
            reason: reason.trim().to_owned(),
            lines,
        };
        match self.set_stock_of_many(staff, batch).await {
            // Its page tells them.
            Ok(_) | Err(BatchNotDone::Conflicts(_)) => Ok(()),
            Err(problem) => Err(problem),
        }
    }
}
