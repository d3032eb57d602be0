//! What moves on the admin's pages about stock and about the log. All of it is one lazy island, so that none of it weighs
//! on the shopper's pages; with each island more, what they share comes in more and smaller files, there too.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::admin::{EventRow, InventoryRow};
use types::event_query::EventQuery;
use types::log::{ConsumerRow, OrderPast};
use types::{Problem, SupplierId};

use super::consumer_table::ConsumerTable;
use super::event_list::EventList;
use super::inventory_desk::InventoryDesk;
use super::inventory_view::View;
use super::time_slider::TimeSlider;

/// Which of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum DeskPart {
    Inventory {
        rows: Vec<InventoryRow>,
        suppliers: Vec<(SupplierId, String)>,
        events: Vec<EventRow>,
        view: View,
        problem: Option<Problem>,
        batch: String,
        at: u64,
    },
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
pub fn AdminDesk(part: DeskPart) -> impl IntoView {
    match part {
        DeskPart::Inventory {
            rows,
            suppliers,
            events,
            view,
            problem,
            batch,
            at,
        } => view! { <InventoryDesk rows suppliers events view problem batch at /> }.into_any(),
        DeskPart::Consumers { rows, head } => view! { <ConsumerTable rows head /> }.into_any(),
        DeskPart::Events {
            query,
            events,
            head,
            is_past,
        } => view! { <EventList query events head is_past /> }.into_any(),
        DeskPart::Past { past, step } => view! { <TimeSlider past step /> }.into_any(),
    }
}
