//! Reads outside any transaction.

use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use sqlx::any::{Any, AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::{Either, Execute, Executor, SqlStr};

use crate::error::breaks_connection;
use crate::pool::{Pool, Taken, discard, note, within};

type SqlResult<T> = Result<T, sqlx::Error>;

/// The executor of reads: each statement takes a connection and gives it back. Not for writing.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'c> {
    pub(crate) pool: &'c Pool,
    /// How long an answer may take.
    pub(crate) limit: Option<Duration>,
}

impl Reader<'_> {
    /// Gives the connection back, or throws it away if `done` says that it is of no more use.
    fn finish<T>(taken: Taken, done: SqlResult<T>) -> SqlResult<T> {
        if let Err(error) = &done
            && breaks_connection(error)
        {
            note(&taken, error);
            discard(taken);
        }
        done
    }
}

impl<'c> Executor<'c> for Reader<'c> {
    type Database = Any;

    fn execute<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, SqlResult<AnyQueryResult>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        Box::pin(async move {
            let mut taken = self.pool.take().await?;
            let done = within(self.limit, "a read", taken.connection.execute(query)).await;
            Self::finish(taken, done)
        })
    }

    fn fetch_all<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, SqlResult<Vec<AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        Box::pin(async move {
            let mut taken = self.pool.take().await?;
            let done = within(self.limit, "a read", taken.connection.fetch_all(query)).await;
            Self::finish(taken, done)
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, SqlResult<Option<AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        Box::pin(async move {
            let mut taken = self.pool.take().await?;
            let done = within(self.limit, "a read", taken.connection.fetch_optional(query)).await;
            Self::finish(taken, done)
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
            let mut taken = self.pool.take().await?;
            let all = taken.connection.fetch_many(query).try_collect();
            let done: SqlResult<Vec<_>> = within(self.limit, "a read", all).await;
            let found = Self::finish(taken, done)?;
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
            let mut taken = self.pool.take().await?;
            let done = within(
                self.limit,
                "a read",
                taken.connection.prepare_with(sql, parameters),
            )
            .await;
            Self::finish(taken, done)
        })
    }
}
