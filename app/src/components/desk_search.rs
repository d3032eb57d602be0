//! The search of an admin's list: a plain form, so that the address says what is shown.

use leptos::prelude::*;

/// What of a search is not on every page.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// The page that shows what is found.
    pub action: &'static str,
    /// The field's id, the page's only one of that name.
    pub id: &'static str,
    /// The name under which what is typed stands in the address.
    pub name: &'static str,
    /// What it is found by, for who sees no placeholder.
    pub label: &'static str,
    pub placeholder: &'static str,
    /// Characters that are looked for, at most.
    pub longest: usize,
}

/// `clear` leads to the list as it is without a search; it is there while something is looked for. The children
/// stand between the field and the button.
#[component]
pub fn DeskSearch(
    search: Search,
    value: String,
    #[prop(into)] clear: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let Search {
        action,
        id,
        name,
        label,
        placeholder,
        longest,
    } = search;
    let clear = (!value.is_empty()).then(|| {
        view! {
            <a class="desk-button" href=clear>
                "Clear"
            </a>
        }
    });
    view! {
        <form class="orders-desk__search" method="get" action=action role="search">
            <label class="visually-hidden" for=id>
                {label}
            </label>
            <input
                id=id
                r#type="search"
                name=name
                value=value
                placeholder=placeholder
                maxlength=longest.to_string()
                autocomplete="off"
                spellcheck="false"
            />
            {children.map(|children| children())}
            <button class="desk-button desk-button--strong" type="submit">"Search"</button>
            {clear}
        </form>
    }
}
