use proptest::prelude::*;
use types::order::DeclineReason;
use types::{Currency, Money, OrderId, ShopperId};

use super::memory::Memory;
use super::rules::Counts;
use super::*;
use crate::alert::MAX_EVIDENCE;
use crate::event::{
    AlertReported, Gateway, MailBounced, OrderPlaced, OrderedLine, PaymentAuthorized,
    PaymentDeclined, PriceChanged, ReservationHeld, ReturnAsked, SignInFailed, StockMove,
    StockReserved,
};

const NOW: i64 = 1_795_310_287_000_000;
const MINUTE_US: i64 = 60 * 1_000_000;

fn uuid(n: u128) -> String {
    format!("0199c0a0-0000-7000-8000-{n:012x}")
}

fn order_id(n: u128) -> OrderId {
    uuid(n).parse().expect("an id")
}

fn shopper(n: u128) -> ShopperId {
    uuid(n).parse().expect("an id")
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::Eur)
}

/// Who does something, as the envelope says it.
#[derive(Debug, Clone, Copy, Default)]
struct Who<'a> {
    origin: Option<&'a str>,
    person: Option<&'a str>,
    place: Option<&'a str>,
}

const SAME: Who<'static> = Who {
    origin: Some("3f9ac0"),
    person: Some("ada"),
    place: Some("home"),
};

#[derive(Debug, Default)]
struct Watched {
    memory: Memory,
    told: u128,
}

impl Watched {
    fn tell(&mut self, at_us: i64, who: Who<'_>, event: &Event) -> Vec<Event> {
        self.told += 1;
        let id = uuid(self.told);
        self.memory.hear(&Heard {
            event,
            id: &id,
            at_us,
            origin: who.origin,
            person: who.person,
            place: who.place,
        })
    }

    fn found(&mut self, at_us: i64, who: Who<'_>, event: &Event) -> Vec<AlertReported> {
        reports(self.tell(at_us, who, event))
    }
}

fn reports(events: Vec<Event>) -> Vec<AlertReported> {
    let report = |event| match event {
        Event::AlertReported(report) => Some(report),
        _ => None,
    };
    events.into_iter().filter_map(report).collect()
}

fn placed(n: u128, shopper_id: ShopperId, sku: &str, quantity: u32) -> Event {
    OrderPlaced {
        order_id: order_id(n),
        shopper_id,
        lines: vec![OrderedLine {
            sku: sku.parse().expect("a SKU"),
            quantity,
            unit_price: eur(10_000),
            adjustments: Vec::new(),
            tax: Vec::new(),
        }],
        total: eur(10_000),
        payment_token: None,
    }
    .into()
}

fn declined(n: u128) -> Event {
    PaymentDeclined {
        order_id: order_id(n),
        attempt: 1,
        reason: DeclineReason::CardDeclined,
        gateway: Gateway::Test,
    }
    .into()
}

fn authorized(n: u128) -> Event {
    PaymentAuthorized {
        order_id: order_id(n),
        amount: eur(10_000),
        attempt: 1,
        authorization_id: format!("auth_{n}"),
        gateway: Gateway::Test,
    }
    .into()
}

fn held(shopper_id: ShopperId) -> Event {
    let sku: Sku = "AS-VEG-WG-50".parse().expect("a SKU");
    ReservationHeld {
        shopper_id,
        lines: vec![crate::event::Pieces {
            sku: sku.clone(),
            quantity: 1,
        }],
        short: Vec::new(),
        until_us: NOW,
        extensions: 0,
        moves: vec![StockMove {
            sku,
            quantity: 1,
            on_hand: 4,
            allocated: 0,
            reserved: 1,
        }],
    }
    .into()
}

fn wrong(account: &str) -> Event {
    SignInFailed {
        account: account.to_owned(),
    }
    .into()
}

fn asked_back(n: u128) -> Event {
    ReturnAsked {
        order_id: order_id(n),
        return_id: uuid(n).parse().expect("an id"),
        number: 1,
        lines: Vec::new(),
    }
    .into()
}

/// The n-th thing that a rule counts, by a subject that is the same each time and differs in all else.
fn counted(rule: &Rule, n: u128) -> (Event, Who<'static>) {
    let who = match rule.by {
        Scope::Source => Who {
            origin: SAME.origin,
            ..Who::default()
        },
        Scope::Person => Who {
            person: SAME.person,
            ..Who::default()
        },
        Scope::Place => Who {
            place: SAME.place,
            ..Who::default()
        },
        _ => Who::default(),
    };
    let visitor = match rule.by {
        Scope::Visitor => shopper(7),
        _ => shopper(1_000 + n),
    };
    let event = match rule.counts {
        Counts::Declines if rule.by == Scope::Order => declined(1),
        Counts::Declines => declined(n),
        Counts::WrongSignIns => wrong("owner"),
        Counts::Accounts => wrong(&format!("account {n}")),
        Counts::Orders => placed(n, visitor, &format!("AS-VEG-WG-{n}"), 1),
        Counts::PiecesOfOneSku { .. } => placed(n, visitor, "AS-VEG-WG-50", 1),
        Counts::AskedBack => asked_back(n),
        Counts::HoldsWithoutOrders => held(visitor),
    };
    (event, who)
}

fn of(rule: &Rule, reports: Vec<AlertReported>) -> Vec<AlertReported> {
    let scope: &str = rule.by.into_str();
    let is_of = |it: &AlertReported| it.kind == rule.kind && it.subject.starts_with(scope);
    reports.into_iter().filter(is_of).collect()
}

#[test]
fn of_a_kind_and_scope_there_is_one_rule() {
    for (at, rule) in RULES.iter().enumerate() {
        let found = Rule::of(rule.kind, rule.by).expect("itself");
        assert_eq!(found, rule, "rule {at}");
        assert!(
            rule.limit > 1 && rule.limit < 60,
            "within what is kept: {rule:?}"
        );
    }
}

#[test]
fn each_rule_finds_at_its_limit_once_with_evidence() {
    for rule in RULES {
        let mut watched = Watched::default();
        for n in 1..rule.limit {
            let (event, who) = counted(rule, n.into());
            let found = watched.found(NOW + i64::from(n), who, &event);
            assert_eq!(of(rule, found), [], "{n} of {rule:?}");
        }
        let (event, who) = counted(rule, rule.limit.into());
        let found = of(rule, watched.found(NOW + 100, who, &event));
        assert_eq!(found.len(), 1, "{rule:?}");
        assert_eq!(found[0].severity, rule.severity);
        let expected = MAX_EVIDENCE.min(usize::try_from(rule.limit).expect("small"));
        assert_eq!(found[0].evidence.len(), expected);
        assert_eq!(found[0].evidence.last(), Some(&uuid(watched.told)));
        let (event, who) = counted(rule, 200);
        let again = of(rule, watched.found(NOW + 101, who, &event));
        assert_eq!(again, [], "told once within its window: {rule:?}");
    }
}

#[test]
fn others_are_not_counted_in() {
    for rule in RULES {
        let mut watched = Watched::default();
        for n in 0..50_u128 {
            let other = format!("other {n}");
            let who = Who {
                origin: Some(&other),
                person: Some(&other),
                place: Some(&other),
            };
            let event = match rule.counts {
                Counts::Declines => declined(n),
                Counts::WrongSignIns | Counts::Accounts => wrong(&other),
                Counts::Orders => placed(n, shopper(n), "AS-VEG-WG-50", 1),
                Counts::PiecesOfOneSku { .. } => placed(n, shopper(n), "AS-VEG-WG-50", 3),
                Counts::AskedBack => asked_back(n),
                Counts::HoldsWithoutOrders => held(shopper(n)),
            };
            assert_eq!(watched.found(NOW, who, &event), [], "{rule:?}");
        }
    }
}

#[test]
fn a_single_large_order_is_a_customer() {
    let mut watched = Watched::default();
    assert_eq!(
        watched.found(NOW, SAME, &placed(1, shopper(1), "AS-VEG-WG-50", 40)),
        []
    );
}

#[test]
fn an_order_makes_up_for_checkouts_that_were_opened() {
    let mut watched = Watched::default();
    for n in 0..3 {
        let order = placed(n, shopper(7), "AS-VEG-WG-50", 1);
        watched.tell(NOW, Who::default(), &order);
    }
    for _ in 0..26 {
        assert_eq!(
            watched.found(NOW + 1, Who::default(), &held(shopper(7))),
            []
        );
    }
    assert_eq!(
        watched
            .found(NOW + 1, Who::default(), &held(shopper(7)))
            .len(),
        1
    );
}

#[test]
fn nothing_is_left_of_what_has_grown_old() {
    for rule in RULES {
        let mut watched = Watched::default();
        let (event, who) = counted(rule, 1);
        watched.tell(NOW, who, &event);
        let first = watched.memory.states.clone();
        let (event, who) = counted(rule, 2);
        watched.tell(NOW + 60 * 24 * 60 * MINUTE_US, who, &event);
        let entries = |states: &BTreeMap<String, State>| -> usize {
            let trails = states.values().filter_map(|state| match state {
                State::Trails(trails) => Some(trails),
                _ => None,
            });
            let of_rule = trails.flat_map(|it| it.0.values());
            of_rule.map(|it| it.entries.len()).max().unwrap_or(0)
        };
        assert_eq!(
            (entries(&first), entries(&watched.memory.states)),
            (1, 1),
            "{rule:?}"
        );
    }
    assert!(State::Trails(Trails::default()).is_nothing());
}

#[test]
fn payments_that_fail_more_often_than_before_are_found_and_others_are_not() {
    let mut watched = Watched::default();
    let mut at_us = NOW;
    let mut tell = |watched: &mut Watched, n: u128, fails: bool| {
        at_us += 10 * 1_000_000;
        let event = if fails { declined(n) } else { authorized(n) };
        let found = watched.found(at_us, Who::default(), &event);
        found
            .into_iter()
            .find(|it| it.kind == AlertKind::PaymentsFailing)
    };
    // One in ten is declined, as ever.
    for n in 0..300 {
        assert_eq!(tell(&mut watched, n, n % 10 == 0), None);
    }
    let mut failed = 0;
    let found = loop {
        failed += 1;
        assert!(failed < 30, "never found");
        if let Some(found) = tell(&mut watched, 1_000 + failed, true) {
            break found;
        }
    };
    assert!((10..=20).contains(&failed), "{failed}");
    assert_eq!(
        (found.subject.as_str(), found.severity),
        ("test", Severity::Critical)
    );
    assert!(found.evidence.len() <= MAX_EVIDENCE && found.evidence.len() >= 10);
    for n in 0..30 {
        assert_eq!(tell(&mut watched, 2_000 + n, true), None, "told already");
    }
    // A shop where half of all fail, always.
    let mut poor = Watched::default();
    for n in 0..400 {
        assert_eq!(tell(&mut poor, n, n % 2 == 0), None);
    }
    // A new shop knows no past.
    let mut new = Watched::default();
    for n in 0..60 {
        assert_eq!(tell(&mut new, n, true), None);
    }
}

fn ends(events: &[Event], of: AlertKind) -> bool {
    let mut events = events.iter();
    events.any(|event| matches!(event, Event::AlertCauseGone(gone) if gone.kind == of))
}

#[test]
fn payments_that_are_taken_again_end_what_was_found() {
    let mut watched = Watched::default();
    let mut at_us = NOW;
    let (mut n, mut found, mut over) = (0, 0, 0);
    let mut tell = |fails: bool| {
        (at_us, n) = (at_us + 10 * 1_000_000, n + 1);
        let event = if fails { declined(n) } else { authorized(n) };
        let decided = watched.tell(at_us, Who::default(), &event);
        over += usize::from(ends(&decided, AlertKind::PaymentsFailing));
        let reports = reports(decided).into_iter();
        found += reports
            .filter(|it| it.kind == AlertKind::PaymentsFailing)
            .count();
        (found, over)
    };
    // One in ten is declined, as ever.
    for n in 0..300 {
        assert_eq!(tell(n % 10 == 0), (0, 0));
    }
    for _ in 0..40 {
        tell(true);
    }
    assert_eq!(tell(true), (1, 0));
    // A half of them is not what it was.
    for n in 0..120 {
        assert_eq!(tell(n % 2 == 0), (1, 0), "{n}");
    }
    let mut taken = 0;
    while tell(taken % 10 == 9).1 == 0 {
        taken += 1;
        assert!(taken < 30, "it stays");
    }
    for n in 0..60 {
        assert_eq!(tell(n % 10 == 0), (1, 1), "once");
    }
    // What fails again is told at once, within the hour.
    for _ in 0..40 {
        tell(true);
    }
    assert_eq!(tell(true), (2, 1));
}

#[test]
fn mails_that_come_through_again_end_what_was_found() {
    let bounced = |n| -> Event {
        let mail_id = uuid(n).parse().expect("an id");
        MailBounced { mail_id }.into()
    };
    let of = AlertKind::MailsBouncing;
    let mut watched = Watched::default();
    let hour_us = 60 * MINUTE_US;
    let order = |watched: &mut Watched, at_us, n| {
        let event = placed(n, shopper(n), "AS-VEG-WG-50", 1);
        ends(&watched.tell(at_us, Who::default(), &event), of)
    };
    for n in 0..40 {
        assert!(!order(&mut watched, NOW, n), "nothing was told");
    }
    let bounce = |watched: &mut Watched, at_us| {
        let found = watched.found(at_us, Who::default(), &bounced(7));
        found.iter().any(|it| it.kind == of)
    };
    assert_eq!((0..8).filter(|_| bounce(&mut watched, NOW + 1)).count(), 1);
    // Orders alone say little, and so does time.
    for n in 0..12 {
        let at_us = NOW + 2 + hour_us / 2;
        assert!(!order(&mut watched, at_us, 100 + n), "half an hour");
    }
    bounce(&mut watched, NOW + 3 + hour_us / 2);
    for n in 0..9 {
        let at_us = NOW + 3 * hour_us;
        assert!(!order(&mut watched, at_us, 200 + n), "{n} orders");
    }
    assert!(order(&mut watched, NOW + 3 * hour_us, 300));
    assert!(!order(&mut watched, NOW + 4 * hour_us, 301), "once");
    // What bounces next is counted anew.
    let again = (0..8).filter(|_| bounce(&mut watched, NOW + 4 * hour_us));
    assert_eq!(again.count(), 1);
}

#[test]
fn mails_that_bounce_are_measured_by_the_orders() {
    let bounced = |n| -> Event {
        let mail_id = uuid(n).parse().expect("an id");
        MailBounced { mail_id }.into()
    };
    let mut watched = Watched::default();
    // One in fifty orders has a mistyped email.
    for n in 0..1_000 {
        let at_us = NOW + i64::try_from(n).expect("small");
        watched.tell(
            at_us,
            Who::default(),
            &placed(n, shopper(n), "AS-VEG-WG-50", 1),
        );
        if n % 50 == 0 {
            assert_eq!(watched.found(at_us, Who::default(), &bounced(n)), []);
        }
    }
    let found = (0..20).filter(|n| {
        let found = watched.found(NOW + 2_000, Who::default(), &bounced(5_000 + n));
        !found.is_empty()
    });
    assert_eq!(found.count(), 1, "once");
}

#[test]
fn an_order_has_the_price_of_its_moment() {
    let sku: Sku = "AS-VEG-WG-50".parse().expect("a SKU");
    let mut watched = Watched::default();
    let order = placed(1, shopper(1), sku.as_str(), 1);
    assert_eq!(
        watched.found(NOW, SAME, &order),
        [],
        "nothing is known of it"
    );
    let changed: Event = PriceChanged {
        product: "vega-solitaire-ring".parse().expect("a slug"),
        sku: sku.clone(),
        price: eur(12_000),
        compare_at: None,
        before: eur(10_000),
        by: "ada".to_owned(),
    }
    .into();
    watched.tell(NOW, Who::default(), &changed);
    let overlap = watched.found(NOW + MINUTE_US - 1, SAME, &order);
    assert_eq!(overlap, [], "it was being written");
    let found = watched.found(NOW + MINUTE_US, SAME, &order);
    let found: Vec<_> = found
        .iter()
        .map(|it| (it.kind, it.subject.as_str()))
        .collect();
    assert_eq!(found, [(AlertKind::PriceWrong, sku.as_str())]);
}

#[test]
fn books_that_cannot_be_are_found() {
    let reserved = |on_hand, allocated, reserved| -> Event {
        StockReserved {
            order_id: order_id(1),
            moves: vec![StockMove {
                sku: "AS-VEG-WG-50".parse().expect("a SKU"),
                quantity: 1,
                on_hand,
                allocated,
                reserved,
            }],
            from_checkout: None,
        }
        .into()
    };
    let mut watched = Watched::default();
    for fine in [(0, 0, 0), (4, 4, 0), (4, 2, 2)] {
        let event = reserved(fine.0, fine.1, fine.2);
        assert_eq!(watched.found(NOW, SAME, &event), [], "{fine:?}");
    }
    for wrong in [(-1, 0, 0), (4, 5, 0), (4, 3, 2), (4, -1, 0), (4, 0, -1)] {
        let event = reserved(wrong.0, wrong.1, wrong.2);
        let found = watched.found(NOW, SAME, &event);
        assert_eq!(found.len(), 1, "{wrong:?}");
        assert_eq!(found[0].kind, AlertKind::StockWrong);
    }
}

#[test]
fn what_a_rule_does_is_a_setting() {
    let rule = Rule::of(AlertKind::CardTesting, Scope::Source).expect("a rule");
    let slowed = |acts: Acts| {
        let mut watched = Watched::default();
        watched.memory.acts = acts;
        let told = (1..=u128::from(rule.limit)).flat_map(|n| {
            let (event, who) = counted(rule, n);
            watched.tell(NOW, who, &event)
        });
        let slowed = told.filter_map(|event| match event {
            Event::SourceSlowed(slowed) => Some((slowed.source, slowed.until_us - NOW)),
            _ => None,
        });
        slowed.collect::<Vec<_>>()
    };
    let acts = Acts::default().with(AlertKind::CardTesting, Act::Slow);
    assert_eq!(slowed(Acts::default()), []);
    assert_eq!(slowed(acts), [("3f9ac0".to_owned(), SLOWED_US)]);
    assert_eq!(slowed(acts.with(AlertKind::CardTesting, Act::Watch)), []);
}

#[test]
fn orders_of_a_rule_that_holds_are_named_also_after_it_was_told() {
    let rule = Rule::of(AlertKind::OrderVelocity, Scope::Visitor).expect("a rule");
    let mut watched = Watched::default();
    watched.memory.acts = Acts::default().with(rule.kind, Act::Hold);
    let mut named = Vec::new();
    for n in 1..=u128::from(rule.limit) + 2 {
        let (event, who) = counted(rule, n);
        let told = watched.tell(NOW, who, &event).into_iter();
        named.extend(told.filter_map(|event| match event {
            Event::OrderReviewRequested(asked) => Some(asked.order_id),
            _ => None,
        }));
    }
    let limit = u128::from(rule.limit);
    assert_eq!(
        named,
        [order_id(limit), order_id(limit + 1), order_id(limit + 2)]
    );
}

/// Gaps between events, in parts of a window.
fn gaps() -> impl Strategy<Value = Vec<i64>> {
    let gap = prop_oneof![6 => 0..3_i64, 2 => 3..40_i64, 1 => Just(100_i64), 1 => Just(101_i64)];
    prop::collection::vec(gap, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the times: a rule reports when, and only when, as many lie in its window and it was not
    /// told within it, as a plain count of all events says.
    #[test]
    fn windows_count_as_a_plain_count_does(at in 0..RULES.len(), gaps in gaps()) {
        let rule = &RULES[at];
        let (mut watched, mut times, mut told) = (Watched::default(), Vec::new(), None);
        let mut at_us = NOW;
        for (n, gap) in gaps.into_iter().enumerate() {
            at_us += gap * rule.window_us / 100;
            times.push(at_us);
            let (event, who) = counted(rule, n as u128);
            let found = of(rule, watched.found(at_us, who, &event));
            let count = times.iter().filter(|time| **time > at_us - rule.window_us).count();
            let is_quiet = told.is_none_or(|told: i64| at_us >= told + rule.window_us);
            let expected = count >= rule.limit as usize && is_quiet;
            prop_assert_eq!(found.len(), usize::from(expected), "{:?} with {}", rule, count);
            if expected {
                told = Some(at_us);
            }
        }
    }

    /// Of events that come at once a turn notes each with its answers, a replay the answers behind: both
    /// lead to the same.
    #[test]
    fn answers_may_be_noted_later(at in 0..RULES.len(), gaps in gaps()) {
        let rule = &RULES[at];
        let (mut turn, mut replay) = (Memory::default(), Memory::default());
        let mut late: Vec<(Event, i64)> = Vec::new();
        let mut at_us = NOW;
        for (n, gap) in gaps.into_iter().enumerate() {
            at_us += gap * rule.window_us / 100;
            let (event, who) = counted(rule, n as u128);
            let id = uuid(n as u128);
            let heard = Heard {
                event: &event,
                id: &id,
                at_us,
                origin: who.origin,
                person: who.person,
                place: who.place,
            };
            let decided = turn.hear(&heard);
            if gap > 0 {
                for (event, at_us) in late.drain(..) {
                    replay.note(&Heard { event: &event, at_us, ..heard });
                }
            }
            replay.note(&heard);
            late.extend(decided.into_iter().map(|event| (event, at_us)));
        }
        for (event, at_us) in late {
            replay.note(&Heard { event: &event, id: "", at_us, origin: None, person: None, place: None });
        }
        prop_assert_eq!(turn, replay);
    }

    /// However much comes: what is kept stays small.
    #[test]
    fn what_is_kept_is_bounded(count in 100..800_u128, sources in 1..40_u128) {
        let mut watched = Watched::default();
        for n in 0..count {
            let origin = format!("source {}", n % sources);
            let who = Who { origin: Some(&origin), ..Who::default() };
            watched.tell(NOW, who, &declined(n % 3));
        }
        for state in watched.memory.states.values() {
            let State::Trails(trails) = state else { continue };
            let entries: usize = trails.0.values().map(|it| it.entries.len()).sum();
            prop_assert!(entries <= 160);
        }
    }
}
