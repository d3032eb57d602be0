//! A product's pictures, which are plain HTML: the small one of that in sight is marked, and one that
//! is enlarged further is seen from its middle on.

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, Event, HtmlElement};

use crate::components::anchor;

/// The small pictures, in the order of the large ones.
const THUMBS: &str = ".thumbs a";
const CURRENT: &str = "aria-current";

/// Follows the pictures of the page, if it has any.
pub fn watch() {
    let Some(row) = document().get_element_by_id(anchor::GALLERY) else {
        return;
    };
    let row: HtmlElement = row.unchecked_into();
    let seen = row.clone();
    let act = Closure::<dyn FnMut()>::new(move || mark(&seen));
    let _ = row.add_event_listener_with_callback("scroll", act.as_ref().unchecked_ref());
    act.forget();
    let act = Closure::<dyn FnMut(Event)>::new(|event: Event| centre(&event));
    let gallery = row.parent_element().unwrap_or_else(|| row.into());
    let _ = gallery.add_event_listener_with_callback("change", act.as_ref().unchecked_ref());
    act.forget();
}

/// The picture around the box that was ticked has become larger or smaller.
fn centre(event: &Event) {
    let ticked = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    if let Some(ticked) = ticked
        && let Ok(Some(picture)) = ticked.closest("figure")
    {
        picture.set_scroll_left((picture.scroll_width() - picture.client_width()) / 2);
        picture.set_scroll_top((picture.scroll_height() - picture.client_height()) / 2);
    }
}

fn mark(row: &HtmlElement) {
    let width = row.client_width().max(1);
    // The picture that takes up more than half of the row.
    let current = (row.scroll_left() + width / 2) / width;
    let Ok(thumbs) = document().query_selector_all(THUMBS) else {
        return;
    };
    for i in 0..thumbs.length() {
        let Some(thumb) = thumbs
            .get(i)
            .and_then(|thumb| thumb.dyn_into::<Element>().ok())
        else {
            continue;
        };
        let _ = match i32::try_from(i) == Ok(current) {
            true => thumb.set_attribute(CURRENT, "true"),
            false => thumb.remove_attribute(CURRENT),
        };
    }
}
