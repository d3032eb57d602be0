//! `/admin/inventory/:sku`: the ledger of a SKU, every movement of its stock, and what can be written off.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use services::Staff;
use strum::VariantArray;
use types::admin::{MAX_ON_HAND, MAX_REASON};
use types::ledger::{LedgerPage, LedgerRow, LedgerTab, MovementOf, WriteOffCause};
use types::staff::Right;
use types::{Problem, Sku};

use crate::api::admin::INVENTORY;
use crate::api::flash::{self, Done, Flash};
use crate::api::inventory_forms::WriteOffForm;
use crate::api::may;
use crate::api::purchasing::PURCHASE_ORDERS;
use crate::api::shop;
use crate::components::admin_frame::for_staff;
use crate::components::{AdminFrame, ProblemNote, when};
use crate::live::LivePage;
use crate::pages::page_problem::PageProblem;

#[component]
pub fn AdminLedgerPage() -> impl IntoView {
    for_staff(Right::See, |staff| view! { <Desk staff /> })
}

/// What the address asks for.
#[derive(Debug, Clone)]
struct Asked {
    sku: Sku,
    tab: LedgerTab,
    page: u64,
}

impl Asked {
    fn address(&self, tab: LedgerTab, page: u64) -> String {
        let here = format!("{INVENTORY}/{}", self.sku);
        match (tab == LedgerTab::default(), page) {
            (true, 0) => here,
            (true, _) => format!("{here}?page={page}"),
            (false, 0) => format!("{here}?only={}", tab.into_str()),
            (false, _) => format!("{here}?only={}&page={page}", tab.into_str()),
        }
    }
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let email = staff.email.clone();
    let named: String = use_params_map()
        .get_untracked()
        .get("sku")
        .unwrap_or_default();
    // Written in capitals, and typed as it comes.
    let Ok(sku) = named.to_ascii_uppercase().parse::<Sku>() else {
        let problem = Problem::not_found("There is no such SKU.");
        return view! {
            <AdminFrame title="Ledger" here=INVENTORY email>
                <PageProblem problem />
            </AdminFrame>
        }
        .into_any();
    };
    let shop = shop();
    let query = use_query_map().get_untracked();
    let text = |name: &str| -> String { query.get(name).unwrap_or_default() };
    let asked = Asked {
        tab: text("only").parse().unwrap_or_default(),
        page: text("page").parse().unwrap_or(0),
        sku: sku.clone(),
    };
    let flash = flash::take(&format!("{INVENTORY}/{sku}")).unwrap_or_default();
    // What is newer than this is fetched again.
    let version = shop.ledger_version(&sku);
    let key = shop.new_key();
    let wanted = asked.clone();
    let read = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, staff, wanted) = (shop.clone(), staff.clone(), wanted.clone());
            async move {
                shop.ledger(&staff, &wanted.sku, wanted.tab, wanted.page)
                    .await
            }
        },
    );
    let content = move || {
        let (asked, flash, key) = (asked.clone(), flash.clone(), key.clone());
        Suspend::new(async move {
            match read.await {
                Ok(page) => view! { <Ledger page asked flash key /> }.into_any(),
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <AdminFrame
            title=format!("Ledger of {sku}")
            here=INVENTORY
            email
            follows=(LivePage::Ledger(sku), version)
        >
            <article class="watch ledger" aria-labelledby="ledger-title">
                <p class="desk-order__back">
                    <a href=INVENTORY>"Inventory"</a>
                </p>
                <Suspense>{content}</Suspense>
            </article>
        </AdminFrame>
    }
    .into_any()
}

#[component]
fn Ledger(page: LedgerPage, asked: Asked, flash: Flash, key: String) -> impl IntoView {
    let sku = asked.sku.clone();
    let Flash {
        problem,
        done,
        write_off,
        ..
    } = flash;
    let said = match done {
        Some(Done::Said(said)) => said,
        _ => String::new(),
    };
    let correct = format!("{INVENTORY}?filter={sku}&correct={sku}#sku-{sku}");
    let what = format!("{}, {}", page.title, page.variant);
    let piece = format!("/p/{}?variant={sku}", page.product);
    view! {
        <div class="watch__head">
            <h1 id="ledger-title">
                <span class="visually-hidden">"Ledger of "</span>
                {sku.to_string()}
            </h1>
            <a class="desk-button" href=correct>"Correct the count"</a>
            <a class="desk-button" href=format!("{INVENTORY}/{sku}/ledger.csv")>"CSV"</a>
            <a class="desk-button" href=format!("/admin/restock?q={sku}&edit=1")>"Rule"</a>
            <a class="desk-button" href=format!("/admin/events?of={sku}")>"Events"</a>
        </div>
        <p class="watch__count">
            <a href=piece>{what}</a>
        </p>
        <p class="inventory__said" role="status">{said}</p>
        <WriteOff sku=sku problem form=write_off key />
        <div data-live="">
            <Facts page=page.clone() />
            <Movements page asked />
        </div>
    }
}

/// How many there are now.
#[component]
fn Facts(page: LedgerPage) -> impl IntoView {
    let level = page.level;
    let supplier = match page.supplier.is_empty() {
        true => "nobody".to_owned(),
        false => page.supplier,
    };
    let facts = [
        ("On hand", level.on_hand.to_string()),
        ("Allocated", level.allocated.to_string()),
        ("Reserved", level.reserved.to_string()),
        ("Available", level.available().to_string()),
        ("Incoming", level.incoming.to_string()),
        ("Threshold", level.reorder_threshold.to_string()),
        ("Ordered of", supplier),
    ];
    let facts = facts.map(|(name, value)| {
        let id = format!("fact-{}", name.to_lowercase().replace(' ', "-"));
        view! {
            <div>
                <dt>{name}</dt>
                <dd id=id data-row="">{value}</dd>
            </div>
        }
    });
    view! { <dl class="ledger__facts">{facts.collect_view()}</dl> }
}

#[component]
fn Movements(page: LedgerPage, asked: Asked) -> impl IntoView {
    let LedgerPage {
        rows,
        counts,
        pages,
        ..
    } = page;
    let tabs = LedgerTab::VARIANTS.iter().zip(counts).map(|(&tab, count)| {
        view! {
            <li>
                <a href=asked.address(tab, 0) aria-current=(tab == asked.tab).then_some("page")>
                    {tab.title()}
                    " "
                    <span class="desk-tabs__count">{count}</span>
                </a>
            </li>
        }
    });
    let tabs = tabs.collect_view();
    let link = |page: u64, words: &'static str| {
        view! { <a class="desk-button" href=asked.address(asked.tab, page)>{words}</a> }
    };
    let before = asked.page.checked_sub(1).map(|page| link(page, "Newer"));
    let after = (asked.page + 1 < pages).then(|| link(asked.page + 1, "Older"));
    let none = rows.is_empty().then(|| {
        view! { <p class="watch__none">"Nothing has moved yet. The first count will show here."</p> }
    });
    let sku = asked.sku.clone();
    let table = (!rows.is_empty()).then(|| {
        let rows = rows.into_iter().map(|row| movement(row, &sku));
        view! {
            <table class="desk-table watch__table ledger__table">
                <caption class="visually-hidden">
                    {format!("Movements of {sku}, the newest first")}
                </caption>
                <thead>
                    <tr>
                        <th scope="col">"Time (UTC)"</th>
                        <th scope="col">"Movement"</th>
                        <th scope="col" data-number="">"In the house"</th>
                        <th scope="col" data-number="">"On hand"</th>
                        <th scope="col" data-number="">"Allocated"</th>
                        <th scope="col" data-number="">"Reserved"</th>
                        <th scope="col">"Because of"</th>
                        <th scope="col">"By"</th>
                        <th scope="col" data-number="">"Event"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        }
    });
    view! {
        <nav class="desk-tabs" aria-label="Movements">
            <ul role="list">{tabs}</ul>
        </nav>
        {none}
        {table}
        <p class="desk-pages">{before} {after}</p>
    }
}

/// `+2`, `−1`; nothing where nothing has changed.
fn signed(change: i64) -> String {
    match change {
        0 => String::new(),
        1.. => format!("+{change}"),
        _ => format!("\u{2212}{}", change.unsigned_abs()),
    }
}

/// A number after a movement, and by how much it has changed.
fn changed(after: i64, change: i64) -> String {
    match change {
        0 => after.to_string(),
        change => format!("{} \u{2192} {after}", signed(change)),
    }
}

fn movement(row: LedgerRow, sku: &Sku) -> impl IntoView + use<> {
    let at = format!(
        "{}, {}",
        when::short_date(row.at_us),
        when::clock(row.at_us)
    );
    let of = row.of.map(|of| match of {
        MovementOf::Order { id, number } => {
            view! { <a href=format!("/admin/orders/{id}")>{number}</a> }
        }
        MovementOf::Purchase { id, number } => {
            view! { <a href=format!("{PURCHASE_ORDERS}/{id}")>{number}</a> }
        }
    });
    let event = format!("/admin/events?of={sku}&at={}", row.position);
    view! {
        <tr id=format!("movement-{}", row.position) data-row="">
            <td data-label="Time (UTC)">{at}</td>
            <th scope="row">{row.kind.title()}</th>
            <td data-number="" data-label="In the house" class="ledger__change">
                {signed(row.on_hand_change)}
            </td>
            <td data-number="" data-label="On hand">{row.on_hand}</td>
            <td data-number="" data-label="Allocated">
                {changed(row.allocated, row.allocated_change)}
            </td>
            <td data-number="" data-label="Reserved">
                {changed(row.reserved, row.reserved_change)}
            </td>
            <td data-label="Because of">
                {of}
                {row.reason}
            </td>
            <td data-label="By">{row.by}</td>
            <td data-number="" data-label="Event">
                <a href=event>{format!("#{}", row.position)}</a>
            </td>
        </tr>
    }
}

/// Pieces that are in the house no more.
#[component]
fn WriteOff(
    sku: Sku,
    problem: Option<Problem>,
    form: Option<WriteOffForm>,
    /// So that a form that is sent twice writes off once.
    key: String,
) -> impl IntoView {
    let open = problem.is_some();
    let form = form.unwrap_or_default();
    let wrong = |name: &'static str| {
        let wrong = problem
            .as_ref()
            .and_then(|problem| problem.field(name).map(str::to_owned));
        wrong.map(|wrong| {
            let id = format!("write-off-{name}-wrong");
            view! { <span class="field__error" id=id role="alert">{wrong}</span> }
        })
    };
    let is_wrong = |name: &'static str| {
        let is_wrong = problem
            .as_ref()
            .is_some_and(|problem| problem.field(name).is_some());
        let described = is_wrong.then(|| format!("write-off-{name}-wrong"));
        (is_wrong.then_some("true"), described)
    };
    let (quantity_wrong, quantity_by) = is_wrong("quantity");
    let (note_wrong, note_by) = is_wrong("note");
    let causes = WriteOffCause::VARIANTS.iter().map(|cause| {
        let word = cause.into_str();
        view! { <option value=word selected=form.cause == word>{cause.title()}</option> }
    });
    let causes = causes.collect_view();
    let (quantity_error, note_error) = (wrong("quantity"), wrong("note"));
    let has_fields = problem.as_ref().is_some_and(|problem| {
        ["quantity", "note"]
            .iter()
            .any(|name| problem.field(name).is_some())
    });
    let note_of_all = problem.filter(|_| !has_fields);
    if !may(Right::Stock) {
        return ().into_any();
    }
    view! {
        <details class="ledger__write-off" open=open>
            <summary>"Write off"</summary>
            {note_of_all.map(|problem| view! { <ProblemNote problem /> })}
            <form method="post" action="/api/write_off" aria-label=format!("Write off of {sku}")>
                <input type="hidden" name="sku" value=sku.to_string() />
                <input type="hidden" name="idempotency_key" value=key />
                <label class="desk-field">
                    "Pieces"
                    <input
                        type="number"
                        name="quantity"
                        min="1"
                        max=MAX_ON_HAND.to_string()
                        step="1"
                        inputmode="numeric"
                        required=true
                        value=form.quantity.clone()
                        aria-invalid=quantity_wrong
                        aria-describedby=quantity_by
                    />
                    {quantity_error}
                </label>
                <label class="desk-field">
                    "Why" <select name="cause">{causes}</select>
                </label>
                <label class="desk-field desk-field--wide">
                    "Note (needed where it is something else)"
                    <input
                        type="text"
                        name="note"
                        maxlength=MAX_REASON.to_string()
                        value=form.note.clone()
                        aria-invalid=note_wrong
                        aria-describedby=note_by
                    />
                    {note_error}
                </label>
                <button class="desk-button desk-button--strong" type="submit">"Write off"</button>
            </form>
        </details>
    }
    .into_any()
}
