//! Lists the orders to suppliers for staff: a table of how each stands, folded from the events about it.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker::{Consumer, Failure, Filter, Recorded, Rule, Tx};
use db::Columns;
use domain::event::PurchaseOrderDrafted;
use domain::purchasing::{PurchaseOrder, order_of, supplier_of};
use types::SupplierId;
use types::purchasing::purchase_number;

use crate::events::decode;
use crate::rows_in::select_in;

#[derive(Debug)]
pub(crate) struct PurchaseDesk;

/// An order as the table has it, or will have it.
struct Row {
    supplier: SupplierId,
    order: Option<PurchaseOrder>,
    position: u64,
    is_changed: bool,
}

type Rows = BTreeMap<String, Row>;

impl Consumer for PurchaseDesk {
    const NAME: &'static str = "purchase_desk";
    const HEARS: Filter<'static> = Filter(&[Rule::topic(PurchaseOrderDrafted::TOPIC)]);

    async fn handle(&self, tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<(), Failure> {
        let mut rows = load(tx, batch).await?;
        for event in batch {
            fold(&mut rows, event)?;
        }
        rows.retain(|_, row| row.is_changed);
        store(tx, &rows.into_iter().collect::<Vec<_>>()).await
    }
}

fn fold(rows: &mut Rows, event: &Recorded) -> Result<(), Failure> {
    let content = decode(event)?;
    let (Some(id), Some(supplier)) = (order_of(&content), supplier_of(&content)) else {
        return Ok(());
    };
    let row = rows.entry(id.to_string()).or_insert_with(|| Row {
        supplier: supplier.clone(),
        order: None,
        position: 0,
        is_changed: false,
    });
    // Handled before.
    if row.position >= event.position {
        return Ok(());
    }
    row.order = PurchaseOrder::evolve(row.order.take(), &content, event.time_us);
    row.position = event.position;
    row.is_changed = true;
    Ok(())
}

async fn load(tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<Rows, Failure> {
    let mut ids = Vec::new();
    for event in batch {
        ids.extend(order_of(&*decode(event)?).map(|id| id.to_string()));
    }
    let question = "select id, supplier, state, position from purchase_orders where id in";
    let mut rows = Rows::new();
    for row in select_in(tx, question, ids.iter().map(String::as_str)).await? {
        let id: String = row.try_get(0)?;
        let bad =
            |error: &dyn std::fmt::Display| Failure::Other(format!("purchase order {id}: {error}"));
        let order = serde_json::from_str(row.try_get::<&str, _>(2)?);
        let known = Row {
            supplier: row.try_get::<&str, _>(1)?.parse().map_err(|e| bad(&e))?,
            order: Some(order.map_err(|e| bad(&e))?),
            position: row.try_get::<i64, _>(3)?.unsigned_abs(),
            is_changed: false,
        };
        rows.insert(id, known);
    }
    Ok(rows)
}

/// What an order is searched by.
fn search_text(order: &PurchaseOrder, supplier: &SupplierId) -> String {
    let skus = order.lines.iter().map(|line| line.sku.as_str());
    let number = purchase_number(order.id);
    let words = [number.as_str(), supplier.as_str()].into_iter().chain(skus);
    words.collect::<Vec<_>>().join(" ").to_ascii_lowercase()
}

async fn store(tx: &mut Tx, rows: &[(String, Row)]) -> Result<(), Failure> {
    let rows: Vec<(&String, &Row, &PurchaseOrder)> = rows
        .iter()
        .filter_map(|(id, row)| Some((id, row, row.order.as_ref()?)))
        .collect();
    for (list, chunk) in tx.place_rows(&rows, 8) {
        let sql = format!(
            "insert into purchase_orders \
             (id, supplier, status, is_overdue, opened_us, search, state, position) \
             values {list} on conflict (id) do update set status = excluded.status, \
             is_overdue = excluded.is_overdue, search = excluded.search, \
             state = excluded.state, position = excluded.position"
        );
        let mut upsert = db::query(db::trusted_sql(sql));
        for (id, row, order) in chunk {
            let state = serde_json::to_string(order);
            let state =
                state.map_err(|error| Failure::Other(format!("purchase order {id}: {error}")))?;
            upsert = upsert
                .bind(*id)
                .bind(row.supplier.as_str())
                .bind(order.status.into_str())
                .bind(i64::from(order.is_overdue))
                .bind(order.opened_us)
                .bind(search_text(order, &row.supplier))
                .bind(state)
                .bind(row.position.cast_signed());
        }
        upsert.execute(tx.conn()).await?;
    }
    Ok(())
}
