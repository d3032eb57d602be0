use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use broker::decisions::{DEAD_LETTERED, DISCARD_REQUESTED, DISCARDED, REDRIVE_REQUESTED};
use broker::{
    Consumer, Environment, Error, Failure, Filter, Log, NewEvent, ParkedState, Reactor,
    ReactorSettings, Recorded, Tx,
};
use db::Db;
use parking_lot::Mutex;
use scratch::Scratch;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::{CALLED, DEADLINE, Fixture, event, open};

/// Keys that cannot be handled for now.
type Poison = Arc<Mutex<HashSet<&'static str>>>;

fn poison(keys: &[&'static str]) -> Poison {
    Arc::new(Mutex::new(keys.iter().copied().collect()))
}

fn refuse(poison: &Poison, event: &Recorded) -> Result<(), Failure> {
    if poison.lock().contains(event.key.as_str()) {
        return Err(Failure::Other(format!("{} is poison", event.key)));
    }
    Ok(())
}

struct Echo(Poison);

impl Consumer for Echo {
    const NAME: &'static str = "echo";
    const HEARS: Filter<'static> = CALLED;

    async fn handle(&self, tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<(), Failure> {
        for called in batch {
            tx.append(event("echoed", &called.key), Some(called));
            refuse(&self.0, called)?;
        }
        Ok(())
    }
}

struct Caller(Poison);

impl Reactor for Caller {
    const NAME: &'static str = "caller";
    const HEARS: Filter<'static> = CALLED;

    fn settings(&self) -> ReactorSettings {
        ReactorSettings::from_start()
    }

    async fn react(&self, called: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        refuse(&self.0, called)?;
        Ok(vec![event("echoed", &called.key)])
    }

    fn discarded(&self, called: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        Ok(vec![event("made up", &called.key)])
    }
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Consumer,
    Reactor,
}

impl Kind {
    const BOTH: [Self; 2] = [Self::Consumer, Self::Reactor];

    const fn name(self) -> &'static str {
        match self {
            Self::Consumer => Echo::NAME,
            Self::Reactor => Caller::NAME,
        }
    }

    fn start(self, fixture: &Fixture, poison: &Poison) -> broker::Runner {
        let mut runner = fixture.runner();
        match self {
            Self::Consumer => runner.consumer(Echo(poison.clone())),
            Self::Reactor => runner.reactor(Caller(poison.clone())),
        };
        runner
    }
}

const KEYS: [&str; 7] = ["a", "bad", "b", "bad", "a", "bad", "c"];

/// Positions that `echoed` events came from, for one key.
async fn echoed(fixture: &Fixture, key: &str) -> Vec<u64> {
    let called = fixture.of_kind("called").await;
    let of = |echo: &Arc<Recorded>| {
        let cause = called
            .iter()
            .find(|event| Some(event.id) == echo.causation_id);
        cause.map(|event| event.position)
    };
    let echoes = fixture.of_kind("echoed").await;
    echoes
        .iter()
        .filter(|echo| echo.key == key)
        .filter_map(of)
        .collect()
}

async fn states(fixture: &Fixture) -> Vec<(u64, ParkedState, u32)> {
    let parked = fixture.log.parked(false, 100).await.expect("parked");
    parked
        .iter()
        .map(|p| (p.position, p.state, p.attempts))
        .collect()
}

async fn until_empty(fixture: &Fixture) {
    let emptied = tokio::time::timeout(DEADLINE, async {
        while !states(fixture).await.is_empty() {
            tokio::task::yield_now().await;
        }
    });
    emptied.await.expect("nothing parked in time");
}

#[tokio::test]
async fn a_poison_event_becomes_a_dead_letter_and_only_its_key_waits() {
    for kind in Kind::BOTH {
        let fixture = Fixture::new().await;
        let poison = poison(&["bad"]);
        fixture.append("called", &KEYS).await;
        let runner = kind.start(&fixture, &poison);
        fixture.until("echoed", 4).await;
        let told = fixture.until(DEAD_LETTERED, 1).await;
        runner.stop().await;

        assert_eq!(echoed(&fixture, "bad").await, [0; 0], "{kind:?}");
        assert_eq!(echoed(&fixture, "a").await, [1, 5], "{kind:?}");
        let held = |position| (position, ParkedState::Held, 0);
        let expected = vec![(2, ParkedState::Dead, 4), held(4), held(6)];
        assert_eq!(states(&fixture).await, expected, "{kind:?}");
        assert!(told[0].data.contains("bad is poison"), "{}", told[0].data);
        let lags = fixture.log.lags().await.expect("lags");
        assert_eq!((lags[0].parked, lags[0].dead), (2, 1), "{kind:?}");
    }
}

/// What people see as a lag is what is left to do, and not what was for others.
#[tokio::test]
async fn a_consumer_at_rest_is_not_behind() {
    for kind in Kind::BOTH {
        let fixture = Fixture::new().await;
        fixture.append("for others", &KEYS).await;
        let runner = kind.start(&fixture, &poison(&[]));
        let rested = tokio::time::timeout(DEADLINE, async {
            loop {
                let lags = fixture.log.lags().await.expect("lags");
                if lags.iter().any(|lag| lag.behind == 0) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        });
        assert!(rested.await.is_ok(), "{kind:?} stays behind");
        runner.stop().await;
    }
}

#[tokio::test]
async fn a_redriven_dead_letter_is_handled_and_what_was_held_follows_in_order() {
    for kind in Kind::BOTH {
        let fixture = Fixture::new().await;
        let poison = poison(&["bad"]);
        fixture.append("called", &KEYS).await;
        let runner = kind.start(&fixture, &poison);
        fixture.until(DEAD_LETTERED, 1).await;
        poison.lock().clear();
        fixture
            .log
            .redrive(kind.name(), 2, "ada")
            .await
            .expect("redriven");
        fixture.until("echoed", KEYS.len()).await;
        until_empty(&fixture).await;
        // The key is free again.
        fixture.append("called", &["bad"]).await;
        fixture.until("echoed", KEYS.len() + 1).await;
        runner.stop().await;

        let later = fixture
            .of_kind("called")
            .await
            .last()
            .map_or(0, |event| event.position);
        assert_eq!(echoed(&fixture, "bad").await, [2, 4, 6, later], "{kind:?}");
        let audit = fixture.of_kind(REDRIVE_REQUESTED).await;
        assert!(
            audit.len() == 1 && audit[0].data.contains("ada"),
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn a_discarded_dead_letter_is_given_up_and_what_was_held_goes_on() {
    for kind in Kind::BOTH {
        let fixture = Fixture::new().await;
        let poison = poison(&["bad"]);
        fixture.append("called", &KEYS).await;
        let runner = kind.start(&fixture, &poison);
        fixture.until(DEAD_LETTERED, 1).await;
        poison.lock().clear();
        fixture
            .log
            .discard(kind.name(), 2, "ada")
            .await
            .expect("discarded");
        fixture.until("echoed", KEYS.len() - 1).await;
        until_empty(&fixture).await;
        runner.stop().await;
        assert_eq!(echoed(&fixture, "bad").await, [4, 6], "{kind:?}");
        assert_eq!(
            fixture.of_kind(DISCARD_REQUESTED).await.len(),
            1,
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn dead_letters_survive_a_restart_and_wait_for_a_decision() {
    for kind in Kind::BOTH {
        let fixture = Fixture::new().await;
        let poison = poison(&["bad"]);
        fixture.append("called", &KEYS).await;
        let runner = kind.start(&fixture, &poison);
        fixture.until(DEAD_LETTERED, 1).await;
        runner.stop().await;

        let fixture = fixture.reopen().await;
        poison.lock().clear();
        let runner = kind.start(&fixture, &poison);
        fixture.append("called", &["bad", "d"]).await;
        fixture.until("echoed", 5).await;
        assert_eq!(
            echoed(&fixture, "bad").await,
            [0; 0],
            "{kind:?}: still behind the dead one"
        );
        fixture
            .log
            .redrive(kind.name(), 2, "ada")
            .await
            .expect("redriven");
        fixture.until("echoed", KEYS.len() + 2).await;
        runner.stop().await;
        assert_eq!(echoed(&fixture, "bad").await.len(), 4, "{kind:?}");
    }
}

#[tokio::test]
async fn a_damaged_dead_letter_hides_none_of_the_others_and_can_be_given_up() {
    let fixture = Fixture::new().await;
    let poison = poison(&["bad", "b", "c"]);
    fixture.append("called", &KEYS).await;
    let runner = Kind::Consumer.start(&fixture, &poison);
    fixture.until(DEAD_LETTERED, 3).await;
    fixture
        .execute("update events set data = '' where position = 2")
        .await;
    fixture
        .execute("update parked set position = 9000 where position = 3")
        .await;
    let parked = fixture.log.parked(true, 10).await.expect("read");
    let told: Vec<(u64, bool)> = (parked.iter())
        .map(|parked| (parked.position, parked.event.is_ok()))
        .collect();
    assert_eq!(told, [(2, false), (7, true), (9_000, false)]);
    let errors: Vec<&String> = (parked.iter())
        .filter_map(|parked| parked.event.as_ref().err())
        .collect();
    assert!(
        errors[0].contains("the event at position 2 is damaged"),
        "{errors:?}"
    );
    assert!(errors[1].contains("position 9000 is missing"), "{errors:?}");
    let dump = fixture.log.dump().await.expect("read").to_string();
    assert!(dump.contains("dead 2 damaged of bad"), "{dump}");
    fixture
        .log
        .discard("echo", 2, "ada")
        .await
        .expect("discarded");
    fixture.until(DISCARDED, 1).await;
    runner.stop().await;
}

#[tokio::test]
async fn a_decision_about_what_is_not_dead_is_refused() {
    let fixture = Fixture::new().await;
    let error = fixture
        .log
        .redrive("echo", 7, "ada")
        .await
        .expect_err("refused");
    assert!(
        matches!(error, Error::NoSuchDeadLetter { position: 7, .. }),
        "{error}"
    );
    assert!(fixture.all().await.is_empty(), "nothing was written");
}

/// Answers only when it is let; says how many are being asked at once.
struct Patient {
    gate: Arc<Semaphore>,
    slow_key: &'static str,
}

impl Reactor for Patient {
    const NAME: &'static str = "patient";
    const HEARS: Filter<'static> = CALLED;

    fn settings(&self) -> ReactorSettings {
        ReactorSettings::from_start()
    }

    async fn react(&self, called: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        if called.key == self.slow_key {
            self.gate.acquire().await.expect("open").forget();
        }
        Ok(vec![event("echoed", &called.key)])
    }
}

#[tokio::test]
async fn a_slow_answer_holds_up_only_its_own_key() {
    let fixture = Fixture::new().await;
    fixture.append("called", &KEYS).await;
    let gate = Arc::new(Semaphore::new(0));
    let mut runner = fixture.runner();
    runner.reactor(Patient {
        gate: gate.clone(),
        slow_key: "bad",
    });
    fixture.until("echoed", 4).await;
    assert!(
        states(&fixture).await.is_empty(),
        "a slow call is no reason to put anything aside"
    );
    fixture.append("called", &["bad", "d"]).await;
    fixture.until("echoed", 5).await;
    gate.add_permits(4);
    fixture.until("echoed", 9).await;
    until_empty(&fixture).await;
    runner.stop().await;
    assert_eq!(echoed(&fixture, "bad").await[..3], [2, 4, 6]);
}

/// A process that asks about these keys, gets no answer about the slow one, and ends without being
/// told; then another one that gets all answers.
async fn ask_in_two_processes(keys: &[&str]) -> Fixture {
    let fixture = Fixture::new().await;
    fixture.append("called", keys).await;
    let patient = |answers| Patient {
        gate: Arc::new(Semaphore::new(answers)),
        slow_key: "slow",
    };
    let mut runner = fixture.runner();
    runner.reactor(patient(0));
    fixture.until("echoed", 1).await;
    drop(runner);
    let fixture = fixture.reopen().await;
    let mut runner = fixture.runner();
    runner.reactor(patient(9));
    fixture.until("echoed", keys.len()).await;
    until_empty(&fixture).await;
    runner.stop().await;
    fixture
}

#[tokio::test]
async fn what_was_begun_when_the_process_ended_is_asked_again() {
    let fixture = ask_in_two_processes(&["slow", "a"]).await;
    assert_eq!(echoed(&fixture, "slow").await, [1]);
}

#[tokio::test]
async fn failures_are_spaced_and_counted_before_an_event_is_given_up() {
    let fixture = Fixture::new().await;
    fixture.append("called", &["bad"]).await;
    let settings = broker::Settings {
        backoff: Duration::from_millis(2),
        max_attempts: 3,
        ..broker::Settings::default()
    };
    let mut runner = broker::Runner::new(fixture.log.clone(), settings);
    runner.consumer(Echo(poison(&["bad"])));
    let told = fixture.until(DEAD_LETTERED, 1).await;
    runner.stop().await;
    assert!(told[0].data.contains("\"attempts\":3"), "{}", told[0].data);
    assert!(
        fixture.of_kind("echoed").await.is_empty(),
        "what a failed attempt emits is rolled back"
    );
}

#[tokio::test]
async fn an_event_that_waits_while_a_slow_one_is_overtaken_is_never_lost() {
    // The slow one lets the position pass events that were read and not yet asked.
    let fixture = ask_in_two_processes(&["slow", "a", "a", "a", "slow", "a"]).await;
    assert_eq!(echoed(&fixture, "a").await, [2, 3, 4, 6]);
    assert_eq!(echoed(&fixture, "slow").await, [1, 5]);
}

#[tokio::test]
async fn a_parked_event_that_is_damaged_stops_nobody_else_and_ends_by_quarantine() {
    for kind in Kind::BOTH {
        let fixture = Fixture::new().await;
        fixture.append("called", &["bad"]).await;
        let poison = poison(&["bad"]);
        let runner = kind.start(&fixture, &poison);
        fixture.until(DEAD_LETTERED, 1).await;
        runner.stop().await;
        // As if it had been damaged while it waited for its next try.
        fixture
            .execute("update events set data = '' where position = 1")
            .await;
        fixture
            .execute("update parked set state = 'retrying', attempts = 1")
            .await;
        let fixture = fixture.reopen().await;
        let runner = kind.start(&fixture, &poison);
        fixture.append("called", &["a", "bad"]).await;
        let of_kind = |kind| format!("select count(*) from events where type = '{kind}'");
        fixture.until_number(&of_kind("echoed"), 1).await;
        fixture.until_number(&of_kind(DEAD_LETTERED), 2).await;
        let parked = fixture.log.parked(true, 10).await.expect("parked");
        assert!(
            parked[0].error.contains("position 1 is damaged"),
            "{kind:?} {parked:?}"
        );

        // Stepped over by everybody, and what waited behind it goes on.
        let other = open(&fixture.scratch).await;
        let refused = other.quarantine(2, "ada").await.expect_err("sound");
        assert!(matches!(refused, Error::NotDamaged(2)), "{refused}");
        let refused = other.quarantine(9_000, "ada").await.expect_err("none");
        assert!(matches!(refused, Error::NoSuchEvent(9_000)), "{refused}");
        poison.lock().clear();
        other.quarantine(1, "ada").await.expect("quarantined");
        fixture
            .log
            .redrive(kind.name(), 1, "ada")
            .await
            .expect("redriven");
        until_empty(&fixture).await;
        fixture.until("echoed", 2).await;
        runner.stop().await;
        let all = fixture.all().await;
        assert!(all[0].is_stand_in() && !all[1].is_stand_in());
        let audit = fixture.of_kind(broker::QUARANTINED).await;
        assert!(audit[0].data.contains("ada"), "{}", audit[0].data);
    }
}

#[tokio::test]
async fn a_missing_record_is_stepped_over_after_quarantine() {
    let fixture = Fixture::new().await;
    fixture.append("called", &["a", "b", "c"]).await;
    fixture
        .execute("delete from events where position = 2")
        .await;
    let fixture = fixture.reopen().await;
    let runner = Kind::Consumer.start(&fixture, &poison(&[]));
    fixture
        .until_number("select position from consumers", 1)
        .await;
    fixture.log.quarantine(2, "ada").await.expect("quarantined");
    fixture.until("echoed", 2).await;
    runner.stop().await;
    assert!(fixture.log.read_key("b").await.expect("read").is_empty());
}

#[tokio::test]
async fn a_discarded_dead_letter_of_a_reactor_is_made_up_for() {
    let fixture = Fixture::new().await;
    fixture.append("called", &["bad"]).await;
    let runner = Kind::Reactor.start(&fixture, &poison(&["bad"]));
    fixture.until(DEAD_LETTERED, 1).await;
    fixture
        .log
        .discard("caller", 1, "ada")
        .await
        .expect("discarded");
    let made_up = fixture.until("made up", 1).await;
    runner.stop().await;
    let called = fixture.of_kind("called").await;
    assert_eq!(made_up[0].causation_id, Some(called[0].id));
}

#[tokio::test]
async fn a_clock_that_is_set_back_delays_no_retry() {
    for kind in Kind::BOTH {
        let scratch = Scratch::new().await;
        let hour_us = 3_600_000_000;
        let set_back_us = Arc::new(AtomicI64::new(0));
        let (wall, start) = (set_back_us.clone(), std::time::Instant::now());
        let system = Environment::system();
        let environment = Environment::new(
            move || system.now_us() - wall.load(Ordering::SeqCst),
            Uuid::now_v7,
        )
        .with_steady_clock(move || i64::try_from(start.elapsed().as_micros()).unwrap_or(i64::MAX));
        let db = Db::open(&db::Settings::new(scratch.url()))
            .await
            .expect("a database");
        let log = Log::open(db, environment).await.expect("a log");
        let fixture = Fixture { log, scratch };
        fixture.append("called", &["bad"]).await;
        let poison = poison(&["bad"]);
        let settings = broker::Settings {
            backoff: Duration::from_millis(300),
            max_attempts: 99,
            ..broker::Settings::default()
        };
        let mut runner = broker::Runner::new(fixture.log.clone(), settings);
        match kind {
            Kind::Consumer => runner.consumer(Echo(poison.clone())),
            Kind::Reactor => runner.reactor(Caller(poison.clone())),
        };
        let failed = tokio::time::timeout(DEADLINE, async {
            while states(&fixture).await.is_empty() {
                tokio::task::yield_now().await;
            }
        });
        assert!(failed.await.is_ok(), "{kind:?} parks it");
        set_back_us.store(hour_us, Ordering::SeqCst);
        poison.lock().clear();
        fixture.until("echoed", 1).await;
        runner.stop().await;
    }
}

#[tokio::test]
async fn what_nobody_hears_is_counted() {
    let fixture = Fixture::new().await;
    fixture.append("sung", &["a"]).await;
    assert!(fixture.log.unheard().is_empty(), "nobody is there to hear");
    let runner = Kind::Consumer.start(&fixture, &poison(&[]));
    fixture.append("sung", &["a", "b"]).await;
    fixture.append("called", &["a"]).await;
    fixture.until("echoed", 1).await;
    runner.stop().await;
    let unheard = fixture.log.unheard();
    let counts: Vec<_> = unheard
        .iter()
        .map(|one| (one.kind.as_str(), one.events))
        .collect();
    assert_eq!(counts, [("echoed", 1), ("sung", 2)]);
}
