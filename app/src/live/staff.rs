//! The topics of the admin: what their states are and how news gets into them.

use std::collections::HashMap;
use std::rc::Rc;

use leptos::prelude::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use types::Sku;
use types::admin::{EventRow, Level};
use types::live::{SkuLevel, Topic};
use types::log::ConsumerRow;

use super::{book, socket};

type Levels = HashMap<Sku, ArcRwSignal<Level>>;

/// The state of [`Topic::Inventory`] on the wire.
#[derive(Deserialize)]
struct InventoryNews {
    levels: Vec<SkuLevel>,
}

/// The state of [`Topic::Events`] on the wire.
#[derive(Deserialize)]
struct EventNews {
    events: Vec<EventRow>,
}

/// The state of [`Topic::Consumers`] on the wire.
#[derive(Deserialize)]
struct ConsumerNews {
    consumers: Vec<ConsumerRow>,
}

pub fn follow_inventory(initial: Vec<SkuLevel>, at: u64) -> Levels {
    let make = || {
        let levels: Levels = initial
            .into_iter()
            .map(|row| (row.sku, ArcRwSignal::new(row.level)))
            .collect();
        let taking = levels.clone();
        let take = move |news: InventoryNews| {
            for SkuLevel { sku, level } in news.levels {
                if let Some(signal) = taking.get(&sku)
                    && signal.with_untracked(|known| known.position <= level.position)
                {
                    signal.set(level);
                }
            }
        };
        (levels, reading(take))
    };
    socket::follow_with(Topic::Inventory, at, make).0
}

pub fn follow_events(
    topic: Topic,
    initial: Vec<EventRow>,
    at: u64,
) -> ArcReadSignal<Vec<EventRow>> {
    let make = || {
        let events = ArcRwSignal::new(initial);
        let taking = events.clone();
        let take = move |news: EventNews| {
            taking.update(|events| book::merge_events(events, news.events));
        };
        (events, reading(take))
    };
    socket::follow_with(topic, at, make).0.read_only()
}

pub fn follow_consumers(initial: Vec<ConsumerRow>, at: u64) -> ArcReadSignal<Vec<ConsumerRow>> {
    let make = || {
        let rows = ArcRwSignal::new(initial);
        let taking = rows.clone();
        (
            rows,
            reading(move |news: ConsumerNews| taking.set(news.consumers)),
        )
    };
    socket::follow_with(Topic::Consumers, at, make)
        .0
        .read_only()
}

/// What cannot be read is of a newer server than this page, and left.
fn reading<T: DeserializeOwned>(take: impl Fn(T) + 'static) -> Rc<dyn Fn(&str)> {
    Rc::new(move |json| {
        if let Ok(news) = serde_json::from_str(json) {
            take(news);
        }
    })
}
