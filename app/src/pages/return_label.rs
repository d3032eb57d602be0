//! `/orders/{id}/returns/{number}`: what goes onto the parcel of an accepted return, to be printed.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use types::house::{ADDRESS, HOUSE};
use types::returns::ReturnLabel;
use types::{OrderId, Problem, pieces};

use crate::api::{shop, visitor};
use crate::components::{LazyHint, ShopFrame};
use crate::islands::print_button::PrintButton;
use crate::pages::page_problem::PageProblem;

#[component]
pub fn ReturnLabelPage() -> impl IntoView {
    let (shop, visitor) = (shop(), visitor());
    let params = use_params_map().get_untracked();
    let id = params.get("id").and_then(|id| id.parse::<OrderId>().ok());
    let number = params.get("number").and_then(|number| number.parse().ok());
    let label = Resource::new_blocking(
        || (),
        move |()| {
            let shop = shop.clone();
            async move {
                let asked = id.zip(number);
                let (id, number) =
                    asked.ok_or_else(|| Problem::not_found("There is no such return."))?;
                let label = shop.return_label(visitor.shopper, id, number).await?;
                Ok::<_, Problem>((id, label))
            }
        },
    );
    let content = move || {
        Suspend::new(async move {
            match label.await {
                Ok((id, label)) => view! { <Label id label /> }.into_any(),
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <ShopFrame title="Return label">
            <Suspense>{content}</Suspense>
        </ShopFrame>
    }
}

#[component]
fn Label(id: OrderId, label: ReturnLabel) -> impl IntoView {
    let lines = label.lines.into_iter().map(|(name, quantity, reason)| {
        view! { <li>{name} ": " {pieces(quantity)} ", " {reason.words().to_lowercase()}</li> }
    });
    view! {
        <LazyHint island="print_button" />
        <article class="return-label">
            <p class="return-label__back">
                <a href=format!("/orders/{id}")>"Back to the order"</a>
            </p>
            <h1>"Return " {label.number} " of order " {label.order_number.clone()}</h1>
            {match label.tracking.clone() {
                Some(tracking) => view! {
                    <p class="return-label__back">
                        <a
                            class="button"
                            href=format!("/orders/{id}/returns/{}/label.pdf", label.number)
                            rel="external"
                            target="_blank"
                        >
                            "Label of the carrier (PDF)"
                        </a>
                    </p>
                    <p class="return-label__back">
                        "It goes onto the parcel, and this list into it. Tracking number "
                        <span class="order-number" translate="no">{tracking.number}</span>
                    </p>
                }
                .into_any(),
                None => view! {
                    <p class="return-label__back">
                        "Print this page. The address goes onto the parcel, the list into it."
                    </p>
                }
                .into_any(),
            }}
            <address class="return-label__to">
                <span>"To"</span> <br /> <strong>{HOUSE}</strong> <br /> {ADDRESS[0]} <br /> {ADDRESS[1]}
                <br /> {format!("{}-R{}", label.order_number, label.number)}
            </address>
            <p>"From " {label.name}</p>
            <ul>{lines.collect_view()}</ul>
            <p class="return-label__back">
                <PrintButton class="button".to_owned() />
            </p>
        </article>
    }
}
