//! The schema: of this version, of an earlier one, of a newer one.

use db::{Columns, Db};

use crate::{Place, execute};

#[tokio::test]
async fn an_older_program_leaves_a_newer_database_alone() {
    let place = Place::new();
    let db = place.open().await.expect("a database");
    execute(&db, "insert into migrations (name) values ('9999_future')")
        .await
        .expect("written");
    db.close().await;
    let refused = place.open().await.expect_err("refused").to_string();
    assert!(refused.contains("newer version"), "{refused}");
    assert!(refused.contains("9999_future"), "{refused}");
    let refused = Db::open_existing(&place.settings()).await;
    let refused = refused.expect_err("refused").to_string();
    assert!(refused.contains("newer version"), "{refused}");
}

#[tokio::test]
async fn a_migration_that_was_another_one_is_noticed() {
    let place = Place::new();
    let db = place.open().await.expect("a database");
    execute(
        &db,
        "update migration_checksums set checksum = 'other' where name = '0001_log'",
    )
    .await
    .expect("written");
    db.close().await;
    let refused = place.open().await.expect_err("refused").to_string();
    assert!(refused.contains("another 0001_log"), "{refused}");
}

#[tokio::test]
async fn what_was_applied_before_there_were_checksums_gets_them() {
    let place = Place::new();
    let db = place.open().await.expect("a database");
    execute(&db, "drop table migration_checksums")
        .await
        .expect("as before");
    db.close().await;
    let refused = Db::open_existing(&place.settings()).await;
    refused.expect_err("only the server changes a schema");
    let db = place.open().await.expect("opened");
    let without = db::query(
        "select count(*) from migrations where name not in (select name from migration_checksums)",
    )
    .fetch_one(db.reader())
    .await
    .expect("readable");
    assert_eq!(without.get::<i64, _>(0), 0);
    db.close().await;
    let db = Db::open_existing(&place.settings()).await;
    db.expect("current").close().await;
}

#[tokio::test]
async fn two_that_start_at_once_migrate_once() {
    let place = Place::new();
    let (one, other) = tokio::join!(place.open(), place.open());
    one.expect("opened").close().await;
    other.expect("opened").close().await;
}
