//! The inventory consumer: the only writer of the stock table.

use std::collections::BTreeSet;
use std::sync::Arc;

use broker::{Consumer, Failure, Filter, Projection, Recorded, Rule, Tx};
use db::{Columns, place_rows, placeholders};
use domain::Event;
use domain::event::{
    OrderCancelled, OrderPlaced, StockCorrected, StockCorrectionRequested, StockReleased,
    StockReserved,
};
use domain::stock::{self, Shelf, Stock};
use types::Sku;

use crate::events::{decode, encode};

#[derive(Debug)]
pub(crate) struct Inventory;

impl Consumer for Inventory {
    const NAME: &'static str = "inventory";
    const HEARS: Filter<'static> = Filter(&[
        Rule::topic(OrderPlaced::TOPIC).of(&[OrderPlaced::KIND, OrderCancelled::KIND]),
        Rule::topic(StockCorrectionRequested::TOPIC).of(&[StockCorrectionRequested::KIND]),
    ]);

    async fn handle(&self, tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<(), Failure> {
        let events: Vec<Event> = batch.iter().map(|e| decode(e)).collect::<Result<_, _>>()?;
        let mut shelf = load(tx, events.iter().flat_map(skus).collect()).await?;
        let before = shelf.clone();
        for (recorded, event) in batch.iter().zip(&events) {
            let decided = match event {
                Event::OrderPlaced(order) => stock::reserve(&mut shelf, order),
                Event::OrderCancelled(order) => stock::release(&mut shelf, order),
                Event::StockCorrectionRequested(count) => stock::correct(&mut shelf, count),
                _ => continue,
            };
            tx.append(encode(&decided)?, Some(recorded));
        }
        shelf.retain(|sku, stock| before.get(sku) != Some(stock));
        store(tx, Self::TABLE, &shelf).await
    }
}

impl Projection for Inventory {
    const TABLE: &'static str = "stock";
    const FOLDS: Filter<'static> = Filter(&[Rule::topic(StockReserved::TOPIC).of(&[
        StockReserved::KIND,
        StockReleased::KIND,
        StockCorrected::KIND,
    ])]);

    async fn fold(
        &self,
        tx: &mut db::Tx,
        table: &str,
        batch: &[Arc<Recorded>],
    ) -> Result<(), Failure> {
        let mut shelf = Shelf::new();
        for recorded in batch {
            let event = decode(recorded)?;
            let levels = stock::levels_of(&event).unwrap_or_default();
            shelf.extend(levels.into_iter().map(|(sku, stock)| (sku.clone(), stock)));
        }
        store(tx, table, &shelf).await
    }
}

fn skus(event: &Event) -> Vec<&Sku> {
    match event {
        Event::OrderPlaced(order) => order.lines.iter().map(|line| &line.sku).collect(),
        Event::OrderCancelled(order) => order.lines.iter().map(|line| &line.sku).collect(),
        Event::StockCorrectionRequested(count) => vec![&count.sku],
        _ => Vec::new(),
    }
}

async fn load(tx: &mut Tx, skus: BTreeSet<&Sku>) -> Result<Shelf, Failure> {
    let mut shelf = Shelf::new();
    let skus: Vec<&Sku> = skus.into_iter().collect();
    for chunk in skus.chunks(256) {
        let (list, count) = placeholders(chunk.len(), 1);
        let sql = format!("select sku, on_hand, allocated from stock where sku in ({list})");
        let mut select = db::query(db::built(sql));
        for i in 0..count {
            select = select.bind(chunk[i.min(chunk.len() - 1)].as_str());
        }
        for row in select.fetch_all(tx.conn()).await? {
            let sku: String = row.try_get(0)?;
            let sku = sku
                .parse()
                .map_err(|error| Failure::Other(format!("stock: {error}")))?;
            let stock = Stock {
                on_hand: row.try_get(1)?,
                allocated: row.try_get(2)?,
            };
            shelf.insert(sku, stock);
        }
    }
    Ok(shelf)
}

/// Writes levels, in the order of SKUs.
async fn store(tx: &mut db::Tx, table: &str, shelf: &Shelf) -> Result<(), Failure> {
    let levels: Vec<(&Sku, &Stock)> = shelf.iter().collect();
    for (tuples, chunk) in place_rows(&levels, 3) {
        let sql = format!(
            "insert into {table} (sku, on_hand, allocated) values {tuples} \
             on conflict (sku) do update \
             set on_hand = excluded.on_hand, allocated = excluded.allocated"
        );
        let mut upsert = db::query(db::built(sql));
        for (sku, stock) in chunk {
            upsert = upsert
                .bind(sku.as_str())
                .bind(stock.on_hand)
                .bind(stock.allocated);
        }
        upsert.execute(tx.conn()).await?;
    }
    Ok(())
}
