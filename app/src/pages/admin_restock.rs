//! `/admin/restock`: what runs out when, why the shop thinks so, and the rules by which it orders.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use leptos_router::location::Url;
use services::Staff;
use types::restock::{RestockPage, RestockRow, RestockRule};
use types::staff::Right;
use types::{Problem, Sku, SupplierId};

use crate::api::purchase_forms::RuleForm;
use crate::api::purchasing::{PURCHASE_ORDERS, RESTOCK, SUPPLIERS};
use crate::api::{flash, may, shop};
use crate::components::admin_frame::for_staff;
use crate::components::{
    AdminFrame, DeskPages, DeskSearch, Holds, ProblemNote, Search, beyond_fields, desk_field,
};
use crate::live::LivePage;
use crate::pages::page_problem::PageProblem;

/// Characters of a search, at most.
const LONGEST: usize = 80;
const SEARCH: Search = Search {
    action: RESTOCK,
    id: "restock-q",
    name: "q",
    label: "Search by piece, SKU or supplier",
    placeholder: "Piece, SKU or supplier",
    longest: LONGEST,
};

#[component]
pub fn AdminRestockPage() -> impl IntoView {
    for_staff(Right::See, |staff| view! { <Desk staff /> })
}

/// What the address asks for.
#[derive(Debug, Clone)]
struct Asked {
    q: String,
    only_low: bool,
    page: usize,
    /// Whether the rule of what is found is to be edited.
    edits: bool,
}

impl Asked {
    fn address(&self, page: usize) -> String {
        let low = if self.only_low { "&low=1" } else { "" };
        format!("{RESTOCK}?q={}{low}&page={page}", Url::escape(&self.q))
    }
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let shop = shop();
    let email = staff.email.clone();
    let query = use_query_map().get_untracked();
    let text = |name: &str| -> String { query.get(name).unwrap_or_default() };
    let asked = Asked {
        q: text("q").trim().chars().take(LONGEST).collect(),
        only_low: query.get("low").is_some(),
        page: text("page").parse().unwrap_or(0),
        edits: query.get("edit").is_some(),
    };
    let refused = flash::take(RESTOCK).unwrap_or_default();
    let problem = refused.problem.clone();
    let (form, version) = (refused.rule, shop.levels().position());
    let is_of_rule = form.is_some();
    let note = problem.clone();
    let note = if is_of_rule {
        beyond_fields(note)
    } else {
        note
    };
    let wanted = asked.clone();
    let read = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, staff, wanted) = (shop.clone(), staff.clone(), wanted.clone());
            async move {
                let low = wanted.only_low;
                shop.restock_page(&staff, &wanted.q, low, wanted.page).await
            }
        },
    );
    let (shown, told) = (asked.clone(), problem.clone());
    let content = move || {
        let (asked, form, problem) = (shown.clone(), form.clone(), told.clone());
        Suspend::new(async move {
            match read.await {
                Ok(page) => view! { <Skus page asked form problem /> }.into_any(),
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <AdminFrame title="Restock" here=RESTOCK email follows=(LivePage::Restock, version)>
            {note.map(|problem| view! { <ProblemNote problem /> })}
            <section class="watch" aria-labelledby="restock-title">
                <div class="watch__head">
                    <h1 id="restock-title">"What runs out"</h1>
                    <DeskSearch search=SEARCH value=asked.q clear=RESTOCK>
                        <label class="restock__low">
                            <input type="checkbox" name="low" value="1" checked=asked.only_low />
                            " only what is low or runs out"
                        </label>
                    </DeskSearch>
                    <a class="desk-button" href=PURCHASE_ORDERS>"Purchase orders"</a>
                    <a class="desk-button" href=SUPPLIERS>"Suppliers"</a>
                </div>
                <p class="watch__count">
                    "When the unsold pieces of a SKU fall to its threshold, an order to its supplier is \
                     drafted. What a checkout holds for some minutes counts as unsold."
                </p>
                <div data-live="">
                    <Suspense>{content}</Suspense>
                </div>
            </section>
        </AdminFrame>
    }
}

#[component]
fn Skus(
    page: RestockPage,
    asked: Asked,
    form: Option<RuleForm>,
    problem: Option<Problem>,
) -> impl IntoView {
    let RestockPage {
        rows,
        found,
        pages,
        suppliers,
    } = page;
    let before = asked.page.checked_sub(1);
    let before = before.map(|page| ("Previous", asked.address(page)));
    let after = (asked.page + 1 < pages).then(|| ("Next", asked.address(asked.page + 1)));
    let noun = if found == 1 { "SKU" } else { "SKUs" };
    let edits = asked.edits;
    let row = |row: RestockRow| {
        let mine = |form: &&RuleForm| form.sku == row.sku.as_str();
        let form = form.as_ref().filter(mine).cloned();
        let problem = form.as_ref().and(problem.clone());
        let suppliers = suppliers.clone();
        view! { <Row row suppliers edits form problem /> }
    };
    // What was refused is told at its row, and here where that is on another page.
    let is_here = |form: &RuleForm| rows.iter().any(|row| row.sku.as_str() == form.sku);
    let away = form.as_ref().filter(|form| !is_here(form));
    let away = away.and(problem.clone()).filter(|it| it.status == 422);
    view! {
        {away.map(|problem| view! { <ProblemNote problem /> })}
        <p class="watch__count">{format!("{found} {noun}, the most urgent first.")}</p>
        {(found == 0)
            .then(|| view! { <p class="watch__none">"Nothing is found. Nothing runs out of it."</p> })}
        <ul class="watch__list" role="list">{rows.into_iter().map(row).collect_view()}</ul>
        <DeskPages before after />
    }
}

#[component]
fn Row(
    row: RestockRow,
    suppliers: Vec<(SupplierId, String)>,
    edits: bool,
    form: Option<RuleForm>,
    problem: Option<Problem>,
) -> impl IntoView {
    let sku = row.sku.clone();
    let level = match (row.is_low(), row.runs_out()) {
        (true, _) => "low",
        (false, true) => "soon",
        (false, false) => "fine",
    };
    let days = row.reckoning.and_then(|it| it.days_left());
    let lasts = match (row.reckoning, days) {
        (None, _) => "No rule, or never counted.".to_owned(),
        (Some(it), None) => format!("{} unsold. None was sold lately.", it.unsold),
        (Some(it), Some(days)) => format!(
            "{} unsold, {} a day: {} left; a delivery takes {}.",
            it.unsold,
            it.per_day(),
            in_days(days),
            in_days(it.lead_time_days.into())
        ),
    };
    let words = row.reckoning.map_or_else(String::new, |it| it.words());
    let drafted = match row.drafted {
        0 => String::new(),
        drafted => format!(" {drafted} on a draft."),
    };
    let of = match row.supplier.is_empty() {
        true => "No supplier.".to_owned(),
        false => format!("Supplier: {}.", row.supplier),
    };
    let quantity = row.reckoning.map_or(0, |it| it.quantity);
    let missing = quantity > row.drafted && !row.supplier.is_empty();
    let is_buyer = may(Right::Purchasing);
    let order = (is_buyer && missing && (row.is_low() || row.runs_out())).then(|| {
        view! {
            <form method="post" action="/api/order_suggested">
                <input type="hidden" name="sku" value=sku.to_string() />
                <button
                    id=format!("order-{sku}")
                    class="desk-button desk-button--strong"
                    aria-label=format!("Order {quantity} of {sku}")
                >
                    {format!("Order {quantity}")}
                </button>
            </form>
        }
    });
    let is_open = form.is_some() || edits;
    let rule = row.rule.clone();
    view! {
        <li class="restock" id=format!("restock-{sku}") data-row="" data-level=level>
            <div class="restock__what">
                <p class="alert__title">
                    <a href=format!("/admin/inventory?filter={sku}")>{row.title}</a>
                    " "
                    <span class="watch__soft">{row.variant} " · " <code>{sku.to_string()}</code></span>
                </p>
                <p>{[lasts, drafted].concat()}</p>
                <p class="watch__soft">{[words, of].join(" ")}</p>
            </div>
            <div class="alert__do">{order}</div>
            {is_buyer.then(|| view! {
                <details
                    open=is_open
                    data-open=is_open.then_some("")
                >
                    <summary id=format!("open-rule-{sku}") aria-label=format!("Rule of {sku}")>
                        "Rule"
                    </summary>
                    <RuleFields sku=sku.clone() rule suppliers form problem />
                </details>
            })}
        </li>
    }
}

fn in_days(days: i64) -> String {
    match days {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

#[component]
fn RuleFields(
    sku: Sku,
    rule: Option<RestockRule>,
    suppliers: Vec<(SupplierId, String)>,
    form: Option<RuleForm>,
    problem: Option<Problem>,
) -> impl IntoView {
    let is_back = form.is_some();
    let values = form.unwrap_or_else(|| RuleForm::of(&sku, rule.as_ref()));
    let problem = problem.as_ref();
    let field = |name: &'static str, label: &'static str, value: String| {
        let holds = match name {
            "unit_cost" => Holds::Amount,
            _ => Holds::Number,
        };
        desk_field(
            problem,
            format!("{name}-{sku}"),
            (name, label),
            holds,
            value,
        )
    };
    let options = suppliers.into_iter().map(|(id, name)| {
        let is_it = id.as_str() == values.supplier;
        view! {
            <option value=id.to_string() selected=is_it>
                {name}
            </option>
        }
    });
    let options = options.collect_view();
    let wrong = problem.and_then(|problem| problem.field("supplier").map(str::to_owned));
    let wrong_id = format!("supplier-{sku}-wrong");
    let threshold = field(
        "threshold",
        "Threshold (0: never)",
        values.threshold.clone(),
    );
    let up_to = field("up_to", "Up to", values.up_to.clone());
    let pack = field("pack_size", "Pack of", values.pack_size.clone());
    let minimum = field("minimum", "At least", values.minimum.clone());
    let lead = field(
        "lead_time_days",
        "Lead time, days",
        values.lead_time_days.clone(),
    );
    let cost = field("unit_cost", "Cost of a piece", values.unit_cost.clone());
    view! {
        <form
            class="look-up__form"
            method="post"
            action="/api/set_restock_rule"
            aria-label=format!("Rule of {sku}")
            data-typed=is_back.then_some("")
        >
            <input type="hidden" name="sku" value=sku.to_string() />
            <input type="hidden" name="seen" value=values.seen.clone() />
            <div class="desk-field">
                <label for=format!("supplier-{sku}")>"Supplier"</label>
                <select
                    id=format!("supplier-{sku}")
                    name="supplier"
                    autocomplete="off"
                    aria-invalid=wrong.is_some().then_some("true")
                    aria-describedby=wrong.is_some().then(|| wrong_id.clone())
                >
                    <option value="">"Nobody: only tell staff"</option>
                    {options}
                </select>
                {wrong.map(|wrong| view! {
                    <p class="field__error" id=wrong_id role="alert">{wrong}</p>
                })}
            </div>
            {threshold} {up_to} {pack} {minimum} {lead} {cost}
            <button class="desk-button" type="submit">"Save"</button>
        </form>
    }
}
