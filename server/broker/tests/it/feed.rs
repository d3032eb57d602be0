use broker::{Environment, Log, Recorded};
use db::Db;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::Fixture;
use crate::consumers::Echo;

const KEYS: [&str; 4] = ["a", "b", "c", "d"];

/// The echoes of each key, by the position of what they echo.
async fn echoes(fixture: &Fixture) -> Vec<(String, Vec<u64>)> {
    let all = fixture.all().await;
    let position_of = |id| {
        all.iter()
            .find(|event| Some(event.id) == id)
            .map(|e| e.position)
    };
    let of_key = |key: &str| {
        let echoes = all.iter().filter(|e| e.kind == "echoed" && e.key == key);
        echoes
            .filter_map(|echo| position_of(echo.causation_id))
            .collect()
    };
    KEYS.iter()
        .map(|key| ((*key).to_owned(), of_key(key)))
        .collect()
}

/// One process appends. Another one consumes, and hears of it by a carrier that brings everything
/// twice, in any order, some of it late, and loses some.
#[tokio::test]
async fn a_carrier_that_repeats_reorders_and_loses_leads_to_the_same_state() {
    let fixture = Fixture::new().await;
    let db = Db::open(&db::Settings::new(fixture.scratch.url())).await;
    let elsewhere = Log::open(db.expect("the same database"), Environment::system()).await;
    let elsewhere = elsewhere.expect("the same log");
    let mut runner = broker::Runner::new(elsewhere.clone(), broker::Settings::default());
    runner.consumer(Echo::reliable());

    let seed = 7;
    let mut random = StdRng::seed_from_u64(seed);
    let mut carried: Vec<Recorded> = Vec::new();
    for _ in 0..40 {
        fixture.append("called", &KEYS).await;
        let newest = fixture.all().await;
        carried.extend(
            newest
                .iter()
                .rev()
                .take(8)
                .map(|event| Recorded::clone(event)),
        );
        carried.shuffle(&mut random);
        // Some are brought now, some later, most of them more than once, and a few never.
        let now: Vec<Recorded> = carried
            .iter()
            .take(random.random_range(0..9))
            .cloned()
            .collect();
        elsewhere.delivered(now.clone());
        carried.retain(|_| random.random_bool(0.7));
        elsewhere.delivered(now);
    }
    fixture.until("echoed", 40 * KEYS.len()).await;
    fixture.until_caught_up().await;
    runner.stop().await;
    let times = fixture.numbers("select times from handled").await;
    assert_eq!(times, vec![1; 40 * KEYS.len()], "seed {seed}");
    for (key, echoed) in echoes(&fixture).await {
        assert_eq!(echoed.len(), 40, "{key}, seed {seed}");
        assert!(
            echoed.is_sorted(),
            "{key} in order: {echoed:?}, seed {seed}"
        );
    }
}

/// Only the newest event is brought: it wakes the reader, and what is before it is fetched.
#[tokio::test]
async fn news_wakes_a_reader_that_is_asleep() {
    let fixture = Fixture::new().await;
    let db = Db::open(&db::Settings::new(fixture.scratch.url())).await;
    let elsewhere = Log::open(db.expect("the same database"), Environment::system()).await;
    let elsewhere = elsewhere.expect("the same log");
    let mut tail = elsewhere.tail(0);
    fixture.append("called", &KEYS).await;
    let all = fixture.all().await;
    // Only the last one is brought; the others are fetched.
    elsewhere.delivered(vec![Recorded::clone(&all[3])]);
    assert_eq!(elsewhere.head(), 4);
    let read = tail.next(100).await.expect("read");
    assert_eq!(read.len(), 4);
    assert_eq!(tail.position(), 4);
}
