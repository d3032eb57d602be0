//! Where the keyboard stands when what it stood on has gone: never on nothing.

/// Puts the focus on the element with this id once the page has changed, unless it is somewhere.
pub fn unless_somewhere(id: impl Into<String>) {
    #[cfg(feature = "hydrate")]
    {
        let id = id.into();
        after_change(move || {
            if is_nowhere() {
                on(&id);
            }
        });
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = id.into();
}

/// Runs `act` when the browser has shown what was changed just now.
#[cfg(feature = "hydrate")]
pub fn after_change(act: impl FnOnce() + 'static) {
    let _ = leptos::prelude::request_animation_frame(act);
}

/// Puts the focus on the element with this id.
#[cfg(feature = "hydrate")]
pub fn on(id: &str) {
    use wasm_bindgen::JsCast;
    let found = leptos::prelude::document().get_element_by_id(id);
    if let Some(element) = found.and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

#[cfg(feature = "hydrate")]
fn is_nowhere() -> bool {
    let document = leptos::prelude::document();
    let active = document.active_element();
    active.is_none_or(|active| document.body().is_some_and(|body| *body == active))
}
