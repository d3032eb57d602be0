//! The money of an order: what was asked of the gateway and what it has answered, and giving it back.
//! Part of the desk's lazy island; without the script each is a plain form.

use leptos::prelude::*;
use types::Money;
use types::desk::{DeskOrder, PaymentRow};

use super::desk_about::{About, may_change};
use super::posted::Posting;
use crate::components::LocalTime;

#[component]
pub fn DeskMoney(order: RwSignal<DeskOrder>, posting: Posting) -> impl IntoView {
    let payments = Memo::new(move |_| order.with(|order| order.payments.clone()));
    let money = Memo::new(move |_| order.with(|order| order.money));
    let rows = move || payments.get().into_iter().map(payment).collect_view();
    let sums = move || {
        let money = money.get();
        let told = [
            ("Collected", money.captured),
            ("Being given back, under way", money.under_way),
            ("Given back", money.refunded),
        ];
        let told = told.into_iter().filter(|(_, amount)| amount.minor > 0);
        told.map(|(name, amount)| {
            view! {
                <div>
                    <dt>{name}</dt>
                    <dd>{amount.to_string()}</dd>
                </div>
            }
        })
        .collect_view()
    };
    view! {
        <section aria-labelledby="payments-title">
            <h2 id="payments-title">"Payments"</h2>
            <Show when=Signal::derive(move || payments.with(Vec::is_empty))>
                <p class="desk-order__none">"No card was asked for yet."</p>
            </Show>
            <ul class="desk-payments" role="list">{rows}</ul>
            <dl class="desk-sums">{sums}</dl>
            {move || order.with(|order| (!order.papers.credits.is_empty()).then(|| {
                let href = format!("/admin/print/credit-notes?order={}", order.order.id);
                let numbers = order.papers.credits.iter().map(|(_, number)| number.clone());
                let numbers = numbers.collect::<Vec<_>>().join(", ");
                view! {
                    <p>
                        <a href=href>"Credit notes"</a>
                        {format!(": {numbers}")}
                    </p>
                }
            }))}
            <Show when=Signal::derive(move || money.with(|money| money.has_failed) && may_change(order))>
                <form
                    class="desk-act"
                    method="post"
                    action="/api/capture_again"
                    on:submit=move |event| posting.send(&event)
                >
                    <About order />
                    <button class="desk-button" type="submit">"Collect again"</button>
                </form>
            </Show>
            {move || money.with(|money| money.failed_refund).filter(|_| may_change(order)).map(|amount| {
                view! { <FailedRefund order posting amount /> }
            })}
            {move || (money.with(|money| money.refundable.minor) > 0 && may_change(order)).then(|| {
                view! { <Refund order posting /> }
            })}
        </section>
    }
}

fn payment(row: PaymentRow) -> impl IntoView {
    let attempt = (row.attempt > 0).then(|| format!("Card {}: ", row.attempt));
    view! {
        <li>
            <span class="desk-payments__what">{attempt} {row.what}</span>
            <span class="desk-payments__amount">{row.amount.map(|amount| amount.to_string())}</span>
            <span class="desk-payments__when">
                <LocalTime at_us=row.at_us short=true />
            </span>
            <span class="desk-payments__reference">{row.reference}</span>
        </li>
    }
}

/// Money as it is typed: without the sign of the currency.
fn typed(amount: Money) -> String {
    format!("{}.{:02}", amount.minor / 100, amount.minor % 100)
}

/// Asks the gateway once more for a refund that it has refused: as a new one.
#[component]
fn FailedRefund(order: RwSignal<DeskOrder>, posting: Posting, amount: Money) -> impl IntoView {
    let next = order.with_untracked(|order| order.next_refund);
    view! {
        <form
            class="desk-act"
            method="post"
            action="/api/refund_order"
            aria-label="Try the refund again"
            on:submit=move |event| posting.send(&event)
        >
            <About order />
            <p>{format!("{amount} was not given back: the gateway or the bank has refused it.")}</p>
            <input type="hidden" name="refund_id" value=next.to_string() />
            <input type="hidden" name="amount" value=typed(amount) />
            <input type="hidden" name="reason" value="tried again" />
            <button class="desk-button" type="submit">"Give back again"</button>
        </form>
    }
}

/// Gives all of it back, or a part.
#[component]
fn Refund(order: RwSignal<DeskOrder>, posting: Posting) -> impl IntoView {
    let (next, refundable) =
        order.with_untracked(|order| (order.next_refund, order.money.refundable));
    let all = typed(refundable);
    view! {
        <details class="desk-refund">
            <summary class="desk-button">"Give money back\u{2026}"</summary>
            <form
                class="desk-act"
                method="post"
                action="/api/refund_order"
                aria-label="Give money back"
                on:submit=move |event| posting.send(&event)
            >
                <About order />
                <input type="hidden" name="refund_id" value=next.to_string() />
                <label class="desk-field">
                    {format!("Amount, at most {refundable}")}
                    <input type="text" name="amount" inputmode="decimal" required=true value=all />
                </label>
                <label class="desk-field desk-field--wide">
                    "Reason, which the customer reads on the credit note"
                    <input type="text" name="reason" required=true maxlength="200" />
                </label>
                <button class="desk-button desk-button--strong" type="submit">"Give back"</button>
            </form>
        </details>
    }
}
