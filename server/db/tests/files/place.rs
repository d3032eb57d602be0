//! The file and its folder.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use db::{Db, Error, Settings};

use crate::{Place, note, notes, with_notes};

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

#[tokio::test]
async fn its_files_are_private_whatever_the_folder_is() {
    let place = Place::new();
    fs::set_permissions(place.folder.path(), Permissions::from_mode(0o755)).expect("set");
    let db = place.open().await.expect("a database");
    with_notes(&db).await;
    for suffix in ["", "-wal", "-shm"] {
        assert_eq!(mode(&place.beside(suffix)), 0o600, "{suffix}");
    }
    db.close().await;
    // One of an earlier release, which others could read.
    fs::set_permissions(place.path(), Permissions::from_mode(0o644)).expect("set");
    let db = place.open().await.expect("opened");
    note(&db, "again").await.expect("written");
    for suffix in ["", "-wal", "-shm"] {
        assert_eq!(mode(&place.beside(suffix)), 0o600, "{suffix}");
    }
    db.close().await;
}

#[tokio::test]
async fn a_database_that_is_removed_under_the_shop_takes_no_more_writes() {
    let place = Place::new();
    let db = place.open().await.expect("a database");
    with_notes(&db).await;
    note(&db, "kept").await.expect("written");
    let away = place.beside(".away");
    fs::rename(place.path(), &away).expect("moved");
    let refused = note(&db, "seen by nobody").await.expect_err("refused");
    assert!(refused.is_unavailable(), "{refused}");
    assert!(refused.to_string().contains("was removed"), "{refused}");
    assert!(!db.health().await.can_write);
    assert!(!place.path().exists(), "and none is made in its place");
    // Put back, it is the same one.
    fs::rename(&away, place.path()).expect("moved");
    note(&db, "again").await.expect("written");
    assert_eq!(notes(&db).await, 2);
    // Another one in its place is not.
    fs::copy(place.path(), &away).expect("copied");
    fs::rename(&away, place.path()).expect("moved");
    let refused = note(&db, "to the old one").await.expect_err("refused");
    assert!(refused.to_string().contains("was replaced"), "{refused}");
    db.close().await;
}

#[tokio::test]
async fn a_database_that_has_gone_is_not_replaced_by_a_new_shop() {
    let place = Place::new();
    place.open().await.expect("a database").close().await;
    fs::remove_file(place.path()).expect("removed");
    let refused = place.open().await.expect_err("refused").to_string();
    assert!(refused.contains("is gone"), "{refused}");
    assert!(refused.contains("shop.db-exists"), "what to do: {refused}");
    assert!(!place.path().exists());
    // Somebody who wants a new one says so.
    fs::remove_file(place.beside("-exists")).expect("removed");
    place.open().await.expect("a new one").close().await;
}

/// What is left when somebody removes the main file alone, of a shop of an earlier release.
#[tokio::test]
async fn a_log_without_its_database_is_not_begun_anew() {
    let place = Place::new();
    fs::write(place.beside("-wal"), b"commits").expect("written");
    let refused = place.open().await.expect_err("refused").to_string();
    assert!(refused.contains("shop.db-wal"), "{refused}");
    assert_eq!(fs::read(place.beside("-wal")).expect("kept"), b"commits");
}

#[tokio::test]
async fn a_start_that_fails_says_why_at_once() {
    let place = Place::new();
    fs::write(place.path(), [7; 8_192]).expect("written");
    let begun = Instant::now();
    let refused = place.open().await.expect_err("refused").to_string();
    assert!(refused.contains("not a database"), "{refused}");
    let settings = Settings::new("sqlite:/proc/no/such/folder/shop.db");
    let refused = Db::open(&settings).await.expect_err("refused").to_string();
    assert!(refused.contains("cannot create /proc/no"), "{refused}");
    let settings = Settings::new(format!("sqlite:{}", place.folder.path().display()));
    let refused = Db::open(&settings).await.expect_err("refused").to_string();
    assert!(refused.contains("unable to open"), "{refused}");
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}

/// Another process that holds the lock, as a backup tool may.
#[tokio::test]
async fn nobody_waits_long_for_a_lock_of_another_process() {
    let place = Place::new();
    let db = place.open().await.expect("a database");
    let other = place.open().await.expect("another process's");
    with_notes(&db).await;
    let holding = other.begin().await.expect("begun");
    let begun = Instant::now();
    let waiting = [(); 4].map(|()| {
        let db = db.clone();
        tokio::spawn(async move { note(&db, "waits").await })
    });
    for waiting in waiting {
        let refused = waiting.await.expect("no panic").expect_err("refused");
        assert!(refused.is_unavailable(), "{refused}");
        assert!(!matches!(refused, Error::FileLost(_)), "{refused}");
    }
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
    holding.rollback().await.expect("rolled back");
    note(&db, "now").await.expect("written");
    db.close().await;
    other.close().await;
}
