//! A list that moves by itself, until it is paused for reading.

use leptos::prelude::*;
use types::admin::EventRow;

/// Rows kept on the page.
const SHOWN: usize = 100;

/// The newest events, as they were when it was paused.
pub fn shown(events: ReadSignal<Vec<EventRow>>, paused: RwSignal<bool>) -> Memo<Vec<EventRow>> {
    Memo::new(move |before: Option<&Vec<EventRow>>| match before {
        Some(before) if paused.get() => before.clone(),
        _ => events.with(|events| events.iter().take(SHOWN).cloned().collect()),
    })
}

#[component]
pub fn PauseButton(paused: RwSignal<bool>) -> impl IntoView {
    view! {
        <button
            class="desk-button with-script"
            type="button"
            aria-pressed=move || paused.get().to_string()
            on:click=move |_| paused.update(|paused| *paused = !*paused)
        >
            "Pause"
        </button>
    }
}
