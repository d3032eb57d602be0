//! A transaction that may write.

use sqlx::{Any, AnyConnection, Transaction};

use crate::{Dialect, Result};

/// Dropped without a commit, it rolls back. Use it as the executor: `….execute(&mut *tx)`.
#[derive(Debug)]
pub struct Tx {
    inner: Transaction<'static, Any>,
    dialect: Dialect,
    marked: bool,
}

impl Tx {
    pub(crate) fn new(inner: Transaction<'static, Any>, dialect: Dialect) -> Self {
        Self {
            inner,
            dialect,
            marked: false,
        }
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The executor of queries: `db::query("…").execute(tx.conn())`.
    pub fn conn(&mut self) -> &mut AnyConnection {
        &mut self.inner
    }

    /// Waits until no other transaction has locked this number, and locks it until this one ends. For
    /// what is read, decided and written as one: PostgreSQL would let two do so at once.
    pub async fn lock(&mut self, number: i64) -> Result<()> {
        if let Some(statement) = self.dialect.lock() {
            let lock = sqlx::query(statement).bind(number);
            lock.execute(&mut *self.inner).await?;
        }
        Ok(())
    }

    /// Marks a point to which [`Tx::return_to_mark`] returns. The mark before it is gone.
    pub async fn mark(&mut self) -> Result<()> {
        let statement = if self.marked {
            // Both in one trip to the database.
            "release savepoint mark; savepoint mark"
        } else {
            "savepoint mark"
        };
        sqlx::raw_sql(statement).execute(&mut *self.inner).await?;
        self.marked = true;
        Ok(())
    }

    /// Undoes what was done since the mark, which stays; the transaction goes on.
    pub async fn return_to_mark(&mut self) -> Result<()> {
        sqlx::raw_sql("rollback to savepoint mark")
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Returns when the transaction is durable.
    pub async fn commit(self) -> Result<()> {
        Ok(self.inner.commit().await?)
    }

    pub async fn rollback(self) -> Result<()> {
        Ok(self.inner.rollback().await?)
    }
}
