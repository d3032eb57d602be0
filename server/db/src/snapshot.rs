//! One moment of the whole database, read while others write.

use futures::TryStreamExt as _;
use sqlx::{AnyConnection, Connection as _, Row as _};

use crate::error::Error;
use crate::{Db, Dialect, Result, trusted_sql};

/// What was committed when it was taken, whatever is committed since. On SQLite the write-ahead log
/// grows as long as it is kept.
#[derive(Debug)]
pub struct Snapshot {
    connection: AnyConnection,
    dialect: Dialect,
}

/// A table and its columns, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub name: String,
    pub columns: Vec<(String, Kind)>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    Text,
}

impl Db {
    /// Takes a snapshot, over a connection of its own.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        let mut connection = self.reports.connector().connect().await?;
        let dialect = self.dialect();
        sqlx::raw_sql(dialect.begin_snapshot())
            .execute(&mut connection)
            .await?;
        let mut snapshot = Snapshot {
            connection,
            dialect,
        };
        // The first read is the moment.
        snapshot.tables().await?;
        Ok(snapshot)
    }
}

impl Snapshot {
    /// The executor of queries.
    pub fn conn(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }

    /// Ends it. Dropped, it ends, too.
    pub async fn close(self) -> Result<()> {
        Ok(self.connection.close().await?)
    }

    pub(crate) async fn tables(&mut self) -> Result<Vec<Table>> {
        tables(&mut self.connection, self.dialect).await
    }
}

/// All tables, each after those that its rows refer to.
pub(crate) async fn tables(connection: &mut AnyConnection, dialect: Dialect) -> Result<Vec<Table>> {
    let names: Vec<String> = sqlx::query(dialect.table_names())
        .try_map(|row: sqlx::any::AnyRow| row.try_get(0))
        .fetch_all(&mut *connection)
        .await?;
    let mut left = Vec::with_capacity(names.len());
    for name in names {
        let mut columns = Vec::new();
        let mut rows = sqlx::query(dialect.table_columns())
            .bind(name.clone())
            .fetch(&mut *connection);
        while let Some(row) = rows.try_next().await? {
            let (column, of): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            let kind = match of.as_str() {
                "bigint" | "integer" => Kind::Integer,
                "text" => Kind::Text,
                other => {
                    return Err(Error::Setting(format!(
                        "{name}.{column} is {other}: expected bigint or text"
                    )));
                }
            };
            columns.push((column, kind));
        }
        drop(rows);
        let refers_to: Vec<String> = sqlx::query(dialect.table_references())
            .bind(name.clone())
            .try_map(|row: sqlx::any::AnyRow| row.try_get(0))
            .fetch_all(&mut *connection)
            .await?;
        left.push((Table { name, columns }, refers_to));
    }
    let mut ordered: Vec<Table> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let is_there = |name: &String| ordered.iter().any(|table| table.name == *name);
        let (ready, rest): (Vec<_>, Vec<_>) = (left.into_iter()).partition(|(table, refers_to)| {
            let mut others = refers_to.iter().filter(|name| **name != table.name);
            others.all(is_there)
        });
        if ready.is_empty() {
            let names: Vec<&str> = rest.iter().map(|(table, _)| table.name.as_str()).collect();
            return Err(Error::Setting(format!(
                "these tables refer to one another in a circle: {names:?}"
            )));
        }
        ordered.extend(ready.into_iter().map(|(table, _)| table));
        left = rest;
    }
    Ok(ordered)
}

impl Table {
    /// `a, b, c`
    pub fn column_list(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        names.join(", ")
    }

    pub async fn count(&self, connection: &mut AnyConnection) -> Result<u64> {
        let sql = format!("select count(*) from {}", self.name);
        let row = sqlx::query(trusted_sql(sql)).fetch_one(connection).await?;
        Ok(row.try_get::<i64, _>(0)?.unsigned_abs())
    }
}
