//! A restored backup is another log, whatever it was restored over.

use std::fs;

use db::Db;

use crate::{DEADLINE, Place, execute};

/// Gives out positions, as appending does.
async fn move_head(db: &Db) {
    execute(db, "update log_head set position = position + 10")
        .await
        .expect("moved");
}

#[tokio::test]
async fn a_restored_backup_has_another_identity_and_a_restart_has_not() {
    let place = Place::new();
    let db = place.open().await.expect("a database");
    let first = db.identity().to_owned();
    assert!(first.len() >= 16, "{first}");
    move_head(&db).await;
    db.close().await;
    fs::copy(place.path(), place.beside(".backup")).expect("copied");

    let db = place.open().await.expect("opened");
    assert_eq!(db.identity(), first, "it was only restarted");
    let beside = Db::open_existing(&place.settings()).await.expect("opened");
    assert_eq!(beside.identity(), first);
    beside.close().await;
    move_head(&db).await;
    db.close().await;

    // Over the file itself, which stays the same file.
    fs::copy(place.beside(".backup"), place.path()).expect("restored");
    let db = place.open().await.expect("opened");
    let second = db.identity().to_owned();
    assert_ne!(second, first);
    // By now its positions are as high as those that were told before.
    for _ in 0..5 {
        move_head(&db).await;
    }
    db.close().await;
    let db = place.open().await.expect("opened");
    assert_eq!(db.identity(), second);
    db.close().await;

    // One of another time, whose positions are higher than those noted.
    fs::copy(place.path(), place.beside(".higher")).expect("copied");
    fs::copy(place.beside(".backup"), place.path()).expect("restored");
    let db = place.open().await.expect("opened");
    let third = db.identity().to_owned();
    db.close().await;
    fs::copy(place.beside(".higher"), place.path()).expect("restored");
    let db = place.open().await.expect("opened");
    assert!(![first, second, third].contains(&db.identity().to_owned()));
    db.close().await;

    // In another place.
    let elsewhere = Place::new();
    fs::copy(place.path(), elsewhere.path()).expect("restored");
    let moved = elsewhere.open().await.expect("opened");
    assert_ne!(moved.identity(), db.identity());
    moved.close().await;
}

/// The head is noted while the shop runs, not only when it stops in order.
#[tokio::test]
async fn a_backup_restored_after_a_crash_is_noticed_too() {
    let place = Place::new();
    let db = place.open().await.expect("a database");
    let first = db.identity().to_owned();
    db.close().await;
    fs::copy(place.path(), place.beside(".backup")).expect("copied");
    let db = place.open().await.expect("opened");
    move_head(&db).await;
    let noted = async {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(10));
        loop {
            tick.tick().await;
            let text = fs::read_to_string(place.beside("-exists")).expect("a note");
            if text.ends_with(" up to 10\n") {
                return;
            }
        }
    };
    tokio::time::timeout(DEADLINE, noted).await.expect("noted");
    // What a crash leaves: nobody closes it.
    for suffix in ["-wal", "-shm"] {
        fs::remove_file(place.beside(suffix)).expect("removed");
    }
    fs::copy(place.beside(".backup"), place.beside(".copy")).expect("copied");
    fs::rename(place.beside(".copy"), place.path()).expect("restored");
    let restored = place.open().await.expect("opened");
    assert_ne!(restored.identity(), first);
    restored.close().await;
    db.close().await;
}
