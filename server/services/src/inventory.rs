//! The inventory: holds and releases the pieces of checkouts and orders, follows counts, and knows what is
//! sold out.

use std::collections::BTreeSet;

use broker::{Decider, Failure, Filter, NewEvent, Recorded, Rule, States};
use domain::Event;
use domain::alert;
use domain::back_in_stock;
use domain::event::{
    BackInStockMissed, BackInStockRequested, OrderCancelled, OrderPlaced, OrderRestCancelled,
    Pieces, PurchaseOrderReceived, ReservationElapsed, ReservationExtensionRequested,
    ReservationLeft, ReservationRequested, ReturnReceived, ShipmentCameBack, ShipmentGivenUp,
    ShipmentReplacementRequested, ShipmentShipped, StockAllocationRefused, StockBatchRequested,
    StockCorrectionRequested, StockDispatchRequested, StockRejected, StockReleaseRequested,
    StockWriteOffRequested,
};
use domain::reservation::{self, Reservation};
use domain::stock::{self, Shelf, Stock};
use serde::{Deserialize, Serialize};
use types::alert::{AlertKind, Severity};
use types::returns::ReceivedPieces;
use types::{OrderId, ShopperId, Sku};

use crate::events::{decode, encode, encode_all};
use crate::settings::ShopSettings;

#[derive(Debug)]
pub(crate) struct Inventory {
    rules: reservation::Rules,
}

impl Inventory {
    pub const fn new(settings: &ShopSettings) -> Self {
        Self {
            rules: settings.reservations,
        }
    }
}

/// What the inventory remembers under a key. Both are kept by one decider, since an order takes over what
/// its shopper's checkout holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Kept {
    /// By SKU.
    Stock(Stock),
    /// By [`RESERVATION`] and the shopper.
    Reservation(Reservation),
}

/// Begins the keys of reservations; no SKU has a slash.
pub(crate) const RESERVATION: &str = "reservation/";

fn reservation_key(shopper: ShopperId) -> String {
    format!("{RESERVATION}{shopper}")
}

/// Whose reservation a key is of.
pub(crate) fn shopper_of(key: &str) -> Option<ShopperId> {
    key.strip_prefix(RESERVATION)?.parse().ok()
}

impl Decider for Inventory {
    const NAME: &'static str = "inventory";
    const HEARS: Filter<'static> = Filter(&[
        Rule::topic(OrderPlaced::TOPIC).of(&[
            OrderPlaced::KIND,
            OrderCancelled::KIND,
            OrderRestCancelled::KIND,
        ]),
        Rule::topic(ShipmentShipped::TOPIC).of(&[
            ShipmentShipped::KIND,
            ShipmentCameBack::KIND,
            ShipmentReplacementRequested::KIND,
            ShipmentGivenUp::KIND,
        ]),
        Rule::topic(ReturnReceived::TOPIC).of(&[ReturnReceived::KIND]),
        Rule::topic(PurchaseOrderReceived::TOPIC).of(&[PurchaseOrderReceived::KIND]),
        Rule::topic(StockReleaseRequested::TOPIC).of(&[
            StockCorrectionRequested::KIND,
            StockReleaseRequested::KIND,
            StockDispatchRequested::KIND,
            StockWriteOffRequested::KIND,
            StockBatchRequested::KIND,
        ]),
        Rule::topic(ReservationRequested::TOPIC).of(&[
            ReservationRequested::KIND,
            ReservationExtensionRequested::KIND,
            ReservationLeft::KIND,
            ReservationElapsed::KIND,
        ]),
        Rule::topic(BackInStockRequested::TOPIC)
            .of(&[BackInStockRequested::KIND, BackInStockMissed::KIND]),
    ]);
    type State = Kept;

    fn keys(&self, event: &Recorded) -> Result<Vec<String>, Failure> {
        let event = decode(event)?;
        let skus = skus(&event).into_iter().map(Sku::to_string);
        Ok(skus.chain(shopper(&event).map(reservation_key)).collect())
    }

    fn decide(&self, kept: &States<Kept>, event: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let at_us = event.time_us;
        let event = decode(event)?;
        let level = |sku: &Sku| match kept.get(sku.as_str())? {
            Kept::Stock(stock) => Some((sku.clone(), *stock)),
            Kept::Reservation(_) => None,
        };
        let mut shelf: Shelf = skus(&event).into_iter().filter_map(level).collect();
        let none = Reservation::default();
        let key = shopper(&event).map(reservation_key);
        let own = match key.and_then(|key| kept.get(&key)) {
            Some(Kept::Reservation(own)) => own,
            _ => &none,
        };
        let rules = &self.rules;
        if let Event::StockBatchRequested(asked) = &*event {
            return encode_all(stock::batch::set_many(&mut shelf, asked));
        }
        let decided = match &*event {
            Event::OrderPlaced(order) => Some(stock::reserve(&mut shelf, order, &own.held)),
            Event::ReservationRequested(asked) => Some(own.hold(&mut shelf, asked, at_us, rules)),
            Event::ReservationExtensionRequested(asked) => {
                Some(own.extend(asked.shopper_id, at_us, rules))
            }
            Event::ReservationLeft(left) => own.leave(left.shopper_id, at_us, rules),
            Event::ReservationElapsed(elapsed) => own.end(&mut shelf, elapsed),
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
            Event::StockDispatchRequested(asked) => {
                stock::ship(&mut shelf, asked.order_id, &asked.lines)
            }
            Event::ShipmentReplacementRequested(asked) => {
                Some(stock::allocate_again(&mut shelf, asked))
            }
            Event::ShipmentCameBack(parcel) => {
                stock::take_back(&mut shelf, parcel.order_id, &came_in(&event))
            }
            Event::ShipmentGivenUp(parcel) => {
                stock::take_back(&mut shelf, parcel.order_id, &came_in(&event))
            }
            Event::ReturnReceived(came) => {
                stock::take_back(&mut shelf, came.order_id, &came_in(&event))
            }
            Event::PurchaseOrderReceived(came) => {
                stock::receive(&mut shelf, came.order_id, &came.received)
            }
            Event::StockCorrectionRequested(count) => Some(stock::correct(&mut shelf, count)),
            Event::StockWriteOffRequested(asked) => Some(stock::write_off(&mut shelf, asked)),
            Event::BackInStockRequested(asked) => {
                Some(back_in_stock::answer(shelf.get(&asked.sku), asked))
            }
            Event::BackInStockMissed(missed) => {
                Some(back_in_stock::take_back(shelf.get(&missed.sku), missed))
            }
            _ => None,
        };
        encode_all(decided.into_iter().collect())
    }

    fn evolve(&self, kept: &mut States<Kept>, event: &Recorded) -> Result<(), Failure> {
        let event = decode(event)?;
        for (sku, level) in stock::levels_of(&event).unwrap_or_default() {
            kept.put(sku.as_str(), Kept::Stock(level));
        }
        if let Some(shopper) = reservation::changed_by(&event) {
            let key = reservation_key(shopper);
            let mut own = match kept.get(&key) {
                Some(Kept::Reservation(own)) => own.clone(),
                _ => Reservation::default(),
            };
            own.evolve(&event);
            kept.put(&key, Kept::Reservation(own));
        }
        Ok(())
    }

    fn deadline(&self, kept: &Kept) -> Option<i64> {
        match kept {
            Kept::Stock(_) => None,
            Kept::Reservation(own) => own.ends_us(),
        }
    }

    /// A checkout that holds nothing leaves no row behind.
    fn is_nothing(&self, kept: &Kept) -> bool {
        match kept {
            Kept::Stock(_) => false,
            Kept::Reservation(own) => own.is_empty(),
        }
    }

    fn elapsed(&self, key: &str, kept: &Kept) -> Result<Option<NewEvent>, Failure> {
        let (Kept::Reservation(own), Some(shopper)) = (kept, shopper_of(key)) else {
            return Ok(None);
        };
        own.elapsed(shopper).map(encode).transpose()
    }

    /// An order that nobody will reserve anything for ends, and a parcel that nothing is held for is not sent again.
    /// Pieces that were to be released, or have left, are asked for again: they never stay held without anybody
    /// knowing. Of pieces that came into the house nobody but a person
    /// can say where they are: staff are told which, and count them.
    fn discarded(&self, _: &States<Kept>, event: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let content = decode(event)?;
        let came = came_in(&content);
        if !came.is_empty() {
            let skus: BTreeSet<Sku> = came.into_iter().map(|pieces| pieces.sku).collect();
            let evidence = vec![event.id.to_string()];
            let told = skus.iter().map(|sku| {
                let kind = AlertKind::PiecesNotCounted;
                alert::found(kind, sku, Severity::Critical, evidence.clone())
            });
            return encode_all(told.collect());
        }
        let (order_id, lines) = match &*content {
            Event::OrderPlaced(order) => {
                let (order_id, short) = (order.order_id, Vec::new());
                return Ok(vec![encode(StockRejected { order_id, short }.into())?]);
            }
            Event::OrderCancelled(order) if order.lines.is_empty() => return Ok(Vec::new()),
            Event::OrderCancelled(order) => (order.order_id, order.lines.clone()),
            Event::OrderRestCancelled(order) => (order.order_id, order.lines.clone()),
            Event::StockReleaseRequested(asked) => (asked.order_id, asked.lines.clone()),
            Event::ShipmentShipped(parcel) => {
                return gone(parcel.order_id, &parcel.lines);
            }
            Event::StockDispatchRequested(asked) => return gone(asked.order_id, &asked.lines),
            Event::ShipmentReplacementRequested(asked) => {
                let (order_id, shipment_id) = (asked.order_id, asked.shipment_id);
                let refused = StockAllocationRefused {
                    order_id,
                    shipment_id,
                    short: Vec::new(),
                };
                return Ok(vec![encode(refused.into())?]);
            }
            _ => return Ok(Vec::new()),
        };
        Ok(vec![encode(
            StockReleaseRequested { order_id, lines }.into(),
        )?])
    }
}

/// The pieces that an event brings back onto the shelf, or anew.
fn came_in(event: &Event) -> Vec<Pieces> {
    match event {
        // Otherwise it waits until somebody says what becomes of it.
        Event::ShipmentCameBack(parcel) if !parcel.waits => parcel.lines.clone(),
        Event::ShipmentGivenUp(parcel) => restocked(&parcel.came),
        Event::ReturnReceived(came) => restocked(&came.lines),
        Event::PurchaseOrderReceived(came) => came.received.clone(),
        _ => Vec::new(),
    }
}

/// Asks once more for pieces that have left to be taken out of the books.
fn gone(order_id: OrderId, lines: &[Pieces]) -> Result<Vec<NewEvent>, Failure> {
    let lines = lines.to_vec();
    let asked = StockDispatchRequested { order_id, lines };
    Ok(vec![encode(asked.into())?])
}

/// What of that which came back can be sold again.
fn restocked(came: &[ReceivedPieces]) -> Vec<Pieces> {
    let restocked = came.iter().filter(|line| line.restocked > 0);
    let pieces = restocked.map(|line| Pieces {
        sku: line.sku.clone(),
        quantity: line.restocked,
    });
    pieces.collect()
}

/// Whose reservation an event is about.
fn shopper(event: &Event) -> Option<ShopperId> {
    match event {
        Event::OrderPlaced(order) => Some(order.shopper_id),
        Event::ReservationRequested(asked) => Some(asked.shopper_id),
        Event::ReservationExtensionRequested(asked) => Some(asked.shopper_id),
        Event::ReservationLeft(left) => Some(left.shopper_id),
        Event::ReservationElapsed(elapsed) => Some(elapsed.shopper_id),
        answer => reservation::changed_by(answer),
    }
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
        Event::ShipmentGivenUp(parcel) => parcel.came.iter().map(|line| &line.sku).collect(),
        Event::ShipmentReplacementRequested(asked) => {
            asked.lines.iter().map(|line| &line.sku).collect()
        }
        Event::StockDispatchRequested(asked) => asked.lines.iter().map(|line| &line.sku).collect(),
        Event::ReturnReceived(came) => came.lines.iter().map(|line| &line.sku).collect(),
        Event::PurchaseOrderReceived(came) => came.received.iter().map(|line| &line.sku).collect(),
        Event::StockCorrectionRequested(count) => vec![&count.sku],
        Event::StockWriteOffRequested(asked) => vec![&asked.sku],
        Event::StockBatchRequested(asked) => asked.lines.iter().map(|line| &line.sku).collect(),
        Event::BackInStockRequested(asked) => vec![&asked.sku],
        Event::BackInStockMissed(missed) => vec![&missed.sku],
        Event::ReservationRequested(asked) => asked.lines.iter().map(|line| &line.sku).collect(),
        Event::ReservationElapsed(elapsed) => elapsed.skus.iter().collect(),
        moved => {
            let levels = stock::levels_of(moved).unwrap_or_default();
            levels.into_iter().map(|(sku, _)| sku).collect()
        }
    }
}
