//! A labelled text input with its complaint underneath. The browser owns the text: what was typed
//! before the script arrived, or what the browser filled in, is never overwritten.

use leptos::prelude::*;
use types::FieldError;
use types::checkout::complaint_about;

/// How an input asks for its text: what the browser fills in and which keyboard it shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asks {
    /// `type`; empty for plain text.
    pub kind: &'static str,
    pub autocomplete: &'static str,
    pub inputmode: &'static str,
    pub maxlength: u16,
    /// May stay empty.
    pub optional: bool,
    /// Out of sight at times, where a browser without script could not ask for it.
    pub hidden_at_times: bool,
}

/// The complaint about one field. Its place is kept, so that nothing jumps when it comes or goes.
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
            <label class="field__label" for=field>
                {label}
                {asks.optional.then(|| view! { " " <small>"(optional)"</small> })}
            </label>
            <input
                class="input"
                id=field
                name=field
                r#type=if asks.kind.is_empty() { "text" } else { asks.kind }
                value=value
                autocomplete=asks.autocomplete
                inputmode=asks.inputmode
                maxlength=asks.maxlength
                required=!asks.optional && !asks.hidden_at_times
                aria-invalid=move || wrong().then_some("true")
                aria-describedby=move || wrong().then(|| format!("{field}-error"))
                on:input=move |_| forget(field, errors)
                on:change:target=move |event| check(field, &event.target().value(), errors)
                // What the browser filled in changes nothing that it tells of.
                on:blur:target=move |event| {
                    let text = event.target().value();
                    if !text.is_empty() {
                        check(field, &text, errors);
                    }
                }
            />
            <Complaint field errors />
        </div>
    }
}

/// Judges one field as it stands, while the others are still being filled in.
pub fn check(field: &'static str, text: &str, errors: RwSignal<Vec<FieldError>>) {
    judge(field, complaint_about(field, text), errors);
}

/// Puts `message` under a field, or takes the one away that is there.
pub fn judge(field: &'static str, message: Option<String>, errors: RwSignal<Vec<FieldError>>) {
    let known = errors.with_untracked(|errors| {
        let known = errors.iter().find(|e| e.field == field);
        known.map(|e| e.message.clone())
    });
    if known == message {
        return;
    }
    errors.update(|errors| {
        errors.retain(|e| e.field != field);
        errors.extend(message.map(|message| FieldError::new(field, message)));
    });
}

/// A complaint is about what was typed; it goes when that changes.
pub fn forget(field: &'static str, errors: RwSignal<Vec<FieldError>>) {
    judge(field, None, errors);
}
