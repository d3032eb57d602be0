//! A labelled text input with its complaint underneath. The browser owns the text: what was typed
//! before the script arrived, or what the browser filled in, is never overwritten.

use leptos::prelude::*;
use types::FieldError;

/// How an input asks for its text: what the browser fills in and which keyboard it shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asks {
    /// `type`; empty for plain text.
    pub kind: &'static str,
    pub autocomplete: &'static str,
    pub inputmode: &'static str,
    pub maxlength: u16,
}

/// The complaint about one field. Its place is kept, so that nothing jumps when it appears.
#[component]
pub fn Complaint(field: &'static str, errors: RwSignal<Vec<FieldError>>) -> impl IntoView {
    view! {
        <p class="field__error" id=format!("{field}-error")>
            {move || complaint(field, errors)}
        </p>
    }
}

/// What is wrong with `field`, if anything.
pub fn complaint(field: &str, errors: RwSignal<Vec<FieldError>>) -> Option<String> {
    errors.with(|errors| {
        errors
            .iter()
            .find(|e| e.field == field)
            .map(|e| e.message.clone())
    })
}

/// A text input. `field` is its name, its id and the name of complaints about it.
#[component]
pub fn Field(
    field: &'static str,
    label: &'static str,
    asks: Asks,
    errors: RwSignal<Vec<FieldError>>,
    #[prop(optional)] value: String,
) -> impl IntoView {
    let wrong = move || complaint(field, errors).is_some();
    view! {
        <div class="field" data-field=field>
            <label class="field__label" for=field>{label}</label>
            <input
                class="input"
                id=field
                name=field
                r#type=if asks.kind.is_empty() { "text" } else { asks.kind }
                value=value
                autocomplete=asks.autocomplete
                inputmode=asks.inputmode
                maxlength=asks.maxlength
                required=true
                aria-invalid=move || wrong().then_some("true")
                aria-describedby=move || wrong().then(|| format!("{field}-error"))
                on:input=move |_| forget(field, errors)
            />
            <Complaint field errors />
        </div>
    }
}

/// A complaint is about what was typed; it goes when that changes.
pub fn forget(field: &str, errors: RwSignal<Vec<FieldError>>) {
    if errors.with_untracked(|errors| errors.iter().any(|e| e.field == field)) {
        errors.update(|errors| errors.retain(|e| e.field != field));
    }
}
