//! Lists the orders for staff: a table of how each stands, folded from the events about it.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker::{Consumer, Failure, Filter, Recorded, Rule, Tx};
use db::Columns;
use domain::Event;
use domain::event::{
    OrderPlaced, PaymentRequested, ReturnAsked, ShipmentPacked, StockRejected, StockReserved,
};
use domain::order::OrderState;
use types::OrderId;

use crate::events::decode;
use crate::order_rows::number_bits;
use crate::rows_in::select_in;

#[derive(Debug)]
pub(crate) struct OrderDesk;

/// An order as the table has it, or will have it.
struct Row {
    number_bits: String,
    placed_at_us: i64,
    /// As it is counted; `None` for one that is new.
    counted: Option<String>,
    state: OrderState,
    position: u64,
    is_changed: bool,
}

type Rows = BTreeMap<String, Row>;

impl Consumer for OrderDesk {
    const NAME: &'static str = "order_desk";
    const HEARS: Filter<'static> = Filter(&[
        Rule::topic(OrderPlaced::TOPIC),
        Rule::topic(PaymentRequested::TOPIC),
        Rule::topic(ShipmentPacked::TOPIC),
        Rule::topic(ReturnAsked::TOPIC),
        Rule::topic(StockReserved::TOPIC).of(&[StockReserved::KIND, StockRejected::KIND]),
    ]);

    async fn handle(&self, tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<(), Failure> {
        let mut rows = load(tx, batch).await?;
        for event in batch {
            fold(&mut rows, event)?;
        }
        rows.retain(|_, row| row.is_changed);
        let rows: Vec<(String, Row)> = rows.into_iter().collect();
        store(tx, &rows).await?;
        store_skus(tx, &rows).await?;
        count(tx, &rows).await
    }
}

/// Whether the list takes note of an event.
pub fn is_listed(event: &Recorded) -> bool {
    OrderDesk::HEARS.matches(event) && event.key.parse::<OrderId>().is_ok()
}

/// Takes note of an event about an order.
fn fold(rows: &mut Rows, event: &Recorded) -> Result<(), Failure> {
    let Ok(id) = event.key.parse::<OrderId>() else {
        return Ok(());
    };
    let content = decode(event)?;
    match (rows.get_mut(&event.key), &*content) {
        (None, Event::OrderPlaced(placed)) => {
            let row = Row {
                number_bits: number_bits(id),
                placed_at_us: event.time_us,
                counted: None,
                state: OrderState::placed(placed, event.time_us),
                position: event.position,
                is_changed: true,
            };
            rows.insert(event.key.clone(), row);
        }
        // Handled before; a beginning that was given up has nothing that could go on.
        (Some(row), _) if row.position >= event.position => {}
        (Some(row), content) => {
            row.state.evolve(content, event.time_us);
            row.position = event.position;
            row.is_changed = true;
        }
        (None, _) => {}
    }
    Ok(())
}

fn status(row: &Row) -> &'static str {
    row.state.status().into_str()
}

async fn load(tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<Rows, Failure> {
    let keys = batch.iter().map(|event| event.key.as_str());
    let question = "select order_id, number_bits, placed_at_us, status, state, position \
                    from order_desk where order_id in";
    let mut rows = Rows::new();
    for row in select_in(tx, question, keys).await? {
        let id: String = row.try_get(0)?;
        let state = serde_json::from_str(row.try_get::<&str, _>(4)?);
        let state = state.map_err(|error| Failure::Other(format!("order {id}: {error}")))?;
        let known = Row {
            number_bits: row.try_get(1)?,
            placed_at_us: row.try_get(2)?,
            counted: Some(row.try_get(3)?),
            state,
            position: row.try_get::<i64, _>(5)?.unsigned_abs(),
            is_changed: false,
        };
        rows.insert(id, known);
    }
    Ok(rows)
}

async fn store(tx: &mut Tx, rows: &[(String, Row)]) -> Result<(), Failure> {
    for (list, chunk) in tx.place_rows(rows, 7) {
        let sql = format!(
            "insert into order_desk \
             (order_id, number_bits, placed_at_us, status, pieces, state, position) \
             values {list} on conflict (order_id) do update set status = excluded.status, \
             state = excluded.state, position = excluded.position"
        );
        let mut upsert = db::query(db::trusted_sql(sql));
        for (id, row) in chunk {
            let pieces: i64 = row.state.lines.iter().map(|l| i64::from(l.quantity)).sum();
            let state = serde_json::to_string(&row.state);
            let state = state.map_err(|error| Failure::Other(format!("order {id}: {error}")))?;
            upsert = upsert
                .bind(id)
                .bind(&row.number_bits)
                .bind(row.placed_at_us)
                .bind(status(row))
                .bind(pieces)
                .bind(state)
                .bind(row.position.cast_signed());
        }
        upsert.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Which SKUs the new orders have.
async fn store_skus(tx: &mut Tx, rows: &[(String, Row)]) -> Result<(), Failure> {
    let new = rows.iter().filter(|(_, row)| row.counted.is_none());
    let lines = new.flat_map(|(id, row)| {
        let skus = row.state.lines.iter().map(|line| line.sku.as_str());
        skus.map(move |sku| (sku, row.placed_at_us, id))
    });
    let lines: Vec<(&str, i64, &String)> = lines.collect();
    for (list, chunk) in tx.place_rows(&lines, 3) {
        let sql = format!(
            "insert into order_desk_skus (sku, placed_at_us, order_id) values {list} \
             on conflict do nothing"
        );
        let mut insert = db::query(db::trusted_sql(sql));
        for (sku, placed_at_us, id) in chunk {
            insert = insert.bind(*sku).bind(*placed_at_us).bind(*id);
        }
        insert.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Counts the orders that have another status than before.
async fn count(tx: &mut Tx, rows: &[(String, Row)]) -> Result<(), Failure> {
    let mut changes: BTreeMap<&str, i64> = BTreeMap::new();
    for (_, row) in rows {
        if row.counted.as_deref() != Some(status(row)) {
            *changes.entry(status(row)).or_default() += 1;
            if let Some(before) = &row.counted {
                *changes.entry(before).or_default() -= 1;
            }
        }
    }
    let changes: Vec<(&str, i64)> = changes.into_iter().filter(|(_, by)| *by != 0).collect();
    for (list, chunk) in tx.place_rows(&changes, 2) {
        let sql = format!(
            "insert into order_desk_counts (status, orders) values {list} \
             on conflict (status) do update set orders = order_desk_counts.orders + excluded.orders"
        );
        let mut upsert = db::query(db::trusted_sql(sql));
        for (status, by) in chunk {
            upsert = upsert.bind(*status).bind(*by);
        }
        upsert.execute(tx.conn()).await?;
    }
    Ok(())
}
