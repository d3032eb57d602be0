//! Where the log's head is: what this process knows of it, and how it hears of what others append.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Once, Weak};
use std::time::Duration;

use db::{Columns, Db, HeadFollower};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::Result;

/// How often the database is asked for what another process has appended, where it does not tell.
pub(crate) const POLL: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(crate) struct Head {
    db: Db,
    /// The newest position that is known here to be committed.
    known: watch::Sender<u64>,
    /// The newest that was news when it was found in the database: as a rule, another process's.
    found: watch::Sender<u64>,
    /// Whether the database tells of every move.
    is_told: AtomicBool,
    listening: Once,
    /// When the database was last asked because it does not tell.
    polled: Mutex<Option<Instant>>,
    polls: AtomicU64,
}

impl Head {
    pub fn new(db: Db) -> Arc<Self> {
        Arc::new(Self {
            db,
            known: watch::Sender::new(0),
            found: watch::Sender::new(0),
            is_told: AtomicBool::new(false),
            listening: Once::new(),
            polled: Mutex::default(),
            polls: AtomicU64::new(0),
        })
    }

    pub fn known(&self) -> u64 {
        *self.known.borrow()
    }

    pub fn watch(&self) -> watch::Receiver<u64> {
        self.known.subscribe()
    }

    /// Tells of heads that no commit of this process has told of.
    pub fn watch_found(&self) -> watch::Receiver<u64> {
        self.found.subscribe()
    }

    pub fn polls(&self) -> u64 {
        self.polls.load(Ordering::Relaxed)
    }

    pub fn is_told(&self) -> bool {
        self.is_told.load(Ordering::Relaxed)
    }

    /// Answers with whether it is news.
    pub fn saw(&self, position: u64) -> bool {
        self.known.send_if_modified(|head| {
            let newer = position > *head;
            *head = (*head).max(position);
            newer
        })
    }

    fn found(&self, position: u64) {
        if self.saw(position) {
            self.found.send_replace(position);
        }
    }

    /// Reads it in the database.
    pub async fn stored(&self) -> Result<u64> {
        let row = db::query("select position from log_head where id = 1")
            .fetch_one(self.db.reader())
            .await?;
        let head = row.try_get::<i64, _>(0)?.unsigned_abs();
        self.found(head);
        Ok(head)
    }

    /// Has the database tell of every move from now on, if it can. Whoever never follows the log needs
    /// no connection for it.
    pub fn listen(self: &Arc<Self>) {
        self.listening.call_once(|| {
            if let Err(error) = self.db.follow_head(Ear(Arc::downgrade(self))) {
                tracing::warn!(%error, "the database does not tell of news");
            }
        });
    }

    /// Reads it in the database, unless the database tells of it, or somebody else has just asked.
    /// Answers with what is known then.
    pub async fn poll(&self) -> Result<u64> {
        if !self.is_told() && self.is_time_to_poll() {
            self.polls.fetch_add(1, Ordering::Relaxed);
            self.stored().await?;
        }
        Ok(self.known())
    }

    /// All followers of a process wait for the same news: one of them asks.
    fn is_time_to_poll(&self) -> bool {
        let mut polled = self.polled.lock();
        let is_time = polled.is_none_or(|at| at.elapsed() > POLL / 2);
        if is_time {
            *polled = Some(Instant::now());
        }
        is_time
    }
}

/// Hears what the database tells, as long as somebody keeps the log.
struct Ear(Weak<Head>);

impl HeadFollower for Ear {
    fn known(&self) -> u64 {
        self.0.upgrade().map_or(u64::MAX, |head| head.known())
    }

    fn is_at(&self, position: u64) {
        if let Some(head) = self.0.upgrade() {
            head.found(position);
            head.is_told.store(true, Ordering::Relaxed);
        }
    }

    fn is_lost(&self) {
        if let Some(head) = self.0.upgrade() {
            head.is_told.store(false, Ordering::Relaxed);
        }
    }
}
