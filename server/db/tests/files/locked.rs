//! Two processes that write one file.

use std::time::Duration;

use db::Db;

use crate::{DEADLINE, Place, note, with_notes};

#[tokio::test]
async fn a_command_line_waits_for_a_server_that_writes_for_longer_than_a_request_would() {
    let place = Place::new();
    let server = place.open().await.expect("a database");
    with_notes(&server).await;
    let line = Db::open_existing(&place.settings()).await.expect("opened");

    let held = server.begin().await.expect("a transaction");
    let mut waiting = Box::pin(note(&line, "late"));
    // A request is refused after two seconds.
    let early = tokio::time::timeout(Duration::from_secs(4), &mut waiting).await;
    assert!(early.is_err(), "it waits: {early:?}");
    drop(held);
    let noted = tokio::time::timeout(DEADLINE, waiting).await;
    noted.expect("in time").expect("noted");

    let held = line.begin().await.expect("a transaction");
    let refused = server.begin().await.expect_err("held by the other one");
    assert!(refused.is_unavailable(), "{refused}");
    drop(held);
    line.close().await;
    server.close().await;
}
