//! The database as a server: stopped, restarted, read-only, silent. Each test has a PostgreSQL of its
//! own, since it ends it.

mod outages;
mod tls;

use std::time::{Duration, Instant};

use db::{Columns, Db, Error, Settings};
use private_postgres::{Durability, Programs, Server};

/// No request waits longer.
const LIMIT: Duration = Duration::from_secs(5);
/// Longer than anything here takes; what takes longer has failed.
const DEADLINE: Duration = Duration::from_secs(20);

fn server() -> Server {
    server_that_is(Durability::Volatile)
}

fn server_that_is(durability: Durability) -> Server {
    let programs = Programs::find().expect(
        "PostgreSQL's server programs: `cargo xtask test` installs them, or install your system's \
         package of the server",
    );
    programs.start(durability).expect("a server")
}

async fn open(url: String) -> Db {
    let db = Db::open(&Settings::new(url)).await.expect("a database");
    let mut tx = db.begin().await.expect("begun");
    db::query("create table notes (text text not null)")
        .execute(tx.conn())
        .await
        .expect("a table");
    tx.commit().await.expect("committed");
    db
}

async fn note(db: &Db, text: &str) -> Result<(), Error> {
    let mut tx = db.begin().await?;
    db::query("insert into notes (text) values ($1)")
        .bind(text)
        .execute(tx.conn())
        .await?;
    tx.commit().await
}

async fn notes(db: &Db) -> Result<i64, Error> {
    let row = db::query("select count(*) from notes")
        .fetch_one(db.reader())
        .await?;
    Ok(row.try_get(0)?)
}

/// Many at once try to write and to read: each fails for a reason that passes, and in time.
async fn everybody_is_refused_in_time(db: &Db) {
    let begun = Instant::now();
    let writes = (0..40).map(|n| {
        let db = db.clone();
        tokio::spawn(async move {
            let text = format!("lost {n}");
            let read = notes(&db).await.map(|_| ());
            (note(&db, &text).await, read, Instant::now())
        })
    });
    for write in futures::future::join_all(writes).await {
        let (written, read, at) = write.expect("no panic");
        let refused = written.expect_err("not written");
        assert!(refused.is_unavailable(), "{refused}");
        if let Err(refused) = read {
            assert!(refused.is_unavailable(), "{refused}");
        }
        // One that waits for a read and then for a write waits twice.
        assert!(at - begun < 2 * LIMIT, "{:?}", at - begun);
    }
    let begun = Instant::now();
    note(db, "lost").await.expect_err("not written");
    assert!(begun.elapsed() < LIMIT, "{:?}", begun.elapsed());
}

/// Writes until it goes well.
async fn writes_again(db: &Db) {
    let written = async {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        loop {
            tick.tick().await;
            match note(db, "after").await {
                Ok(()) => return,
                Err(error) => assert!(error.is_unavailable(), "{error}"),
            }
        }
    };
    let written = tokio::time::timeout(DEADLINE, written).await;
    assert!(written.is_ok(), "it does not write again");
}
