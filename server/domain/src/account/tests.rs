//! The papers of an order against its books, whatever has happened to it.

use proptest::prelude::*;
use types::fulfilment::{Carrier, Outcome};
use types::order::CancelledBy;
use types::papers::included_tax;
use types::returns::{ReturnPieces, ReturnReason};
use types::{Currency, OrderId, ReturnId, ShipmentId};

use super::*;
use crate::event::{
    Decision, Gateway, OrderCancellationRequested, PaymentAuthorized, PaymentCaptured,
    PaymentRefundAsked, PaymentRefunded, ReturnAnswerGiven, ReturnReceiptReported, ReturnRequested,
    ShipmentDecisionGiven, ShipmentHandoverReported, ShipmentOutcomeReported, ShipmentRequested,
    StockAllocated, StockReserved,
};
use crate::order::{CaptureOn, Rules};

const TOTAL: i64 = 2_003;

fn order_id() -> OrderId {
    "0199c0a0-1111-7aaa-8bbb-123456789abc"
        .parse()
        .expect("an id")
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(n: u8) -> T {
    format!("0199c0a0-1111-7aaa-8bbb-1234567890{n:02x}")
        .parse()
        .expect("an id")
}

fn sku(name: &str) -> Sku {
    name.parse().expect("a SKU")
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::Eur)
}

fn pieces(a: u32, b: u32) -> Vec<Pieces> {
    let line = |name, quantity| Pieces {
        sku: sku(name),
        quantity,
    };
    let mut lines = vec![line("A", a), line("B", b)];
    lines.retain(|line| line.quantity > 0);
    lines
}

/// An order and all that has happened to it.
struct Story {
    rules: Rules,
    order: OrderState,
    events: Vec<Event>,
}

impl Story {
    /// Of three A at 5.01 and one B at 2.00, on three lines, with 3.00 for the delivery.
    fn paid(capture: CaptureOn) -> Self {
        let order_id = order_id();
        let line = |name, quantity, minor| OrderedLine {
            sku: sku(name),
            quantity,
            unit_price: eur(minor),
            adjustments: Vec::new(),
            tax: Vec::new(),
        };
        let placed = OrderPlaced {
            order_id,
            shopper_id: id(0),
            lines: vec![line("A", 2, 501), line("B", 1, 200), line("A", 1, 501)],
            total: eur(TOTAL),
            payment_token: Some("pm".into()),
        };
        let rules = Rules {
            payment_window_us: 900,
            capture,
            gateway: Gateway::Test,
            returns_by: Carrier::Manual,
        };
        let mut story = Self {
            rules,
            order: OrderState::placed(&placed, 0),
            events: vec![placed.into()],
        };
        story.tell(StockReserved {
            order_id,
            moves: Vec::new(),
            from_checkout: None,
        });
        story.tell(PaymentAuthorized {
            order_id,
            amount: eur(TOTAL),
            attempt: 1,
            authorization_id: "auth".into(),
            gateway: Gateway::Test,
        });
        story
    }

    fn tell(&mut self, event: impl Into<Event>) {
        let event = event.into();
        let decided = self.order.decide(&event, 0, &self.rules);
        for event in [event].into_iter().chain(decided) {
            self.order.evolve(&event, 0);
            self.events.push(event);
        }
    }

    fn account(&self) -> Account {
        let events = self.events.iter().map(|event| (event, 0));
        Account::of(events).expect("an account")
    }

    /// What its pieces cost, and what delivering the order does.
    fn pack(&mut self, n: u8, a: u32, b: u32) {
        let lines = pieces(a, b);
        let worth = self.account().worth_minor(&lines);
        self.tell(ShipmentRequested {
            order_id: order_id(),
            shipment_id: id(n),
            lines,
            worth: eur(worth),
            delivery_minor: 300,
            carrier: Carrier::Manual,
            by: "staff".into(),
        });
    }

    fn ship(&mut self, n: u8) {
        self.tell(ShipmentHandoverReported {
            order_id: order_id(),
            shipment_id: id(n),
            tracking: None,
            by: "staff".into(),
        });
    }

    fn end(&mut self, n: u8, outcome: Outcome) {
        self.tell(ShipmentOutcomeReported {
            order_id: order_id(),
            shipment_id: id(n),
            outcome,
            by: "staff".into(),
        });
    }

    fn cancel(&mut self) {
        self.tell(OrderCancellationRequested {
            order_id: order_id(),
            by: CancelledBy::Staff,
            staff: None,
        });
    }

    /// The gateway answers all that it was asked.
    fn gateway(&mut self) {
        for asked in self.order.payment.captures.clone() {
            if asked.state == Asked::Requested {
                self.tell(PaymentCaptured {
                    order_id: order_id(),
                    shipment_id: asked.shipment_id,
                    amount: asked.amount,
                    asked: None,
                });
            }
        }
        for asked in self.order.payment.refunds.clone() {
            if asked.state == Asked::Requested {
                self.tell(PaymentRefunded {
                    order_id: order_id(),
                    refund_id: asked.id,
                    amount: asked.amount,
                    request: None,
                });
            }
        }
    }

    fn refund(&mut self, n: u8, minor: i64) {
        self.tell(PaymentRefundAsked {
            order_id: order_id(),
            refund_id: id(n),
            amount: eur(minor),
            reason: "A scratch".into(),
            by: "staff".into(),
            told: true,
        });
    }

    fn give_back(&mut self, n: u8, a: u32, minor: i64) {
        let return_id: ReturnId = id(n);
        self.tell(ReturnRequested {
            order_id: order_id(),
            return_id,
            lines: vec![ReturnPieces {
                sku: sku("A"),
                quantity: a,
                reason: ReturnReason::DoesNotFit,
            }],
        });
        self.tell(ReturnAnswerGiven {
            order_id: order_id(),
            return_id,
            is_accepted: true,
            by: "staff".into(),
        });
        self.tell(ReturnReceiptReported {
            order_id: order_id(),
            return_id,
            lines: vec![ReceivedPieces {
                sku: sku("A"),
                restocked: a,
                written_off: 0,
            }],
            refund: eur(minor),
            by: "staff".into(),
        });
    }

    fn give_up(&mut self, n: u8, minor: i64) {
        self.tell(ShipmentDecisionGiven {
            order_id: order_id(),
            shipment_id: id(n),
            decision: Decision::GiveUp {
                came: Vec::new(),
                refund: eur(minor),
            },
            by: "staff".into(),
        });
    }

    fn send_again(&mut self, n: u8, replacement: u8) {
        let shipment_id: ShipmentId = id(n);
        self.tell(ShipmentDecisionGiven {
            order_id: order_id(),
            shipment_id,
            decision: Decision::SendAgain {
                replacement_id: id(replacement),
            },
            by: "staff".into(),
        });
        let is_asked = matches!(
            self.events.last(),
            Some(Event::ShipmentReplacementRequested(_))
        );
        if is_asked {
            self.tell(StockAllocated {
                order_id: order_id(),
                shipment_id,
                moves: Vec::new(),
            });
        }
    }
}

#[test]
fn what_is_cancelled_before_it_is_collected_is_not_charged() {
    let mut story = Story::paid(CaptureOn::Shipment);
    story.pack(1, 2, 0);
    story.ship(1);
    story.gateway();
    let before = story.account().sale().expect("a sale");
    assert_eq!((before.total_minor, before.paid_minor), (TOTAL, 1_302));
    assert_eq!((before.outstanding_minor, before.cancelled.len()), (701, 0));
    story.cancel();
    let sale = story.account().sale().expect("a sale");
    assert_eq!(sale.lines, pieces(2, 0));
    assert_eq!(sale.cancelled, [pieces(0, 1), pieces(1, 0)].concat());
    assert_eq!((sale.total_minor, sale.outstanding_minor), (1_302, 0));
    assert_eq!((sale.delivery_minor, sale.other_minor), (300, 0));
    assert_eq!(story.account().credits, []);
}

#[test]
fn an_order_that_comes_to_nothing_before_it_is_collected_has_no_invoice() {
    let mut story = Story::paid(CaptureOn::Shipment);
    story.cancel();
    assert_eq!(story.account().sale(), None);
}

#[test]
fn what_is_cancelled_after_it_was_collected_is_charged_and_has_a_credit_note() {
    let mut story = Story::paid(CaptureOn::Confirmation);
    story.gateway();
    story.cancel();
    story.gateway();
    let account = story.account();
    let sale = account.sale().expect("a sale");
    assert_eq!((sale.total_minor, sale.cancelled.len()), (TOTAL, 0));
    let [credit] = &*account.credits else {
        panic!("{:?}", account.credits);
    };
    assert_eq!(credit.amount, eur(TOTAL));
    let Cause::Cancelled { lines } = &credit.cause else {
        panic!("{credit:?}");
    };
    assert_eq!(account.worth_minor(lines) + account.delivery_minor(), TOTAL);
}

#[test]
fn money_says_what_it_was_given_back_for() {
    let mut story = Story::paid(CaptureOn::Confirmation);
    story.gateway();
    story.pack(1, 2, 0);
    story.ship(1);
    story.end(1, Outcome::Delivered);
    story.refund(20, 100);
    story.give_back(21, 1, 501);
    story.pack(2, 0, 1);
    story.ship(2);
    story.end(2, Outcome::Lost);
    story.give_up(2, 200);
    story.cancel();
    story.gateway();
    let account = story.account();
    let causes: Vec<&Cause> = account.credits.iter().map(|it| &it.cause).collect();
    let reason = "A scratch".to_owned();
    assert_eq!(
        causes,
        [
            &Cause::Sum { reason },
            &Cause::Return {
                number: 1,
                lines: pieces(1, 0)
            },
            &Cause::Parcel {
                number: 2,
                lines: pieces(0, 1)
            },
            &Cause::Rest {
                lines: pieces(1, 0)
            },
        ]
    );
}

#[derive(Debug, Clone)]
enum Act {
    Pack(u8, u32, u32),
    Ship(u8),
    End(u8, Outcome),
    Again(u8, u8),
    GiveUp(u8, i64),
    Return(u8, u32, i64),
    Refund(u8, i64),
    Gateway,
    Cancel,
}

fn act() -> impl Strategy<Value = Act> {
    let outcome = prop_oneof![
        2 => Just(Outcome::Delivered),
        1 => Just(Outcome::Lost),
        1 => Just(Outcome::CameBack)
    ];
    prop_oneof![
        4 => (0..6u8, 0..3u32, 0..2u32).prop_map(|(n, a, b)| Act::Pack(n, a, b)),
        4 => (0..6u8).prop_map(Act::Ship),
        3 => (0..6u8, outcome).prop_map(|(n, outcome)| Act::End(n, outcome)),
        2 => (0..6u8, 6..10u8).prop_map(|(n, other)| Act::Again(n, other)),
        2 => (0..6u8, 0..600i64).prop_map(|(n, minor)| Act::GiveUp(n, minor)),
        2 => (30..34u8, 1..3u32, 0..600i64).prop_map(|(n, a, minor)| Act::Return(n, a, minor)),
        2 => (20..24u8, 1..700i64).prop_map(|(n, minor)| Act::Refund(n, minor)),
        3 => Just(Act::Gateway),
        1 => Just(Act::Cancel),
    ]
}

proptest! {
    /// To the minor unit: the invoice less the credit notes is what was collected and kept, and what is still to be
    /// collected; each paper adds up, and so do their taxes.
    #[test]
    fn the_papers_are_the_books(
        at_once in any::<bool>(),
        acts in prop::collection::vec(act(), 1..40)
    ) {
        let capture = if at_once { CaptureOn::Confirmation } else { CaptureOn::Shipment };
        let mut story = Story::paid(capture);
        for act in acts {
            match act {
                Act::Pack(n, a, b) => story.pack(n, a, b),
                Act::Ship(n) => story.ship(n),
                Act::End(n, outcome) => story.end(n, outcome),
                Act::Again(n, other) => story.send_again(n, other),
                Act::GiveUp(n, minor) => story.give_up(n, minor),
                Act::Return(n, a, minor) => story.give_back(n, a, minor),
                Act::Refund(n, minor) => story.refund(n, minor),
                Act::Gateway => story.gateway(),
                Act::Cancel => story.cancel(),
            }
            let account = story.account();
            prop_assert_eq!(&account.state, &story.order);
            let payment = &story.order.payment;
            let credited: i64 = account.credits.iter().map(|it| it.amount.minor).sum();
            prop_assert_eq!(credited, payment.refunded_minor());
            let Some(sale) = account.sale() else {
                prop_assert_eq!(payment.captured_minor(), 0);
                continue;
            };
            let kept = payment.captured_minor() - payment.refunded_minor();
            prop_assert_eq!(sale.total_minor - credited, kept + sale.outstanding_minor);
            prop_assert_eq!(sale.paid_minor, payment.captured_minor());
            let rows = account.worth_minor(&sale.lines) + sale.delivery_minor + sale.other_minor;
            prop_assert_eq!(rows, sale.total_minor);
            // Nothing is charged otherwise than the lines say, and no piece is forgotten.
            let is_asked = |it: &crate::payment::Capture| it.state == Asked::Requested;
            if !payment.captures.iter().any(is_asked) {
                prop_assert_eq!(sale.other_minor, 0, "{:?}", sale);
            }
            let pieces = per_sku(sale.lines.iter().chain(&sale.cancelled));
            prop_assert_eq!(pieces, per_sku(&story.order.lines));
            let (mut before, mut taxes) = (0, 0);
            for credit in &account.credits {
                let after = before + credit.amount.minor;
                taxes += included_tax(after, 1_900) - included_tax(before, 1_900);
                before = after;
            }
            prop_assert_eq!(taxes, included_tax(credited, 1_900));
            if credited == sale.total_minor {
                prop_assert_eq!(included_tax(sale.total_minor, 1_900), taxes, "nothing is left");
            }
        }
        // Once all is answered and nothing is left to be sent, nothing is outstanding.
        story.gateway();
        story.cancel();
        story.gateway();
        if let Some(sale) = story.account().sale() {
            let is_all_sent = story.order.fulfilment.here(&story.order.lines).is_empty();
            prop_assert!(sale.outstanding_minor == 0 || !is_all_sent, "{:?}", sale);
        }
    }
}
