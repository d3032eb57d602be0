//! The admin's inventory page as it lives: the table and the stream of events beside it. One lazy
//! island, so that none of this weighs on the shopper's pages: it is fetched when it is on one.

use leptos::prelude::*;
use types::Problem;
use types::admin::{EventRow, InventoryRow};

use super::event_stream::EventStream;
use super::inventory_table::InventoryTable;
use super::inventory_view::View;
use crate::live;

/// `view` is what the address asks for; `problem` what a plain correction came back with.
#[island(lazy)]
pub fn AdminDesk(
    rows: Vec<InventoryRow>,
    events: Vec<EventRow>,
    view: View,
    problem: Option<Problem>,
) -> impl IntoView {
    // Whatever changed after the newest change shown here is not known here, and nothing else.
    let known = rows
        .iter()
        .map(|row| row.level.position)
        .max()
        .unwrap_or_default();
    let newest = events.first().map_or(0, |event| event.position);
    let levels = live::inventory(rows.iter().map(Into::into).collect(), known);
    let events = live::events(events, newest);
    view! {
        <div class="desk">
            <InventoryTable rows levels view problem />
            <EventStream events />
        </div>
    }
}
