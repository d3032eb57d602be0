//! Where an order stands: a sentence and the steps it has taken. Moves by itself.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use types::arrival::arrival;
use types::calendar::Day;
use types::checkout::DeliveryMethod;
use types::order::{CancelledBy, OrderStatus, Progress, StepKind};

use crate::components::{LocalTime, when};

/// Id of the headline, where the keyboard goes when what it stood on has gone.
pub const HEADLINE_ID: &str = "headline";

/// What the order is called, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    pub number: String,
    /// The shopper's.
    pub name: String,
    /// Where it goes: ISO 3166-1 alpha-2.
    pub country: String,
    pub placed_at_us: i64,
}

/// `is_own`: its pieces came out of this browser's cart. `now_us` is the server's clock.
#[component]
pub fn OrderProgress(
    names: Names,
    progress: ReadSignal<Progress>,
    delivery: DeliveryMethod,
    is_own: bool,
    now_us: i64,
) -> impl IntoView {
    let Names {
        number,
        name,
        country,
        placed_at_us,
    } = names;
    let told = Memo::new(move |_| progress.with(|progress| told(progress, &name, is_own)));
    let steps = Memo::new(move |_| progress.with(steps));
    let times = Memo::new(move |_| progress.with(times));
    let status = move || progress.with(|progress| name_of(progress.status));
    let arrives = Memo::new(move |_| {
        let paid_at_us = progress.with(confirmed_at)?;
        let arrival = arrival(delivery, &country, paid_at_us);
        let status = progress.with(|progress| progress.status);
        if matches!(
            status,
            OrderStatus::SendingAgain
                | OrderStatus::ShippedAgain
                | OrderStatus::CameBack
                | OrderStatus::Lost
                | OrderStatus::Delivered
                | OrderStatus::Undelivered
                | OrderStatus::Cancelled
        ) {
            return None;
        }
        // Afterwards nobody here knows whether it has.
        (arrival.last >= Day::of(now_us)).then(|| arrival.to_string())
    });
    view! {
        <div class="order-progress" data-status=status>
            <p class="order-progress__names">
                <span>"Order " <span class="order-number">{number}</span></span>
                " "
                <LocalTime at_us=placed_at_us />
            </p>
            // One live region for all of it: the steps below say the same in a picture.
            <div role="status" class="order-progress__told">
                <h1 class="order-progress__headline" id=HEADLINE_ID tabindex="-1">
                    {move || told.get().0}
                </h1>
                <p class="order-progress__detail">{move || told.get().1}</p>
                {move || arrives.get().map(|days| view! {
                    <p class="order-progress__arrival">"Arrives " <strong>{days}</strong></p>
                })}
            </div>
            <ol class="steps" aria-label="Order progress">
                {(0..STEPS)
                    .map(|index| {
                        let step = move || steps.with(|steps| steps[index]);
                        view! {
                            <li
                                class="step"
                                data-state=move || step().state.into_str()
                                aria-current=move || {
                                    (step().state == StepState::Now).then_some("step")
                                }
                            >
                                <span class="step__mark" aria-hidden="true"></span>
                                <span class="step__label">{move || step().label}</span>
                            </li>
                        }
                    })
                    .collect_view()}
            </ol>
            <details class="order-how">
                <summary>"How it went"</summary>
                <ul>
                    {move || {
                        let time = |time: String| view! { <li>{time}</li> };
                        times.get().into_iter().map(time).collect_view()
                    }}
                </ul>
                <p>"Each step is in the shop's log before you are told of it."</p>
            </details>
        </div>
    }
}

/// When the order was paid for and allocated.
fn confirmed_at(progress: &Progress) -> Option<i64> {
    let confirmed = |step: &&types::order::Step| matches!(step.kind, StepKind::Confirmed);
    Some(progress.steps.iter().find(confirmed)?.at_us)
}

/// How an order stands, in the document's title.
pub fn title_of(progress: &Progress) -> &'static str {
    match progress.status {
        OrderStatus::Reserving => "Reserving",
        OrderStatus::Paying => "Paying",
        OrderStatus::ActionRequired => "Your bank asks you",
        OrderStatus::AwaitingPayment if progress.decline().is_some() => "Card declined",
        OrderStatus::AwaitingPayment => "Waiting for a card",
        OrderStatus::Confirmed => "Confirmed",
        OrderStatus::Packed => "Packed",
        OrderStatus::PartlyShipped => "Sent in part",
        OrderStatus::Shipped => "On its way",
        OrderStatus::Delivered => "Delivered",
        OrderStatus::SendingAgain => "Sent again soon",
        OrderStatus::ShippedAgain => "On its way again",
        OrderStatus::CameBack => "Came back to us",
        OrderStatus::Lost => "Lost on the way",
        OrderStatus::Undelivered => "Did not arrive",
        OrderStatus::Rejected => "Sold out",
        OrderStatus::Cancelled => "Cancelled",
    }
}

/// How long after the order was placed each step was taken.
fn times(progress: &Progress) -> Vec<String> {
    let placed_at = progress.steps.first().map_or(0, |step| step.at_us);
    let time = |step: &types::order::Step| {
        let name = match step.kind {
            StepKind::Reserved => "Reserved",
            StepKind::StockRejected { .. } => "Found to be short of stock",
            StepKind::PaymentAuthorized => "Paid",
            StepKind::PaymentDeclined { .. } => "Card declined",
            StepKind::Confirmed => "Confirmed",
            StepKind::Cancelled { .. } => "Cancelled",
            StepKind::Packed => "Packed",
            _ => return None,
        };
        let span = when::span(step.at_us - placed_at);
        Some([name, " after ", &span].concat())
    };
    progress.steps.iter().filter_map(time).collect()
}

const STEPS: usize = 4;

/// The headline and what goes with it.
fn told(progress: &Progress, name: &str, is_own: bool) -> (&'static str, String) {
    let nothing_charged = if is_own {
        "Nothing was charged, and what you chose is in your cart again."
    } else {
        "Nothing was charged."
    };
    match progress.status {
        OrderStatus::Reserving => (
            "Reserving your pieces",
            "This takes a moment. The page moves by itself.".to_owned(),
        ),
        OrderStatus::Paying => (
            "Paying",
            "Your pieces are reserved. Your bank is being asked.".to_owned(),
        ),
        OrderStatus::ActionRequired => (
            "One more step",
            "Your pieces are reserved. Go on at your bank or payment service to pay for them."
                .to_owned(),
        ),
        OrderStatus::AwaitingPayment => match progress.decline() {
            Some(reason) => ("Your card was declined", reason.advice().to_owned()),
            None => (
                "Your pieces are reserved",
                "Enter a card to pay for them.".to_owned(),
            ),
        },
        OrderStatus::Confirmed => (
            "Your order is confirmed",
            ["Thank you, ", name, ". We are preparing your parcel."].concat(),
        ),
        OrderStatus::Packed => (
            "Your order is packed",
            "It leaves our house next.".to_owned(),
        ),
        OrderStatus::PartlyShipped => (
            "A part of your order is on its way",
            "The rest follows in a parcel of its own.".to_owned(),
        ),
        OrderStatus::Shipped => (
            "Your order is on its way",
            ["It has left our house, ", name, "."].concat(),
        ),
        OrderStatus::Delivered => (
            "Your order has arrived",
            "We hope it is what you wished for.".to_owned(),
        ),
        OrderStatus::SendingAgain => (
            "Your parcel is sent again",
            "We are packing the same pieces once more, at no cost to you.".to_owned(),
        ),
        OrderStatus::ShippedAgain => (
            "Your order is on its way again",
            ["It has left our house once more, ", name, "."].concat(),
        ),
        OrderStatus::CameBack => (
            "Your parcel came back to us",
            "The carrier could not deliver it. We send it again, or give your money back, and write to you."
                .to_owned(),
        ),
        OrderStatus::Lost => (
            "Your parcel was lost",
            "The carrier cannot find it. We are sorry: we send it again, or give your money back, and write \
             to you."
                .to_owned(),
        ),
        OrderStatus::Undelivered => (
            "Your order did not arrive",
            "Nothing more of it is on its way. What we gave back stands below.".to_owned(),
        ),
        OrderStatus::Rejected => (
            "Not every piece is still there",
            ["Somebody was faster. ", nothing_charged].concat(),
        ),
        OrderStatus::Cancelled => {
            let by = progress.steps.iter().find_map(|step| match step.kind {
                StepKind::Cancelled { by } => Some(by),
                _ => None,
            });
            let why = match by {
                Some(CancelledBy::PaymentWindow) => {
                    "The time to pay ended, so nothing is reserved any more. "
                }
                Some(CancelledBy::Deadline) => {
                    "We could not finish your order in time, so we ended it. "
                }
                Some(CancelledBy::Staff) => "We had to cancel your order and are sorry. ",
                Some(CancelledBy::Shopper) | None => "",
            };
            let ended = match confirmed_at(progress) {
                Some(_) => "What was held of your money is let go, and what was taken is given back.",
                None => nothing_charged,
            };
            ("Order cancelled", [why, ended].concat())
        }
    }
}

fn name_of(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Reserving => "reserving",
        OrderStatus::Paying => "paying",
        OrderStatus::ActionRequired => "action-required",
        OrderStatus::AwaitingPayment => "awaiting-payment",
        OrderStatus::Confirmed => "confirmed",
        OrderStatus::Packed => "packed",
        OrderStatus::PartlyShipped => "partly-shipped",
        OrderStatus::Shipped => "shipped",
        OrderStatus::Delivered => "delivered",
        OrderStatus::SendingAgain => "sending-again",
        OrderStatus::ShippedAgain => "shipped-again",
        OrderStatus::CameBack => "came-back",
        OrderStatus::Lost => "lost",
        OrderStatus::Undelivered => "undelivered",
        OrderStatus::Rejected => "rejected",
        OrderStatus::Cancelled => "cancelled",
    }
}

/// As the styles name it, in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
enum StepState {
    Done,
    Now,
    /// The shopper has to do something.
    Yours,
    Failed,
    Ahead,
    /// Will not come any more.
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ShownStep {
    state: StepState,
    label: &'static str,
}

/// The four steps of every order, as far as this one has come: to the confirmation first, and from
/// there to the door.
fn steps(progress: &Progress) -> [ShownStep; STEPS] {
    if let Some(steps) = way_to_the_door(progress.status) {
        return steps;
    }
    let happened = |kind: fn(&StepKind) -> bool| progress.steps.iter().any(|s| kind(&s.kind));
    let reserved = happened(|kind| matches!(kind, StepKind::Reserved));
    let paid = happened(|kind| matches!(kind, StepKind::PaymentAuthorized));
    let status = progress.status;
    let show = |state, label| ShownStep { state, label };
    let over = matches!(status, OrderStatus::Rejected | OrderStatus::Cancelled);
    [
        show(StepState::Done, "Placed"),
        match status {
            _ if reserved => show(StepState::Done, "Reserved"),
            OrderStatus::Rejected => show(StepState::Failed, "Not in stock"),
            _ if over => show(StepState::Never, "Not reserved"),
            _ => show(StepState::Now, "Reserving your pieces"),
        },
        match status {
            _ if paid => show(StepState::Done, "Paid"),
            OrderStatus::Paying => show(StepState::Now, "Paying"),
            OrderStatus::ActionRequired => show(StepState::Yours, "Waiting for you"),
            OrderStatus::AwaitingPayment if progress.decline().is_some() => {
                show(StepState::Yours, "Card declined")
            }
            OrderStatus::AwaitingPayment => show(StepState::Yours, "Waiting for a card"),
            OrderStatus::Reserving => show(StepState::Ahead, "Paid"),
            OrderStatus::Rejected | OrderStatus::Cancelled => show(StepState::Never, "Not charged"),
            _ => show(StepState::Done, "Paid"),
        },
        match status {
            OrderStatus::Confirmed => show(StepState::Done, "Confirmed"),
            OrderStatus::Cancelled => show(StepState::Failed, "Cancelled"),
            OrderStatus::Rejected => show(StepState::Never, "Not confirmed"),
            _ => show(StepState::Ahead, "Confirmed"),
        },
    ]
}

/// Of an order that is at least packed.
fn way_to_the_door(status: OrderStatus) -> Option<[ShownStep; STEPS]> {
    use StepState::{Ahead, Done, Failed, Now};
    let [packed, sent, arrived] = match status {
        OrderStatus::Packed => [Done, Now, Ahead],
        OrderStatus::PartlyShipped => [Done, Now, Ahead],
        OrderStatus::Shipped => [Done, Done, Now],
        OrderStatus::Delivered => [Done, Done, Done],
        OrderStatus::SendingAgain => [Done, Now, Ahead],
        OrderStatus::ShippedAgain => [Done, Done, Now],
        OrderStatus::CameBack | OrderStatus::Lost | OrderStatus::Undelivered => {
            [Done, Done, Failed]
        }
        _ => return None,
    };
    let sent_label = match status {
        OrderStatus::Packed => "Waits for the carrier",
        OrderStatus::PartlyShipped => "Sent in part",
        OrderStatus::SendingAgain => "Sent again soon",
        OrderStatus::ShippedAgain => "Sent again",
        _ => "Sent",
    };
    let arrived_label = match status {
        OrderStatus::Shipped => "On its way",
        OrderStatus::ShippedAgain => "On its way again",
        OrderStatus::CameBack => "Came back",
        OrderStatus::Lost => "Lost",
        OrderStatus::Undelivered => "Did not arrive",
        _ => "Delivered",
    };
    let show = |state, label| ShownStep { state, label };
    Some([
        show(Done, "Confirmed"),
        show(packed, "Packed"),
        show(sent, sent_label),
        show(arrived, arrived_label),
    ])
}

#[cfg(test)]
mod tests {
    use types::order::{DeclineReason, Step};

    use super::*;

    fn progress(status: OrderStatus, kinds: &[StepKind]) -> Progress {
        let steps = kinds.iter().zip(1..).map(|(kind, position)| Step {
            kind: kind.clone(),
            at_us: position as i64 * 200_000,
            position,
        });
        Progress {
            status,
            steps: steps.collect(),
            reserved_until_us: None,
        }
    }

    fn shown(progress: &Progress) -> Vec<(StepState, &'static str)> {
        steps(progress)
            .into_iter()
            .map(|step| (step.state, step.label))
            .collect()
    }

    #[test]
    fn an_order_that_goes_well_ticks_off_step_by_step() {
        use StepKind::*;
        use StepState::*;
        let now = progress(OrderStatus::Reserving, &[Placed]);
        assert_eq!(shown(&now)[1], (Now, "Reserving your pieces"));
        let now = progress(OrderStatus::Paying, &[Placed, Reserved, PaymentRequested]);
        assert_eq!(shown(&now)[1..3], [(Done, "Reserved"), (Now, "Paying")]);
        let all = [
            Placed,
            Reserved,
            PaymentRequested,
            PaymentAuthorized,
            Confirmed,
        ];
        let now = progress(OrderStatus::Confirmed, &all);
        assert!(steps(&now).iter().all(|step| step.state == Done));
        assert_eq!(
            times(&now).last().map(String::as_str),
            Some("Confirmed after 800 ms")
        );
        assert_eq!(title_of(&now), "Confirmed");
        assert_eq!(confirmed_at(&now), Some(1_000_000));
    }

    #[test]
    fn a_decline_hands_the_next_step_to_the_shopper() {
        let declined = StepKind::PaymentDeclined {
            reason: DeclineReason::CardDeclined,
        };
        let kinds = [
            StepKind::Placed,
            StepKind::Reserved,
            StepKind::PaymentRequested,
            declined,
        ];
        let now = progress(OrderStatus::AwaitingPayment, &kinds);
        assert_eq!(shown(&now)[2], (StepState::Yours, "Card declined"));
        assert_eq!(told(&now, "Ada", true).0, "Your card was declined");
    }

    #[test]
    fn a_paid_order_goes_on_to_the_door() {
        use StepState::*;
        let label = |status, at: usize| shown(&progress(status, &[]))[at];
        assert_eq!(label(OrderStatus::Packed, 1), (Done, "Packed"));
        assert_eq!(label(OrderStatus::PartlyShipped, 2), (Now, "Sent in part"));
        assert_eq!(label(OrderStatus::Shipped, 3), (Now, "On its way"));
        assert_eq!(label(OrderStatus::Delivered, 3), (Done, "Delivered"));
        assert_eq!(label(OrderStatus::Lost, 3), (Failed, "Lost"));
        assert_eq!(label(OrderStatus::CameBack, 3), (Failed, "Came back"));
        assert_eq!(
            label(OrderStatus::ShippedAgain, 3),
            (Now, "On its way again")
        );
    }

    #[test]
    fn what_ended_early_never_looks_as_if_it_went_on() {
        let now = progress(OrderStatus::Rejected, &[StepKind::Placed]);
        assert_eq!(shown(&now)[1], (StepState::Failed, "Not in stock"));
        let by = CancelledBy::PaymentWindow;
        let kinds = [
            StepKind::Placed,
            StepKind::Reserved,
            StepKind::Cancelled { by },
        ];
        let now = progress(OrderStatus::Cancelled, &kinds);
        assert_eq!(shown(&now)[3], (StepState::Failed, "Cancelled"));
        assert!(told(&now, "Ada", true).1.contains("time to pay"));
        let by = CancelledBy::Deadline;
        let kinds = [StepKind::Placed, StepKind::Cancelled { by }];
        let now = progress(OrderStatus::Cancelled, &kinds);
        assert!(
            told(&now, "Ada", true)
                .1
                .contains("could not finish your order")
        );
        assert!(told(&now, "Ada", true).1.contains("cart"));
        assert!(
            !told(&now, "Ada", false).1.contains("cart"),
            "it was not theirs"
        );
        assert_eq!(confirmed_at(&now), None, "nothing is promised");
    }
}
