//! Events as one line for people.

use broker::decisions::{self, DeadLettered, Decision};
use broker::{REPLAYED, Recorded, Replayed};
use domain::Event;
use domain::event::StockMove;
use types::admin::EventRow;
use types::order::{CancelledBy, order_number};

use crate::events::decode;

/// An event of the log as the admin's stream shows it. One that this version cannot read is shown by
/// its name.
pub fn event_row(recorded: &Recorded) -> EventRow {
    let summary = if recorded.topic == decisions::TOPIC {
        broker_summary(recorded)
    } else {
        decode(recorded).map_or_else(|error| error.to_string(), |event| summary(&event))
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
fn broker_summary(recorded: &Recorded) -> String {
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
                let Replayed { rows, by, .. } = done;
                match done.differences {
                    0 => format!("by {by}: {rows} rows, the same as before"),
                    n => format!("by {by}: {rows} rows, {n} differences mended"),
                }
            }),
        _ => decision().map(|decision| format!("#{} by {}", decision.position, decision.by)),
    }
    .unwrap_or_default()
}

fn summary(event: &Event) -> String {
    match event {
        Event::OrderPlaced(e) => {
            let pieces: u32 = e.lines.iter().map(|line| line.quantity).sum();
            let noun = if pieces == 1 { "piece" } else { "pieces" };
            format!("{pieces} {noun}, {}", e.total)
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
        Event::OrderCancellationRequested(_) => "the shopper asks to cancel".to_owned(),
        Event::OrderCancelled(e) => match e.by {
            CancelledBy::Shopper => "by the shopper".to_owned(),
            CancelledBy::PaymentWindow => "the payment window was over".to_owned(),
            CancelledBy::Deadline => "it took too long, or was given up".to_owned(),
        },
        Event::OrderNoted(e) => format!("a note ({})", e.by),
        Event::OrderDeadlinePassed(_) => "waited too long".to_owned(),
        Event::PaymentVoidRequested(e) => format!("let {} go", e.authorization_id),
        Event::PaymentVoided(e) => format!("{} is let go", e.authorization_id),
        Event::StockReleaseRequested(_) => "reserved in vain".to_owned(),
        Event::StockCorrectionRequested(e) => {
            format!("counted {}: {} ({})", e.on_hand, e.reason, e.by)
        }
        Event::StockCorrected(e) => format!("{} on hand ({:+}): {}", e.on_hand, e.change, e.reason),
        Event::StockCorrectionRejected(e) => {
            format!(
                "counted {}, but orders were promised {}",
                e.on_hand, e.allocated
            )
        }
        Event::ProductIntroduced(e) => {
            format!("{}, {} SKUs ({})", e.title, e.variants.len(), e.by)
        }
        Event::PriceChangeRequested(e) => format!("{} to {} ({})", e.sku, e.price, e.by),
        Event::PriceChanged(e) => format!("{} from {} to {} ({})", e.sku, e.before, e.price, e.by),
        Event::PriceChangeRejected(e) => format!("{} not to {}: {}", e.sku, e.price, e.refusal),
        Event::ProductChangeRequested(e) => format!("other texts or pictures ({})", e.by),
        Event::ProductChanged(e) => format!("{} has other texts or pictures ({})", e.title, e.by),
        Event::ProductWithdrawalRequested(e) => format!("to be sold no more ({})", e.by),
        Event::ProductWithdrawn(e) => format!("sold no more ({})", e.by),
        Event::ProductChangeRejected(e) => e.refusal.to_string(),
    }
}

fn moves(moves: &[StockMove]) -> String {
    let parts: Vec<String> = moves
        .iter()
        .map(|moved| format!("{} × {}", moved.quantity, moved.sku))
        .collect();
    parts.join(", ")
}
