//! A table beside a table: built anew while the old one is in use, then put in its place.

use sqlx::Row;

use crate::{Result, Tx, trusted_sql};

impl Tx {
    /// Creates the empty table `copy` with the columns, keys, checks and indexes of `table`. One of
    /// that name that an earlier attempt left behind is dropped.
    pub async fn create_copy(&mut self, table: &str, copy: &str) -> Result<()> {
        self.unhurried().await?;
        let dialect = self.dialect();
        self.execute(format!("drop table if exists {copy}")).await?;
        let mut statements = Vec::new();
        match dialect.create_like(table, copy) {
            Some(statement) => statements.push(statement),
            None => {
                let rows = sqlx::query(dialect.definitions())
                    .bind(table)
                    .fetch_all(self.conn())
                    .await?;
                for row in rows {
                    let (name, sql): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
                    // From the first bracket on: columns of the table, or of the index.
                    let columns = sql.find('(').map_or("", |at| &sql[at..]);
                    statements.push(if name == table {
                        format!("create table {copy} {columns}")
                    } else {
                        let name = other_name(name);
                        format!("create index {name} on {copy} {columns}")
                    });
                }
            }
        }
        for statement in statements {
            self.execute(statement).await?;
        }
        Ok(())
    }

    /// Puts `copy` in the place of `table`, which is gone.
    pub async fn replace_table(&mut self, table: &str, copy: &str) -> Result<()> {
        self.unhurried().await?;
        self.execute(format!("drop table {table}")).await?;
        self.execute(format!("alter table {copy} rename to {table}"))
            .await
    }

    pub async fn drop_table(&mut self, table: &str) -> Result<()> {
        self.execute(format!("drop table if exists {table}")).await
    }

    /// Copies every row.
    pub async fn fill_copy(&mut self, table: &str, copy: &str) -> Result<()> {
        self.unhurried().await?;
        self.execute(format!("insert into {copy} select * from {table}"))
            .await
    }

    /// Rows of either table that the other does not have.
    pub async fn count_differences(&mut self, table: &str, copy: &str) -> Result<u64> {
        self.unhurried().await?;
        let missing = |here: &str, there: &str| {
            format!(
                "(select count(*) from (select * from {here} except select * from {there}) as missing)"
            )
        };
        let sql = format!("select {} + {}", missing(table, copy), missing(copy, table));
        let row = sqlx::query(trusted_sql(sql)).fetch_one(self.conn()).await?;
        Ok(row.try_get::<i64, _>(0)?.unsigned_abs())
    }

    pub async fn count_rows(&mut self, table: &str) -> Result<u64> {
        self.unhurried().await?;
        let sql = format!("select count(*) from {table}");
        let row = sqlx::query(trusted_sql(sql)).fetch_one(self.conn()).await?;
        Ok(row.try_get::<i64, _>(0)?.unsigned_abs())
    }

    /// Names cannot be bound; those that come here are literals of the program.
    async fn execute(&mut self, sql: String) -> Result<()> {
        sqlx::raw_sql(trusted_sql(sql)).execute(self.conn()).await?;
        Ok(())
    }
}

/// Indexes of one database share their names, and keep them when their table is renamed: each copy
/// takes the name that the one before does not have.
fn other_name(index: &str) -> String {
    const MARK: &str = "_anew";
    match index.strip_suffix(MARK) {
        Some(name) => name.to_owned(),
        None => format!("{index}{MARK}"),
    }
}
