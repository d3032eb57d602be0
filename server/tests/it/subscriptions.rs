//! Durable subscriptions of programs of others: read for a while, acknowledged, tried again, given up, and decided about
//! by staff as every consumer's dead letters.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Answer;
use crate::events_api::{Service, WEIGHED, weighed};
use crate::replay::command;
use crate::shop::{TestShop, eventually};

const PATH: &str = "/subscriptions/labels";
/// Among the consumers.
const CONSUMER: &str = "reader/labels";

struct Readers {
    shop: TestShop,
    scales: Service,
    reader: Service,
}

/// What a reader has.
#[derive(Debug)]
struct Had {
    lease: Value,
    /// Position, id and attempt.
    events: Vec<(u64, String, u64)>,
}

impl Had {
    fn ids(&self) -> Vec<&str> {
        self.events.iter().map(|(_, id, _)| &**id).collect()
    }

    fn position(&self, id: &str) -> u64 {
        let found = self.events.iter().find(|(_, of, _)| of == id);
        found.expect("that event").0
    }

    fn attempt(&self, id: &str) -> u64 {
        let found = self.events.iter().find(|(_, of, _)| of == id);
        found.expect("that event").2
    }
}

impl Readers {
    async fn open(settings: &Value) -> Self {
        let shop = TestShop::open().await;
        let scales = shop.service("scales", &[WEIGHED], &[]).await;
        let mut reader = shop.service("reader", &[WEIGHED], &[]).await;
        let made = reader.ask(Method::PUT, PATH, Some(settings)).await;
        assert_eq!(made.status, 201, "{made:?}");
        Self {
            shop,
            scales,
            reader,
        }
    }

    async fn reopened(self) -> Self {
        let shop = self.shop.reopened().await;
        Self {
            scales: self.scales.at(&shop),
            reader: self.reader.at(&shop),
            shop,
        }
    }

    /// Sends events, each of the key that stands before the slash.
    async fn weigh(&mut self, ids: &[&str]) {
        let events = ids.iter().map(|id| {
            let mut event = weighed(id, 7);
            event["partitionkey"] = json!(id.split('/').next());
            event
        });
        let events: Vec<Value> = events.collect();
        assert_eq!(self.scales.batch(&events).await.status, 201);
    }

    async fn read(&mut self, query: &str) -> Had {
        let path = format!("{PATH}/read?{query}");
        let answer = self.reader.ask(Method::POST, &path, None).await.expect_ok();
        let body: Value = answer.json();
        let events = body["events"].as_array().expect("events").iter();
        let event = |one: &Value| {
            let text = |value: &Value| value.as_str().expect("text").to_owned();
            let number = |value: &Value| value.as_u64().expect("a number");
            (
                number(&one["position"]),
                text(&one["event"]["id"]),
                number(&one["attempt"]),
            )
        };
        Had {
            lease: body["lease"].clone(),
            events: events.map(event).collect(),
        }
    }

    async fn say(&mut self, lease: &Value, acknowledged: &[u64], failed: &[u64]) -> Answer {
        let failed = failed.iter().map(
            |position| json!({"position": position, "reason": "the printer is out of labels"}),
        );
        let failed: Vec<Value> = failed.collect();
        let said = json!({"lease": lease, "acknowledged": acknowledged, "failed": failed});
        let path = format!("{PATH}/acknowledgements");
        self.reader.ask(Method::POST, &path, Some(&said)).await
    }

    async fn view(&mut self) -> Value {
        self.reader
            .ask(Method::GET, PATH, None)
            .await
            .expect_ok()
            .json()
    }

    /// Time passes until everything that waits for a moment is due.
    async fn later(&self) {
        let sql =
            format!("update parked set due_us = 1 where consumer = '{CONSUMER}' and due_us > 1");
        let mut tx = self.shop.log().db().begin().await.expect("a transaction");
        let done = db::query(db::trusted_sql(sql)).execute(tx.conn()).await;
        done.expect("SQL");
        tx.commit().await.expect("a commit");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_is_acknowledged_and_does_not_come_again() {
    let mut of = Readers::open(&json!({"types": [WEIGHED]})).await;
    of.weigh(&["a/1", "b/1", "a/2"]).await;
    let had = of.read("limit=10").await;
    assert_eq!(had.ids(), ["a/1", "b/1", "a/2"]);
    assert_eq!(had.attempt("a/1"), 1);
    // Nobody else gets them meanwhile.
    assert_eq!(of.read("limit=10").await.ids(), Vec::<&str>::new());
    let view = of.view().await;
    assert_eq!((&view["leased"], &view["dead"]), (&json!(3), &json!(0)));
    let all: Vec<u64> = had.events.iter().map(|(position, ..)| *position).collect();
    let said = of.say(&had.lease, &all, &[]).await.expect_ok();
    let outcomes: Vec<Value> = said.json();
    assert!(
        outcomes.iter().all(|it| it["outcome"] == "handled"),
        "{outcomes:?}"
    );
    // Saying it twice does no harm; of what was never given nothing can be said.
    of.say(&had.lease, &all, &[]).await.expect_ok();
    let never = of.say(&had.lease, &[1_000_000], &[]).await.problem(409);
    assert!(never.field("/acknowledged/0").is_some(), "{never:?}");
    of.later().await;
    let rest = of.read("limit=10").await;
    assert_eq!((rest.ids(), &rest.lease), (vec![], &Value::Null));
    let view = of.view().await;
    assert_eq!(
        (&view["lag"], &view["leased"]),
        (&json!(0), &json!(0)),
        "{view}"
    );

    // One that waits wakes when something comes.
    let (had, _) = {
        let Readers {
            shop,
            scales,
            reader,
        } = &mut of;
        let path = format!("{PATH}/read?wait=30");
        let order = shop.shopper();
        tokio::join!(reader.ask(Method::POST, &path, None), async {
            drop(order);
            scales.batch(&[weighed("late", 1)]).await
        })
    };
    let had: Value = had.expect_ok().json();
    assert_eq!(had["events"][0]["event"]["id"], "late");
    of.shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_comes_again_and_is_at_last_a_dead_letter_that_staff_decide_about() {
    let mut of = Readers::open(&json!({"max_attempts": 3})).await;
    of.weigh(&["a/1", "b/1"]).await;
    let had = of.read("").await;
    let (first, other) = (had.position("a/1"), had.position("b/1"));
    let said = of.say(&had.lease, &[other], &[first]).await.expect_ok();
    let outcomes: Vec<Value> = said.json();
    assert_eq!(outcomes[1]["outcome"], "retrying");
    // It waits a while, and what comes of its key waits behind it; other keys go on.
    of.weigh(&["a/2", "b/2"]).await;
    let had = of.read("").await;
    assert_eq!(had.ids(), ["b/2"]);
    of.say(&had.lease, &[had.position("b/2")], &[])
        .await
        .expect_ok();
    let view = of.view().await;
    assert_eq!(
        (&view["retrying"], &view["waiting"]),
        (&json!(1), &json!(1)),
        "{view}"
    );
    for attempt in 2..=3 {
        of.later().await;
        let had = of.read("").await;
        assert_eq!((had.ids()[0], had.attempt("a/1")), ("a/1", attempt));
        of.say(&had.lease, &[], &[first]).await.expect_ok();
    }
    let view = of.view().await;
    assert_eq!(view["dead"], json!(1), "{view}");
    assert_eq!(view["dead_letters"][0]["position"], json!(first));
    assert_eq!(
        view["dead_letters"][0]["error"],
        "the printer is out of labels"
    );
    of.later().await;
    assert_eq!(of.read("").await.ids(), Vec::<&str>::new());

    // It is an alert.
    let alert = "select count(*) from events where type = 'consumer.fell_behind' and data like '%reader/labels%'";
    eventually("somebody is told", async || {
        of.shop.number(alert).await == 1
    })
    .await;

    // Staff see it where every consumer's dead letters are.
    let mut staff = of.shop.staff().await;
    let page = staff.get("/admin/events/consumers").await.expect_ok().body;
    assert!(
        page.contains(CONSUMER) && page.contains("out of labels"),
        "{page}"
    );
    let lines = command(&of.shop, &["dead-letters"]).await.expect("a list");
    assert!(lines.contains(&format!("{CONSUMER} #{first}")), "{lines}");
    let position = first.to_string();
    let form = [("consumer", CONSUMER), ("position", &*position)];
    staff.post("/api/redrive_event", &form).await.expect_ok();
    let had = of.read("").await;
    assert_eq!(
        had.ids(),
        ["a/1", "a/2"],
        "at once, and what waited behind it"
    );
    assert_eq!(had.attempt("a/1"), 1);
    // Once more, and given up this time.
    of.say(&had.lease, &[], &[first]).await.expect_ok();
    for _ in 2..=3 {
        of.later().await;
        let had = of.read("").await;
        of.say(&had.lease, &[], &[first]).await.expect_ok();
    }
    let discard = ["discard", "--consumer", CONSUMER, "--position", &*position];
    command(&of.shop, &discard).await.expect("discarded");
    let had = of.read("").await;
    assert_eq!(had.ids(), ["a/2"]);
    of.say(&had.lease, &[had.position("a/2")], &[])
        .await
        .expect_ok();
    let told = "select count(*) from events where type in ('broker.redriven', 'broker.discarded')";
    assert_eq!(of.shop.number(told).await, 2);
    let lags = of.shop.log().lags().await.expect("lags");
    let lag = lags
        .iter()
        .find(|lag| lag.consumer == CONSUMER)
        .expect("it");
    assert_eq!((lag.parked, lag.dead), (0, 0));
    of.shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_readers_share_the_work_and_a_late_answer_is_told_so() {
    let mut of = Readers::open(&json!({"lease_seconds": 60})).await;
    of.weigh(&["a/1", "b/1", "a/2", "c/1"]).await;
    let one = of.read("limit=2").await;
    assert_eq!(one.ids(), ["a/1", "b/1"]);
    // What is behind the first reader's waits for it; the rest is for the second one.
    let two = of.read("limit=10").await;
    assert_eq!(two.ids(), ["c/1"]);
    // The first one says nothing for too long.
    of.later().await;
    let again = of.read("limit=1").await;
    assert_eq!((again.ids(), again.attempt("a/1")), (vec!["a/1"], 2));
    let (late, still) = (one.position("a/1"), one.position("b/1"));
    let refused = of.say(&one.lease, &[late, still], &[]).await.problem(409);
    assert!(refused.is("not-leased"), "{refused:?}");
    let told = refused.field("/acknowledged/0").expect("about the first");
    assert!(told.contains("another reader"), "{told}");
    assert_eq!(
        refused.errors.len(),
        1,
        "nobody else has the second one: {refused:?}"
    );
    let view = of.view().await;
    assert_eq!(
        (&view["leased"], &view["waiting"]),
        (&json!(2), &json!(1)),
        "{view}"
    );
    of.say(&again.lease, &[late], &[]).await.expect_ok();
    assert_eq!(
        of.read("").await.ids(),
        ["a/2", "c/1"],
        "c/1 was not answered, either"
    );

    // At once nobody gets what somebody else has.
    let many: Vec<String> = (0..60).map(|at| format!("k{at}/1")).collect();
    of.weigh(&many.iter().map(String::as_str).collect::<Vec<_>>())
        .await;
    let reads = (0..6).map(|_| {
        let request = of
            .reader
            .request(Method::POST, &format!("{PATH}/read?limit=10"));
        async move {
            request
                .send()
                .await
                .expect("an answer")
                .json::<Value>()
                .await
        }
    });
    let answers = futures::future::join_all(reads).await;
    let mut ids: Vec<String> = Vec::new();
    for answer in answers {
        let answer = answer.expect("JSON");
        let events = answer["events"].as_array().expect("events");
        ids.extend(events.iter().map(|one| one["event"]["id"].to_string()));
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), all), (60, 60));
    of.shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_outlives_a_restart_and_ends_when_it_is_told_to() {
    let mut of = Readers::open(&json!({"begin": "now"})).await;
    of.weigh(&["a/1", "b/1", "c/1"]).await;
    let had = of.read("limit=2").await;
    of.say(&had.lease, &[had.position("a/1")], &[])
        .await
        .expect_ok();
    let mut of = of.reopened().await;
    assert_eq!(of.read("").await.ids(), ["c/1"], "b/1 is still somebody's");
    of.say(&had.lease, &[had.position("b/1")], &[])
        .await
        .expect_ok();

    // What it hears is changed, and its place stays.
    let before = of.view().await;
    let wider = json!({"types": ["com.example.*"], "begin": "first", "lease_seconds": 5});
    let changed = of
        .reader
        .ask(Method::PUT, PATH, Some(&wider))
        .await
        .expect_ok();
    let changed: Value = changed.json();
    assert_eq!(
        (&changed["position"], &changed["lease_seconds"]),
        (&before["position"], &json!(5))
    );
    for (body, field) in [
        (json!({"types": ["a b"]}), "/types/0"),
        (json!({"lease_seconds": 0}), "/lease_seconds"),
        (json!({"max_attempts": 1_000}), "/max_attempts"),
        (json!({"begin": 1_000_000_000}), "/begin"),
    ] {
        let refused = of
            .reader
            .ask(Method::PUT, PATH, Some(&body))
            .await
            .problem(422);
        assert!(refused.field(field).is_some(), "{refused:?}");
    }
    let unknown = json!({"mood": 1});
    of.reader
        .ask(Method::PUT, PATH, Some(&unknown))
        .await
        .problem(422);
    let greedy = json!({"types": ["order.placed"]});
    of.reader
        .ask(Method::PUT, PATH, Some(&greedy))
        .await
        .problem(403);
    // Another service has another one of that name, or none.
    of.scales.ask(Method::GET, PATH, None).await.problem(404);

    let page = of
        .shop
        .staff()
        .await
        .get("/admin/events/consumers")
        .await
        .body;
    assert!(page.contains(CONSUMER), "{page}");
    let ended = of.reader.ask(Method::DELETE, PATH, None).await;
    assert_eq!(ended.status, 204, "{ended:?}");
    of.reader.ask(Method::GET, PATH, None).await.problem(404);
    of.reader
        .ask(Method::POST, &format!("{PATH}/read"), None)
        .await
        .problem(404);
    for table in [
        "consumers where name",
        "parked where consumer",
        "pull_leases where consumer",
    ] {
        let left = format!("select count(*) from {table} = '{CONSUMER}'");
        assert_eq!(of.shop.number(&left).await, 0, "{table}");
    }
    // A new one that begins with the first event has all of it.
    let first = json!({"begin": "first", "types": [WEIGHED]});
    assert_eq!(
        of.reader.ask(Method::PUT, PATH, Some(&first)).await.status,
        201
    );
    assert_eq!(of.read("").await.ids(), ["a/1", "b/1", "c/1"]);
    // What became of it is in the log.
    eventually("its story is told", async || {
        let told = "select count(*) from events where topic = 'subscriptions'";
        of.shop.number(told).await == 4
    })
    .await;
    of.shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_stops_a_reader_until_staff_have_decided() {
    let mut of = Readers::open(&json!({})).await;
    of.weigh(&["a/1", "b/1"]).await;
    let head = of.shop.log().stored_head().await.expect("a head");
    let shop = &of.shop;
    shop.alter(format!(
        "update events set data = '{{}}' where position = {}",
        head - 1
    ))
    .await;
    let mut of = of.reopened().await;
    // What stands before it is passed first.
    assert_eq!(of.read("").await.ids(), Vec::<&str>::new());
    let path = format!("{PATH}/read");
    let stopped = of.reader.ask(Method::POST, &path, None).await.problem(500);
    assert!(
        stopped.detail.contains(&format!("position {}", head - 1)),
        "{stopped:?}"
    );
    let mut staff = of.shop.staff().await;
    let position = (head - 1).to_string();
    let form = [("position", &*position)];
    staff.post("/api/quarantine_event", &form).await.expect_ok();
    assert_eq!(of.read("").await.ids(), ["b/1"]);
    of.shop.closed().await;
}
