//! The chain of hashes over the log: whoever appends goes on with it, and whoever changes the past is found out.

use broker::{Environment, Link, Log, Roster};
use db::{Columns, Db};

use crate::{Fixture, event};

/// What is wrong with the log itself.
async fn faults(fixture: &Fixture) -> Vec<String> {
    let checked = fixture.log.check(&Roster::new(), |_, _| {}).await;
    let mut faults = checked.expect("checked").faults;
    faults.retain(|fault| !fault.contains("states were not compared"));
    faults
}

/// The checksum of a row, as somebody computes it who wants to hide a change.
async fn forged_checksum(fixture: &Fixture, position: u64, data: &str) -> u32 {
    let event = fixture.log.read_one(position).await.expect("an event");
    let mut crc = crc32fast::Hasher::new();
    crc.update(&position.to_be_bytes());
    crc.update(event.id.as_bytes());
    crc.update(&event.time_us.to_be_bytes());
    crc.update(event.correlation_id.as_bytes());
    crc.update(event.causation_id.unwrap_or_default().as_bytes());
    for text in [
        &event.source,
        &event.kind,
        &event.subject,
        &event.topic,
        &event.key,
        data,
    ] {
        crc.update(text.as_bytes());
        crc.update(&[0]);
    }
    crc.finalize()
}

#[tokio::test]
async fn processes_that_append_in_turns_go_on_with_one_chain() {
    let fixture = Fixture::new().await;
    let settings = db::Settings::new(fixture.scratch.url());
    let db = Db::open(&settings).await.expect("a database");
    let other = Log::open(db, Environment::system()).await.expect("a log");
    assert_eq!(fixture.log.last_link().await.expect("read"), None);
    for round in 0..4 {
        fixture.append("called", &["ada", "bob"]).await;
        for _ in 0..=round % 2 {
            let mut tx = other.begin("other").await.expect("a transaction");
            tx.append(event("called", "cleo"), None);
            tx.commit().await.expect("committed");
        }
        // One that comes to nothing leaves nothing in the chain.
        let mut tx = fixture.log.begin("test").await.expect("a transaction");
        tx.append(event("called", "nobody"), None);
        drop(tx);
    }
    assert_eq!(faults(&fixture).await, [""; 0]);
    let (position, link) = fixture
        .log
        .last_link()
        .await
        .expect("read")
        .expect("a link");
    assert_eq!(position, other.stored_head().await.expect("a head"));
    assert_eq!(other.link_at(position).await.expect("read"), Some(link));
    let of_cleo = fixture.log.links_of_key("cleo").await.expect("read");
    assert_eq!(of_cleo.get(&position), Some(&link));
    other.db().close().await;
}

#[tokio::test]
async fn a_change_with_a_right_checksum_is_found() {
    let fixture = Fixture::new().await;
    fixture.append("called", &["ada", "bob", "cleo"]).await;
    let (_, head) = fixture
        .log
        .last_link()
        .await
        .expect("read")
        .expect("a link");
    let data = "{\"changed\":true}";
    let sum = forged_checksum(&fixture, 2, data).await;
    let forge = format!("update events set data = '{data}', checksum = {sum} where position = 2");
    fixture.execute(&forge).await;
    let fixture = fixture.reopen().await;
    let changed = fixture.log.read_one(2).await.expect("a sound row");
    assert_eq!(changed.data, data);
    let found = faults(&fixture).await;
    assert!(
        matches!(&found[..], [one] if one.contains("the chain breaks at 2")),
        "{found:?}"
    );
    // What is appended afterwards is chained to what was seen before.
    fixture.append("called", &["dora"]).await;
    assert_eq!(faults(&fixture).await.len(), 1);
    assert_eq!(fixture.log.link_at(3).await.expect("read"), Some(head));
}

#[tokio::test]
async fn an_event_that_is_taken_out_is_missed() {
    let fixture = Fixture::new().await;
    fixture.append("called", &["ada", "bob", "cleo"]).await;
    fixture
        .execute("delete from events where position = 3")
        .await;
    fixture
        .execute("update log_head set position = 2 where id = 1")
        .await;
    let fixture = fixture.reopen().await;
    // The shorter log is whole in itself: only who knows a later head can tell.
    assert_eq!(faults(&fixture).await, [""; 0]);
    assert_eq!(fixture.log.link_at(3).await.expect("read"), None);
    fixture.append("called", &["dora", "emma"]).await;
    fixture
        .execute("delete from events where position = 2")
        .await;
    let found = faults(&fixture).await;
    assert!(
        matches!(&found[..], [one] if one.contains("missing")),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_log_from_before_the_chain_goes_on_with_one() {
    let fixture = Fixture::new().await;
    fixture.append("called", &["ada", "bob"]).await;
    fixture.execute("update events set chain = ''").await;
    let fixture = fixture.reopen().await;
    assert_eq!(fixture.log.last_link().await.expect("read"), None);
    fixture.append("called", &["cleo"]).await;
    let checked = fixture.log.check(&Roster::new(), |_, _| {}).await;
    let checked = checked.expect("checked");
    assert_eq!((checked.unchained, checked.faults.len()), (2, 0));
    let stored = fixture.log.db().reader();
    let row = db::query("select chain from events where position = 3")
        .fetch_one(stored)
        .await
        .expect("a row");
    assert_eq!(
        row.get::<String, _>(0).parse::<Link>().ok(),
        checked.head_link
    );
    // Who makes later events look as old as that is found out.
    fixture.append("called", &["dora"]).await;
    fixture
        .execute("update events set chain = '' where position = 3")
        .await;
    assert_eq!(faults(&fixture).await.len(), 1);
}
