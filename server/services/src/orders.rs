//! The orders: the process manager that carries each from step to step, and ends it in time.

use std::collections::HashMap;

use broker::{Decider, Failure, Filter, Log, NewEvent, Recorded, Rule, States};
use domain::Event;
use domain::event::{
    OrderCancellationRequested, OrderCancelled, OrderDeadlinePassed, OrderPlaced,
    OrderReleaseRequested, OrderReviewRequested, PaymentActionRequired,
    PaymentAuthorizationExpired, PaymentAuthorized, PaymentCaptureFailed,
    PaymentCaptureRetryRequested, PaymentCaptured, PaymentDeclined, PaymentMethodGiven,
    PaymentReauthorized, PaymentRefundAsked, PaymentRefundFailed, PaymentRefundPending,
    PaymentRefundReported, PaymentRefunded, PaymentReminderDue, PaymentReported,
    PaymentReturnReported, PaymentWindowElapsed, ReturnAnswerGiven, ReturnCarrierReported,
    ReturnLabelAsked, ReturnLabelFailed, ReturnLabelled, ReturnReceiptReported, ReturnRequested,
    ShipmentCarrierReported, ShipmentDecisionGiven, ShipmentHandoverReported, ShipmentLabelAsked,
    ShipmentLabelCancelAsked, ShipmentLabelCancelled, ShipmentLabelFailed, ShipmentLabelKept,
    ShipmentLabelled, ShipmentNotReplaced, ShipmentOutcomeReported, ShipmentRequested,
    ShipmentUnpackRequested, StockAllocated, StockAllocationRefused, StockRejected,
    StockReleaseRequested, StockReserved,
};
use domain::order::{self, OrderState, Rules};
use types::order::{CancelledBy, OrderStatus};
use types::{OrderId, ShipmentId};

use crate::events::{decode, encode, encode_all};
use crate::settings::ShopSettings;

#[derive(Debug)]
pub(crate) struct Orders {
    rules: Rules,
}

impl Orders {
    pub const fn new(settings: &ShopSettings) -> Self {
        Self {
            rules: settings.orders,
        }
    }
}

impl Decider for Orders {
    const NAME: &'static str = "orders";
    const HEARS: Filter<'static> = Filter(&[
        Rule::topic(OrderPlaced::TOPIC).of(&[
            OrderPlaced::KIND,
            OrderCancellationRequested::KIND,
            OrderDeadlinePassed::KIND,
            OrderReviewRequested::KIND,
            OrderReleaseRequested::KIND,
        ]),
        Rule::topic(StockReserved::TOPIC).of(&[
            StockReserved::KIND,
            StockRejected::KIND,
            StockAllocated::KIND,
            StockAllocationRefused::KIND,
        ]),
        Rule::topic(PaymentAuthorized::TOPIC).of(&[
            PaymentMethodGiven::KIND,
            PaymentAuthorized::KIND,
            PaymentDeclined::KIND,
            PaymentReminderDue::KIND,
            PaymentWindowElapsed::KIND,
            PaymentCaptured::KIND,
            PaymentCaptureFailed::KIND,
            PaymentCaptureRetryRequested::KIND,
            PaymentRefundAsked::KIND,
            PaymentRefundPending::KIND,
            PaymentRefundReported::KIND,
            PaymentRefunded::KIND,
            PaymentRefundFailed::KIND,
            PaymentActionRequired::KIND,
            PaymentReturnReported::KIND,
            PaymentReported::KIND,
            PaymentAuthorizationExpired::KIND,
            PaymentReauthorized::KIND,
        ]),
        Rule::topic(ShipmentRequested::TOPIC).of(&[
            ShipmentRequested::KIND,
            ShipmentUnpackRequested::KIND,
            ShipmentHandoverReported::KIND,
            ShipmentOutcomeReported::KIND,
            ShipmentLabelAsked::KIND,
            ShipmentLabelled::KIND,
            ShipmentLabelFailed::KIND,
            ShipmentLabelCancelAsked::KIND,
            ShipmentLabelCancelled::KIND,
            ShipmentLabelKept::KIND,
            ShipmentCarrierReported::KIND,
            ShipmentDecisionGiven::KIND,
        ]),
        Rule::topic(ReturnRequested::TOPIC).of(&[
            ReturnRequested::KIND,
            ReturnAnswerGiven::KIND,
            ReturnReceiptReported::KIND,
            ReturnLabelAsked::KIND,
            ReturnLabelled::KIND,
            ReturnLabelFailed::KIND,
            ReturnCarrierReported::KIND,
        ]),
    ]);
    /// By order.
    type State = OrderState;

    fn keys(&self, event: &Recorded) -> Result<Vec<String>, Failure> {
        Ok(vec![event.key.clone()])
    }

    fn decide(
        &self,
        orders: &States<OrderState>,
        event: &Recorded,
    ) -> Result<Vec<NewEvent>, Failure> {
        let content = decode(event)?;
        if matches!(*content, Event::OrderPlaced(_)) {
            // It is the beginning; the inventory answers it.
            return Ok(Vec::new());
        }
        let Some(order) = orders.get(&event.key) else {
            return match &*content {
                // Its beginning was given up.
                Event::StockReserved(reserved) => Ok(vec![encode(order::release(reserved))?]),
                Event::StockRejected(_) => Ok(Vec::new()),
                _ => Err(unknown(event)),
            };
        };
        encode_all(order.decide(&content, event.time_us, &self.rules))
    }

    fn evolve(&self, orders: &mut States<OrderState>, event: &Recorded) -> Result<(), Failure> {
        let content = decode(event)?;
        if let Event::OrderPlaced(placed) = &*content {
            if orders.get(&event.key).is_none() {
                orders.put(&event.key, OrderState::placed(placed, event.time_us));
            }
            return Ok(());
        }
        orders.change(&event.key, |order| order.evolve(&content, event.time_us));
        Ok(())
    }

    /// An order whose next step is given up ends, and what is held for it is let go.
    fn discarded(
        &self,
        orders: &States<OrderState>,
        event: &Recorded,
    ) -> Result<Vec<NewEvent>, Failure> {
        let by = CancelledBy::Deadline;
        let ended = match (orders.get(&event.key), &*decode(event)?) {
            (None, Event::OrderPlaced(placed)) => OrderCancelled {
                order_id: placed.order_id,
                by,
                // Reserved by the inventory, or rejected: then nothing is held, and nothing released.
                lines: Vec::new(),
                paid: false,
            }
            .into(),
            (order, Event::StockReserved(reserved)) => {
                let open = order.filter(|order| order.is_open());
                let cancel = open.map(|order| order.cancel(by));
                let release = order::release(reserved);
                return encode_all(cancel.into_iter().chain([release]).collect());
            }
            (order, Event::PaymentAuthorized(authorized)) => {
                let open = order.filter(|order| order.is_open());
                let cancel = open.map(|order| order.cancel(by));
                let void = order::void(authorized);
                return encode_all(cancel.into_iter().chain([void]).collect());
            }
            // What becomes of the parcel is open again, and what is held for it let go.
            (Some(order), Event::StockAllocated(held)) => {
                let (order_id, lines) = (held.order_id, order::held(&held.moves));
                let release = StockReleaseRequested { order_id, lines };
                let told = not_replaced(order, order_id, held.shipment_id);
                return encode_all(vec![release.into(), told]);
            }
            (Some(order), Event::StockAllocationRefused(told)) => {
                not_replaced(order, told.order_id, told.shipment_id)
            }
            (Some(order), _) if order.is_open() => order.cancel(by),
            _ => return Ok(Vec::new()),
        };
        Ok(vec![encode(ended)?])
    }

    fn deadline(&self, order: &OrderState) -> Option<i64> {
        order.deadline()
    }

    fn elapsed(&self, _: &str, order: &OrderState) -> Result<Option<NewEvent>, Failure> {
        encode(order.elapsed()).map(Some)
    }
}

fn not_replaced(order: &OrderState, order_id: OrderId, shipment_id: ShipmentId) -> Event {
    let known = order.fulfilment.shipment(shipment_id);
    ShipmentNotReplaced {
        order_id,
        shipment_id,
        number: known.map_or(0, |shipment| shipment.number),
        short: Vec::new(),
    }
    .into()
}

fn unknown(event: &Recorded) -> Failure {
    Failure::Other(format!(
        "order {} is not known to the orders service",
        event.key
    ))
}

/// Statuses of these orders, as far as the process manager knows them.
pub(crate) async fn statuses(
    log: &Log,
    ids: &[OrderId],
) -> Result<HashMap<OrderId, OrderStatus>, Failure> {
    let states = states(log, ids).await?.into_iter();
    Ok(states.map(|(id, state)| (id, state.status())).collect())
}

/// The states of some orders.
pub(crate) async fn states(
    log: &Log,
    ids: &[OrderId],
) -> Result<HashMap<OrderId, OrderState>, Failure> {
    let keys: Vec<String> = ids.iter().map(OrderId::to_string).collect();
    let kept = log.states_of_keys(Orders::NAME, &keys).await?;
    let mut states = HashMap::with_capacity(ids.len());
    for (id, key) in ids.iter().zip(keys) {
        if let Some(state) = kept.get(&key) {
            states.insert(*id, read(*id, state)?);
        }
    }
    Ok(states)
}

fn read(id: OrderId, state: &str) -> Result<OrderState, Failure> {
    let state = serde_json::from_str(state);
    state.map_err(|error| Failure::Other(format!("order {id}: {error}")))
}

/// The state of an order; `None` before the process manager has handled its first event.
pub(crate) async fn state(log: &Log, id: OrderId) -> Result<Option<OrderState>, Failure> {
    let state = log.state_of(Orders::NAME, &id.to_string()).await?;
    state.map(|state| read(id, &state)).transpose()
}
