//! `/admin/inventory/import`: counts and thresholds from a file; and a file that was given: what it would do, or
//! what it has done.

use leptos::prelude::*;
use leptos_meta::Meta;
use leptos_router::hooks::use_params_map;
use services::Staff;
use types::admin::MAX_REASON;
use types::staff::Right;
use types::stock_batch::{BatchConflict, BatchDone, MAX_LINES};
use types::stock_file::{BadLine, FileReport, ImportState, ImportView, MAX_FILE};
use types::{BatchId, Problem};

use crate::api::admin::INVENTORY;
use crate::api::inventory::IMPORT;
use crate::api::{flash, shop};
use crate::components::admin_frame::for_staff;
use crate::components::{AdminFrame, ProblemNote, when};
use crate::pages::page_problem::PageProblem;

/// Lines that are shown; the others are counted.
const SHOWN: usize = 500;

#[component]
pub fn AdminImportPage() -> impl IntoView {
    for_staff(Right::Stock, |staff| view! { <Upload staff /> })
}

#[component]
fn Upload(staff: Staff) -> impl IntoView {
    let problem = flash::take(IMPORT).and_then(|flash| flash.problem);
    let largest = MAX_FILE / 1024 / 1024;
    view! {
        <AdminFrame title="Import" here=INVENTORY email=staff.email>
            <section class="watch" aria-labelledby="import-title">
                <p class="desk-order__back">
                    <a href=INVENTORY>"Inventory"</a>
                </p>
                <h1 id="import-title">"Import counts and thresholds"</h1>
                {problem.map(|problem| view! { <ProblemNote problem /> })}
                <p class="watch__count">
                    "A CSV file with a column " <code>"sku"</code> " and " <code>"counted"</code> ", "
                    <code>"threshold"</code>
                    " or both. An exported inventory can be filled in and given back: where it has a column "
                    <code>"on_hand"</code> ", a count of what has changed since is told. Nothing is changed \
                    before you have seen what would be. " {format!("{largest} MB and {MAX_LINES} lines at most.")}
                </p>
                <form
                    class="purchase__steps"
                    method="post"
                    action=IMPORT
                    enctype="multipart/form-data"
                    aria-label="File to import"
                >
                    <label class="desk-field desk-field--wide">
                        "File"
                        <input type="file" name="file" accept=".csv,.txt,.tsv,text/csv" required=true />
                    </label>
                    <button class="desk-button desk-button--strong" type="submit">"Check the file"</button>
                    <a class="desk-button" href=format!("{INVENTORY}/export.csv")>"Export to fill in"</a>
                </form>
            </section>
        </AdminFrame>
    }
}

#[component]
pub fn AdminImportedPage() -> impl IntoView {
    for_staff(Right::Stock, |staff| view! { <Imported staff /> })
}

#[component]
fn Imported(staff: Staff) -> impl IntoView {
    let shop = shop();
    let email = staff.email.clone();
    let named: String = use_params_map()
        .get_untracked()
        .get("id")
        .unwrap_or_default();
    let id = named.parse::<BatchId>();
    let problem = id.as_ref().ok().and_then(|id| {
        let page = format!("{IMPORT}/{id}");
        flash::take(&page).and_then(|flash| flash.problem)
    });
    let read = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, staff, id) = (shop.clone(), staff.clone(), id.clone());
            async move {
                let id = id.map_err(|_| Problem::not_found("There is no such import."))?;
                shop.stock_import(&staff, id).await
            }
        },
    );
    let content = move || {
        Suspend::new(async move {
            match read.await {
                Ok(import) => view! { <Import import /> }.into_any(),
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <AdminFrame title="Import" here=INVENTORY email>
            <section class="watch" aria-labelledby="import-title">
                <p class="desk-order__back">
                    <a href=IMPORT>"Import another file"</a>
                </p>
                {problem.map(|problem| view! { <ProblemNote problem /> })}
                <Suspense>{content}</Suspense>
            </section>
        </AdminFrame>
    }
}

#[component]
fn Import(import: ImportView) -> impl IntoView {
    let ImportView {
        id,
        name,
        at_us,
        by,
        state,
    } = import;
    let came = format!("{} UTC by {by}", when::moment(at_us));
    let state = match state {
        ImportState::Checked(report) => view! { <Checked id report /> }.into_any(),
        ImportState::Done { done, written } => view! { <Done done written /> }.into_any(),
        ImportState::Refused(conflicts) => view! { <Refused conflicts /> }.into_any(),
    };
    view! {
        <h1 id="import-title">{name}</h1>
        <p class="watch__count">"Given " {came} "."</p>
        {state}
    }
}

fn some(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

#[component]
fn Checked(id: BatchId, report: FileReport) -> impl IntoView {
    let is_good = report.is_good();
    let FileReport {
        lines,
        counts,
        thresholds,
        empty,
        differing,
        bad,
    } = report;
    let said = format!(
        "{}: {}, {differing} of them another number than now, and {}. {empty} ask for nothing.",
        some(lines, "line", "lines"),
        some(counts, "count", "counts"),
        some(thresholds, "other threshold", "other thresholds"),
    );
    let apply = is_good.then(|| {
        view! {
            <form class="purchase__steps" method="post" action="/api/follow_import" aria-label="Import">
                <input type="hidden" name="import_id" value=id.to_string() />
                <label class="desk-field desk-field--wide">
                    "Reason"
                    <input
                        type="text"
                        name="reason"
                        required=true
                        maxlength=MAX_REASON.to_string()
                        value="stock count"
                    />
                </label>
                <button class="desk-button desk-button--strong" type="submit">
                    "Import all of it"
                </button>
            </form>
        }
    });
    let all = bad.len();
    let table = (all > 0).then(|| {
        let rows = bad.into_iter().take(SHOWN).map(bad_line).collect_view();
        let more = (all > SHOWN).then(|| format!("And {} more.", all - SHOWN));
        view! {
            <div class="notice notice--problem" role="alert">
                <p>
                    {some(all, "line cannot", "lines cannot")}
                    " be followed, so nothing can be imported. Mend the file, and give it again."
                </p>
            </div>
            <table class="desk-table watch__table">
                <caption class="visually-hidden">"Lines that cannot be followed"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Line"</th>
                        <th scope="col">"Column"</th>
                        <th scope="col">"Found"</th>
                        <th scope="col">"Expected"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <p>{more}</p>
        }
    });
    view! {
        <p id="import-said" role="status">{said} " Nothing is changed yet."</p>
        {apply}
        {table}
    }
}

fn bad_line(bad: BadLine) -> impl IntoView {
    let BadLine {
        line,
        column,
        found,
        expected,
    } = bad;
    view! {
        <tr>
            <th scope="row">{format!("Line {line}")}</th>
            <td data-label="Column">{column}</td>
            <td data-label="Found">{found}</td>
            <td data-label="Expected">{expected}</td>
        </tr>
    }
}

#[component]
fn Done(done: BatchDone, written: u64) -> impl IntoView {
    let said = format!(
        "Imported: {}, {} of them another number than before, and {}.",
        some(done.counted as usize, "count", "counts"),
        done.changed,
        some(done.thresholds as usize, "threshold", "thresholds"),
    );
    let all = u64::from(done.changed);
    let is_open = written < all;
    // The books follow at once; the ledgers a moment later, and this page says how far they are.
    let again = is_open.then(|| view! { <Meta http_equiv="refresh" content="1" /> });
    let progress = (all > 0).then(|| {
        view! {
            <p>
                <label>
                    "Written into the ledgers: " {format!("{written} of {all} ")}
                    <progress max=all.to_string() value=written.to_string()></progress>
                </label>
            </p>
        }
    });
    view! {
        {again}
        <p id="import-said" role="status">{said}</p>
        {progress}
        <p>
            <a class="desk-button" href=INVENTORY>"To the inventory"</a>
        </p>
    }
}

#[component]
fn Refused(conflicts: Vec<BatchConflict>) -> impl IntoView {
    let all = conflicts.len();
    let rows = conflicts.into_iter().take(SHOWN).map(|conflict| {
        let words = conflict.words();
        view! { <li>{conflict.sku.to_string()} ": " {words}</li> }
    });
    view! {
        <div class="notice notice--problem" role="alert">
            <p id="import-said">
                {some(all, "line", "lines")}
                " stood against it, since the shop had moved meanwhile. Nothing was changed. Export once \
                more, and count what has moved."
            </p>
            <ul>{rows.collect_view()}</ul>
        </div>
    }
}
