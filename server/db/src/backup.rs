//! Backups: all of a database in one file, made while the shop runs, and put back into a database of
//! either kind.

use std::fs;
use std::io::{BufRead, Write};
use std::path::PathBuf;

use futures::TryStreamExt as _;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::backup_file::{Cell, Header, Line, Reader, TableLine, Writer};
use crate::error::Error;
use crate::file::{DatabaseFile, beside};
use crate::identity::HEAD;
use crate::snapshot::{Kind, Table, tables};
use crate::{Db, Result, Settings, Tx, migrate, trusted_sql};

/// Tables that are not part of a backup: the header names the migrations, and a restored log is another
/// one.
const LEFT_OUT: [&str; 3] = ["migrations", "migration_checksums", "log_identity"];
/// Rows of one statement.
const BATCH: usize = 256;

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backup {
    /// When it was made, unix microseconds.
    pub made_at_us: i64,
    /// The last position of its log.
    pub head: u64,
    pub tables: u64,
    pub rows: u64,
}

impl Db {
    /// Writes all tables as they are now into `out`, which is compressed; others write meanwhile.
    /// `progress` hears how many rows are written and how many there are. Blocks the thread.
    ///
    /// # Errors
    /// [`Error::Setting`] when `out` cannot be written.
    pub async fn back_up(
        &self,
        out: impl Write,
        made_at_us: i64,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Backup> {
        let mut snapshot = self.snapshot().await?;
        let mut tables = snapshot.tables().await?;
        tables.retain(|table| !LEFT_OUT.contains(&table.name.as_str()));
        let mut all = 0;
        for table in &tables {
            all += table.count(snapshot.conn()).await?;
        }
        let head = sqlx::query(HEAD).fetch_one(snapshot.conn()).await?;
        let head = head.try_get::<i64, _>(0)?.unsigned_abs();
        let migrations = migrate::names(snapshot.conn()).await?;
        let header = Header::new(made_at_us, migrations, head);
        let mut writer = Writer::begin(out, &header)?;
        let mut written = 0;
        for table in &tables {
            writer.table(&TableLine {
                table: table.name.clone(),
                columns: (table.columns.iter())
                    .map(|(name, _)| name.clone())
                    .collect(),
            })?;
            let sql = format!("select {} from {}", table.column_list(), table.name);
            let mut rows = sqlx::query(trusted_sql(sql)).fetch(snapshot.conn());
            while let Some(row) = rows.try_next().await? {
                writer.row(&cells(table, &row)?)?;
                written += 1;
                if written % 1_000 == 0 {
                    progress(written, all);
                }
            }
        }
        let rows = writer.end()?;
        progress(rows, all);
        snapshot.close().await?;
        Ok(Backup {
            made_at_us,
            head,
            tables: tables.len() as u64,
            rows,
        })
    }

    /// Puts a backup into a database that is not there yet, or is empty: all of it or nothing. `progress`
    /// hears how many rows are written. Blocks the thread.
    ///
    /// # Errors
    /// [`Error::Setting`] when there is a database already, or the backup is not whole or of a newer
    /// version of the shop.
    pub async fn restore(
        settings: &Settings,
        from: impl BufRead,
        mut progress: impl FnMut(u64),
    ) -> Result<Backup> {
        let (mut reader, header) = Reader::begin(from)?;
        let place = Place::of(settings)?;
        let file = DatabaseFile::of(&place.settings.url);
        file.prepare()?;
        let db = Self::connect(&place.settings, &file).await?;
        let restored = fill(&db, &mut reader, header, &mut progress).await;
        db.close().await;
        match restored {
            Ok(restored) => {
                place.keep()?;
                Ok(restored)
            }
            Err(error) => {
                place.give_up();
                Err(error)
            }
        }
    }
}

fn cells(table: &Table, row: &AnyRow) -> Result<Vec<Cell>> {
    let cell = |(at, (_, kind)): (usize, &(String, Kind))| {
        Ok(match kind {
            Kind::Integer => row.try_get::<Option<i64>, _>(at)?.map(Cell::Integer),
            Kind::Text => row.try_get::<Option<String>, _>(at)?.map(Cell::Text),
        }
        .unwrap_or(Cell::Nothing))
    };
    table.columns.iter().enumerate().map(cell).collect()
}

/// Where the database is written until it is whole. A file gets its name at the end.
struct Place {
    settings: Settings,
    /// The file while it is written, and as it is to be called.
    files: Option<(PathBuf, PathBuf)>,
}

impl Place {
    fn of(settings: &Settings) -> Result<Self> {
        let file = DatabaseFile::of(&settings.url);
        let Some(path) = file.path() else {
            return Ok(Self {
                settings: settings.clone(),
                files: None,
            });
        };
        let draft = beside(path, ".restoring");
        for suffix in ["", "-wal"] {
            let there = beside(path, suffix);
            if there.exists() {
                return Err(Error::Setting(format!(
                    "there is a database already: {} would be lost. Move it away, or name another \
                     folder",
                    there.display()
                )));
            }
        }
        let place = Self {
            settings: Settings {
                url: DatabaseFile::url(&draft),
                ..settings.clone()
            },
            files: Some((draft, path.to_owned())),
        };
        // What a restore that was killed has left.
        place.give_up();
        Ok(place)
    }

    fn keep(&self) -> Result<()> {
        let Some((draft, path)) = &self.files else {
            return Ok(());
        };
        fs::rename(draft, path).map_err(|error| {
            Error::Setting(format!(
                "{} cannot be called {}: {error}",
                draft.display(),
                path.display()
            ))
        })
    }

    fn give_up(&self) {
        let Some((draft, _)) = &self.files else {
            return;
        };
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(beside(draft, suffix));
        }
    }
}

async fn fill(
    db: &Db,
    reader: &mut Reader<impl BufRead>,
    header: Header,
    progress: &mut impl FnMut(u64),
) -> Result<Backup> {
    let mut tx = db.begin().await?;
    tx.unhurried().await?;
    let there = tables(tx.connection()?, db.dialect()).await?;
    if let Some(table) = there.first() {
        return Err(Error::Setting(format!(
            "the database is not empty: it has a table {}. Name an empty one",
            table.name
        )));
    }
    migrate::apply(&mut tx, &header.migrations).await?;
    let tables = tables(tx.connection()?, db.dialect()).await?;
    // What migrations have put there stands in the backup as it became.
    for table in tables.iter().rev() {
        if !LEFT_OUT.contains(&table.name.as_str()) {
            let sql = format!("delete from {}", table.name);
            sqlx::query(trusted_sql(sql)).execute(tx.conn()).await?;
        }
    }
    let mut restored = Backup {
        made_at_us: header.made_at_us,
        head: header.head,
        tables: 0,
        rows: 0,
    };
    let mut into: Option<Table> = None;
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(line) = reader.next()? {
        match line {
            Line::Row(row) => {
                let Some(table) = &into else {
                    return Err(no_place("a row before any table"));
                };
                if row.len() != table.columns.len() {
                    return Err(no_place(&format!("a row of {}", table.name)));
                }
                batch.push(row);
                if batch.len() == BATCH {
                    insert(&mut tx, table, &mut batch).await?;
                }
                restored.rows += 1;
                if restored.rows.is_multiple_of(1_000) {
                    progress(restored.rows);
                }
            }
            Line::Table(named) => {
                if let Some(table) = &into {
                    insert(&mut tx, table, &mut batch).await?;
                }
                into = Some(find(&tables, &named)?);
                restored.tables += 1;
            }
            Line::End(_) => return Err(no_place("its last line")),
        }
    }
    if let Some(table) = &into {
        insert(&mut tx, table, &mut batch).await?;
    }
    tx.commit().await?;
    progress(restored.rows);
    Ok(restored)
}

fn no_place(what: &str) -> Error {
    Error::Setting(format!(
        "the backup has {what} for which this version of the shop has no place"
    ))
}

/// The table as the backup orders its columns. Names come from the database, never from the file.
fn find(tables: &[Table], named: &TableLine) -> Result<Table> {
    let unknown = || no_place(&format!("a table {:?}", named.table));
    let may_be =
        |table: &&Table| table.name == named.table && !LEFT_OUT.contains(&table.name.as_str());
    let table = tables.iter().find(may_be).ok_or_else(unknown)?;
    if table.columns.len() != named.columns.len() {
        return Err(unknown());
    }
    let column = |name: &String| {
        let mut columns = table.columns.iter();
        columns.find(|(known, _)| known == name).cloned()
    };
    let columns: Option<Vec<_>> = named.columns.iter().map(column).collect();
    Ok(Table {
        name: table.name.clone(),
        columns: columns.ok_or_else(unknown)?,
    })
}

async fn insert(tx: &mut Tx, table: &Table, rows: &mut Vec<Vec<Cell>>) -> Result<()> {
    let into = format!("insert into {} ({})", table.name, table.column_list());
    for (tuples, chunk) in tx.place_rows(rows, table.columns.len()) {
        let mut insert = sqlx::query(trusted_sql(format!("{into} values {tuples}")));
        for row in chunk {
            for (cell, (column, kind)) in row.iter().zip(&table.columns) {
                insert = match (kind, cell) {
                    (Kind::Integer, Cell::Nothing) => insert.bind(None::<i64>),
                    (Kind::Integer, Cell::Integer(number)) => insert.bind(*number),
                    (Kind::Text, Cell::Nothing) => insert.bind(None::<String>),
                    (Kind::Text, Cell::Text(text)) => insert.bind(text.as_str()),
                    _ => return Err(no_place(&format!("a value of {}.{column}", table.name))),
                };
            }
        }
        insert.execute(tx.conn()).await?;
    }
    rows.clear();
    Ok(())
}
