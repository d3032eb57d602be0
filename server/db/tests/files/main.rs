//! The database as a file: what becomes of it when the disk, the folder or somebody else is in the way.

mod locked;
mod migrations;
mod place;
mod restored;
mod wal;

use std::path::PathBuf;
use std::time::Duration;

use db::{Columns, Db, Error, Settings};
use tempfile::TempDir;

/// Longer than anything here takes; what takes longer has failed.
const DEADLINE: Duration = Duration::from_secs(20);

/// A folder with a database in it.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("shop.db")
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        self.folder.path().join(format!("shop.db{suffix}"))
    }

    fn settings(&self) -> Settings {
        Settings::sqlite_file(&self.path())
    }

    async fn open(&self) -> Result<Db, Error> {
        Db::open(&self.settings()).await
    }
}

/// A table of our own, to write into.
async fn with_notes(db: &Db) {
    execute(db, "create table if not exists notes (text text not null)")
        .await
        .expect("a table");
}

async fn note(db: &Db, text: &str) -> Result<(), Error> {
    let mut tx = db.begin().await?;
    db::query("insert into notes (text) values ($1)")
        .bind(text)
        .execute(tx.conn())
        .await?;
    tx.commit().await
}

async fn execute(db: &Db, sql: &'static str) -> Result<(), Error> {
    let mut tx = db.begin().await?;
    db::query(sql).execute(tx.conn()).await?;
    tx.commit().await
}

async fn notes(db: &Db) -> i64 {
    let row = db::query("select count(*) from notes")
        .fetch_one(db.reader())
        .await
        .expect("readable");
    row.get(0)
}
