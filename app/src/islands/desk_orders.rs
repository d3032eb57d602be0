//! The orders of everybody: tabs, a page of rows that move by themselves, and what is done with those
//! that are chosen. One lazy island. Tabs, search and pages are links and a form: the address says what
//! is shown, with the script and without.

use std::collections::HashMap;

use leptos::prelude::*;
use strum::VariantArray;
use types::OrderId;
use types::desk::{DeskList, DeskNews, DeskQuery, DeskRow, PAGE, Page, Tab, counted, status_words};

use super::focus;
use crate::components::{DeskPages, DeskSearch, LocalTime, Search};
use crate::live;

const TITLE_ID: &str = "orders-title";
/// The form that the rows' boxes belong to.
const CHOSEN: &str = "chosen-orders";
/// Looks for orders in all tabs.
const SEARCH: Search = Search {
    action: "/admin/orders",
    id: "order-search",
    name: "search",
    label: "Search by number, email, name or SKU",
    placeholder: "Number, email, name or SKU",
    longest: types::desk::MAX_SEARCH,
};

/// `escaped` is the search as it stands in an address.
#[island(lazy)]
pub fn DeskOrders(list: DeskList, escaped: String, may_pack: bool) -> impl IntoView {
    let DeskList {
        query,
        rows,
        counts,
        has_newer,
        has_older,
        is_cut,
        position,
    } = list;
    let is_search = !query.search.is_empty();
    // Only the top of a tab has a place for orders that come.
    let grows = !is_search && query.page == Page::First;
    let tab = query.tab;
    let first = rows.first().map(DeskRow::place);
    let last = rows.last().map(DeskRow::place);
    let initial = DeskNews {
        rows: rows.clone(),
        counts,
        is_cut: false,
    };
    let shown: Vec<OrderId> = rows.iter().map(|row| row.id).collect();
    let newest = first.map_or(0, |place| place.at_us);
    let news = live::orders(initial.clone(), position);
    // What a search has found is counted once; what there is moves.
    let counts = Memo::new(move |_| match is_search {
        true => initial.counts.clone(),
        false => news.with(|news| news.counts.clone()),
    });
    let ids = RwSignal::new(shown);
    let known = StoredValue::new(
        rows.into_iter()
            .map(|row| (row.id, row))
            .collect::<HashMap<_, _>>(),
    );
    // Orders of this tab that came while somebody reads it, the newest first.
    let waiting = Memo::new(move |_| {
        if !grows {
            return Vec::new();
        }
        let mut new: Vec<(i64, OrderId)> = news.with(|news| {
            let new = news.rows.iter().filter(|row| {
                tab.holds(row.status)
                    && row.placed_at_us >= newest
                    && ids.with(|ids| !ids.contains(&row.id))
            });
            new.map(|row| (row.placed_at_us, row.id)).collect()
        });
        new.sort_unstable_by(|a, b| b.cmp(a));
        new.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
    });
    let show_waiting = move || {
        let new = waiting.get_untracked();
        ids.update(|ids| {
            ids.splice(0..0, new);
            ids.truncate(2 * PAGE);
        });
    };
    // Nothing moves under the finger: while a row is chosen or stood on, what comes waits for a press.
    let busy = RwSignal::new(false);
    let chosen = RwSignal::new(0_usize);
    Effect::new(move |_| {
        if waiting.with(|waiting| !waiting.is_empty()) && !busy.get() && chosen.get() == 0 {
            show_waiting();
        }
    });
    let is_empty = Signal::derive(move || ids.with(Vec::is_empty));
    let many = Signal::derive(move || grows && news.with(|news| news.is_cut));
    let pages = {
        let to = |page| {
            let query = DeskQuery {
                page,
                ..query.clone()
            };
            query.address(|_| escaped.clone())
        };
        let newer = first
            .filter(|_| has_newer)
            .map(|place| to(Page::Newer(place)));
        let older = last
            .filter(|_| has_older)
            .map(|place| to(Page::Older(place)));
        view! { <DeskPages before=newer.map(|to| ("Newer", to)) after=older.map(|to| ("Older", to)) /> }
    };
    let without = DeskQuery {
        tab,
        ..DeskQuery::default()
    };
    let clear = without.address(str::to_owned);
    let here = query.address(|_| escaped.clone());
    let again = here.clone();
    let none = match (is_search, tab) {
        (true, _) => {
            "No order matches. A search finds the beginning of a number, of an email or of a \
                      word of the name, and a SKU."
        }
        (false, Tab::ToPack) => "Nothing is waiting to be packed.",
        (false, _) => "There is no such order.",
    };
    view! {
        <section class="orders-desk" aria-labelledby=TITLE_ID>
            <div class="orders-desk__head">
                <h1 id=TITLE_ID tabindex="-1">"Orders"</h1>
                <DeskSearch search=SEARCH value=query.search.clone() clear>
                    // What is looked for may have gone on to another tab.
                    <input type="hidden" name="tab" value=Tab::All.into_str() />
                </DeskSearch>
                <a class="desk-button" href="/admin/print/pick-list">"Pick list"</a>
            </div>
            <Tabs query=query.clone() escaped counts />
            <div class="orders-desk__said">
                {is_cut
                    .then(|| {
                        view! {
                            <p>"More orders match than are looked at. Type more of it to see the rest."</p>
                        }
                    })}
                <Show when=Signal::derive(move || waiting.with(|waiting| !waiting.is_empty()))>
                    <button
                        class="desk-button"
                        type="button"
                        on:click=move |_| {
                            show_waiting();
                            focus::unless_somewhere(TITLE_ID);
                        }
                    >
                        {move || match waiting.with(Vec::len) {
                            1 => "Show 1 new order".to_owned(),
                            new => format!("Show {new} new orders"),
                        }}
                    </button>
                </Show>
                <Show when=many>
                    <p>
                        "Many orders have changed. "
                        <a href=again.clone()>"Show the list anew"</a>
                    </p>
                </Show>
            </div>
            <table
                class="orders-table"
                hidden=move || is_empty.get()
                on:focusin=move |_| busy.set(true)
                on:focusout=move |event| busy.set(event.related_target().is_some())
            >
                <caption class="visually-hidden">
                    {format!("Orders, {}, newest first, live", tab.title())}
                </caption>
                <thead>
                    <tr>
                        <th scope="col">
                            <span class="visually-hidden">"Choose"</span>
                        </th>
                        <th scope="col">"Order"</th>
                        <th scope="col">"Placed"</th>
                        <th scope="col">"Customer"</th>
                        <th scope="col" data-number="">"Pieces"</th>
                        <th scope="col" data-number="">"Total"</th>
                        <th scope="col">"State"</th>
                    </tr>
                </thead>
                <tbody>
                    <For
                        each=move || ids.get()
                        key=|id| *id
                        children=move |id| {
                            let row = move |news: &DeskNews| {
                                let of = news.rows.iter().find(|row| row.id == id).cloned();
                                of.or_else(|| known.with_value(|known| known.get(&id).cloned()))
                            };
                            news.with_untracked(row)
                                .map(|first| {
                                    let now = Memo::new(move |_| news.with(row));
                                    view! { <Row first now tab chosen /> }
                                })
                        }
                    />
                </tbody>
            </table>
            <Show when=is_empty>
                <p class="orders-desk__none">{none}</p>
            </Show>
            <div class="orders-desk__foot">
                <form
                    id=CHOSEN
                    class="orders-desk__chosen"
                    method="get"
                    action="/admin/print/slips"
                    hidden=move || is_empty.get()
                >
                    <span class="orders-desk__count with-script" role="status">
                        {move || match chosen.get() {
                            0 => String::new(),
                            1 => "1 chosen".to_owned(),
                            many => format!("{many} chosen"),
                        }}
                    </span>
                    <button class="desk-button" type="submit">"Print slips of those chosen"</button>
                    // What is left of each goes into one parcel.
                    {may_pack.then(|| view! {
                        <button
                            class="desk-button"
                            type="submit"
                            formmethod="post"
                            formaction="/api/pack_orders"
                        >
                            "Pack those chosen"
                        </button>
                    })}
                </form>
                {pages}
            </div>
        </section>
    }
}

/// The tabs, each with how many orders are under it.
#[component]
fn Tabs(query: DeskQuery, escaped: String, counts: Memo<types::desk::Counts>) -> impl IntoView {
    let tabs = Tab::VARIANTS.iter().map(|&tab| {
        let to = DeskQuery {
            tab,
            page: Page::First,
            search: query.search.clone(),
        };
        let count = Memo::new(move |_| counts.with(|counts| counted(counts, tab)));
        view! {
            <li>
                <a
                    href=to.address(|_| escaped.clone())
                    aria-current=(tab == query.tab).then_some("page")
                >
                    {tab.title()}
                    " "
                    <span class="desk-tabs__count">{move || count.get()}</span>
                </a>
            </li>
        }
    });
    view! {
        <nav class="desk-tabs" aria-label="Orders by state">
            <ul role="list">{tabs.collect_view()}</ul>
        </nav>
    }
}

/// One order. What moves on it is marked for a moment.
#[component]
fn Row(
    first: DeskRow,
    now: Memo<Option<DeskRow>>,
    tab: Tab,
    chosen: RwSignal<usize>,
) -> impl IntoView {
    let DeskRow {
        id,
        number,
        placed_at_us,
        name,
        email,
        status,
        is_held,
        pieces,
        total,
        ..
    } = first;
    let status = Memo::new(move |_| now.with(|row| row.as_ref().map_or(status, |row| row.status)));
    let is_held =
        Memo::new(move |_| now.with(|row| row.as_ref().map_or(is_held, |row| row.is_held)));
    let beat = RwSignal::new(None::<bool>);
    Effect::new(move |before: Option<_>| {
        let now = status.get();
        if before.is_some_and(|before| before != now) {
            beat.update(|beat| *beat = Some(!beat.unwrap_or_default()));
        }
        now
    });
    let beat = move || beat.get().map(|odd| if odd { "odd" } else { "even" });
    let has_moved = move || (!tab.holds(status.get())).then_some("");
    view! {
        <tr data-moved=has_moved>
            <td class="orders-table__choose">
                <label>
                    <span class="visually-hidden">{format!("Choose {number}")}</span>
                    <input
                        type="checkbox"
                        form=CHOSEN
                        name="order[]"
                        value=id.to_string()
                        on:change=move |event| {
                            let by = if event_target_checked(&event) { 1 } else { -1 };
                            chosen.update(|chosen| *chosen = chosen.saturating_add_signed(by));
                        }
                    />
                </label>
            </td>
            <th scope="row" class="orders-table__number">
                <a href=format!("/admin/orders/{id}")>{number}</a>
            </th>
            <td class="orders-table__placed">
                <LocalTime at_us=placed_at_us short=true />
            </td>
            <td class="orders-table__who">
                <span>{name}</span>
                " "
                <span class="orders-table__email">{email}</span>
            </td>
            <td data-number="" data-label="Pieces">{pieces}</td>
            <td data-number="" data-label="Total">{total.to_string()}</td>
            <td class="orders-table__state">
                <span class="figure order-state" data-beat=beat data-tab=move || Tab::of(status.get()).into_str()>
                    {move || status_words(status.get())}
                </span>
                <Show when=is_held>
                    " "
                    <strong class="order-held">"Held for review"</strong>
                </Show>
            </td>
        </tr>
    }
}
