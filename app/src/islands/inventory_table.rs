//! The stock of every SKU: live numbers, a filter, an order, and the correction of a count. Part of
//! the admin's lazy island. Without the script the same table is filtered, sorted and corrected by
//! plain forms.

use leptos::html;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use types::admin::{InventoryRow, Level};
use types::{Problem, Sku};

use super::stock_correction::{Correction, Open};
use crate::live::Inventory;

/// Rows rendered at once; the filter looks at all of them.
pub const PAGE: usize = 400;
/// The form that filter, headings and buttons belong to; without the script it asks for the page
/// again as it should look.
pub const TOOLS: &str = "inventory-tools";
/// How often "low only" looks for rows that have become low, and nothing moves in between.
#[cfg(feature = "hydrate")]
const LOOK: std::time::Duration = std::time::Duration::from_secs(2);

/// A column to sort by. As a word it stands in the address; a leading `-` means descending.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Column {
    #[default]
    Product,
    Sku,
    OnHand,
    Allocated,
    Available,
    Threshold,
}

impl Column {
    const NUMBERS: [Self; 4] = [
        Self::OnHand,
        Self::Allocated,
        Self::Available,
        Self::Threshold,
    ];

    const fn title(self) -> &'static str {
        match self {
            Self::Product => "Product",
            Self::Sku => "SKU",
            Self::OnHand => "On hand",
            Self::Allocated => "Allocated",
            Self::Available => "Available",
            Self::Threshold => "Threshold",
        }
    }

    fn of(self, level: &Level) -> i64 {
        match self {
            Self::Product | Self::Sku => 0,
            Self::OnHand => level.on_hand,
            Self::Allocated => level.allocated,
            Self::Available => level.available(),
            Self::Threshold => level.reorder_threshold,
        }
    }
}

/// The order of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sort {
    pub by: Column,
    pub descending: bool,
}

impl Sort {
    /// From the address; what is not understood is the catalogue's order.
    pub fn parse(text: &str) -> Self {
        let (descending, name) = match text.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, text),
        };
        let by = name.parse();
        by.map_or_else(|_| Self::default(), |by| Self { by, descending })
    }

    fn written(self) -> String {
        let sign = if self.descending { "-" } else { "" };
        format!("{sign}{}", self.by.into_str())
    }

    /// What a press on a heading asks for: that column, or the other way round.
    fn pressed(self, by: Column) -> Self {
        Self {
            by,
            descending: self.by == by && !self.descending,
        }
    }
}

/// What of the table is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct View {
    pub filter: String,
    pub low_only: bool,
    pub sort: Sort,
    /// Rows to show at most.
    pub limit: usize,
    /// The SKU whose correction is open.
    pub correcting: Option<Sku>,
    /// The SKU that was just corrected.
    pub corrected: Option<Sku>,
}

/// Which rows to show, in which order, by their index; and how many match in all.
fn arranged(
    rows: &[InventoryRow],
    level: impl Fn(&InventoryRow) -> Level,
    view: &View,
) -> (Vec<usize>, usize) {
    let words: Vec<String> = view
        .filter
        .split_whitespace()
        .map(str::to_lowercase)
        .collect();
    let matches = |row: &InventoryRow| {
        let text = format!("{} {} {}", row.title, row.variant, row.sku).to_lowercase();
        words.iter().all(|word| text.contains(word.as_str()))
    };
    let mut shown: Vec<(usize, Level)> = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| matches(row))
        .map(|(index, row)| (index, level(row)))
        .filter(|(_, level)| !view.low_only || level.is_low())
        .collect();
    match view.sort.by {
        // The catalogue's own order: a product's variants in order of size.
        Column::Product => {
            shown.sort_by(|(a, _), (b, _)| rows[*a].title.cmp(&rows[*b].title).then(a.cmp(b)));
        }
        Column::Sku => shown.sort_by(|(a, _), (b, _)| rows[*a].sku.cmp(&rows[*b].sku)),
        by => shown.sort_by_key(|(index, level)| (by.of(level), *index)),
    }
    if view.sort.descending {
        shown.reverse();
    }
    let matching = shown.len();
    let mut indices: Vec<usize> = shown.into_iter().map(|(index, _)| index).collect();
    let beyond = indices.split_off(matching.min(view.limit.max(1)));
    // A row that is being corrected is there, however long the table.
    let open = |index: &usize| view.correcting.as_ref() == Some(&rows[*index].sku);
    indices.extend(beyond.into_iter().find(open));
    (indices, matching)
}

/// `problem` belongs to the correction that is open.
#[component]
pub fn InventoryTable(
    rows: Vec<InventoryRow>,
    levels: Inventory,
    view: View,
    problem: Option<Problem>,
) -> impl IntoView {
    let all = rows.len();
    let said = RwSignal::new(match &view.corrected {
        Some(sku) => format!("Stock of {sku} corrected."),
        None => String::new(),
    });
    let rows = StoredValue::new(rows);
    let correcting = RwSignal::new(view.correcting.clone());
    let problem = RwSignal::new(problem);
    let shown = RwSignal::new(View {
        correcting: None,
        ..view
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
        rows.with_value(|rows| arranged(rows, level, &view))
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
    let matching = Signal::derive(move || table.with(|(_, matching)| *matching));
    let more = Signal::derive(move || matching.get() > shown.with(|view| view.limit));
    let open = Open {
        correcting,
        problem,
        said,
        levels,
    };
    view! {
        <section class="inventory" aria-labelledby="inventory-title">
            <div class="inventory__head">
                <h1 id="inventory-title">"Inventory"</h1>
                <Tools shown />
                <p class="inventory__count">
                    {move || format!("{} of {all} SKUs", matching.get())}
                </p>
            </div>
            <p class="inventory__said" role="status">{move || said.get()}</p>
            // It scrolls sideways on a phone, so it can be reached by keyboard.
            <div class="inventory__scroll" role="region" aria-label="Stock table" tabindex="0">
                <table class="stock-table">
                    <caption class="visually-hidden">"Stock of every SKU, live"</caption>
                    <thead>
                        <tr>
                            <Heading column=Column::Product shown />
                            <th scope="col">"Variant"</th>
                            <Heading column=Column::Sku shown />
                            {Column::NUMBERS
                                .map(|column| view! { <Heading column shown number=true /> })
                                .collect_view()}
                            <th scope="col"><span class="visually-hidden">"Correct"</span></th>
                        </tr>
                    </thead>
                    <tbody on:keydown=walk>
                        <For
                            each=move || table.with(|(indices, _)| indices.clone())
                            key=|index| *index
                            children=move |index| {
                                rows.with_value(|rows| rows.get(index).cloned())
                                    .map(|row| view! { <Row row open /> })
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
            <Show when=more>
                <button
                    class="desk-button"
                    type="submit"
                    form=TOOLS
                    name="limit"
                    value=move || shown.with(|view| view.limit + PAGE).to_string()
                    on:click=move |event| {
                        event.prevent_default();
                        shown.update(|view| view.limit += PAGE);
                    }
                >
                    {format!("Show {PAGE} more")}
                </button>
            </Show>
        </section>
    }
}

/// Filter box and "low only".
#[component]
fn Tools(shown: RwSignal<View>) -> impl IntoView {
    let first = shown.get_untracked();
    let filter = NodeRef::<html::Input>::new();
    let low = NodeRef::<html::Input>::new();
    // What was typed or kept by the browser before the script came counts.
    Effect::new(move |_| {
        let (Some(filter), Some(low)) = (filter.get(), low.get()) else {
            return;
        };
        let (text, low_only) = (filter.value(), low.checked());
        if shown.with_untracked(|view| view.filter != text || view.low_only != low_only) {
            shown.update(|view| (view.filter, view.low_only) = (text, low_only));
        }
    });
    #[cfg(feature = "hydrate")]
    {
        let handle = window_event_listener(leptos::ev::keydown, move |event| {
            let typing = document().active_element().is_some_and(|element| {
                ["INPUT", "SELECT", "TEXTAREA"].contains(&element.tag_name().as_str())
            });
            if event.key() == "/" && !typing && !event.ctrl_key() && !event.meta_key() {
                event.prevent_default();
                if let Some(filter) = filter.get_untracked() {
                    let _ = filter.focus();
                    filter.select();
                }
            }
        });
        on_cleanup(move || handle.remove());
    }
    view! {
        <form
            id=TOOLS
            class="inventory__tools"
            method="get"
            action="/admin/inventory"
            role="search"
            on:submit=|event| event.prevent_default()
        >
            <label class="visually-hidden" for="filter">"Filter by product, variant or SKU"</label>
            <input
                id="filter"
                node_ref=filter
                r#type="search"
                name="filter"
                value=first.filter
                placeholder="Filter by product, variant or SKU"
                aria-keyshortcuts="/"
                autocomplete="off"
                on:input=move |event| {
                    let text = event_target_value(&event);
                    shown.update(|view| view.filter = text);
                }
            />
            <label class="inventory__low">
                <input
                    node_ref=low
                    r#type="checkbox"
                    name="low"
                    value="1"
                    checked=first.low_only
                    on:change=move |event| {
                        let low_only = event_target_checked(&event);
                        shown.update(|view| view.low_only = low_only);
                    }
                />
                "Low stock only"
            </label>
            // Without the script: a new filter keeps the order of the rows.
            <input type="hidden" name="sorted" value=move || shown.with(|view| view.sort.written()) />
            <button class="desk-button no-script" type="submit">"Apply"</button>
        </form>
    }
}

/// A column's heading; pressing it sorts.
#[component]
fn Heading(column: Column, shown: RwSignal<View>, #[prop(optional)] number: bool) -> impl IntoView {
    let sort = move || shown.with(|view| view.sort);
    let direction = move || {
        let Sort { by, descending } = sort();
        (by == column).then_some(if descending {
            "descending"
        } else {
            "ascending"
        })
    };
    view! {
        <th scope="col" aria-sort=direction data-number=number.then_some("")>
            <button
                type="submit"
                form=TOOLS
                name="sort"
                value=move || sort().pressed(column).written()
                on:click=move |event| {
                    event.prevent_default();
                    shown.update(|view| view.sort = view.sort.pressed(column));
                }
            >
                {column.title()}
            </button>
        </th>
    }
}

/// One SKU.
#[component]
fn Row(row: InventoryRow, open: Open) -> impl IntoView {
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
    let low = Memo::new(move |_| level.with(Level::is_low));
    let is_open = {
        let sku = sku.clone();
        Memo::new(move |_| open.correcting.with(|open| open.as_ref() == Some(&sku)))
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
                    <td colspan="8">
                        <Correction sku on_hand=level.with_untracked(|level| level.on_hand) open />
                    </td>
                </tr>
            })
        }
    };
    view! {
        <tr
            id=format!("sku-{sku}")
            data-low=move || low.get().then_some("")
            data-open=move || is_open.get().then_some("")
        >
            <th scope="row">
                <a href=format!("/p/{product}?variant={sku}")>{title}</a>
            </th>
            <td>{variant}</td>
            <td class="stock-table__sku">{sku.to_string()}</td>
            <td data-number="" data-label=Column::OnHand.title()>
                <Figure value=number(Column::OnHand) />
            </td>
            <td data-number="" data-label=Column::Allocated.title()>
                <Figure value=number(Column::Allocated) />
            </td>
            <td
                data-number=""
                data-label=Column::Available.title()
                class="stock-table__available"
            >
                <Figure value=number(Column::Available) />
                {move || low.get().then(|| view! { <span class="low-mark">"low"</span> })}
            </td>
            <td data-number="" data-label=Column::Threshold.title()>
                {move || number(Column::Threshold).get()}
            </td>
            <td class="stock-table__act">
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
            </td>
        </tr>
        {correction}
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

#[cfg(test)]
mod tests {
    use super::*;

    fn row(sku: &str, title: &str, on_hand: i64, allocated: i64) -> InventoryRow {
        InventoryRow {
            sku: sku.parse().expect("a SKU"),
            product: "p".parse().expect("a slug"),
            title: title.to_owned(),
            variant: "White gold, EU 52".to_owned(),
            level: Level {
                on_hand,
                allocated,
                reorder_threshold: 2,
                position: 0,
            },
        }
    }

    fn skus(rows: &[InventoryRow], view: &View) -> Vec<String> {
        let (indices, _) = arranged(rows, |row| row.level.clone(), view);
        indices
            .into_iter()
            .map(|index| rows[index].sku.to_string())
            .collect()
    }

    fn rows() -> [InventoryRow; 3] {
        [
            row("B-1", "Vega", 9, 0),
            row("A-1", "Alba", 5, 4),
            row("C-1", "Vega", 7, 0),
        ]
    }

    #[test]
    fn every_word_of_the_filter_must_be_found_somewhere() {
        let view = |filter: &str| View {
            filter: filter.into(),
            limit: 9,
            ..View::default()
        };
        assert_eq!(skus(&rows(), &view("")), ["A-1", "B-1", "C-1"]);
        assert_eq!(skus(&rows(), &view("vega WHITE")), ["B-1", "C-1"]);
        assert_eq!(skus(&rows(), &view("c-1")), ["C-1"]);
        assert!(skus(&rows(), &view("vega silver")).is_empty());
    }

    #[test]
    fn low_only_shows_what_is_at_or_under_its_threshold() {
        let view = View {
            low_only: true,
            limit: 9,
            ..View::default()
        };
        assert_eq!(skus(&rows(), &view), ["A-1"]);
    }

    #[test]
    fn rows_are_sorted_by_any_column_both_ways() {
        let view = |sort: &str| View {
            sort: Sort::parse(sort),
            limit: 9,
            ..View::default()
        };
        assert_eq!(skus(&rows(), &view("available")), ["A-1", "C-1", "B-1"]);
        assert_eq!(skus(&rows(), &view("-available")), ["B-1", "C-1", "A-1"]);
        assert_eq!(skus(&rows(), &view("-sku")), ["C-1", "B-1", "A-1"]);
        assert_eq!(Sort::parse("nonsense"), Sort::default());
        assert_eq!(Sort::parse("sku").pressed(Column::Sku).written(), "-sku");
    }

    #[test]
    fn a_row_that_is_being_corrected_is_there_however_long_the_table() {
        let correcting = Some("C-1".parse().expect("a SKU"));
        let view = View {
            limit: 1,
            correcting,
            ..View::default()
        };
        assert_eq!(skus(&rows(), &view), ["A-1", "C-1"]);
    }
}
