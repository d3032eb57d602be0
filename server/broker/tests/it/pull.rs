//! Subscriptions that are read from outside, by a clock that the test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use broker::{
    Answers, Begins, Environment, Fate, Given, GroupCommit, Log, PullBegins, PullSubscription,
    Pulled,
};
use db::Db;
use scratch::Scratch;
use uuid::Uuid;

use crate::event;

const LEASE: Duration = Duration::from_secs(30);
const CONSUMER: &str = "outside/reader";

struct Reading {
    log: Log,
    writer: GroupCommit,
    subscription: PullSubscription,
    now_us: Arc<AtomicI64>,
    _scratch: Scratch,
}

impl Reading {
    async fn begin() -> Self {
        let scratch = Scratch::new().await;
        let db = Db::open(&db::Settings::new(scratch.url()))
            .await
            .expect("a database");
        let now_us = Arc::new(AtomicI64::new(1_000_000));
        let clock = now_us.clone();
        let environment = Environment::new(move || clock.load(Ordering::Relaxed), Uuid::now_v7);
        let log = Log::open(db, environment).await.expect("a log");
        let subscription = PullSubscription {
            consumer: CONSUMER.to_owned(),
            types: vec!["called".to_owned()],
            topics: Vec::new(),
            lease: LEASE,
            max_attempts: 3,
        };
        let mut tx = log.begin("tests").await.expect("a transaction");
        let begins = PullBegins::At(Begins::AtStart);
        let is_new = tx
            .subscribe(&subscription, begins)
            .await
            .expect("a subscription");
        assert!(is_new);
        tx.commit().await.expect("a commit");
        Self {
            writer: GroupCommit::start(&log, "tests"),
            log,
            subscription,
            now_us,
            _scratch: scratch,
        }
    }

    async fn append(&self, keys: &[&str]) {
        let mut tx = self.log.begin("test").await.expect("a transaction");
        for key in keys {
            tx.append(event("called", key), None);
            tx.append(event("ignored", key), None);
        }
        tx.commit().await.expect("committed");
    }

    fn later(&self, by: Duration) {
        let by = i64::try_from(by.as_micros()).expect("not so long");
        self.now_us.fetch_add(by, Ordering::Relaxed);
    }

    async fn pull(&self, limit: usize) -> Option<Given> {
        let pulled = self
            .log
            .pull(&self.writer, &self.subscription, limit, true, |_| true)
            .await;
        match pulled.expect("an answer") {
            Pulled::Given(given) => Some(given),
            Pulled::Nothing { .. } => None,
            Pulled::Gone => panic!("it is there"),
        }
    }

    async fn say(&self, given: &Given, acknowledged: &[u64], failed: &[u64]) -> Vec<Fate> {
        let answers = Answers {
            lease: given.lease.clone(),
            acknowledged: acknowledged.to_vec(),
            failed: failed.iter().map(|at| (*at, "no".to_owned())).collect(),
        };
        let fates = self.log.answer_pulled(&self.subscription, &answers).await;
        let fates = fates.expect("an answer").expect("a subscription");
        fates.into_iter().map(|(_, fate)| fate).collect()
    }
}

/// Position, key and attempt of each event.
fn had(given: &Option<Given>) -> Vec<(u64, &str, u32)> {
    let events = given.iter().flat_map(|given| &given.events);
    events
        .map(|one| (one.event.position, &*one.event.key, one.attempt))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_ends_uses_up_an_attempt() {
    let of = Reading::begin().await;
    of.append(&["a", "b"]).await;
    let first = of.pull(10).await;
    assert_eq!(had(&first), [(1, "a", 1), (3, "b", 1)]);
    of.later(LEASE - Duration::from_secs(1));
    assert!(of.pull(10).await.is_none(), "they are still somebody's");
    of.later(Duration::from_secs(1));
    // Nobody else has them yet: a late answer counts.
    let first = first.expect("events");
    assert_eq!(of.say(&first, &[3], &[]).await, [Fate::Handled]);
    let second = of.pull(10).await;
    assert_eq!(had(&second), [(1, "a", 2)]);
    assert_eq!(
        of.say(&first, &[1], &[]).await,
        [Fate::OfAnother { attempts: 1 }]
    );
    of.later(LEASE);
    assert_eq!(had(&of.pull(10).await), [(1, "a", 3)]);
    of.later(LEASE);
    of.append(&["a", "c"]).await;
    // The third attempt was the last: what is behind it waits for a person, other keys go on.
    assert_eq!(had(&of.pull(10).await), [(7, "c", 1)]);
    let state = of.log.pull_state(CONSUMER).await.expect("a state");
    assert_eq!((state.leased, state.held, state.dead), (1, 1, 1));
    let parked = of.log.dead_of(CONSUMER, 10).await.expect("dead letters");
    assert_eq!(parked[0].error, "no answer came within 30 seconds");
    of.log
        .redrive(CONSUMER, 1, "tests")
        .await
        .expect("redriven");
    assert_eq!(had(&of.pull(10).await), [(1, "a", 1), (5, "a", 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_given_again_later_each_time_and_in_order() {
    let of = Reading::begin().await;
    of.append(&["a", "a", "b"]).await;
    let first = of.pull(10).await.expect("events");
    let fates = of.say(&first, &[], &[1]).await;
    let Fate::Retrying {
        attempts: 1,
        due_us,
    } = fates[0]
    else {
        panic!("{fates:?}");
    };
    // What came with it waits behind it, and is this reader's no more.
    assert_eq!(of.say(&first, &[3], &[]).await, [Fate::NotGiven]);
    assert!(of.pull(10).await.is_none());
    of.now_us.store(due_us, Ordering::Relaxed);
    let second = of.pull(10).await;
    assert_eq!(had(&second), [(1, "a", 2), (3, "a", 1)]);
    let second = second.expect("events");
    assert_eq!(
        of.say(&second, &[1, 3], &[]).await,
        [Fate::Handled, Fate::Handled]
    );
    assert_eq!(of.say(&second, &[1], &[]).await, [Fate::HandledBefore]);
    assert_eq!(of.say(&first, &[5], &[]).await, [Fate::Handled]);
    let state = of.log.pull_state(CONSUMER).await.expect("a state");
    assert_eq!(
        (state.leased, state.retrying, state.position),
        (0, 0, state.head)
    );
}
