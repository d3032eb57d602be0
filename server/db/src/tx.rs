//! A transaction that may write.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use sqlx::any::{Any, AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::{AnyConnection, Either, Execute, Executor, SqlStr};
use tokio::runtime::Handle;

use crate::error::{breaks_connection, is_unavailable, lost};
use crate::pool::{STATEMENT, Taken, discard, is_condemned, note, within};
use crate::rows::place_rows;
use crate::writes::Writes;
use crate::{Dialect, Error, Result, trusted_sql};

type SqlResult<T> = std::result::Result<T, sqlx::Error>;

const WHAT: &str = "a statement";

/// Whether the transaction can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Sound,
    /// A statement failed, and the engine takes no other before a rollback, to a savepoint or whole.
    Failed {
        unavailable: bool,
    },
    /// The connection is of no more use.
    Broken {
        unavailable: bool,
    },
    /// A statement is on its way. Left so, nobody knows what the connection does.
    Busy,
}

/// Dropped without a commit, it rolls back. After an error of the connection, of the disk or of the
/// server it cannot go on, and its connection is closed: the next transaction gets a new one.
#[derive(Debug)]
pub struct Tx {
    /// `None` once it has ended.
    taken: Option<Taken>,
    dialect: Dialect,
    writes: Arc<Writes>,
    condition: Condition,
    /// What it was before the statement that is on its way.
    before: Condition,
    /// How long a statement may take.
    limit: Option<Duration>,
    marked: bool,
    /// Where it has moved the log's head.
    head: Option<u64>,
}

impl Tx {
    /// Begins on a connection that was just taken. The connection comes back with an error that it
    /// does not survive.
    pub(crate) async fn begin(
        taken: Taken,
        dialect: Dialect,
        writes: Arc<Writes>,
    ) -> SqlResult<Self> {
        let mut tx = Self {
            taken: Some(taken),
            dialect,
            writes,
            condition: Condition::Sound,
            before: Condition::Sound,
            limit: dialect.can_go_silent().then_some(STATEMENT),
            marked: false,
            head: None,
        };
        let begun = tx.run(dialect.begin_write()).await;
        if begun.is_err()
            && tx.condition == Condition::Sound
            && let Some(taken) = tx.taken.take()
        {
            // It has not begun: there is nothing to roll back.
            drop(taken);
        }
        begun.map(|()| tx)
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The executor of queries: `db::query("…").execute(tx.conn())`.
    pub fn conn(&mut self) -> Writer<'_> {
        Writer { tx: self }
    }

    /// The connection itself, to look around in the schema.
    pub(crate) fn connection(&mut self) -> Result<&mut AnyConnection> {
        match &mut self.taken {
            Some(taken) => Ok(&mut taken.connection),
            None => Err(lost().into()),
        }
    }

    /// Splits `rows` into chunks of few different lengths and hands each, with the `values` list to put
    /// into its statement, to the caller: `insert into t (a, b) values {list} on conflict …`. The list
    /// has the statement's only in_list.
    pub fn place_rows<'r, T>(
        &self,
        rows: &'r [T],
        columns: usize,
    ) -> impl Iterator<Item = (String, &'r [T])> + use<'r, T> {
        place_rows(self.dialect, rows, columns)
    }

    /// Waits until no other transaction has locked this number, and locks it until this one ends. For
    /// what is read, decided and written as one: PostgreSQL would let two do so at once.
    pub async fn lock(&mut self, number: i64) -> Result<()> {
        if let Some(statement) = self.dialect.lock() {
            let lock = sqlx::query(statement).bind(number);
            lock.execute(self.conn()).await?;
        }
        Ok(())
    }

    /// Lets the statements of this transaction take as long as they need: for work on whole tables.
    pub(crate) async fn unhurried(&mut self) -> Result<()> {
        if self.limit.take().is_some()
            && let Some(statement) = self.dialect.unhurried()
        {
            self.run(statement).await?;
        }
        Ok(())
    }

    /// Whether the transaction goes on as if a statement that failed had never been.
    pub fn is_sound(&self) -> bool {
        self.condition == Condition::Sound
    }

    /// Marks a point to which [`Tx::return_to_mark`] returns. The mark before it is gone.
    pub async fn mark(&mut self) -> Result<()> {
        let statement = if self.marked {
            // Both in one trip to the database.
            "release savepoint mark; savepoint mark"
        } else {
            "savepoint mark"
        };
        self.run(statement).await?;
        self.marked = true;
        Ok(())
    }

    /// Undoes what was done since the mark, which stays; the transaction goes on.
    ///
    /// # Errors
    /// [`Error::Aborted`] when the connection is of no more use: no mark helps.
    pub async fn return_to_mark(&mut self) -> Result<()> {
        if let Condition::Broken { unavailable } = self.condition {
            return Err(Error::Aborted { unavailable });
        }
        self.run("rollback to savepoint mark").await?;
        self.condition = Condition::Sound;
        Ok(())
    }

    /// Says that the transaction has moved the log's head to `head`: its commit tells whoever follows
    /// it in other processes, where the database can; see [`Db::follow_head`](crate::Db::follow_head).
    pub const fn moved_head(&mut self, head: u64) {
        self.head = Some(head);
    }

    /// Returns when the transaction is durable.
    ///
    /// # Errors
    /// [`Error::Aborted`] when a statement failed and nobody returned to a mark before it. After any
    /// other the transaction may have been committed or not; what it wrote is there whole or not at
    /// all.
    pub async fn commit(mut self) -> Result<()> {
        match self.condition {
            Condition::Sound => {}
            Condition::Failed { unavailable } | Condition::Broken { unavailable } => {
                return Err(Error::Aborted { unavailable });
            }
            Condition::Busy => return Err(Error::Aborted { unavailable: true }),
        }
        let begun = Instant::now();
        let commit = sqlx::raw_sql(trusted_sql(self.dialect.commit(self.head)));
        let done = commit.execute(self.conn()).await.map(|_| ());
        if let Some(taken) = self.taken.take() {
            match &done {
                Ok(()) => {
                    drop(taken);
                    self.writes.committed(begun.elapsed());
                }
                // Whatever the engine has made of the transaction.
                Err(_) => discard(taken),
            }
        }
        Ok(done?)
    }

    pub async fn rollback(mut self) -> Result<()> {
        if let Some(taken) = self.taken.take()
            && !self.is_lost()
        {
            roll_back(taken).await?;
        }
        Ok(())
    }

    /// Whether nothing can be asked of the connection any more.
    fn is_lost(&self) -> bool {
        matches!(self.condition, Condition::Broken { .. } | Condition::Busy)
    }

    async fn run(&mut self, statement: &'static str) -> SqlResult<()> {
        sqlx::raw_sql(statement).execute(self.conn()).await?;
        Ok(())
    }

    /// The connection, for one statement: [`Tx::leave`] ends it.
    fn enter(&mut self) -> SqlResult<&mut AnyConnection> {
        let taken = self.taken.as_mut().ok_or(sqlx::Error::WorkerCrashed)?;
        if is_condemned(taken) {
            // Another transaction has waited for an answer in vain: this one need not.
            self.condition = Condition::Broken { unavailable: true };
            return Err(lost());
        }
        self.before = mem::replace(&mut self.condition, Condition::Busy);
        Ok(&mut taken.connection)
    }

    /// Notes what a statement did to the transaction.
    fn leave<T>(&mut self, done: SqlResult<T>) -> SqlResult<T> {
        self.condition = self.before;
        if let Err(error) = &done {
            self.failed(error);
        }
        done
    }

    fn failed(&mut self, error: &sqlx::Error) {
        let unavailable = is_unavailable(error);
        if breaks_connection(error) {
            self.condition = Condition::Broken { unavailable };
            self.writes.failed(error);
            if let Some(taken) = &self.taken {
                note(taken, error);
            }
        } else if matches!(error, sqlx::Error::Database(_))
            && self.condition == Condition::Sound
            && !self.dialect.survives_a_failed_statement()
        {
            self.condition = Condition::Failed { unavailable };
        }
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        let Some(taken) = self.taken.take() else {
            return;
        };
        match Handle::try_current() {
            Ok(runtime) if !self.is_lost() => {
                runtime.spawn(async move {
                    if let Err(error) = roll_back(taken).await {
                        tracing::debug!(%error, "a rollback failed; its connection is closed");
                    }
                });
            }
            _ => discard(taken),
        }
    }
}

/// Gives the connection back after a rollback, or throws it away.
async fn roll_back(mut taken: Taken) -> SqlResult<()> {
    let rollback = sqlx::raw_sql("rollback").execute(&mut taken.connection);
    let done = within(Some(STATEMENT), "a rollback", rollback).await;
    if let Err(error) = &done {
        note(&taken, error);
        discard(taken);
    }
    done.map(|_| ())
}

/// The executor of a transaction's statements.
#[derive(Debug)]
pub struct Writer<'c> {
    tx: &'c mut Tx,
}

impl<'c> Executor<'c> for Writer<'c> {
    type Database = Any;

    fn execute<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, SqlResult<AnyQueryResult>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        Box::pin(async move {
            let limit = self.tx.limit;
            let done = within(limit, WHAT, self.tx.enter()?.execute(query)).await;
            self.tx.leave(done)
        })
    }

    fn fetch_all<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, SqlResult<Vec<AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        Box::pin(async move {
            let limit = self.tx.limit;
            let done = within(limit, WHAT, self.tx.enter()?.fetch_all(query)).await;
            self.tx.leave(done)
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, SqlResult<Option<AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        Box::pin(async move {
            let limit = self.tx.limit;
            let done = within(limit, WHAT, self.tx.enter()?.fetch_optional(query)).await;
            self.tx.leave(done)
        })
    }

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, SqlResult<Either<AnyQueryResult, AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        stream::once(async move {
            let limit = self.tx.limit;
            let all = self.tx.enter()?.fetch_many(query).try_collect();
            let done: SqlResult<Vec<_>> = within(limit, WHAT, all).await;
            let found = self.tx.leave(done)?;
            SqlResult::Ok(stream::iter(found.into_iter().map(Ok)))
        })
        .try_flatten()
        .boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, SqlResult<AnyStatement>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let limit = self.tx.limit;
            let prepare = self.tx.enter()?.prepare_with(sql, parameters);
            let done = within(limit, WHAT, prepare).await;
            self.tx.leave(done)
        })
    }
}
