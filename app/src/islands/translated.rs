//! Pages that a translator has rewritten. Translators put a `<font>` with new text in the place of each
//! text; islands still hold the text that was there, and what they say from then on nobody would see.
//! So a text that changes comes back in the place of its translation, which then begins anew.

use std::cell::RefCell;

use js_sys::{Array, WeakMap};
use leptos::prelude::document;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, MutationObserver, MutationObserverInit, MutationRecord, Node, Text};

thread_local! {
    /// What stands in the place of a text.
    static PLACES: WeakMap = WeakMap::new();
    /// Watches texts that stand nowhere, for as long as there are any.
    static TEXTS: RefCell<Option<MutationObserver>> = const { RefCell::new(None) };
}

/// Puts texts back that were replaced before the islands wake: they must find their own.
pub fn undo() {
    while let Ok(Some(font)) = document().query_selector("leptos-island font") {
        let text = font.text_content().unwrap_or_default();
        replace(&font, &document().create_text_node(&text));
    }
}

/// Keeps islands and translations together from now on.
pub fn watch() {
    TEXTS.set(observer(|record| {
        // Changed while it stood nowhere.
        let Some(text) = record
            .target()
            .and_then(|text| text.dyn_into::<Text>().ok())
        else {
            return;
        };
        let place = PLACES.with(|places| places.get(&text));
        if let Some(font) = place.dyn_ref::<Element>()
            && font.is_connected()
        {
            PLACES.with(|places| places.delete(&text));
            replace(font, &text);
        }
    }));
    let init = MutationObserverInit::new();
    init.set_child_list(true);
    init.set_subtree(true);
    if let Some(page) = observer(replaced)
        && let Some(body) = document().body()
    {
        let _ = page.observe_with_options(&body, &init);
    }
}

/// Notes which translation stands where a text stood. Some translators replace the text, others move
/// it away and put their own beside: both are one text less and one `<font>` more.
fn replaced(record: MutationRecord) {
    let (Some(removed), Some(added)) = (record.removed_nodes().get(0), translation(&record)) else {
        return;
    };
    let Ok(text) = removed.dyn_into::<Text>() else {
        return;
    };
    // Moved into the translation: it is still seen.
    if text.is_connected() {
        return;
    }
    PLACES.with(|places| places.set(&text, &added));
    let init = MutationObserverInit::new();
    init.set_character_data(true);
    TEXTS.with_borrow(|texts| {
        if let Some(texts) = texts {
            let _ = texts.observe_with_options(&text, &init);
        }
    });
}

/// What was put where a text was taken away: in one step, or just before.
fn translation(record: &MutationRecord) -> Option<Node> {
    let beside = || record.previous_sibling().or_else(|| record.next_sibling());
    let node = record.added_nodes().get(0).or_else(beside)?;
    let is_font = |node: &Node| node.node_name().eq_ignore_ascii_case("font");
    is_font(&node).then_some(node)
}

fn replace(font: &Element, text: &Text) {
    if let Some(parent) = font.parent_node() {
        let _ = parent.replace_child(text, font);
    }
}

fn observer(act: fn(MutationRecord)) -> Option<MutationObserver> {
    let each = Closure::<dyn FnMut(Array)>::new(move |records: Array| {
        for record in records.iter() {
            act(record.unchecked_into());
        }
    });
    // Lives as long as the page.
    MutationObserver::new(each.into_js_value().unchecked_ref()).ok()
}
