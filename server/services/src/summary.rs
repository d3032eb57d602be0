//! Events as one line for people.

use broker::decisions::{self, DeadLettered, Decision};
use broker::{QUARANTINED, Quarantined, REPLAYED, Recorded, Replayed};
use domain::Event;
use domain::event::{
    Decision as ParcelDecision, PaymentOutcome, PaymentSettlementDiffers, Pieces, RefundOutcome,
    SecondStep, SettledBy, StockMove, WithdrawnBy,
};
use types::Money;
use types::admin::EventRow;
use types::alert::AlertChange;
use types::delivery::DeliveryTerms;
use types::fulfilment::Outcome;
use types::order::{CancelledBy, order_number};
use types::purchasing::{PurchaseCommand, PurchaseLine};
use types::restock::RestockRule;
use types::returns::{ReceivedPieces, ReturnPieces};

use crate::events::decode;
use crate::staff_names::StaffNames;

/// An event of the log as the admin's stream shows it. One that this version cannot read is shown by
/// its name.
pub fn event_row(recorded: &Recorded, staff: &StaffNames) -> EventRow {
    let summary = if recorded.topic == decisions::TOPIC {
        broker_summary(recorded, staff)
    } else if recorded.is_from_outside() {
        outside_summary(recorded)
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

/// Letters of the content of an event from outside that a row shows.
const SHOWN: usize = 160;

/// What a service outside has sent: nobody here knows what it means.
fn outside_summary(recorded: &Recorded) -> String {
    let mut shown: String = recorded.data.chars().take(SHOWN).collect();
    if shown.len() < recorded.data.len() {
        shown.push('\u{2026}');
    }
    shown
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
        QUARANTINED => serde_json::from_str(&recorded.data)
            .ok()
            .map(|done: Quarantined| format!("by {}: {}", staff.of(&done.by), done.damage)),
        _ => decision()
            .map(|decision| format!("#{} by {}", decision.position, staff.of(&decision.by))),
    }
    .unwrap_or_default()
}

fn told(outcome: PaymentOutcome) -> String {
    match outcome {
        PaymentOutcome::Authorized { amount } => format!("{amount} authorized"),
        PaymentOutcome::Declined { reason } => reason.name().to_owned(),
        PaymentOutcome::LetGo => "let go".to_owned(),
        PaymentOutcome::Expired => "expired".to_owned(),
    }
}

fn differs(told: &PaymentSettlementDiffers) -> String {
    let amount = |money: Option<Money>| money.map_or("nothing".to_owned(), |it| it.to_string());
    format!(
        "{} of {}: the gateway has settled {}, the books say {}",
        told.kind,
        told.day,
        amount(told.at_gateway),
        amount(told.in_books)
    )
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
        Event::PaymentMethodGiven(_) => "a card given".to_owned(),
        Event::PaymentRequested(e) => format!("{}, attempt {}", e.amount, e.attempt),
        Event::PaymentAuthorized(e) => format!("{}, {}", e.amount, e.authorization_id),
        Event::PaymentActionRequired(e) => format!("the shopper has to act, attempt {}", e.attempt),
        Event::PaymentReturnReported(_) => "the shopper is back from the gateway".to_owned(),
        Event::PaymentCheckRequested(e) if e.is_last => "give up what was not done".to_owned(),
        Event::PaymentCheckRequested(_) => "ask what came of it".to_owned(),
        Event::PaymentReported(e) => {
            format!("told: {}, attempt {}", told(e.outcome), e.attempt)
        }
        Event::PaymentAuthorizationExpired(e) => format!("{} has expired", e.authorization_id),
        Event::PaymentReauthorizationRequested(e) => format!("hold {} again", e.authorization_id),
        Event::PaymentReauthorized(e) => format!("{} is held again", e.authorization_id),
        Event::PaymentReauthorizationFailed(e) => {
            format!("{} is not held again: {}", e.authorization_id, e.reason)
        }
        Event::PaymentSettlementDiffers(e) => differs(e),
        Event::PaymentSettled(e) => {
            format!(
                "{}: {} lines, {} differences",
                e.day, e.lines, e.differences
            )
        }
        Event::PaymentDeclined(e) => format!("{}, attempt {}", e.reason.name(), e.attempt),
        Event::PaymentReminderDue(_) => "the payment window ends soon".to_owned(),
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
        Event::OrderAddressCorrected(e) => format!("the address corrected ({})", staff.of(&e.by)),
        Event::OrderNoted(e) => format!("a note ({})", staff.of(&e.by)),
        Event::OrderDeadlinePassed(_) => "waited too long".to_owned(),
        Event::PaymentVoidRequested(e) => format!("let {} go", e.authorization_id),
        Event::PaymentVoided(e) => format!("{} is let go", e.authorization_id),
        Event::PaymentCaptureRequested(e) => format!("collect {}", e.amount),
        Event::PaymentCaptured(e) => match e.asked {
            None => format!("{} collected", e.amount),
            Some(asked) => format!(
                "{} collected, not {asked}: the card allows it once",
                e.amount
            ),
        },
        Event::PaymentCaptureFailed(e) => format!("{} not collected: {}", e.amount, e.reason),
        Event::PaymentCaptureRetryRequested(e) => format!("collect again ({})", staff.of(&e.by)),
        Event::PaymentRefundAsked(e) => {
            format!("give {} back: {} ({})", e.amount, e.reason, staff.of(&e.by))
        }
        Event::PaymentRefundRefused(e) => format!("at most {} can be given back", e.refundable),
        Event::PaymentRefundRequested(e) => format!("give {} back", e.amount),
        Event::PaymentRefundPending(e) => {
            format!("{} being given back, {}", e.amount, e.gateway_refund_id)
        }
        Event::PaymentRefundReported(e) => {
            let became = match &e.outcome {
                RefundOutcome::Pending => "is on its way",
                RefundOutcome::Done => "is given back",
                RefundOutcome::Failed { reason } => {
                    return format!("{} is not given back: {reason}", e.gateway_refund_id);
                }
            };
            format!("{} {became}", e.gateway_refund_id)
        }
        Event::PaymentRefundCheckRequested(e) => format!("ask about {}", e.gateway_refund_id),
        Event::PaymentRefunded(e) => format!("{} given back", e.amount),
        Event::PaymentRefundFailed(e) => format!("{} not given back: {}", e.amount, e.reason),
        Event::ShipmentRequested(e) => format!("pack {} ({})", pieces(&e.lines), staff.of(&e.by)),
        Event::ShipmentPacked(e) => match &e.replaces {
            None => format!("parcel {}: {}", e.number, pieces(&e.lines)),
            Some(replaced) => format!(
                "parcel {} in place of parcel {}: {}",
                e.number,
                replaced.number,
                pieces(&e.lines)
            ),
        },
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
        Event::ShipmentCameBack(e) => {
            format!("parcel {} came back: {}", e.number, pieces(&e.lines))
        }
        Event::ShipmentDecisionGiven(e) => match &e.decision {
            ParcelDecision::SendAgain { .. } => format!("send it again ({})", staff.of(&e.by)),
            ParcelDecision::GiveUp { refund, .. } => {
                format!(
                    "give it up, {refund} to be given back ({})",
                    staff.of(&e.by)
                )
            }
        },
        Event::ShipmentReplacementRequested(e) => {
            format!(
                "hold {} to send parcel {} again",
                pieces(&e.lines),
                e.number
            )
        }
        Event::ShipmentNotReplaced(e) => format!("parcel {} is not sent again", e.number),
        Event::ShipmentGivenUp(e) => format!("parcel {} is given up", e.number),
        Event::ShipmentCarrierReported(e) => {
            format!(
                "the carrier says of {}: {}",
                e.tracking_number,
                e.status.words()
            )
        }
        Event::ShipmentLabelAsked(e) => {
            format!("a label of {} ({})", e.carrier.name(), staff.of(&e.by))
        }
        Event::ShipmentLabelRequested(e) => format!("a label for parcel {}", e.number),
        Event::ShipmentLabelled(e) => format!("the label {}", e.tracking.number),
        Event::ShipmentLabelFailed(e) => format!("no label: {}", e.reason),
        Event::ShipmentLabelCancelAsked(e) => {
            format!("the label is not needed any more ({})", staff.of(&e.by))
        }
        Event::ShipmentLabelCancelRequested(e) => format!("take {} back", e.tracking_number),
        Event::ShipmentLabelCancelled(_) => "the label is taken back".to_owned(),
        Event::ShipmentLabelKept(e) => format!("the label is not taken back: {}", e.reason),
        Event::ShipmentMoved(e) => {
            format!("parcel {}: {}", e.number, e.transit.words().to_lowercase())
        }
        Event::ReturnLabelAsked(e) => format!("a label once more ({})", staff.of(&e.by)),
        Event::ReturnLabelRequested(e) => format!("a label for return {}", e.number),
        Event::ReturnLabelled(e) => format!("the label {}", e.tracking.number),
        Event::ReturnLabelFailed(e) => format!("no label: {}", e.reason),
        Event::ReturnCarrierReported(e) => {
            format!(
                "the carrier says of {}: {}",
                e.tracking_number,
                e.status.words()
            )
        }
        Event::ReturnMoved(e) => format!("return {}: {}", e.number, e.transit.words()),
        Event::StockShipped(e) => format!("sent {}", moves(&e.moves)),
        Event::StockDispatchRequested(e) => format!("has left: {}", pieces(&e.lines)),
        Event::StockAllocated(e) => format!("held to be sent again: {}", moves(&e.moves)),
        Event::StockAllocationRefused(e) => match e.short.is_empty() {
            true => "nothing is held to be sent again".to_owned(),
            false => {
                let short = e.short.iter();
                let short = short.map(|it| format!("{} of {} {}", it.available, it.wanted, it.sku));
                format!("short: {}", short.collect::<Vec<_>>().join(", "))
            }
        },
        Event::StockReturned(e) => format!("back {}", moves(&e.moves)),
        Event::ReservationRequested(_) => "a shopper is at the checkout".to_owned(),
        Event::ReservationHeld(e) => match (e.lines.is_empty(), e.short.is_empty()) {
            (true, _) => "nothing is left to hold for a checkout".to_owned(),
            (false, true) => format!("held for a checkout: {}", pieces(&e.lines)),
            (false, false) => format!("held for a checkout, short of more: {}", pieces(&e.lines)),
        },
        Event::ReservationExtensionRequested(_) => "the shopper asks for more time".to_owned(),
        Event::ReservationExtended(e) => format!("more time, extension {}", e.extensions),
        Event::ReservationExtensionRefused(e) => e.refusal.to_string(),
        Event::ReservationLeft(_) => "the checkout was closed".to_owned(),
        Event::ReservationShortened(_) => "held for some seconds more".to_owned(),
        Event::ReservationElapsed(_) => "the time of a checkout is over".to_owned(),
        Event::ReservationReleased(e) => format!("on the shelf again: {}", moves(&e.moves)),
        Event::StockReleaseRequested(_) => "reserved in vain".to_owned(),
        Event::StockCorrectionRequested(e) => {
            format!("counted {}: {} ({})", e.on_hand, e.reason, staff.of(&e.by))
        }
        Event::StockCorrected(e) => format!("{} on hand ({:+}): {}", e.on_hand, e.change, e.reason),
        Event::StockWriteOffRequested(e) => {
            format!("{} to be written off ({})", e.quantity, staff.of(&e.by))
        }
        Event::StockWrittenOff(e) => format!(
            "{} written off, {}; {} on hand ({})",
            e.quantity,
            e.cause.title().to_lowercase(),
            e.on_hand,
            staff.of(&e.by)
        ),
        Event::StockWriteOffRejected(e) => {
            format!("{} are not free to be written off", e.quantity)
        }
        Event::StockBatchRequested(e) => {
            format!(
                "{} SKUs at once: {} ({})",
                e.lines.len(),
                e.reason,
                staff.of(&e.by)
            )
        }
        Event::StockBatchAccepted(e) => format!(
            "{} of {} counts changed, {} thresholds given ({})",
            e.changed,
            e.counted,
            e.thresholds.len(),
            staff.of(&e.by)
        ),
        Event::StockBatchRejected(e) => {
            format!(
                "nothing of it is done: {} SKUs stand against it",
                e.conflicts.len()
            )
        }
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
            let count = |it: &ReceivedPieces| match (it.restocked, it.written_off) {
                (on_sale, 0) => format!("{on_sale} × {} on sale again", it.sku),
                (0, lost) => format!("{lost} × {} written off", it.sku),
                (on_sale, lost) => {
                    format!("{on_sale} × {} on sale again, {lost} written off", it.sku)
                }
            };
            let counted: Vec<String> = e.lines.iter().map(count).collect();
            format!("return {}: {}", e.number, counted.join("; "))
        }
        Event::BackInStockRequested(_) => "somebody wants to be told when it is back".to_owned(),
        Event::BackInStockAwaited(_) => "somebody waits until it is back".to_owned(),
        Event::BackInStockRefused(e) => format!("nobody has to wait: {} are there", e.available),
        Event::BackInStockDue(_) => "it is back: somebody is to be told".to_owned(),
        Event::BackInStockMissed(_) => "gone again before somebody was told".to_owned(),
        Event::BackInStockReturned(_) => "who was not told comes back".to_owned(),
        Event::BackInStockRequeued(_) => "waits again, as the first".to_owned(),
        Event::BackInStockSettled(e) => match e.by {
            SettledBy::Sale => format!("ordered; {} told have had their chance", e.signups.len()),
            SettledBy::Deadline => format!("{} told have had their time", e.signups.len()),
        },
        Event::BackInStockWithdrawalRequested(_) => "somebody wants to be told no more".to_owned(),
        Event::BackInStockWithdrawn(e) => match e.by {
            WithdrawnBy::Link => "somebody waits no more".to_owned(),
            WithdrawnBy::Erasure => "who waited is erased".to_owned(),
        },
        Event::BackInStockElapsed(_) => "a time of those who wait is over".to_owned(),
        Event::BackInStockExpired(_) => "somebody has waited as long as they wanted".to_owned(),
        Event::PersonErased(e) if e.orders.is_empty() => {
            format!("who wanted to be told is erased ({})", staff.of(&e.by))
        }
        Event::PersonErased(e) => {
            let orders = e.orders.len();
            let noun = if orders == 1 { "order" } else { "orders" };
            format!("who placed {orders} {noun} is erased ({})", staff.of(&e.by))
        }
        Event::PersonExported(e) => {
            let orders = e.orders.len();
            let noun = if orders == 1 { "order" } else { "orders" };
            let by = staff.of(&e.by);
            format!("what is known of who placed {orders} {noun} is given out ({by})")
        }
        Event::StaffInvited(e) => {
            let (who, role) = (staff.of(&e.member), e.role.title());
            format!("{who} is invited as {role} ({})", staff.of(&e.by))
        }
        Event::StaffInvitationMailed(e) => match &e.refused {
            None => format!("{} was written to", staff.of(&e.member)),
            Some(why) => format!("{} was not written to: {why}", staff.of(&e.member)),
        },
        Event::StaffInvitationWithdrawn(e) => {
            let who = staff.of(&e.member);
            format!("{who} is not invited any more ({})", staff.of(&e.by))
        }
        Event::StaffJoined(e) => format!("{} is {} now", staff.of(&e.member), e.role.title()),
        Event::StaffRoleChanged(e) => {
            let (who, before, role) = (staff.of(&e.member), e.before.title(), e.role.title());
            format!("{who} is {role} and no more {before} ({})", staff.of(&e.by))
        }
        Event::StaffRemoved(e) => {
            format!("{} is removed ({})", staff.of(&e.member), staff.of(&e.by))
        }
        Event::StaffPasswordChanged(e) => {
            let who = staff.of(&e.member);
            format!("{who} has another password ({})", staff.of(&e.by))
        }
        Event::StaffSecondStepChanged(e) => {
            let (who, by) = (staff.of(&e.member), staff.of(&e.by));
            match e.is_on {
                true => format!("{who} is asked for a code, too ({by})"),
                false => format!("{who} is asked for no code any more ({by})"),
            }
        }
        Event::StaffSignedIn(e) => {
            let with = match e.second_step {
                SecondStep::None => "a password",
                SecondStep::Code => "a password and a code",
                SecondStep::RecoveryCode => "a password and a recovery code",
            };
            format!("{} signs in with {with}", staff.of(&e.member))
        }
        Event::ServiceRegistered(e) => {
            let sends: Vec<&str> = e.grants.sends.iter().map(|sends| &*sends.kind).collect();
            let reads: Vec<&str> = (e.grants.types.iter())
                .chain(&e.grants.topics)
                .map(String::as_str)
                .collect();
            let words = |list: Vec<&str>| match list.is_empty() {
                true => "nothing".to_owned(),
                false => list.join(", "),
            };
            format!(
                "may send {}, may read {} ({})",
                words(sends),
                words(reads),
                staff.of(&e.by)
            )
        }
        Event::ServiceRevoked(e) => {
            format!("its token is of no use any more ({})", staff.of(&e.by))
        }
        Event::SubscriptionSet(e) => {
            let heard: Vec<&str> = (e.types.iter().chain(&e.topics))
                .map(String::as_str)
                .collect();
            match heard.is_empty() {
                true => "hears everything that it may read".to_owned(),
                false => format!("hears {}", heard.join(", ")),
            }
        }
        Event::SubscriptionEnded(e) => format!("hears no more, {} events given up", e.given_up),
        Event::StaffSessionsEnded(e) => {
            let noun = if e.sessions == 1 {
                "browser"
            } else {
                "browsers"
            };
            let (who, by) = (staff.of(&e.member), staff.of(&e.by));
            format!("{who} is signed out of {} {noun} ({by})", e.sessions)
        }
        Event::ProductIntroduced(e) => {
            format!(
                "{}, {} SKUs ({})",
                e.title,
                e.variants.len(),
                staff.of(&e.by)
            )
        }
        Event::PriceChangeRequested(e) => match e.from_us {
            None => format!("{} to {} ({})", e.sku, e.price, staff.of(&e.by)),
            Some(_) => format!("{} to {} later ({})", e.sku, e.price, staff.of(&e.by)),
        },
        Event::PricePlanned(e) => format!(
            "{} to {} from {} on ({})",
            e.sku,
            e.price,
            minute(e.from_us),
            staff.of(&e.by)
        ),
        Event::PriceDue(e) => format!("the planned price of {} is due", e.sku),
        Event::PricePlanWithdrawalRequested(e) => {
            format!(
                "the planned price of {} is not to come ({})",
                e.sku,
                staff.of(&e.by)
            )
        }
        Event::PricePlanWithdrawn(e) => {
            format!(
                "the planned price of {} does not come ({})",
                e.sku,
                staff.of(&e.by)
            )
        }
        Event::PriceChanged(e) => format!(
            "{} from {} to {} ({})",
            e.sku,
            e.before,
            e.price,
            staff.of(&e.by)
        ),
        Event::PriceChangeRejected(e) => format!("{} not to {}: {}", e.sku, e.price, e.refusal),
        Event::ProductDraftRequested(e) => {
            format!("{} is to be prepared ({})", e.title, staff.of(&e.by))
        }
        Event::ProductDrafted(e) => format!("{} is prepared ({})", e.title, staff.of(&e.by)),
        Event::ProductVariantRequested(e) => format!(
            "{}, {}, is wanted for {} ({})",
            e.variant.sku,
            e.variant.title(),
            e.variant.price,
            staff.of(&e.by)
        ),
        Event::ProductVariantSet(e) => format!(
            "{}, {}, for {} ({})",
            e.variant.sku,
            e.variant.title(),
            e.variant.price,
            staff.of(&e.by)
        ),
        Event::ProductVariantWithdrawalRequested(e) => {
            format!("{} is to be sold no more ({})", e.sku, staff.of(&e.by))
        }
        Event::ProductVariantWithdrawn(e) => {
            format!("{} is sold no more ({})", e.sku, staff.of(&e.by))
        }
        Event::ProductVariantOfferRequested(e) => {
            format!("{} is to be sold again ({})", e.sku, staff.of(&e.by))
        }
        Event::ProductVariantOffered(e) => {
            format!("{} is sold again ({})", e.sku, staff.of(&e.by))
        }
        Event::ProductPublicationRequested(e) => format!("to be for sale ({})", staff.of(&e.by)),
        Event::ProductPublished(e) => format!("for sale ({})", staff.of(&e.by)),
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
        Event::DeliveryChangeRequested(e) => {
            format!(
                "delivery is to cost {} ({})",
                fees(&e.terms),
                staff.of(&e.by)
            )
        }
        Event::DeliveryPlanned(e) => format!(
            "delivery is going to cost {} from {} on ({})",
            fees(&e.terms),
            minute(e.from_us),
            staff.of(&e.by)
        ),
        Event::DeliveryDue(_) => "planned terms of delivery are due".to_owned(),
        Event::DeliveryPlanWithdrawalRequested(e) => {
            format!(
                "planned terms of delivery are not to come ({})",
                staff.of(&e.by)
            )
        }
        Event::DeliveryPlanWithdrawn(e) => {
            format!(
                "planned terms of delivery do not come ({})",
                staff.of(&e.by)
            )
        }
        Event::DeliveryChanged(e) => format!(
            "delivery costs {}, before {} ({})",
            fees(&e.terms),
            fees(&e.before),
            staff.of(&e.by)
        ),
        Event::DeliveryChangeRejected(e) => e.refusal.to_string(),
        Event::MailResendRequested(e) => {
            format!("mail {} again ({})", e.mail_id, staff.of(&e.by))
        }
        Event::MailBounced(e) => format!("mail {} bounced", e.mail_id),
        Event::SignInFailed(_) => "a wrong email or password".to_owned(),
        Event::SourceSlowed(e) => format!("slowed for a time: {}", e.rule.title()),
        Event::ConsumerFellBehind(e) => match e.dead {
            0 => format!("{} is {} events behind", e.consumer, e.behind),
            dead => format!("{} has given up {dead} events", e.consumer),
        },
        Event::ConsumerCaughtUp(e) => format!("{} has caught up", e.consumer),
        Event::StockReceived(e) => format!("came in: {}", moves(&e.moves)),
        Event::AlertReported(e) => format!("{}: {}", e.kind.title(), e.subject),
        Event::AlertCauseGone(e) => format!("{}: {} is over", e.kind.title(), e.subject),
        Event::AlertRaised(e) => format!("{}: {}", e.kind.title_of(e.severity), e.subject),
        Event::AlertRepeated(e) => {
            format!("{} again: {}", e.kind.title_of(e.severity), e.subject)
        }
        Event::AlertChangeRequested(e) => {
            format!("{} ({})", alert_change(&e.change, staff), staff.of(&e.by))
        }
        Event::AlertChanged(e) => {
            format!("{} ({})", alert_change(&e.change, staff), staff.of(&e.by))
        }
        Event::AlertChangeRefused(e) => e.refusal.to_string(),
        Event::AlertMuteElapsed(_) => "muted no more".to_owned(),
        Event::AlertForgotten(_) => "resolved so long ago that it is forgotten".to_owned(),
        Event::AlertMailed(e) => match &e.refused {
            None => "the house was written to".to_owned(),
            Some(why) => format!("the house could not be written to: {why}"),
        },
        Event::AlertPosted(e) => match &e.refused {
            None => "a system of the house was told".to_owned(),
            Some(why) => format!("a system of the house did not take it: {why}"),
        },
        Event::OrderReviewRequested(e) => format!("to be looked at: {}", e.rule.title()),
        Event::OrderHeld(e) => format!("held for review: {}", e.rule.title()),
        Event::OrderReleaseRequested(e) => format!("looked at ({})", staff.of(&e.by)),
        Event::OrderReleased(e) => format!("released ({})", staff.of(&e.by)),
        Event::OrderReleaseRefused(_) => "it is not held".to_owned(),
        Event::SupplierChangeRequested(e) => format!("{} ({})", e.details.name, staff.of(&e.by)),
        Event::SupplierChanged(e) => format!("{} ({})", e.details.name, staff.of(&e.by)),
        Event::SupplierChangeRejected(e) => e.refusal.to_string(),
        Event::RestockRuleRequested(e) => rule(&e.rule, &staff.of(&e.by)),
        Event::RestockRuleChanged(e) => rule(&e.rule, &staff.of(&e.by)),
        Event::RestockRuleRejected(e) => e.refusal.to_string(),
        Event::RestockThresholdCrossed(e) => format!(
            "{} left, threshold {}; order {}",
            e.reckoning.unsold, e.reckoning.threshold, e.reckoning.quantity
        ),
        Event::RestockSoldOut(e) => format!("nothing left, threshold {}", e.threshold),
        Event::RestockThereAgain(e) => {
            format!("{} there again, threshold {}", e.unsold, e.threshold)
        }
        Event::RestockRecovered(e) => {
            format!("{} left, threshold {}", e.unsold, e.threshold)
        }
        Event::PurchaseOrderLineRequested(e) => {
            format!("{} × {} ({})", e.line.ordered, e.line.sku, staff.of(&e.by))
        }
        Event::PurchaseOrderDrafted(e) => {
            format!(
                "of {}: {} ({})",
                e.supplier,
                ordered(&e.lines),
                staff.of(&e.by)
            )
        }
        Event::PurchaseOrderLinesChanged(e) => {
            format!("{} ({})", ordered(&e.lines), staff.of(&e.by))
        }
        Event::PurchaseOrderChangeRequested(e) => {
            format!("{} ({})", purchase_command(&e.command), staff.of(&e.by))
        }
        Event::PurchaseOrderRefused(e) => e.refusal.to_string(),
        Event::PurchaseOrderApproved(e) => format!("{} ({})", e.total, staff.of(&e.by)),
        Event::PurchaseOrderDue(_) => "a time of its orders has come".to_owned(),
        Event::PurchaseOrderLeftToStaff(_) => "it costs more than is approved by itself".to_owned(),
        Event::PurchaseOrderSendRequested(e) => {
            format!("to be given to {} ({})", e.supplier, staff.of(&e.by))
        }
        Event::PurchaseOrderDispatched(e) => match &e.refused {
            None => format!("{} has taken it", e.supplier),
            Some(why) => format!("{} has not taken it: {why}", e.supplier),
        },
        Event::PurchaseOrderSent(e) => {
            format!(
                "{} has it, expected by {} ({})",
                e.supplier,
                minute(e.expected_us),
                staff.of(&e.by)
            )
        }
        Event::PurchaseOrderSendFailed(e) => e.reason.clone(),
        Event::PurchaseOrderConfirmed(e) => {
            format!("comes by {} ({})", minute(e.expected_us), staff.of(&e.by))
        }
        Event::PurchaseOrderOverdue(e) => format!("it was expected by {}", minute(e.expected_us)),
        Event::PurchaseOrderReceived(e) => {
            format!("{} came ({})", pieces(&e.received), staff.of(&e.by))
        }
        Event::PurchaseOrderCancelled(e) => format!("the rest does not come ({})", staff.of(&e.by)),
        Event::PurchaseOrderNoticeRequested(e) => {
            format!("{} is to be told that it is cancelled", e.supplier)
        }
        Event::PurchaseOrderNoticeAnswered(e) => match &e.refused {
            None => format!("{} was told that it is cancelled", e.supplier),
            Some(why) => {
                format!(
                    "{} could not be told that it is cancelled: {why}",
                    e.supplier
                )
            }
        },
    }
}

fn alert_change(change: &AlertChange, staff: &StaffNames) -> String {
    match change {
        AlertChange::Acknowledge => "acknowledged".to_owned(),
        AlertChange::Assign { to } => format!("given to {}", staff.of(to)),
        AlertChange::Mute { until_us } => format!("muted until {}", minute(*until_us)),
        AlertChange::Resolve => "resolved".to_owned(),
    }
}

fn rule(rule: &RestockRule, by: &str) -> String {
    let supplier = rule.supplier.as_ref();
    let supplier = supplier.map_or("nobody", |supplier| supplier.as_str());
    format!(
        "at {} up to {} of {supplier} ({by})",
        rule.threshold, rule.up_to
    )
}

fn ordered(lines: &[PurchaseLine]) -> String {
    let line = |line: &PurchaseLine| format!("{} × {}", line.ordered, line.sku);
    lines.iter().map(line).collect::<Vec<_>>().join(", ")
}

fn purchase_command(command: &PurchaseCommand) -> String {
    match command {
        PurchaseCommand::SetLines { lines } => format!("order {}", pieces(lines)),
        PurchaseCommand::Approve => "approve".to_owned(),
        PurchaseCommand::Send => "send".to_owned(),
        PurchaseCommand::MarkSent => "it was sent by hand".to_owned(),
        PurchaseCommand::Confirm { expected_us } => format!("comes by {}", minute(*expected_us)),
        PurchaseCommand::Receive { lines } => format!("{} came", pieces(lines)),
        PurchaseCommand::Cancel => "cancel what has not come".to_owned(),
    }
}

/// `5.90 standard, free from 150.00, 14.90 express`
fn fees(terms: &DeliveryTerms) -> String {
    let amount = |minor: i64| format!("{}.{:02}", minor / 100, minor % 100);
    format!(
        "{} standard, free from {}, {} express",
        amount(terms.standard_minor),
        amount(terms.free_from_minor),
        amount(terms.express_minor)
    )
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

/// `2026-12-01 08:00 UTC`
fn minute(at_us: i64) -> String {
    jiff::Timestamp::from_microsecond(at_us).map_or_else(
        |_| format!("{at_us} µs"),
        |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    )
}
