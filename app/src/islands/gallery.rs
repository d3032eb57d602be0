//! Which of a product's pictures is in sight: the small picture below says so.

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, HtmlElement};

use super::buy_box::GALLERY_ID;

/// The small pictures, in the order of the large ones.
const THUMBS: &str = ".thumbs a";
const CURRENT: &str = "aria-current";

/// Follows the pictures of the page, if it has any.
pub fn watch() {
    let Some(row) = document().get_element_by_id(GALLERY_ID) else {
        return;
    };
    let row: HtmlElement = row.unchecked_into();
    let seen = row.clone();
    let act = Closure::<dyn FnMut()>::new(move || mark(&seen));
    let _ = row.add_event_listener_with_callback("scroll", act.as_ref().unchecked_ref());
    act.forget();
}

fn mark(row: &HtmlElement) {
    let width = row.client_width().max(1);
    // The picture that takes up more than half of the row.
    let current = (row.scroll_left() + width / 2) / width;
    let Ok(thumbs) = document().query_selector_all(THUMBS) else {
        return;
    };
    for i in 0..thumbs.length() {
        let Some(thumb) = thumbs.get(i).and_then(|thumb| thumb.dyn_into::<Element>().ok()) else {
            continue;
        };
        let _ = match i32::try_from(i) == Ok(current) {
            true => thumb.set_attribute(CURRENT, "true"),
            false => thumb.remove_attribute(CURRENT),
        };
    }
}
