//! What is put on paper for orders: packing slips, invoices and credit notes. Pages of their own, laid out for
//! paper; as PDF, too.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use types::desk::MAX_PAPERS;
use types::papers::Slip;
use types::staff::Right;
use types::{OrderId, Problem, ShipmentId};

use crate::api::shop;
use crate::components::admin_frame::for_staff;
use crate::components::paper::{CreditNotePaper, InvoicePaper, Sheet, SlipPaper, Tools, told};

/// What the address names.
#[derive(Clone)]
struct Asked {
    orders: Vec<OrderId>,
    /// One parcel of the order, if not all.
    parcel: Option<ShipmentId>,
}

impl Asked {
    fn in_address() -> Self {
        let asked = use_query_map().get_untracked();
        // The boxes of the list are an array, which a command can read, too.
        let named = ["order", "order[]"].into_iter();
        let named = named.flat_map(|name| asked.get_all(name).unwrap_or_default());
        Self {
            orders: named.filter_map(|id| id.parse().ok()).collect(),
            parcel: asked.get("parcel").and_then(|id| id.parse().ok()),
        }
    }

    /// The same papers as a file.
    fn pdf(&self, kind: &str) -> String {
        let named = self.orders.iter().map(|id| format!("order={id}"));
        let parcel = self.parcel.iter().map(|id| format!("parcel={id}"));
        let named: Vec<String> = named.chain(parcel).collect();
        format!("/admin/print/{kind}.pdf?{}", named.join("&"))
    }

    fn back(&self) -> String {
        match self.orders.as_slice() {
            [id] => format!("/admin/orders/{id}"),
            _ => "/admin/orders".to_owned(),
        }
    }
}

#[component]
pub fn SlipsPage() -> impl IntoView {
    for_staff(Right::See, |staff| {
        let (shop, asked) = (shop(), Asked::in_address());
        let wanted = asked.clone();
        let read = move || {
            let (shop, staff, wanted) = (shop.clone(), staff.clone(), wanted.clone());
            async move {
                let slips = shop.slips(&staff, &wanted.orders, wanted.parcel).await?;
                Ok(slips.into_iter().map(paper_of).collect())
            }
        };
        let none = "Nothing of these orders is to be packed, or was sent.";
        papers("Packing slips", "slips", asked, none, read)
    })
}

fn paper_of(slip: Slip) -> AnyView {
    view! { <SlipPaper slip /> }.into_any()
}

#[component]
pub fn InvoicesPage() -> impl IntoView {
    for_staff(Right::See, |staff| {
        let (shop, asked) = (shop(), Asked::in_address());
        let wanted = asked.clone();
        let read = move || {
            let (shop, staff, wanted) = (shop.clone(), staff.clone(), wanted.clone());
            async move {
                let invoices = shop.invoices(&staff, &wanted.orders).await?;
                let paper = |invoice| view! { <InvoicePaper invoice /> }.into_any();
                Ok(invoices.into_iter().map(paper).collect())
            }
        };
        let none = "Nothing is charged for these orders, so there is no invoice.";
        papers("Invoices", "invoices", asked, none, read)
    })
}

#[component]
pub fn CreditNotesPage() -> impl IntoView {
    for_staff(Right::See, |staff| {
        let (shop, asked) = (shop(), Asked::in_address());
        let wanted = asked.orders.first().copied();
        let read = move || {
            let (shop, staff) = (shop.clone(), staff.clone());
            async move {
                let notes = match wanted {
                    Some(id) => shop.credit_notes(&staff, id).await?,
                    None => Vec::new(),
                };
                let paper = |note| view! { <CreditNotePaper note /> }.into_any();
                Ok(notes.into_iter().map(paper).collect())
            }
        };
        let none = "No money of this order was given back.";
        papers("Credit notes", "credit-notes", asked, none, read)
    })
}

/// The papers that were asked for, each a sheet.
fn papers<F>(
    title: &'static str,
    kind: &'static str,
    asked: Asked,
    none: &'static str,
    read: impl Fn() -> F + Send + Sync + 'static,
) -> AnyView
where
    F: Future<Output = Result<Vec<AnyView>, Problem>> + Send + 'static,
{
    let back = asked.back();
    let content = move || {
        let (pdf, papers, is_empty) = (asked.pdf(kind), read(), asked.orders.is_empty());
        Suspend::new(async move {
            match papers.await {
                Ok(_) if is_empty => nothing_chosen().into_any(),
                Ok(papers) if papers.is_empty() => told(Problem::not_found(none)).into_any(),
                Ok(papers) => view! {
                    <Tools pdf=Some(pdf) />
                    {papers}
                }
                .into_any(),
                Err(problem) => told(problem).into_any(),
            }
        })
    };
    view! {
        <Sheet title back>
            <Suspense>{content}</Suspense>
        </Sheet>
    }
    .into_any()
}

fn nothing_chosen() -> impl IntoView {
    let detail = format!(
        "Choose up to {MAX_PAPERS} orders in the list of orders, then print what belongs to them."
    );
    told(Problem::not_found(detail))
}
