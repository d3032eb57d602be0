//! The admin's inventory page as it lives: the table and the stream of events beside it.

use leptos::prelude::*;
use types::admin::{EventRow, InventoryRow};
use types::{Problem, SupplierId};

use super::event_stream::EventStream;
use super::inventory_table::InventoryTable;
use super::inventory_view::View;
use crate::live;

/// `view` is what the address asks for; `problem` what a plain correction came back with. `batch` is the id of the
/// next change of many, and `at` the position that the rows are of.
#[component]
pub fn InventoryDesk(
    rows: Vec<InventoryRow>,
    suppliers: Vec<(SupplierId, String)>,
    events: Vec<EventRow>,
    view: View,
    problem: Option<Problem>,
    batch: String,
    at: u64,
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
            <InventoryTable rows suppliers levels view problem batch at />
            <EventStream events />
        </div>
    }
}
