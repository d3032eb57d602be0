//! State and events in one transaction.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use db::{Columns, place_rows};
use uuid::Uuid;

use crate::event::{COLUMN_COUNT, COLUMNS};
use crate::{Log, NewEvent, Recorded, Result, Step};

/// A transaction of the database plus the events that it will append. Positions are taken at the
/// very end, so that they follow the order of commits and no reader can pass one that comes late.
#[derive(Debug)]
pub struct Tx {
    inner: db::Tx,
    log: Log,
    source: &'static str,
    pending: Vec<Recorded>,
}

impl Tx {
    pub(crate) fn new(inner: db::Tx, log: Log, source: &'static str) -> Self {
        Self {
            inner,
            log,
            source,
            pending: Vec::new(),
        }
    }

    /// Appends an event that `cause` led to, or that a command did (`None`). Answers with its id.
    pub fn append(&mut self, event: NewEvent, cause: Option<&Recorded>) -> Uuid {
        let environment = self.log.environment();
        let id = environment.new_id();
        let recorded = event.recorded(id, environment.now_us(), self.source, cause);
        self.pending.push(recorded);
        id
    }

    /// Events appended so far; with [`Tx::forget_appended`], the events' half of a savepoint.
    pub(crate) fn appended(&self) -> usize {
        self.pending.len()
    }

    pub(crate) fn forget_appended(&mut self, from: usize) {
        self.pending.truncate(from);
    }

    /// Writes the events and returns when all of it is durable. Answers with the position of the
    /// last event, if there was one.
    pub async fn commit(mut self) -> Result<Option<u64>> {
        let count = self.pending.len() as u64;
        let log = self.log.clone();
        let environment = log.environment();
        if count == 0 {
            self.inner.commit().await?;
            environment.reach(Step::Durable, self.source).await;
            return Ok(None);
        }
        let row = db::query(
            "update log_head set position = position + $1 where id = 1 returning position",
        )
        .bind(i64::try_from(count).unwrap_or(i64::MAX))
        .fetch_one(self.inner.conn())
        .await?;
        environment.reach(Step::HeadTaken, self.source).await;
        let last = row.try_get::<i64, _>(0)?.unsigned_abs();
        for (position, event) in (last - count + 1..).zip(&mut self.pending) {
            event.position = position;
        }
        for (tuples, chunk) in place_rows(&self.pending, COLUMN_COUNT) {
            let sql = format!("insert into events ({COLUMNS}) values {tuples}");
            let mut insert = db::query(db::built(sql));
            for event in chunk {
                insert = insert
                    .bind(i64::try_from(event.position).unwrap_or(i64::MAX))
                    .bind(event.id.to_string())
                    .bind(&event.source)
                    .bind(&event.kind)
                    .bind(&event.subject)
                    .bind(event.time_us)
                    .bind(&event.topic)
                    .bind(&event.key)
                    .bind(event.correlation_id.to_string())
                    .bind(event.causation_text())
                    .bind(event.attributes_text())
                    .bind(&event.data)
                    .bind(event.checksum());
            }
            insert.execute(self.inner.conn()).await?;
        }
        environment.reach(Step::Appended, self.source).await;
        self.inner.commit().await?;
        environment.reach(Step::Durable, self.source).await;
        let committed: Vec<Arc<Recorded>> = self.pending.into_iter().map(Arc::new).collect();
        log.committed(&committed);
        Ok(Some(last))
    }
}

impl Deref for Tx {
    type Target = db::Tx;

    fn deref(&self) -> &db::Tx {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut db::Tx {
        &mut self.inner
    }
}
