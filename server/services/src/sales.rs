//! Keeps the numbers of what is sold: a table of stretches of time, folded from the log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use broker::{Consumer, Failure, Filter, Recorded, Rule, Tx};
use db::Columns;
use domain::Event;
use domain::event::{
    OrderCancelled, OrderConfirmed, OrderPlaced, OrderRestCancelled, PaymentCaptured,
    PaymentDeclined, PaymentRefunded, ReservationHeld,
};
use domain::sales::{Step, counts, figures, needs_order};
use types::OrderId;
use types::sales::Figures;

use crate::events::decode;

#[derive(Debug)]
pub(crate) struct Sales;

/// A stretch of time.
type Stretch = (Step, i64);

/// What a batch adds.
#[derive(Default)]
struct Added {
    figures: BTreeMap<Stretch, Figures>,
    /// Pieces, and what they came to, by SKU.
    skus: BTreeMap<(Stretch, String), (i64, i64)>,
}

impl Consumer for Sales {
    const NAME: &'static str = "sales";
    const HEARS: Filter<'static> = Filter(&[
        Rule::topic(ReservationHeld::TOPIC).of(&[ReservationHeld::KIND]),
        Rule::topic(OrderPlaced::TOPIC).of(&[
            OrderPlaced::KIND,
            OrderConfirmed::KIND,
            OrderCancelled::KIND,
            OrderRestCancelled::KIND,
        ]),
        Rule::topic(PaymentCaptured::TOPIC).of(&[
            PaymentDeclined::KIND,
            PaymentCaptured::KIND,
            PaymentRefunded::KIND,
        ]),
    ]);

    async fn handle(&self, tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<(), Failure> {
        let orders = orders_of(tx, batch).await?;
        let mut added = Added::default();
        for event in batch {
            let content = decode(event)?;
            let placed = needs_order(&content).and_then(|id| orders.get(&id));
            added.add(&content, placed, event.time_us);
        }
        added.keep_what_lasts(tx).await?;
        store_figures(tx, &added).await?;
        store_skus(tx, &added).await
    }
}

/// Whether an event changes the numbers.
pub fn is_of_sales(event: &Event) -> bool {
    counts(event)
}

/// How the orders began of which more must be known than the batch tells.
async fn orders_of(
    tx: &mut Tx,
    batch: &[Arc<Recorded>],
) -> Result<BTreeMap<OrderId, OrderPlaced>, Failure> {
    let mut needed = BTreeSet::new();
    for event in batch {
        needed.extend(needs_order(&*decode(event)?));
    }
    if needed.is_empty() {
        return Ok(BTreeMap::new());
    }
    let keys = needed.iter().map(OrderId::to_string);
    let mut orders = BTreeMap::new();
    for event in tx.read_of_keys(OrderPlaced::KIND, keys).await? {
        if let Event::OrderPlaced(placed) = &*decode(&event)? {
            orders.insert(placed.order_id, placed.clone());
        }
    }
    Ok(orders)
}

impl Added {
    fn add(&mut self, event: &Event, placed: Option<&OrderPlaced>, at_us: i64) {
        let figures = figures(event, placed);
        if figures.is_nothing() {
            return;
        }
        let sold = placed.filter(|_| matches!(event, Event::OrderConfirmed(_)));
        for step in Step::ALL {
            let stretch = (step, step.of(at_us));
            let sum = self.figures.entry(stretch).or_default();
            *sum = sum.plus(&figures);
            for line in sold.iter().flat_map(|placed| &placed.lines) {
                let sum = self.skus.entry((stretch, line.sku.to_string()));
                let (pieces, minor) = sum.or_default();
                let price = line.unit_price.minor;
                *pieces += i64::from(line.quantity);
                *minor = minor.saturating_add(price.saturating_mul(line.quantity.into()));
            }
        }
    }

    /// Leaves out what is too old to be kept, and forgets what has become so: what there is in the end depends
    /// on the times alone, and not on the batches that they came in.
    async fn keep_what_lasts(&mut self, tx: &mut Tx) -> Result<(), Failure> {
        for step in Step::ALL {
            let mut of_step = self.figures.keys().filter(|(of, _)| *of == step);
            let Some(&(_, newest)) = of_step.next_back() else {
                continue;
            };
            let known = db::query("select max(at_us) from sales_figures where step = $1");
            let known = known.bind(step.into_str()).fetch_one(tx.conn()).await?;
            let known: Option<i64> = known.try_get(0)?;
            let newest = known.map_or(newest, |known| known.max(newest));
            let is_kept = |(of, at_us): &Stretch| *of != step || step.is_kept(*at_us, newest);
            self.figures.retain(|stretch, _| is_kept(stretch));
            self.skus.retain(|(stretch, _), _| is_kept(stretch));
            let Some(before) = step.kept_from(newest).filter(|_| known != Some(newest)) else {
                continue;
            };
            for sql in [
                "delete from sales_figures where step = $1 and at_us < $2",
                "delete from sales_of_skus where step = $1 and at_us < $2",
            ] {
                let forgotten = db::query(sql).bind(step.into_str()).bind(before);
                forgotten.execute(tx.conn()).await?;
            }
        }
        Ok(())
    }
}

async fn store_figures(tx: &mut Tx, added: &Added) -> Result<(), Failure> {
    let rows: Vec<_> = added.figures.iter().collect();
    for (list, chunk) in tx.place_rows(&rows, 12) {
        let sql = format!(
            "insert into sales_figures (step, at_us, checkouts, placed, declined, sold, pieces, \
             sold_minor, cancelled, cancelled_minor, collected_minor, refunded_minor) \
             values {list} on conflict (step, at_us) do update set \
             checkouts = sales_figures.checkouts + excluded.checkouts, \
             placed = sales_figures.placed + excluded.placed, \
             declined = sales_figures.declined + excluded.declined, \
             sold = sales_figures.sold + excluded.sold, \
             pieces = sales_figures.pieces + excluded.pieces, \
             sold_minor = sales_figures.sold_minor + excluded.sold_minor, \
             cancelled = sales_figures.cancelled + excluded.cancelled, \
             cancelled_minor = sales_figures.cancelled_minor + excluded.cancelled_minor, \
             collected_minor = sales_figures.collected_minor + excluded.collected_minor, \
             refunded_minor = sales_figures.refunded_minor + excluded.refunded_minor"
        );
        let mut upsert = db::query(db::trusted_sql(sql));
        for ((step, at_us), figures) in chunk {
            upsert = upsert.bind(step.into_str()).bind(*at_us);
            for number in figures.numbers() {
                upsert = upsert.bind(number);
            }
        }
        upsert.execute(tx.conn()).await?;
    }
    Ok(())
}

async fn store_skus(tx: &mut Tx, added: &Added) -> Result<(), Failure> {
    let rows: Vec<_> = added.skus.iter().collect();
    for (list, chunk) in tx.place_rows(&rows, 5) {
        let sql = format!(
            "insert into sales_of_skus (step, at_us, sku, pieces, sold_minor) values {list} \
             on conflict (step, at_us, sku) do update set \
             pieces = sales_of_skus.pieces + excluded.pieces, \
             sold_minor = sales_of_skus.sold_minor + excluded.sold_minor"
        );
        let mut upsert = db::query(db::trusted_sql(sql));
        for (((step, at_us), sku), (pieces, minor)) in chunk {
            upsert = upsert.bind(step.into_str()).bind(*at_us).bind(sku);
            upsert = upsert.bind(*pieces).bind(*minor);
        }
        upsert.execute(tx.conn()).await?;
    }
    Ok(())
}
