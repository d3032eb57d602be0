//! What an order needs from the shopper while it is open: a card, as long as the pieces are kept, or
//! patience. Appears and goes with the order's state.

use leptos::html;
use leptos::prelude::*;
use types::order::{OrderStatus, Progress, StepKind};
use types::{Money, OrderId, Problem};

use super::card_fields::{Card, CardFields};
use super::countdown::Countdown;
use crate::api::flash::GivenCard;

/// `problem` is what a plain form came back with; `now_us` the server's clock.
#[component]
pub fn OrderPayment(
    id: OrderId,
    progress: ReadSignal<Progress>,
    total: Money,
    given: Option<GivenCard>,
    problem: Option<Problem>,
    now_us: i64,
) -> impl IntoView {
    let status = Memo::new(move |_| progress.with(|progress| progress.status));
    let declined = Memo::new(move |_| progress.with(|progress| progress.decline().is_some()));
    let until = Memo::new(move |_| progress.with(|progress| progress.reserved_until_us));
    let problem = RwSignal::new(problem);
    let busy = RwSignal::new(false);
    // A card that is declined from now on is used up; one given after a decline is not.
    let cards_tried = move || progress.with(tries);
    let tried_before = progress.with_untracked(tries);
    let is_good = move |card: &GivenCard| card.is_elsewhere() || cards_tried() == tried_before;
    let given = move || given.clone().filter(is_good);

    // Whatever was under way has arrived.
    Effect::new(move |_| {
        status.track();
        busy.set(false);
    });

    let wants_card = Signal::derive(move || status.get() == OrderStatus::AwaitingPayment);
    let payment = move || {
        let given = given();
        view! {
            <section class="order-payment" aria-labelledby="payment-title">
                <h2 id="payment-title">
                    {move || if declined.get() { "Pay with another card" } else { "Payment" }}
                </h2>
                {move || until.get().map(|until| view! {
                    <p class="order-payment__kept">
                        "Your pieces stay reserved for another "
                        <Countdown until_us=Signal::stored(until) now_us />
                    </p>
                })}
                {match given {
                    Some(card) => view! { <PayWithGiven id card total busy problem /> }.into_any(),
                    None => view! { <PayWithCard id total busy problem /> }.into_any(),
                }}
                <CancelOrder id busy problem />
            </section>
        }
    };
    let action = Memo::new(move |_| progress.with(|it| it.action().map(str::to_owned)));
    view! {
        <Show when=wants_card>{payment.clone()()}</Show>
        {move || action.get().map(|url| view! { <GoOn id url until now_us busy problem /> })}
        <Show when=Signal::derive(move || {
            matches!(status.get(), OrderStatus::Reserving | OrderStatus::Paying)
        })>
            <TakesLong id busy problem />
        </Show>
    }
}

/// What the shopper has to do stands on a page of the gateway. A link, which needs no script.
#[component]
fn GoOn(
    id: OrderId,
    url: String,
    until: Memo<Option<i64>>,
    now_us: i64,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
) -> impl IntoView {
    view! {
        <section class="order-payment" aria-labelledby="action-title">
            <h2 id="action-title">"Action required"</h2>
            <p>"You come back here by yourself afterwards."</p>
            {move || until.get().map(|until| view! {
                <p class="order-payment__kept">
                    "Your pieces stay reserved for another "
                    <Countdown until_us=Signal::stored(until) now_us />
                </p>
            })}
            <a class="button button--wide" href=url rel="external noreferrer">
                "Continue to payment"
            </a>
            <Told problem />
            <CancelOrder id busy problem />
        </section>
    }
}

/// Cards that were declined.
fn tries(progress: &Progress) -> usize {
    let declined =
        |step: &&types::order::Step| matches!(step.kind, StepKind::PaymentDeclined { .. });
    progress.steps.iter().filter(declined).count()
}

/// The card form. Its address is the gateway's: without the script the browser itself takes the
/// card there and comes back with a token.
#[component]
fn PayWithCard(
    id: OrderId,
    total: Money,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
) -> impl IntoView {
    let refused = problem.with_untracked(|problem| problem.as_ref().map(|p| p.errors.clone()));
    let errors = RwSignal::new(refused.unwrap_or_default());
    let card = Card::new(errors);
    let form = NodeRef::<html::Form>::new();
    Effect::new(move |_| {
        if let Some(form) = form.get() {
            form.set_no_validate(true);
        }
    });
    let on_submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        #[cfg(feature = "hydrate")]
        {
            let complaints = card.complaints();
            if !complaints.is_empty() {
                return tell(errors, complaints);
            }
        }
        #[cfg(feature = "hydrate")]
        run(busy, problem, async move {
            let tokenised = card.tokenise().await;
            if let Err(refused) = &tokenised {
                tell(errors, refused.errors.clone());
            }
            let token = tokenised?;
            crate::api::orders::pay_order(id.to_string(), token)
                .await
                .map_err(|error| error.0)
        });
    };
    view! {
        <form
            method="post"
            action=format!("/test-gateway/tokens?return_to=/orders/{id}")
            node_ref=form
            on:submit=on_submit
        >
            <Told problem />
            <CardFields card named=true />
            <PayButton busy>{format!("Pay {total}")}</PayButton>
        </form>
    }
}

/// The card is with the gateway already; all that is left is to say yes.
#[component]
fn PayWithGiven(
    id: OrderId,
    card: GivenCard,
    total: Money,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
) -> impl IntoView {
    let is_elsewhere = card.is_elsewhere();
    let GivenCard { token, last4 } = card;
    let label = match is_elsewhere {
        true => "Continue to payment".to_owned(),
        false => format!("Pay {total} with card ending {last4}"),
    };
    let sent = token.clone();
    let on_submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        #[cfg(not(feature = "hydrate"))]
        let _ = &sent;
        #[cfg(feature = "hydrate")]
        {
            let token = sent.clone();
            run(busy, problem, async move {
                let paid = crate::api::orders::pay_order(id.to_string(), token).await;
                paid.map_err(|error| error.0)
            });
        }
    };
    view! {
        <form method="post" action="/api/pay_order" on:submit=on_submit>
            <input type="hidden" name="order_id" value=id.to_string() />
            <input type="hidden" name="payment_token" value=token />
            <Told problem />
            <PayButton busy>{label}</PayButton>
            {(!is_elsewhere).then(|| view! {
                <p>
                    <a href=format!("/orders/{id}")>"Use another card"</a>
                </p>
            })}
        </form>
    }
}

#[component]
fn PayButton(busy: RwSignal<bool>, children: Children) -> impl IntoView {
    view! {
        <button
            class="button button--wide"
            type="submit"
            aria-disabled=move || busy.get().then_some("true")
            aria-busy=move || busy.get().then_some("true")
        >
            {children()}
        </button>
    }
}

/// The way out of an order that the shop or the bank is busy with. Comes into sight when that takes
/// longer than usual: most orders are through before anybody could press it.
#[component]
fn TakesLong(
    id: OrderId,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
) -> impl IntoView {
    view! {
        <section class="order-payment order-payment--late" aria-label="It takes longer than usual">
            <p>"This takes longer than usual. You may wait, or cancel: then nothing is charged."</p>
            <Told problem />
            <CancelOrder id busy problem />
        </section>
    }
}

/// The way out of an order that is paid, as long as nothing of it is packed.
#[component]
pub fn CancelPaid(id: OrderId, problem: Option<Problem>) -> impl IntoView {
    let problem = RwSignal::new(problem);
    view! {
        <Told problem />
        <CancelOrder id busy=RwSignal::new(false) problem is_paid=true />
    }
}

/// Asks once before it acts: it stands right below the button that pays.
#[component]
fn CancelOrder(
    id: OrderId,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
    #[prop(optional)] is_paid: bool,
) -> impl IntoView {
    let follows = match is_paid {
        true => {
            "Your pieces go back on sale at once, and you pay nothing: what was taken is given back."
        }
        false => "Your pieces go back on sale at once. Nothing is charged.",
    };
    let on_submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        #[cfg(not(feature = "hydrate"))]
        let _ = (busy, problem);
        #[cfg(feature = "hydrate")]
        run(busy, problem, async move {
            let cancelled = crate::api::orders::cancel_order(id.to_string()).await;
            cancelled.map_err(|error| error.0)
        });
    };
    view! {
        <details class="order-payment__cancel">
            <summary>"Cancel order"</summary>
            <form method="post" action="/api/cancel_order" on:submit=on_submit>
                <input type="hidden" name="order_id" value=id.to_string() />
                <p>{follows}</p>
                <button class="button button--danger" type="submit">
                    "Yes, cancel it"
                </button>
            </form>
        </details>
    }
}

/// What was refused. What concerns a field stands under it.
#[component]
fn Told(problem: RwSignal<Option<Problem>>) -> impl IntoView {
    view! {
        <div role="alert">
            {move || problem.get().map(|problem| view! {
                <div class="notice notice--problem">
                    <p class="notice__title">{problem.title}</p>
                    {problem.errors.is_empty().then(|| view! { <p>{problem.detail}</p> })}
                </div>
            })}
        </div>
    }
}

/// Puts complaints under their fields, and the reader on the first of them.
#[cfg(feature = "hydrate")]
fn tell(errors: RwSignal<Vec<types::FieldError>>, complaints: Vec<types::FieldError>) {
    let first = complaints.first().map(|complaint| complaint.field.clone());
    errors.set(complaints);
    if let Some(first) = first {
        super::focus::after_change(move || super::focus::on(&first));
    }
}

/// Runs one command at a time. The order's own state ends it; should the socket be silent, the
/// page is asked for again.
#[cfg(feature = "hydrate")]
fn run(
    busy: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
    command: impl Future<Output = Result<(), Problem>> + 'static,
) {
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
    if busy.get_untracked() {
        return;
    }
    busy.set(true);
    problem.set(None);
    leptos::task::spawn_local(async move {
        match command.await {
            Ok(()) => {
                let _ = set_timeout(
                    move || {
                        // Gone with its island means the state did arrive.
                        if busy.try_get_untracked() == Some(true) {
                            let _ = window().location().reload();
                        }
                    },
                    PATIENCE,
                );
            }
            Err(refused) => {
                busy.set(false);
                problem.set(Some(refused));
            }
        }
    });
}
