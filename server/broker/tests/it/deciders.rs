//! Deciders: what they decide commits with what they decide about, and nothing depends on it.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use broker::{
    Beginning, Decider, Environment, Failure, Filter, Log, NewEvent, ParkedState, Recorded, Roster,
    Rule, Runner, States,
};
use parking_lot::Mutex;
use uuid::Uuid;

use crate::{Fixture, event, open};

/// Opens a round per key with `opened`, which ends with `closed` or when its time is over.
#[derive(Debug, Clone, Default)]
struct Rounds {
    poison: Arc<Mutex<HashSet<&'static str>>>,
}

const ROUND_US: i64 = 60_000_000;

impl Decider for Rounds {
    const NAME: &'static str = "rounds";
    const HEARS: Filter<'static> =
        Filter(&[Rule::topic("tests").of(&["opened", "closed", "elapsed"])]);
    /// When the round ends; 0 when it has.
    type State = i64;

    fn keys(&self, event: &Recorded) -> Result<Vec<String>, Failure> {
        Ok(vec![event.key.clone()])
    }

    fn decide(&self, rounds: &States<i64>, heard: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        if self.poison.lock().contains(heard.key.as_str()) {
            return Err(Failure::Other(format!("{} is poison", heard.key)));
        }
        let is_open = rounds.get(&heard.key).is_some_and(|until| *until > 0);
        Ok(match heard.kind.as_str() {
            "opened" if !is_open => {
                let until = heard.time_us + ROUND_US;
                vec![NewEvent::new(
                    "began",
                    "tests",
                    &heard.key,
                    until.to_string(),
                )]
            }
            "closed" | "elapsed" if is_open => vec![event("ended", &heard.key)],
            _ => Vec::new(),
        })
    }

    fn evolve(&self, rounds: &mut States<i64>, event: &Recorded) -> Result<(), Failure> {
        match event.kind.as_str() {
            "began" => rounds.put(&event.key, event.data.parse().unwrap_or_default()),
            "ended" => rounds.put(&event.key, 0),
            _ => {}
        }
        Ok(())
    }

    fn discarded(&self, _: &States<i64>, given_up: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        Ok(vec![event("made_up", &given_up.key)])
    }

    fn deadline(&self, until: &i64) -> Option<i64> {
        (*until > 0).then_some(*until)
    }

    fn is_nothing(&self, until: &i64) -> bool {
        *until == 0
    }

    fn elapsed(&self, key: &str, _: &i64) -> Result<Option<NewEvent>, Failure> {
        Ok(Some(event("elapsed", key)))
    }
}

/// Counts the rounds that ended, over all keys.
#[derive(Debug)]
struct Score;

impl Decider for Score {
    const NAME: &'static str = "score";
    const HEARS: Filter<'static> = Filter(&[Rule::topic("tests").of(&["ended"])]);
    type State = u64;

    fn keys(&self, _: &Recorded) -> Result<Vec<String>, Failure> {
        Ok(vec!["all".to_owned()])
    }

    fn decide(&self, score: &States<u64>, _: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let score = score.get("all").copied().unwrap_or_default() + 1;
        Ok(vec![NewEvent::new(
            "scored",
            "tests",
            "all",
            score.to_string(),
        )])
    }

    fn evolve(&self, score: &mut States<u64>, event: &Recorded) -> Result<(), Failure> {
        if event.kind == "scored" {
            score.put("all", event.data.parse().unwrap_or_default());
        }
        Ok(())
    }
}

impl Fixture {
    async fn start(&self, rounds: &Rounds) -> Runner {
        self.start_in(&self.log, rounds).await
    }

    async fn start_in(&self, log: &Log, rounds: &Rounds) -> Runner {
        let mut runner = self.runner_of(log);
        let roster = Roster::new().decider(rounds.clone()).decider(Score);
        roster.start(&mut runner).await;
        runner
    }

    /// What one transaction appended: kinds, from the event after `position` to the head.
    async fn kinds_after(&self, position: u64) -> Vec<String> {
        let events = self.log.read_after(position, 1_000).await.expect("read");
        events.iter().map(|event| event.kind.clone()).collect()
    }

    async fn until_in_turns(&self) {
        self.until_caught_up().await;
        // The stored positions follow every event only when turns move them.
        let before = self.log.head();
        self.append("probed", &["probe"]).await;
        let lags = self.log.lags().await.expect("read");
        if lags.len() < 2 || lags.iter().any(|lag| lag.position <= before) {
            Box::pin(self.until_in_turns()).await;
        }
    }
}

#[tokio::test]
async fn what_follows_an_event_is_in_the_log_when_its_commit_returns() {
    let fixture = Fixture::new().await;
    let runner = fixture.start(&Rounds::default()).await;
    fixture.until_in_turns().await;
    let from = fixture.log.head();
    fixture.append("opened", &["a", "b"]).await;
    assert_eq!(
        fixture.kinds_after(from).await,
        ["opened", "opened", "began", "began"]
    );
    let from = fixture.log.head();
    fixture.append("closed", &["a", "x"]).await;
    assert_eq!(
        fixture.kinds_after(from).await,
        ["closed", "closed", "ended", "scored"]
    );
    let ended = fixture.until("ended", 1).await;
    assert_eq!(ended[0].source, "rounds");
    let closed = fixture.until("closed", 2).await;
    assert_eq!(ended[0].causation_id, Some(closed[0].id));
    let state = fixture.log.state_of("score", "all").await.expect("read");
    assert_eq!(state.as_deref(), Some("1"));
    runner.stop().await;
}

#[tokio::test]
async fn a_restart_reads_the_states_back_and_what_came_meanwhile_is_decided() {
    let rounds = Rounds::default();
    let mut fixture = Fixture::new().await;
    let runner = fixture.start(&rounds).await;
    fixture.append("opened", &["a", "b"]).await;
    fixture.until("began", 2).await;
    runner.stop().await;
    fixture.append("closed", &["a", "a"]).await;
    fixture = fixture.reopen().await;
    let runner = fixture.start(&rounds).await;
    fixture.until("scored", 1).await;
    fixture.append("opened", &["b"]).await;
    fixture.until_caught_up().await;
    assert_eq!(fixture.of_kind("began").await.len(), 2, "b is open still");
    assert_eq!(fixture.of_kind("ended").await.len(), 1);
    runner.stop().await;
}

/// Keys that have a row, of the rounds.
async fn open_rounds(fixture: &Fixture) -> Vec<String> {
    let states = fixture.log.states_of(Rounds::NAME).await.expect("read");
    states.into_iter().map(|(key, _)| key).collect()
}

#[tokio::test]
async fn a_state_that_says_nothing_any_more_is_removed_in_turns_in_the_own_loop_and_by_a_replay() {
    let rounds = Rounds::default();
    let mut fixture = Fixture::new().await;
    // In turns.
    let runner = fixture.start(&rounds).await;
    fixture.until_in_turns().await;
    fixture.append("opened", &["a", "b", "c"]).await;
    assert_eq!(open_rounds(&fixture).await, ["a", "b", "c"]);
    fixture.append("closed", &["a"]).await;
    assert_eq!(open_rounds(&fixture).await, ["b", "c"]);
    // One that is opened and closed by one transaction was never there, one that is opened again is.
    let mut tx = fixture.log.begin("tests").await.expect("begun");
    for (kind, key) in [
        ("opened", "d"),
        ("closed", "d"),
        ("closed", "c"),
        ("opened", "c"),
    ] {
        tx.append(event(kind, key), None);
    }
    tx.commit().await.expect("committed");
    assert_eq!(open_rounds(&fixture).await, ["b", "c"]);
    runner.stop().await;

    // In its own loop, which takes what came meanwhile as one batch.
    fixture.append("closed", &["b"]).await;
    fixture.append("opened", &["e"]).await;
    fixture = fixture.reopen().await;
    let runner = fixture.start(&rounds).await;
    fixture.until("began", 6).await;
    fixture.until_caught_up().await;
    assert_eq!(open_rounds(&fixture).await, ["c", "e"]);

    // A replay leads to the same rows.
    let roster = Roster::new().decider(rounds.clone()).decider(Score);
    for beginning in [Beginning::Nothing, Beginning::Position(5)] {
        let replay = fixture
            .log
            .replay(&roster, Rounds::NAME, beginning, "ada", |_, _| {});
        let replayed = replay.await.expect("replayed");
        assert_eq!(
            (replayed.rows, replayed.differences),
            (2, 0),
            "{beginning:?}"
        );
    }
    assert_eq!(open_rounds(&fixture).await, ["c", "e"]);
    fixture.until_caught_up().await;
    fixture.append("closed", &["c", "e"]).await;
    fixture.until("ended", 6).await;
    assert!(open_rounds(&fixture).await.is_empty());
    runner.stop().await;
}

#[tokio::test]
async fn one_that_fails_leaves_the_turn_and_only_its_own_key_waits() {
    let rounds = Rounds::default();
    let fixture = Fixture::new().await;
    let runner = fixture.start(&rounds).await;
    fixture.until_in_turns().await;
    rounds.poison.lock().insert("bad");
    fixture.append("opened", &["good", "bad", "fine"]).await;
    fixture.until("began", 2).await;
    fixture.append("closed", &["good", "bad", "fine"]).await;
    fixture.until("scored", 2).await;
    fixture.until(broker::decisions::DEAD_LETTERED, 1).await;
    let parked = fixture.log.parked(false, 10).await.expect("read");
    let states: Vec<_> = parked.iter().map(|p| (p.key.as_str(), p.state)).collect();
    assert_eq!(
        states,
        [("bad", ParkedState::Dead), ("bad", ParkedState::Held)]
    );
    rounds.poison.lock().clear();
    let dead = parked[0].position;
    fixture
        .log
        .redrive("rounds", dead, "ada")
        .await
        .expect("asked");
    fixture.until("scored", 3).await;
    assert!(
        fixture
            .log
            .parked(false, 10)
            .await
            .expect("read")
            .is_empty()
    );
    runner.stop().await;
}

#[tokio::test]
async fn what_is_given_up_is_made_up_for_in_the_same_commit() {
    let rounds = Rounds::default();
    let fixture = Fixture::new().await;
    let runner = fixture.start(&rounds).await;
    rounds.poison.lock().insert("bad");
    fixture.append("opened", &["bad"]).await;
    let dead = fixture.until(broker::decisions::DEAD_LETTERED, 1).await;
    assert!(dead[0].data.contains("bad is poison"), "{}", dead[0].data);
    let position = fixture.log.parked(true, 1).await.expect("read")[0].position;
    fixture
        .log
        .discard("rounds", position, "ada")
        .await
        .expect("asked");
    let made_up = fixture.until("made_up", 1).await;
    let opened = fixture.until("opened", 1).await;
    assert_eq!(made_up[0].causation_id, Some(opened[0].id));
    let discarded = fixture.until(broker::decisions::DISCARDED, 1).await;
    assert_eq!(made_up[0].position.abs_diff(discarded[0].position), 1);
    runner.stop().await;
}

#[tokio::test]
async fn two_processes_decide_by_turns_and_never_twice() {
    let rounds = Rounds::default();
    let fixture = Fixture::new().await;
    let other = open(&fixture.scratch).await;
    let runners = [
        fixture.start(&rounds).await,
        fixture.start_in(&other, &rounds).await,
    ];
    for round in 1..=20 {
        fixture.append("opened", &["a", "b"]).await;
        let mut tx = other.begin("test").await.expect("a transaction");
        tx.append(event("closed", "a"), None);
        tx.append(event("closed", "b"), None);
        tx.commit().await.expect("committed");
        fixture.until("closed", 2 * round).await;
    }
    fixture.until_caught_up().await;
    let began = fixture.of_kind("began").await.len();
    let ended = fixture.of_kind("ended").await;
    assert_eq!((began, ended.len()), (40, 40));
    let state = fixture.log.state_of("score", "all").await.expect("read");
    assert_eq!(state.as_deref(), Some("40"));
    for runner in runners {
        runner.stop().await;
    }
}

/// Its first decision, on states that it takes for current, comes to more events than the second one, for
/// which it has left the turn.
#[tokio::test]
async fn who_is_replayed_by_another_process_decides_in_its_own_loop_and_the_command_goes_through() {
    let rounds = Rounds::default();
    let fixture = Fixture::new().await;
    let runner = fixture.start(&rounds).await;
    fixture.until_in_turns().await;
    fixture.append("opened", &["a"]).await;
    let other = open(&fixture.scratch).await;
    let roster = Roster::new().decider(rounds.clone()).decider(Score);
    let replayed = other.replay(&roster, "rounds", Beginning::Nothing, "ada", |_, _| {});
    replayed.await.expect("replayed");
    // The head is known; what led to it is not.
    fixture.log.stored_head().await.expect("read");
    fixture.append("closed", &["a"]).await;
    fixture.until("scored", 1).await;
    assert_eq!(fixture.of_kind("ended").await.len(), 1);
    runner.stop().await;
}

/// Clocks that the test sets.
struct Clocks {
    wall: Arc<AtomicI64>,
    steady: Arc<AtomicI64>,
}

impl Clocks {
    /// Time goes by on both.
    fn pass(&self, us: i64) {
        self.wall.fetch_add(us, Ordering::Relaxed);
        self.steady.fetch_add(us, Ordering::Relaxed);
    }

    /// Somebody sets the clock on the wall.
    fn jump(&self, us: i64) {
        self.wall.fetch_add(us, Ordering::Relaxed);
    }
}

/// A log with such clocks, whose deciders are in the turns.
async fn with_clocks(rounds: &Rounds) -> (Fixture, Clocks, Runner) {
    let mut fixture = Fixture::new().await;
    let clocks = Clocks {
        wall: Arc::new(AtomicI64::new(1_700_000_000_000_000)),
        steady: Arc::default(),
    };
    let (now, since) = (clocks.wall.clone(), clocks.steady.clone());
    let environment = Environment::new(move || now.load(Ordering::Relaxed), Uuid::now_v7)
        .with_steady_clock(move || since.load(Ordering::Relaxed));
    let log = Log::open(fixture.log.db().clone(), environment).await;
    fixture.log = log.expect("a log");
    let runner = fixture.start(rounds).await;
    fixture.until_in_turns().await;
    (fixture, clocks, runner)
}

#[tokio::test]
async fn a_deadline_is_told_once_and_the_state_moves_on_in_the_same_commit() {
    let (fixture, clocks, runner) = with_clocks(&Rounds::default()).await;
    fixture.append("opened", &["a", "b"]).await;
    fixture.until("began", 2).await;
    fixture.append("closed", &["b"]).await;
    fixture.until("scored", 1).await;
    let from = fixture.log.head();
    clocks.pass(ROUND_US);
    fixture.until("scored", 2).await;
    assert_eq!(
        fixture.kinds_after(from).await,
        ["elapsed", "ended", "scored"]
    );
    runner.stop().await;
}

#[tokio::test]
async fn a_clock_that_jumps_ends_nothing_early_and_one_set_back_delays_nothing() {
    let (fixture, clocks, runner) = with_clocks(&Rounds::default()).await;
    for key in ["first", "second", "ahead"] {
        fixture.append("opened", &[key]).await;
        clocks.pass(1_000);
    }
    clocks.jump(20 * ROUND_US);
    // Between the ends of the first two every deadline was looked at, also those in the database.
    clocks.pass(ROUND_US - 3_000);
    fixture.until("ended", 1).await;
    clocks.pass(1_000);
    let ended = fixture.until("ended", 2).await;
    let keys: Vec<_> = ended.iter().map(|event| event.key.as_str()).collect();
    assert_eq!(keys, ["first", "second"], "the wall says that all are over");
    clocks.pass(1_000);
    fixture.until("ended", 3).await;

    fixture.append("opened", &["back"]).await;
    clocks.jump(-80 * ROUND_US);
    clocks.pass(ROUND_US);
    fixture.until("ended", 4).await;
    runner.stop().await;
}

#[tokio::test]
async fn a_deadline_of_a_key_that_stands_in_line_is_not_told_again_and_again() {
    let rounds = Rounds::default();
    let (fixture, clocks, runner) = with_clocks(&rounds).await;
    fixture.append("opened", &["bad", "good"]).await;
    rounds.poison.lock().insert("bad");
    clocks.pass(ROUND_US);
    fixture.until("ended", 1).await;
    fixture.until_caught_up().await;
    let parked = fixture.log.parked(false, 10).await.expect("read");
    assert_eq!(parked.len(), 1, "{parked:?}");
    // Others end all the same, and what stands in line was told once.
    fixture.append("opened", &["next"]).await;
    fixture.until("began", 3).await;
    clocks.pass(ROUND_US);
    fixture.until("ended", 2).await;
    assert_eq!(fixture.of_kind("elapsed").await.len(), 3);
    runner.stop().await;
}

/// The database may hold a state that no version can read: it keeps no other from its end.
#[tokio::test]
async fn a_state_that_cannot_be_read_keeps_no_other_from_its_deadline() {
    let rounds = Rounds::default();
    let (fixture, clocks, runner) = with_clocks(&rounds).await;
    fixture.append("opened", &["torn", "whole"]).await;
    fixture.until("began", 2).await;
    runner.stop().await;
    fixture
        .execute("update decider_states set state = '{' where key = 'torn'")
        .await;
    // Another process knows of the deadlines what the database holds.
    let runner = fixture.start(&rounds).await;
    fixture.until_in_turns().await;
    clocks.pass(ROUND_US);
    let ended = fixture.until("ended", 1).await;
    assert_eq!(ended[0].key, "whole");
    fixture.until("scored", 1).await;
    runner.stop().await;
}

/// Two deciders that answer one another for ever.
#[derive(Debug)]
struct Echo;

impl Decider for Echo {
    const NAME: &'static str = "echo";
    const HEARS: Filter<'static> = Filter(&[Rule::topic("tests").of(&["called", "echoed"])]);
    type State = u64;

    fn keys(&self, event: &Recorded) -> Result<Vec<String>, Failure> {
        Ok(vec![event.key.clone()])
    }

    fn decide(&self, _: &States<u64>, heard: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        Ok(vec![event("echoed", &heard.key)])
    }

    fn evolve(&self, _: &mut States<u64>, _: &Recorded) -> Result<(), Failure> {
        Ok(())
    }
}

#[tokio::test]
async fn answers_without_an_end_fail_no_command_and_hold_up_nobody() {
    let fixture = Fixture::new().await;
    let mut runner = fixture.runner();
    let roster = Roster::new().decider(Echo).decider(Score);
    roster.start(&mut runner).await;
    fixture.until_in_turns().await;
    fixture.append("called", &["a"]).await;
    fixture.append("ended", &["b"]).await;
    fixture.until("scored", 1).await;
    runner.stop().await;
}
