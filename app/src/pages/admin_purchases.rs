//! `/admin/purchase-orders`: the orders to suppliers, under the tab of their state.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use leptos_router::location::Url;
use services::Staff;
use strum::VariantArray;
use types::purchasing::{PurchasePage, PurchaseRow, PurchaseTab};
use types::staff::Right;

use crate::api::purchasing::{PURCHASE_ORDERS, SUPPLIERS};
use crate::api::{flash, shop};
use crate::components::admin_frame::for_staff;
use crate::components::{AdminFrame, DeskPages, DeskSearch, ProblemNote, Search, when};
use crate::live::LivePage;
use crate::pages::page_problem::PageProblem;

/// Characters of a search, at most.
const LONGEST: usize = 80;
const SEARCH: Search = Search {
    action: PURCHASE_ORDERS,
    id: "purchases-q",
    name: "q",
    label: "Search by number, supplier or SKU",
    placeholder: "Number, supplier or SKU",
    longest: LONGEST,
};

#[component]
pub fn AdminPurchasesPage() -> impl IntoView {
    for_staff(Right::See, |staff| view! { <Desk staff /> })
}

/// What the address asks for.
#[derive(Debug, Clone)]
struct Asked {
    tab: PurchaseTab,
    q: String,
    page: u64,
}

impl Asked {
    fn address(&self, tab: PurchaseTab, page: u64) -> String {
        let mut parts = Vec::new();
        if tab != PurchaseTab::default() {
            parts.push(format!("tab={}", tab.into_str()));
        }
        if !self.q.is_empty() {
            parts.push(format!("q={}", Url::escape(&self.q)));
        }
        if page > 0 {
            parts.push(format!("page={page}"));
        }
        match parts.is_empty() {
            true => PURCHASE_ORDERS.to_owned(),
            false => format!("{PURCHASE_ORDERS}?{}", parts.join("&")),
        }
    }
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let shop = shop();
    let email = staff.email.clone();
    let query = use_query_map().get_untracked();
    let text = |name: &str| -> String { query.get(name).unwrap_or_default() };
    let asked = Asked {
        tab: text("tab").parse().unwrap_or_default(),
        q: text("q").trim().chars().take(LONGEST).collect(),
        page: text("page").parse().unwrap_or(0),
    };
    let problem = flash::take(PURCHASE_ORDERS).and_then(|flash| flash.problem);
    let version = shop.purchasing_position();
    let wanted = asked.clone();
    let read = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, staff, wanted) = (shop.clone(), staff.clone(), wanted.clone());
            async move {
                shop.purchase_page(&staff, wanted.tab, &wanted.q, wanted.page)
                    .await
            }
        },
    );
    let shown = asked.clone();
    let content = move || {
        let asked = shown.clone();
        Suspend::new(async move {
            match read.await {
                Ok(page) => view! { <Orders page asked /> }.into_any(),
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <AdminFrame
            title="Purchase orders"
            here=PURCHASE_ORDERS
            email
            follows=(LivePage::Purchasing, version)
        >
            {problem.map(|problem| view! { <ProblemNote problem /> })}
            <section class="watch" aria-labelledby="purchases-title">
                <div class="watch__head">
                    <h1 id="purchases-title">"Purchase orders"</h1>
                    <DeskSearch search=SEARCH value=asked.q clear=PURCHASE_ORDERS />
                    <a class="desk-button" href=SUPPLIERS>"Suppliers"</a>
                </div>
                <div data-live="">
                    <Suspense>{content}</Suspense>
                </div>
            </section>
        </AdminFrame>
    }
}

#[component]
fn Orders(page: PurchasePage, asked: Asked) -> impl IntoView {
    let PurchasePage {
        rows,
        found,
        pages,
        counts,
        ..
    } = page;
    let tabs = PurchaseTab::VARIANTS
        .iter()
        .zip(counts)
        .map(|(&tab, count)| {
            view! {
                <li>
                    <a
                        href=asked.address(tab, 0)
                        aria-current=(tab == asked.tab).then_some("page")
                    >
                        {tab.title()}
                        " "
                        <span class="desk-tabs__count">{count}</span>
                    </a>
                </li>
            }
        });
    let tabs = tabs.collect_view();
    let to = |page| asked.address(asked.tab, page);
    let before = asked.page.checked_sub(1).map(|page| ("Newer", to(page)));
    let after = (asked.page + 1 < pages).then(|| ("Older", to(asked.page + 1)));
    let none = match asked.q.is_empty() {
        true => {
            "There is no such order. The first one comes by itself when stock falls to its threshold."
        }
        false => "No order has all these words.",
    };
    let table = (!rows.is_empty()).then(|| {
        view! {
            <table class="desk-table watch__table">
                <caption class="visually-hidden">
                    {format!("Purchase orders, {}, the newest first", asked.tab.title())}
                </caption>
                <thead>
                    <tr>
                        <th scope="col">"Order"</th>
                        <th scope="col">"Supplier"</th>
                        <th scope="col">"Begun (UTC)"</th>
                        <th scope="col" data-number="">"Received"</th>
                        <th scope="col" data-number="">"Cost"</th>
                        <th scope="col">"Expected"</th>
                        <th scope="col">"State"</th>
                    </tr>
                </thead>
                <tbody>{rows.into_iter().map(row).collect_view()}</tbody>
            </table>
        }
    });
    view! {
        <nav class="desk-tabs" aria-label="Purchase orders by state">
            <ul role="list">{tabs}</ul>
        </nav>
        {(found == 0).then(|| view! { <p class="watch__none">{none}</p> })}
        {table}
        <DeskPages before after />
    }
}

fn row(row: PurchaseRow) -> impl IntoView {
    let opened = format!(
        "{}, {}",
        when::short_date(row.opened_us),
        when::minute(row.opened_us)
    );
    let state = match row.is_overdue {
        true => "Overdue",
        false => row.status.title(),
    };
    let day = match row.expected_us {
        0 => "–".to_owned(),
        at_us => expected(at_us),
    };
    view! {
        <tr id=format!("purchase-{}", row.id) data-row="">
            <th scope="row">
                <a href=format!("{PURCHASE_ORDERS}/{}", row.id)>{row.number}</a>
            </th>
            <td data-label="Supplier">{row.supplier_name}</td>
            <td data-label="Begun (UTC)">{opened}</td>
            <td data-number="" data-label="Received">
                {format!("{} of {}", row.received, row.ordered)}
            </td>
            <td data-number="" data-label="Cost">
                {row.total.map(|total| total.to_string())}
            </td>
            <td data-label="Expected">{day}</td>
            <td data-label="State">
                <span class="purchase-state" data-overdue=row.is_overdue.then_some("")>
                    {state}
                </span>
            </td>
        </tr>
    }
}

/// The day up to whose end something is expected.
pub fn expected(at_us: i64) -> String {
    match at_us {
        0 => String::new(),
        // The end of a day is the beginning of the next one.
        at_us => when::short_date(at_us - 1),
    }
}
