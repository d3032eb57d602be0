//! The events of the log that a filter lets through, the newest on top. It moves by itself until it is paused for
//! reading; what is not asked for is not sent here.

use leptos::prelude::*;
use types::admin::EventRow;
use types::event_query::EventQuery;

use super::pausing::{self, PauseButton};
use crate::components::{Subject, when};
use crate::live;

/// `head` is the position that the rows are of. A page of what is past does not move.
#[component]
pub fn EventList(
    query: EventQuery,
    events: Vec<EventRow>,
    head: u64,
    is_past: bool,
) -> impl IntoView {
    let events = match (is_past, query.is_empty()) {
        (true, _) => RwSignal::new(events).read_only(),
        (false, true) => live::events(events, head),
        (false, false) => live::events_of(query, events, head),
    };
    let paused = RwSignal::new(false);
    let shown = pausing::shown(events, paused);
    let waiting = Memo::new(move |_| {
        let newest = shown.with(|shown| shown.first().map_or(0, |event| event.position));
        events.with(|events| {
            events
                .iter()
                .take_while(|event| event.position > newest)
                .count()
        })
    });
    let empty = Signal::derive(move || shown.with(Vec::is_empty));
    let words = move || match (paused.get(), waiting.get()) {
        (false, _) => "Moves by itself".to_owned(),
        (true, 0) => "Paused".to_owned(),
        (true, waiting) => format!("Paused, {waiting} more"),
    };
    view! {
        <div class="event-list__head">
            <p class="event-list__words">
                {move || if is_past { "What is past stays as it is.".to_owned() } else { words() }}
            </p>
            <Show when=move || !is_past>
                <PauseButton paused />
            </Show>
        </div>
        <Show when=empty>
            <p class="event-list__none">
                "Nothing of that kind here. What comes will show by itself; older events may be further back."
            </p>
        </Show>
        <ol class="event-list__rows" aria-label="Events">
            <For each=move || shown.get() key=|event| event.position let(event)>
                <li class="log-row" data-new=(event.position > head).then_some("")>
                    <a
                        class="log-row__position"
                        href=format!("/admin/events?of=%23{}", event.position)
                    >
                        "#"
                        {event.position}
                    </a>
                    <span class="log-row__time">
                        {when::short_date(event.at_us)} " " {when::clock(event.at_us)}
                    </span>
                    <span class="log-row__kind">{event.kind}</span>
                    <span class="log-row__subject">
                        <Subject subject=event.subject />
                    </span>
                    <span class="log-row__what">{event.summary}</span>
                    <span class="log-row__source">{event.source}</span>
                </li>
            </For>
        </ol>
    }
}
