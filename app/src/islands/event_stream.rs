//! The last events of the log, the newest on top. Part of the admin's lazy island.

use leptos::prelude::*;
use types::admin::EventRow;

use super::pausing::{self, PauseButton};
use crate::components::{Subject, when};

/// Moves by itself until it is paused for reading. Not a live region: it would never be silent.
#[component]
pub fn EventStream(events: ReadSignal<Vec<EventRow>>) -> impl IntoView {
    let paused = RwSignal::new(false);
    let shown = pausing::shown(events, paused);
    // What came after the page is marked for a moment; what it was rendered with is not news.
    let seen = events.with_untracked(|events| events.first().map_or(0, |event| event.position));
    let empty = Signal::derive(move || shown.with(Vec::is_empty));
    view! {
        <section class="stream" aria-labelledby="stream-title">
            <div class="stream__head">
                <h2 id="stream-title">"Events"</h2>
                <PauseButton paused />
            </div>
            <Show when=empty>
                <p class="stream__empty">"Nothing has happened yet. The first order will show here."</p>
            </Show>
            // Scrollable, so it can be reached by keyboard.
            <ol class="stream__events" aria-label="Last events" tabindex="0">
                <For each=move || shown.get() key=|event| event.position let(event)>
                    <li class="event" data-new=(event.position > seen).then_some("")>
                        <span class="event__time">{when::clock(event.at_us)}</span>
                        <span class="event__kind">{event.kind}</span>
                        <span class="event__subject">
                            <Subject subject=event.subject />
                        </span>
                        <span class="event__position">"#" {event.position}</span>
                        <span class="event__summary">{event.summary}</span>
                    </li>
                </For>
            </ol>
        </section>
    }
}
