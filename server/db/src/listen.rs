//! Hears from the server that another process has moved the log's head, instead of asking again and
//! again. Only of a server that tells; see [`Dialect::tells`](crate::Dialect).

use std::convert::Infallible;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use sqlx::{Executor, Row};
use tokio::sync::watch;

use crate::error::lost;
use crate::identity::HEAD;
use crate::pool::{CONNECT, STATEMENT, within};
use crate::{Db, Result, trusted_sql};

type SqlResult<T> = std::result::Result<T, sqlx::Error>;

/// How often the head is looked at while nobody tells of one: it also shows that the connection lives.
const LOOK: Duration = Duration::from_secs(1);
/// Before the first try to connect again; twice as long before each further one.
const BACKOFF: Duration = Duration::from_millis(50);
const MAX_BACKOFF: Duration = Duration::from_secs(5);
/// How long the connection may take to close.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who wants to know where the log's head is.
pub trait HeadFollower: Send + Sync + 'static {
    /// The newest head that it knows of: what is told of an older one is no news.
    fn known(&self) -> u64;

    /// The head was read: it is here, and from now on every move is told.
    fn is_at(&self, head: u64);

    /// Moves are no longer told, until [`HeadFollower::is_at`] is called again.
    fn is_lost(&self);
}

impl Db {
    /// Tells `follower` where the log's head is whenever any process moves it, until the database is
    /// closed; does nothing where the database cannot tell.
    ///
    /// # Errors
    /// When the database's URL cannot be read.
    pub fn follow_head(&self, follower: impl HeadFollower) -> Result<()> {
        let Some(channel) = self.dialect.tells() else {
            return Ok(());
        };
        let connector = self.readers.connector();
        let listener = Listener {
            // The options of all other connections, in the words of this driver.
            options: PgConnectOptions::try_from(&connector.options)?,
            settings: connector.settings.clone(),
            channel,
            closed: self.closed.subscribe(),
        };
        let task = tokio::spawn(listener.run(follower));
        self.background.lock().push(task);
        Ok(())
    }
}

/// The connection that listens.
struct Listener {
    options: PgConnectOptions,
    settings: String,
    /// Asks for the channel's name.
    channel: &'static str,
    closed: watch::Receiver<bool>,
}

impl Listener {
    async fn run(self, follower: impl HeadFollower) {
        let mut closed = self.closed.clone();
        let mut failures = 0;
        loop {
            // A new one each time: what a silent connection holds is not waited for.
            let pool = PgPoolOptions::new()
                .max_connections(1)
                .max_lifetime(None)
                .idle_timeout(None)
                .connect_lazy_with(self.options.clone());
            let lost = tokio::select! {
                Err(error) = self.listen(&pool, &follower, &mut failures) => Some(error),
                _ = closed.wait_for(|closed| *closed) => None,
            };
            let Some(error) = lost else {
                if tokio::time::timeout(PATIENCE, pool.close()).await.is_err() {
                    tracing::debug!("the connection that listens did not close well");
                }
                return;
            };
            follower.is_lost();
            if failures == 0 {
                tracing::warn!(%error, "the database is asked for news until it tells of it again");
            } else {
                tracing::debug!(%error, failures, "the database does not tell of news yet");
            }
            let pause = MAX_BACKOFF.min(BACKOFF.saturating_mul(1 << failures.min(10)));
            failures += 1;
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = closed.wait_for(|closed| *closed) => return,
            }
        }
    }

    /// Listens until the connection is lost.
    async fn listen(
        &self,
        pool: &PgPool,
        follower: &impl HeadFollower,
        failures: &mut u32,
    ) -> SqlResult<Infallible> {
        let connect = async {
            let mut listener = PgListener::connect_with(pool).await?;
            // What was told meanwhile would be missed.
            listener.eager_reconnect(false);
            listener
                .execute(sqlx::raw_sql(trusted_sql(self.settings.clone())))
                .await?;
            let channel = listener.fetch_one(sqlx::query(self.channel)).await?;
            listener.listen(&channel.try_get::<String, _>(0)?).await?;
            Ok(listener)
        };
        let mut listener = within(Some(CONNECT), "connecting", connect).await?;
        loop {
            // After it listens: a move before this look is seen, and one after it is told.
            let look = listener.fetch_one(sqlx::query(HEAD));
            let row = within(Some(STATEMENT), "a look at the head", look).await?;
            follower.is_at(row.try_get::<i64, _>(0)?.unsigned_abs());
            *failures = 0;
            let news = tokio::time::timeout(LOOK, news(&mut listener, follower));
            news.await.unwrap_or(Ok(()))?;
        }
    }
}

/// Waits until somebody tells of a head that is not known. What is told is not trusted: it only leads
/// to a look.
async fn news(listener: &mut PgListener, follower: &impl HeadFollower) -> SqlResult<()> {
    loop {
        let told = listener.try_recv().await?.ok_or_else(lost)?;
        let head = told.payload().parse::<u64>();
        if head.map_or(true, |head| head > follower.known()) {
            return Ok(());
        }
    }
}
