//! Whatever is done with an order, in any order and with any numbers, pieces and money add up.

use super::*;

/// What somebody may do, in any order and with any numbers.
#[derive(Debug, Clone)]
enum Act {
    Pack(u8, u32, u32, i64),
    Ship(u8),
    End(u8, Outcome),
    Cancel,
    Captured,
    Refund(u8, i64),
    Again(u8, u8),
    GiveUp(u8, u32),
}

fn act() -> impl Strategy<Value = Act> {
    let outcome = prop_oneof![
        Just(Outcome::Delivered),
        Just(Outcome::Lost),
        Just(Outcome::CameBack)
    ];
    prop_oneof![
        4 => (0..5u8, 0..4u32, 0..3u32, 0..3_000i64).prop_map(|(n, a, b, worth)| Act::Pack(n, a, b, worth)),
        4 => (0..8u8).prop_map(Act::Ship),
        2 => (0..8u8, outcome).prop_map(|(n, outcome)| Act::End(n, outcome)),
        1 => Just(Act::Cancel),
        2 => Just(Act::Captured),
        2 => (0..5u8, -5..2_500i64).prop_map(|(n, minor)| Act::Refund(n, minor)),
        3 => (0..8u8, 5..8u8).prop_map(|(n, other)| Act::Again(n, other)),
        1 => (0..8u8, 0..3u32).prop_map(|(n, came)| Act::GiveUp(n, came)),
    ]
}

proptest! {
    #[test]
    fn no_more_is_sent_than_ordered_nor_collected_than_held_nor_returned_than_collected(
        acts in prop::collection::vec(act(), 1..30)
    ) {
        let mut order = paid();
        for act in acts {
            match act {
                Act::Pack(n, a, b, worth) => {
                    pack(&mut order, n, &[("A", a), ("B", b)], worth);
                }
                Act::Ship(n) => {
                    ship(&mut order, n);
                }
                Act::End(n, outcome) => {
                    end(&mut order, n, outcome);
                }
                Act::Cancel => {
                    cancel(&mut order);
                }
                Act::Captured => captured(&mut order),
                Act::Again(n, other) => {
                    astray::send_again(&mut order, n, other);
                }
                Act::GiveUp(n, came) => {
                    astray::give_up(&mut order, n, came, 0);
                }
                Act::Refund(n, minor) => {
                    let refund_id: RefundId = shipment_id(n).to_string().parse().expect("an id");
                    let asked = PaymentRefundAsked {
                        order_id: order_id(),
                        refund_id,
                        amount: eur(minor),
                        reason: String::new(),
                        by: "staff".into(),
                        told: false,
                    };
                    let answer = tell(&mut order, asked);
                    if let [Event::PaymentRefundRequested(asked)] = &*answer {
                        let refunded = PaymentRefunded {
                            order_id: order_id(),
                            refund_id,
                            amount: asked.amount,
                            request: None,
                        };
                        tell(&mut order, refunded);
                    }
                }
            }
            // What goes in place of another parcel is the same pieces.
            let first = order.fulfilment.shipments.iter().filter(|it| it.replaces.is_none());
            let sent = first.flat_map(|it| &it.lines);
            for (sku, quantity) in per_sku(sent.chain(&order.fulfilment.cancelled)) {
                let ordered = per_sku(&order.lines).get(&sku).copied().unwrap_or(0);
                prop_assert!(quantity <= ordered, "{quantity} × {sku} of {ordered}");
            }
            let asked: i64 = order.payment.captures.iter().map(|it| it.amount.minor).sum();
            prop_assert!(asked <= 2_000);
            let payment = &order.payment;
            prop_assert!(payment.refunded_minor() <= payment.captured_minor());
            // Of what will never be sent nothing is kept.
            let is_asked = |state| state == Asked::Requested;
            let is_waiting = payment.captures.iter().any(|it| is_asked(it.state));
            let rest_id: RefundId = order_id().to_string().parse().expect("an id");
            let by_hand = payment.refunds.iter().any(|it| it.id != rest_id);
            if !order.fulfilment.cancelled.is_empty() && !is_waiting && !by_hand {
                let given: i64 = payment.refunds.iter().map(|it| it.amount.minor).sum();
                let kept = payment.captured_minor() - given;
                prop_assert_eq!(kept, payment.captured_minor().min(order.fulfilment.sent_minor()));
            }
            // With everything on its way, everything that was held is collected.
            if order.fulfilment.has_left()
                && order.fulfilment.cancelled.is_empty()
                && order.status() != OrderStatus::PartlyShipped
            {
                prop_assert_eq!(asked, 2_000);
            }
        }
    }
}
