//! The inventory: holds and releases the pieces of orders, and follows counts.

use broker::{Decider, Failure, Filter, NewEvent, Recorded, Rule, States};
use domain::Event;
use domain::event::{
    OrderCancelled, OrderPlaced, OrderRestCancelled, Pieces, ReturnReceived, ShipmentCameBack,
    ShipmentShipped, StockCorrectionRequested, StockRejected, StockReleaseRequested,
};
use domain::stock::{self, Shelf, Stock};
use types::Sku;

use crate::events::{decode, encode, encode_all};

#[derive(Debug)]
pub(crate) struct Inventory;

impl Decider for Inventory {
    const NAME: &'static str = "inventory";
    const HEARS: Filter<'static> = Filter(&[
        Rule::topic(OrderPlaced::TOPIC).of(&[
            OrderPlaced::KIND,
            OrderCancelled::KIND,
            OrderRestCancelled::KIND,
        ]),
        Rule::topic(ShipmentShipped::TOPIC).of(&[ShipmentShipped::KIND, ShipmentCameBack::KIND]),
        Rule::topic(ReturnReceived::TOPIC).of(&[ReturnReceived::KIND]),
        Rule::topic(StockReleaseRequested::TOPIC)
            .of(&[StockCorrectionRequested::KIND, StockReleaseRequested::KIND]),
    ]);
    /// By SKU.
    type State = Stock;

    fn keys(&self, event: &Recorded) -> Result<Vec<String>, Failure> {
        let event = decode(event)?;
        Ok(skus(&event).into_iter().map(Sku::to_string).collect())
    }

    fn decide(&self, stock: &States<Stock>, event: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let event = decode(event)?;
        let level = |sku: &Sku| Some((sku.clone(), *stock.get(sku.as_str())?));
        let mut shelf: Shelf = skus(&event).into_iter().filter_map(level).collect();
        let decided = match &*event {
            Event::OrderPlaced(order) => Some(stock::reserve(&mut shelf, order)),
            Event::OrderCancelled(order) => {
                stock::release(&mut shelf, order.order_id, &order.lines)
            }
            Event::OrderRestCancelled(order) => {
                stock::release(&mut shelf, order.order_id, &order.lines)
            }
            Event::StockReleaseRequested(asked) => {
                stock::release(&mut shelf, asked.order_id, &asked.lines)
            }
            Event::ShipmentShipped(parcel) => {
                stock::ship(&mut shelf, parcel.order_id, &parcel.lines)
            }
            Event::ShipmentCameBack(parcel) => {
                stock::take_back(&mut shelf, parcel.order_id, &parcel.lines)
            }
            Event::ReturnReceived(came) => {
                stock::take_back(&mut shelf, came.order_id, &restocked(came))
            }
            Event::StockCorrectionRequested(count) => Some(stock::correct(&mut shelf, count)),
            _ => None,
        };
        encode_all(decided.into_iter().collect())
    }

    fn evolve(&self, stock: &mut States<Stock>, event: &Recorded) -> Result<(), Failure> {
        for (sku, level) in stock::levels_of(&*decode(event)?).unwrap_or_default() {
            stock.put(sku.as_str(), level);
        }
        Ok(())
    }

    /// An order that nobody will reserve anything for ends. Pieces that were to be released are asked for
    /// again: they never stay held without anybody knowing.
    fn discarded(&self, _: &States<Stock>, event: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let (order_id, lines) = match &*decode(event)? {
            Event::OrderPlaced(order) => {
                let (order_id, short) = (order.order_id, Vec::new());
                return Ok(vec![encode(StockRejected { order_id, short }.into())?]);
            }
            Event::OrderCancelled(order) if order.lines.is_empty() => return Ok(Vec::new()),
            Event::OrderCancelled(order) => (order.order_id, order.lines.clone()),
            Event::OrderRestCancelled(order) => (order.order_id, order.lines.clone()),
            Event::StockReleaseRequested(asked) => (asked.order_id, asked.lines.clone()),
            _ => return Ok(Vec::new()),
        };
        Ok(vec![encode(
            StockReleaseRequested { order_id, lines }.into(),
        )?])
    }
}

/// What of a return can be sold again.
fn restocked(came: &ReturnReceived) -> Vec<Pieces> {
    let restocked = came.lines.iter().filter(|line| line.restocked > 0);
    let pieces = restocked.map(|line| Pieces {
        sku: line.sku.clone(),
        quantity: line.restocked,
    });
    pieces.collect()
}

/// The SKUs that an event is about.
fn skus(event: &Event) -> Vec<&Sku> {
    match event {
        Event::OrderPlaced(order) => order.lines.iter().map(|line| &line.sku).collect(),
        Event::OrderCancelled(order) => order.lines.iter().map(|line| &line.sku).collect(),
        Event::OrderRestCancelled(order) => order.lines.iter().map(|line| &line.sku).collect(),
        Event::StockReleaseRequested(asked) => asked.lines.iter().map(|line| &line.sku).collect(),
        Event::ShipmentShipped(parcel) => parcel.lines.iter().map(|line| &line.sku).collect(),
        Event::ShipmentCameBack(parcel) => parcel.lines.iter().map(|line| &line.sku).collect(),
        Event::ReturnReceived(came) => came.lines.iter().map(|line| &line.sku).collect(),
        Event::StockCorrectionRequested(count) => vec![&count.sku],
        moved => {
            let levels = stock::levels_of(moved).unwrap_or_default();
            levels.into_iter().map(|(sku, _)| sku).collect()
        }
    }
}
