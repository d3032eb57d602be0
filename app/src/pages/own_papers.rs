//! `/orders/{id}/invoice` and `/orders/{id}/credit-notes/{refund}`: the papers of an order, for whoever may open it.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use types::{OrderId, Problem, RefundId};

use crate::api::{shop, visitor};
use crate::components::paper::{CreditNotePaper, InvoicePaper, Sheet, Tools, told};

const LOOKS: [&str; 2] = ["button", "button button--quiet"];

#[component]
pub fn OwnInvoicePage() -> impl IntoView {
    let (shop, visitor, id) = (shop(), visitor(), order_in_address());
    let content = move || {
        let shop = shop.clone();
        Suspend::new(async move {
            let read = async {
                let id = id.ok_or_else(no_such_order)?;
                Ok::<_, Problem>((id, shop.own_invoice(visitor.shopper, id).await?))
            };
            match read.await {
                Ok((id, invoice)) => view! {
                    <Tools pdf=Some(format!("/orders/{id}/invoice.pdf")) looks=LOOKS />
                    <InvoicePaper invoice />
                }
                .into_any(),
                Err(problem) => told(problem).into_any(),
            }
        })
    };
    view! {
        <Sheet title="Invoice" back=back(id)>
            <Suspense>{content}</Suspense>
        </Sheet>
    }
}

#[component]
pub fn OwnCreditNotePage() -> impl IntoView {
    let (shop, visitor, id) = (shop(), visitor(), order_in_address());
    let params = use_params_map().get_untracked();
    let refund = params
        .get("refund")
        .and_then(|id| id.parse::<RefundId>().ok());
    let content = move || {
        let shop = shop.clone();
        Suspend::new(async move {
            let read = async {
                let id = id.ok_or_else(no_such_order)?;
                let none = || Problem::not_found("There is no such credit note.");
                let refund = refund.ok_or_else(none)?;
                let note = shop.own_credit_note(visitor.shopper, id, refund).await?;
                Ok::<_, Problem>((id, note))
            };
            match read.await {
                Ok((id, note)) => {
                    let pdf = format!("/orders/{id}/credit-notes/{}/note.pdf", note.refund_id);
                    view! {
                        <Tools pdf=Some(pdf) looks=LOOKS />
                        <CreditNotePaper note />
                    }
                    .into_any()
                }
                Err(problem) => told(problem).into_any(),
            }
        })
    };
    view! {
        <Sheet title="Credit note" back=back(id)>
            <Suspense>{content}</Suspense>
        </Sheet>
    }
}

fn order_in_address() -> Option<OrderId> {
    let id = use_params_map().get_untracked().get("id")?;
    id.parse().ok()
}

fn back(id: Option<OrderId>) -> String {
    id.map_or_else(|| "/orders".to_owned(), |id| format!("/orders/{id}"))
}

fn no_such_order() -> Problem {
    Problem::not_found("There is no such order.")
}
