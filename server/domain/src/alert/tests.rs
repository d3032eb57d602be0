use proptest::prelude::*;

use super::*;

const SKU: &str = "AS-VEG-WG-50";
const NOW: i64 = 1_795_310_287_000_000;

fn id(n: u128) -> AlertId {
    let id = format!("0199c0a0-0000-7000-8000-{n:012x}");
    id.parse().expect("an id")
}

fn report(severity: Severity) -> Report {
    Report {
        about: About::new(AlertKind::LowStock, &SKU),
        severity,
        evidence: Vec::new(),
    }
}

fn asked(alert: u128, change: AlertChange) -> AlertChangeRequested {
    AlertChangeRequested {
        kind: AlertKind::LowStock,
        subject: SKU.to_owned(),
        alert_id: id(alert),
        change,
        by: "ada".to_owned(),
    }
}

/// The alert after a report.
fn reported(known: Option<Alert>, n: u128) -> Alert {
    let event = Alert::report(known.as_ref(), report(Severity::Warning), id(n), NOW);
    Alert::evolve(known, &event, NOW).expect("an alert")
}

fn changed(known: Alert, change: AlertChange) -> Alert {
    let event = Alert::change(Some(&known), &asked(1, change), NOW);
    assert!(matches!(event, Event::AlertChanged(_)), "{event:?}");
    Alert::evolve(Some(known), &event, NOW).expect("an alert")
}

#[test]
fn what_is_open_is_raised_once_and_counts_what_comes() {
    let first = reported(None, 1);
    assert_eq!((first.status, first.count), (AlertStatus::Open, 1));
    let mut alert = first.clone();
    for n in 2..=40 {
        let event = Alert::report(Some(&alert), report(Severity::Notice), id(n), NOW);
        assert!(matches!(event, Event::AlertRepeated(_)), "{event:?}");
        alert = Alert::evolve(Some(alert), &event, NOW).expect("an alert");
    }
    assert_eq!((alert.id, alert.count), (first.id, 40));
    assert_eq!(alert.evidence.len(), MAX_EVIDENCE);
    assert_eq!(alert.evidence.last(), Some(&id(40).to_string()));
    assert_eq!(alert.severity, Severity::Warning, "it does not get milder");
}

#[test]
fn what_a_rule_has_found_ends_with_its_cause() {
    let kind = AlertKind::PaymentsFailing;
    let found = Report::of(&found(kind, &"test", Severity::Critical, Vec::new()));
    let found = found.expect("a report");
    let raised = Alert::report(None, found.clone(), id(1), NOW);
    let alert = Alert::evolve(None, &raised, NOW).expect("an alert");
    assert_eq!(ended_by(&over(kind, &"test")), [found.about]);
    let ended = Alert::end(Some(&alert)).expect("an end");
    let ended = Alert::evolve(Some(alert), &ended, NOW + 1).expect("an alert");
    assert_eq!(ended.status, AlertStatus::Resolved);
    assert_eq!(Alert::end(Some(&ended)), None, "once");
}

#[test]
fn what_was_resolved_is_raised_anew() {
    let alert = changed(reported(None, 1), AlertChange::Resolve);
    let again = reported(Some(alert), 2);
    assert_eq!((again.id, again.count), (id(2), 1));
    assert_eq!(again.status, AlertStatus::Open);
}

#[test]
fn what_is_muted_stays_so_however_often_it_is_raised() {
    let until_us = NOW + 1_000_000;
    let alert = changed(reported(None, 1), AlertChange::Mute { until_us });
    let alert = changed(alert, AlertChange::Resolve);
    let mut again = reported(Some(alert), 2);
    assert_eq!(again.deadline(), Some(until_us));
    let elapsed = again.elapsed().expect("a deadline");
    again = Alert::evolve(Some(again), &elapsed, until_us).expect("an alert");
    assert_eq!((again.deadline(), again.elapsed()), (None, None));
    // One that ends before the new one is raised is of the past.
    let past = Alert {
        muted_until_us: Some(NOW),
        status: AlertStatus::Resolved,
        ..again
    };
    assert_eq!(reported(Some(past), 3).muted_until_us, None);
}

#[test]
fn every_state_answers_every_change() {
    let open = reported(None, 1);
    let acknowledged = changed(open.clone(), AlertChange::Acknowledge);
    let resolved = changed(open.clone(), AlertChange::Resolve);
    let to = || AlertChange::Assign { to: "bo".into() };
    let until_us = NOW + 1;
    let mute = || AlertChange::Mute { until_us };
    let (done, over) = (None, Some(Refusal::Resolved));
    type Row<'a> = (&'a Alert, AlertChange, Option<Refusal>);
    let table: [Row; 12] = [
        (&open, AlertChange::Acknowledge, done),
        (&open, to(), done),
        (&open, mute(), done),
        (&open, AlertChange::Resolve, done),
        (
            &acknowledged,
            AlertChange::Acknowledge,
            Some(Refusal::NothingChanged),
        ),
        (&acknowledged, to(), done),
        (&acknowledged, mute(), done),
        (&acknowledged, AlertChange::Resolve, done),
        (&resolved, AlertChange::Acknowledge, over),
        (&resolved, to(), over),
        (&resolved, mute(), over),
        (&resolved, AlertChange::Resolve, over),
    ];
    for (alert, change, expected) in table {
        let told = (alert.status, change.clone());
        let refusal = match Alert::change(Some(alert), &asked(1, change), NOW) {
            Event::AlertChanged(_) => None,
            Event::AlertChangeRefused(refused) => Some(refused.refusal),
            other => panic!("{other:?}"),
        };
        assert_eq!(refusal, expected, "{told:?}");
    }
    for until_us in [NOW, NOW - 1, NOW + LONGEST_MUTE_US + 1] {
        let told = Alert::change(Some(&open), &asked(1, AlertChange::Mute { until_us }), NOW);
        assert!(
            matches!(&told, Event::AlertChangeRefused(no) if no.refusal == Refusal::MuteOutOfReach),
            "{told:?}"
        );
    }
    for known in [None, Some(&open)] {
        let told = Alert::change(known, &asked(9, AlertChange::Resolve), NOW);
        assert!(
            matches!(&told, Event::AlertChangeRefused(no) if no.refusal == Refusal::Unknown),
            "an older page: {told:?}"
        );
    }
}

#[test]
fn an_alert_ends_with_its_cause() {
    let open = reported(None, 1);
    let ended = Alert::end(Some(&open)).expect("it was open");
    let ended = Alert::evolve(Some(open), &ended, NOW).expect("an alert");
    assert_eq!(ended.status, AlertStatus::Resolved);
    assert_eq!(Alert::end(Some(&ended)), None, "once");
    assert_eq!(Alert::end(None), None);
}

#[test]
fn what_gets_worse_waits_for_somebody_again_and_what_gets_better_is_milder() {
    let alert = changed(reported(None, 1), AlertChange::Acknowledge);
    let worse = Alert::report(Some(&alert), report(Severity::Critical), id(2), NOW);
    let alert = Alert::evolve(Some(alert), &worse, NOW).expect("an alert");
    assert_eq!(
        (alert.status, alert.severity),
        (AlertStatus::Open, Severity::Critical)
    );
    // As bad as before: whoever looks after it goes on.
    let alert = changed(alert, AlertChange::Acknowledge);
    let same = Alert::report(Some(&alert), report(Severity::Critical), id(3), NOW);
    let alert = Alert::evolve(Some(alert), &same, NOW).expect("an alert");
    assert_eq!(alert.status, AlertStatus::Acknowledged);
    let milder = Alert::ease(Some(&alert), id(4)).expect("it was critical");
    let alert = Alert::evolve(Some(alert), &milder, NOW).expect("an alert");
    assert_eq!(alert.severity, Severity::Warning);
    assert_eq!(alert.evidence.last(), Some(&id(4).to_string()));
    assert_eq!(Alert::ease(Some(&alert), id(5)), None, "once");
    let over = changed(alert, AlertChange::Resolve);
    assert_eq!(Alert::ease(Some(&over), id(5)), None);
    assert_eq!(Alert::ease(None, id(5)), None);
}

#[test]
fn nothing_left_is_critical_and_a_count_ends_what_was_not_counted() {
    let sku: types::Sku = SKU.parse().expect("a SKU");
    let gone = crate::event::RestockSoldOut {
        sku: sku.clone(),
        threshold: 5,
    };
    let told = Report::of(&gone.into()).expect("a report");
    assert_eq!(told, report(Severity::Critical));
    let counted = crate::event::StockCorrected {
        sku,
        on_hand: 3,
        allocated: 0,
        reserved: 0,
        change: 3,
        reason: "recount".to_owned(),
        by: "ada".to_owned(),
        origin: None,
    };
    let ended = ended_by(&counted.into());
    assert_eq!(ended, [About::new(AlertKind::PiecesNotCounted, &SKU)]);
}

#[test]
fn what_was_resolved_is_forgotten_after_ninety_days_and_says_nothing_then() {
    let over = changed(reported(None, 1), AlertChange::Resolve);
    assert_eq!(over.deadline(), Some(NOW + KEPT_US));
    let gone = over.elapsed().expect("a deadline");
    assert!(matches!(gone, Event::AlertForgotten(_)), "{gone:?}");
    let none = Alert::evolve(Some(over), &gone, NOW + KEPT_US).expect("an alert");
    assert!(none.is_forgotten());
    assert_eq!((none.deadline(), none.elapsed()), (None, None));
    let told = Alert::change(Some(&none), &asked(1, AlertChange::Resolve), NOW);
    assert!(
        matches!(&told, Event::AlertChangeRefused(no) if no.refusal == Refusal::Unknown),
        "{told:?}"
    );
    let again = reported(Some(none), 2);
    assert_eq!((again.count, again.deadline()), (1, None));
}

#[derive(Debug, Clone)]
enum Step {
    Report,
    Change(AlertChange),
    End,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = prop_oneof![
        3 => Just(Step::Report),
        1 => Just(Step::Change(AlertChange::Acknowledge)),
        1 => Just(Step::Change(AlertChange::Resolve)),
        1 => (1..5_i64).prop_map(|n| Step::Change(AlertChange::Mute { until_us: NOW + n })),
        1 => Just(Step::End),
    ];
    prop::collection::vec(one, 0..60)
}

proptest! {
    /// Whatever happens: between two that are raised one was resolved, and evidence is bounded.
    #[test]
    fn one_alert_is_open_at_most(steps in steps()) {
        let mut alert: Option<Alert> = None;
        for (n, step) in steps.into_iter().enumerate() {
            let before = alert.clone();
            let current = alert.as_ref().map_or(id(0), |alert| alert.id);
            let event = match step {
                Step::Report => {
                    Some(Alert::report(alert.as_ref(), report(Severity::Warning), id(n as u128 + 1), NOW))
                }
                Step::Change(change) => {
                    let asked = AlertChangeRequested { alert_id: current, ..asked(0, change) };
                    Some(Alert::change(alert.as_ref(), &asked, NOW))
                }
                Step::End => Alert::end(alert.as_ref()),
            };
            let Some(event) = event else { continue };
            if let (Event::AlertRaised(_), Some(before)) = (&event, &before) {
                prop_assert_eq!(before.status, AlertStatus::Resolved);
            }
            alert = Alert::evolve(alert, &event, NOW);
            if let Some(alert) = &alert {
                prop_assert!(!alert.evidence.is_empty() && alert.evidence.len() <= MAX_EVIDENCE);
                prop_assert!(alert.count >= alert.evidence.len() as u64);
            }
        }
    }
}

#[test]
fn money_that_was_not_moved_is_critical_until_somebody_sees_to_it() {
    let order: types::OrderId = "0199c0a0-1111-7aaa-8bbb-123456789abc"
        .parse()
        .expect("an id");
    let amount = types::Money::new(490, types::Currency::Eur);
    let failed = Event::from(crate::event::PaymentCaptureFailed {
        order_id: order,
        shipment_id: None,
        amount,
        reason: "expired".into(),
        expired: true,
    });
    let report = Report::of(&failed).expect("an alert");
    assert_eq!(report.about, About::new(AlertKind::MoneyNotMoved, &order));
    assert_eq!(report.severity, Severity::Critical);
    let again = Event::from(crate::event::PaymentCaptureRetryRequested {
        order_id: order,
        by: "ada".into(),
    });
    assert_eq!(ended_by(&again), [report.about]);
}
