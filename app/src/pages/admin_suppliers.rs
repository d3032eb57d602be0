//! `/admin/suppliers`: of whom more is ordered, and how they are told.

use leptos::prelude::*;
use leptos_router::location::Url;
use services::Staff;
use types::purchasing::SupplierRow;
use types::staff::Right;
use types::{Currency, Money, Problem};

use crate::api::purchase_forms::SupplierForm;
use crate::api::purchasing::{PURCHASE_ORDERS, RESTOCK, SUPPLIERS};
use crate::api::{flash, may, shop};
use crate::components::admin_frame::for_staff;
use crate::components::{AdminFrame, Holds, ProblemNote, beyond_fields, desk_field};
use crate::live::LivePage;
use crate::pages::page_problem::PageProblem;

#[component]
pub fn AdminSuppliersPage() -> impl IntoView {
    for_staff(Right::See, |staff| view! { <Desk staff /> })
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let shop = shop();
    let email = staff.email.clone();
    let refused = flash::take(SUPPLIERS).unwrap_or_default();
    let problem = refused.problem.clone();
    let (form, version) = (refused.supplier, shop.purchasing_position());
    let is_of_form = form.is_some();
    let note = problem.clone();
    let note = if is_of_form {
        beyond_fields(note)
    } else {
        note
    };
    let currency = shop.currency();
    let read = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, staff) = (shop.clone(), staff.clone());
            async move {
                let rows = shop.supplier_list(&staff).await?;
                let secret = |row: &SupplierRow| shop.supplier_secret(&staff, &row.id);
                // Whoever only looks sees none.
                let secrets = rows.iter().map(|row| secret(row).ok().flatten());
                let secrets: Vec<Option<String>> = secrets.collect();
                Ok::<_, Problem>((rows, secrets))
            }
        },
    );
    let told = problem.clone();
    let content = move || {
        let (form, problem) = (form.clone(), told.clone());
        Suspend::new(async move {
            match read.await {
                Ok((rows, secrets)) => {
                    let is_known = |id: &str| rows.iter().any(|row| row.id.as_str() == id);
                    let is_new = |form: &SupplierForm| !form.new.is_empty() || !is_known(&form.id);
                    let new = form.clone().filter(is_new);
                    let wrong = new.as_ref().and(problem.clone());
                    let form = form.filter(|_| new.is_none());
                    let rows = rows.into_iter().zip(secrets).map(|(row, secret)| {
                        let mine = |form: &SupplierForm| form.id == row.id.as_str();
                        let form = form.clone().filter(mine);
                        let problem = form.as_ref().and(problem.clone());
                        view! { <Row row secret currency form problem /> }
                    });
                    view! {
                        <ul class="watch__list" role="list">{rows.collect_view()}</ul>
                        {may(Right::Purchasing).then(|| view! {
                            <h2>"Another supplier"</h2>
                            <Fields
                                is_back=new.is_some()
                                form=new.unwrap_or_default()
                                is_new=true
                                problem=wrong
                            />
                        })}
                    }
                    .into_any()
                }
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <AdminFrame
            title="Suppliers"
            here=PURCHASE_ORDERS
            email
            follows=(LivePage::Purchasing, version)
        >
            {note.map(|problem| view! { <ProblemNote problem /> })}
            <section class="watch" aria-labelledby="suppliers-title">
                <p class="desk-order__back">
                    <a href=PURCHASE_ORDERS>"Purchase orders"</a>
                </p>
                <h1 id="suppliers-title">"Suppliers"</h1>
                <div data-live="">
                    <Suspense>{content}</Suspense>
                </div>
            </section>
        </AdminFrame>
    }
}

#[component]
fn Row(
    row: SupplierRow,
    secret: Option<String>,
    currency: Currency,
    form: Option<SupplierForm>,
    problem: Option<Problem>,
) -> impl IntoView {
    let SupplierRow {
        id,
        details,
        open,
        skus,
    } = row;
    let is_open = form.is_some();
    let way = match (details.webhook.is_empty(), details.email.is_empty()) {
        (false, _) => format!("posted to {}", details.webhook),
        (true, false) => format!("mailed to {}", details.email),
        (true, true) => "given by hand".to_owned(),
    };
    let approves = match details.approve_up_to_minor {
        0 => "approved by staff".to_owned(),
        minor => format!(
            "approved by themselves up to {}, after {} minutes",
            Money::new(minor, currency),
            details.gather_minutes
        ),
    };
    let secret = secret
        .filter(|_| !details.webhook.is_empty())
        .map(|secret| {
            view! {
                <p class="watch__soft">
                    "Its system checks our messages (Standard Webhooks) with " <code>{secret}</code>
                </p>
            }
        });
    let name = details.name.clone();
    let known = form.unwrap_or_else(|| SupplierForm::of(&id, &details, currency));
    view! {
        <li class="restock" id=format!("supplier-{id}") data-row="">
            <div class="restock__what">
                <p class="alert__title">
                    <a href=format!("{RESTOCK}?q={}", Url::escape(&name))>{name.clone()}</a>
                    " "
                    <code class="watch__soft">{id.to_string()}</code>
                </p>
                <p>
                    {format!("{}, {}. Orders are {way}, {approves}.", counted(skus, "SKU"), counted(open, "open order"))}
                </p>
                {secret}
            </div>
            {may(Right::Purchasing).then(|| view! {
                <details
                    open=is_open
                    data-open=is_open.then_some("")
                >
                    <summary id=format!("open-{id}") aria-label=format!("Edit {name}")>"Edit"</summary>
                    <Fields form=known is_new=false is_back=is_open problem />
                </details>
            })}
        </li>
    }
}

/// `1 SKU`, `2 SKUs`
fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

#[component]
fn Fields(
    form: SupplierForm,
    is_new: bool,
    /// Whether it holds what was typed and refused.
    is_back: bool,
    problem: Option<Problem>,
) -> impl IntoView {
    let of = if is_new {
        // No short name has a capital letter.
        "New".to_owned()
    } else {
        form.id.clone()
    };
    let problem = problem.as_ref();
    let field = |name: &'static str, label: &'static str, holds: Holds, value: String| {
        desk_field(
            problem,
            format!("{name}-of-{of}"),
            (name, label),
            holds,
            value,
        )
    };
    let id = match is_new {
        true => view! {
            <input type="hidden" name="new" value="1" />
            {field("id", "Short name (a-z, 0-9, -)", Holds::Text, form.id.clone())}
        }
        .into_any(),
        false => view! {
            <input type="hidden" name="id" value=form.id.clone() />
            <input type="hidden" name="seen" value=form.seen.clone() />
        }
        .into_any(),
    };
    let name = field("name", "Name", Holds::Text, form.name.clone());
    let email = field("email", "Email for orders", Holds::Text, form.email.clone());
    let webhook = field(
        "webhook",
        "Or address of its system",
        Holds::Text,
        form.webhook.clone(),
    );
    let limit = field(
        "approve_up_to",
        "Approve by itself up to",
        Holds::Amount,
        form.approve_up_to.clone(),
    );
    let wait = field(
        "gather_minutes",
        "After minutes",
        Holds::Number,
        form.gather_minutes.clone(),
    );
    view! {
        <form
            class="look-up__form"
            method="post"
            action="/api/set_supplier"
            aria-label=format!("Supplier {of}")
            data-typed=is_back.then_some("")
        >
            {id} {name} {email} {webhook} {limit} {wait}
            <button class="desk-button" type="submit">"Save"</button>
        </form>
    }
}
