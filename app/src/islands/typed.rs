//! What people typed or chose before the script of an island woke. Binding an input to a signal would
//! put back what was rendered.

use types::cart::MAX_QUANTITY;

/// The value of the input that a selector names, as it stands at this moment.
pub fn value(selector: &str) -> Option<String> {
    #[cfg(feature = "hydrate")]
    {
        use leptos::prelude::document;
        use wasm_bindgen::JsCast;
        let found = document().query_selector(selector).ok()??;
        match found.dyn_into::<web_sys::HtmlInputElement>() {
            Ok(input) => Some(input.value()),
            Err(found) => {
                let area = found.dyn_into::<web_sys::HtmlTextAreaElement>().ok()?;
                Some(area.value())
            }
        }
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = selector;
        None
    }
}

/// What was chosen in the list that a selector names; `None` while it is what was rendered.
pub fn choice(selector: &str) -> Option<String> {
    #[cfg(feature = "hydrate")]
    {
        use leptos::prelude::document;
        use wasm_bindgen::JsCast;
        let found = document().query_selector(selector).ok()??;
        let list: web_sys::HtmlSelectElement = found.dyn_into().ok()?;
        let rendered = list.query_selector("option[selected]").ok().flatten();
        // Without a word about it browsers choose the first.
        let rendered = rendered.or_else(|| list.query_selector("option").ok().flatten())?;
        let chosen = list.value();
        (rendered.get_attribute("value").as_deref() != Some(chosen.as_str())).then_some(chosen)
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = selector;
        None
    }
}

/// [`value`], where it is a number of pieces.
pub fn quantity(selector: &str) -> Option<u32> {
    let pieces = value(selector)?.trim().parse().ok()?;
    (1..=MAX_QUANTITY).contains(&pieces).then_some(pieces)
}
