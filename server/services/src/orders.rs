//! The orders consumer: the process manager that carries an order from step to step. Its state,
//! `order_progress`, is derived from the log alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use broker::{Consumer, Failure, Filter, Log, Projection, Recorded, Rule, Tx};
use db::{Columns, Row, place_rows, placeholders};
use domain::Event;
use domain::event::{
    OrderCancellationRequested, OrderCancelled, OrderConfirmed, OrderPlaced, OrderRejected,
    PaymentAuthorized, PaymentDeclined, PaymentMethodGiven, PaymentMethodRequired,
    PaymentRequested, PaymentWindowElapsed, StockRejected, StockReserved,
};
use domain::order::OrderState;
use types::order::OrderStatus;
use types::{Money, OrderId};

use crate::events::{decode, encode};
use crate::shop::ShopSettings;

#[derive(Debug)]
pub(crate) struct Orders {
    /// How long stock is held for an order that is not paid.
    payment_window_us: i64,
}

impl Orders {
    pub const fn new(settings: &ShopSettings) -> Self {
        Self {
            payment_window_us: settings.payment_window_us,
        }
    }
}

impl Consumer for Orders {
    const NAME: &'static str = "orders";
    const HEARS: Filter<'static> = Filter(&[
        Rule::topic(OrderPlaced::TOPIC).of(&[OrderPlaced::KIND, OrderCancellationRequested::KIND]),
        Rule::topic(StockReserved::TOPIC).of(&[StockReserved::KIND, StockRejected::KIND]),
        Rule::topic(PaymentAuthorized::TOPIC).of(&[
            PaymentMethodGiven::KIND,
            PaymentAuthorized::KIND,
            PaymentDeclined::KIND,
            PaymentWindowElapsed::KIND,
        ]),
    ]);

    async fn handle(&self, tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<(), Failure> {
        let mut orders = load(tx, Self::TABLE, batch).await?;
        for recorded in batch {
            let event = decode(recorded)?;
            let Some(order) = order_of(&mut orders, recorded, &event)? else {
                continue;
            };
            for decided in order.handle(&event, recorded.time_us, self.payment_window_us) {
                tx.append(encode(&decided)?, Some(recorded));
            }
        }
        store(tx, Self::TABLE, orders).await
    }
}

impl Projection for Orders {
    const TABLE: &'static str = "order_progress";
    const FOLDS: Filter<'static> = Filter(&[
        Rule::topic(OrderPlaced::TOPIC).of(&[
            OrderPlaced::KIND,
            OrderConfirmed::KIND,
            OrderRejected::KIND,
            OrderCancelled::KIND,
        ]),
        Rule::topic(PaymentRequested::TOPIC).of(&[
            PaymentMethodRequired::KIND,
            PaymentRequested::KIND,
            PaymentDeclined::KIND,
        ]),
    ]);

    async fn fold(
        &self,
        tx: &mut db::Tx,
        table: &str,
        batch: &[Arc<Recorded>],
    ) -> Result<(), Failure> {
        let mut orders = load(tx, table, batch).await?;
        for recorded in batch {
            let event = decode(recorded)?;
            if let Some(order) = order_of(&mut orders, recorded, &event)? {
                order.evolve(&event);
            }
        }
        store(tx, table, orders).await
    }
}

/// The order that an event is about; `None` for one that was placed just now, of which the event is
/// the beginning.
fn order_of<'a>(
    orders: &'a mut BTreeMap<OrderId, OrderState>,
    recorded: &Recorded,
    event: &Event,
) -> Result<Option<&'a mut OrderState>, Failure> {
    if let Event::OrderPlaced(placed) = event {
        orders
            .entry(placed.order_id)
            .or_insert_with(|| OrderState::placed(placed));
        return Ok(None);
    }
    let id: OrderId = recorded
        .key
        .parse()
        .map_err(|e| Failure::Other(format!("order: {e}")))?;
    match orders.get_mut(&id) {
        Some(order) => Ok(Some(order)),
        None => Err(Failure::Other(format!(
            "order {id} is not known to the orders service"
        ))),
    }
}

const COLUMNS: &str = "order_id, status, attempts, total_minor, currency, lines, payment_token, \
     reserved_until_us";

/// The orders that a batch is about, as far as they are known.
async fn load(
    tx: &mut db::Tx,
    table: &str,
    batch: &[Arc<Recorded>],
) -> Result<BTreeMap<OrderId, OrderState>, Failure> {
    let ids: BTreeSet<&str> = batch.iter().map(|event| event.key.as_str()).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let mut orders = BTreeMap::new();
    for chunk in ids.chunks(256) {
        let (list, count) = placeholders(chunk.len(), 1);
        let sql = format!("select {COLUMNS} from {table} where order_id in ({list})");
        let mut select = db::query(db::built(sql));
        for i in 0..count {
            select = select.bind(chunk[i.min(chunk.len() - 1)]);
        }
        for row in select.fetch_all(tx.conn()).await? {
            let order = read(&row)?;
            orders.insert(order.order_id, order);
        }
    }
    Ok(orders)
}

fn read(row: &Row) -> Result<OrderState, Failure> {
    let text = |column| row.try_get::<&str, _>(column);
    let bad = |error: &dyn std::fmt::Display| Failure::Other(format!("order_progress: {error}"));
    let token = text(6)?;
    Ok(OrderState {
        order_id: text(0)?.parse().map_err(|e| bad(&e))?,
        status: status_from(text(1)?).ok_or_else(|| bad(&"unknown status"))?,
        attempts: u32::try_from(row.try_get::<i64, _>(2)?).map_err(|e| bad(&e))?,
        total: Money::new(row.try_get(3)?, text(4)?.parse().map_err(|e| bad(&e))?),
        lines: serde_json::from_str(text(5)?).map_err(|e| bad(&e))?,
        payment_token: (!token.is_empty()).then(|| token.to_owned()),
        reserved_until_us: row.try_get(7)?,
    })
}

async fn store(
    tx: &mut db::Tx,
    table: &str,
    orders: BTreeMap<OrderId, OrderState>,
) -> Result<(), Failure> {
    let orders: Vec<OrderState> = orders.into_values().collect();
    for (tuples, chunk) in place_rows(&orders, 8) {
        let sql = format!(
            "insert into {table} ({COLUMNS}) values {tuples} \
             on conflict (order_id) do update set status = excluded.status, \
             attempts = excluded.attempts, payment_token = excluded.payment_token, \
             reserved_until_us = excluded.reserved_until_us"
        );
        let mut upsert = db::query(db::built(sql));
        for order in chunk {
            let lines = serde_json::to_string(&order.lines);
            upsert = upsert
                .bind(order.order_id.to_string())
                .bind(status_name(order.status))
                .bind(i64::from(order.attempts))
                .bind(order.total.minor)
                .bind(order.total.currency.code())
                .bind(lines.map_err(|error| Failure::Other(error.to_string()))?)
                .bind(order.payment_token.as_deref().unwrap_or_default())
                .bind(order.reserved_until_us);
        }
        upsert.execute(tx.conn()).await?;
    }
    Ok(())
}

const STATUSES: [(OrderStatus, &str); 6] = [
    (OrderStatus::Reserving, "reserving"),
    (OrderStatus::Paying, "paying"),
    (OrderStatus::AwaitingPayment, "awaiting_payment"),
    (OrderStatus::Confirmed, "confirmed"),
    (OrderStatus::Rejected, "rejected"),
    (OrderStatus::Cancelled, "cancelled"),
];

fn status_name(status: OrderStatus) -> &'static str {
    STATUSES
        .iter()
        .find(|(known, _)| *known == status)
        .map_or("", |(_, name)| name)
}

fn status_from(name: &str) -> Option<OrderStatus> {
    STATUSES
        .iter()
        .find(|(_, known)| *known == name)
        .map(|(status, _)| *status)
}

/// The process manager's view of an order; `None` before it has heard of it.
pub(crate) async fn status(log: &Log, id: OrderId) -> Result<Option<OrderStatus>, Failure> {
    let row = db::query("select status from order_progress where order_id = $1")
        .bind(id.to_string())
        .fetch_optional(log.db().reader())
        .await?;
    Ok(row
        .map(|row| row.try_get::<&str, _>(0).map(status_from))
        .transpose()?
        .flatten())
}

/// Orders whose payment window is over, the oldest first.
pub(crate) async fn overdue(log: &Log, now_us: i64) -> Result<Vec<OrderId>, Failure> {
    let rows = db::query(
        "select order_id from order_progress \
         where status = 'awaiting_payment' and reserved_until_us <= $1 \
         order by reserved_until_us limit 500",
    )
    .bind(now_us)
    .fetch_all(log.db().reader())
    .await?;
    rows.iter()
        .map(|row| {
            let id: &str = row.try_get(0)?;
            id.parse()
                .map_err(|error| Failure::Other(format!("order_progress: {error}")))
        })
        .collect()
}
