//! The stock of every SKU: live numbers and the correction of a count. Part of the admin's lazy island.
//! Without the script the same table is sorted and corrected by plain forms.

use std::collections::HashSet;

use leptos::prelude::*;
use types::admin::{InventoryRow, Level};
use types::{Problem, SupplierId};

use super::focus;
use super::inventory_bulk::{BULK, Bulk, Ways};
use super::inventory_tools::{Heading, TOOLS, Tools};
use super::inventory_view::{Column, FEW, FIRST, Shown, View, arranged, supplier_of};
use super::stock_correction::{Correction, Open};
use crate::api::admin::INVENTORY;
use crate::components::when;
use crate::live::Inventory;

/// How often "low only" looks for rows that have become low, and nothing moves in between.
#[cfg(feature = "hydrate")]
const LOOK: std::time::Duration = std::time::Duration::from_secs(2);

const TITLE_ID: &str = "inventory-title";

/// `problem` belongs to the correction that is open.
#[component]
pub fn InventoryTable(
    rows: Vec<InventoryRow>,
    suppliers: Vec<(SupplierId, String)>,
    levels: Inventory,
    view: View,
    problem: Option<Problem>,
    batch: String,
    at: u64,
) -> impl IntoView {
    let all = rows.len();
    let said = RwSignal::new(match &view.corrected {
        Some(sku) => format!("Stock of {sku} corrected."),
        None => view.said.clone(),
    });
    let rows = StoredValue::new(rows);
    let suppliers = StoredValue::new(suppliers);
    let correcting = RwSignal::new(view.correcting.clone());
    let problem = RwSignal::new(problem);
    let shown = RwSignal::new(View {
        correcting: None,
        ..view
    });
    let chosen = RwSignal::new(HashSet::<usize>::new());
    #[cfg(feature = "hydrate")]
    Effect::new(move |before: Option<()>| {
        let query = shown.with(View::query);
        // The first time it is what the address says.
        if before.is_some() {
            write_address(&query);
        }
    });
    // Numbers move, rows do not: only what the reader asks for arranges the table anew.
    let look = RwSignal::new(0_u32);
    let table = Memo::new(move |_| {
        look.track();
        let view = View {
            correcting: correcting.get_untracked(),
            ..shown.get()
        };
        let level = |row: &InventoryRow| match levels.level(&row.sku) {
            Some(level) => level.get_untracked(),
            None => row.level.clone(),
        };
        rows.with_value(|rows| suppliers.with_value(|names| arranged(rows, names, level, &view)))
    });
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        let again = move || {
            let reading = correcting.with_untracked(Option::is_some);
            if shown.with_untracked(|view| view.low_only) && !reading {
                look.update(|n| *n = n.wrapping_add(1));
            }
        };
        if let Ok(timer) = set_interval(again, LOOK) {
            on_cleanup(move || timer.clear());
        }
    });
    // Apart from the rows: which one bears the name of its product changes, and no row is built anew.
    let heads = Memo::new(move |_| {
        table.with(|(shown, _)| {
            let heads = shown.iter().filter(|row| row.heads_product);
            heads.map(|row| row.index).collect::<HashSet<_>>()
        })
    });
    let matching = Signal::derive(move || table.with(|(_, matching)| *matching));
    // What is not shown any more is not changed with the others.
    let chosen_shown = Memo::new(move |_| {
        let shown = |rows: &[Shown], chosen: &HashSet<usize>| {
            rows.iter()
                .filter(|row| chosen.contains(&row.index))
                .count()
        };
        table.with(|(rows, _)| chosen.with(|chosen| shown(rows, chosen)))
    });
    let choose_all = move |event: leptos::ev::Event| {
        let indices = table.with_untracked(|(rows, _)| {
            let indices = rows.iter().map(|row| row.index);
            indices.collect::<HashSet<usize>>()
        });
        match event_target_checked(&event) {
            true => chosen.set(indices),
            false => chosen.update(HashSet::clear),
        }
    };
    let limit = Signal::derive(move || shown.with(|view| view.limit));
    // More than a phone shows at first: the width of the screen is known to the styles alone.
    let is_first = move || limit.get().is_none();
    let more_by = move |step: usize| {
        move || matching.get() > limit.get().unwrap_or(if step == FEW { FEW } else { FIRST })
    };
    let may_count = shown.with_untracked(|view| view.may_count);
    let open = Open {
        may_count,
        correcting,
        problem,
        said,
        levels,
    };
    view! {
        <section class="inventory" aria-labelledby=TITLE_ID>
            <div class="inventory__head">
                <h1 id=TITLE_ID tabindex="-1">"Inventory"</h1>
                <Tools shown />
                <p class="inventory__count">
                    {move || format!("{} of {all} SKUs", matching.get())}
                </p>
            </div>
            <Ways shown />
            {may_count
                .then(|| view! { <Bulk shown levels matching chosen=chosen_shown.into() batch at /> })}
            <p class="inventory__said" role="status">{move || said.get()}</p>
            <div>
                <table class="stock-table" data-first=move || is_first().then_some("")>
                    <caption class="visually-hidden">"Stock of every SKU, live"</caption>
                    <thead>
                        <tr>
                            <Heading column=Column::Product shown />
                            <th scope="col">"Variant"</th>
                            <Heading column=Column::Sku shown />
                            {Column::NUMBERS
                                .map(|column| view! { <Heading column shown number=true /> })
                                .collect_view()}
                            <Heading column=Column::Supplier shown />
                            <Heading column=Column::LastMoved shown />
                            <th scope="col" class="stock-table__act">
                                {may_count.then(|| view! {
                                    <input
                                        class="with-script"
                                        type="checkbox"
                                        aria-label="Choose all rows that are shown"
                                        on:change=choose_all
                                    />
                                })}
                                <span class="visually-hidden">"Correct"</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody on:keydown=walk>
                        <For
                            each=move || table.with(|(shown, _)| shown.clone())
                            key=|row| row.index
                            children=move |Shown { index, .. }| {
                                let heads = Signal::derive(move || {
                                    heads.with(|heads| heads.contains(&index))
                                });
                                rows.with_value(|rows| rows.get(index).cloned())
                                    .map(|row| view! { <Row row index heads suppliers chosen open /> })
                            }
                        />
                    </tbody>
                </table>
            </div>
            <Show when=Signal::derive(move || matching.get() == 0)>
                <p class="inventory__none">
                    "No SKU matches. " <a href="/admin/inventory">"Show all"</a>
                </p>
            </Show>
            {[FEW, FIRST]
                .map(|step| {
                    view! {
                        <Show when=more_by(step)>
                            <More step limit shown />
                        </Show>
                    }
                })
                .collect_view()}
        </section>
    }
}

/// One SKU.
#[component]
fn Row(
    row: InventoryRow,
    index: usize,
    heads: Signal<bool>,
    chosen: RwSignal<HashSet<usize>>,
    suppliers: StoredValue<Vec<(SupplierId, String)>>,
    open: Open,
) -> impl IntoView {
    let InventoryRow {
        sku,
        title,
        variant,
        product,
        level,
    } = row;
    let live = open.levels.level(&sku);
    let level = Signal::derive(move || match live {
        Some(live) => live.get(),
        None => level.clone(),
    });
    let mark = Memo::new(move |_| level.with(mark));
    let is_open = {
        let sku = sku.clone();
        Memo::new(move |_| open.correcting.with(|open| open.as_ref() == Some(&sku)))
    };
    let supplier = move || {
        let name =
            |level: &Level| suppliers.with_value(|names| supplier_of(level, names).to_owned());
        level.with(name)
    };
    let number = move |of: Column| Signal::derive(move || level.with(|level| of.of(level)));
    let toggle = {
        let sku = sku.clone();
        move |event: leptos::ev::MouseEvent| {
            event.prevent_default();
            open.problem.set(None);
            let now = if is_open.get_untracked() {
                None
            } else {
                Some(sku.clone())
            };
            open.correcting.set(now);
        }
    };
    let correction = {
        let sku = sku.clone();
        move || {
            let sku = sku.clone();
            is_open.get().then(|| view! {
                <tr class="stock-table__correction">
                    <td colspan="12">
                        <Correction sku on_hand=level.with_untracked(|level| level.on_hand) open />
                    </td>
                </tr>
            })
        }
    };
    view! {
        <tr
            id=format!("sku-{sku}")
            data-stock=move || mark.get()
            data-heads=move || heads.get().then_some("")
            data-open=move || is_open.get().then_some("")
        >
            <th scope="row">
                <a href=format!("/p/{product}?variant={sku}")>{title}</a>
            </th>
            <td>{variant}</td>
            <td class="stock-table__sku">
                <a href=format!("{INVENTORY}/{sku}")>{sku.to_string()}</a>
            </td>
            <td data-number="" data-label=Column::OnHand.title()>
                <Figure value=number(Column::OnHand) />
            </td>
            <td data-number="" data-label=Column::Allocated.title()>
                <Figure value=number(Column::Allocated) />
            </td>
            <td data-number="" data-label=Column::Reserved.title()>
                <Figure value=number(Column::Reserved) />
            </td>
            <td
                data-number=""
                data-label=Column::Available.title()
                class="stock-table__available"
            >
                <Figure value=number(Column::Available) />
                {move || mark.get().map(|mark| view! { <span class="low-mark">{mark}</span> })}
            </td>
            <td data-number="" data-label=Column::Incoming.title()>
                <Figure value=number(Column::Incoming) />
            </td>
            <td data-number="" data-label=Column::Threshold.title()>
                {move || number(Column::Threshold).get()}
            </td>
            <td data-number="" data-label=Column::Waiting.title()>
                <Figure value=number(Column::Waiting) />
            </td>
            <td class="stock-table__supplier" data-label=Column::Supplier.title()>{supplier}</td>
            <td class="stock-table__moved" data-label=Column::LastMoved.title()>
                {move || {
                    level.with(|level| level.last).map(|last| view! {
                        <span class="stock-table__when">{when::moment(last.at_us)}</span>
                        " "
                        <span class="stock-table__how">{last.kind.title()}</span>
                    })
                }}
            </td>
            <td class="stock-table__act">
                {open.may_count.then(|| view! {
                <label class="stock-table__choose">
                    <input
                        type="checkbox"
                        name="skus[]"
                        form=BULK
                        value=sku.to_string()
                        aria-label=format!("Choose {sku}")
                        prop:checked=move || chosen.with(|chosen| chosen.contains(&index))
                        on:change=move |event| {
                            let is_chosen = event_target_checked(&event);
                            chosen.update(|chosen| {
                                match is_chosen {
                                    true => chosen.insert(index),
                                    false => chosen.remove(&index),
                                };
                            });
                        }
                    />
                </label>
                <button
                    class="desk-button"
                    type="submit"
                    form=TOOLS
                    name="correct"
                    value=sku.to_string()
                    aria-label=format!("Correct stock of {sku}")
                    aria-expanded=move || is_open.get().to_string()
                    on:click=toggle
                >
                    "Correct"
                </button>
                })}
            </td>
        </tr>
        {correction}
    }
}

/// What is said beside a number that calls for something to be done.
fn mark(level: &Level) -> Option<&'static str> {
    match level.available() {
        ..=0 => Some("out"),
        _ => level.is_low().then_some("low"),
    }
}

/// Asks for more rows: for a few where the screen is narrow, for many where it is not.
#[component]
fn More(step: usize, limit: Signal<Option<usize>>, shown: RwSignal<View>) -> impl IntoView {
    let next = move || limit.get().unwrap_or(step) + step;
    view! {
        <button
            class="desk-button inventory__more"
            class:inventory__more--few=step == FEW
            type="submit"
            form=TOOLS
            name="limit"
            value=move || next().to_string()
            on:click=move |event| {
                event.prevent_default();
                let next = next();
                shown.update(|view| view.limit = Some(next));
                // The last press takes the button away.
                focus::unless_somewhere(TITLE_ID);
            }
        >
            {format!("Show {step} more")}
        </button>
    }
}

/// A number that is marked for a moment when it changes.
#[component]
fn Figure(value: Signal<i64>) -> impl IntoView {
    let beat = RwSignal::new(None::<bool>);
    Effect::new(move |before: Option<i64>| {
        let now = value.get();
        if before.is_some_and(|before| before != now) {
            beat.update(|beat| *beat = Some(!beat.unwrap_or_default()));
        }
        now
    });
    // Alternates between two names of one animation, which is how CSS starts it anew.
    let beat = move || beat.get().map(|odd| if odd { "odd" } else { "even" });
    view! {
        <span class="figure" data-beat=beat>
            {move || value.get()}
        </span>
    }
}

/// Arrow keys go from row to row.
fn walk(event: leptos::ev::KeyboardEvent) {
    #[cfg(not(feature = "hydrate"))]
    let _ = event;
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;
        const BUTTON: &str = "button[name=correct]";
        let down = match event.key().as_str() {
            "ArrowDown" => true,
            "ArrowUp" => false,
            _ => return,
        };
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let Some(button) = target.filter(|target| target.matches(BUTTON).unwrap_or(false)) else {
            return;
        };
        let mut row = button.closest("tr").ok().flatten();
        while let Some(here) = row {
            let next = if down {
                here.next_element_sibling()
            } else {
                here.previous_element_sibling()
            };
            let found = next
                .as_ref()
                .and_then(|row| row.query_selector(BUTTON).ok().flatten());
            if let Some(found) =
                found.and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok())
            {
                event.prevent_default();
                let _ = found.focus();
                return;
            }
            row = next;
        }
    }
}

/// The address shows what the table shows: a reload, a bookmark or somebody else's browser finds the same.
#[cfg(feature = "hydrate")]
fn write_address(query: &str) {
    let address = match query {
        "" => INVENTORY.to_owned(),
        query => format!("{INVENTORY}?{query}"),
    };
    if let Ok(history) = window().history() {
        let here = wasm_bindgen::JsValue::NULL;
        let _ = history.replace_state_with_url(&here, "", Some(&address));
    }
}
