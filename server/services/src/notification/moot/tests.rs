//! Of each kind of mail when it is not true any more.

use domain::event::{
    Gateway, OrderCancelled, OrderConfirmed, OrderPlaced, OrderRejected, OrderRestCancelled,
    OrderedLine, PaymentAuthorized, PaymentDeclined, PaymentMethodRequired, PaymentRefundFailed,
    PaymentRefunded, PaymentReminderDue, PaymentRequested, Pieces, Replaced, ReturnAccepted,
    ReturnAsked, ReturnDeclined, ReturnReceived, ShipmentCameBack, ShipmentDelivered,
    ShipmentGivenUp, ShipmentLost, ShipmentPacked, ShipmentShipped, StockReserved,
};
use strum::IntoEnumIterator;
use types::fulfilment::{Carrier, FulfilmentStatus};
use types::order::{CancelledBy, DeclineReason};
use types::{Currency, Money, OrderId, ShipmentId};

use super::*;
use crate::notification::kind::Notice;

/// The end of the payment window, and a moment before it.
const END_US: i64 = 1_000;
const NOW_US: i64 = 500;

fn id() -> OrderId {
    "0199c0a0-1111-7aaa-8bbb-123456789abc"
        .parse()
        .expect("an id")
}

fn parcel(n: u8) -> ShipmentId {
    format!("0199c0a0-1111-7aaa-8bbb-1234567890{n:02x}")
        .parse()
        .expect("an id")
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::Eur)
}

fn lines() -> Vec<Pieces> {
    vec![Pieces {
        sku: "A".parse().expect("a SKU"),
        quantity: 1,
    }]
}

fn placed() -> OrderPlaced {
    OrderPlaced {
        order_id: id(),
        shopper_id: id().to_string().parse().expect("an id"),
        lines: vec![OrderedLine {
            sku: "A".parse().expect("a SKU"),
            quantity: 1,
            unit_price: eur(500),
            adjustments: Vec::new(),
            tax: Vec::new(),
        }],
        total: eur(500),
        payment_token: None,
    }
}

/// An order to which these have happened.
fn after(events: &[Event]) -> OrderState {
    let mut order = OrderState::placed(&placed(), 0);
    for event in events {
        order.evolve(event, 0);
    }
    order
}

fn reserved() -> Event {
    StockReserved {
        order_id: id(),
        moves: Vec::new(),
        from_checkout: None,
    }
    .into()
}

fn required() -> Event {
    PaymentMethodRequired {
        order_id: id(),
        reserved_until_us: END_US,
    }
    .into()
}

fn reminder() -> Event {
    PaymentReminderDue {
        order_id: id(),
        reserved_until_us: END_US,
    }
    .into()
}

fn requested(attempt: u32) -> Event {
    PaymentRequested {
        order_id: id(),
        amount: eur(500),
        payment_token: "pm".into(),
        attempt,
        reserved_until_us: END_US,
        gateway: Gateway::Test,
    }
    .into()
}

fn declined(attempt: u32) -> Event {
    PaymentDeclined {
        order_id: id(),
        attempt,
        reason: DeclineReason::ExpiredCard,
        gateway: Gateway::Test,
    }
    .into()
}

fn authorized(attempt: u32) -> Event {
    PaymentAuthorized {
        order_id: id(),
        amount: eur(500),
        attempt,
        authorization_id: "auth".into(),
        gateway: Gateway::Test,
    }
    .into()
}

fn confirmed() -> Event {
    OrderConfirmed { order_id: id() }.into()
}

fn cancelled() -> Event {
    OrderCancelled {
        order_id: id(),
        by: CancelledBy::Staff,
        lines: lines(),
        paid: true,
    }
    .into()
}

/// Paid for.
fn paid() -> Vec<Event> {
    vec![
        reserved(),
        required(),
        requested(1),
        authorized(1),
        confirmed(),
    ]
}

fn packed(n: u8, replaces: Option<u8>) -> Event {
    ShipmentPacked {
        order_id: id(),
        shipment_id: parcel(n),
        number: u32::from(n),
        lines: lines(),
        worth: eur(500),
        delivery_minor: 0,
        carrier: Carrier::Manual,
        status: FulfilmentStatus::Packed,
        replaces: replaces.map(|replaced| Replaced {
            shipment_id: parcel(replaced),
            number: u32::from(replaced),
            undecided: 0,
        }),
    }
    .into()
}

fn shipped(n: u8, replaces: Option<u32>) -> Event {
    ShipmentShipped {
        order_id: id(),
        shipment_id: parcel(n),
        number: u32::from(n),
        lines: lines(),
        carrier: Carrier::Manual,
        tracking: None,
        status: FulfilmentStatus::Shipped,
        replaces,
    }
    .into()
}

fn delivered(n: u8) -> Event {
    ShipmentDelivered {
        order_id: id(),
        shipment_id: parcel(n),
        number: u32::from(n),
        status: FulfilmentStatus::Delivered,
        lines: lines(),
        to_come: Vec::new(),
        turned_up: None,
    }
    .into()
}

fn lost(n: u8) -> Event {
    ShipmentLost {
        order_id: id(),
        shipment_id: parcel(n),
        number: u32::from(n),
        status: FulfilmentStatus::Lost,
        lines: lines(),
    }
    .into()
}

fn came_back(n: u8) -> Event {
    ShipmentCameBack {
        order_id: id(),
        shipment_id: parcel(n),
        number: u32::from(n),
        lines: lines(),
        status: FulfilmentStatus::CameBack,
        waits: true,
    }
    .into()
}

fn given_up(n: u8) -> Event {
    ShipmentGivenUp {
        order_id: id(),
        shipment_id: parcel(n),
        number: u32::from(n),
        lines: lines(),
        came: Vec::new(),
        undecided: 0,
        status: FulfilmentStatus::Undelivered,
    }
    .into()
}

fn sent() -> Vec<Event> {
    [paid(), vec![packed(1, None), shipped(1, None)]].concat()
}

/// A mail of `told` after `events`: still true, or not.
#[track_caller]
fn expect(kind: MailKind, told: &Event, events: &[Event], now_us: i64, is_moot_then: bool) {
    let notice = Notice::of(told).expect("told");
    assert_eq!(notice.kind, kind);
    let order = after(events);
    assert_eq!(
        is_moot(kind, told, &order, now_us),
        is_moot_then,
        "{kind:?} after {events:?}"
    );
}

#[test]
fn a_card_is_asked_for_only_while_it_is_waited_for() {
    for (kind, told) in [
        (MailKind::PaymentNeeded, required()),
        (MailKind::PaymentReminder, reminder()),
    ] {
        let waits = [reserved(), required()];
        expect(kind, &told, &waits, NOW_US, false);
        expect(kind, &told, &waits, END_US, true);
        expect(kind, &told, &paid(), NOW_US, true);
        expect(
            kind,
            &told,
            &[reserved(), required(), requested(1)],
            NOW_US,
            true,
        );
        expect(
            kind,
            &told,
            &[reserved(), required(), cancelled()],
            NOW_US,
            true,
        );
    }
}

#[test]
fn a_card_was_declined_until_another_one_is_tried_or_the_time_is_over() {
    let kind = MailKind::PaymentDeclined;
    let waits = [reserved(), requested(1), declined(1)];
    expect(kind, &declined(1), &waits, NOW_US, false);
    expect(kind, &declined(1), &waits, END_US, true);
    let again = [waits.to_vec(), vec![requested(2)]].concat();
    expect(kind, &declined(1), &again, NOW_US, true);
    let twice = [again.clone(), vec![declined(2)]].concat();
    expect(kind, &declined(1), &twice, NOW_US, true);
    expect(kind, &declined(2), &twice, NOW_US, false);
    let paid = [again, vec![authorized(2), confirmed()]].concat();
    expect(kind, &declined(1), &paid, NOW_US, true);
}

#[test]
fn an_order_is_confirmed_unless_it_was_cancelled() {
    let kind = MailKind::OrderConfirmed;
    expect(kind, &confirmed(), &sent(), END_US, false);
    let ended = [paid(), vec![cancelled()]].concat();
    expect(kind, &confirmed(), &ended, NOW_US, true);
}

#[test]
fn a_parcel_is_on_its_way_until_something_has_become_of_it() {
    let kind = MailKind::ShipmentShipped;
    let told = shipped(1, None);
    expect(kind, &told, &sent(), END_US, false);
    for end in [delivered(1), lost(1), came_back(1)] {
        expect(kind, &told, &[sent(), vec![end]].concat(), END_US, true);
    }
    let kind = MailKind::ShipmentSentAgain;
    let told = shipped(2, Some(1));
    let again = [sent(), vec![lost(1), packed(2, Some(1)), told.clone()]].concat();
    expect(kind, &told, &again, END_US, false);
    expect(
        kind,
        &told,
        &[again, vec![delivered(2)]].concat(),
        END_US,
        true,
    );
}

#[test]
fn a_parcel_is_lost_or_came_back_until_it_turns_up_or_somebody_has_decided() {
    for (kind, told) in [
        (MailKind::ShipmentLost, lost(1)),
        (MailKind::ShipmentCameBack, came_back(1)),
    ] {
        let astray = [sent(), vec![told.clone()]].concat();
        expect(kind, &told, &astray, END_US, false);
        for next in [delivered(1), packed(2, Some(1)), given_up(1)] {
            expect(
                kind,
                &told,
                &[astray.clone(), vec![next]].concat(),
                END_US,
                true,
            );
        }
    }
    let found = [sent(), vec![lost(1), came_back(1)]].concat();
    expect(MailKind::ShipmentLost, &lost(1), &found, END_US, true);
}

#[test]
fn a_return_may_be_sent_until_it_is_here() {
    let return_id = parcel(9).to_string().parse().expect("an id");
    let asked = ReturnAsked {
        order_id: id(),
        return_id,
        number: 1,
        lines: Vec::new(),
    };
    let accepted = ReturnAccepted {
        order_id: id(),
        return_id,
        number: 1,
    };
    let received = ReturnReceived {
        order_id: id(),
        return_id,
        number: 1,
        lines: Vec::new(),
    };
    let told: Event = accepted.into();
    let kind = MailKind::ReturnAccepted;
    let waits = [sent(), vec![asked.into(), told.clone()]].concat();
    expect(kind, &told, &waits, END_US, false);
    expect(
        kind,
        &told,
        &[waits, vec![received.into()]].concat(),
        END_US,
        true,
    );
}

#[test]
fn what_has_happened_stays_true() {
    let refund_id = parcel(8).to_string().parse().expect("an id");
    let return_id = parcel(9).to_string().parse().expect("an id");
    let rest = OrderRestCancelled {
        order_id: id(),
        by: CancelledBy::Staff,
        lines: lines(),
        status: FulfilmentStatus::Shipped,
    };
    let refunded = PaymentRefunded {
        order_id: id(),
        refund_id,
        amount: eur(100),
        request: None,
    };
    let not_taken = PaymentRefundFailed {
        order_id: id(),
        refund_id,
        amount: eur(100),
        reason: "account closed".to_owned(),
        was_told: true,
    };
    let declined = ReturnDeclined {
        order_id: id(),
        return_id,
        number: 1,
    };
    let told: [(MailKind, Event); 8] = [
        (MailKind::OrderReceived, placed().into()),
        (
            MailKind::OrderRejected,
            OrderRejected { order_id: id() }.into(),
        ),
        (MailKind::OrderCancelled, cancelled()),
        (MailKind::OrderRestCancelled, rest.into()),
        (MailKind::ShipmentDelivered, delivered(1)),
        (MailKind::PaymentRefunded, refunded.into()),
        (MailKind::RefundFailed, not_taken.into()),
        (MailKind::ReturnDeclined, declined.into()),
    ];
    let ends = [cancelled()];
    let went_well = [sent(), vec![delivered(1)]].concat();
    for (kind, told) in &told {
        expect(*kind, told, &[], END_US, false);
        expect(
            *kind,
            told,
            &[paid(), ends.to_vec()].concat(),
            END_US,
            false,
        );
        expect(*kind, told, &went_well, END_US, false);
    }
    // Those above, and these: there is no other kind. A piece that is back is asked of the stock.
    let others = [
        MailKind::PaymentNeeded,
        MailKind::PaymentReminder,
        MailKind::PaymentDeclined,
        MailKind::OrderConfirmed,
        MailKind::ShipmentShipped,
        MailKind::ShipmentSentAgain,
        MailKind::ShipmentLost,
        MailKind::ShipmentCameBack,
        MailKind::ReturnAccepted,
        MailKind::BackInStock,
    ];
    assert_eq!(MailKind::iter().count(), told.len() + others.len());
}
