//! The form of a filter of events: a plain one, so that the address says what is shown.

use leptos::prelude::*;
use services::event_kinds;
use types::Problem;
use types::event_query::{EventQuery, MAX_PART};

use crate::api::admin::EVENTS;

/// Name, label and example of each part.
const FIELDS: [(&str, &str, &str); 6] = [
    ("topic", "Topic", "orders"),
    ("type", "Type", "order.*"),
    ("key", "Key", "V-1234ABCD, AS-VEG-*"),
    ("attribute", "Attribute", "source=inventory"),
    ("field", "Field", "sku=AS-VEG-*"),
    ("text", "Text", "anywhere in the content"),
];

#[component]
pub fn EventFilter(query: EventQuery, problem: Option<Problem>) -> impl IntoView {
    let is_any = query.is_empty();
    let parts: Vec<String> = (query.parts().iter())
        .map(|(_, value)| (*value).to_owned())
        .collect();
    let fields = FIELDS.into_iter().zip(parts);
    let fields = fields.map(|((name, label, example), value)| {
        let wrong = (problem.as_ref()).and_then(|problem| problem.field(name).map(str::to_owned));
        let (id, wrong_id) = (format!("filter-{name}"), format!("filter-{name}-wrong"));
        let list = match name {
            "topic" => Some("event-topics"),
            "type" => Some("event-types"),
            _ => None,
        };
        view! {
            <div class="desk-field">
                <label for=id.clone()>{label}</label>
                <input
                    id=id
                    r#type="text"
                    name=name
                    value=value
                    placeholder=example
                    list=list
                    maxlength=MAX_PART.to_string()
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    aria-invalid=wrong.is_some().then_some("true")
                    aria-describedby=wrong.is_some().then(|| wrong_id.clone())
                />
                {wrong.map(|wrong| view! {
                    <p class="field__error" id=wrong_id role="alert">{wrong}</p>
                })}
            </div>
        }
    });
    let fields = fields.collect_view();
    let (topics, kinds) = event_kinds();
    let option = |name: &'static str| view! { <option value=name></option> };
    let clear = (!is_any).then(|| {
        view! {
            <a class="desk-button" href=EVENTS>
                "Everything"
            </a>
        }
    });
    view! {
        <form class="event-filter" method="get" action=EVENTS role="search" aria-label="Filter">
            {fields}
            <datalist id="event-topics">{topics.into_iter().map(option).collect_view()}</datalist>
            <datalist id="event-types">{kinds.into_iter().map(option).collect_view()}</datalist>
            <div class="event-filter__acts">
                <button class="desk-button desk-button--strong" type="submit">"Filter"</button>
                {clear}
            </div>
        </form>
    }
}
