//! The shop as people see it. Built twice: for the server (`ssr`: every page is plain HTML that
//! works without JavaScript) and for the browser (`hydrate`: only what is live or interactive).

// Views are deeply nested types; the default limit is met before the pages are large.
#![recursion_limit = "512"]

pub mod api;
pub mod components;
pub mod islands;
pub mod live;
pub mod pages;
#[cfg(feature = "ssr")]
mod shell;

#[cfg(feature = "ssr")]
pub use components::sharing::PublicUrl;
#[cfg(feature = "ssr")]
pub use shell::{App, shell};

/// The browser's entry point: wakes the islands of the page.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    islands::translated::undo();
    islands::translated::watch();
    islands::dialogs::watch();
    islands::gallery::watch();
    leptos::mount::hydrate_islands();
}
