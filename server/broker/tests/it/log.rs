use std::time::{Duration, Instant};

use broker::{Environment, Error, Log};
use db::{Db, Settings};
use scratch::Scratch;

use crate::{DEADLINE, Fixture, damaged_position, event};

#[tokio::test]
async fn an_event_keeps_its_cause_and_its_story() {
    let fixture = Fixture::new().await;
    fixture.append("asked", &["a"]).await;
    let asked = fixture.of_kind("asked").await.remove(0);
    let mut tx = fixture.log.begin("answerer").await.expect("a transaction");
    tx.append(event("answered", "a"), Some(&asked));
    tx.commit().await.expect("committed");

    let fixture = fixture.reopen().await;
    let answered = fixture.of_kind("answered").await.remove(0);
    assert_eq!(answered.causation_id, Some(asked.id));
    assert_eq!(answered.correlation_id, asked.id);
    assert_eq!(asked.causation_id, None);
    assert_eq!(
        (answered.position, answered.source.as_str()),
        (2, "answerer")
    );
}

#[tokio::test]
async fn a_transaction_that_is_dropped_takes_no_position() {
    let fixture = Fixture::new().await;
    fixture.append("kept", &["a"]).await;
    let mut tx = fixture.log.begin("test").await.expect("a transaction");
    tx.append(event("dropped", "b"), None);
    drop(tx);
    fixture.append("kept", &["c"]).await;

    let fixture = fixture.reopen().await;
    let found: Vec<_> = fixture.all().await.iter().map(|e| e.position).collect();
    assert_eq!(found, [1, 2]);
    assert!(fixture.of_kind("dropped").await.is_empty());
}

#[tokio::test]
async fn a_damaged_record_is_reported_by_position_and_never_skipped() {
    for column in [
        "id",
        "source",
        "type",
        "subject",
        "time_us",
        "topic",
        "key",
        "correlation_id",
        "causation_id",
        "data",
        "checksum",
    ] {
        let fixture = Fixture::new().await;
        fixture.append("noted", &["a", "b", "c"]).await;
        let value = match column {
            "time_us" | "checksum" => "1",
            "id" | "correlation_id" | "causation_id" => "'0199c0a0-1111-7aaa-8bbb-123456789abc'",
            _ => "'{}'",
        };
        let damage = format!("update events set {column} = {value} where position = 2");
        fixture.execute(&damage).await;

        let fixture = fixture.reopen().await;
        let before = fixture.log.read_after(0, 9).await.expect(column);
        assert_eq!(before.len(), 1, "{column}: what is before it is given out");
        let read = fixture.log.read_after(1, 9).await;
        assert_eq!(damaged_position(read), Some(2), "{column}");
        let after = fixture.log.read_after(2, 9).await.expect(column);
        assert_eq!(after.len(), 1, "{column}");
        assert!(fixture.log.read_last(9).await.is_err(), "{column}");
    }
}

#[tokio::test]
async fn the_report_of_damage_names_position_and_both_sums() {
    let fixture = Fixture::new().await;
    fixture.append("noted", &["a"]).await;
    let sum = fixture.numbers("select checksum from events").await[0];
    fixture
        .execute("update events set data = '{\"key\":1}'")
        .await;
    let fixture = fixture.reopen().await;
    let error = fixture.log.read_after(0, 9).await.expect_err("damaged");
    let Error::Damaged {
        position,
        found,
        expected,
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!((position, found), (1, sum));
    assert_ne!(expected, sum);
}

#[tokio::test]
async fn a_missing_record_is_a_gap_and_never_skipped() {
    let fixture = Fixture::new().await;
    fixture.append("noted", &["a", "b", "c"]).await;
    fixture
        .execute("delete from events where position = 2")
        .await;
    let fixture = fixture.reopen().await;
    let error = fixture.log.read_after(1, 9).await.expect_err("a gap");
    assert!(
        matches!(
            error,
            Error::Gap {
                expected: 2,
                found: 3
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_missing_last_record_is_reported_and_not_taken_for_the_end() {
    let fixture = Fixture::new().await;
    fixture.append("noted", &["a", "b"]).await;
    fixture
        .execute("delete from events where position = 2")
        .await;
    let fixture = fixture.reopen().await;
    let error = fixture.log.read_after(1, 9).await.expect_err("missing");
    let expected = "the event at position 2 is missing: the log goes on to 2";
    assert_eq!(error.to_string(), expected);
    let error = fixture.log.tail(1).next(9).await.expect_err("missing");
    assert!(matches!(error, Error::Missing { .. }), "{error}");
}

#[tokio::test]
async fn what_cannot_be_parsed_is_damage() {
    let fixture = Fixture::new().await;
    fixture.append("noted", &["a", "b"]).await;
    for (column, what) in [
        ("causation_id", "causation id"),
        ("correlation_id", "correlation id"),
        ("attributes", "list of attributes"),
    ] {
        let before = format!("update events set {column} = '{{torn' where position = 1");
        fixture.execute(&before).await;
        let log = Log::open(fixture.log.db().clone(), Environment::system()).await;
        let error = log.expect("a log").read_one(1).await.expect_err("damaged");
        let expected = format!("the event at position 1 is damaged: its {what} cannot be read");
        assert_eq!(error.to_string(), expected);
        let healed = format!(
            "update events set {column} = case '{column}' when 'correlation_id' then id else '' end \
             where position = 1"
        );
        fixture.execute(&healed).await;
    }
}

/// Another process commits to the same database, which may tell of it or not.
#[tokio::test]
async fn a_tail_sees_what_another_process_appended() {
    let fixture = Fixture::new().await;
    let mut tail = fixture.log.tail(0);
    let other = crate::open(&fixture.scratch).await;
    let mut tx = other.begin("other").await.expect("a transaction");
    tx.append(event("noted", "a"), None);
    tx.commit().await.expect("committed");
    let heard = tokio::time::timeout(DEADLINE, tail.next(9)).await;
    let heard = heard.expect("in time").expect("readable");
    assert_eq!(
        (heard.len(), heard[0].source.as_str()),
        (1, "other"),
        "{heard:?}"
    );
}

/// A file tells nobody: who waits asks, and what one has heard the others need not ask for.
#[tokio::test]
async fn many_who_wait_ask_the_database_no_more_often_than_one() {
    let scratch = Scratch::new().await;
    let settings = Settings::sqlite_file(&scratch.folder().join("by_itself.db"));
    let db = Db::open(&settings).await.expect("a database");
    let log = Log::open(db, Environment::system()).await.expect("a log");
    let begun = Instant::now();
    let waiting = (0..8).map(|_| {
        let mut tail = log.tail(0);
        tokio::spawn(async move { tail.next(1).await.map(|events| events.len()) })
    });
    let waiting: Vec<_> = waiting.collect();
    let asked = async {
        while log.polls() < 4 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, asked)
        .await
        .expect("in time");
    // Each of the eight would have asked after a quarter of a second.
    let elapsed = begun.elapsed();
    assert!(elapsed > Duration::from_millis(600), "{elapsed:?}");
    let mut tx = log.begin("test").await.expect("a transaction");
    tx.append(event("noted", "a"), None);
    tx.commit().await.expect("committed");
    for read in waiting {
        let read = tokio::time::timeout(DEADLINE, read).await.expect("in time");
        assert_eq!(read.expect("no panic").expect("readable"), 1);
    }
    log.db().close().await;
}

/// What the promotion of a standby that had not got all of the log looks like.
#[tokio::test]
async fn a_log_that_has_lost_its_end_takes_nothing_more_before_a_restart() {
    let fixture = Fixture::new().await;
    fixture.append("kept", &["a"]).await;
    fixture.append("lost", &["b"]).await;
    fixture
        .execute("delete from events where position = 2")
        .await;
    fixture.execute("update log_head set position = 1").await;

    let mut tx = fixture.log.begin("test").await.expect("a transaction");
    tx.append(event("refused", "c"), None);
    let refused = tx.commit().await.expect_err("the log has gone back");
    assert!(
        matches!(refused, Error::WentBack { known: 2, found: 1 }),
        "{refused}"
    );
    assert!(
        refused.is_unavailable(),
        "whoever asks is told to come back"
    );
    tokio::time::timeout(DEADLINE, fixture.log.has_gone_back())
        .await
        .expect("whoever runs the process is told");

    let fixture = fixture.reopen().await;
    fixture.append("goes on", &["d"]).await;
    let found: Vec<_> = fixture.all().await.iter().map(|e| e.kind.clone()).collect();
    assert_eq!(found, ["kept", "goes on"]);
}
