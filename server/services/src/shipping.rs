//! The shipping reactor: asks the carrier for labels and has them taken back, with no transaction open. Where a
//! parcel goes stands in the orders table, and goes to the carrier and nowhere else.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use broker::{Failure, Filter, Log, NewEvent, Reactor, ReactorSettings, Recorded, Rule};
use db::Columns;
use domain::Event;
use domain::event::{
    CARRIER, PersonErased, ReturnLabelFailed, ReturnLabelRequested, ReturnLabelled,
    ShipmentLabelCancelRequested, ShipmentLabelCancelled, ShipmentLabelFailed, ShipmentLabelKept,
    ShipmentLabelRequested, ShipmentLabelled,
};
use types::OrderId;
use types::checkout::COUNTRIES;
use types::fulfilment::{self, Tracking};
use types::house;

use crate::carrier::{Address, Bought, BuyLabel, Cancelled, Carrier, NoAnswer, Way};
use crate::carrier_reference::Reference;
use crate::events::{decode, encode};

pub(crate) struct Shipping {
    pub carrier: Arc<dyn Carrier>,
    pub log: Log,
}

impl fmt::Debug for Shipping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shipping")
    }
}

/// Calls at once: a carrier is no gateway.
const IN_FLIGHT: usize = 32;
/// Grams of a parcel without its pieces, and of a piece with its case: the catalogue knows no weights.
const BOX_GRAMS: u32 = 250;
const PIECE_GRAMS: u32 = 100;
const MAX_GRAMS: u32 = 31_500;

const SIMULATOR: [(&str, &str); 1] = [(CARRIER, fulfilment::Carrier::Simulator.into_str())];

impl Reactor for Shipping {
    const NAME: &'static str = "shipping";
    const HEARS: Filter<'static> = Filter(&[
        Rule::topic(ShipmentLabelRequested::TOPIC)
            .of(&[
                ShipmentLabelRequested::KIND,
                ShipmentLabelCancelRequested::KIND,
            ])
            .with(&SIMULATOR),
        Rule::topic(ReturnLabelRequested::TOPIC)
            .of(&[ReturnLabelRequested::KIND])
            .with(&SIMULATOR),
        Rule::topic(PersonErased::TOPIC).of(&[PersonErased::KIND]),
    ]);

    /// One call without an answer is enough to ask less often: staff ask for few labels, and each waits.
    fn settings(&self) -> ReactorSettings {
        ReactorSettings {
            in_flight: IN_FLIGHT,
            opens_after: 1,
            probe_wait: Duration::from_millis(500),
            max_probe_wait: Duration::from_secs(10),
            ..ReactorSettings::default()
        }
    }

    async fn react(&self, recorded: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let key = recorded.id.to_string();
        match &*decode(recorded)? {
            Event::ShipmentLabelRequested(asked) => self.label(key, asked).await,
            Event::ShipmentLabelCancelRequested(asked) => self.cancel(asked).await,
            Event::ReturnLabelRequested(asked) => self.return_label(key, asked).await,
            Event::PersonErased(erased) => self.erase(&erased.orders).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Staff see that there is no label, or that it was not taken back, and can ask again.
    fn discarded(&self, recorded: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let reason = "Given up by staff.".to_owned();
        let ended: Event = match &*decode(recorded)? {
            Event::ShipmentLabelRequested(asked) => no_label(asked, reason),
            Event::ReturnLabelRequested(asked) => no_return_label(asked, reason),
            Event::ShipmentLabelCancelRequested(asked) => kept(asked, reason),
            _ => return Ok(Vec::new()),
        };
        Ok(vec![encode(ended)?])
    }
}

fn silent(error: NoAnswer) -> Failure {
    Failure::NoAnswer(error.to_string())
}

fn no_label(asked: &ShipmentLabelRequested, reason: String) -> Event {
    ShipmentLabelFailed {
        order_id: asked.order_id,
        shipment_id: asked.shipment_id,
        attempt: asked.attempt,
        reason,
    }
    .into()
}

fn no_return_label(asked: &ReturnLabelRequested, reason: String) -> Event {
    ReturnLabelFailed {
        order_id: asked.order_id,
        return_id: asked.return_id,
        attempt: asked.attempt,
        reason,
    }
    .into()
}

fn kept(asked: &ShipmentLabelCancelRequested, reason: String) -> Event {
    ShipmentLabelKept {
        order_id: asked.order_id,
        shipment_id: asked.shipment_id,
        attempt: asked.attempt,
        reason,
    }
    .into()
}

fn grams(pieces: u32) -> u32 {
    let all = pieces.saturating_mul(PIECE_GRAMS);
    all.saturating_add(BOX_GRAMS).min(MAX_GRAMS)
}

fn own_address() -> Address {
    let [street, place] = house::ADDRESS;
    let (postal_code, city) = place.split_once(' ').unwrap_or(("", place));
    Address {
        name: house::HOUSE.to_owned(),
        street: street.to_owned(),
        street_2: String::new(),
        postal_code: postal_code.to_owned(),
        city: city.to_owned(),
        country: house::COUNTRY.to_owned(),
    }
}

impl Shipping {
    /// Where the pieces of an order go; `None` once that was erased.
    async fn address(&self, order: OrderId) -> Result<Option<Address>, Failure> {
        let row = db::query(
            "select name, street, street_2, postal_code, city, country from orders where id = $1",
        )
        .bind(order.to_string())
        .fetch_optional(self.log.db().reader())
        .await
        .map_err(broker::Error::from)?;
        let Some(row) = row else { return Ok(None) };
        let text = |column| {
            row.try_get::<String, _>(column)
                .map_err(broker::Error::from)
        };
        let code = text(5)?;
        let country = COUNTRIES.iter().find(|(known, _)| *known == code);
        let address = Address {
            name: text(0)?,
            street: text(1)?,
            street_2: text(2)?,
            postal_code: text(3)?,
            city: text(4)?,
            country: country.map_or(code, |(_, words)| (*words).to_owned()),
        };
        Ok((!address.name.is_empty()).then_some(address))
    }

    async fn label(
        &self,
        idempotency_key: String,
        asked: &ShipmentLabelRequested,
    ) -> Result<Vec<NewEvent>, Failure> {
        let pieces = asked.lines.iter().map(|line| line.quantity).sum();
        let Some(recipient) = self.address(asked.order_id).await? else {
            return Ok(vec![encode(no_label(asked, erased()))?]);
        };
        let bought = self.carrier.buy(BuyLabel {
            idempotency_key,
            reference: Reference::Parcel(asked.order_id, asked.shipment_id).to_string(),
            kind: Way::Parcel,
            sender: own_address(),
            recipient,
            pieces,
            weight_grams: grams(pieces),
        });
        let event = match bought.await.map_err(silent)? {
            Bought::Refused { reason } => no_label(asked, reason),
            Bought::Label(tracking) => labelled(asked, tracking),
        };
        Ok(vec![encode(event)?])
    }

    async fn return_label(
        &self,
        idempotency_key: String,
        asked: &ReturnLabelRequested,
    ) -> Result<Vec<NewEvent>, Failure> {
        let pieces = asked.lines.iter().map(|line| line.quantity).sum();
        let Some(sender) = self.address(asked.order_id).await? else {
            return Ok(vec![encode(no_return_label(asked, erased()))?]);
        };
        let bought = self.carrier.buy(BuyLabel {
            idempotency_key,
            reference: Reference::Return(asked.order_id, asked.return_id).to_string(),
            kind: Way::Return,
            sender,
            recipient: own_address(),
            pieces,
            weight_grams: grams(pieces),
        });
        let event = match bought.await.map_err(silent)? {
            Bought::Refused { reason } => no_return_label(asked, reason),
            Bought::Label(tracking) => ReturnLabelled {
                order_id: asked.order_id,
                return_id: asked.return_id,
                number: asked.number,
                carrier: asked.carrier,
                attempt: asked.attempt,
                tracking,
            }
            .into(),
        };
        Ok(vec![encode(event)?])
    }

    /// Has a label taken back. The carrier has no need of its addresses any more.
    async fn cancel(&self, asked: &ShipmentLabelCancelRequested) -> Result<Vec<NewEvent>, Failure> {
        let number = &asked.tracking_number;
        let event = match self.carrier.cancel(number).await.map_err(silent)? {
            Cancelled::Refused { reason } => kept(asked, reason),
            Cancelled::Done => {
                self.carrier.erase(number).await.map_err(silent)?;
                ShipmentLabelCancelled {
                    order_id: asked.order_id,
                    shipment_id: asked.shipment_id,
                    attempt: asked.attempt,
                }
                .into()
            }
        };
        Ok(vec![encode(event)?])
    }

    /// Has the carrier forget the addresses of every label that these orders ever had.
    async fn erase(&self, orders: &[OrderId]) -> Result<Vec<NewEvent>, Failure> {
        for order in orders {
            for recorded in self.log.read_key(&order.to_string()).await? {
                let number = match decode(&recorded).as_deref() {
                    Ok(Event::ShipmentLabelled(labelled)) => labelled.tracking.number.clone(),
                    Ok(Event::ReturnLabelled(labelled)) => labelled.tracking.number.clone(),
                    _ => continue,
                };
                self.carrier.erase(&number).await.map_err(silent)?;
            }
        }
        Ok(Vec::new())
    }
}

fn labelled(asked: &ShipmentLabelRequested, tracking: Tracking) -> Event {
    ShipmentLabelled {
        order_id: asked.order_id,
        shipment_id: asked.shipment_id,
        carrier: asked.carrier,
        attempt: asked.attempt,
        tracking,
    }
    .into()
}

fn erased() -> String {
    "Who ordered was erased: nobody knows where it goes.".to_owned()
}
