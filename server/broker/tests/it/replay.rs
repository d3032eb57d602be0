use std::collections::HashSet;
use std::sync::Arc;

use broker::{
    Beginning, Decider, Failure, Filter, NewEvent, REPLAYED, Recorded, Replayed, Roster, Rule,
    Runner, States,
};
use parking_lot::Mutex;

use crate::{Fixture, event};

/// Counts calls and echoes per key: the first are heard, the second its own.
#[derive(Clone, Default)]
struct Tally {
    poison: Arc<Mutex<HashSet<&'static str>>>,
    /// Whether it refuses what it does not know.
    is_strict: Arc<Mutex<bool>>,
}

impl Decider for Tally {
    const NAME: &'static str = "tally";
    const HEARS: Filter<'static> = Filter(&[Rule::topic("tests").of(&["called", "garbled"])]);
    /// Called and echoed.
    type State = (i64, i64);

    fn keys(&self, event: &Recorded) -> Result<Vec<String>, Failure> {
        Ok(vec![event.key.clone()])
    }

    fn decide(&self, _: &States<(i64, i64)>, called: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        if self.poison.lock().contains(called.key.as_str()) {
            return Err(Failure::Other(format!("{} is poison", called.key)));
        }
        Ok(match called.kind.as_str() {
            "called" => vec![event("echoed", &called.key)],
            _ => Vec::new(),
        })
    }

    fn evolve(&self, tally: &mut States<(i64, i64)>, event: &Recorded) -> Result<(), Failure> {
        let (mut called, mut echoed) = tally.get(&event.key).copied().unwrap_or_default();
        match event.kind.as_str() {
            "called" => called += 1,
            "echoed" => echoed += 1,
            other if *self.is_strict.lock() => {
                return Err(Failure::Other(format!("{other} cannot be counted")));
            }
            _ => return Ok(()),
        }
        tally.put(&event.key, (called, echoed));
        Ok(())
    }
}

struct Shelf {
    fixture: Fixture,
    tally: Tally,
}

impl Shelf {
    async fn new() -> Self {
        let fixture = Fixture::new().await;
        let tally = Tally::default();
        Self { fixture, tally }
    }

    fn roster(&self) -> Roster {
        Roster::new().decider(self.tally.clone())
    }

    async fn start(&self) -> Runner {
        let mut runner = self.fixture.runner();
        self.roster().start(&mut runner).await;
        runner
    }

    async fn replay(&self, beginning: Beginning) -> Result<Replayed, Failure> {
        let log = &self.fixture.log;
        log.replay(&self.roster(), "tally", beginning, "ada", |_, _| {})
            .await
    }

    async fn rows(&self) -> Vec<String> {
        let states = self.fixture.log.states_of("tally").await.expect("read");
        let text = |(key, state): (String, String)| {
            format!("{key} {}", state.replace(['[', ']'], "").replace(',', " "))
        };
        states.into_iter().map(text).collect()
    }
}

const KEYS: [&str; 6] = ["a", "b", "a", "c", "b", "a"];

#[tokio::test]
async fn a_table_is_built_anew_to_the_same_bytes_while_its_consumer_runs() {
    let shelf = Shelf::new().await;
    let runner = shelf.start().await;
    let append = async {
        for _ in 0..60 {
            shelf.fixture.append("called", &KEYS).await;
        }
    };
    let replay = async {
        let mut replays = Vec::new();
        for _ in 0..4 {
            replays.push(shelf.replay(Beginning::Nothing).await.expect("replayed"));
        }
        replays
    };
    let ((), replays) = tokio::join!(append, replay);
    for replayed in &replays {
        assert_eq!(replayed.differences, 0, "{replayed:?}");
    }
    shelf.fixture.until("echoed", 60 * KEYS.len()).await;
    let last = shelf.replay(Beginning::Nothing).await.expect("replayed");
    runner.stop().await;
    assert_eq!((last.differences, last.rows), (0, 3), "{last:?}");
    assert_eq!(last.events, 2 * 60 * KEYS.len() as u64);
    assert_eq!(shelf.rows().await, ["a 180 180", "b 120 120", "c 60 60"]);
    let told = shelf.fixture.of_kind(REPLAYED).await;
    assert_eq!(told.len(), 5, "each replay is told");
    assert!(told[0].data.contains("\"by\":\"ada\""), "{}", told[0].data);
}

#[tokio::test]
async fn what_is_parked_is_not_in_the_table_before_it_is_handled() {
    let shelf = Shelf::new().await;
    shelf.tally.poison.lock().extend(["b", "c"]);
    let runner = shelf.start().await;
    shelf.fixture.append("called", &KEYS).await;
    let dead = shelf
        .fixture
        .until(broker::decisions::DEAD_LETTERED, 2)
        .await;
    assert_eq!(dead.len(), 2);
    let replayed = shelf.replay(Beginning::Nothing).await.expect("replayed");
    assert_eq!(replayed.differences, 0, "two are dead, one is held");
    assert_eq!(shelf.rows().await, ["a 3 3"]);

    // One is given up, the other is handled after all, with what was held behind it.
    shelf.tally.poison.lock().clear();
    let log = &shelf.fixture.log;
    log.discard("tally", 4, "ada").await.expect("discarded");
    log.redrive("tally", 2, "ada").await.expect("redriven");
    shelf.fixture.until(broker::decisions::DISCARDED, 1).await;
    shelf.fixture.until("echoed", 5).await;
    assert_eq!(shelf.rows().await, ["a 3 3", "b 2 2"]);
    let replayed = shelf.replay(Beginning::Nothing).await.expect("replayed");
    assert_eq!(replayed.differences, 0, "{replayed:?}");
    runner.stop().await;
    assert_eq!(shelf.rows().await, ["a 3 3", "b 2 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_parked_during_a_replay_is_settled_at_its_end() {
    let shelf = Shelf::new().await;
    shelf.tally.poison.lock().insert("b");
    shelf.fixture.append("called", &KEYS).await;
    let runner = shelf.start().await;
    shelf
        .fixture
        .until(broker::decisions::DEAD_LETTERED, 1)
        .await;
    // Redriven and handled between the first batch and the last one.
    let log = shelf.fixture.log.clone();
    let healed = Mutex::new(false);
    let progress = |_: u64, _: u64| {
        if std::mem::replace(&mut *healed.lock(), true) {
            return;
        }
        shelf.tally.poison.lock().clear();
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                log.redrive("tally", 2, "ada").await.expect("redriven");
                shelf.fixture.until("echoed", KEYS.len()).await;
            });
        });
    };
    let roster = shelf.roster();
    let replayed = log.replay(&roster, "tally", Beginning::Nothing, "ada", progress);
    let replayed = replayed.await.expect("replayed");
    runner.stop().await;
    assert_eq!(replayed.differences, 0, "{replayed:?}");
    assert_eq!(shelf.rows().await, ["a 3 3", "b 2 2", "c 1 1"]);
}

#[tokio::test]
async fn what_the_consumer_has_not_heard_yet_is_not_in_the_table() {
    let shelf = Shelf::new().await;
    shelf.fixture.append("called", &KEYS).await;
    let runner = shelf.start().await;
    shelf.fixture.until("echoed", KEYS.len()).await;
    runner.stop().await;
    // More than one batch, of a known key and a new one, while the consumer is away.
    for _ in 0..30 {
        shelf.fixture.append("called", &["a", "d"].repeat(50)).await;
    }
    let replayed = shelf.replay(Beginning::Nothing).await.expect("replayed");
    assert_eq!(replayed.differences, 0, "{replayed:?}");
    assert_eq!(shelf.rows().await, ["a 3 3", "b 2 2", "c 1 1"]);
    let runner = shelf.start().await;
    shelf.fixture.until("echoed", KEYS.len() + 3_000).await;
    let replayed = shelf.replay(Beginning::Nothing).await.expect("replayed");
    runner.stop().await;
    assert_eq!(replayed.differences, 0, "{replayed:?}");
    assert_eq!(
        shelf.rows().await,
        ["a 1503 1503", "b 2 2", "c 1 1", "d 1500 1500"]
    );
}

#[tokio::test]
async fn a_replay_mends_a_table_and_says_so() {
    let shelf = Shelf::new().await;
    shelf.fixture.append("called", &KEYS).await;
    let runner = shelf.start().await;
    shelf.fixture.until("echoed", KEYS.len()).await;
    let right = shelf.rows().await;
    let damage = "update decider_states set state = '[99,1]' where key in ('a', 'c')";
    shelf.fixture.execute(damage).await;
    let replayed = shelf.replay(Beginning::Nothing).await.expect("replayed");
    assert_eq!(replayed.differences, 4, "two rows, before and after");
    assert_eq!(shelf.rows().await, right);
    // The consumer goes on with the new table.
    shelf.fixture.append("called", &["c"]).await;
    shelf.fixture.until("echoed", KEYS.len() + 1).await;
    runner.stop().await;
    assert_eq!(shelf.rows().await[2], "c 2 2");
}

#[tokio::test]
async fn a_replay_from_a_position_or_a_time_begins_with_the_table_in_use() {
    let shelf = Shelf::new().await;
    shelf.fixture.append("called", &KEYS).await;
    let runner = shelf.start().await;
    shelf.fixture.until("echoed", KEYS.len()).await;
    shelf.fixture.until_caught_up().await;
    runner.stop().await;
    let all = shelf.fixture.all().await;
    let (last, head) = (all[all.len() - 1].clone(), all.len() as u64);
    let log = &shelf.fixture.log;
    let before = log.position_before(all[0].time_us).await.expect("found");
    assert_eq!(before, 0);
    let future = last.time_us + 1_000_000;
    assert_eq!(log.position_before(future).await.expect("found"), head);
    // Nothing came after the head: the table stays as it is.
    for beginning in [Beginning::Position(head), Beginning::Time(future)] {
        let replayed = shelf.replay(beginning).await.expect("done");
        assert_eq!((replayed.from, replayed.differences), (head, 0));
    }
    assert_eq!(shelf.rows().await, ["a 3 3", "b 2 2", "c 1 1"]);
    let beyond = shelf.replay(Beginning::Position(1_000)).await;
    let beyond = beyond.expect_err("refused").to_string();
    assert!(beyond.contains("the log ends at position 14"), "{beyond}");
}

/// What is committed between the copy and the swap must be in both, wherever one asks to begin.
#[tokio::test]
async fn a_replay_from_the_head_loses_nothing_while_its_consumer_runs() {
    let shelf = Shelf::new().await;
    let runner = shelf.start().await;
    let append = async {
        for _ in 0..50 {
            shelf.fixture.append("called", &KEYS).await;
        }
    };
    let replay = async {
        for _ in 0..25 {
            let head = shelf.fixture.log.stored_head().await.expect("a head");
            // Asked beyond what the consumer has handled: it begins earlier, at its position.
            let replayed = shelf.replay(Beginning::Position(head)).await;
            let from = replayed.expect("replayed").from;
            assert!(from <= head, "{from} of {head}");
        }
    };
    let ((), ()) = tokio::join!(append, replay);
    shelf.fixture.until("echoed", 50 * KEYS.len()).await;
    shelf.fixture.until_caught_up().await;
    runner.stop().await;
    // Counting is no fold that can be repeated: a row may count too much here. None counts too little.
    for (row, expected) in shelf.rows().await.iter().zip([150, 100, 50]) {
        let counts = row.split(' ').skip(1).map(|count| count.parse::<i64>());
        for count in counts {
            assert!(
                count.expect("a number") >= expected,
                "{row}, expected {expected}"
            );
        }
    }
}

/// A consumer that has never run has no position yet that could be held.
#[tokio::test]
async fn a_replay_while_its_consumer_starts_for_the_first_time_loses_nothing() {
    for _ in 0..8 {
        let shelf = Shelf::new().await;
        shelf.fixture.append("called", &KEYS).await;
        let runner = shelf.start().await;
        let replays = async {
            for _ in 0..3 {
                let replayed = shelf.replay(Beginning::Nothing).await;
                assert_eq!(replayed.expect("replayed").differences, 0);
            }
        };
        tokio::join!(replays, shelf.fixture.until("echoed", KEYS.len()));
        runner.stop().await;
        assert_eq!(shelf.rows().await, ["a 3 3", "b 2 2", "c 1 1"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_replays_at_once_the_later_one_goes_on() {
    let shelf = Shelf::new().await;
    let runner = shelf.start().await;
    for _ in 0..40 {
        shelf.fixture.append("called", &KEYS).await;
    }
    shelf.fixture.until("echoed", 40 * KEYS.len()).await;
    for _ in 0..6 {
        let replays = futures::future::join_all((0..6).map(|_| shelf.replay(Beginning::Nothing)));
        let done = replays.await;
        let (good, bad): (Vec<_>, Vec<_>) = done.into_iter().partition(Result::is_ok);
        assert!(!good.is_empty(), "one goes on");
        for replayed in good.into_iter().flatten() {
            assert_eq!(
                (replayed.differences, replayed.rows),
                (0, 3),
                "{replayed:?}"
            );
        }
        for error in bad.into_iter().filter_map(Result::err) {
            let error = error.to_string();
            assert!(
                error.contains("another replay of tally has begun"),
                "{error}"
            );
        }
    }
    runner.stop().await;
    assert_eq!(shelf.rows().await, ["a 120 120", "b 80 80", "c 40 40"]);
    let claims = shelf.fixture.numbers("select count(*) from replays").await;
    assert_eq!(claims, [0], "and nothing is left of any");
}

#[tokio::test]
async fn a_replay_that_fails_leaves_the_table_in_use() {
    let shelf = Shelf::new().await;
    shelf.fixture.append("called", &KEYS).await;
    let runner = shelf.start().await;
    shelf.fixture.until("echoed", KEYS.len()).await;
    shelf.fixture.append("garbled", &["a"]).await;
    shelf.fixture.until_caught_up().await;
    *shelf.tally.is_strict.lock() = true;
    let error = shelf.replay(Beginning::Nothing).await.expect_err("refused");
    assert!(error.to_string().contains("garbled"), "{error}");
    assert_eq!(shelf.rows().await, ["a 3 3", "b 2 2", "c 1 1"]);
    shelf.fixture.append("called", &["c"]).await;
    shelf.fixture.until("echoed", KEYS.len() + 1).await;
    let generations = "select count(distinct generation) from decider_states";
    assert_eq!(
        shelf.fixture.numbers(generations).await,
        [1],
        "what was begun is gone"
    );
    // What a replay that was killed left behind is no obstacle for the next one.
    shelf
        .fixture
        .execute("insert into decider_states values ('tally', 7, 'a', 'torn', 0)")
        .await;
    *shelf.tally.is_strict.lock() = false;
    let replayed = shelf.replay(Beginning::Nothing).await.expect("replayed");
    assert_eq!((replayed.differences, replayed.rows), (0, 3));
    assert_eq!(shelf.fixture.numbers(generations).await, [1]);
    runner.stop().await;
}
