//! What moves on the pages about the log. All of it is one lazy part of the program: with each more, what the parts share
//! comes in more and smaller files, on the pages of the shop, too.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::admin::EventRow;
use types::event_query::EventQuery;
use types::log::{ConsumerRow, OrderPast};

use super::consumer_table::ConsumerTable;
use super::event_list::EventList;
use super::time_slider::TimeSlider;

/// Which of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum LogPart {
    Consumers {
        rows: Vec<ConsumerRow>,
        head: u64,
    },
    Events {
        query: EventQuery,
        events: Vec<EventRow>,
        head: u64,
        is_past: bool,
    },
    Past {
        past: OrderPast,
        step: usize,
    },
}

#[island(lazy)]
pub fn LogDesk(part: LogPart) -> impl IntoView {
    match part {
        LogPart::Consumers { rows, head } => view! { <ConsumerTable rows head /> }.into_any(),
        LogPart::Events {
            query,
            events,
            head,
            is_past,
        } => view! { <EventList query events head is_past /> }.into_any(),
        LogPart::Past { past, step } => view! { <TimeSlider past step /> }.into_any(),
    }
}
