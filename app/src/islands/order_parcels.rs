//! The parcels of an order and what was given back of its money. Comes into sight with the first of either.

use leptos::prelude::*;
use types::fulfilment::{Tracking, Transit};
use types::order::{OrderStatus, Progress, StepKind};
use types::returns::BackTransit;
use types::{Money, OrderId, RefundId};

use crate::components::LocalTime;

/// A parcel that has left.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sent {
    parcel: u32,
    pieces: u32,
    tracking: Option<Tracking>,
    at_us: i64,
    /// Where it is, and since when.
    moved: Option<(Transit, i64)>,
    end: Option<(End, i64)>,
    /// The one that it goes in place of.
    replaces: Option<u32>,
    /// What becomes of it after it was lost or came back.
    next: Option<Next>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Delivered,
    Lost,
    CameBack,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Packed,
    OnItsWay,
    Arrived,
    GivenUp,
}

impl Next {
    const fn words(self) -> &'static str {
        match self {
            Self::Packed => "We are packing the same pieces for you again.",
            Self::OnItsWay => "The same pieces are on their way to you again.",
            Self::Arrived => "The same pieces have reached you in another parcel.",
            Self::GivenUp => "It is not sent again.",
        }
    }
}

impl End {
    const fn words(self) -> &'static str {
        match self {
            Self::Delivered => "Delivered ",
            Self::Lost => "Reported lost ",
            Self::CameBack => "Came back to us ",
        }
    }
}

#[component]
pub fn OrderParcels(id: OrderId, progress: ReadSignal<Progress>) -> impl IntoView {
    let sent = Memo::new(move |_| progress.with(parcels));
    let never = Memo::new(move |_| progress.with(never_sent));
    let refunds = Memo::new(move |_| progress.with(refunds));
    let list = move || {
        let parcels = sent.get();
        let of = parcels.len();
        let shown = parcels.into_iter().map(|sent| parcel(sent, of));
        let never = never.get();
        (of > 0 || never > 0).then(|| {
            view! {
                <section class="parcels" aria-labelledby="parcels-title">
                    <h2 id="parcels-title">{if of == 1 { "Your parcel" } else { "Your parcels" }}</h2>
                    <ul>{shown.collect_view()}</ul>
                    {(never > 0).then(|| view! { <p>{never_words(never)}</p> })}
                </section>
            }
        })
    };
    let given_back =
        move || {
            let refunds = refunds.get();
            (!refunds.is_empty()).then(|| {
            let is_done = refunds.iter().any(|refund| refund.state == RefundState::Done);
            let shown = refunds.into_iter().map(|refund| {
                let note = refund.refund_id.map(|refund| {
                    let note = format!("/orders/{id}/credit-notes/{refund}");
                    view! {
                        <p>
                            <a href=note>"Credit note"</a>
                        </p>
                    }
                });
                view! {
                    <li>
                        <strong>{refund.amount.to_string()}</strong>
                        {refund.state.words()}
                        <LocalTime at_us=refund.at_us />
                        {note}
                    </li>
                }
            });
            view! {
                <section class="parcels" aria-labelledby="refunds-title">
                    <h2 id="refunds-title">"Money given back"</h2>
                    <ul>{shown.collect_view()}</ul>
                    {is_done.then(|| view! { <p>"Your bank may take some days to show it."</p> })}
                </section>
            }
        })
        };
    let returns = Memo::new(move |_| progress.with(returns));
    let sent_back = move || {
        let returns = returns.get();
        (!returns.is_empty()).then(|| {
            let shown = returns.into_iter().map(|back| {
                let number = back.number;
                let label = back.is_awaited.then(|| {
                    view! {
                        <p>
                            <a href=format!("/orders/{id}/returns/{number}")>"Print its label"</a>
                        </p>
                    }
                });
                view! {
                    <li>
                        {format!("Return {number}: {} ", back.words)}
                        <LocalTime at_us=back.at_us />
                        {label}
                    </li>
                }
            });
            view! {
                <section class="parcels" aria-labelledby="returns-title">
                    <h2 id="returns-title">"Sent back"</h2>
                    <ul>{shown.collect_view()}</ul>
                </section>
            }
        })
    };
    let has_invoice = Memo::new(move |_| progress.with(has_invoice));
    let invoice = move || {
        has_invoice.get().then(|| {
            view! {
                <p class="order-invoice">
                    <a href=format!("/orders/{id}/invoice")>"Invoice"</a>
                    ", to print or to keep."
                </p>
            }
        })
    };
    view! {
        {list}
        {sent_back}
        {given_back}
        {invoice}
    }
}

fn parcel(sent: Sent, of: usize) -> impl IntoView {
    let pieces = match sent.pieces {
        1 => "1 piece".to_owned(),
        pieces => format!("{pieces} pieces"),
    };
    let name = match of {
        1 => pieces,
        _ => format!("Parcel {}: {pieces}", sent.parcel),
    };
    let name = match sent.replaces {
        Some(replaced) => format!("{name}, in place of parcel {replaced}"),
        None => name,
    };
    // What was sent again and turned up after all has arrived.
    let is_astray = sent.end.is_some_and(|(end, _)| end != End::Delivered);
    let tracking = sent.tracking.map(|Tracking { number, url }| {
        let number = view! { <span class="order-number" translate="no">{number}</span> };
        let shown = match url {
            // The page of another house.
            Some(url) => view! {
                <a href=url rel="noopener noreferrer external" target="_blank">
                    "Follow it: " {number}
                </a>
            }
            .into_any(),
            None => view! { <span>"Tracking number " {number}</span> }.into_any(),
        };
        view! { <p>{shown}</p> }
    });
    view! {
        <li class="parcel">
            <p class="parcel__name">{name}</p>
            <p>"Sent " <LocalTime at_us=sent.at_us /></p>
            {tracking}
            {sent.moved.filter(|_| sent.end.is_none()).map(|(transit, since_us)| view! {
                <p>{transit.words()} " since " <LocalTime at_us=since_us /></p>
            })}
            {sent.end.map(|(end, at_us)| view! {
                <p>{end.words()} <LocalTime at_us /></p>
            })}
            {sent.next.filter(|_| is_astray).map(|next| view! { <p>{next.words()}</p> })}
        </li>
    }
}

/// The parcels that have left, in their order.
fn parcels(progress: &Progress) -> Vec<Sent> {
    let mut sent: Vec<Sent> = Vec::new();
    for step in &progress.steps {
        let at_us = step.at_us;
        let (parcel, end) = match &step.kind {
            StepKind::Shipped {
                parcel,
                pieces,
                tracking,
                replaces,
            } => {
                if let Some(replaced) = sent.iter_mut().find(|it| Some(it.parcel) == *replaces) {
                    replaced.next = Some(Next::OnItsWay);
                }
                sent.push(Sent {
                    parcel: *parcel,
                    pieces: *pieces,
                    tracking: tracking.clone(),
                    at_us,
                    moved: None,
                    end: None,
                    replaces: *replaces,
                    next: None,
                });
                continue;
            }
            StepKind::PackedAgain { parcel } => {
                becomes(&mut sent, *parcel, Some(Next::Packed));
                continue;
            }
            StepKind::UnpackedAgain { parcel } => {
                becomes(&mut sent, *parcel, None);
                continue;
            }
            StepKind::GivenUp { parcel } => {
                becomes(&mut sent, *parcel, Some(Next::GivenUp));
                continue;
            }
            StepKind::Moved {
                parcel,
                transit,
                since_us,
            } => {
                if let Some(sent) = sent.iter_mut().find(|sent| sent.parcel == *parcel) {
                    sent.moved = Some((*transit, *since_us));
                }
                continue;
            }
            StepKind::Delivered { parcel } => (*parcel, End::Delivered),
            StepKind::Lost { parcel } => (*parcel, End::Lost),
            StepKind::CameBack { parcel } => (*parcel, End::CameBack),
            _ => continue,
        };
        let ended = sent.iter_mut().find(|sent| sent.parcel == parcel);
        let replaced = ended.and_then(|sent| {
            sent.end = Some((end, at_us));
            sent.replaces
        });
        if let Some(replaced) = replaced.filter(|_| end == End::Delivered) {
            becomes(&mut sent, replaced, Some(Next::Arrived));
        }
    }
    sent
}

fn becomes(sent: &mut [Sent], parcel: u32, next: Option<Next>) {
    if let Some(sent) = sent.iter_mut().find(|sent| sent.parcel == parcel) {
        sent.next = next;
    }
}

/// Whether something of the order is charged, or was.
fn has_invoice(progress: &Progress) -> bool {
    let happened = |kind: fn(&StepKind) -> bool| progress.steps.iter().any(|it| kind(&it.kind));
    happened(|kind| matches!(kind, StepKind::Confirmed))
        && (progress.status != OrderStatus::Cancelled
            || happened(|kind| matches!(kind, StepKind::Refunded { .. })))
}

/// Pieces that will not be sent.
fn never_sent(progress: &Progress) -> u32 {
    let pieces = progress.steps.iter().map(|step| match step.kind {
        StepKind::RestCancelled { pieces } => pieces,
        _ => 0,
    });
    pieces.sum()
}

fn never_words(pieces: u32) -> String {
    match pieces {
        1 => "One piece will not be sent, and you do not pay for it.".to_owned(),
        pieces => format!("{pieces} pieces will not be sent, and you do not pay for them."),
    }
}

/// Money that is given back, and what is known of it last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Refund {
    amount: Money,
    /// Once it is done, which has a paper.
    refund_id: Option<RefundId>,
    state: RefundState,
    at_us: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RefundState {
    UnderWay,
    Done,
    Failed,
}

impl RefundState {
    const fn words(self) -> &'static str {
        match self {
            Self::UnderWay => " is under way to you since ",
            Self::Done => " was given back ",
            Self::Failed => " did not reach you, we look after it; since ",
        }
    }
}

fn refunds(progress: &Progress) -> Vec<Refund> {
    let mut refunds: Vec<Refund> = Vec::new();
    for step in &progress.steps {
        let (amount, state, refund_id) = match step.kind {
            StepKind::RefundPending { amount } => (amount, RefundState::UnderWay, None),
            StepKind::Refunded { amount, refund_id } => {
                (amount, RefundState::Done, Some(refund_id))
            }
            StepKind::RefundFailed { amount } => (amount, RefundState::Failed, None),
            _ => continue,
        };
        // Which one it is the step does not say: of the same amount it does not matter.
        let followed = |known: &&mut Refund| {
            known.amount == amount
                && match state {
                    RefundState::UnderWay => known.state == RefundState::Failed,
                    RefundState::Done => known.state != RefundState::Done,
                    RefundState::Failed => known.state != RefundState::Failed,
                }
        };
        let refund = Refund {
            amount,
            refund_id,
            state,
            at_us: step.at_us,
        };
        match refunds.iter_mut().find(followed) {
            Some(known) => *known = refund,
            None => refunds.push(refund),
        }
    }
    refunds
}

/// A return, and what is known of it last.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Back {
    number: u32,
    words: &'static str,
    at_us: i64,
    /// Whether it may be sent.
    is_awaited: bool,
}

fn returns(progress: &Progress) -> Vec<Back> {
    let mut returns: Vec<Back> = Vec::new();
    for step in &progress.steps {
        let (number, words) = match step.kind {
            StepKind::ReturnAsked { number } => (number, "asked for, we will answer soon"),
            StepKind::ReturnAccepted { number } => (number, "accepted, please send it to us"),
            StepKind::ReturnDeclined { number } => (number, "not accepted"),
            StepKind::ReturnMoved { number, transit } => (number, moved_words(transit)),
            StepKind::ReturnReceived { number } => (number, "arrived with us"),
            _ => continue,
        };
        returns.retain(|known| known.number != number);
        returns.push(Back {
            number,
            words,
            at_us: step.at_us,
            is_awaited: matches!(step.kind, StepKind::ReturnAccepted { .. }),
        });
    }
    returns
}

const fn moved_words(transit: BackTransit) -> &'static str {
    match transit {
        BackTransit::OnItsWay => "on its way to us",
        BackTransit::Arrived => "arrived with us, we unpack it soon",
        BackTransit::Lost => "lost by the carrier, we will write to you",
    }
}

#[cfg(test)]
mod tests {
    use types::order::Step;

    use super::*;

    #[test]
    fn a_refund_is_told_with_what_became_of_it_last() {
        let refund_id: RefundId = "0199c0a0-3333-7aaa-8bbb-123456789abc"
            .parse()
            .expect("an id");
        let [small, large] = [500, 2_000].map(|minor| Money::new(minor, types::Currency::Eur));
        let of = |kinds: &[StepKind]| {
            let steps = kinds.iter().cloned().zip(1..).map(|(kind, position)| Step {
                kind,
                at_us: position as i64,
                position,
            });
            let progress = Progress {
                status: OrderStatus::Delivered,
                steps: steps.collect(),
                reserved_until_us: None,
            };
            let refunds = refunds(&progress).into_iter();
            refunds.map(|it| (it.amount, it.state)).collect::<Vec<_>>()
        };
        let mut kinds = vec![
            StepKind::RefundPending { amount: small },
            StepKind::Refunded {
                amount: large,
                refund_id,
            },
        ];
        assert_eq!(
            of(&kinds),
            [(small, RefundState::UnderWay), (large, RefundState::Done)]
        );
        kinds.push(StepKind::Refunded {
            amount: small,
            refund_id,
        });
        assert_eq!(of(&kinds)[0], (small, RefundState::Done));
        kinds.push(StepKind::RefundFailed { amount: small });
        assert_eq!(of(&kinds)[0], (small, RefundState::Failed));
        kinds.push(StepKind::Refunded {
            amount: small,
            refund_id,
        });
        assert_eq!(
            of(&kinds),
            [(small, RefundState::Done), (large, RefundState::Done)]
        );
    }

    #[test]
    fn a_parcel_is_told_with_what_became_of_it_last() {
        let kinds = [
            StepKind::Packed,
            StepKind::Shipped {
                parcel: 2,
                pieces: 1,
                tracking: None,
                replaces: None,
            },
            StepKind::Moved {
                parcel: 2,
                transit: Transit::InTransit,
                since_us: 1,
            },
            StepKind::Lost { parcel: 2 },
            StepKind::Delivered { parcel: 2 },
            StepKind::RestCancelled { pieces: 3 },
        ];
        let steps = kinds.into_iter().zip(1..).map(|(kind, position)| Step {
            kind,
            at_us: position as i64,
            position,
        });
        let progress = Progress {
            status: OrderStatus::Delivered,
            steps: steps.collect(),
            reserved_until_us: None,
        };
        let parcels = parcels(&progress);
        assert_eq!(parcels.len(), 1);
        assert_eq!(parcels[0].end, Some((End::Delivered, 5)));
        assert_eq!(never_sent(&progress), 3);
    }

    #[test]
    fn what_was_sent_again_is_on_its_way_until_it_arrives() {
        let shipped = |parcel, replaces| StepKind::Shipped {
            parcel,
            pieces: 1,
            tracking: None,
            replaces,
        };
        let mut progress = Progress {
            status: OrderStatus::ShippedAgain,
            steps: Vec::new(),
            reserved_until_us: None,
        };
        let kinds = [
            shipped(1, None),
            StepKind::Lost { parcel: 1 },
            shipped(2, Some(1)),
            StepKind::Delivered { parcel: 2 },
        ];
        let mut seen = Vec::new();
        for (kind, position) in kinds.into_iter().zip(1..) {
            progress.steps.push(Step {
                kind,
                at_us: position as i64,
                position,
            });
            seen.push(parcels(&progress)[0].next);
        }
        assert_eq!(
            seen,
            [None, None, Some(Next::OnItsWay), Some(Next::Arrived)]
        );
    }
}
