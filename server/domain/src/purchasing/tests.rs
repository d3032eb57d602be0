use proptest::prelude::*;
use types::fulfilment::Pieces;
use types::purchasing::{PurchaseCommand, SentWay};
use types::{Currency, Money, Sku};

use super::*;

const NOW: i64 = 1_795_310_287_000_000;
const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

fn id(n: u128) -> PurchaseOrderId {
    let id = format!("0199c0a0-0000-7000-8000-{n:012x}");
    id.parse().expect("an id")
}

fn arno() -> SupplierId {
    "arno".parse().expect("a supplier")
}

fn sku(name: &str) -> Sku {
    name.parse().expect("a SKU")
}

fn details() -> SupplierDetails {
    SupplierDetails {
        name: "Arno & Sons".to_owned(),
        email: "orders@arno.example".to_owned(),
        webhook: String::new(),
        approve_up_to_minor: 0,
        gather_minutes: 0,
    }
}

fn line(name: &str, ordered: u32) -> PurchaseLine {
    PurchaseLine {
        sku: sku(name),
        ordered,
        received: 0,
        unit_cost: Money::new(1_000, Currency::Eur),
        lead_time_days: 10,
    }
}

fn pieces(name: &str, quantity: u32) -> Pieces {
    Pieces {
        sku: sku(name),
        quantity,
    }
}

fn asked(command: PurchaseCommand) -> PurchaseOrderChangeRequested {
    PurchaseOrderChangeRequested {
        supplier: arno(),
        order_id: id(1),
        command,
        seen: None,
        by: "ada".to_owned(),
    }
}

fn drafted(lines: &[PurchaseLine]) -> Supplier {
    let mut supplier = Supplier::new(details());
    for line in lines {
        for event in supplier.add_line(&arno(), line, (id(1), NOW), RESTOCK) {
            supplier.evolve(&event, NOW);
        }
    }
    supplier
}

fn done(mut supplier: Supplier, command: PurchaseCommand) -> Supplier {
    let event = supplier.change(&asked(command), NOW);
    assert!(
        !matches!(event, Event::PurchaseOrderRefused(_)),
        "{event:?}"
    );
    supplier.evolve(&event, NOW);
    supplier
}

fn receive(quantity: u32) -> PurchaseCommand {
    PurchaseCommand::Receive {
        lines: vec![pieces("A", quantity)],
    }
}

const fn confirm(days: i64) -> PurchaseCommand {
    PurchaseCommand::Confirm {
        expected_us: NOW + days * DAY_US,
    }
}

/// An order of four pieces in each state that has not ended.
fn in_state(status: PurchaseStatus) -> Supplier {
    use PurchaseCommand::{Approve, MarkSent};
    let draft = || drafted(&[line("A", 4)]);
    let approved = || done(draft(), Approve);
    let sent = || done(approved(), MarkSent);
    let supplier = match status {
        PurchaseStatus::Draft => draft(),
        PurchaseStatus::Approved => approved(),
        PurchaseStatus::Sent => sent(),
        PurchaseStatus::Confirmed => done(sent(), confirm(5)),
        PurchaseStatus::PartlyReceived => done(sent(), receive(1)),
        PurchaseStatus::Closed => done(sent(), receive(4)),
        PurchaseStatus::Cancelled => done(sent(), PurchaseCommand::Cancel),
    };
    let now = supplier.orders.get(&id(1)).map(|order| order.status);
    assert_eq!(now, Some(status).filter(|status| !status.is_ended()));
    supplier
}

#[test]
fn every_state_answers_every_command() {
    use PurchaseCommand::{Approve, Cancel, MarkSent, Send};
    use PurchaseStatus::{Approved, Cancelled, Closed, Confirmed, Draft, PartlyReceived, Sent};
    let set = || PurchaseCommand::SetLines {
        lines: vec![pieces("A", 9)],
    };
    type Answer = Result<PurchaseStatus, Refusal>;
    let states = [
        Draft,
        Approved,
        Sent,
        Confirmed,
        PartlyReceived,
        Closed,
        Cancelled,
    ];
    let (ended, none) = (Err(Refusal::Ended), Err(Refusal::NothingChanged));
    let (no_draft, not_sent) = (Err(Refusal::NoDraft), Err(Refusal::NotSent));
    let not_approved = Err(Refusal::NotApproved);
    // One column per state, as listed above.
    let table: [(PurchaseCommand, [Answer; 7]); 8] = [
        (
            set(),
            [
                Ok(Draft),
                no_draft,
                no_draft,
                no_draft,
                no_draft,
                ended,
                ended,
            ],
        ),
        (
            Approve,
            [
                Ok(Approved),
                no_draft,
                no_draft,
                no_draft,
                no_draft,
                ended,
                ended,
            ],
        ),
        (
            Send,
            [not_approved, Ok(Approved), none, none, none, ended, ended],
        ),
        (
            MarkSent,
            [not_approved, Ok(Sent), none, none, none, ended, ended],
        ),
        (
            confirm(7),
            [
                not_sent,
                not_sent,
                Ok(Confirmed),
                Ok(Confirmed),
                Ok(PartlyReceived),
                ended,
                ended,
            ],
        ),
        (
            receive(2),
            [
                not_sent,
                not_sent,
                Ok(PartlyReceived),
                Ok(PartlyReceived),
                Ok(PartlyReceived),
                ended,
                ended,
            ],
        ),
        (
            receive(3),
            [
                not_sent,
                not_sent,
                Ok(PartlyReceived),
                Ok(PartlyReceived),
                Ok(Closed),
                ended,
                ended,
            ],
        ),
        (
            Cancel,
            [
                Ok(Cancelled),
                Ok(Cancelled),
                Ok(Cancelled),
                Ok(Cancelled),
                Ok(Closed),
                ended,
                ended,
            ],
        ),
    ];
    for (command, answers) in table {
        for (status, expected) in states.into_iter().zip(answers) {
            let supplier = in_state(status);
            let order = supplier.orders.get(&id(1)).cloned();
            let event = supplier.change(&asked(command.clone()), NOW);
            let answer = match &event {
                Event::PurchaseOrderRefused(no) => Err(no.refusal),
                event => {
                    let after = PurchaseOrder::evolve(order, event, NOW);
                    Ok(after.expect("an order").status)
                }
            };
            assert_eq!(answer, expected, "{status:?}, {command:?}");
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_the_reason() {
    let draft = in_state(PurchaseStatus::Draft);
    let sent = in_state(PurchaseStatus::Sent);
    let set = |lines| PurchaseCommand::SetLines { lines };
    let receive = |lines| PurchaseCommand::Receive { lines };
    for (supplier, command, reason) in [
        (&draft, set(vec![pieces("B", 1)]), Refusal::UnknownLine),
        (&draft, set(vec![pieces("A", 0)]), Refusal::Lines),
        (&draft, set(vec![pieces("A", 100_001)]), Refusal::TooMany),
        (&draft, set(vec![pieces("A", 4)]), Refusal::NothingChanged),
        (&sent, receive(vec![pieces("B", 1)]), Refusal::UnknownLine),
        (
            &sent,
            receive(vec![pieces("A", 0)]),
            Refusal::NothingReceived,
        ),
        (
            &sent,
            receive(vec![pieces("A", 5)]),
            Refusal::MoreThanOrdered,
        ),
        // Twice in one delivery is added up.
        (
            &sent,
            receive(vec![pieces("A", 3), pieces("A", 2)]),
            Refusal::MoreThanOrdered,
        ),
        (&sent, confirm(-1), Refusal::Day),
        (&sent, confirm(4_000), Refusal::Day),
    ] {
        let event = supplier.change(&asked(command.clone()), NOW);
        assert!(
            matches!(&event, Event::PurchaseOrderRefused(no) if no.refusal == reason),
            "{command:?}: {event:?}"
        );
    }
    let seen = |seen| PurchaseOrderChangeRequested {
        seen: Some(seen),
        ..asked(PurchaseCommand::Approve)
    };
    let revision = draft.orders[&id(1)].revision;
    assert!(matches!(
        draft.change(&seen(revision + 1), NOW),
        Event::PurchaseOrderRefused(no) if no.refusal == Refusal::ChangedMeanwhile
    ));
    let approved = draft.change(&seen(revision), NOW);
    assert!(matches!(approved, Event::PurchaseOrderApproved(_)));
    let mut silent = in_state(PurchaseStatus::Approved);
    silent.details.email.clear();
    assert!(matches!(
        silent.change(&asked(PurchaseCommand::Send), NOW),
        Event::PurchaseOrderRefused(no) if no.refusal == Refusal::NoAddress
    ));
}

#[test]
fn skus_of_one_supplier_gather_in_one_draft_and_one_sku_is_on_it_once() {
    let supplier = drafted(&[line("A", 4), line("B", 2), line("A", 3), line("A", 6)]);
    let order = &supplier.orders[&id(1)];
    assert_eq!(supplier.orders.len(), 1);
    assert_eq!(order.lines, [line("A", 6), line("B", 2)]);
    // What was approved is not touched: what is missing beyond it is another order.
    let supplier = done(supplier, PurchaseCommand::Approve);
    let events = supplier.add_line(&arno(), &line("A", 1), (id(2), NOW), RESTOCK);
    assert!(
        matches!(&events[..], [Event::PurchaseOrderDrafted(new)] if new.order_id == id(2)),
        "{events:?}"
    );
    assert_eq!(
        supplier.add_line(&arno(), &line("A", 0), (id(2), NOW), RESTOCK),
        []
    );
}

#[test]
fn a_draft_is_approved_by_itself_up_to_a_sum_and_after_a_while() {
    let mut supplier = Supplier::new(SupplierDetails {
        approve_up_to_minor: 5_000,
        ..details()
    });
    let add = |supplier: &Supplier, n, line: &PurchaseLine| {
        supplier.add_line(&arno(), line, (id(n), NOW), RESTOCK)
    };
    let kinds = |events: &[Event]| events.iter().map(Event::kind).collect::<Vec<_>>();
    // At once where nothing is waited for.
    assert_eq!(
        kinds(&add(&supplier, 1, &line("A", 5))),
        ["purchase_order.drafted", "purchase_order.approved"]
    );
    assert_eq!(
        kinds(&add(&supplier, 1, &line("A", 6))),
        ["purchase_order.drafted", "purchase_order.left_to_staff"]
    );
    supplier.details.gather_minutes = 60;
    let at_us = NOW + 60 * MINUTE_US;
    for (n, name) in [(1, "A"), (2, "B")] {
        for event in add(&supplier, n, &line(name, 2)) {
            supplier.evolve(&event, NOW);
        }
    }
    assert_eq!(supplier.deadline(), Some(at_us));
    let due = PurchaseOrderDue {
        supplier: arno(),
        at_us,
    };
    let events = supplier.due(&due);
    let [Event::PurchaseOrderApproved(approved)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(approved.lines.len(), 2, "both, gathered");
    // Whoever edits it decides about it.
    let edited = done(
        supplier,
        PurchaseCommand::SetLines {
            lines: vec![pieces("A", 1)],
        },
    );
    assert_eq!((edited.deadline(), edited.due(&due)), (None, Vec::new()));
}

#[test]
fn what_does_not_come_is_told_once_and_again_after_another_day_was_named() {
    let mut supplier = in_state(PurchaseStatus::Sent);
    // Ten days of lead time, and the day itself.
    let at_us = NOW + 11 * DAY_US;
    assert_eq!(supplier.deadline(), Some(at_us));
    let due = |at_us| PurchaseOrderDue {
        supplier: arno(),
        at_us,
    };
    assert_eq!(supplier.due(&due(at_us - 1)), []);
    let events = supplier.due(&due(at_us));
    assert!(
        matches!(&events[..], [Event::PurchaseOrderOverdue(_)]),
        "{events:?}"
    );
    supplier.evolve(&events[0], at_us);
    assert_eq!(
        (supplier.deadline(), supplier.due(&due(at_us))),
        (None, Vec::new())
    );
    let confirmed = done(supplier, confirm(20));
    assert_eq!(confirmed.deadline(), Some(NOW + 20 * DAY_US));
}

#[test]
fn a_sent_order_is_sent_once_and_a_refused_one_can_be_tried_again() {
    let told = |refused: Option<&str>| PurchaseOrderDispatched {
        supplier: arno(),
        order_id: id(1),
        refused: refused.map(str::to_owned),
        way: Some(SentWay::Mail),
    };
    let sending = done(in_state(PurchaseStatus::Approved), PurchaseCommand::Send);
    assert!(matches!(
        sending.change(&asked(PurchaseCommand::Send), NOW),
        Event::PurchaseOrderRefused(no) if no.refusal == Refusal::Sending
    ));
    let sent = sending.dispatched(&told(None), NOW);
    assert!(
        matches!(sent, Some(Event::PurchaseOrderSent(_))),
        "{sent:?}"
    );
    let mut failed = sending.clone();
    let event = failed.dispatched(&told(Some("no such mailbox")), NOW);
    failed.evolve(&event.expect("told"), NOW);
    done(failed, PurchaseCommand::Send);
    // By telephone meanwhile, or cancelled.
    let by_hand = done(sending.clone(), PurchaseCommand::MarkSent);
    assert_eq!(by_hand.dispatched(&told(None), NOW), None);
    let cancelled = done(sending, PurchaseCommand::Cancel);
    let in_vain = cancelled.dispatched(&told(None), NOW);
    assert!(
        matches!(in_vain, Some(Event::PurchaseOrderSendFailed(_))),
        "{in_vain:?}"
    );
    assert_eq!(cancelled.dispatched(&told(Some("no")), NOW), None);
}

#[test]
fn a_supplier_that_makes_no_sense_is_refused_with_the_reason() {
    let change = |known: Option<&Supplier>, details: SupplierDetails| {
        let asked = SupplierChangeRequested {
            supplier: arno(),
            details,
            by: "ada".to_owned(),
            seen: None,
        };
        match change_supplier(known, &asked) {
            Event::SupplierChanged(_) => None,
            Event::SupplierChangeRejected(no) => Some(no.refusal),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(change(None, details()), None);
    let known = Supplier::new(details());
    assert_eq!(
        change(Some(&known), details()),
        Some(SupplierRefusal::NothingChanged)
    );
    let name = |name: &str| SupplierDetails {
        name: name.to_owned(),
        ..details()
    };
    let email = |email: &str| SupplierDetails {
        email: email.to_owned(),
        ..details()
    };
    let webhook = |webhook: &str| SupplierDetails {
        webhook: webhook.to_owned(),
        ..details()
    };
    for (details, expected) in [
        (name(" "), Some(SupplierRefusal::Name)),
        (name(&"a".repeat(101)), Some(SupplierRefusal::Name)),
        (name("a\nb"), Some(SupplierRefusal::Name)),
        (email(""), None),
        (email("arno"), Some(SupplierRefusal::Email)),
        (email("a@b@c"), Some(SupplierRefusal::Email)),
        (
            email("a@b.example\r\nBcc: c@d.example"),
            Some(SupplierRefusal::Email),
        ),
        (webhook("https://arno.example/orders"), None),
        (
            webhook("ftp://arno.example"),
            Some(SupplierRefusal::Webhook),
        ),
        (webhook("https://"), Some(SupplierRefusal::Webhook)),
        (
            SupplierDetails {
                approve_up_to_minor: -1,
                ..details()
            },
            Some(SupplierRefusal::ApproveUpTo),
        ),
        (
            SupplierDetails {
                gather_minutes: MAX_GATHER_MINUTES + 1,
                ..details()
            },
            Some(SupplierRefusal::Gather),
        ),
    ] {
        let told = format!("{details:?}");
        assert_eq!(change(None, details), expected, "{told}");
    }
}

#[derive(Debug, Clone)]
enum Step {
    Add(usize, u32),
    Do(usize, PurchaseCommand),
    Told(usize, bool),
    Due(i64),
}

const NAMES: [&str; 3] = ["A", "B", "C"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let some = || {
        prop::collection::vec((0..3_usize, 0..5_u32), 0..3).prop_map(|lines| {
            let lines = lines.into_iter().map(|(i, n)| pieces(NAMES[i], n));
            lines.collect::<Vec<_>>()
        })
    };
    let command = prop_oneof![
        2 => some().prop_map(|lines| PurchaseCommand::SetLines { lines }),
        3 => Just(PurchaseCommand::Approve),
        2 => Just(PurchaseCommand::Send),
        2 => Just(PurchaseCommand::MarkSent),
        2 => (1..9_i64).prop_map(confirm),
        4 => some().prop_map(|lines| PurchaseCommand::Receive { lines }),
        1 => Just(PurchaseCommand::Cancel),
    ];
    let one = prop_oneof![
        4 => (0..3_usize, 0..9_u32).prop_map(|(i, n)| Step::Add(i, n)),
        8 => (any::<usize>(), command).prop_map(|(n, command)| Step::Do(n, command)),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(n, is_sent)| Step::Told(n, is_sent)),
        1 => (0..30_i64).prop_map(Step::Due),
    ];
    prop::collection::vec(one, 0..80)
}

proptest! {
    /// Whatever happens in whatever order: of a SKU there is one draft at most, what has come and what
    /// is to come is what was ordered, and a revision is never seen twice.
    #[test]
    fn one_draft_per_sku_and_no_piece_is_lost(steps in steps(), approve_up_to_minor in 0..20_000_i64) {
        let mut supplier = Supplier::new(SupplierDetails {
            approve_up_to_minor,
            gather_minutes: 1,
            ..details()
        });
        for (n, step) in steps.into_iter().enumerate() {
            let ids: Vec<PurchaseOrderId> = supplier.orders.keys().copied().collect();
            let of = |n: usize| ids.get(n % ids.len().max(1)).copied().unwrap_or_else(|| id(0));
            let events = match step {
                Step::Add(i, quantity) => {
                    supplier.add_line(&arno(), &line(NAMES[i], quantity), (id(n as u128 + 1), NOW), RESTOCK)
                }
                Step::Do(order, command) => {
                    let asked = PurchaseOrderChangeRequested { order_id: of(order), ..asked(command) };
                    vec![supplier.change(&asked, NOW)]
                }
                Step::Told(order, is_sent) => {
                    let told = PurchaseOrderDispatched {
                        supplier: arno(),
                        order_id: of(order),
                        refused: (!is_sent).then(|| "no".to_owned()),
                        way: Some(SentWay::Mail),
                    };
                    supplier.dispatched(&told, NOW).into_iter().collect()
                }
                Step::Due(days) => supplier.due(&PurchaseOrderDue {
                    supplier: arno(),
                    at_us: NOW + days * DAY_US,
                }),
            };
            for event in &events {
                let before = order_of(event).and_then(|id| supplier.orders.get(&id).cloned());
                if let (Some(before), Event::PurchaseOrderReceived(received)) = (&before, event) {
                    let sum = |lines: &[PurchaseLine]| -> u32 {
                        lines.iter().map(|line| line.received).sum()
                    };
                    let came: u32 = received.received.iter().map(|it| it.quantity).sum();
                    prop_assert_eq!(sum(&before.lines) + came, sum(&received.lines));
                }
                supplier.evolve(event, NOW);
            }
            for name in NAMES {
                let drafts = supplier.orders.values().filter(|order| {
                    order.status == PurchaseStatus::Draft
                        && order.lines.iter().any(|line| line.sku.as_str() == name)
                });
                prop_assert!(drafts.count() <= 1, "{name}");
            }
            for order in supplier.orders.values() {
                prop_assert!(!order.lines.is_empty() && !order.status.is_ended());
                for line in &order.lines {
                    prop_assert_eq!(line.missing() + line.received, line.ordered);
                }
            }
        }
    }
}

#[test]
fn who_has_not_seen_how_a_supplier_is_known_now_replaces_nothing() {
    let change = |known: Option<&Supplier>, seen, details: SupplierDetails| {
        let asked = SupplierChangeRequested {
            supplier: arno(),
            details,
            by: "ada".to_owned(),
            seen: Some(seen),
        };
        match change_supplier(known, &asked) {
            Event::SupplierChanged(_) => None,
            Event::SupplierChangeRejected(no) => Some(no.refusal),
            other => panic!("{other:?}"),
        }
    };
    let known = Supplier::new(details());
    let older = SupplierDetails {
        gather_minutes: 7,
        ..details()
    };
    let new = SupplierDetails {
        name: "Arno & Daughters".to_owned(),
        ..details()
    };
    assert_eq!(
        change(Some(&known), Seen::new(Some(details())), new.clone()),
        None
    );
    assert_eq!(
        change(Some(&known), Seen::new(Some(older)), new.clone()),
        Some(SupplierRefusal::ChangedMeanwhile)
    );
    assert_eq!(
        change(Some(&known), Seen::new(None), new.clone()),
        Some(SupplierRefusal::Taken)
    );
    assert_eq!(change(None, Seen::new(None), new), None);
}

#[test]
fn whom_the_shop_has_given_an_order_is_told_that_the_rest_is_not_wanted() {
    let cancel = |supplier: &Supplier| {
        let done = supplier.change(&asked(PurchaseCommand::Cancel), NOW);
        supplier.notice(&done)
    };
    let mut sent = done(in_state(PurchaseStatus::Approved), PurchaseCommand::Send);
    assert_eq!(cancel(&sent), None, "the supplier does not have it yet");
    let told = PurchaseOrderDispatched {
        supplier: arno(),
        order_id: id(1),
        refused: None,
        way: Some(SentWay::System),
    };
    let event = sent.dispatched(&told, NOW).expect("sent");
    sent.evolve(&event, NOW);
    let lines = vec![pieces("A", 3)];
    let partly = done(sent.clone(), PurchaseCommand::Receive { lines });
    for (supplier, received) in [(&sent, 0), (&partly, 3)] {
        let Some(Event::PurchaseOrderNoticeRequested(notice)) = cancel(supplier) else {
            panic!("nobody is told")
        };
        assert_eq!(notice.way, SentWay::System);
        let [line] = &notice.lines[..] else {
            panic!("{notice:?}")
        };
        assert_eq!((line.received, line.missing()), (received, 4 - received));
    }
    let by_hand = done(
        in_state(PurchaseStatus::Approved),
        PurchaseCommand::MarkSent,
    );
    assert_eq!(cancel(&by_hand), None, "whoever gave it by hand tells it");
    assert_eq!(cancel(&in_state(PurchaseStatus::Draft)), None);
}
