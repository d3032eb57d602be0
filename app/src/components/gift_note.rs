//! A few words to be written on a card.

use leptos::prelude::*;
use types::cart::MAX_GIFT_NOTE;

/// Folded away until wanted. Plain HTML: what is in it is read when the form is sent.
#[component]
pub fn GiftNote() -> impl IntoView {
    let hint = format!("We write it by hand on a card. Up to {MAX_GIFT_NOTE} characters.");
    view! {
        <details class="fold">
            <summary>"Add a gift note"</summary>
            <div class="field">
                <label class="field__label" for="gift-note">"Gift note"</label>
                <textarea
                    id="gift-note"
                    class="input"
                    name="gift_note"
                    rows="3"
                    maxlength=MAX_GIFT_NOTE
                    aria-describedby="gift-note-hint"
                ></textarea>
                <p class="field__hint" id="gift-note-hint">{hint}</p>
            </div>
        </details>
    }
}
