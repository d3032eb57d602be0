use std::sync::Arc;

use broker::{Consumer, Failure, Filter, NewEvent, Reactor, ReactorSettings, Recorded, Rule, Tx};

use crate::{Fixture, event};

/// Hears what is urgent, whoever says it.
struct Hurried;

impl Reactor for Hurried {
    const NAME: &'static str = "hurried";
    const HEARS: Filter<'static> = Filter(&[Rule::topic("tests").with(&[("urgency", "high*")])]);

    fn settings(&self) -> ReactorSettings {
        ReactorSettings::from_start()
    }

    async fn react(&self, heard: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        Ok(vec![event("hurried", &heard.key)])
    }
}

/// Hears a type on one topic, and does not ask how urgent it is.
struct Thorough;

impl Consumer for Thorough {
    const NAME: &'static str = "thorough";
    const HEARS: Filter<'static> = Filter(&[Rule::topic("tests").of(&["call*"])]);

    async fn handle(&self, tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<(), Failure> {
        for heard in batch {
            tx.append(event("noted", &heard.key), Some(heard));
        }
        Ok(())
    }
}

#[tokio::test]
async fn an_event_reaches_whom_its_metadata_concerns() {
    let fixture = Fixture::new().await;
    let mut tx = fixture.log.begin("test").await.expect("a transaction");
    for (key, urgency) in [("a", "high"), ("b", "low"), ("c", "highest")] {
        tx.append(event("called", key).with("urgency", urgency), None);
    }
    tx.append(event("called", "d"), None);
    let elsewhere = NewEvent::new("called", "elsewhere", "e", "{}").with("urgency", "high");
    tx.append(elsewhere, None);
    tx.append(event("sung", "f").with("urgency", "high"), None);
    tx.commit().await.expect("committed");
    // Attributes are kept and read back, by another process, too.
    let fixture = fixture.reopen().await;
    assert_eq!(
        fixture.all().await[2].attribute("urgency").as_deref(),
        Some("highest")
    );

    let mut runner = fixture.runner();
    runner.consumer(Thorough).reactor(Hurried);
    let keys = |events: Vec<Arc<Recorded>>| {
        let mut keys: Vec<String> = events.iter().map(|event| event.key.clone()).collect();
        keys.sort();
        keys
    };
    fixture.until("noted", 4).await;
    fixture.until("hurried", 3).await;
    // Both have come to the end of the log.
    fixture.until_caught_up().await;
    runner.stop().await;
    assert_eq!(keys(fixture.of_kind("noted").await), ["a", "b", "c", "d"]);
    assert_eq!(keys(fixture.of_kind("hurried").await), ["a", "c", "f"]);
}

#[tokio::test]
async fn a_changed_attribute_is_damage() {
    let fixture = Fixture::new().await;
    let mut tx = fixture.log.begin("test").await.expect("a transaction");
    tx.append(event("called", "a").with("urgency", "low"), None);
    tx.append(event("called", "b"), None);
    tx.commit().await.expect("committed");
    let fixture = fixture.reopen().await;
    assert_eq!(fixture.all().await.len(), 2);
    for (position, attributes) in [(2, r#"{"urgency":"high"}"#), (1, "")] {
        let sql =
            format!("update events set attributes = '{attributes}' where position = {position}");
        fixture.execute(&sql).await;
        let read = fixture
            .log
            .read_one(position)
            .await
            .map(|event| vec![event]);
        assert_eq!(crate::damaged_position(read), Some(position));
    }
}

#[tokio::test]
async fn a_search_finds_what_its_filter_lets_through_and_where_to_go_on() {
    let fixture = Fixture::new().await;
    let keys: Vec<String> = (0..1_500).map(|n| format!("{}", n % 3)).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    fixture.append("called", &keys).await;
    let filter = Filter(&[Rule::ANY.with(&[("partitionkey", "1")])]);
    let log = &fixture.log;
    let (found, to) = log.read_matching(filter, 0, 400).await.expect("found");
    assert_eq!((found.len(), to), (400, 1_199));
    let (rest, to) = log.read_matching(filter, to, 400).await.expect("found");
    assert_eq!((rest.len(), to), (100, 1_500));
    assert!(rest.iter().chain(&found).all(|event| event.key == "1"));
}
