//! A transaction that may write.

use sqlx::{Any, AnyConnection, Transaction};

use crate::Result;

/// Dropped without a commit, it rolls back. Use it as the executor: `….execute(&mut *tx)`.
#[derive(Debug)]
pub struct Tx {
    inner: Transaction<'static, Any>,
}

impl Tx {
    pub(crate) fn new(inner: Transaction<'static, Any>) -> Self {
        Self { inner }
    }

    /// The executor of queries: `db::query("…").execute(tx.conn())`.
    pub fn conn(&mut self) -> &mut AnyConnection {
        &mut self.inner
    }

    /// Marks a point to which [`Tx::rollback_to_savepoint`] returns. One at a time: marking the next
    /// needs the last one released or rolled back.
    pub async fn savepoint(&mut self) -> Result<()> {
        self.run("savepoint job").await
    }

    /// Keeps what was done since the savepoint.
    pub async fn release_savepoint(&mut self) -> Result<()> {
        self.run("release savepoint job").await
    }

    /// Undoes what was done since the savepoint; the transaction goes on.
    pub async fn rollback_to_savepoint(&mut self) -> Result<()> {
        self.run("rollback to savepoint job").await?;
        self.release_savepoint().await
    }

    async fn run(&mut self, statement: &'static str) -> Result<()> {
        sqlx::query(statement).execute(&mut *self.inner).await?;
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
