//! Whether the database can be read and written.

use std::time::{Duration, Instant};

use crate::writes::WriteError;
use crate::{Db, Result};

/// What [`Db::health`] found.
#[derive(Debug, Clone)]
pub struct Health {
    pub can_read: bool,
    pub can_write: bool,
    /// The last write that failed, also when others went well after it.
    pub last_write_error: Option<WriteError>,
}

/// A commit not longer ago than this says that the database can be written.
const FRESH: Duration = Duration::from_secs(5);
/// Least time between two writes that only ask whether it can.
const PROBE_GAP: Duration = Duration::from_secs(1);

impl Db {
    /// Asks whether the database can be read and written. Reads something small; writes something
    /// small, once a second at most, when no commit of late tells.
    pub async fn health(&self) -> Health {
        // At once: each may wait for an answer that does not come.
        let (can_read, can_write) = tokio::join!(self.can_read(), self.can_write());
        Health {
            can_read,
            can_write,
            last_write_error: self.writes.last_error(),
        }
    }

    async fn can_read(&self) -> bool {
        let read = sqlx::query("select id from write_probe");
        read.fetch_all(self.reader()).await.is_ok()
    }

    async fn can_write(&self) -> bool {
        if self.file.check().is_err() {
            return false;
        }
        if self.writes.only_commits_within(FRESH) {
            return true;
        }
        if self.may_probe() {
            return self.probe().await.is_ok();
        }
        !self.writes.are_failing()
    }

    fn may_probe(&self) -> bool {
        let mut last = self.last_probe.lock();
        let may = last.is_none_or(|at| at.elapsed() >= PROBE_GAP);
        if may {
            *last = Some(Instant::now());
        }
        may
    }

    /// Commits something, which tells [`Db::health`] how it went.
    async fn probe(&self) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("update write_probe set writes = writes + 1")
            .execute(tx.conn())
            .await?;
        tx.commit().await
    }
}
