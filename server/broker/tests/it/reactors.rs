use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use broker::{Failure, Filter, NewEvent, ParkedState, Reactor, ReactorSettings, Recorded};
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::{CALLED, DEADLINE, Fixture, event, open};

/// What the outside world was asked: key, position, and the id that serves as idempotency key.
type Asked = Arc<Mutex<Vec<(String, u64, Uuid)>>>;

/// Asks the outside world, which fails for one key as often as it was told to.
struct Caller {
    asked: Asked,
    failing_key: &'static str,
    failures: AtomicU32,
}

impl Reactor for Caller {
    const NAME: &'static str = "caller";
    const HEARS: Filter<'static> = CALLED;

    fn settings(&self) -> ReactorSettings {
        ReactorSettings::from_start()
    }

    async fn react(&self, called: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let asked = (called.key.clone(), called.position, called.id);
        self.asked.lock().push(asked);
        // Let the others overtake, were they allowed to.
        tokio::task::yield_now().await;
        let failing = |left: u32| left.checked_sub(1);
        if called.key == self.failing_key
            && self
                .failures
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, failing)
                .is_ok()
        {
            return Err(Failure::Other("the line is dead".to_owned()));
        }
        Ok(vec![event("answered", &called.key)])
    }
}

const KEYS: [&str; 8] = ["a", "b", "c", "a", "b", "a", "c", "b"];

async fn answers_after(failures: u32) -> (Fixture, Asked) {
    let fixture = Fixture::new().await;
    fixture.append("called", &KEYS).await;
    let asked = Asked::default();
    let mut runner = fixture.runner();
    runner.reactor(Caller {
        asked: asked.clone(),
        failing_key: "b",
        failures: AtomicU32::new(failures),
    });
    fixture.until("answered", KEYS.len()).await;
    runner.stop().await;
    (fixture, asked)
}

#[tokio::test]
async fn answers_are_recorded_once_and_keys_stay_in_order() {
    for failures in [0, 3] {
        let (fixture, asked) = answers_after(failures).await;
        let called = fixture.of_kind("called").await;
        let answered = fixture.of_kind("answered").await;
        for key in ["a", "b", "c"] {
            let of_key = |event: &&Arc<Recorded>| event.key == key;
            let answered = answered.iter().filter(of_key).map(|e| e.causation_id);
            let called = called.iter().filter(of_key).map(|e| Some(e.id));
            assert!(answered.eq(called), "{key} after {failures} failures");
        }

        // Asked again only with the id of the event, and never past one of the same key that failed.
        let mut furthest: HashMap<&str, u64> = HashMap::new();
        let asked = asked.lock();
        assert!(asked.len() >= KEYS.len() + failures as usize);
        for (key, position, id) in asked.iter() {
            let event = called.iter().find(|event| event.position == *position);
            assert_eq!(event.map(|event| event.id), Some(*id));
            let before = called
                .iter()
                .filter(|event| event.key == *key && event.position < *position)
                .map(|event| event.position)
                .max()
                .unwrap_or_default();
            let reached = furthest.entry(key).or_default();
            assert!(*reached >= before, "{key} at {position} came too early");
            *reached = (*reached).max(*position);
        }
    }
}

#[tokio::test]
async fn a_reactor_never_asks_again_for_what_is_recorded() {
    let (fixture, _) = answers_after(0).await;
    let fixture = fixture.reopen().await;
    let asked = Asked::default();
    let mut runner = fixture.runner();
    runner.reactor(Caller {
        asked: asked.clone(),
        failing_key: "",
        failures: AtomicU32::new(0),
    });
    fixture.append("called", &["later"]).await;
    fixture.until("answered", KEYS.len() + 1).await;
    runner.stop().await;
    let keys: Vec<_> = asked.lock().iter().map(|asked| asked.0.clone()).collect();
    assert_eq!(keys, ["later"]);
}

/// Says how it is being asked, and answers only when it is let.
#[derive(Clone)]
struct Oracle {
    /// Keys, in the order of the calls.
    asked: Arc<Mutex<Vec<String>>>,
    /// Permits to answer.
    gate: Arc<Semaphore>,
    /// While set, nothing comes back.
    is_away: Arc<AtomicBool>,
    settings: ReactorSettings,
}

impl Oracle {
    fn new(settings: ReactorSettings) -> Self {
        Self {
            asked: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
            is_away: Arc::default(),
            settings,
        }
    }

    /// One that answers at once.
    fn open(settings: ReactorSettings) -> Self {
        let oracle = Self::new(settings);
        oracle.gate.add_permits(Semaphore::MAX_PERMITS);
        oracle
    }

    async fn until_asked(&self, count: usize) {
        let asked = tokio::time::timeout(DEADLINE, async {
            while self.asked.lock().len() < count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        assert!(asked.await.is_ok(), "asked {}", self.asked.lock().len());
    }
}

impl Reactor for Oracle {
    const NAME: &'static str = "oracle";
    const HEARS: Filter<'static> = CALLED;

    fn settings(&self) -> ReactorSettings {
        self.settings
    }

    async fn react(&self, called: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        self.asked.lock().push(called.key.clone());
        if self.is_away.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        self.gate.acquire().await.expect("open").forget();
        Ok(vec![event("answered", &called.key)])
    }

    fn discarded(&self, called: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        Ok(vec![event("made_up", &called.key)])
    }
}

fn keys(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("key-{number}")).collect()
}

async fn append(fixture: &Fixture, keys: &[String]) {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    fixture.append("called", &keys).await;
}

async fn until_circuit(fixture: &Fixture, open: bool) {
    let changed = tokio::time::timeout(DEADLINE, async {
        loop {
            let reactors = fixture.log.reactors();
            if reactors
                .iter()
                .any(|one| one.is_circuit_open == open && one.is_asking)
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    assert!(changed.await.is_ok(), "{:?}", fixture.log.reactors());
}

#[tokio::test]
async fn thousands_of_calls_are_made_at_once_and_none_is_put_aside_for_being_slow() {
    let fixture = Fixture::new().await;
    let keys = keys(2_000);
    append(&fixture, &keys).await;
    let oracle = Oracle::new(ReactorSettings {
        in_flight: 2_048,
        ..ReactorSettings::from_start()
    });
    let mut runner = fixture.runner();
    runner.reactor(oracle.clone());
    oracle.until_asked(keys.len()).await;
    let status = fixture.log.reactors();
    assert_eq!(status[0].in_flight, keys.len(), "not one was answered yet");
    oracle.gate.add_permits(keys.len() - 1);
    fixture.until("answered", keys.len() - 1).await;
    let parked = fixture.numbers("select count(*) from parked").await;
    assert_eq!(parked, [0]);

    // Another process asks about the one that is left, and about no other.
    drop(runner);
    let fixture = fixture.reopen().await;
    let again = Oracle::open(ReactorSettings::from_start());
    let mut runner = fixture.runner();
    runner.reactor(again.clone());
    fixture.until("answered", keys.len()).await;
    runner.stop().await;
    assert_eq!(again.asked.lock().len(), 1);
    assert_eq!(fixture.of_kind("answered").await.len(), keys.len());
}

#[tokio::test]
async fn a_call_that_was_cut_off_between_answered_ones_is_made_again_however_little_is_read_at_once()
 {
    let fixture = Fixture::new().await;
    let keys = keys(20);
    let oracle = Oracle::open(ReactorSettings::from_start());
    let mut runner = fixture.runner();
    runner.reactor(oracle.clone());
    // The first and the eleventh get no answer, all others do.
    for (asked, answered, range) in [
        (1, 0, 0..1),
        (10, 9, 1..10),
        (11, 9, 10..11),
        (20, 18, 11..20),
    ] {
        let is_away = range.len() == 1;
        oracle.is_away.store(is_away, Ordering::SeqCst);
        append(&fixture, &keys[range]).await;
        oracle.until_asked(asked).await;
        fixture.until("answered", answered).await;
    }
    drop(runner);

    let fixture = fixture.reopen().await;
    let again = Oracle::open(ReactorSettings {
        in_flight: 1,
        ..ReactorSettings::from_start()
    });
    let mut runner = fixture.runner();
    runner.reactor(again.clone());
    fixture.until("answered", keys.len()).await;
    runner.stop().await;
    assert_eq!(*again.asked.lock(), ["key-0", "key-10"]);
}

fn impatient() -> ReactorSettings {
    ReactorSettings {
        deadline: Duration::from_millis(20),
        patience: Duration::ZERO,
        opens_after: 3,
        probe_wait: Duration::from_millis(5),
        max_probe_wait: Duration::from_millis(10),
        ..ReactorSettings::from_start()
    }
}

#[tokio::test]
async fn while_nobody_answers_one_call_at_a_time_finds_out_and_the_rest_waits_in_the_log() {
    let fixture = Fixture::new().await;
    let keys = keys(40);
    append(&fixture, &keys).await;
    let oracle = Oracle::open(impatient());
    oracle.is_away.store(true, Ordering::SeqCst);
    let mut runner = fixture.runner();
    runner.reactor(oracle.clone());
    until_circuit(&fixture, true).await;
    let before = oracle.asked.lock().len();
    oracle.until_asked(before + 12).await;
    assert!(fixture.log.reactors()[0].in_flight <= 1, "one at a time");
    let probed: HashSet<String> = oracle.asked.lock()[before..].iter().cloned().collect();
    assert!(probed.len() >= 12, "each about another key: {probed:?}");
    assert_eq!(fixture.numbers("select count(*) from parked").await, [0]);

    oracle.is_away.store(false, Ordering::SeqCst);
    fixture.until("answered", keys.len()).await;
    until_circuit(&fixture, false).await;
    runner.stop().await;
    let dead = fixture.of_kind(broker::decisions::DEAD_LETTERED).await;
    assert!(dead.is_empty(), "an outage uses up no attempts");
}

#[tokio::test]
async fn a_key_that_never_gets_an_answer_is_put_aside_alive_and_others_go_on() {
    let fixture = Fixture::new().await;
    append(&fixture, &keys(1)).await;
    let oracle = Oracle::open(impatient());
    oracle.is_away.store(true, Ordering::SeqCst);
    let mut runner = fixture.runner();
    runner.reactor(oracle.clone());
    // More often than an event has attempts.
    oracle.until_asked(8).await;
    let parked = fixture.log.parked(false, 10).await.expect("parked");
    assert_eq!(parked.len(), 1);
    assert_eq!(
        (parked[0].state, parked[0].attempts),
        (ParkedState::Retrying, 0)
    );
    oracle.is_away.store(false, Ordering::SeqCst);
    append(&fixture, &["other".to_owned()]).await;
    fixture.until("answered", 2).await;
    runner.stop().await;
}

#[tokio::test]
async fn a_stop_leaves_calls_that_take_too_long_and_they_are_made_again() {
    let fixture = Fixture::new().await;
    append(&fixture, &keys(2)).await;
    let oracle = Oracle::new(ReactorSettings {
        stops_within: Duration::from_millis(20),
        ..ReactorSettings::from_start()
    });
    let mut runner = fixture.runner();
    runner.reactor(oracle.clone());
    oracle.until_asked(2).await;
    let stopped = tokio::time::timeout(Duration::from_secs(5), runner.stop());
    assert!(stopped.await.is_ok(), "it does not wait for the other side");
    let mut runner = fixture.runner();
    runner.reactor(Oracle::open(ReactorSettings::from_start()));
    fixture.until("answered", 2).await;
    runner.stop().await;
}

#[tokio::test]
async fn a_new_reactor_begins_with_what_comes_next_and_one_that_is_known_goes_on() {
    let fixture = Fixture::new().await;
    append(&fixture, &keys(3)).await;
    let oracle = Oracle::open(ReactorSettings::default());
    let mut runner = fixture.runner();
    runner.reactor(oracle.clone());
    until_circuit(&fixture, false).await;
    runner.stop().await;
    append(&fixture, &["later".to_owned()]).await;
    let mut runner = fixture.runner();
    runner.reactor(oracle.clone());
    fixture.until("answered", 1).await;
    runner.stop().await;
    assert_eq!(*oracle.asked.lock(), ["later"]);
}

#[tokio::test]
async fn of_two_processes_one_asks_and_the_other_takes_over_when_it_is_gone() {
    let fixture = Fixture::new().await;
    let other = open(&fixture.scratch).await;
    let settings = ReactorSettings::from_start();
    let (first, second) = (Oracle::open(settings), Oracle::open(settings));
    let mut runner = fixture.runner();
    runner.reactor(first.clone());
    until_circuit(&fixture, false).await;
    let mut standby = fixture.runner_of(&other);
    standby.reactor(second.clone());
    let keys = keys(100);
    append(&fixture, &keys[..50]).await;
    let challenged = tokio::time::timeout(DEADLINE, async {
        while fixture.numbers("select answered from leases").await < vec![3] {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    assert!(
        challenged.await.is_ok(),
        "the holder answers who wants the lease"
    );
    append(&fixture, &keys[50..]).await;
    fixture.until("answered", keys.len()).await;
    let both = [first.asked.lock().clone(), second.asked.lock().clone()].concat();
    assert_eq!(both.len(), keys.len(), "each is asked about once");

    runner.stop().await;
    append(&fixture, &["later".to_owned()]).await;
    fixture.until("answered", keys.len() + 1).await;
    standby.stop().await;
    assert_eq!(
        second.asked.lock().last().map(String::as_str),
        Some("later")
    );
}
