//! Where an order stands: a sentence and the steps it has taken. Moves by itself.

use leptos::prelude::*;
use strum::IntoStaticStr;
use types::order::{CancelledBy, OrderStatus, Progress, StepKind};

use crate::components::when;

/// `name` is the shopper's.
#[component]
pub fn OrderProgress(name: String, progress: ReadSignal<Progress>) -> impl IntoView {
    let told = Memo::new(move |_| progress.with(|progress| told(progress, &name)));
    let steps = Memo::new(move |_| progress.with(steps));
    let status = move || progress.with(|progress| name_of(progress.status));
    view! {
        <div class="order-progress" data-status=status>
            // One live region for all of it: the steps below say the same in a picture.
            <div role="status" class="order-progress__told">
                <p class="order-progress__headline">{move || told.get().0}</p>
                <p class="order-progress__detail">{move || told.get().1}</p>
            </div>
            <ol class="steps" aria-label="Order progress">
                {(0..STEPS)
                    .map(|index| {
                        let step = move || steps.with(|steps| steps[index].clone());
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
                                <span class="step__note">{move || step().note}</span>
                            </li>
                        }
                    })
                    .collect_view()}
            </ol>
        </div>
    }
}

const STEPS: usize = 4;

/// The headline and what goes with it.
fn told(progress: &Progress, name: &str) -> (&'static str, String) {
    match progress.status {
        OrderStatus::Reserving => (
            "Reserving your pieces",
            "This takes a moment. The page moves by itself.".to_owned(),
        ),
        OrderStatus::Paying => (
            "Paying",
            "Your pieces are reserved. Your bank is being asked.".to_owned(),
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
            format!("Thank you, {name}. We are preparing your parcel."),
        ),
        OrderStatus::Rejected => (
            "Not every piece is still there",
            "Somebody was faster. Nothing was charged, and what you chose is in your cart again."
                .to_owned(),
        ),
        OrderStatus::Cancelled => {
            let by = progress.steps.iter().find_map(|step| match step.kind {
                StepKind::Cancelled { by } => Some(by),
                _ => None,
            });
            let why = match by {
                Some(CancelledBy::PaymentWindow) => {
                    "The time to pay ended, so nothing is reserved any more. Nothing was charged, and \
                     your pieces are in your cart again."
                }
                Some(CancelledBy::Deadline) => {
                    "We could not finish your order in time, so we ended it. Nothing was charged. \
                     Your pieces are in your cart again: please try once more."
                }
                Some(CancelledBy::Shopper) | None => {
                    "Nothing was charged, and your pieces are in your cart again."
                }
            };
            ("Order cancelled", why.to_owned())
        }
    }
}

fn name_of(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Reserving => "reserving",
        OrderStatus::Paying => "paying",
        OrderStatus::AwaitingPayment => "awaiting-payment",
        OrderStatus::Confirmed => "confirmed",
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

#[derive(Debug, Clone, PartialEq, Eq)]
struct ShownStep {
    state: StepState,
    label: &'static str,
    /// How long after the order was placed, or what is expected.
    note: String,
}

/// The four steps of every order, as far as this one has come.
fn steps(progress: &Progress) -> [ShownStep; STEPS] {
    let placed_at = progress.steps.first().map_or(0, |step| step.at_us);
    let since = |happened: fn(&StepKind) -> bool| {
        let step = progress
            .steps
            .iter()
            .rev()
            .find(|step| happened(&step.kind))?;
        Some(format!("after {}", when::span(step.at_us - placed_at)))
    };
    let reserved = since(|kind| matches!(kind, StepKind::Reserved));
    let paid = since(|kind| matches!(kind, StepKind::PaymentAuthorized));
    let declined = since(|kind| matches!(kind, StepKind::PaymentDeclined { .. }));
    let confirmed = since(|kind| matches!(kind, StepKind::Confirmed));
    let status = progress.status;
    let show = |state, label, note: Option<String>| ShownStep {
        state,
        label,
        note: note.unwrap_or_default(),
    };
    let over = matches!(status, OrderStatus::Rejected | OrderStatus::Cancelled);
    [
        show(StepState::Done, "Placed", Some("accepted".to_owned())),
        match reserved {
            Some(_) => show(StepState::Done, "Reserved", reserved),
            None if status == OrderStatus::Rejected => {
                show(StepState::Failed, "Not in stock", None)
            }
            None if over => show(StepState::Never, "Reserved", None),
            None => show(StepState::Now, "Reserving your pieces", None),
        },
        match paid {
            Some(_) => show(StepState::Done, "Paid", paid),
            None => match status {
                OrderStatus::Paying => show(StepState::Now, "Paying", None),
                OrderStatus::AwaitingPayment if declined.is_some() => {
                    show(StepState::Yours, "Card declined", declined)
                }
                OrderStatus::AwaitingPayment => show(StepState::Yours, "Waiting for a card", None),
                OrderStatus::Confirmed => show(StepState::Done, "Paid", None),
                OrderStatus::Reserving => show(StepState::Ahead, "Paid", None),
                _ => show(StepState::Never, "Not charged", None),
            },
        },
        match (confirmed, status) {
            (confirmed, OrderStatus::Confirmed) => show(StepState::Done, "Confirmed", confirmed),
            (_, OrderStatus::Cancelled) => show(StepState::Failed, "Cancelled", None),
            (_, OrderStatus::Rejected) => show(StepState::Never, "Confirmed", None),
            _ => show(StepState::Ahead, "Confirmed", None),
        },
    ]
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
        assert_eq!(steps(&now)[3].note, "after 800 ms");
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
        assert_eq!(told(&now, "Ada").0, "Your card was declined");
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
        assert!(told(&now, "Ada").1.contains("time to pay"));
        let by = CancelledBy::Deadline;
        let kinds = [StepKind::Placed, StepKind::Cancelled { by }];
        let now = progress(OrderStatus::Cancelled, &kinds);
        assert!(told(&now, "Ada").1.contains("could not finish your order"));
    }
}
