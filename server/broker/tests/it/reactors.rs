use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use broker::{Failure, Filter, NewEvent, Reactor, Recorded};
use parking_lot::Mutex;
use uuid::Uuid;

use crate::{CALLED, Fixture, event};

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
