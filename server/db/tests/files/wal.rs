//! The write-ahead log stays small under load, and does so again after a long reader has gone.

use db::{Columns, Db};

use crate::{DEADLINE, Place, note, notes, with_notes};

const MIB: u64 = 1 << 20;

/// Writes so many bytes, a quarter of a MiB per transaction.
async fn write(db: &Db, bytes: u64) {
    let text = "x".repeat(MIB as usize / 4);
    for _ in 0..bytes / (MIB / 4) {
        note(db, &text).await.expect("written");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_stays_small_while_more_and_more_is_written() {
    let place = Place::new();
    let db = place.open().await.expect("a database");
    with_notes(&db).await;
    let mut largest = 0;
    for _ in 0..60 {
        write(&db, 8 * MIB).await;
        largest = largest.max(db.wal_bytes());
    }
    // Restarted at 32 MiB; what is written between two looks is on top, which on a quick disk is much.
    assert!(largest < 300 * MIB, "{} MiB of 480", largest / MIB);
    db.close().await;
}

/// Somebody who reads and does not come to an end: a backup, a query by hand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_long_reader_has_gone_the_log_is_small_again() {
    let place = Place::new();
    let db = place.open().await.expect("a database");
    with_notes(&db).await;
    note(&db, "before").await.expect("written");
    // A transaction that writes nothing reads for as long as it is open.
    let reading = LongReader::begin(&place).await;
    write(&db, 96 * MIB).await;
    assert!(
        db.wal_bytes() > 64 * MIB,
        "the reader keeps it: {}",
        db.wal_bytes()
    );
    drop(reading);
    let small = async {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(50));
        while db.wal_bytes() > 40 * MIB {
            tick.tick().await;
            note(&db, "the next writer begins the log anew")
                .await
                .expect("written");
        }
    };
    let became = tokio::time::timeout(DEADLINE, small).await;
    assert!(became.is_ok(), "{} MiB", db.wal_bytes() / MIB);
    assert!(notes(&db).await > 384);
    db.close().await;
}

/// Holds a snapshot until it is dropped.
struct LongReader {
    _connection: sqlx::SqliteConnection,
}

impl LongReader {
    async fn begin(place: &Place) -> Self {
        use sqlx::Connection;
        let url = format!("sqlite:{}?mode=ro", place.path().display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("opened");
        sqlx::raw_sql("begin")
            .execute(&mut connection)
            .await
            .expect("begun");
        let row = sqlx::query("select count(*) from notes")
            .fetch_one(&mut connection)
            .await
            .expect("read");
        assert_eq!(row.get::<i64, _>(0), 1);
        Self {
            _connection: connection,
        }
    }
}
