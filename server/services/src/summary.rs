//! Events as one line for people.

use broker::decisions::{self, DeadLettered, Decision};
use broker::{REPLAYED, Recorded, Replayed};
use domain::Event;
use domain::event::{Pieces, StockMove};
use types::admin::EventRow;
use types::fulfilment::Outcome;
use types::order::{CancelledBy, order_number};
use types::returns::{ReceivedPieces, ReturnPieces};

use crate::events::decode;
use crate::staff_names::StaffNames;

/// An event of the log as the admin's stream shows it. One that this version cannot read is shown by
/// its name.
pub fn event_row(recorded: &Recorded, staff: &StaffNames) -> EventRow {
    let summary = if recorded.topic == decisions::TOPIC {
        broker_summary(recorded, staff)
    } else {
        decode(recorded).map_or_else(|error| error.to_string(), |event| summary(&event, staff))
    };
    EventRow {
        position: recorded.position,
        at_us: recorded.time_us,
        kind: recorded.kind.clone(),
        subject: subject(&recorded.key),
        source: recorded.source.clone(),
        summary,
    }
}

/// What a key stands for, as people say it: an order by its number.
pub(crate) fn subject(key: &str) -> String {
    key.parse().map_or_else(|_| key.to_owned(), order_number)
}

/// What the broker says of itself: a dead letter, and what somebody decided about it.
fn broker_summary(recorded: &Recorded, staff: &StaffNames) -> String {
    let dead = || serde_json::from_str::<DeadLettered>(&recorded.data).ok();
    let decision = || serde_json::from_str::<Decision>(&recorded.data).ok();
    match recorded.kind.as_str() {
        decisions::DEAD_LETTERED => dead().map(|dead| {
            format!(
                "#{} after {} attempts: {}",
                dead.position, dead.attempts, dead.error
            )
        }),
        REPLAYED => serde_json::from_str(&recorded.data)
            .ok()
            .map(|done: Replayed| {
                let (rows, by) = (done.rows, staff.of(&done.by));
                match done.differences {
                    0 => format!("by {by}: {rows} rows, the same as before"),
                    n => format!("by {by}: {rows} rows, {n} differences mended"),
                }
            }),
        _ => decision()
            .map(|decision| format!("#{} by {}", decision.position, staff.of(&decision.by))),
    }
    .unwrap_or_default()
}

fn summary(event: &Event, staff: &StaffNames) -> String {
    match event {
        Event::OrderPlaced(e) => {
            let pieces: u32 = e.lines.iter().map(|line| line.quantity).sum();
            format!("{}, {}", types::pieces(pieces), e.total)
        }
        Event::StockReserved(e) => format!("reserved {}", moves(&e.moves)),
        Event::StockReleased(e) => format!("released {}", moves(&e.moves)),
        Event::StockRejected(e) => {
            let short: Vec<String> = (e.short.iter())
                .map(|s| format!("{} of {} {}", s.available, s.wanted, s.sku))
                .collect();
            format!("short of stock: {}", short.join(", "))
        }
        Event::PaymentMethodRequired(_) => "waits for a card".to_owned(),
        Event::PaymentMethodGiven(_) => "another card given".to_owned(),
        Event::PaymentRequested(e) => format!("{}, attempt {}", e.amount, e.attempt),
        Event::PaymentAuthorized(e) => format!("{}, {}", e.amount, e.authorization_id),
        Event::PaymentDeclined(e) => format!("{}, attempt {}", e.reason.name(), e.attempt),
        Event::PaymentWindowElapsed(_) => "payment window over".to_owned(),
        Event::OrderConfirmed(_) => "reserved and paid".to_owned(),
        Event::OrderRejected(_) => "not enough stock".to_owned(),
        Event::OrderCancellationRequested(e) => match &e.staff {
            None => "the shopper asks to cancel".to_owned(),
            Some(by) => format!("to be cancelled ({})", staff.of(by)),
        },
        Event::OrderCancellationRefused(e) => e.refusal.to_string(),
        Event::OrderRestCancelled(e) => format!("never sent: {}", pieces(&e.lines)),
        Event::OrderCancelled(e) => match e.by {
            CancelledBy::Shopper => "by the shopper".to_owned(),
            CancelledBy::PaymentWindow => "the payment window was over".to_owned(),
            CancelledBy::Staff => "by staff".to_owned(),
            CancelledBy::Deadline => "it took too long, or was given up".to_owned(),
        },
        Event::OrderNoted(e) => format!("a note ({})", staff.of(&e.by)),
        Event::OrderDeadlinePassed(_) => "waited too long".to_owned(),
        Event::PaymentVoidRequested(e) => format!("let {} go", e.authorization_id),
        Event::PaymentVoided(e) => format!("{} is let go", e.authorization_id),
        Event::PaymentCaptureRequested(e) => format!("collect {}", e.amount),
        Event::PaymentCaptured(e) => format!("{} collected", e.amount),
        Event::PaymentCaptureFailed(e) => format!("{} not collected: {}", e.amount, e.reason),
        Event::PaymentCaptureRetryRequested(e) => format!("collect again ({})", staff.of(&e.by)),
        Event::PaymentRefundAsked(e) => {
            format!("give {} back: {} ({})", e.amount, e.reason, staff.of(&e.by))
        }
        Event::PaymentRefundRefused(e) => format!("at most {} can be given back", e.refundable),
        Event::PaymentRefundRequested(e) => format!("give {} back", e.amount),
        Event::PaymentRefunded(e) => format!("{} given back", e.amount),
        Event::PaymentRefundFailed(e) => format!("{} not given back: {}", e.amount, e.reason),
        Event::ShipmentRequested(e) => format!("pack {} ({})", pieces(&e.lines), staff.of(&e.by)),
        Event::ShipmentPacked(e) => format!("parcel {}: {}", e.number, pieces(&e.lines)),
        Event::ShipmentRefused(e) => e.refusal.to_string(),
        Event::ShipmentUnpackRequested(e) => format!("open the parcel again ({})", staff.of(&e.by)),
        Event::ShipmentUnpacked(_) => "the parcel is open again".to_owned(),
        Event::ShipmentHandoverReported(e) => format!("given to the carrier ({})", staff.of(&e.by)),
        Event::ShipmentShipped(e) => match &e.tracking {
            None => format!("parcel {} has left", e.number),
            Some(tracking) => format!("parcel {} has left: {}", e.number, tracking.number),
        },
        Event::ShipmentOutcomeReported(e) => {
            format!("{} ({})", outcome(e.outcome), staff.of(&e.by))
        }
        Event::ShipmentDelivered(e) => format!("parcel {} has arrived", e.number),
        Event::ShipmentLost(e) => format!("parcel {} is lost", e.number),
        Event::ShipmentCameBack(e) => format!("parcel {} came back", e.number),
        Event::StockShipped(e) => format!("sent {}", moves(&e.moves)),
        Event::StockReturned(e) => format!("back {}", moves(&e.moves)),
        Event::StockReleaseRequested(_) => "reserved in vain".to_owned(),
        Event::StockCorrectionRequested(e) => {
            format!("counted {}: {} ({})", e.on_hand, e.reason, staff.of(&e.by))
        }
        Event::StockCorrected(e) => format!("{} on hand ({:+}): {}", e.on_hand, e.change, e.reason),
        Event::StockCorrectionRejected(e) => {
            format!(
                "counted {}, but orders were promised {}",
                e.on_hand, e.allocated
            )
        }
        Event::ReturnRequested(_) => "the customer asks to send pieces back".to_owned(),
        Event::ReturnAsked(e) => format!("return {}: {}", e.number, returned(&e.lines)),
        Event::ReturnRefused(e) => e.refusal.to_string(),
        Event::ReturnAnswerGiven(e) => match e.is_accepted {
            true => format!("take it back ({})", staff.of(&e.by)),
            false => format!("do not take it back ({})", staff.of(&e.by)),
        },
        Event::ReturnAccepted(e) => format!("return {} is accepted", e.number),
        Event::ReturnDeclined(e) => format!("return {} is declined", e.number),
        Event::ReturnReceiptReported(e) => {
            format!(
                "unpacked, {} to be given back ({})",
                e.refund,
                staff.of(&e.by)
            )
        }
        Event::ReturnReceived(e) => {
            let sum = |count: fn(&ReceivedPieces) -> u32| e.lines.iter().map(count).sum::<u32>();
            let (restocked, lost) = (sum(|it| it.restocked), sum(|it| it.written_off));
            format!(
                "return {}: {restocked} on sale again, {lost} written off",
                e.number
            )
        }
        Event::PersonErased(e) => {
            let orders = e.orders.len();
            let noun = if orders == 1 { "order" } else { "orders" };
            format!("who placed {orders} {noun} is erased ({})", staff.of(&e.by))
        }
        Event::ProductIntroduced(e) => {
            format!(
                "{}, {} SKUs ({})",
                e.title,
                e.variants.len(),
                staff.of(&e.by)
            )
        }
        Event::PriceChangeRequested(e) => format!("{} to {} ({})", e.sku, e.price, staff.of(&e.by)),
        Event::PriceChanged(e) => format!(
            "{} from {} to {} ({})",
            e.sku,
            e.before,
            e.price,
            staff.of(&e.by)
        ),
        Event::PriceChangeRejected(e) => format!("{} not to {}: {}", e.sku, e.price, e.refusal),
        Event::ProductChangeRequested(e) => {
            format!("other texts or pictures ({})", staff.of(&e.by))
        }
        Event::ProductChanged(e) => format!(
            "{} has other texts or pictures ({})",
            e.title,
            staff.of(&e.by)
        ),
        Event::ProductWithdrawalRequested(e) => format!("to be sold no more ({})", staff.of(&e.by)),
        Event::ProductWithdrawn(e) => format!("sold no more ({})", staff.of(&e.by)),
        Event::ProductChangeRejected(e) => e.refusal.to_string(),
        Event::MailResendRequested(e) => {
            format!("mail {} again ({})", e.mail_id, staff.of(&e.by))
        }
    }
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Delivered => "it has arrived",
        Outcome::Lost => "it is lost",
        Outcome::CameBack => "it came back",
    }
}

fn returned(lines: &[ReturnPieces]) -> String {
    let line = |it: &ReturnPieces| format!("{} × {}, {}", it.quantity, it.sku, it.reason.words());
    lines.iter().map(line).collect::<Vec<_>>().join("; ")
}

fn pieces(lines: &[Pieces]) -> String {
    let parts: Vec<String> = lines
        .iter()
        .map(|line| format!("{} × {}", line.quantity, line.sku))
        .collect();
    parts.join(", ")
}

fn moves(moves: &[StockMove]) -> String {
    let parts: Vec<String> = moves
        .iter()
        .map(|moved| format!("{} × {}", moved.quantity, moved.sku))
        .collect();
    parts.join(", ")
}
