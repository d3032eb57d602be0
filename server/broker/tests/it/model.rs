//! Whatever happens in whatever order (events, failures, decisions, restarts), in one process or in two
//! that run the same consumers, each event is handled once, and the events of a key in their order.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use broker::{
    Consumer, Decider, Failure, Filter, Log, NewEvent, ParkedState, Reactor, ReactorSettings,
    Recorded, Roster, States, Tx,
};
use parking_lot::Mutex;
use proptest::prelude::*;

use crate::{CALLED, DEADLINE, Fixture, event, open};

const KEYS: [&str; 4] = ["a", "b", "c", "d"];

/// Keys that fail for now, and those that make the handler panic.
#[derive(Debug, Clone, Default)]
struct Trouble {
    failing: Arc<Mutex<HashSet<&'static str>>>,
    panicking: Arc<Mutex<HashSet<&'static str>>>,
}

impl Trouble {
    fn meet(&self, called: &Recorded) -> Result<(), Failure> {
        let key = called.key.as_str();
        if self.failing.lock().contains(key) {
            return Err(Failure::Other(format!("{key} fails")));
        }
        let panics = self.panicking.lock().contains(key);
        assert!(!panics, "{key} panics");
        Ok(())
    }
}

struct Listener(Trouble);

impl Consumer for Listener {
    const NAME: &'static str = "listener";
    const HEARS: Filter<'static> = CALLED;

    async fn handle(&self, tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<(), Failure> {
        for called in batch {
            tx.append(event("heard", &called.key), Some(called));
            self.0.meet(called)?;
        }
        Ok(())
    }
}

/// Numbers the events of each key.
struct Counter(Trouble);

impl Decider for Counter {
    const NAME: &'static str = "counter";
    const HEARS: Filter<'static> = CALLED;
    type State = u64;

    fn keys(&self, event: &Recorded) -> Result<Vec<String>, Failure> {
        Ok(vec![event.key.clone()])
    }

    fn decide(&self, counts: &States<u64>, called: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        self.0.meet(called)?;
        let count = counts.get(&called.key).copied().unwrap_or_default() + 1;
        Ok(vec![NewEvent::new(
            "counted",
            "tests",
            &called.key,
            count.to_string(),
        )])
    }

    fn evolve(&self, counts: &mut States<u64>, event: &Recorded) -> Result<(), Failure> {
        if event.kind == "counted" {
            let count = event
                .data
                .parse()
                .map_err(|_| Failure::Other("no number".into()))?;
            counts.put(&event.key, count);
        }
        Ok(())
    }
}

struct Caller(Trouble);

impl Reactor for Caller {
    const NAME: &'static str = "caller";
    const HEARS: Filter<'static> = CALLED;

    fn settings(&self) -> ReactorSettings {
        ReactorSettings::from_start()
    }

    async fn react(&self, called: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        tokio::task::yield_now().await;
        self.0.meet(called)?;
        Ok(vec![event("answered", &called.key)])
    }
}

#[derive(Debug, Clone)]
enum Move {
    /// Events of these keys, in one transaction.
    Append(Vec<usize>),
    Fail(usize),
    Panic(usize),
    Heal(usize),
    /// Decides about the n-th dead letter, if there is one.
    Redrive(usize),
    Discard(usize),
    /// Lets the consumers go on for a while: until they have nothing to do, or wait.
    Rest,
    /// The process ends where it stands, and another begins.
    Crash,
    /// The process ends as it should, and another begins.
    Restart,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let key = 0..KEYS.len();
    let one = prop_oneof![
        6 => prop::collection::vec(0..KEYS.len(), 1..8).prop_map(Move::Append),
        2 => key.clone().prop_map(Move::Fail),
        1 => key.clone().prop_map(Move::Panic),
        2 => key.prop_map(Move::Heal),
        2 => any::<usize>().prop_map(Move::Redrive),
        1 => any::<usize>().prop_map(Move::Discard),
        3 => Just(Move::Rest),
        2 => Just(Move::Crash),
        1 => Just(Move::Restart),
    ];
    prop::collection::vec(one, 1..24)
}

struct World {
    fixture: Fixture,
    trouble: Trouble,
    /// Processes that run the same consumers, each with a log of its own in memory.
    runners: Vec<broker::Runner>,
    logs: Vec<Log>,
    /// Whose turn it is to append.
    next: usize,
}

impl World {
    async fn new(processes: usize) -> Self {
        let fixture = Fixture::new().await;
        let mut logs = Vec::new();
        for _ in 0..processes {
            logs.push(open(&fixture.scratch).await);
        }
        let mut world = Self {
            fixture,
            trouble: Trouble::default(),
            runners: Vec::new(),
            logs,
            next: 0,
        };
        world.start().await;
        world
    }

    async fn start(&mut self) {
        for log in &self.logs {
            let mut runner = self.fixture.runner_of(log);
            let roster = Roster::new()
                .decider(Counter(self.trouble.clone()))
                .consumer(Listener(self.trouble.clone()))
                .reactor(Some(Caller(self.trouble.clone())));
            roster.start(&mut runner).await;
            self.runners.push(runner);
        }
    }

    async fn stop(&mut self) {
        for runner in self.runners.drain(..) {
            runner.stop().await;
        }
    }

    async fn carry_out(&mut self, step: &Move) {
        match step {
            Move::Append(keys) => {
                let keys: Vec<&str> = keys.iter().map(|key| KEYS[*key]).collect();
                self.next = (self.next + 1) % self.logs.len();
                append(&self.logs[self.next], &keys).await;
            }
            Move::Fail(key) => {
                self.trouble.failing.lock().insert(KEYS[*key]);
            }
            Move::Panic(key) => {
                self.trouble.panicking.lock().insert(KEYS[*key]);
            }
            Move::Heal(key) => {
                self.trouble.failing.lock().remove(KEYS[*key]);
                self.trouble.panicking.lock().remove(KEYS[*key]);
            }
            Move::Redrive(n) => self.decide(*n, true).await,
            Move::Discard(n) => self.decide(*n, false).await,
            Move::Rest => self.rest(false).await,
            Move::Crash => {
                // Dropped: every task ends at its next await.
                self.runners.clear();
                self.start().await;
            }
            Move::Restart => {
                self.stop().await;
                self.start().await;
            }
        }
    }

    async fn decide(&self, n: usize, again: bool) {
        let log = &self.fixture.log;
        let dead = log.parked(true, 1_000).await.expect("read");
        let Some(dead) = dead.get(n % dead.len().max(1)) else {
            return;
        };
        let (consumer, position) = (&dead.consumer, dead.position);
        let decided = if again {
            log.redrive(consumer, position, "model").await
        } else {
            log.discard(consumer, position, "model").await
        };
        // It may have been decided before, and followed just now.
        if let Err(error) = decided {
            assert!(
                matches!(error, broker::Error::NoSuchDeadLetter { .. }),
                "{error}"
            );
        }
    }

    /// Waits until every event is handled, given up, dead or behind a dead one.
    async fn rest(&self, whole: bool) {
        let log = &self.fixture.log;
        let rested = tokio::time::timeout(DEADLINE, async {
            loop {
                let parked = log.parked(false, 10_000).await.expect("read");
                let dead: BTreeSet<(&str, &str)> = (parked.iter())
                    .filter(|p| p.state == ParkedState::Dead)
                    .map(|p| (p.consumer.as_str(), p.key.as_str()))
                    .collect();
                let waits = parked.iter().all(|p| {
                    p.state == ParkedState::Dead
                        || dead.contains(&(p.consumer.as_str(), p.key.as_str()))
                });
                let last = self
                    .fixture
                    .of_kind("called")
                    .await
                    .last()
                    .map_or(0, |e| e.position);
                let lags = log.lags().await.expect("read");
                let read = lags.len() == 3 && lags.iter().all(|lag| lag.position >= last);
                if read && waits && (!whole || parked.is_empty()) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        if rested.await.is_err() {
            panic!("no rest in time:\n{}", log.dump().await.expect("read"));
        }
    }

    /// Heals everything, redrives what is dead, and lets all of it be handled.
    async fn end(&mut self) {
        self.trouble.failing.lock().clear();
        self.trouble.panicking.lock().clear();
        loop {
            self.rest(false).await;
            let dead = self.fixture.log.parked(true, 10_000).await.expect("read");
            if dead.is_empty() {
                break;
            }
            for _ in dead {
                self.decide(0, true).await;
            }
            // Followed by the consumers, or decided again the next time round.
            tokio::task::yield_now().await;
        }
        self.rest(true).await;
        self.stop().await;
    }

    /// Each event was handled once by each consumer, unless it was given up; those of a key in order.
    async fn check(&self) -> Result<(), TestCaseError> {
        let all = self.fixture.all().await;
        let position_of: BTreeMap<_, _> = all.iter().map(|e| (e.id, e.position)).collect();
        let mut given_up: BTreeSet<(String, u64)> = BTreeSet::new();
        for event in all
            .iter()
            .filter(|e| e.kind == broker::decisions::DISCARDED)
        {
            let decision: broker::decisions::Decision =
                serde_json::from_str(&event.data).expect("a decision");
            given_up.insert((decision.consumer, decision.position));
        }
        for (consumer, answer) in [
            ("listener", "heard"),
            ("caller", "answered"),
            ("counter", "counted"),
        ] {
            for key in KEYS {
                let called = all.iter().filter(|e| e.kind == "called" && e.key == key);
                let expected: Vec<u64> = called
                    .map(|event| event.position)
                    .filter(|position| !given_up.contains(&(consumer.to_owned(), *position)))
                    .collect();
                let answers = all.iter().filter(|e| e.kind == answer && e.key == key);
                let answered: Vec<u64> = answers
                    .filter_map(|event| position_of.get(&event.causation_id?).copied())
                    .collect();
                prop_assert_eq!(answered, expected, "{} of {}", consumer, key);
            }
        }
        for key in KEYS {
            let counted = all.iter().filter(|e| e.kind == "counted" && e.key == key);
            let counts: Vec<String> = counted.map(|event| event.data.clone()).collect();
            let expected: Vec<String> = (1..=counts.len()).map(|n| n.to_string()).collect();
            prop_assert_eq!(&counts, &expected, "numbers of {}", key);
            let state = self
                .fixture
                .log
                .state_of("counter", key)
                .await
                .expect("read");
            prop_assert_eq!(state, counts.last().cloned(), "the state of {}", key);
        }
        let positions: Vec<u64> = all.iter().map(|event| event.position).collect();
        let gapless: Vec<u64> = (1..=all.len() as u64).collect();
        prop_assert_eq!(positions, gapless);
        Ok(())
    }
}

async fn append(log: &Log, keys: &[&str]) {
    let mut tx = log.begin("test").await.expect("a transaction");
    for key in keys {
        tx.append(event("called", key), None);
    }
    tx.commit().await.expect("committed");
}

#[test]
fn each_event_is_handled_once_and_each_key_in_order() {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        max_shrink_iters: 64,
        failure_persistence: None,
        ..ProptestConfig::with_cases(48)
    });
    let outcome = runner.run(&(1..3_usize, moves()), |(processes, moves)| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let mut world = World::new(processes).await;
            for step in &moves {
                world.carry_out(step).await;
            }
            world.end().await;
            world.check().await
        })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
