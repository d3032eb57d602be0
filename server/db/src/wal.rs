//! Keeps SQLite's write-ahead log small: folds it back into the database's file in the background.

use std::time::{Duration, Instant};

use sqlx::{AnyConnection, Connection, Row};
use tokio::sync::watch;

use crate::dialect::FoldWal;
use crate::identity::HeadNotes;
use crate::pool::Pool;

/// How often it is folded back.
const EVERY: Duration = Duration::from_millis(500);
/// How often while it is about to be large.
const SOON: Duration = Duration::from_millis(200);
/// From so many bytes on writers wait for a moment, so that the log can begin anew.
const RESTART_AT: u64 = 32 << 20;
/// How long nothing is done about a log that could not begin anew: writers would wait in vain.
const REST: Duration = Duration::from_secs(5);
/// From so many bytes on somebody should know.
const WARN_AT: u64 = 64 << 20;
const WARN_EVERY: Duration = Duration::from_secs(60);

/// Folds the log back now and then, until the database is closed.
pub(crate) struct WalKeeper {
    pub writers: Pool,
    pub statements: FoldWal,
    pub notes: Option<HeadNotes>,
    pub closed: watch::Receiver<bool>,
}

/// What a checkpoint answers.
pub(crate) struct Folded {
    /// Somebody else kept it from going all the way.
    pub was_kept: bool,
    /// Bytes of the log in use.
    bytes: u64,
}

impl WalKeeper {
    pub async fn run(mut self) {
        let mut pause = EVERY;
        let mut connection = None;
        let mut rests_until = Instant::now();
        let mut warned: Option<Instant> = None;
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = self.closed.wait_for(|closed| *closed) => break,
            }
            let mut folded = self.fold(&mut connection, &mut rests_until).await;
            if let Err(error) = self.note_head(&mut connection).await {
                folded = folded.and(Err(error));
            }
            pause = match &folded {
                Ok(folded) if folded.bytes > RESTART_AT / 2 => SOON,
                _ => EVERY,
            };
            let (warning, bytes) = match &folded {
                Ok(folded) if folded.bytes < WARN_AT => continue,
                Ok(folded) => (
                    "somebody reads the database for long".to_owned(),
                    folded.bytes,
                ),
                Err(error) => {
                    connection = None;
                    (error.to_string(), 0)
                }
            };
            if warned.is_none_or(|at| at.elapsed() >= WARN_EVERY) {
                warned = Some(Instant::now());
                tracing::warn!(
                    bytes,
                    reason = warning,
                    "the write-ahead log cannot be folded back and grows"
                );
            }
        }
        if let Err(error) = self.note_head(&mut connection).await {
            tracing::debug!(%error, "the head cannot be noted");
        }
        if let Some(connection) = connection
            && let Err(error) = connection.close().await
        {
            tracing::debug!(%error, "a connection did not close well");
        }
    }

    async fn note_head(
        &mut self,
        connection: &mut Option<AnyConnection>,
    ) -> Result<(), sqlx::Error> {
        let Some(mut notes) = self.notes.take() else {
            return Ok(());
        };
        let done = match self.connected(connection).await {
            Ok(connection) => notes.update(connection).await,
            Err(error) => Err(error),
        };
        self.notes = Some(notes);
        done
    }

    async fn connected<'c>(
        &self,
        connection: &'c mut Option<AnyConnection>,
    ) -> Result<&'c mut AnyConnection, sqlx::Error> {
        if let Some(connection) = connection {
            return Ok(connection);
        }
        let mut made = self.writers.connector().connect().await?;
        // For as long writers wait when a reader is in the way.
        sqlx::raw_sql(self.statements.patience)
            .execute(&mut made)
            .await?;
        Ok(connection.insert(made))
    }

    async fn fold(
        &self,
        connection: &mut Option<AnyConnection>,
        rests_until: &mut Instant,
    ) -> Result<Folded, sqlx::Error> {
        let connection = self.connected(connection).await?;
        let folded = checkpoint(connection, self.statements.passive).await?;
        if folded.bytes < RESTART_AT || Instant::now() < *rests_until {
            return Ok(folded);
        }
        // Nobody of this process writes meanwhile.
        let writer = self.writers.take().await?;
        let restarted = checkpoint(connection, self.statements.restart).await;
        drop(writer);
        let restarted = restarted?;
        if restarted.was_kept {
            *rests_until = Instant::now() + REST;
            return Ok(folded);
        }
        Ok(Folded {
            was_kept: false,
            bytes: 0,
        })
    }
}

pub(crate) async fn checkpoint(
    connection: &mut AnyConnection,
    statement: &'static str,
) -> Result<Folded, sqlx::Error> {
    /// SQLite's default; a database of larger pages is only folded back more rarely.
    const PAGE: u64 = 4_096;
    let row = sqlx::query(statement).fetch_one(connection).await?;
    let number = |at: usize| -> Result<u64, sqlx::Error> {
        // -1 while there is no log.
        Ok(u64::try_from(row.try_get::<i32, _>(at)?).unwrap_or(0))
    };
    Ok(Folded {
        was_kept: number(0)? != 0,
        bytes: number(1)? * PAGE,
    })
}
