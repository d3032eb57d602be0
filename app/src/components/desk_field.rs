//! A labelled input of a form of the admin, with what is wrong with it underneath.

use leptos::prelude::*;
use types::Problem;
use types::products::MAX_LINE;

/// What is typed into it: which keyboard a phone shows, and how the browser helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A name or an address.
    Text,
    /// A text of people, of one line.
    Line,
    /// An amount of money, as people write it.
    Amount,
    /// A whole number.
    Number,
    /// A day and a time.
    Moment,
    /// The number of an order or a SKU, in capitals.
    Code {
        /// Characters, at most.
        longest: usize,
    },
}

/// Characters of a name or an address, at most.
const LONGEST_TEXT: usize = 254;
/// Codes of more characters get a wide field.
const NARROW: usize = 20;

/// `name` is the field's, and that of complaints about it; `id` is the page's only one of that name.
pub fn desk_field(
    problem: Option<&Problem>,
    id: String,
    (name, label): (&'static str, &'static str),
    holds: Holds,
    value: String,
) -> impl IntoView + use<> {
    let kind = match holds {
        Holds::Moment => "datetime-local",
        Holds::Text | Holds::Line | Holds::Amount | Holds::Number | Holds::Code { .. } => "text",
    };
    let inputmode = match holds {
        Holds::Amount => Some("decimal"),
        Holds::Number => Some("numeric"),
        Holds::Text | Holds::Line | Holds::Moment | Holds::Code { .. } => None,
    };
    let longest = match holds {
        Holds::Text => Some(LONGEST_TEXT),
        Holds::Line => Some(MAX_LINE),
        Holds::Code { longest } => Some(longest),
        Holds::Amount | Holds::Number | Holds::Moment => None,
    };
    let is_code = matches!(holds, Holds::Code { .. });
    let is_words = is_code || holds == Holds::Text;
    let is_wide = matches!(holds, Holds::Code { longest } if longest > NARROW);
    let is_wide = is_wide || holds == Holds::Line;
    let wrong = problem.and_then(|problem| problem.field(name).map(str::to_owned));
    let wrong_id = format!("{id}-wrong");
    view! {
        <div class="desk-field" class:desk-field--wide=is_wide>
            <label for=id.clone()>{label}</label>
            <input
                id=id
                r#type=kind
                name=name
                value=value
                autocomplete="off"
                inputmode=inputmode
                autocapitalize=is_code.then_some("characters")
                spellcheck=is_words.then_some("false")
                maxlength=longest.map(|longest| longest.to_string())
                aria-invalid=wrong.is_some().then_some("true")
                aria-describedby=wrong.is_some().then(|| wrong_id.clone())
            />
            {wrong.map(|wrong| view! {
                <p class="field__error" id=wrong_id role="alert">{wrong}</p>
            })}
        </div>
    }
}

/// A field of several lines; `rows` of them are in sight, and of `longest` characters at most.
pub fn desk_area(
    problem: Option<&Problem>,
    id: String,
    (name, label): (&'static str, &'static str),
    (rows, longest): (u8, usize),
    value: String,
) -> impl IntoView + use<> {
    let wrong = problem.and_then(|problem| problem.field(name).map(str::to_owned));
    let wrong_id = format!("{id}-wrong");
    view! {
        <div class="desk-field desk-field--area">
            <label for=id.clone()>{label}</label>
            <textarea
                id=id
                name=name
                rows=rows.to_string()
                maxlength=longest.to_string()
                aria-invalid=wrong.is_some().then_some("true")
                aria-describedby=wrong.is_some().then(|| wrong_id.clone())
            >
                {value}
            </textarea>
            {wrong.map(|wrong| view! {
                <p class="field__error" id=wrong_id role="alert">{wrong}</p>
            })}
        </div>
    }
}

/// One of several values, each with its words.
pub fn desk_choice(
    problem: Option<&Problem>,
    id: String,
    (name, label): (&'static str, &'static str),
    choices: Vec<(String, String)>,
    chosen: &str,
) -> impl IntoView + use<> {
    let wrong = problem.and_then(|problem| problem.field(name).map(str::to_owned));
    let wrong_id = format!("{id}-wrong");
    let options = choices.into_iter().map(|(value, words)| {
        let selected = value == chosen;
        view! { <option value=value selected=selected>{words}</option> }
    });
    let options = options.collect_view();
    view! {
        <div class="desk-field">
            <label for=id.clone()>{label}</label>
            <select
                id=id
                name=name
                aria-invalid=wrong.is_some().then_some("true")
                aria-describedby=wrong.is_some().then(|| wrong_id.clone())
            >
                {options}
            </select>
            {wrong.map(|wrong| view! {
                <p class="field__error" id=wrong_id role="alert">{wrong}</p>
            })}
        </div>
    }
}
