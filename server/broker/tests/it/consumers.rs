use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use broker::{Consumer, Environment, Failure, Filter, Log, Probe, Recorded, Step, Tx};

use crate::{CALLED, Fixture, event};

/// Counts in the database how often it handled each event and emits an echo of it. After all of that
/// it fails as often as it was told to.
pub struct Echo {
    failures: AtomicU32,
    how: How,
    tries: Arc<AtomicU32>,
}

#[derive(Clone, Copy)]
enum How {
    Error,
    Panic,
}

impl Echo {
    fn new(failures: u32, how: How) -> Self {
        Self {
            failures: AtomicU32::new(failures),
            how,
            tries: Arc::default(),
        }
    }

    pub fn reliable() -> Self {
        Self::new(0, How::Error)
    }
}

impl Consumer for Echo {
    const NAME: &'static str = "echo";
    const HEARS: Filter<'static> = CALLED;

    async fn handle(&self, tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<(), Failure> {
        self.tries.fetch_add(1, Ordering::SeqCst);
        for called in batch {
            db::query(
                "insert into handled (position, times) values ($1, 1) \
                 on conflict (position) do update set times = handled.times + 1",
            )
            .bind(i64::try_from(called.position).unwrap_or(i64::MAX))
            .execute(tx.conn())
            .await?;
            tx.append(event("echoed", &called.key), Some(called));
        }
        let failing = |left: u32| left.checked_sub(1);
        let fails = self
            .failures
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, failing);
        match (fails, self.how) {
            (Err(_), _) => Ok(()),
            (Ok(_), How::Error) => Err(Failure::Other("not this time".to_owned())),
            (Ok(_), How::Panic) => panic!("not this time"),
        }
    }
}

const KEYS: [&str; 6] = ["a", "b", "c", "a", "b", "a"];

/// Every event was handled exactly once, those of one key in order, and its echo tells where it came
/// from.
async fn assert_handled_once(fixture: &Fixture) {
    let mut called = fixture.of_kind("called").await;
    let last = called.last().map_or(0, |event| event.position);
    let mut echoed = fixture.of_kind("echoed").await;
    // A key that failed stands aside and others go on: the order holds within a key. Sorting is
    // stable, so what was out of order within one stays so.
    called.sort_by(|a, b| a.key.cmp(&b.key));
    echoed.sort_by(|a, b| a.key.cmp(&b.key));
    let causes: Vec<_> = echoed.iter().map(|e| e.causation_id).collect();
    let ids: Vec<_> = called.iter().map(|e| Some(e.id)).collect();
    assert_eq!(causes, ids);
    assert!(echoed.iter().all(|event| event.source == "echo"));
    let times = fixture.numbers("select times from handled").await;
    assert_eq!(times, vec![1; called.len()]);
    let stored = fixture.numbers("select position from consumers where name = 'echo'");
    assert!(stored.await[0].unsigned_abs() >= last);
}

#[tokio::test]
async fn state_position_and_events_commit_together_when_a_consumer_fails_after_its_writes() {
    let fixture = Fixture::new().await;
    fixture.append("called", &KEYS).await;
    let echo = Echo::new(2, How::Error);
    let tries = echo.tries.clone();
    let mut runner = fixture.runner();
    runner.consumer(echo);
    fixture.until("echoed", KEYS.len()).await;
    runner.stop().await;
    assert!(tries.load(Ordering::SeqCst) > 2, "it failed twice before");
    assert_handled_once(&fixture).await;
}

#[tokio::test]
async fn a_panicking_consumer_is_tried_again() {
    let fixture = Fixture::new().await;
    fixture.append("called", &KEYS).await;
    let mut runner = fixture.runner();
    runner.consumer(Echo::new(3, How::Panic));
    fixture.until("echoed", KEYS.len()).await;
    // And it still listens.
    fixture.append("called", &["later"]).await;
    fixture.until("echoed", KEYS.len() + 1).await;
    runner.stop().await;
    assert_handled_once(&fixture).await;
}

#[tokio::test]
async fn a_consumer_that_was_stopped_catches_up_when_it_is_started_again() {
    let fixture = Fixture::new().await;
    fixture.append("called", &KEYS).await;
    let mut runner = fixture.runner();
    runner.consumer(Echo::new(0, How::Error));
    fixture.until("echoed", KEYS.len()).await;
    runner.stop().await;

    fixture.append("called", &["d", "e"]).await;
    fixture.append("ignored", &["f"]).await;
    let fixture = fixture.reopen().await;
    assert_eq!(
        fixture.of_kind("echoed").await.len(),
        KEYS.len(),
        "nobody runs"
    );
    let mut runner = fixture.runner();
    runner.consumer(Echo::new(0, How::Error));
    fixture.until("echoed", KEYS.len() + 2).await;
    runner.stop().await;
    assert_handled_once(&fixture).await;
}

/// Two processes that run the same consumer take turns and do nothing twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_consumer_that_runs_twice_handles_each_event_once() {
    let fixture = Fixture::new().await;
    let mut runners = [fixture.runner(), fixture.runner()];
    for runner in &mut runners {
        runner.consumer(Echo::new(0, How::Error));
    }
    for _ in 0..30 {
        fixture.append("called", &KEYS).await;
    }
    fixture.until("echoed", 30 * KEYS.len()).await;
    for runner in runners {
        runner.stop().await;
    }
    assert_handled_once(&fixture).await;
}

#[tokio::test]
async fn a_consumer_stops_before_a_damaged_event_and_goes_on_when_it_is_mended() {
    let fixture = Fixture::new().await;
    fixture.append("called", &["a", "b", "c"]).await;
    let data = "update events set data = '{\"key\":\"b\"}' where position = 2";
    fixture
        .execute("update events set data = '' where position = 2")
        .await;
    let fixture = fixture.reopen().await;
    let mut runner = fixture.runner();
    runner.consumer(Echo::new(0, How::Error));
    // The first is handled although the second is damaged; the third must wait for it.
    let mut head = fixture.log.watch_head();
    let first = tokio::time::timeout(crate::DEADLINE, head.wait_for(|head| *head >= 4)).await;
    first.expect("in time").expect("the log is open");
    let handled = "select position from handled order by 1";
    assert_eq!(fixture.numbers(handled).await, [1]);

    fixture.execute(data).await;
    let mended = tokio::time::timeout(crate::DEADLINE, head.wait_for(|head| *head >= 6)).await;
    mended.expect("in time").expect("the log is open");
    assert_eq!(fixture.numbers(handled).await, [1, 2, 3]);
    runner.stop().await;
    assert_handled_once(&fixture).await;
}

#[tokio::test]
async fn a_consumer_whose_loop_panics_is_started_again() {
    let fixture = Fixture::new().await;
    fixture.append("called", &KEYS).await;
    // A defect of the broker's own, of which no handler knows.
    let panics = Arc::new(AtomicU32::new(2));
    let left = panics.clone();
    let probe: Probe = Arc::new(move |step, _: &str| {
        let left = left.clone();
        Box::pin(async move {
            let again = |left: u32| left.checked_sub(1);
            let order = Ordering::SeqCst;
            if step == Step::Read && left.fetch_update(order, order, again).is_ok() {
                panic!("a defect");
            }
        })
    });
    let db = fixture.log.db().clone();
    let log = Log::open(db, Environment::system().with_probe(probe)).await;
    let settings = broker::Settings {
        backoff: std::time::Duration::from_millis(1),
        ..broker::Settings::default()
    };
    let mut runner = broker::Runner::new(log.expect("a log"), settings);
    runner.consumer(Echo::reliable());
    fixture.until("echoed", KEYS.len()).await;
    runner.stop().await;
    assert_eq!(panics.load(Ordering::SeqCst), 0);
    let times = fixture.numbers("select times from handled").await;
    assert_eq!(times, [1; 6]);
}
