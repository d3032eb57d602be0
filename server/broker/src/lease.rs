//! Who of several processes does what only one of them may do.
//!
//! No wall clock is asked. Who wants the lease challenges its holder, and takes it when the challenge
//! has stayed unanswered for the length of the lease, measured by the challenger's own steady clock.
//! The holder answers challenges, and makes sure in each transaction that depends on the lease that it
//! still has it, so that one which was only asleep writes nothing any more.

use std::time::{Duration, Instant};

use db::Columns;

use crate::{Failure, Log, Result, Tx};

#[derive(Debug)]
pub(crate) struct Lease {
    log: Log,
    name: &'static str,
    /// This process.
    me: String,
    length: Duration,
    /// Of the lease that this process holds.
    fence: Option<i64>,
    looked: Option<Instant>,
    seen: Option<Seen>,
}

/// Somebody else's lease.
#[derive(Debug)]
struct Seen {
    fence: i64,
    answered: i64,
    since: Instant,
    is_challenged: bool,
}

impl Lease {
    pub fn new(log: &Log, name: &'static str, length: Duration) -> Self {
        Self {
            log: log.clone(),
            name,
            me: format!("{:016x}", rand::random::<u64>()),
            length,
            fence: None,
            looked: None,
            seen: None,
        }
    }

    /// How often to call [`Lease::is_held`].
    pub fn pause(&self) -> Duration {
        (self.length / 4).max(Duration::from_millis(5))
    }

    /// Answers challenges, or tries to get the lease. Says whether this process has it.
    pub async fn is_held(&mut self) -> Result<bool> {
        if self
            .looked
            .is_some_and(|looked| looked.elapsed() < self.pause())
        {
            return Ok(self.fence.is_some());
        }
        let row =
            db::query("select holder, fence, challenged, answered from leases where name = $1")
                .bind(self.name)
                .fetch_optional(self.log.db().reader())
                .await?;
        self.looked = Some(Instant::now());
        let Some(row) = row else {
            let first = "insert into leases (name, holder, fence, challenged, answered) \
                         values ($1, $2, 1, 0, 0) on conflict do nothing";
            let mut tx = self.log.db().begin().await?;
            let inserted = db::query(first)
                .bind(self.name)
                .bind(&self.me)
                .execute(tx.conn())
                .await?
                .rows_affected();
            tx.commit().await?;
            self.fence = (inserted == 1).then_some(1);
            return Ok(self.fence.is_some());
        };
        let (holder, fence): (&str, i64) = (row.try_get(0)?, row.try_get(1)?);
        let (challenged, answered): (i64, i64) = (row.try_get(2)?, row.try_get(3)?);
        if holder == self.me && self.fence == Some(fence) {
            if challenged != answered {
                let mut tx = self.log.db().begin().await?;
                self.answer(tx.conn(), fence).await?;
                tx.commit().await?;
            }
            return Ok(true);
        }
        self.fence = None;
        if holder.is_empty() {
            return self.take(fence, answered).await;
        }
        let is_first_look = self.seen.is_none();
        let since = Instant::now();
        let unchanged =
            (self.seen.take()).filter(|seen| seen.fence == fence && seen.answered == answered);
        let mut seen = unchanged.unwrap_or(Seen {
            fence,
            answered,
            since,
            is_challenged: false,
        });
        let is_silent = seen.since.elapsed() >= self.length;
        if is_silent && seen.is_challenged {
            return self.take(fence, answered).await;
        }
        if is_first_look || is_silent {
            self.write(
                "update leases set challenged = challenged + 1 \
                 where holder <> $1 and name = $2 and fence = $3 and answered = $4",
                fence,
                answered,
            )
            .await?;
            seen.since = Instant::now();
            seen.is_challenged = true;
        }
        self.seen = Some(seen);
        Ok(false)
    }

    async fn take(&mut self, fence: i64, answered: i64) -> Result<bool> {
        let taken = self
            .write(
                "update leases set holder = $1, fence = fence + 1, answered = challenged \
                 where name = $2 and fence = $3 and answered = $4",
                fence,
                answered,
            )
            .await?;
        self.seen = None;
        self.fence = taken.then_some(fence + 1);
        Ok(taken)
    }

    /// Runs a statement that takes this process, the name, the fence and the last answer. Says whether
    /// it has changed the row.
    async fn write(&self, sql: &'static str, fence: i64, answered: i64) -> Result<bool> {
        let mut tx = self.log.db().begin().await?;
        let changed = db::query(sql)
            .bind(&self.me)
            .bind(self.name)
            .bind(fence)
            .bind(answered)
            .execute(tx.conn())
            .await?
            .rows_affected();
        tx.commit().await?;
        Ok(changed == 1)
    }

    async fn answer(&self, conn: db::Writer<'_>, fence: i64) -> Result<bool> {
        let held = db::query(
            "update leases set answered = challenged \
             where name = $1 and holder = $2 and fence = $3",
        )
        .bind(self.name)
        .bind(&self.me)
        .bind(fence)
        .execute(conn)
        .await?
        .rows_affected();
        Ok(held == 1)
    }

    /// Makes sure that this process has the lease until `tx` ends.
    ///
    /// # Errors
    /// [`Failure::Moved`] when another one has it.
    pub async fn keep(&self, tx: &mut Tx) -> std::result::Result<(), Failure> {
        let Some(fence) = self.fence else {
            return Err(Failure::Moved);
        };
        if self.answer(tx.conn(), fence).await? {
            Ok(())
        } else {
            Err(Failure::Moved)
        }
    }

    /// Looks again before anything else is done.
    pub const fn doubt(&mut self) {
        self.looked = None;
    }

    /// Lets the next one begin at once.
    pub async fn give_up(&mut self) -> Result<()> {
        let Some(fence) = self.fence.take() else {
            return Ok(());
        };
        let mut tx = self.log.db().begin().await?;
        db::query("update leases set holder = '' where name = $1 and holder = $2 and fence = $3")
            .bind(self.name)
            .bind(&self.me)
            .bind(fence)
            .execute(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(())
    }
}
