//! Connections: made, handed out, and thrown away when they are of no more use.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{
    Manager, Metrics, Object, PoolError, QueueMode, RecycleError, RecycleResult, Timeouts,
};
use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions, Connection};

use crate::error::{condemns_others, timed_out};
use crate::{Dialect, Error, Result, trusted_sql};

/// How long a request waits for a connection, and for a transaction on it to begin.
pub(crate) const ACQUIRE: Duration = Duration::from_secs(2);
/// How long it takes, at most, to connect: less than a request waits.
pub(crate) const CONNECT: Duration = Duration::from_millis(1_500);
/// How long a connection that has rested may take to say that it is alive.
const PING: Duration = Duration::from_millis(500);
/// A connection that has rested for longer than this is asked before it is used.
const RESTED: Duration = Duration::from_secs(1);
/// How long a statement may take where an answer may never come.
pub(crate) const STATEMENT: Duration = Duration::from_millis(2_500);
/// The same, told to the server: its answer is to come before we stop waiting.
pub(crate) const STATEMENT_ON_SERVER: Duration = Duration::from_millis(2_200);

/// What all connections of a database share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Grows when the connections that exist are likely to be useless.
    generation: AtomicU64,
    closed: AtomicBool,
}

impl Shared {
    pub fn condemn(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }
}

/// Makes connections.
#[derive(Debug)]
pub(crate) struct Connector {
    pub dialect: Dialect,
    pub options: AnyConnectOptions,
    /// Told to each new connection.
    pub settings: String,
    pub shared: Arc<Shared>,
}

/// A connection in a pool.
#[derive(Debug)]
pub(crate) struct Pooled {
    pub connection: AnyConnection,
    generation: u64,
}

/// A connection that was handed out. Dropped, it goes back.
pub(crate) type Taken = Object<Connector>;

impl Connector {
    /// Connects without a pool, which would only say that it has waited.
    pub async fn connect(&self) -> std::result::Result<AnyConnection, sqlx::Error> {
        let connect = async {
            let mut connection = self.options.connect().await?;
            sqlx::raw_sql(trusted_sql(self.settings.clone()))
                .execute(&mut connection)
                .await?;
            Ok(connection)
        };
        within(self.limit(CONNECT), "connecting", connect).await
    }

    /// A file answers; only a network can be silent.
    fn limit(&self, limit: Duration) -> Option<Duration> {
        self.dialect.can_go_silent().then_some(limit)
    }
}

impl Manager for Connector {
    type Type = Pooled;
    type Error = sqlx::Error;

    async fn create(&self) -> std::result::Result<Pooled, sqlx::Error> {
        let generation = self.shared.generation.load(Ordering::Relaxed);
        if self.shared.closed.load(Ordering::Relaxed) {
            return Err(sqlx::Error::PoolClosed);
        }
        let connection = self.connect().await?;
        Ok(Pooled {
            connection,
            generation,
        })
    }

    async fn recycle(&self, pooled: &mut Pooled, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if pooled.generation != self.shared.generation.load(Ordering::Relaxed) {
            return Err(RecycleError::message("of a server that was lost"));
        }
        if !self.dialect.can_go_silent() || metrics.last_used() < RESTED {
            return Ok(());
        }
        let ping = within(Some(PING), "a ping", pooled.connection.ping()).await;
        ping.map_err(|error| {
            self.shared.condemn();
            RecycleError::Backend(error)
        })
    }
}

/// A number of connections of one kind.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    inner: deadpool::managed::Pool<Connector>,
}

impl Pool {
    pub fn new(connector: Connector, size: usize) -> Result<Self> {
        let inner = deadpool::managed::Pool::builder(connector)
            .max_size(size)
            // The one used last has its pages and statements at hand.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Error::Setting(error.to_string()))?;
        Ok(Self { inner })
    }

    pub async fn take(&self) -> std::result::Result<Taken, sqlx::Error> {
        let timeouts = Timeouts::wait_millis(u64::try_from(ACQUIRE.as_millis()).unwrap_or(2_000));
        let taken = self.inner.timeout_get(&timeouts).await;
        taken.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Closed => sqlx::Error::PoolClosed,
            PoolError::Timeout(_)
            | PoolError::NoRuntimeSpecified
            | PoolError::PostCreateHook(_) => sqlx::Error::PoolTimedOut,
        })
    }

    /// Whether it has been used before.
    pub fn is_old(taken: &Taken) -> bool {
        Object::metrics(taken).recycle_count > 0
    }

    pub fn connector(&self) -> &Connector {
        self.inner.manager()
    }

    /// Waits until every connection has come back and is closed, but not for ever.
    pub async fn close(&self) {
        /// Longer than anything here may take.
        const PATIENCE: Duration = Duration::from_secs(5);
        const LOOK_AGAIN: Duration = Duration::from_millis(5);
        self.connector()
            .shared
            .closed
            .store(true, Ordering::Relaxed);
        let all_closed = async {
            loop {
                for pooled in self.inner.retain(|_, _| false).removed {
                    if let Err(error) = pooled.connection.close().await {
                        tracing::debug!(%error, "a connection did not close well");
                    }
                }
                if self.inner.status().size == 0 {
                    return;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        if tokio::time::timeout(PATIENCE, all_closed).await.is_err() {
            tracing::warn!("some connections are still in use");
        }
        self.inner.close();
    }
}

/// Whether the server that the connection is to was lost after it was made.
pub(crate) fn is_condemned(taken: &Taken) -> bool {
    Object::pool(taken).is_some_and(|pool| {
        pool.manager().shared.generation.load(Ordering::Relaxed) != taken.generation
    })
}

/// Has the others know what `error` says of them.
pub(crate) fn note(taken: &Taken, error: &sqlx::Error) {
    if condemns_others(error)
        && let Some(pool) = Object::pool(taken)
    {
        pool.manager().shared.condemn();
    }
}

/// Throws a connection away. The database rolls back what it had begun.
pub(crate) fn discard(taken: Taken) {
    drop(Object::take(taken));
}

/// Waits for an answer, but for no longer than `limit`.
pub(crate) async fn within<T>(
    limit: Option<Duration>,
    what: &str,
    answer: impl Future<Output = std::result::Result<T, sqlx::Error>>,
) -> std::result::Result<T, sqlx::Error> {
    match limit {
        None => answer.await,
        Some(limit) => tokio::time::timeout(limit, answer)
            .await
            .unwrap_or_else(|_| Err(timed_out(what))),
    }
}
