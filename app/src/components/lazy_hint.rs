//! Has the code of a page's lazy island fetched along with the main module, not only once that runs and
//! comes upon the island.

use leptos::WasmSplitManifest;
use leptos::prelude::*;
use leptos_meta::Link;

/// `island` is the island's name in snake case.
#[component]
pub fn LazyHint(island: &'static str) -> impl IntoView {
    let loader = [island, "_loader_"].concat();
    let chunks = use_context::<WasmSplitManifest>().map(|manifest| {
        manifest.0.with_value(|(folder, chunks_by_loader, _)| {
            let of_island = |(name, _): &(&String, _)| {
                // What follows the loader's name is a number that leptos makes up.
                name.strip_prefix(&loader)
                    .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
            };
            let chunks = chunks_by_loader.iter().find(of_island);
            let chunks = chunks.map(|(_, chunks)| chunks.as_slice());
            let address = |chunk: &String| format!("{folder}/{chunk}.wasm");
            chunks
                .unwrap_or_default()
                .iter()
                .map(address)
                .collect::<Vec<_>>()
        })
    });
    // `start.js` makes a preload of it when it begins: not beside the page's largest picture.
    let link = |href| {
        view! { <Link rel="chunk" href as_="fetch" type_="application/wasm" crossorigin="" /> }
    };
    chunks
        .unwrap_or_default()
        .into_iter()
        .map(link)
        .collect_view()
}
