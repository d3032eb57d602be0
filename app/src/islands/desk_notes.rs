//! What staff have written down about an order, and a form for more. Part of the desk's lazy island.

use leptos::html;
use leptos::prelude::*;
use types::desk::{DeskOrder, MAX_NOTE, OrderNote};
use types::{OrderId, Problem};

use super::desk_about::may_change;
use crate::components::LocalTime;

/// `problem` and `typed` are what a plain form came back with.
#[component]
pub fn Notes(
    id: OrderId,
    order: RwSignal<DeskOrder>,
    problem: Option<Problem>,
    typed: Option<String>,
) -> impl IntoView {
    let notes = Memo::new(move |_| order.with(|order| order.notes.clone()));
    // The refusal of another form is told there.
    let problem = RwSignal::new(problem.filter(|_| typed.is_some()));
    let field = NodeRef::<html::Textarea>::new();
    let busy = RwSignal::new(false);
    let described = move || problem.with(Option::is_some).then_some("note-problem");
    view! {
        <section class="desk-notes" id="notes" aria-labelledby="notes-title">
            <h2 id="notes-title">"Notes"</h2>
            <Show when=Signal::derive(move || notes.with(Vec::is_empty))>
                <p class="desk-order__none">"Nothing is written down. Only staff see notes."</p>
            </Show>
            <ol role="list">
                <For each=move || notes.get() key=|note| note.id.clone() children=note />
            </ol>
            {may_change(order).then(|| view! {
            <form
                method="post"
                action="/api/note_order"
                aria-label="New note"
                on:submit=move |event| {
                    event.prevent_default();
                    save(id, field, busy, problem);
                }
            >
                <input type="hidden" name="order_id" value=id.to_string() />
                <label class="desk-field desk-field--area">
                    "New note"
                    <textarea
                        node_ref=field
                        name="note"
                        rows="3"
                        required=true
                        maxlength=MAX_NOTE.to_string()
                        aria-invalid=move || described().map(|_| "true")
                        aria-describedby=described
                    >
                        {typed.unwrap_or_default()}
                    </textarea>
                </label>
                <p class="correction__problem" id="note-problem" role="alert">
                    {move || problem.with(|problem| problem.as_ref().map(|p| p.detail.clone()))}
                </p>
                <button
                    class="desk-button"
                    type="submit"
                    aria-disabled=move || busy.get().then_some("true")
                >
                    "Add note"
                </button>
            </form>
            })}
        </section>
    }
}

fn note(note: OrderNote) -> impl IntoView {
    view! {
        <li class="desk-note">
            <p class="desk-note__text">{note.text}</p>
            <p class="desk-note__by">{note.by} ", " <LocalTime at_us=note.at_us short=true /></p>
        </li>
    }
}

#[cfg(not(feature = "hydrate"))]
fn save(_: OrderId, _: NodeRef<html::Textarea>, _: RwSignal<bool>, _: RwSignal<Option<Problem>>) {}

/// Sends the note once. That it is there is told by the socket, as to everybody.
#[cfg(feature = "hydrate")]
fn save(
    id: OrderId,
    field: NodeRef<html::Textarea>,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
) {
    let Some(area) = field.get_untracked() else {
        return;
    };
    if busy.get_untracked() {
        return;
    }
    busy.set(true);
    problem.set(None);
    leptos::task::spawn_local(async move {
        match crate::api::desk::note_order(id.to_string(), area.value()).await {
            Ok(()) => area.set_value(""),
            Err(refused) => {
                let _ = problem.try_set(Some(refused.0));
            }
        }
        let _ = busy.try_set(false);
    });
}
