//! `/admin/inventory/count`: a count sheet, to be printed and to be filled in. The address says which SKUs are on
//! it and at which moment it was made.

use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use leptos_router::hooks::use_query_map;
use services::Staff;
use types::admin::{InventoryRow, InventoryView, MAX_ON_HAND, MAX_REASON};
use types::counting::{CountSheet, MAX_SHEET, SheetOutcome, SheetRow};
use types::staff::Right;
use types::{Problem, Sku};

use crate::api::admin::INVENTORY;
use crate::api::inventory::{COUNT, sheet_address};
use crate::api::may;
use crate::api::{flash, shop};
use crate::components::admin_frame::for_staff;
use crate::components::house::HOUSE;
use crate::components::{AdminFrame, LazyHint, ProblemNote, when};
use crate::islands::inventory_view::{View, found};
use crate::islands::print_button::PrintButton;
use crate::pages::admin_inventory::view_in_address;
use crate::pages::page_problem::PageProblem;

const PRINTED: &str = "/admin/print/count-sheet";

#[component]
pub fn AdminCountPage() -> impl IntoView {
    for_staff(Right::See, |staff| view! { <Desk staff /> })
}

/// What the address asks for.
#[derive(Debug, Clone)]
struct Asked {
    view: View,
    at: u64,
    page: usize,
}

impl Asked {
    /// `None` where no moment is named: the sheet is to be made now.
    fn read() -> Option<Self> {
        let query = use_query_map().get_untracked();
        let number = |name: &str| -> Option<u64> { query.get(name)?.parse().ok() };
        Some(Self {
            at: number("at")?,
            page: number("page")
                .and_then(|page| usize::try_from(page).ok())
                .unwrap_or(0),
            view: View {
                limit: None,
                correcting: None,
                ..view_in_address()
            },
        })
    }

    fn address(&self, page: usize) -> String {
        sheet_address(&self.view, Some(self.at), page)
    }

    fn printed(&self) -> String {
        self.address(self.page).replacen(COUNT, PRINTED, 1)
    }
}

/// A page of the sheet, and how many SKUs are on all of them.
async fn read(
    shop: services::Shop,
    staff: Staff,
    asked: Asked,
) -> Result<(CountSheet, usize), Problem> {
    let InventoryView { rows, suppliers } = shop.inventory_view(&staff).await?;
    let level = |row: &InventoryRow| row.level.clone();
    let all = found(&rows, &suppliers, level, &asked.view);
    let skipped = asked.page.saturating_mul(MAX_SHEET);
    let shown = all.iter().skip(skipped).take(MAX_SHEET);
    let skus: Vec<Sku> = shown.map(|(index, _)| rows[*index].sku.clone()).collect();
    let sheet = shop.count_sheet(&staff, &skus, asked.at).await?;
    Ok((sheet, all.len()))
}

/// Makes a sheet now: the address of one names its moment, so that it is the same whenever it is opened.
fn made_now() -> AnyView {
    let view = view_in_address();
    let at = shop().sheet_position();
    leptos_axum::redirect(&sheet_address(&view, Some(at), 0), false);
    ().into_any()
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let Some(asked) = Asked::read() else {
        return made_now();
    };
    let shop = shop();
    let email = staff.email.clone();
    let flash = flash::take(COUNT).unwrap_or_default();
    let key = shop.new_key();
    let wanted = asked.clone();
    let sheet = Resource::new_blocking(
        || (),
        move |()| read(shop.clone(), staff.clone(), wanted.clone()),
    );
    let outcome = flash.sheet;
    let problem = flash.problem;
    let content = move || {
        let (asked, key) = (asked.clone(), key.clone());
        Suspend::new(async move {
            match sheet.await {
                Ok((sheet, all)) => view! { <Sheet sheet all asked key /> }.into_any(),
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <AdminFrame title="Count sheet" here=INVENTORY email>
            <section class="watch" aria-labelledby="count-title">
                <p class="desk-order__back">
                    <a href=INVENTORY>"Inventory"</a>
                </p>
                <h1 id="count-title">"Count sheet"</h1>
                {problem.map(|problem| view! { <ProblemNote problem /> })}
                {outcome.map(|outcome| view! { <Outcome outcome /> })}
                <Suspense>{content}</Suspense>
            </section>
        </AdminFrame>
    }
    .into_any()
}

/// What became of the lines that were sent.
#[component]
fn Outcome(outcome: SheetOutcome) -> impl IntoView {
    let SheetOutcome {
        as_expected,
        corrected,
        carried,
        refused,
        left_out,
    } = outcome;
    let said = format!("{as_expected} as expected, {corrected} corrected.");
    let carried = (!carried.is_empty()).then(|| {
        let lines = carried.into_iter().map(|line| view! { <li>{line}</li> });
        view! {
            <p>"Had moved since the sheet was made:"</p>
            <ul>{lines.collect_view()}</ul>
        }
    });
    let refused = (!refused.is_empty()).then(|| {
        let lines = refused.into_iter().map(|line| {
            let again = format!("{INVENTORY}?filter={0}&correct={0}#sku-{0}", line.sku);
            view! {
                <li>
                    <a href=again>{line.sku.to_string()}</a>
                    {format!(": {} counted, not booked: {}.", line.pieces, line.why)}
                </li>
            }
        });
        view! {
            <div class="notice notice--problem" role="alert">
                <p>"These lines are not in the books. Look again, and correct them if yours is right:"</p>
                <ul>{lines.collect_view()}</ul>
                {(left_out > 0).then(|| view! {
                    <p>{format!("And {left_out} more, which this sheet still shows as not counted.")}</p>
                })}
            </div>
        }
    });
    view! {
        <p class="inventory__said" role="status">{said}</p>
        {carried}
        {refused}
    }
}

#[component]
fn Sheet(sheet: CountSheet, all: usize, asked: Asked, key: String) -> impl IntoView {
    let CountSheet { at, at_us, rows } = sheet;
    let made = format!("{} UTC", when::moment(at_us));
    let pages = all.div_ceil(MAX_SHEET);
    let which = match pages {
        0 | 1 => format!("{all} SKUs"),
        pages => format!("{all} SKUs, page {} of {pages}", asked.page + 1),
    };
    let link = |page: usize, words: &'static str| {
        view! { <a class="desk-button" href=asked.address(page)>{words}</a> }
    };
    let before = asked
        .page
        .checked_sub(1)
        .map(|page| link(page, "Page before"));
    let after = (asked.page + 1 < pages).then(|| link(asked.page + 1, "Next page"));
    let new = sheet_address(&asked.view, None, asked.page);
    let printed = asked.printed();
    let with_numbers = format!("{printed}&numbers=1");
    let empty = rows.is_empty();
    let lines = rows.into_iter().enumerate().map(|(at, row)| line(at, row));
    let lines = lines.collect_view();
    view! {
        <p class="watch__count">
            {which} ", as the books had them " <time datetime=when::machine(at_us)>{made}</time>
            ". What is counted is compared with that: what has moved since is carried over."
        </p>
        <p class="purchase__steps">
            <a class="desk-button" href=printed>"Print"</a>
            <a class="desk-button" href=with_numbers>"Print with numbers"</a>
            <a class="desk-button" href=new>"New sheet"</a>
        </p>
        {empty.then(|| view! { <p class="watch__none">"No SKU matches."</p> })}
        {(!empty && may(Right::Stock)).then(|| view! {
            <form method="post" action="/api/record_counts" aria-label="Counts">
                <input type="hidden" name="at" value=at.to_string() />
                <input type="hidden" name="idempotency_key" value=key />
                <input type="hidden" name="filter" value=asked.view.filter.clone() />
                <input type="hidden" name="low" value=if asked.view.low_only { "1" } else { "" } />
                <input type="hidden" name="page" value=asked.page.to_string() />
                <table class="desk-table watch__table">
                    <caption class="visually-hidden">"What is counted; empty lines are left as they are"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Piece"</th>
                            <th scope="col" data-number="">"Expected"</th>
                            <th scope="col">"Counted"</th>
                            <th scope="col">"Since then"</th>
                        </tr>
                    </thead>
                    <tbody>{lines}</tbody>
                </table>
                <p class="purchase__steps">
                    <label class="desk-field desk-field--wide">
                        "Reason"
                        <input
                            type="text"
                            name="reason"
                            maxlength=MAX_REASON.to_string()
                            required=true
                            value="stock count"
                        />
                    </label>
                    <button class="desk-button desk-button--strong" type="submit">"Book counts"</button>
                </p>
            </form>
        })}
        <p class="desk-pages">{before} {after}</p>
    }
}

fn line(at: usize, row: SheetRow) -> impl IntoView {
    let moved = row.moved();
    let SheetRow {
        sku,
        title,
        variant,
        expected,
        on_hand,
        is_counted,
    } = row;
    let since = if is_counted {
        format!("counted by somebody: {on_hand} in the books")
    } else if moved != 0 {
        format!("{moved:+}, so {on_hand} now")
    } else {
        String::new()
    };
    let when = (moved != 0 && !is_counted).then(|| {
        let label = format!("When {sku} was counted");
        view! {
            <select name=format!("lines[{at}][counted]") aria-label=label>
                <option value="before">"counted before that"</option>
                <option value="after">"counted after that"</option>
            </select>
        }
    });
    view! {
        <tr id=format!("count-{sku}")>
            <th scope="row">
                {title}
                " "
                <span class="watch__soft">
                    {variant} " · " <a href=format!("{INVENTORY}/{sku}")>{sku.to_string()}</a>
                </span>
            </th>
            <td data-number="" data-label="Expected">{expected}</td>
            <td class="purchase__edit" data-label="Counted">
                <input type="hidden" name=format!("lines[{at}][sku]") value=sku.to_string() />
                <input
                    type="number"
                    name=format!("lines[{at}][pieces]")
                    aria-label=format!("Pieces of {sku} counted")
                    min="0"
                    max=MAX_ON_HAND.to_string()
                    step="1"
                    inputmode="numeric"
                    autocomplete="off"
                />
            </td>
            <td data-label="Since then">{since} " " {when}</td>
        </tr>
    }
}

/// `/admin/print/count-sheet`: the same for a pen. Without numbers, so that whoever counts does not read them off.
#[component]
pub fn CountSheetPage() -> impl IntoView {
    for_staff(Right::See, |staff| {
        let Some(asked) = Asked::read() else {
            return made_now();
        };
        let query = use_query_map().get_untracked();
        let with_numbers = query.get("numbers").is_some();
        let back = asked.address(asked.page);
        let shop = shop();
        let wanted = asked.clone();
        let sheet = Resource::new_blocking(
            || (),
            move |()| read(shop.clone(), staff.clone(), wanted.clone()),
        );
        let content = move || {
            let page = asked.page;
            Suspend::new(async move {
                match sheet.await {
                    Ok((sheet, all)) => view! { <Paper sheet all page with_numbers /> }.into_any(),
                    Err(problem) => view! { <PageProblem problem /> }.into_any(),
                }
            })
        };
        view! {
            <Title text=format!("Count sheet – {HOUSE}") />
            <Meta name="robots" content="noindex" />
            <main class="papers" id="main">
                <h1 class="visually-hidden">"Count sheet"</h1>
                <p class="papers__back">
                    <a href=back>"Back"</a>
                </p>
                <Suspense>{content}</Suspense>
            </main>
        }
        .into_any()
    })
}

#[component]
fn Paper(sheet: CountSheet, all: usize, page: usize, with_numbers: bool) -> impl IntoView {
    let what = format!(
        "{} of {all} SKUs, as of {} UTC",
        match sheet.rows.len() {
            0 => "none".to_owned(),
            rows => format!("{} to {}", page * MAX_SHEET + 1, page * MAX_SHEET + rows),
        },
        when::moment(sheet.at_us)
    );
    let rows = sheet.rows.into_iter().map(|row| {
        view! {
            <tr>
                <td class="paper__box" aria-hidden="true"></td>
                <td class="paper__sku">{row.sku.to_string()}</td>
                <td>
                    <strong>{row.title}</strong>
                    <br />
                    {row.variant}
                </td>
                {with_numbers.then(|| view! { <td data-number="">{row.expected}</td> })}
                <td class="paper__line"></td>
            </tr>
        }
    });
    view! {
        <LazyHint island="print_button" />
        <div class="papers__tools">
            <PrintButton class="desk-button desk-button--strong".to_owned() />
        </div>
        <article class="paper">
            <header class="paper__head">
                <p class="paper__house">{HOUSE}</p>
                <div>
                    <h2>"Count sheet"</h2>
                    <p>{what}</p>
                    <p>"Counted by:"</p>
                </div>
            </header>
            <table>
                <thead>
                    <tr>
                        <th scope="col">
                            <span class="visually-hidden">"Done"</span>
                        </th>
                        <th scope="col">"SKU"</th>
                        <th scope="col">"Piece"</th>
                        {with_numbers.then(|| view! { <th scope="col" data-number="">"Expected"</th> })}
                        <th scope="col">"Counted"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </article>
    }
}
