//! Whose turn it is when a SKU is back.

use broker::{Decider, Failure, Filter, NewEvent, Recorded, Rule, States};
use domain::Event;
use domain::back_in_stock::{Queue, Rules};
use domain::event::{
    BackInStockAwaited, BackInStockElapsed, BackInStockReturned, BackInStockWithdrawalRequested,
    ReservationHeld, ReservationReleased, StockAllocated, StockCorrected, StockReceived,
    StockReleased, StockReserved, StockReturned, StockShipped, StockWrittenOff,
};
use domain::stock::levels_of;
use types::Sku;

use crate::events::{decode, encode, encode_all};
use crate::settings::ShopSettings;

#[derive(Debug)]
pub(crate) struct BackInStock {
    rules: Rules,
}

impl BackInStock {
    pub const fn new(settings: &ShopSettings) -> Self {
        Self {
            rules: settings.back_in_stock,
        }
    }
}

impl Decider for BackInStock {
    const NAME: &'static str = "back_in_stock";
    const HEARS: Filter<'static> = Filter(&[
        Rule::topic(BackInStockAwaited::TOPIC).of(&[
            BackInStockAwaited::KIND,
            BackInStockReturned::KIND,
            BackInStockWithdrawalRequested::KIND,
            BackInStockElapsed::KIND,
        ]),
        Rule::topic(StockCorrected::TOPIC).of(&[
            StockCorrected::KIND,
            StockReserved::KIND,
            StockReleased::KIND,
            StockShipped::KIND,
            StockAllocated::KIND,
            StockReturned::KIND,
            StockReceived::KIND,
            StockWrittenOff::KIND,
            ReservationHeld::KIND,
            ReservationReleased::KIND,
        ]),
    ]);
    /// By SKU; of those that somebody waits for.
    type State = Queue;

    fn keys(&self, event: &Recorded) -> Result<Vec<String>, Failure> {
        Ok(skus(&*decode(event)?, event))
    }

    fn decide(&self, queues: &States<Queue>, event: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let content = decode(event)?;
        let mut decided = Vec::new();
        for key in skus(&content, event) {
            let Ok(sku) = key.parse::<Sku>() else {
                continue;
            };
            let (queue, none) = (queues.get(&key), Queue::default());
            let queue = queue.unwrap_or(&none);
            decided.extend(queue.decide(&sku, &content, event.time_us, &self.rules));
        }
        encode_all(decided)
    }

    fn evolve(&self, queues: &mut States<Queue>, event: &Recorded) -> Result<(), Failure> {
        let content = decode(event)?;
        for key in skus(&content, event) {
            let Ok(sku) = key.parse::<Sku>() else {
                continue;
            };
            let is_known = queues.change(&key, |queue| queue.evolve(&sku, &content));
            let comes = matches!(
                &*content,
                Event::BackInStockAwaited(_)
                    | Event::BackInStockReturned(_)
                    | Event::BackInStockRequeued(_)
            );
            if !is_known && comes {
                let mut queue = Queue::default();
                queue.evolve(&sku, &content);
                queues.put(&key, queue);
            }
        }
        Ok(())
    }

    fn is_nothing(&self, queue: &Queue) -> bool {
        queue.is_nothing()
    }

    fn deadline(&self, queue: &Queue) -> Option<i64> {
        queue.deadline()
    }

    fn elapsed(&self, key: &str, queue: &Queue) -> Result<Option<NewEvent>, Failure> {
        let sku = key.parse::<Sku>().ok();
        let elapsed = sku.and_then(|sku| queue.elapsed(&sku));
        elapsed.map(encode).transpose()
    }
}

/// The SKUs that an event is about: many of one that moves stock, else that of its key.
fn skus(content: &Event, event: &Recorded) -> Vec<String> {
    match levels_of(content) {
        Some(levels) => levels.into_iter().map(|(sku, _)| sku.to_string()).collect(),
        None => vec![event.key.clone()],
    }
}
