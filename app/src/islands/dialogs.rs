//! Dialogs of plain HTML: a link with `data-dialog` opens the dialog of that id. Without script it is
//! a link like any other.

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, HtmlDialogElement, MouseEvent};

/// Listens for as long as the page lives.
pub fn watch() {
    let act = Closure::<dyn FnMut(MouseEvent)>::new(|event: MouseEvent| {
        // A click that wants a new tab gets one.
        if event.ctrl_key() || event.meta_key() || event.shift_key() {
            return;
        }
        if open(&event).is_some() {
            event.prevent_default();
        }
    });
    let _ = document().add_event_listener_with_callback("click", act.as_ref().unchecked_ref());
    act.forget();
}

fn open(event: &MouseEvent) -> Option<()> {
    let target: Element = event.target()?.dyn_into().ok()?;
    let link = target.closest("[data-dialog]").ok()??;
    let dialog = document().get_element_by_id(&link.get_attribute("data-dialog")?)?;
    let dialog: HtmlDialogElement = dialog.dyn_into().ok()?;
    dialog.show_modal().ok()?;
    // The part of it that the link is about.
    if let Some(part) = link.get_attribute("data-part")
        && let Some(part) = document().get_element_by_id(&part)
    {
        part.scroll_into_view();
    }
    Some(())
}
